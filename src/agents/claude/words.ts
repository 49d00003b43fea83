import type { NamedPath } from '../agent.ts'

/** Options that take the next word as their value (`claude --help`, 2.1.329). Variadic ones end at the next option. */
const VALUED = new Set([
  '--add-dir',
  '--agent',
  '--agents',
  '--allowedTools',
  '--allowed-tools',
  '--append-system-prompt',
  '--append-system-prompt-file',
  '--autocompact',
  '--betas',
  '--debug-file',
  '--disallowedTools',
  '--disallowed-tools',
  '--effort',
  '--environment',
  '--fallback-model',
  '--file',
  '--input-format',
  '--json-schema',
  '--max-budget-usd',
  '--max-turns',
  '--mcp-config',
  '--model',
  '--name',
  '-n',
  '--output-format',
  '--permission-mode',
  '--permission-prompts',
  '--plugin-dir',
  '--plugin-url',
  '--remote-control-session-name-prefix',
  '--session-id',
  '--setting-sources',
  '--settings',
  '--system-prompt',
  '--system-prompt-file',
  '--system-prompt-snapshot',
  '--tools',
])
const VARIADIC = new Set([
  '--add-dir',
  '--allowedTools',
  '--allowed-tools',
  '--betas',
  '--disallowedTools',
  '--disallowed-tools',
  '--file',
  '--mcp-config',
  '--tools',
])
/** Options whose value may be left out: the next word is theirs unless it looks like an option. */
const OPTIONAL = new Set([
  '-d',
  '--debug',
  '-r',
  '--resume',
  '--from-pr',
  '-w',
  '--worktree',
  '--cloud',
  '--teleport',
  '--remote-control',
  '--prompt-suggestions',
])

const VERBS = new Set([
  'agents',
  'attach',
  'auth',
  'auto-mode',
  'doctor',
  'gateway',
  'import',
  'install',
  'kill',
  'logs',
  'mcp',
  'plugin',
  'plugins',
  'purge',
  'respawn',
  'rm',
  'setup-token',
  'stop',
  'ultrareview',
  'update',
  'upgrade',
])

/** Claude's words, sorted: its options with their values, and what is left (a prompt, or a verb with its words). */
export type ClaudeWords = { readonly options: readonly (readonly string[])[]; readonly rest: readonly string[] }

/** Sorts Claude's words without judging them. */
export function sortWords(words: readonly string[]): ClaudeWords {
  const options: string[][] = []
  const rest: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    if (word === '--') {
      rest.push(...words.slice(index + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      rest.push(word)
      continue
    }
    const option = [word]
    const takes = (next: string | undefined) => next !== undefined && !next.startsWith('-')
    if (VALUED.has(word) && index + 1 < words.length) option.push(words[++index] ?? '')
    else if (OPTIONAL.has(word) && takes(words[index + 1])) option.push(words[++index] ?? '')
    if (VARIADIC.has(word)) while (takes(words[index + 1])) option.push(words[++index] ?? '')
    options.push(option)
  }
  return { options, rest }
}

const names = ({ options }: ClaudeWords): readonly string[] => options.map(([name = '']) => name.split('=')[0] ?? '')
const hasAny = (words: ClaudeWords, wanted: readonly string[]): boolean => names(words).some((name) => wanted.includes(name))

/** Options without a value that Claude knows and that look like one of ours. */
const SWITCHES = [
  '--bg',
  '--print',
  '--continue',
  '--verbose',
  '--help',
  '--version',
  '--tmux',
  '--ide',
  '--bare',
  '--restricted',
]

/** Whether a word is an option of Claude's own. */
export function isOption(word: string): boolean {
  const name = word.split('=')[0] ?? ''
  return VALUED.has(name) || VARIADIC.has(name) || OPTIONAL.has(name) || SWITCHES.includes(name)
}

/** Whether these words call one of Claude's own verbs. */
export const isVerb = (words: readonly string[]): boolean => VERBS.has(sortWords(words).rest[0] ?? '')

/** Whether these words open Claude's screen: not with -p, a verb, help or version. */
export const opensScreen = (words: readonly string[]): boolean =>
  asksSomething(words) && !hasAny(sortWords(words), ['-p', '--print'])

/** Whether these words lead to a question to a model: not a verb, help or version. */
export function asksSomething(words: readonly string[]): boolean {
  const sorted = sortWords(words)
  return !hasAny(sorted, ['-h', '--help', '-v', '--version']) && !VERBS.has(sorted.rest[0] ?? '')
}

/** Whether the user chose the conversation himself, so that paude must not. */
export function choosesConversation(words: readonly string[]): boolean {
  const sorted = sortWords(words)
  return (
    hasAny(sorted, [
      '-c',
      '--continue',
      '-r',
      '--resume',
      '--session-id',
      '--from-pr',
      '--teleport',
      '--cloud',
      '-h',
      '--help',
      '-v',
      '--version',
      '--no-session-persistence',
    ]) || VERBS.has(sorted.rest[0] ?? '')
  )
}

/** Options whose values are paths; what stands in braces is the text itself. */
const PATHS = [
  '--add-dir',
  '--agents',
  '--append-system-prompt-file',
  '--debug-file',
  '--mcp-config',
  '--plugin-dir',
  '--settings',
  '--system-prompt-file',
]

/** Files and folders that these words name. */
export function pathsIn(words: readonly string[]): readonly NamedPath[] {
  return sortWords(words).options.flatMap(([word = '', ...rest]) => {
    const at = word.indexOf('=')
    const [option, values] = at === -1 ? [word, rest] : [word.slice(0, at), [word.slice(at + 1)]]
    return PATHS.includes(option)
      ? values.filter((path) => !/^\s*([{[]|$)/.test(path)).map((path) => ({ option, path, written: option === '--debug-file' }))
      : []
  })
}

/** Id of the conversation that these words name: a new one before the one it is made from; '' without one. */
export function chosenConversation(words: readonly string[]): string {
  const { options } = sortWords(words)
  const value = (wanted: readonly string[]): string =>
    options.flatMap(([name = '', next = '']) => {
      const at = name.indexOf('=')
      return wanted.includes(at === -1 ? name : name.slice(0, at)) ? [at === -1 ? next : name.slice(at + 1)] : []
    })[0] ?? ''
  const given = value(['--session-id'])
  const id = given !== '' || options.some(([name]) => name === '--fork-session') ? given : value(['-r', '--resume'])
  return CONVERSATION.test(id) ? id.toLowerCase() : ''
}

/** The option by which these words name a conversation that is there already, or ''. */
export const namesConversation = (words: readonly string[]): string =>
  names(sortWords(words)).find((name) => ['-c', '--continue', '-r', '--resume', '--from-pr', '--teleport'].includes(name)) ?? ''

/** Words that copy a conversation and go on with the copy, `id` unless the user named one. */
export const forkWords = (conversation: string, id: string, words: readonly string[]): readonly string[] => [
  '--resume',
  conversation,
  '--fork-session',
  ...(chosenConversation(words) === '' ? ['--session-id', id] : []),
  ...words,
]

/** Claude's ids: a UUID. */
export const CONVERSATION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a later start can go on with what these words began: not with a conversation that lies elsewhere. */
export const continuable = (words: readonly string[]): boolean =>
  opensScreen(words) && !hasAny(sortWords(words), ['--cloud', '--teleport'])

/** The words of a later start: options stay, the prompt and what chose the conversation go. */
export function lasting(words: readonly string[]): readonly string[] {
  const gone = new Set([
    '-c',
    '--continue',
    '-r',
    '--resume',
    '--session-id',
    '--fork-session',
    '--from-pr',
    '--teleport',
    '-p',
    '--print',
  ])
  return sortWords(words)
    .options.filter(([name = '']) => !gone.has(name.split('=')[0] ?? ''))
    .flat()
}
