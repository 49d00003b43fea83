import type { SessionEvent } from '../../events/event.ts'
import { printable } from '../../text.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'

/** One event as a person reads it: time, kind, and what it is about, cut to the width of the terminal. */
export function eventLine(event: SessionEvent, width: number): string {
  const [time, kind] = [event.time.slice(11, 19), event.kind.padEnd(14)]
  const room = Math.max(20, width - time.length - kind.length - 4)
  return `${dim(time)}  ${coloured(event, kind)}  ${fitted(oneLine(about(event)), room)}`.trimEnd()
}

function about(event: SessionEvent): string {
  switch (event.kind) {
    case 'session-start':
      return ''
    case 'prompt':
      return event.text
    case 'tool':
      return `${event.tool}  ${workOf(event)}`
    case 'tool-result':
      return [
        event.tool,
        event.ok ? 'ok' : `failed: ${event.error ?? ''}`,
        event.milliseconds === null ? '' : seconds(event.milliseconds),
        workOf(event),
      ]
        .filter((part) => part !== '')
        .join('  ')
    case 'permission':
      return `${event.state}  ${event.tool}  ${workOf(event)}`
    case 'notification':
      return `${event.type}  ${event.text}`
    case 'stop':
      return event.text
    case 'error':
      return [event.error, event.text].filter((part) => part !== '').join(': ')
    case 'subagent-start':
      return `${event.type}  ${event.id}`
    case 'subagent-stop':
      return `${event.type}  ${event.id}  ${event.text}`
    case 'session-end':
      return event.reason
  }
}

const workOf = ({ command, file, detail }: Extract<SessionEvent, { kind: 'tool' }> | Work): string =>
  command ?? file ?? detail ?? ''
type Work = Pick<Extract<SessionEvent, { kind: 'tool-result' }>, 'command' | 'file' | 'detail'>

const seconds = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`

function coloured(event: SessionEvent, text: string): string {
  if (event.kind === 'error' || (event.kind === 'tool-result' && !event.ok)) return red(text)
  if (event.kind === 'permission' || event.kind === 'notification') return yellow(text)
  if (event.kind === 'stop') return green(text)
  return event.kind === 'prompt' ? bold(text) : text
}

const oneLine = (text: string): string => printable(text.replace(/\s+/g, ' ').trim())

/** Cut by what it takes on the screen, not by its characters. */
function fitted(text: string, room: number): string {
  if (Bun.stringWidth(text) <= room) return text
  let end = Math.min(text.length, room)
  while (end > 0 && Bun.stringWidth(text.slice(0, end)) > room - 1) end--
  return `${text.slice(0, end).toWellFormed()}…`
}
