import type { HookReader } from '../../events/read.ts'
import { toEvent } from '../hook-event.ts'

type Fields = Readonly<Record<string, unknown>>

/** Gemini's names of what the other agents' hooks are told as well. */
const NAMES: Readonly<Record<string, string>> = {
  BeforeAgent: 'UserPromptSubmit',
  BeforeTool: 'PreToolUse',
  AfterAgent: 'Stop',
  Notification: 'Notification',
  SessionEnd: 'SessionEnd',
}

/** How it tells of a turn that was interrupted or failed. */
const NO_ANSWER = '[no response text]'

/** What a hook of Gemini was told, as a published event; null for what it does not know. */
export const toGeminiEvent: HookReader = (payload, at) => {
  if (typeof payload !== 'object' || payload === null) return null
  const given = payload as Fields
  const said = given['hook_event_name']
  const name =
    said === 'AfterTool' ? resultName(given) : typeof said === 'string' && Object.hasOwn(NAMES, said) ? NAMES[said] : undefined
  const answer = given['prompt_response']
  return name === undefined
    ? null
    : toEvent(
        { ...given, hook_event_name: name, error: errorOf(given), last_assistant_message: answer === NO_ANSWER ? '' : answer },
        at,
      )
}

const resultName = (given: Fields): string => (errorOf(given) === '' ? 'PostToolUse' : 'PostToolUseFailure')

/** What a tool says of its failure; '' for none. */
function errorOf({ tool_response: response }: Fields): string {
  const error = typeof response === 'object' && response !== null ? (response as Fields)['error'] : undefined
  const message = typeof error === 'object' && error !== null ? (error as Fields)['message'] : error
  return typeof message === 'string' ? message : ''
}
