import type { ArgsDef } from 'citty'
import { ownFlags } from '../config/keys/own-flags.ts'
import { PaudeError } from '../errors.ts'
import { nearest } from '../text.ts'
import { type Named, refusal } from './front-flags.ts'

/** A verb's words, read strictly: citty takes any flag and turns an unknown one's value into a positional. */
export type Words = {
  readonly flags: Readonly<Record<string, string | true>>
  readonly positionals: readonly string[]
  readonly rest: readonly string[]
}

/** Places that take any number of words with flags between them. */
export const MANY = ['sessions', 'hosts', 'references', 'ports'] as const

/**
 * Reads flags and positionals of one verb; an unknown flag is an error that names the nearest.
 * Where the last positional is `…words`, it takes everything from the first word that is not a flag, or after `--`.
 * `…sessions`, `…hosts`, `…references` and `…ports` take any number of words, with flags between them; they are handed on as the rest.
 */
export function readWords(front: Named, argv: readonly string[], args: ArgsDef): Words {
  const verb = front.name
  const flags: Record<string, string | true> = {}
  const positionals: string[] = []
  const known = Object.entries(args).filter(([, { type }]) => type !== 'positional')
  const places = Object.entries(args).filter(([, { type }]) => type === 'positional')
  const takesRest = places.at(-1)?.[0] === 'words'
  const takesMany = MANY.some((name) => name === places.at(-1)?.[0])
  const before = Math.max(0, places.length - 1)
  const room = takesMany ? Number.POSITIVE_INFINITY : takesRest ? places.length - 1 : places.length
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (word === '--') return finish(argv.slice(index + 1))
    if (!FLAG.test(word)) {
      if (takesRest && positionals.length >= room) return finish(argv.slice(index))
      positionals.push(word)
      continue
    }
    const [name = '', inline] = split(word)
    const match = known.find(([long]) => name === `--${long}`)
    if (match === undefined) throw unknown(name, front, args)
    const [long, definition] = match
    if (definition.type === 'boolean') {
      if (inline !== undefined) throw new PaudeError('usage', `--${long} takes no value`, { hint: `write --${long} alone` })
      flags[long] = true
      continue
    }
    const value = inline ?? argv[++index]
    if (value === undefined || value === '')
      throw new PaudeError('usage', `--${long} needs a value`, { hint: `write --${long}=${definition.valueHint ?? 'VALUE'}` })
    flags[long] = value
  }
  return finish([])

  function finish(rest: readonly string[]): Words {
    if (takesMany) return { flags, positionals: positionals.slice(0, before), rest: [...positionals.slice(before), ...rest] }
    if (!takesRest) positionals.push(...rest)
    if (positionals.length > room)
      throw new PaudeError('usage', `paude ${verb}: one word too many: ${JSON.stringify(positionals[room])}`, {
        hint: `paude help ${verb}`,
      })
    return { flags, positionals, rest: takesRest ? rest : [] }
  }
}

/** What looks like a flag; a text may begin with a dash. */
const FLAG = /^--?[A-Za-z_][\w-]*(=[\s\S]*)?$/

/** Seconds of --timeout; 0 for no limit, which `none` says as for every limit. */
export const readTimeout = (text: string | undefined): number => (text === 'none' ? 0 : readSeconds(text, 0, '--timeout'))

/** Seconds of a flag like --grace or --timeout; whole or with a fraction, at most a week. */
export function readSeconds(text: string | undefined, fallback: number, flag: string): number {
  if (text === undefined || text === '') return fallback
  const seconds = /^\d{1,6}(\.\d{1,3})?s?$/.test(text) ? Number(text.replace('s', '')) : Number.NaN
  if (!(seconds >= 0 && seconds <= 604_800))
    throw new PaudeError('usage', `${flag} must be a number of seconds, found ${JSON.stringify(text)}`, {
      hint: `write ${flag}=10`,
    })
  return seconds
}

function unknown(word: string, front: Named, args: ArgsDef): PaudeError {
  const { name, called, takes } = front
  const own = ownFlags.find((flag) => `--${flag.name}` === word)
  if (own !== undefined && takes[own.name] === undefined) return refusal(own.name, front, args)
  if (own !== undefined)
    return new PaudeError('usage', `${called} takes ${word} before the verb`, {
      hint: `paude ${word} … ${called.replace(/^paude /, '')} …`,
    })
  const known = Object.entries(args).flatMap(([long, { type }]) => (type === 'positional' ? [] : [`--${long}`]))
  const close = nearest(word, known)
  return new PaudeError('usage', `paude ${name}: unknown flag ${word}`, {
    hint: close === null ? `paude help ${name}` : `did you mean ${close}?`,
  })
}

function split(word: string): readonly [string, string?] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}

/** The flag of every verb that acts. */
export const dryRun = { type: 'boolean', description: 'Print the script that would run, and run nothing' } as const
