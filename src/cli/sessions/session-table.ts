import type { Host } from '../../host.ts'
import { isStopped } from '../../session/record/intent.ts'
import { sessionFolder } from '../../session/record/store.ts'
import { printable } from '../../text.ts'
import { below } from '../../workspace/paths.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'
import { type Fit, fit, table, tilde } from '../streams/table.ts'
import type { ActiveRow } from './activity.ts'

const HEAD = ['SESSION', 'STATUS', 'ACTIVITY', 'SINCE', 'BLOCKED', 'STARTED', 'AGENT', 'BACKEND', 'WORKSPACE'] as const

/** Stands last in the row of a session that planted something. */
export const MARK = '(!)'

/** Those of this directory first, then those that wait for you; else the newest first, as they come. */
export const ordered = ({ cwd }: Pick<Host, 'cwd'>, rows: readonly ActiveRow[]): readonly ActiveRow[] => {
  const rank = (row: ActiveRow) =>
    (row.workspace !== '' && below(row.workspace, cwd) ? 0 : 2) + (row.activity === 'waiting' || row.asks > 0 ? 0 : 1)
  return rows.toSorted((one, other) => rank(one) - rank(other))
}

/** The rows as a table. */
export function sessionTable(host: Host, rows: readonly ActiveRow[], layout: Fit = fit(host)): string {
  const { width } = layout
  const home = width === null ? '' : host.home
  return table(
    HEAD,
    rows.map((row) => cells(row, { home, stopped: row.status === 'exited' && isStopped(sessionFolder(host, row.id)) })),
    { ...layout, same: ['AGENT', 'BACKEND'], spare: ['SINCE', 'STARTED', 'AGENT', 'BACKEND'] },
  )
}

/** Cells of one session, in the order of HEAD. A name stands for its id, which paude sessions --json has. */
const cells = (row: ActiveRow, { home, stopped }: { readonly home: string; readonly stopped: boolean }): readonly string[] => [
  row.name === '' ? row.id : bold(printable(row.name)),
  statusOf(row, stopped),
  activityOf(row),
  row.since === null ? '-' : ago(row.since).replace(/ ago$/, ''),
  blockedOf(row),
  ago(row.started),
  printable(row.agent),
  row.backend,
  [printable(tilde(row.workspace, home)), ...(row.planted.length === 0 && row.alarm === '' ? [] : [red(MARK)])].join(' '),
]

function statusOf({ status, exitCode }: ActiveRow, stopped: boolean): string {
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
