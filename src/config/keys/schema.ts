import * as v from 'valibot'
import type { Row } from '../../key.ts'
import { allRows } from '../sections/rows.ts'

/** Every file's sections, and the keys that stand in none. */
const sections = Object.fromEntries(
  [...Map.groupBy(allRows, ([, { key = '' }]) => key.split('.')[0] ?? '')].flatMap(([name, found]) => {
    const inside = found.map(([, row]) => row)
    return name === '' ? [] : [[name, v.optional(inside[0]?.key === name ? schemaOf(inside[0]) : tableOf(inside))] as const]
  }),
)

function schemaOf({ schema, divided }: Row<unknown>): v.GenericSchema {
  return schema?.(v) ?? divided?.(v) ?? v.never()
}

function tableOf(inside: readonly Row<unknown>[]): v.GenericSchema {
  const table = v.strictObject(Object.fromEntries(inside.map((row) => [lastOf(row), v.optional(schemaOf(row))])))
  const names = inside.filter(({ alternative }) => alternative).map(lastOf)
  return names.length === 0
    ? table
    : v.pipe(
        table,
        v.check(
          (found) => names.filter((name) => found[name] !== undefined).length < 2,
          `can have one of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}, and not several`,
        ),
      )
}

function lastOf({ key = '' }: Row<unknown>): string {
  return key.split('.').at(-1) ?? ''
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
