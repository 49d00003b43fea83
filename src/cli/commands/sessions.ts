import { defineCommand } from 'citty'
import { backends } from '../../backends/registry.ts'
import type { Context } from '../context.ts'
import { listSessions, type Row } from '../find-session.ts'
import { printable, table } from '../output.ts'

const args = {
  json: { type: 'boolean', description: 'Print one JSON document' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: { name: 'sessions', description: 'List sessions on every usable engine' },
    args,
    async run({ args: { json } }) {
      const { sessions, failures } = await listSessions(context)
      for (const { error } of failures) context.warn(`${error.message}: its sessions are not shown`)
      if (json) context.answer(JSON.stringify(sessions, null, 2))
      else if (sessions.length === 0) context.note('no sessions; paude starts one here')
      else context.answer(table(['ID', 'STATUS', 'STARTED', 'AGENT', 'BACKEND', 'WORKSPACE'], sessions.map(row)))
      return failures.length > 0 && failures.length === Object.keys(backends).length ? 1 : 0
    },
  })

const row = ({ id, name, status, exitCode, created, agent, backend, workspace }: Row): readonly string[] => [
  name === '' ? id : `${id} (${printable(name)})`,
  status === 'exited' ? `exited ${exitCode ?? ''}`.trim() : status,
  ago(created),
  printable(agent),
  backend,
  printable(workspace),
]

/** `3 min ago`, from an ISO time. */
function ago(created: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(created)) / 1000))
  if (Number.isNaN(seconds)) return '-'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}
