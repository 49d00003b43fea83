import type { GenericSchema } from 'valibot'

/**
 * One thing that paude can be told: everything about it stands in its row, and all tables are made of the rows.
 * `Value` is what a start is given, `Name` that of its flags.
 */
export type Row<Value, Name extends string = string> = Facts<Value, Name> & {
  /** What holds when nobody says anything. */
  readonly initial: Value
  /** How its value stands in a file, where its kind does not say that. */
  readonly schema?: (v: Valibot) => GenericSchema<unknown, Value>
}

export type Facts<Value, Name extends string> = {
  /** What of it in a project's file needs your approval, and what exceeds the managed file. */
  readonly rule: Rule
  /** Name in the files, with dots: `network.allow`. */
  readonly key?: string
  /** Name by which it is shown where no file of ours says it. */
  readonly label?: string
  /** What it is for: a line of the reference, and of what editors show. */
  readonly meaning?: string
  /** The same of the keys below it, where its value is a table. */
  readonly parts?: Readonly<Record<string, string>>
  /** In place of `schema`, for a key whose value is divided among several rows: the value of each, by its name. */
  readonly divided?: (v: Valibot) => GenericSchema<unknown, Readonly<Record<string, unknown>>>
  /** Reads a value, or each entry of a list, as a start does: what it throws no file may say either. */
  readonly read?: (value: string, key: string) => unknown
  /** The only values there are. */
  readonly words?: readonly Value[]
  readonly flags?: readonly Flag<Name>[]
  /** Name of the variable PAUDE_… that says it, where no flag does. */
  readonly variable?: string
  /** A variable of another program's that says it as well, and before PAUDE_…. */
  readonly foreignVariable?: string
  /** Refuses a value of a flag or variable at once; `where` names it. */
  readonly insist?: (value: string, where: string) => void
  /** Of these keys of a section a file has one, and a stronger file's takes the place of another's. */
  readonly alternative?: true
  /** Why a project's file, or the managed one, cannot have it. */
  readonly notIn?: { readonly project?: string; readonly managed?: string }
  /**
   * Where a start falls back to this machine's own agent: `free` promises nothing that only a box keeps; by what `closes` a start is
   * refused there also when a project says it, by all else when you typed it.
   */
  readonly withoutBox?: 'free' | 'closes'
  /** The text that two spellings of one value have in common; it is also what you are shown. */
  readonly held?: (text: string) => string
}

/**
 * What opens the box: every value that is not the same, a value further right, a limit that is higher, every entry that is new,
 * or nothing (`closes`). What is `own` stands in no file of a project and, but for the provider's address, in no managed one.
 */
export type Rule =
  | 'differs'
  | { readonly order: readonly string[] }
  | { readonly limit: (text: string) => number }
  | 'adds'
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
  schema: (v) =>
    v.pipe(
      v.boolean(),
      v.transform((on) => `${on}` as const),
    ),
  ...facts,
})

export const text = (v: Valibot) => v.pipe(v.string(), v.nonEmpty('must not be empty'))
export const texts = (v: Valibot) => v.array(text(v))
export const numeral = (v: Valibot) =>
  v.union([text(v), v.pipe(v.number(), v.transform(String))], 'must be a number or a text like "2"')

/** Whether a reader takes a text. */
export const takenBy = (read: (value: string) => unknown) => (value: string) => {
  try {
    read(value)
    return true
  } catch {
    return false
  }
}
