import { knownAgent } from '../../agents/registry.ts'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import { type Bindings, bindingsOf, type HostCredential, headerValue } from '../../credentials/host-credential.ts'
import { isKind, type KindName, kinds } from '../../credentials/kinds.ts'
import type { SecretSource } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { Injection } from '../../network/allow.ts'
import { matches } from '../../network/pattern.ts'
import { type Secret, secret } from '../../secret.ts'
import { shown } from '../../text.ts'
import { followed } from './provider.ts'

/** A credential that a start has, with its value for each of its injections. */
export type HostBound = { readonly credential: HostCredential; readonly bindings: Bindings; readonly values: readonly Secret[] }

type Machine = Pick<Host, 'env' | 'home' | 'uid' | 'platform' | 'managedFile'>

/** Those of the configuration that a session of this agent has; '' for a command. Later ones of a name replace those before. */
export function wantedCredentials({ settings }: Pick<Config, 'settings'>, agent: string): readonly HostCredential[] {
  if (settings.network === 'none') return []
  const byName = new Map(settings.credentials.map((one) => [one.credential, one]))
  return [...byName.values()].filter(
    ({ agents, when, credential }) =>
      (agents.length === 0 || agents.includes(agent)) && (when === 'always' || settings.wantsCredentials.includes(credential)),
  )
}

/** Reads their values, all at once. Whoever only looks runs no program and reads no file. */
export async function hostCredentials(
  host: Machine,
  config: Config,
  { agent, purpose }: { readonly agent: string; readonly purpose: 'start' | 'check' | 'look' },
): Promise<readonly HostBound[]> {
  const wanted = wantedCredentials(config, agent)
  refuseCredentials(host, config, wanted)
  const read = await Promise.all(
    wanted.map(async (credential) => {
      const { value: source } = credential
      const asked = purpose === 'start' || variableOf(source) !== '' || (purpose === 'check' && typeof source === 'string')
      const where = placedName(config, credential)
      const value = asked ? await followed(host, source, where) : '-'
      const bindings = bindingsOf(credential)
      return value === ''
        ? []
        : [{ credential, bindings, values: bindings.users.map((user) => secret(headerValue(value, user, where))) }]
    }),
  )
  return read.flat()
}

/** Where it is written, for errors. */
function placedName({ settings, origins }: Config, { credential }: HostCredential): string {
  const at = settings.credentials.findLastIndex((one) => one.credential === credential)
  const place = origins.credentials[at]?.place ?? ''
  return [`credentials.${credential}`, ...(place === '' ? [] : [`(${place})`])].join(' ')
}

/** Refuses what is written and cannot hold. */
function refuseCredentials(host: Machine, config: Config, wanted: readonly HostCredential[]): void {
  const { settings, origins, managed } = config
  for (const [at, { agents }] of settings.credentials.entries())
    asSaid('credentials', origins.credentials[at], () => {
      const unknown = agents.find((agent) => knownAgent({ agent, agents: settings.agents }) === null)
      if (unknown !== undefined)
        throw new PaudeError('config', `there is no agent ${JSON.stringify(unknown)}`, {
          hint: 'paude agents lists them',
        })
    })
  if (wanted.length > 0 && settings.inject === 'base-url')
    throw new PaudeError('unsupported', 'inject = "base-url" is for the provider alone, but other credentials are set', {
      hint: 'leave inject out, or remove credentials',
    })
  for (const credential of wanted) {
    const bounds = [
      ...(managed.credentialsAllow === undefined ? [] : [{ list: managed.credentialsAllow, file: host.managedFile }]),
      ...(origins.credentialsAllow.length === 0 ? [] : [{ list: settings.credentialsAllow, file: config.file }]),
    ]
    const against = bounds.find(({ list }) => !isCovered(credential.kind, bindingsOf(credential).injections, list))
    if (against !== undefined)
      throw new PaudeError(
        'refused',
        `${shown(placedName(config, credential))}: ${against.file} does not allow this credential (credentials_allow = ${JSON.stringify(against.list)})`,
        { hint: 'remove it, or ask the administrator of this machine' },
      )
  }
}

/** Whether a list of kinds and hosts has a credential: a kind stands for its usual host alone. */
export const isCovered = (kind: string, places: readonly Pick<Injection, 'host' | 'port'>[], list: readonly string[]): boolean =>
  (isKind(kind) && list.includes(kind) && isUsual(kind, places)) ||
  places.every((place) =>
    list.some((entry) => {
      const [name = '', port = '443'] = entry.split(':')
      return matches(name, place.host) && Number(port) === place.port
    }),
  )

/** Whether it goes where one of its kind without a host of its own goes; a kind without a usual host is listed by its host. */
function isUsual(kind: KindName, places: readonly Pick<Injection, 'host' | 'port'>[]): boolean {
  const usual = kinds[kind].host()
  return usual !== '' && places.every(({ host, port }) => port === 443 && (host === usual || host.endsWith(`.${usual}`)))
}

/** What to tell of credentials before a start: those that it goes without, and what they change for git. */
export function credentialNotes(host: Pick<Host, 'env'>, { settings, origins }: Config, agent: string): readonly string[] {
  const wanted = wantedCredentials({ settings }, agent)
  const unset = wanted.filter(({ value }) => variableOf(value) !== '' && !host.env[variableOf(value)]?.trim())
  const lacking = [...new Set(settings.wantsCredentials)].filter(
    (name) => !settings.credentials.some(({ credential }) => credential === name),
  )
  const asked = origins.wantsCredentials.some(({ layer }) => layer === 'project') ? 'the project' : 'wants_credentials'
  const hosts = new Set(
    wanted
      .filter((one) => !unset.includes(one))
      .flatMap((one) => bindingsOf(one).remotes)
      .map(([, to]) => new URL(to).host),
  )
  return [
    ...unset.map(
      ({ credential, value }) => `credentials.${credential}: ${variableOf(value)} is not set, so the session goes without`,
    ),
    ...(settings.network === 'none'
      ? []
      : lacking.map(
          (name) => `${asked} wants a credential ${name}, and your config.toml has none below [credentials]: paude config edit`,
        )),
    ...(hosts.size === 0 ? [] : [`git uses https instead of ssh for ${[...hosts].join(', ')}`]),
  ]
}

const variableOf = (source: SecretSource): string =>
  typeof source === 'string' && source.startsWith('env:') ? source.slice('env:'.length) : ''
