import type { NamedPath } from './agent.ts'
import type { Grammar } from './grammar.ts'

/** An agent's words, sorted: its options with their values, and what is left (a prompt, or a verb with its words). */
type SortedWords = { readonly options: readonly (readonly string[])[]; readonly rest: readonly string[] }

/** Sorts an agent's words without judging them. */
export function sortWords({ valued, variadic, optional }: Grammar, words: readonly string[]): SortedWords {
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
    if (valued.includes(word) && index + 1 < words.length) option.push(words[++index] ?? '')
    else if (optional.includes(word) && takes(words[index + 1])) option.push(words[++index] ?? '')
    if (variadic.includes(word)) while (takes(words[index + 1])) option.push(words[++index] ?? '')
    options.push(option)
  }
  return { options, rest }
}

const nameOf = ([option = '']: readonly string[]): string => option.split('=')[0] ?? ''

/** Names of the options among the words, each once. */
export const optionNames = (grammar: Grammar, words: readonly string[]): readonly string[] => [
  ...new Set(sortWords(grammar, words).options.map(nameOf)),
]

/** The first of these options among the words, or ''. */
export const findOption = (grammar: Grammar, words: readonly string[], wanted: readonly string[]): string =>
  optionNames(grammar, words).find((name) => wanted.includes(name)) ?? ''

const hasAny = (grammar: Grammar, words: readonly string[], wanted: readonly string[]): boolean =>
  findOption(grammar, words, wanted) !== ''

/** The value of the first of these options that is there, or ''. */
export function optionValue(grammar: Grammar, words: readonly string[], wanted: readonly string[]): string {
  const found = sortWords(grammar, words).options.find((option) => wanted.includes(nameOf(option)))
  const [word = '', next = ''] = found ?? []
  const at = word.indexOf('=')
  return at === -1 ? next : word.slice(at + 1)
}

/** The first of the words with which the agent asks nobody before it acts, as the grammar has it; of a pattern the option alone, since its value may hold anything. '' for none. */
export function unattendedBy(grammar: Grammar, words: readonly string[]): string {
  for (const option of sortWords(grammar, words).options.flatMap((one) => spelled(grammar, one)))
    for (const one of grammar.unattended) {
      if (one === option) return one
      if (typeof one !== 'string' && one.test(option)) return option.split(' ')[0] ?? ''
    }
  return ''
}

/** An option as the grammar writes it, with a blank before its value; letters that share a dash each by itself. */
function spelled({ valued }: Grammar, [word = '', ...values]: readonly string[]): readonly string[] {
  if (/^--/.test(word) || word.length <= 2) return [[word.replace('=', ' '), ...values].join(' ')]
  const letters = [...word.slice(1)].map((letter) => `-${letter}`)
  // The first that takes a value has the rest of the word for it.
  const at = letters.findIndex((letter) => valued.includes(letter))
  if (at === -1) return letters
  const glued = word.slice(at + 2).replace(/^=/, '')
  return [...letters.slice(0, at), [letters[at], ...(glued === '' ? [] : [glued]), ...values].join(' ')]
}

/** Whether a word is one of the agent's own options. */
export const isOption = (
  { valued, variadic, optional, switches, quiet, printing, names, chooses }: Grammar,
  word: string,
): boolean =>
  [valued, variadic, optional, switches, quiet, printing, names, chooses].some((list) => list.includes(nameOf([word])))

/** Whether these words call one of the agent's own verbs. */
export const isVerb = (grammar: Grammar, words: readonly string[]): boolean =>
  grammar.verbs.includes(sortWords(grammar, words).rest[0] ?? '')

/** Whether these words lead to a question to a model: not help, version, or a verb that asks none. */
export const asksSomething = (grammar: Grammar, words: readonly string[]): boolean =>
  !hasAny(grammar, words, grammar.quiet) &&
  (!isVerb(grammar, words) || isOneOf(grammar, words, [...grammar.printingVerbs, ...grammar.namingVerbs]))

const isOneOf = (grammar: Grammar, words: readonly string[], verbs: readonly string[]): boolean =>
  verbs.includes(sortWords(grammar, words).rest[0] ?? '')

/** Whether these words open the agent's screen. */
export const opensScreen = (grammar: Grammar, words: readonly string[]): boolean =>
  asksSomething(grammar, words) && !hasAny(grammar, words, grammar.printing) && !isOneOf(grammar, words, grammar.printingVerbs)

/** Whether you chose the conversation yourself, so that paude must not; words that begin none count too. */
export const choosesConversation = (grammar: Grammar, words: readonly string[]): boolean =>
  hasAny(grammar, words, [...grammar.names, ...grammar.chooses]) || isVerb(grammar, words) || !asksSomething(grammar, words)

/** The option or verb by which these words name a conversation that is there already, or ''. */
export const namesConversation = (grammar: Grammar, words: readonly string[]): string =>
  isOneOf(grammar, words, grammar.namingVerbs)
    ? (sortWords(grammar, words).rest[0] ?? '')
    : findOption(grammar, words, grammar.names)

/** Whether a later start can go on with what these words began. */
export const canContinue = (grammar: Grammar, words: readonly string[]): boolean =>
  opensScreen(grammar, words) && !hasAny(grammar, words, grammar.elsewhere)

/** The words of a later start: options stay, the prompt and what chose the conversation go. */
export function lastingWords(grammar: Grammar, words: readonly string[]): readonly string[] {
  const gone = [...grammar.names, ...grammar.once, ...grammar.printing]
  return sortWords(grammar, words)
    .options.filter((option) => !gone.includes(nameOf(option)))
    .flat()
}

/** Files and folders that these words name; what stands in braces is the text itself. */
export function pathsIn(grammar: Grammar, words: readonly string[]): readonly NamedPath[] {
  return sortWords(grammar, words).options.flatMap((option) => {
    const [word = '', ...rest] = option
    const at = word.indexOf('=')
    const known = grammar.paths.find((one) => one.option === nameOf(option))
    if (known === undefined) return []
    const values = at === -1 ? rest : [word.slice(at + 1)]
    return values.filter((path) => !/^\s*([{[]|$)/.test(path)).map((path) => ({ ...known, path }))
  })
}
