import type { Usage } from '../../box/handle.ts'
import { sizeText } from '../../box/limits.ts'
import { titleOf } from '../../box/remote.ts'
import type { Host } from '../../host.ts'
import { isStopped } from '../../session/record/intent.ts'
import { sessionFolder } from '../../session/record/store.ts'
import { printable } from '../../text.ts'
import { below } from '../../workspace/paths.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'
import { type Fit, fit, table, tilde } from '../streams/table.ts'
import type { ActiveRow } from './activity.ts'

const HEAD = [
  ...['SESSION', 'STATUS', 'ACTIVITY', 'SINCE', 'BLOCKED', 'CPU', 'MEMORY'],
  ...['STARTED', 'AGENT', 'BACKEND', 'WORKSPACE'],
] as const

/** What a session uses, and the bytes that it may use: 0 for no limit. */
export type Used = Pick<Usage, 'cpus' | 'memory' | 'processes'> & { readonly memoryLimit: number }

/** Stands last in the row of a session that planted something. */
export const MARK = '(!)'

/** Stands last in the row of a session that this account has no record of. */
export const OTHERS = '(not yours)'

/** Those of this directory first, then those that wait for you, and those of others last; else the newest first, as they come. */
export const ordered = ({ cwd }: Pick<Host, 'cwd'>, rows: readonly ActiveRow[]): readonly ActiveRow[] => {
  const rank = (row: ActiveRow) =>
    (row.own ? 0 : 4) +
    (row.workspace !== '' && below(row.workspace, cwd) ? 0 : 2) +
    (row.activity === 'waiting' || row.asks > 0 ? 0 : 1)
  return rows.toSorted((one, other) => rank(one) - rank(other))
}

/** The rows as a table; what they use stands in it where somebody asked for that. */
export function sessionTable(
  host: Host,
  rows: readonly (ActiveRow & { readonly usage?: Used | null })[],
  layout: Fit = fit(host),
): string {
  const { width } = layout
  const home = width === null ? '' : host.home
  const all = rows.map((row) => {
    const shown = cells(row, { home, stopped: row.status === 'exited' && isStopped(sessionFolder(host, row.id)) })
    return [...shown.slice(0, USAGE), ...usageCells(row), ...shown.slice(USAGE)]
  })
  const isAsked = rows.some(({ usage }) => usage !== undefined)
  const told = (row: readonly string[]) => (isAsked ? row : row.filter((_, at) => at < USAGE || at >= USAGE + 2))
  return table(told(HEAD), all.map(told), {
    ...layout,
    same: ['AGENT', 'BACKEND'],
    spare: ['SINCE', 'STARTED', 'AGENT', 'BACKEND'],
  })
}

/** Where the two columns of what it uses are. */
const USAGE = HEAD.indexOf('CPU')

function usageCells({ usage }: { readonly usage?: Used | null }): readonly string[] {
  if (!usage) return ['-', '-']
  const limit = usage.memoryLimit === 0 ? '' : ` / ${sizeText(usage.memoryLimit)}`
  return [`${Math.round(usage.cpus * 100)} %`, `${sizeText(usage.memory)}${limit}`]
}

/** Cells of one session, in the order of HEAD but for what it uses. A name stands for its id, which paude sessions --json has. */
const cells = (row: ActiveRow, { home, stopped }: { readonly home: string; readonly stopped: boolean }): readonly string[] => [
  row.name === '' ? row.id : bold(printable(row.name)),
  statusOf(row, stopped),
  activityOf(row),
  row.since === null ? '-' : ago(row.since).replace(/ ago$/, ''),
  blockedOf(row),
  ago(row.started),
  printable(row.agent),
  printable(titleOf(row.backend, row.remote)),
  [
    printable(tilde(row.workspace, home)),
    ...(row.own ? [] : [dim(OTHERS)]),
    ...(row.planted.length === 0 && row.alarm === '' ? [] : [red(MARK)]),
  ].join(' '),
]

function statusOf({ status, exitCode, outOfMemory }: ActiveRow, stopped: boolean): string {
  if (outOfMemory) return red('out of memory')
  if (status === 'running') return green(status)
  if (stopped) return dim('stopped')
  if (status !== 'exited') return yellow(status)
  return exitCode ? red(`exited ${exitCode}`) : dim(`exited ${exitCode ?? ''}`.trim())
}

/** What waits for a key stands first. */
function blockedOf({ blocked, asks }: ActiveRow): string {
  const words = [...(asks > 0 ? [`${asks} waiting`] : []), ...(blocked > 0 ? [String(blocked)] : [])]
  return words.length === 0 ? '-' : yellow(asks > 0 ? bold(words.join(', ')) : words.join(', '))
}

function activityOf({ activity, kind, fault }: ActiveRow): string {
  if (activity === null) return '-'
  const more = fault === '' ? kind : 'no answer from the provider'
  const text = printable([activity, ...(more === '' ? [] : [more])].join(': '))
  return fault !== '' ? red(text) : activity === 'waiting' ? bold(yellow(text)) : text
}

/** `3 min ago`, from an ISO time. */
export function ago(time: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000))
  if (Number.isNaN(seconds)) return '-'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
