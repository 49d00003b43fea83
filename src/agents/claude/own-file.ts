import type { AgentState, Said } from '../../events/activity.ts'

/**
 * What Claude Code's own `sessions/PID.json` adds to what is known; null when nothing. Unlike hooks it knows of an interruption, but not of
 * an answer, a failure or the words of a question.
 */
export function readOwnFile(before: Pick<AgentState, 'activity'>, text: string): Said | null {
  let file: { readonly status?: unknown; readonly waitingFor?: unknown } | null
  try {
    file = JSON.parse(text) as typeof file
  } catch {
    return null
  }
  switch (file?.status) {
    case 'busy':
      return { activity: 'working', kind: '', message: '' }
    case 'waiting': {
      const kind = file.waitingFor === 'permission prompt' ? 'permission' : 'question'
      return before.activity === 'waiting' ? null : { activity: 'waiting', kind, message: '' }
    }
    case 'idle':
    case 'shell':
      return before.activity === 'done' || before.activity === 'error' ? null : { activity: 'idle', kind: '', message: '' }
    default:
      return null
  }
}
