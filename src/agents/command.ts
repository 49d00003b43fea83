import { commandLine, quote } from '../plan/shell.ts'
import { type Agent, type Conversation, type Opening, ORIGIN_FILE } from './agent.ts'
import { canContinue, choosesConversation, lastingWords } from './words.ts'

/** Where a box has what it writes for this machine. */
const OUT = '/paude/out'

/** The lines of sh that set the words of a start: first with your own, later continuing the conversation. */
export function startCommand(
  agent: Agent,
  words: readonly string[],
  { conversation: id, continues, origin, more = [], out = OUT }: Opening,
): string {
  const { grammar, program, before, prelude, conversation, resume } = agent
  const named = id !== '' && conversation?.begin && !choosesConversation(grammar, words) ? conversation.begin(id) : []
  const noted = quote(`${out}/conversation`)
  const first = commandLine([program, ...before, ...more, ...named, ...words])
  return [
    prelude,
    ...(conversation === null || origin === undefined ? [] : [requireOrigin(conversation, origin, noted)]),
    `set -- ${origin === undefined ? first : first.replace(quote(ORIGIN_FILE), '"$file"')}\n`,
    ...(conversation !== null && continues && canContinue(grammar, words)
      ? [
          // What the hook noted comes first: another one may have been chosen since, on the screen too.
          `conversation=${named.length > 0 ? quote(id) : ''}\n`,
          `if [ -s ${noted} ]; then read -r conversation <${noted}; fi\n`,
          // An agent may refuse an id that is used, and one that it does not know; its own file tells which it is.
          `for file in ${proofOf(conversation, NOTED)}; do\n  if [ -e "$file" ]; then set -- ${again(agent, conversation, [...more, ...words])}; fi\ndone\n`,
        ]
      : []),
    ...(resume.length > 0 && continues && canContinue(grammar, words)
      ? [
          `if [ -s ${noted} ]; then set -- ${commandLine([program, ...before, ...resume, ...lastingWords(grammar, words)])}; fi\n`,
          `echo begun >${noted}\n`,
        ]
      : []),
  ].join('')
}

const ID = 'conversation-of-the-session'

const again = ({ grammar, program, before }: Agent, conversation: Conversation, words: readonly string[]): string =>
  commandLine([program, ...before, ...conversation.again(ID), ...lastingWords(grammar, words)]).replace(
    quote(ID),
    '"$conversation"',
  )

/** A word of sh for the whole id, and one for what is before its first dash. */
type IdWords = { readonly id: string; readonly begin: string }

const NOTED: IdWords = { id: `"\${conversation:-none}"`, begin: `"\${conversation%%-*}"` }

const proofOf = ({ proof }: Conversation, { id, begin }: IdWords): string =>
  `"$HOME"/${proof.replace('{id}', id).replace('{begin}', begin)}`

/** What is copied lies in the HOME volume, which only a box sees. */
const requireOrigin = (kind: Conversation, { conversation, session }: NonNullable<Opening['origin']>, noted: string): string =>
  [
    `for file in ${proofOf(kind, { id: quote(conversation), begin: quote(conversation.split('-')[0] ?? '') })}; do`,
    `  [ -e "$file" ] || [ -s ${noted} ] || fail ${quote(`session ${session} has no conversation yet`)}`,
    // An agent that goes on with one may put an empty file of its name behind the first.
    '  break',
    'done',
    '',
  ].join('\n')
