import { quote } from '../../plan/shell.ts'
import type { HooksHere } from '../agent.ts'
import hook from '../hook.sh' with { type: 'text' }
import { findOption } from '../words.ts'
import { grammar } from './grammar.ts'

/** What is recorded. Not SessionStart: its hooks show up in `--output-format stream-json`; the entry script records the start. */
const RECORDED = [
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PermissionRequest',
  'PermissionDenied',
  'Notification',
  'Stop',
  'StopFailure',
  'SubagentStart',
  'SubagentStop',
  'SessionEnd',
] as const

// No `args`: a release that does not know them would have a shell read the event as a script. `timeout` in seconds.
const RECORD = { type: 'command', command: 'exec /bin/sh /paude/seed/hook.sh', timeout: 2 } as const
const NOTE = { type: 'command', command: 'exec /bin/sh /paude/seed/conversation.sh /tmp/.claude/agent', timeout: 5 } as const

/**
 * Managed hooks run in every mode, and no project or user takes them out. They record what happens and note the conversation: on a screen
 * whenever one begins, also by /clear and /resume. Hooks of that event show up in `--output-format stream-json`, so without a screen
 * it is the prompt's.
 */
export function hooks(screen: boolean): Readonly<Record<string, unknown>> {
  const begins = screen ? 'SessionStart' : 'UserPromptSubmit'
  const events = screen ? [begins, ...RECORDED] : RECORDED
  return Object.fromEntries(
    events.map((event) => [
      event,
      [{ hooks: [...(event === begins ? [NOTE] : []), ...(event === 'SessionStart' ? [] : [RECORD])] }],
    ]),
  )
}

/**
 * Claude merges the hooks of `--settings` with those of your own settings, and takes one such file: with yours there is no room. With
 * `--bare` and `--safe-mode` it runs none.
 */
export const hooksHere: HooksHere = ({ folder, events, words }) => {
  if (findOption(grammar, words, ['--settings', '--bare', '--safe-mode']) !== '') return null
  const record = { ...RECORD, command: `exec /bin/sh ${quote(`${folder}/hook.sh`)}` }
  return {
    words: ['--settings', `${folder}/settings.json`],
    files: {
      'hook.sh': hook.replaceAll('/paude/out/events', () => quote(events)),
      'settings.json': `${JSON.stringify({ hooks: Object.fromEntries(RECORDED.map((event) => [event, [{ hooks: [record] }]])) }, null, 2)}\n`,
    },
  }
}
