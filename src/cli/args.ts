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
type Defined<A extends { type?: string }, K extends keyof A = never> = Readonly<Required<Pick<A, 'type'>> & Pick<A, K>>
/** Flags and places are written as citty defines them, with what ours tell besides. */
export type Flag = Said & (Defined<BooleanArgDef, 'valueHint'> | Defined<StringArgDef, 'valueHint'>)

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

/** The flag of every verb that acts. */
export const dryRun = { type: 'boolean', description: 'Print the script that would run, and run nothing' } as const

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
