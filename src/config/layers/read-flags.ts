import { PaudeError } from '../../errors.ts'
import { meantValue } from '../keys/meant.ts'
import { type OwnFlag, ownFlags, twins, variableOf } from '../keys/own-flags.ts'
import type { Layer } from '../keys/settings.ts'

export type Split = {
  readonly layer: Layer
  /** Words of the agent, untouched and in order. */
  readonly words: readonly string[]
  /** Whether `--` ended our flags: then the next word is the agent's even if it is a verb of ours. */
  readonly ended: boolean
  /** Own flags that were read, without dashes. */
  readonly names: readonly string[]
}

/** Takes our flags from the front. The first word that is not ours ends them, and `--` ends them explicitly. */
export function readFlags(argv: readonly string[], allowed: readonly OwnFlag[] = ownFlags): Split {
  const layer: Mutable<Layer> = {}
  const names: string[] = []
  let index = 0
  while (index < argv.length) {
    const word = argv[index] ?? ''
    if (word === '--') return { layer, words: argv.slice(index + 1), ended: true, names }
    const [name = '', inline] = splitOnce(word)
    const flag = allowed.find((candidate) => `--${candidate.name}` === name)
    if (flag === undefined || flag.onlyWith?.includes(inline ?? argv[index + 1] ?? '') === false) break
    names.push(flag.name)
    if (flag.type === 'switch') {
      if (inline !== undefined && flag.also?.includes(inline)) {
        put(layer, flag, inline)
        index += 1
        continue
      }
      if (inline !== undefined && !['true', 'false'].includes(inline))
        throw new PaudeError('usage', `--${flag.name} takes no value, found ${JSON.stringify(inline)}`, {
          hint: `write only --${flag.name}`,
        })
      if (inline !== 'false') put(layer, flag, flag.sets ?? true)
      else if (flag.sets === undefined) put(layer, flag, false)
      index += 1
      continue
    }
    const alone = inline === undefined && flag.sets !== undefined
    const value = alone ? flag.sets : (inline ?? argv[index + 1])
    if (value === undefined || value === '' || (inline === undefined && value.startsWith('--')))
      throw new PaudeError('usage', `--${flag.name} needs a value`, { hint: `write --${flag.name}=${flag.valueHint ?? 'VALUE'}` })
    read(layer, flag, { value, where: `--${flag.name}` })
    index += inline === undefined && !alone ? 2 : 1
  }
  return { layer, words: argv.slice(index), ended: false, names }
}

/** Reads the environment twins. */
export function readVariables(env: Readonly<Record<string, string | undefined>>): Layer {
  const layer: Mutable<Layer> = {}
  for (const flag of twins) {
    if (flag.alias) continue
    const name = variableOf(flag)
    const value = env[name]
    if (value === undefined || value === '') continue
    if (flag.type === 'switch') {
      if (flag.also?.includes(value)) {
        put(layer, flag, value)
        continue
      }
      const truth = { '1': true, true: true, yes: true, '0': false, false: false, no: false }[value.toLowerCase()]
      if (truth === undefined)
        throw new PaudeError('usage', `${name} must be 1 or 0, found ${JSON.stringify(value)}`, {
          hint: `unset ${name} or export ${name}=1`,
        })
      if (flag.sets === undefined) put(layer, flag, truth)
      else if (truth) put(layer, flag, flag.sets)
    } else
      for (const part of flag.type === 'list' && !flag.commas ? value.split('\n') : [value])
        read(layer, flag, { value: part, where: name })
  }
  return layer
}

/** Of a word with more behind it both parts count, and the last of either wins. */
function read(layer: Mutable<Layer>, flag: OwnFlag, { value, where }: { readonly value: string; readonly where: string }): void {
  const { more } = flag
  const isBoth = more !== undefined && value.startsWith(`${more.value}=`)
  const [word, rest] = isBoth ? [more.value, value.slice(more.value.length + 1)] : [value, '']
  if (isBoth && rest === '')
    throw new PaudeError('usage', `${where} ${more.value}= has nothing behind it`, { hint: `write only ${more.value}` })
  put(layer, flag, checked(word, flag, where))
  if (more !== undefined) (layer as Record<string, unknown>)[more.key] = rest
}

/** Checks a value's word list and splits commas; `where` names the flag, variable or key in the error. */
export function checked(value: string, flag: OwnFlag, where: string): string | readonly string[] {
  if (flag.values && !flag.values.includes(value) && !flag.at?.some((one) => value.startsWith(`${one}@`))) {
    const close = meantValue(value, flag.values)
    throw new PaudeError('usage', `${where} must be one of ${flag.values.join(', ')}, found ${JSON.stringify(value)}`, {
      hint: close === null ? `choose one of them` : `did you mean ${close}?`,
    })
  }
  if (flag.type !== 'list') return value
  return flag.commas
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
    : [value]
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Scalars: the last word wins. Lists add up. */
function put(layer: Mutable<Layer>, { key, type }: OwnFlag, value: string | boolean | readonly string[]): void {
  const store = layer as Record<string, unknown>
  store[key] =
    type === 'list' ? [...((store[key] as readonly string[] | undefined) ?? []), ...(value as readonly string[])] : value
}

function splitOnce(word: string): readonly [string, string?] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}
