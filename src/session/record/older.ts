import * as v from 'valibot'
import { usualProvider } from '../../credentials/providers.ts'

/** Of version 1, which knew one credential and its injection. */
const Older = v.looseObject({
  v: v.literal(1),
  injection: v.optional(v.nullable(v.looseObject({ header: v.string() })), null),
  credential: v.optional(v.string(), ''),
  credentialSource: v.optional(v.unknown()),
})

/** A record as it is written now: sessions that an older paude started can be stopped, started again and removed. */
export function ofToday(record: unknown): unknown {
  const older = v.safeParse(Older, record)
  if (!older.success) return record
  const { injection, credential, credentialSource: source, ...rest } = older.output
  // Such a record never was: what it would inject is not known.
  if (injection !== null && credential === '') return record
  return {
    ...rest,
    v: 2,
    injections:
      injection === null
        ? []
        : [{ ...injection, lead: injection.header === 'Authorization' ? 'Bearer' : '', api: usualProvider.api }],
    credentials: credential === '' ? [] : [{ variable: credential, ...(source === undefined ? {} : { source }) }],
  }
}
