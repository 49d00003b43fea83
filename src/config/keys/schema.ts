import * as v from 'valibot'
import type { Row, Valibot } from '../../key.ts'
import { allRows } from '../sections/rows.ts'

/** Not the whole of valibot, which would take every start 2 ms. */
const USED: Valibot = {
  array: v.array,
  boolean: v.boolean,
  check: v.check,
  guard: v.guard,
  integer: v.integer,
  maxValue: v.maxValue,
  minLength: v.minLength,
  minValue: v.minValue,
  nonEmpty: v.nonEmpty,
  number: v.number,
  optional: v.optional,
  picklist: v.picklist,
  pipe: v.pipe,
  rawCheck: v.rawCheck,
  record: v.record,
  regex: v.regex,
  strictObject: v.strictObject,
  string: v.string,
  transform: v.transform,
  union: v.union,
}

/** The sections of every file, and the keys that stand in none, in the order of the rows. */
const sections = Object.fromEntries(
  Object.entries(bySection()).map(([name, inside]) => [name, v.optional(sectionOf(name, inside))]),
)

function bySection(): Readonly<Record<string, readonly Row<unknown>[]>> {
  const found: Record<string, readonly Row<unknown>[]> = {}
  for (const [, row] of allRows) {
    const [name] = row.key?.split('.') ?? []
    if (name !== undefined) found[name] = [...(found[name] ?? []), row]
  }
  return found
}

function sectionOf(section: string, inside: readonly Row<unknown>[]): v.GenericSchema {
  const alone = inside.find(({ key }) => key === section)
  if (alone !== undefined) return schemaOf(alone)
  const nameOf = ({ key = '' }: Row<unknown>) => key.slice(section.length + 1)
  const table = v.strictObject(Object.fromEntries(inside.map((row) => [nameOf(row), v.optional(schemaOf(row))])))
  const names = inside.filter(({ alternative }) => alternative).map(nameOf)
  if (names.length === 0) return table
  return v.pipe(
    table,
    v.check(
      (found) => names.filter((name) => found[name] !== undefined).length < 2,
      `can have only one of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`,
    ),
  )
}

function schemaOf({ schema, divided }: Row<unknown>): v.GenericSchema {
  return schema?.(USED) ?? divided?.(USED) ?? v.never()
}

/** What holds always, or with a profile, by section. */
const Profile = v.strictObject(sections)

/** Every file of configuration: the user's, a project's, the managed one. Every key optional, no key unknown. */
export const ConfigFile = v.strictObject({
  version: v.optional(v.number()),
  ...sections,
  profiles: v.optional(
    v.record(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]*$/, 'must be a name of lower-case letters, digits and -')), Profile),
  ),
})
export type Profile = v.InferOutput<typeof Profile>
