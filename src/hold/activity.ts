import type { Activity, AgentState, Said, TitleSigns } from '../events/activity.ts'
import type { SessionEvent } from '../events/event.ts'
import { cleanTitle } from './filter.ts'

/** Characters of a title that a pattern is tried on. */
const TITLE = 200

/** Characters kept of what an agent says. */
const LONGEST = 500

const WORDS: Readonly<Record<string, Activity>> = {
  working: 'working',
  blocked: 'waiting',
  done: 'done',
  error: 'error',
  idle: 'idle',
  clear: 'idle',
}

/**
 * The state after the agent said `body`, the body of an OSC 7501 (Program Status Protocol) or of a title with one of its signs.
 * Reports of background tasks (`id=`) do not change it.
 */
export function nextState(
  before: AgentState,
  body: string,
  { titleSigns, now }: { readonly titleSigns: TitleSigns; readonly now: string },
): AgentState {
  const found = /^7501;([\s\S]*)$/.exec(body)
  const said = found === null ? fromTitle(before, body.replace(/^[02];/, ''), titleSigns) : fromStatus(found[1] ?? '')
  if (said === null) return before
  const same = said.activity === before.activity && said.kind === before.kind
  return { ...said, since: same ? before.since : now }
}

/** The state after something else than a status told it. */
export const stateOf = (before: AgentState, said: Said, now: string): AgentState => ({
  ...said,
  message: cleaned(said.message),
  since: said.activity === before.activity && said.kind === before.kind ? before.since : now,
})

/**
 * What a hook tells of the state, for agents that say nothing of it on the terminal; null when nothing. An interruption has no hook.
 * `asks` are the notifications that ask for a permission.
 */
export function fromEvent(event: SessionEvent, asks: readonly string[]): Said | null {
  switch (event.kind) {
    case 'prompt':
    case 'tool':
    case 'tool-result':
      return { activity: 'working', kind: '', message: '' }
    case 'permission':
      if (event.state === 'denied') return null
      return { activity: 'waiting', kind: 'permission', message: event.text ?? event.command ?? event.file ?? event.tool }
    case 'notification':
      if (!asks.includes(event.type)) return null
      return { activity: 'waiting', kind: 'permission', message: event.text }
    case 'stop':
      return { activity: 'done', kind: '', message: event.text }
    case 'error':
      return { activity: 'error', kind: '', message: event.text || event.error }
    case 'session-start':
    case 'session-end':
    case 'subagent-start':
    case 'subagent-stop':
      return null
  }
}

function fromStatus(text: string): Said | null {
  const fields = new Map<string, string>()
  for (const part of text.split(/[:;]/)) {
    const at = part.indexOf('=')
    if (at > 0) fields.set(part.slice(0, at), part.slice(at + 1))
    else if (part !== '') fields.set('state', part)
  }
  const activity = WORDS[fields.get('state') ?? '']
  if (activity === undefined || fields.has('id')) return null
  return {
    activity,
    kind: activity === 'waiting' ? cleanTitle(fields.get('kind') ?? '').slice(0, 40) : '',
    message: decoded(fields.get('msg') ?? ''),
  }
}

/** An agent without the protocol may begin its title with a sign. */
function fromTitle(before: AgentState, title: string, signs: TitleSigns): Said | null {
  if (signs instanceof RegExp) {
    const activity = signs.test(title.slice(0, TITLE))
      ? 'working'
      : ['working', 'done'].includes(before.activity)
        ? 'done'
        : 'idle'
    return { activity, kind: '', message: '' }
  }
  const [sign = ''] = title.trimStart()
  const said = Object.hasOwn(signs, sign) ? signs[sign] : undefined
  return said === undefined ? null : { ...said, message: '' }
}

const decoded = (text: string): string => cleaned(Buffer.from(text, 'base64').toString('utf8'))
const cleaned = (text: string): string => cleanTitle(text.slice(0, LONGEST * 2).replace(/\s+/g, ' '), LONGEST)
