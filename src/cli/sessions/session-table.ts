import { printable } from '../../text.ts'
import { yellow } from '../streams/output.ts'
import type { ActiveRow } from './activity.ts'

export const HEAD = ['ID', 'STATUS', 'ACTIVITY', 'SINCE', 'BLOCKED', 'STARTED', 'AGENT', 'BACKEND', 'WORKSPACE'] as const

/** Stands last in the row of a session that planted something. */
export const MARK = '(!)'

/** Cells of one session, in the order of HEAD. */
export const sessionRow = (row: ActiveRow): readonly string[] => [
  row.name === '' ? row.id : `${row.id} (${printable(row.name)})`,
  row.status === 'exited' ? `exited ${row.exitCode ?? ''}`.trim() : row.status,
  activityOf(row),
  row.since === null ? '-' : ago(row.since).replace(/ ago$/, ''),
  row.blocked === 0 ? '-' : yellow(String(row.blocked)),
  ago(row.created),
  printable(row.agent),
  row.backend,
  row.planted.length === 0 ? printable(row.workspace) : `${printable(row.workspace)} ${MARK}`,
]

function activityOf({ activity, kind, fault }: ActiveRow): string {
  const more = fault === '' ? kind : 'no answer from the provider'
  return activity === null ? '-' : printable([activity, ...(more === '' ? [] : [more])].join(': '))
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
