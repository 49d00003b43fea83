import { commandLine, quote } from '../plan/shell.ts'
import type { Agent, Conversation, Opening } from './agent.ts'
import { canContinue, choosesConversation, lastingWords } from './words.ts'

/** The lines of sh that set the words of a start: first with your own, later continuing the conversation. */
export function startCommand(
  agent: Agent,
  words: readonly string[],
  { conversation: id, continues, origin, more = [] }: Opening,
): string {
  const { grammar, program, prelude, conversation } = agent
  const named = id !== '' && conversation?.begin && !choosesConversation(grammar, words) ? conversation.begin(id) : []
  const first = commandLine([program, ...more, ...named, ...words])
  return [
    prelude,
    `set -- ${first}\n`,
    ...(conversation === null || origin === undefined ? [] : [requireOrigin(conversation, origin)]),
    ...(conversation !== null && continues && canContinue(grammar, words)
      ? [
          // What the hook noted comes first: another one may have been chosen since, on the screen too.
          `conversation=${named.length > 0 ? quote(id) : ''}\n`,
          'if [ -s /paude/out/conversation ]; then read -r conversation </paude/out/conversation; fi\n',
          // An agent may refuse an id that is used, and one that it does not know; its own file tells which it is.
          `for file in ${proofOf(conversation, `"\${conversation:-none}"`)}; do\n  if [ -e "$file" ]; then set -- ${again(agent, conversation, [...more, ...words])}; fi\ndone\n`,
        ]
      : []),
  ].join('')
}

const ID = 'conversation-of-the-session'

const again = ({ grammar, program }: Agent, conversation: Conversation, words: readonly string[]): string =>
  commandLine([program, ...conversation.again(ID), ...lastingWords(grammar, words)]).replace(quote(ID), '"$conversation"')

const proofOf = ({ proof }: Conversation, id: string): string => `"$HOME"/${proof.replace('{id}', id)}`

/** What is copied lies in the HOME volume, which only a box sees. */
const requireOrigin = (kind: Conversation, { conversation, session }: NonNullable<Opening['origin']>): string =>
  [
    `for file in ${proofOf(kind, quote(conversation))}; do`,
    `  [ -e "$file" ] || [ -s /paude/out/conversation ] || fail ${quote(`session ${session} has no conversation yet`)}`,
    'done',
    '',
  ].join('\n')
