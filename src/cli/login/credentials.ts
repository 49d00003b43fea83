import { secretText } from '../../config/keys/entry-text.ts'
import type { Context } from '../../context.ts'
import type { SecretSource } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import type { Injection } from '../../network/allow.ts'
import { methodsOf } from '../../network/inject.ts'
import { ASTRAY, type Request } from '../../network/log.ts'
import { isOf } from '../../network/reach.ts'
import type { Found } from '../../session/record/found.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { startOf } from '../../session/record/started.ts'
import { unrenewed } from '../../session/record/unrenewed.ts'
import { credentialNotes, hostCredentials } from '../../session/resolve/host-credentials.ts'
import { printable } from '../../text.ts'
import { json, session } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { taking } from '../front-flags.ts'
import { readRequests } from '../network/requests.ts'
import { sessionOrStart } from '../network/session-or-start.ts'
import { ago } from '../sessions/session-table.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'

/** A credential of a session, or of a start here: never its value. */
export type Shown = {
  readonly name: string
  /** `provider` for one of the agent's own. */
  readonly kind: string
  readonly source: string
  readonly places: readonly {
    readonly host: string
    readonly port: number
    /** '' for one in the query. */
    readonly header: string
    /** Its parameter of the query; '' for one in a header. */
    readonly query: string
    readonly methods: readonly string[]
    /** Pattern of its paths. */
    readonly paths: string
  }[]
  /** ISO time at which its value was read; null before a start. */
  readonly read: string | null
  /** Requests that it was added to, as far as the proxy's log goes back. */
  readonly uses: number
  /** ISO time of the last of them; null for none. */
  readonly last: string | null
  /** Status with which the server refused the last one; null where it did not. */
  readonly refused: number | null
}

/** A place to which the sandbox sent the placeholder of a credential that does not go there. */
export type Astray = { readonly host: string; readonly port: number; readonly times: number; readonly last: string }

export default verb({
  description: 'Show which credentials the proxy adds, where they go and when they were used; never a value',
  details: 'Without a session it shows what a start here would add.',
  front: { takes: taking('agent', 'network', 'inject', 'profile', 'ignore-project-config'), acts: false },
  args: { session, json },
  examples: [
    ['paude credentials', 'of the session of this directory'],
    ['paude credentials fix-login --json', 'with the paths and methods of each'],
  ],
  async run(context, { session: word, json: asJson }) {
    const found = await sessionOrStart(context, word, { has: 'credentials', command: 'paude credentials' })
    const { credentials, astray } =
      found === null ? { credentials: await ofStart(context), astray: [] } : await ofSession(context, found)
    const notRenewed = found === null ? {} : unrenewed(found.handle.folder)
    if (asJson) {
      context.answer(JSON.stringify({ session: found?.record.id ?? null, credentials, astray, notRenewed }, null, 2))
      return 0
    }
    if (found === null) context.note('no session belongs to this directory; this is what a start here would add')
    if (credentials.length === 0)
      context.note('no credential; to add one: paude config edit, with [credentials] and, for example, github = "gh"')
    else
      context.answer(
        table(['NAME', 'KIND', 'HOST', 'ALLOWS', 'SOURCE', 'READ', 'USED'], credentials.flatMap(rowsOf), fit(context.host)),
      )
    for (const { host, port, times, last } of astray)
      context.warn(
        `the sandbox sent the placeholder of a credential to ${printable(host)}:${port}, where it does not belong (${times === 1 ? 'once' : `${times} times`}, ${ago(last)}); the proxy blocked it`,
      )
    for (const [name, { since, fault }] of Object.entries(notRenewed))
      context.warn(printable(`${name} was not renewed, first ${ago(since)}: ${fault}`))
    return 0
  },
})

/** What a start here would add. Nothing is read. */
async function ofStart(context: Context): Promise<readonly Shown[]> {
  const { config, fault } = await configHere(context)
  if (fault !== null) throw fault
  const { agent } = config.settings
  for (const line of credentialNotes(context.host, config, agent)) context.note(line)
  const bound = await hostCredentials(context.host, config, { agent, purpose: 'look' })
  return bound.map(({ credential, bindings }) => ({
    name: credential.credential,
    kind: credential.kind || 'host',
    source: textOf(credential.value),
    places: placesOf(bindings.injections),
    read: null,
    uses: 0,
    last: null,
    refused: null,
  }))
}

async function ofSession(
  context: Context,
  found: Found,
): Promise<{ readonly credentials: readonly Shown[]; readonly astray: readonly Astray[] }> {
  const { record } = found
  if (record.network === 'none') return { credentials: [], astray: [] }
  // What does not run may have no log any more.
  const requests = await readRequests(context, found).catch((error: unknown) => {
    if (!(error instanceof PaudeError)) throw error
    context.note(`its requests cannot be read: ${error.message}`)
    return []
  })
  return {
    credentials: shownCredentials({ ...record, read: startOf(found.handle.folder, record) }, requests),
    astray: astrayOf(requests),
  }
}

/** Pure: the credentials of a session, and what its log says of each. */
export function shownCredentials(
  { credentials, injections, read }: Pick<SessionRecord, 'credentials' | 'injections'> & { readonly read: string },
  requests: readonly Request[],
): readonly Shown[] {
  const members = credentials.map((credential, at) => ({ credential, at, name: credential.bound?.name ?? credential.variable }))
  return [...Map.groupBy(members, ({ name }) => name)].map(([name, all]) => {
    const own = all.flatMap(({ at }) => injections[at] ?? [])
    const places = all.map(({ at }) => at)
    const bound = all[0]?.credential.bound
    const uses = requests.filter((request) =>
      bound === undefined
        ? request.decision === 'allowed' && request.method !== 'CONNECT' && isOf(request, own)
        : request.used?.some((at) => places.includes(at)),
    )
    const last = uses.at(-1)
    return {
      name,
      kind: bound === undefined ? 'provider' : bound.kind || 'host',
      source: textOf(all[0]?.credential.source ?? `env:${name}`),
      places: placesOf(own),
      read,
      uses: uses.length,
      last: last?.time ?? null,
      refused: last?.status === 401 || last?.status === 403 ? last.status : null,
    }
  })
}

/** Pure: where placeholders went that belong elsewhere, the newest first. */
export const astrayOf = (requests: readonly Request[]): readonly Astray[] =>
  [
    ...Map.groupBy(
      requests.filter(({ rule }) => rule === ASTRAY),
      ({ host, port }) => `${host}:${port}`,
    ).values(),
  ]
    .map((all) => ({
      host: all[0]?.host ?? '',
      port: all[0]?.port ?? 0,
      times: all.reduce((sum, { times = 1 }) => sum + times, 0),
      last: all.at(-1)?.time ?? '',
    }))
    .toSorted((one, other) => (one.last < other.last ? 1 : -1))

const placesOf = (injections: readonly Injection[]): Shown['places'] =>
  injections.map((injection) => ({
    host: injection.host,
    port: injection.port,
    header: injection.header,
    query: injection.bound?.query ?? '',
    methods: methodsOf(injection),
    paths: `${injection.prefix}${injection.api}`,
  }))

const textOf = (source: SecretSource): string => (source === '' ? '-' : secretText(source))

/** A row a host: of a credential with several, the later ones say no more than that. */
function rowsOf({ name, kind, source, places, read, uses, last, refused }: Shown): readonly (readonly string[])[] {
  const hosts = [...Map.groupBy(places, ({ host, port }) => (port === 443 ? host : `${host}:${port}`))]
  const used =
    refused !== null
      ? `refused (HTTP ${refused})`
      : last === null
        ? read === null
          ? '-'
          : 'never'
        : `${ago(last)}, ${uses} in all`
  return hosts.map(([host, all], at) => [
    ...(at === 0 ? [printable(name), kind] : ['', '']),
    host,
    [...new Set(all.flatMap(({ methods }) => methods))].join(' '),
    ...(at === 0 ? [printable(source), read === null ? '-' : ago(read), used] : ['', '', '']),
  ])
}
