/** The grammar of Apple's `container`, as its source has it, and a reader as strict as its own. */
import grammar from '../../fixtures/apple/grammar.json'

type Option = {
  readonly long: readonly string[]
  readonly short: readonly string[]
  readonly arity: number
  readonly repeats: boolean
  readonly type: string
  readonly values?: readonly string[]
  readonly since?: string
}
type Argument = { readonly name: string; readonly required: boolean; readonly repeats: boolean; readonly parsing?: string }
type Command = {
  readonly aliases: readonly string[]
  readonly group: boolean
  readonly options: readonly Option[]
  readonly arguments: readonly Argument[]
  readonly since?: string
}

const commands = grammar.commands as unknown as Readonly<Record<string, Command>>

/** A call that the real program takes. Options by their first long name, or short one where they have no other. */
export type Call = {
  readonly command: string
  readonly options: ReadonlyMap<string, readonly string[]>
  readonly words: readonly string[]
}

/** What the real program answers with exit code 64. */
export class UsageError extends Error {}

/** Reads the words of a call as the program of a version does. */
export function readCall(words: readonly string[], version: string = grammar.version): Call {
  const [command, rest] = commandOf(words)
  const known = commands[command]
  if (known === undefined || known.group || isLater(known.since, version))
    throw new UsageError(`Plugin 'container-${words[0]}' not found.`)
  const options = new Map<string, string[]>()
  const found: string[] = []
  const queue = [...rest]
  const give = (option: Option, written: string, value: string | undefined) => {
    if (isLater(option.since, version)) throw new UsageError(`Unknown option '${written}'`)
    const name = option.long[0] ?? option.short[0] ?? ''
    checkType(option, written, value)
    options.set(name, option.repeats ? [...(options.get(name) ?? []), value ?? ''] : [value ?? ''])
  }
  const value = (written: string): string => {
    const next = queue.shift()
    if (next === undefined || next.startsWith('-')) throw new UsageError(`Missing value for '${written} <value>'`)
    return next
  }
  while (queue.length > 0) {
    const word = queue.shift() ?? ''
    const captures = known.arguments[found.length]?.parsing === 'captureForPassthrough'
    if (captures) {
      found.push(word, ...queue.splice(0))
      break
    }
    if (word.startsWith('--') && word.length > 2) {
      const at = word.indexOf('=')
      const name = at < 0 ? word : word.slice(0, at)
      const option = known.options.find(({ long }) => long.includes(name))
      if (option === undefined) throw new UsageError(`Unknown option '${name}'`)
      if (option.arity === 0 && at >= 0) throw new UsageError(`The option '${name}' does not take any value`)
      give(option, name, option.arity === 0 ? undefined : at >= 0 ? word.slice(at + 1) : value(name))
    } else if (word.startsWith('-') && word.length > 1) {
      const letters = [...word.slice(1)]
      for (const letter of letters) {
        const option = known.options.find(({ short }) => short.includes(`-${letter}`))
        if (option === undefined || (option.arity > 0 && letters.length > 1)) throw new UsageError(`Unknown option '${word}'`)
        give(option, word, option.arity === 0 ? undefined : value(word))
      }
    } else found.push(word)
  }
  const last = known.arguments.at(-1)
  if (found.length > known.arguments.length && !last?.repeats)
    throw new UsageError(`Unexpected argument '${found[known.arguments.length]}'`)
  const missing = known.arguments.filter(({ required }) => required)[found.length]
  if (missing !== undefined) throw new UsageError(`Missing expected argument '<${missing.name}>'`)
  return { command, options, words: found }
}

function commandOf(words: readonly string[]): readonly [string, readonly string[]] {
  let command = ''
  let at = 0
  for (; at < words.length; at++) {
    const prefix = command === '' ? '' : `${command} `
    const word = words[at] ?? ''
    const next = Object.entries(commands).find(
      ([name, { aliases }]) =>
        name.startsWith(prefix) &&
        !name.slice(prefix.length).includes(' ') &&
        name !== '' &&
        (name === prefix + word || aliases.includes(word)),
    )?.[0]
    if (next === undefined) break
    command = next
    if (commands[command]?.group !== true) return [command, words.slice(at + 1)]
  }
  return [command, words.slice(at)]
}

function checkType({ type, values }: Option, written: string, value: string | undefined): void {
  const wrong = () => new UsageError(`The value '${value}' is invalid for '${written} <value>'`)
  if (/^u?int/.test(type) && !/^-?\d+$/.test(value ?? '')) throw wrong()
  if (type === 'enum' && values !== undefined && !values.includes(value ?? '')) throw wrong()
}

const isLater = (since: string | undefined, version: string): boolean =>
  since !== undefined && since.localeCompare(version, 'en', { numeric: true }) > 0
