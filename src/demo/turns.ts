/** One thing the scripted model does. A tool call or an error closes an answer; words and waits belong to what follows them. */
export type Turn =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'sleep'; readonly seconds: number }
  | { readonly kind: 'error'; readonly status: number }
  | ToolTurn

export type ToolTurn =
  | { readonly kind: 'bash'; readonly command: string }
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'read'; readonly path: string }

/** One reply of the API. */
export type Answer = {
  readonly seconds: number
  readonly texts: readonly string[]
  readonly end:
    | { readonly kind: 'stop' }
    | { readonly kind: 'tool'; readonly turn: ToolTurn }
    | { readonly kind: 'error'; readonly status: number }
}

/** Stands in a text for what the last tool returned. */
export const RESULT = '{result}'

/** A script as people type it: `SAY hi;;BASH ls;;WRITE path text;;READ path;;SLEEP 2;;ERR 400`. Null when any step is none of these. */
export function parseTurns(prompt: string): readonly Turn[] | null {
  const turns = prompt.split(';;').map((step) => parseTurn(step.trim()))
  return turns.every((turn) => turn !== null) ? turns : null
}

/** What to reply after this many tool results. Past the end it stops without words. */
export function answerAfter(turns: readonly Turn[], results: number): Answer {
  const texts: string[] = []
  let seconds = 0
  for (const turn of turns.slice(startAfter(turns, results)))
    switch (turn.kind) {
      case 'say':
        texts.push(turn.text)
        break
      case 'sleep':
        seconds += turn.seconds
        break
      case 'error':
        return { seconds, texts, end: turn }
      case 'bash':
      case 'write':
      case 'read':
        return { seconds, texts, end: { kind: 'tool', turn } }
    }
  return { seconds, texts, end: { kind: 'stop' } }
}

/** The call in the agent's own words: the names of Claude Code's tools and their inputs. */
export function toolCall(turn: ToolTurn): { readonly name: string; readonly input: Readonly<Record<string, string>> } {
  switch (turn.kind) {
    case 'bash':
      return { name: 'Bash', input: { command: turn.command, description: 'Run a scripted command' } }
    case 'write':
      return { name: 'Write', input: { file_path: turn.path, content: turn.text } }
    case 'read':
      return { name: 'Read', input: { file_path: turn.path } }
  }
}

export const isTool = (turn: Turn): turn is ToolTurn => turn.kind === 'bash' || turn.kind === 'write' || turn.kind === 'read'

function startAfter(turns: readonly Turn[], results: number): number {
  if (results === 0) return 0
  const tools = turns.flatMap((turn, index) => (isTool(turn) ? [index] : []))
  return (tools[results - 1] ?? turns.length) + 1
}

function parseTurn(step: string): Turn | null {
  const [, verb = '', rest = ''] = /^([A-Z]+) (.+)$/s.exec(step) ?? []
  switch (verb) {
    case 'SAY':
      return { kind: 'say', text: rest }
    case 'BASH':
      return { kind: 'bash', command: rest }
    case 'READ':
      return { kind: 'read', path: rest }
    case 'WRITE': {
      const [, path, text] = /^(\S+) (.*)$/s.exec(rest) ?? []
      return path === undefined || text === undefined ? null : { kind: 'write', path, text }
    }
    case 'SLEEP': {
      const seconds = Number(rest)
      return seconds >= 0 && seconds <= 3600 ? { kind: 'sleep', seconds } : null
    }
    case 'ERR':
      return /^[45]\d\d$/.test(rest) ? { kind: 'error', status: Number(rest) } : null
    default:
      return null
  }
}
