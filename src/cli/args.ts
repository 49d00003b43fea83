import type { BooleanArgDef, PositionalArgDef, StringArgDef } from 'citty'
import { PaudeError } from '../errors.ts'

/** What completion can offer in a place: words, or what is looked up when it is asked for. */
export type Offer =
  | readonly string[]
  | 'sessions'
  | 'profiles'
  | 'groups'
  | 'group-names'
  | 'keys'
  /** Of the key in the place before. */
  | 'values'
  | 'verbs'
  /** Verbs and what else has a help: keys, `flags`, `all`. */
  | 'topics'
  | 'files'

type Said = { readonly description: string; readonly offers?: Offer }
/** One letter, where everybody's fingers know it. citty's `alias` may be several, of any length. */
type Letter = { readonly letter?: string }
/** A flag that may be given several times: its values in their order. */
type Many = { readonly many?: true }
type Defined<A extends { type?: string }, K extends keyof A = never> = Readonly<Required<Pick<A, 'type'>> & Pick<A, K>>
/** Flags and places are written as citty defines them, with what ours tell besides. */
export type Flag = Said & Letter & (Defined<BooleanArgDef, 'valueHint'> | (Defined<StringArgDef, 'valueHint'> & Many))

/** A word in its place. Only the last one may be several. */
export type Place = Said &
  Defined<PositionalArgDef, 'required'> & {
    /** Any number of words, with flags between them. */
    readonly many?: true
    /** Everything from its first word on, or after `--`: flags there are not the verb's. */
    readonly rest?: true
    /** Only scripts of ours say it, so no help does. */
    readonly hidden?: true
  }

/** Flags and places of a verb, by name. */
export type Args = Readonly<Record<string, Flag | Place>>

/** What was given for them. */
export type Values<A extends Args = Args> = { readonly [K in keyof A]: string extends K ? Value : ValueOf<A[K]> }
type Value = string | true | readonly string[] | undefined
type ValueOf<A> = A extends { readonly many: true } | { readonly rest: true }
  ? readonly string[]
  : A extends { readonly type: 'boolean' }
    ? true | undefined
    : A extends { readonly required: true }
      ? string
      : string | undefined

export const isPlace = (arg: Flag | Place): arg is Place => arg.type === 'positional'
export const placesOf = (args: Args): readonly (readonly [name: string, place: Place])[] =>
  Object.entries(args).flatMap(([name, arg]) => (isPlace(arg) ? [[name, arg] as const] : []))
export const flagsOf = (args: Args): readonly (readonly [name: string, flag: Flag])[] =>
  Object.entries(args).flatMap(([name, arg]) => (isPlace(arg) ? [] : [[name, arg] as const]))

/** How a place is called in help and errors: HOST for `hosts`. */
export const placeName = (name: string, { many }: Place): string => (many ? name.replace(/s$/, '') : name).toUpperCase()

/** The place of most verbs. */
export const session = {
  type: 'positional',
  description: 'Session (default: the one of this directory)',
  offers: 'sessions',
} as const

export const json = { type: 'boolean', description: 'Print one JSON document' } as const

/** The flag of verbs whose JSON has the revision of a policy, and whose text is for people. */
export const revision = { type: 'boolean', description: 'Also show the revision of the policy' } as const

/** The flag of every verb that acts. */
export const dryRun = { type: 'boolean', description: 'Print the script that would run, and run nothing' } as const

/** Sessions of a verb that takes several. */
export const sessions = {
  type: 'positional',
  many: true,
  description: 'Sessions (default: the one of this directory)',
  offers: 'sessions',
} as const

export const follow = { type: 'boolean', letter: 'f' } as const

/** The flags of every verb that shows a record: its last lines, and those of the last time. */
export const recent = {
  tail: { type: 'string', letter: 'n', valueHint: 'NUMBER', description: 'Show only the last N lines' },
  since: {
    type: 'string',
    valueHint: 'TIME',
    description: 'Show only what is newer than this: 90s, 10m, 2h, 1d, or a time like 2026-01-31T09:00',
  },
} as const

/** The flag of every verb that shows what is kept of sessions that are gone. */
export const lastOne = {
  type: 'boolean',
  description: 'Read a removed session: the last one of this directory, or the one that you name',
} as const

/** The number of --tail; undefined for all. */
export function readTail(text: string | undefined, flag = '--tail'): number | undefined {
  if (text === undefined || text === 'all') return undefined
  if (!/^\d{1,9}$/.test(text))
    throw new PaudeError('usage', `${flag} must be a whole number, found ${JSON.stringify(text)}`, { hint: `write ${flag}=50` })
  return Number(text)
}

/** The ISO time of --since; '' for none. */
export function readSince(text: string | undefined, now = Date.now(), flag = '--since'): string {
  if (text === undefined) return ''
  const [, digits = '', unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? []
  const time =
    digits === ''
      ? /^\d{4}-\d\d-\d\d/.test(text)
        ? Date.parse(text)
        : Number.NaN
      : now - Number(digits) * MILLISECONDS[unit as 's']
  if (Number.isNaN(time))
    throw new PaudeError('usage', `${flag} must be an age or a time, found ${JSON.stringify(text)}`, {
      hint: `write ${flag}=10m, or ${flag}=2026-01-31T09:00`,
    })
  return new Date(time).toISOString()
}

const MILLISECONDS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** The last of what is not older. */
export const latest = <One>(
  all: readonly One[],
  { tail, since }: { readonly tail: number | undefined; readonly since: string },
  timeOf: (one: One) => string,
): readonly One[] => {
  const young = since === '' ? all : all.filter((one) => timeOf(one) >= since)
  return tail === undefined ? young : tail === 0 ? [] : young.slice(-tail)
}

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
