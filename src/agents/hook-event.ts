import { posix } from 'node:path'
import { BOUNDS, type SessionEvent } from '../events/event.ts'

type Fields = Readonly<Record<string, unknown>>
type Stamp = { readonly time: string; readonly session: string }

/** What a hook was told, as a published event; null for what it does not know. Claude Code and Codex speak alike. */
export function toEvent(payload: unknown, { time, session }: Stamp): SessionEvent | null {
  const given = fields(payload)
  const word = (name: string) => clipped(given[name], BOUNDS.word)
  const text = (name: string) => clipped(given[name], BOUNDS.text)
  const common = { v: 1, time, session, conversation: word('session_id') } as const
  const tool = { tool: word('tool_name'), ...work(fields(given['tool_input']), given['cwd']) }
  switch (given['hook_event_name']) {
    case 'UserPromptSubmit':
      return { ...common, kind: 'prompt', text: text('prompt') }
    case 'PreToolUse':
      return { ...common, kind: 'tool', id: word('tool_use_id'), ...tool }
    case 'PostToolUse':
      return { ...common, kind: 'tool-result', id: word('tool_use_id'), ok: true, milliseconds: duration(given), ...tool }
    case 'PostToolUseFailure':
      return {
        ...common,
        kind: 'tool-result',
        id: word('tool_use_id'),
        ok: false,
        milliseconds: duration(given),
        error: text('error'),
        ...tool,
      }
    case 'PermissionRequest':
      return { ...common, kind: 'permission', state: 'asked', ...tool }
    case 'PermissionDenied':
      return { ...common, kind: 'permission', state: 'denied', text: text('reason'), ...tool }
    case 'Notification':
      return { ...common, kind: 'notification', type: word('notification_type'), text: text('message') }
    case 'Stop':
      return { ...common, kind: 'stop', text: text('last_assistant_message') }
    case 'StopFailure':
      return { ...common, kind: 'error', error: text('error'), text: text('last_assistant_message') }
    case 'SubagentStart':
      return { ...common, kind: 'subagent-start', id: word('agent_id'), type: word('agent_type') }
    case 'SubagentStop':
      return {
        ...common,
        kind: 'subagent-stop',
        id: word('agent_id'),
        type: word('agent_type'),
        text: text('last_assistant_message'),
      }
    case 'SessionEnd':
      return { ...common, kind: 'session-end', reason: word('reason') }
    default:
      return null
  }
}

/** What a tool works on: its command, its file from the root on, or the first text among its words. */
function work(
  input: Fields,
  folder: unknown,
): { readonly command: string } | { readonly file: string } | { readonly detail: string } | object {
  if (typeof input['command'] === 'string') return { command: clipped(input['command'], BOUNDS.command) }
  for (const name of ['file_path', 'notebook_path', 'path'])
    if (typeof input[name] === 'string') return { file: clipped(absolute(input[name], folder), BOUNDS.file) }
  const questions = Array.isArray(input['questions']) ? fields(input['questions'][0]) : {}
  const detail = [questions['question'], ...Object.values(input)].find((value) => typeof value === 'string')
  return detail === undefined ? {} : { detail: clipped(detail, BOUNDS.text) }
}

const absolute = (path: string, folder: unknown): string =>
  typeof folder === 'string' && folder.startsWith('/') ? posix.resolve(folder, path) : path

const duration = ({ duration_ms: value }: Fields): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null

const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})

/** A text of others, bounded. What stays in it is for JSON, which escapes it, and not for a terminal. */
const clipped = (value: unknown, most: number): string => {
  if (typeof value !== 'string') return ''
  return value.length > most ? `${value.slice(0, most).toWellFormed()}…` : value.toWellFormed()
}
