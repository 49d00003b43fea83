import { sizeText } from '../../box/limits.ts'
import { denied } from '../../network/decide.ts'
import { portEntries } from '../../network/pattern.ts'
import { firstOf, shown } from '../../text.ts'
import type { SessionRecord } from '../record/record.ts'
import { policyNow } from '../resolve/policy.ts'

/** What a session has otherwise in its new box, a line each. */
export function changesBetween(before: SessionRecord, after: SessionRecord): readonly string[] {
  const names = ({ credentials }: SessionRecord) => credentials.map(({ variable, bound }) => bound?.name ?? variable)
  return [
    ...(before.version === after.version ? [] : [`made by paude ${after.version}, before by ${before.version}`]),
    ...(before.image === undefined || before.image === after.image
      ? []
      : [`image ${shown(after.image ?? '')}, before ${shown(before.image)}`]),
    ...(before.network === after.network ? [] : [`network ${after.network}, before ${before.network}`]),
    ...difference(reached(before), reached(after), ['may reach', 'may no longer reach']),
    ...difference(deniedHosts(before), deniedHosts(after), ['blocks', 'no longer blocks']),
    ...difference(names(before), names(after), ['has the credential', 'no longer has the credential']),
    ...mountChanges(before, after),
    ...limitChanges(before.limits, after.limits),
    ...guardChanges(before, after),
    ...(JSON.stringify(before.security) === JSON.stringify(after.security)
      ? []
      : [`hardening ${hardening(after)}, before ${hardening(before)}`]),
  ]
}

/** Places that a session may reach now. */
export function reached(record: SessionRecord): readonly string[] {
  if (record.network === 'none') return []
  const { allow, deny } = policyNow(record, Date.now() / 1000)
  return allow.flatMap((one) =>
    portEntries({ ...one, ports: one.ports.filter((port) => denied(deny, { host: one.host, port }) === null) }),
  )
}

const deniedHosts = (record: SessionRecord): readonly string[] =>
  record.network === 'none' ? [] : policyNow(record, Date.now() / 1000).deny.map(({ host }) => host)

/** Of the user's wish alone: those of the project follow from it. */
function mountChanges(before: SessionRecord, after: SessionRecord): readonly string[] {
  const tellsWhich = before.mounts.every(({ readOnly }) => readOnly !== undefined)
  const mounted = ({ mounts, workspace }: SessionRecord) =>
    mounts.flatMap(({ source, target, readOnly }) =>
      source === workspace || source.startsWith(`${workspace}/`)
        ? []
        : [`${source === target ? source : `${source}:${target}`}${tellsWhich && readOnly ? ':ro' : ''}`],
    )
  return difference(mounted(before), mounted(after), ['has the mount', 'no longer has the mount'])
}

function difference(
  before: readonly string[],
  after: readonly string[],
  [gained, lost]: readonly [string, string],
): readonly string[] {
  const more = [...new Set(after)].filter((one) => !before.includes(one))
  const less = [...new Set(before)].filter((one) => !after.includes(one))
  return [
    ...(more.length === 0 ? [] : [`${gained} ${firstOf(more.map(shown), MOST_NAMED)}`]),
    ...(less.length === 0 ? [] : [`${lost} ${firstOf(less.map(shown), MOST_NAMED)}`]),
  ]
}

/** Places that it may reach in its new box and not before, and the other way round. */
export const reachChanges = (
  before: SessionRecord,
  after: SessionRecord,
): { readonly gained: string[]; readonly lost: string[] } => {
  const [old, now] = [reached(before), reached(after)]
  return { gained: now.filter((one) => !old.includes(one)), lost: old.filter((one) => !now.includes(one)) }
}

/** Entries that a line names. */
const MOST_NAMED = 10

function limitChanges(before: SessionRecord['limits'], after: SessionRecord['limits']): readonly string[] {
  if (before === undefined || after === undefined) return []
  const text = { cpus: String, memory: sizeText, pids: String }
  return (['cpus', 'memory', 'pids'] as const).flatMap((key) => {
    const said = (value: number) => (value === 0 ? 'none' : text[key](value))
    return before[key] === after[key] ? [] : [`limits.${key} ${said(after[key])}, before ${said(before[key])}`]
  })
}

/** What holds on this machine against what the box leaves in the project. */
function guardChanges(before: SessionRecord, after: SessionRecord): readonly string[] {
  const [old, now] = [guards(before), guards(after)]
  return Object.keys(now).flatMap((key) => (old[key] === now[key] ? [] : [`workspace.${key} ${now[key]}, before ${old[key]}`]))
}

const guards = ({ onFinding, alarm, writesConfig }: SessionRecord): Readonly<Record<string, string>> => ({
  on_finding: onFinding,
  watch: alarm,
  agent_config: writesConfig ? 'write-through' : 'guarded',
})

const hardening = ({ security: { readOnlyRoot, noNewPrivileges, seccomp } }: SessionRecord): string =>
  `read_only_root = ${readOnlyRoot}, no_new_privileges = ${noNewPrivileges}, seccomp = ${seccomp}`
