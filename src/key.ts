import type { GenericSchema } from 'valibot'

/**
 * One setting: everything about it stands in its row, and every table is made of the rows.
 * `Value` is the type that a start gets, `Name` the names of its flags.
 */
export type Row<Value, Name extends string = string> = Facts<Value, Name> & {
  /** The default. */
  readonly initial: Value
  /** What a file may hold. */
  readonly schema?: (v: Valibot) => GenericSchema<unknown, Value>
}

export type Facts<Value, Name extends string> = {
  /** What needs your approval in a project's file, and what exceeds the managed file. */
  readonly rule: Rule
  /** Name in files, with dots: `network.allow`. */
  readonly key?: string
  /** Name that is shown where no file of paude's sets it. */
  readonly label?: string
  /** One line for the reference and for editors. */
  readonly meaning?: string
  /** What holds where nobody set it, where that is more than the default value. */
  readonly unset?: string
  /** Meanings of the keys below it, where the value is a table. */
  readonly parts?: Readonly<Record<string, string>>
  /** In place of `schema`, for a key that sets several rows: returns their values by setting. */
  readonly divided?: (v: Valibot) => GenericSchema<unknown, Readonly<Record<string, unknown>>>
  /** Reads a value, or each entry of a list, as a start does. A value that it refuses is an error in the file. */
  readonly read?: (value: string, key: string) => unknown
  /** The only values there are. */
  readonly words?: readonly Value[]
  readonly flags?: readonly Flag<Name>[]
  /** Variable of a setting without a flag: `agent` is PAUDE_AGENT. */
  readonly variable?: string
  /** Its entries may hold commas: in a variable each has a line. */
  readonly lines?: true
  /** Refuses a text that a flag or variable gives; `where` names which. */
  readonly refuse?: (value: string, where: string) => void
  /** A file has at most one of the alternatives of a section, which replaces that of a weaker file. */
  readonly alternative?: true
  /** Why a value of a project's file is dangerous, in a few words; without it, the value only lets the agent reach or use more. */
  readonly danger?: string
  /** Why a project's file, or the managed one, cannot have it. */
  readonly notIn?: { readonly project?: string; readonly managed?: string }
  /** The only words that a project's file can have, and why. */
  readonly projectMay?: { readonly words: readonly string[]; readonly why: string }
  /**
   * What becomes of it when a start falls back to this machine's own agent. `free`: it promises nothing there. `closes`: the start is
   * refused, also when only a project sets it. Neither: the start is refused when you typed it.
   */
  readonly withoutBox?: 'free' | 'closes'
  /** It means something, too, for an agent that you chose to run on this machine itself. What does not is refused there. */
  readonly onHost?: true
  /** One spelling for all that mean the same: it is compared, and shown to you. */
  readonly held?: (text: string) => string
}

/**
 * What opens the box: every value that is not the same, a value further right, a limit that is higher, every entry that is new,
 * every entry (`each`, where one means something only behind the others), or nothing (`closes`). What is `own` stands in no file of a project and, but for the provider's address, in no managed one.
 */
export type Rule =
  | 'differs'
  | { readonly order: readonly string[] }
  | { readonly limit: (text: string) => number }
  | 'adds'
  | 'each'
  | 'closes'
  | 'own'

/** A flag that says a row's value. A switch takes no value, a list may be repeated: both follow from the value. */
export type Flag<Name extends string = string> = {
  readonly name: Name
  /** Place in the help: the lower first, those of one rank in the order of their rows. */
  readonly rank: number
  readonly description: string
  readonly valueHint?: string
  /** Whether commas divide the entries of a list. */
  readonly commas?: true
  /** What it sets alone; with `switch` it takes no value at all. */
  readonly sets?: string
  readonly switch?: true
  /** Words that a switch takes behind `=`, in place of true. */
  readonly also?: readonly string[]
  /** A value behind which `=` may give one of another row. */
  readonly more?: { readonly value: string; readonly key: string }
  /** The only values with which a flag is paude's: with another one it is the agent's, as every word that follows. */
  readonly onlyWith?: readonly string[]
  /** Values behind which `@NAME` may stand, for one of several. */
  readonly at?: readonly string[]
  /** Another flag of the row has the variable. */
  readonly alias?: true
}

/** What rows need of valibot. It is handed in where files are read: rows are loaded without a file, too, and the library need not be. */
export type Valibot = Pick<
  typeof import('valibot'),
  | 'array'
  | 'boolean'
  | 'check'
  | 'guard'
  | 'integer'
  | 'maxValue'
  | 'minLength'
  | 'minValue'
  | 'nonEmpty'
  | 'number'
  | 'optional'
  | 'picklist'
  | 'pipe'
  | 'rawCheck'
  | 'record'
  | 'regex'
  | 'strictObject'
  | 'string'
  | 'transform'
  | 'union'
>

/** What refuses a value that a file's schema may let through. */
export const readerOf = ({
  read,
  rule,
}: Pick<Row<unknown>, 'read' | 'rule'>): ((value: string, key: string) => unknown) | undefined =>
  read ?? (typeof rule === 'object' && 'limit' in rule ? rule.limit : undefined)

export const row = <Value, const Name extends string = never>(facts: Row<Value, Name>): Row<Value, Name> => facts

/** A row with one of these words for a value. */
export const oneWord = <const Word extends string, const Name extends string = never>(
  words: readonly Word[],
  facts: Facts<NoInfer<Word>, Name> & Pick<Row<NoInfer<Word>>, 'initial' | 'schema'>,
): Row<Word, Name> => ({ words, schema: (v) => v.picklist(words), ...facts })

/** A part of the hardening: true or false in files, and kept as the word. Only `false` opens. */
export const safeguard = <const Name extends string = never>(
  facts: Omit<Facts<`${boolean}`, Name>, 'rule'> & { readonly flags: readonly Flag<Name>[] },
): Row<`${boolean}`, Name> => ({
  initial: 'true',
  words: ['true', 'false'],
  rule: { order: ['true', 'false'] },
  schema: truth,
  ...facts,
})

/** true or false in files, kept as the word. */
export const truth = (v: Valibot) =>
  v.pipe(
    v.boolean(),
    v.transform((on) => `${on}` as const),
  )

export const text = (v: Valibot) => v.pipe(v.string(), v.nonEmpty('must not be empty'))
export const texts = (v: Valibot) => v.array(text(v))
export const numeral = (v: Valibot) =>
  v.union([text(v), v.pipe(v.number(), v.transform(String))], 'must be a number or a string like "2"')

/** Whether a reader takes a text. */
export const takenBy = (read: (value: string) => unknown) => (value: string) => {
  try {
    read(value)
    return true
  } catch {
    return false
  }
}
