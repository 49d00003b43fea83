import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from '../../agents/agent.ts'
import { agentCredentials } from '../../agents/models.ts'
import { agentOfRecord } from '../../agents/registry.ts'
import { noteStart } from '../../box/lay-out.ts'
import { released } from '../../box/owner.ts'
import { placed } from '../../box/stand-ins.ts'
import type { Context } from '../../context.ts'
import type { Credential } from '../../credentials/credential.ts'
import { headerValue } from '../../credentials/host-credential.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { lookOwn } from '../../imports/look.ts'
import { injectionAddress, keptValue, readKept } from '../../login/kept.ts'
import { ofProviders } from '../../network/reach.ts'
import { type Gather, type Plan, write } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { LEFT } from '../../run/process.ts'
import { secret } from '../../secret.ts'
import { shown } from '../../text.ts'
import { realPath } from '../../workspace/paths.ts'
import { clearAlarm } from '../record/alarm.ts'
import { audit } from '../record/audited.ts'
import { changeRecord } from '../record/change.ts'
import type { Found } from '../record/found.ts'
import { noteIntent } from '../record/intent.ts'
import { conversationOf } from '../record/out.ts'
import type { SessionRecord } from '../record/record.ts'
import { mountCheck } from '../resolve/mount-check.ts'
import { proxySecret } from '../resolve/policy.ts'
import { followed, hasCredential } from '../resolve/provider.ts'
import { tokenWarning, weakeningAgain } from '../resolve/security.ts'
import { requireManaged } from '../wall/require-managed.ts'
import { carryToEnd } from '../wall/take-up.ts'
import { reached } from './box-changes.ts'
import { carryOut } from './carry-out.ts'
import { ensureRenewer } from './ensure-renewer.ts'
import { requireFreeHome } from './home-free.ts'
import { warnOfMemory } from './memory-end.ts'
import { resumePlan } from './plans.ts'
import { warnOfPod } from './pod-end.ts'

/** What the credentials' references and the login give now: no session keeps a value. */
async function askedAgain(
  host: Host,
  { name, providers: [provider], service }: Agent,
  { record: { credentials, injections }, dryRun }: { readonly record: SessionRecord; readonly dryRun: boolean },
): Promise<Host> {
  if (provider === undefined || hasCredential(host, provider)) return host
  const env = { ...host.env }
  const kept = service === undefined ? readKept(host, name) : null
  const isKept = (variable: string, at: number) =>
    kept !== null &&
    provider.secrets.some((one) => one.key === kept.key && one.variable === variable) &&
    injections.slice(at, at + 1).some((one) => injectionAddress(one) === kept.address)
  for (const [at, { variable, source = '' }] of ofProviders(credentials).entries()) {
    if (source !== '') env[variable] = dryRun ? '-' : await followed(host, source, `the credential of this session, ${variable}`)
    else if (kept !== null && isKept(variable, at)) env[variable] = dryRun ? '-' : (await keptValue(host, name, kept)).reveal()
  }
  return { ...host, env }
}

/** With the address that the session has, which nobody need say again. */
function addressed(host: Host, { providers: [provider] }: Agent, { injections }: SessionRecord): Host {
  const [first] = ofProviders(injections)
  return provider === undefined || first === undefined
    ? host
    : { ...host, env: { ...host.env, [provider.address.variable]: injectionAddress(first) } }
}

/** The user's own set-up as it is now; null for a session that gets none. */
function ownCopy(host: Host, record: SessionRecord): Gather | null {
  const { imported, workspace } = record
  const imports = agentOfRecord(record)?.imports ?? null
  if (imports === null || imported === undefined) return null
  const rules = { importKeep: imported.keep, pluginsAllow: imported.allow, pluginsDeny: imported.deny }
  return lookOwn(host, imports, { rules, project: workspace }).gather
}

/** Where the seed is not mounted, the box gets the copy by the name that it knows. */
const importedAgain = ({ backend, handle }: Found, copy: Gather): Plan =>
  backend.files.bring === null ? [copy, write(join(handle.folder, 'seed', 'imported'), `${copy.name}\n`, 0o644)] : [copy]

/** An engine makes what a mount lies on where it is missing: an empty file of root's. */
function requireShadowed({ id, shadows, standIns }: SessionRecord): void {
  const gone = shadows.find((path) => realPath(path) !== path && standIns.every((one) => one.path !== path))
  if (gone === undefined) return
  throw new PaudeError('not-found', `session ${id} cannot start again: ${shown(gone)} is gone, and its copy has to lie on it`, {
    hint: `put it back, as with git checkout; or paude fork ${id}`,
  })
}

/** Starts a session again that does not run, with its conversation. Returns the exit code: the agent's when attached. */
export async function continueSession(context: Context, found: Found, { attached, dryRun }: How): Promise<number> {
  if (found.backend.can.isolation === 'none') return await continueOnHost(context, found, { attached, dryRun })
  const { backend, handle, record } = dryRun ? found : await carryToEnd(context, found)
  await requireManaged(context.host, record)
  requireSound(record)
  requireShadowed(record)
  const credentials = await credentialsAgain(context.host, record, dryRun)
  // The engine looks the paths up again: the box compares them with what is looked at now.
  const recheck =
    context.host.platform === 'linux' && record.mounts.length > 0
      ? [write(join(handle.folder, 'seed', 'mounts.sh'), mountCheck(record.mounts, record), 0o644)]
      : []
  const imported = ownCopy(context.host, record)
  const plan = [
    ...recheck,
    ...(imported === null ? [] : importedAgain(found, imported)),
    ...(record.standIns.length > 0 ? [placed(handle.folder, record.standIns)] : []),
    ...notedAgain(handle.folder),
    ...resumePlan(backend, handle, {
      attached,
      credential: proxySecret(context.host, { credentials, ways: record.ways }),
      imported,
    }),
  ]
  return await startAgain(context, { backend, handle, record }, { plan, attached, dryRun })
}

/** The same for one without a box: its agent runs on this machine again. */
async function continueOnHost(context: Context, found: Found, { attached, dryRun }: How): Promise<number> {
  const { backend, handle, record } = found
  // Asked again, it would do again what it has done.
  if (agentOfRecord(record)?.resume.length === 0 && conversationOf(handle.folder, record) === '')
    throw new PaudeError('unsupported', `paude does not know the conversation of session ${record.id}, so it cannot go on`, {
      hint: `start a new one with words of the agent that continue it, then paude rm ${record.id}`,
    })
  const [{ requireAgain }, { loadConfig }] = await Promise.all([import('./on-host.ts'), import('../../config/layers/load.ts')])
  requireAgain(context, await loadConfig(context.host, context.flags), found.record)
  const plan = [...notedAgain(handle.folder), ...resumePlan(backend, handle, { attached, credential: null })]
  return await startAgain(context, found, { plan, attached, dryRun })
}

const notedAgain = (folder: string): Plan =>
  existsSync(folder) ? [...noteStart(folder), ...noteIntent(folder, 'running'), ...released(folder)] : []

type How = { readonly attached: boolean; readonly dryRun: boolean }

async function startAgain(
  context: Context,
  { backend, handle, record }: Found,
  { plan, attached, dryRun }: How & { readonly plan: Plan },
): Promise<number> {
  if (dryRun) return carryOut(context, backend, { plan, dryRun })
  const before = await ask(backend.life.state(handle), context.effects(backend))
  if (before.status === 'running')
    throw new PaudeError('name-taken', `session ${record.id} is already running`, { hint: `paude attach ${record.id}` })
  await requireFreeHome(context, backend, record)
  await audit(context, record, { event: 'continue', reach: [...reached(record)] })
  clearAlarm(handle.folder)
  const weaker = backend.can.isolation === 'none' ? null : weakeningAgain(record)
  if (weaker !== null) context.warn(weaker)
  const token = tokenWarning(record.account)
  if (token !== null) context.warn(token)
  // Until then parts of it may be missing, and are on their way.
  await changeRecord(context.host, record.id, (now) => ({ ...now, starter: context.host.process }))
  // Not before that: it would find nobody who runs, and end.
  await ensureRenewer(context, record)
  const code = await execute(plan, context.effects(backend))
  if (!attached) {
    context.answer(record.id)
    return code
  }
  if (code !== LEFT) {
    await warnOfMemory(context, { backend, handle, record }, code)
    warnOfPod(context, { handle, record }, code)
    return code
  }
  context.note(`detached; the session keeps running: paude attach ${record.id}`)
  return 0
}

/** Refuses where the box itself can no longer be relied on. */
function requireSound({ id, security, init, terminal, cluster }: SessionRecord): void {
  const hint =
    terminal && cluster === undefined
      ? `paude recreate ${id} makes a new sandbox for it, with the same conversation`
      : `paude fork ${id} copies its conversation into a new sandbox`
  if (!security.readOnlyRoot)
    throw new PaudeError(
      'refused',
      `session ${id} has security.read_only_root = false, so its agent may have replaced programs that check its mounts; paude does not start it again`,
      { hint },
    )
  if (init !== '' && !existsSync(init))
    throw new PaudeError('not-found', `session ${id} cannot start again: the first program of its sandbox is missing: ${init}`, {
      hint,
    })
}

/** The values of credentials for hosts of the user's choice, by their names: each place is asked once. */
async function boundAgain(host: Host, { id, credentials }: SessionRecord, dryRun: boolean): Promise<ReadonlyMap<string, string>> {
  const byName = new Map(
    credentials.flatMap(({ bound, source = '' }) =>
      bound === undefined || source === '' ? [] : [[bound.name, source] as const],
    ),
  )
  const read = [...byName].map(async ([name, source]) => {
    const value = dryRun ? '-' : await followed(host, source, `credentials.${name} of this session`)
    if (value !== '') return [name, value] as const
    const variable = typeof source === 'string' ? source.slice('env:'.length) : ''
    throw new PaudeError('usage', `session ${id} needs ${variable} for credentials.${name}, which is not set`, {
      hint: `export ${variable} and start it again; a session stores no credential`,
    })
  })
  return new Map(await Promise.all(read))
}

/** The credentials of a session, which stores none; the proxy knows them by their order. */
async function credentialsAgain(
  host: Host,
  record: SessionRecord,
  dryRun: boolean,
): Promise<readonly Pick<Credential, 'value'>[]> {
  const agent = ofProviders(record.credentials).length === 0 ? null : agentOfRecord(record)
  const offered =
    agent === null ? [] : agentCredentials(agent, addressed(await askedAgain(host, agent, { record, dryRun }), agent, record))
  const asked = await boundAgain(host, record, dryRun)
  return record.credentials.map(({ variable, bound }) => {
    const credential = offered.find((one) => one.variable === variable)
    if (bound !== undefined) return { value: secret(headerValue(asked.get(bound.name) ?? '', bound.user, bound.name)) }
    if (credential !== undefined) return credential
    throw new PaudeError('usage', `session ${record.id} needs ${variable}, which is not set`, {
      hint: `export ${variable} and start it again, or paude login; a session stores no credential`,
    })
  })
}
