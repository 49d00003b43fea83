import * as v from 'valibot'
import { usualProvider } from '../../credentials/providers.ts'

/** Of version 1, which knew one credential and its injection. */
const First = v.looseObject({
  v: v.literal(1),
  injection: v.optional(v.nullable(v.looseObject({ header: v.string() })), null),
  credential: v.optional(v.string(), ''),
  credentialSource: v.optional(v.unknown()),
})

/** Of version 2, whose boxes had a third container. */
const Second = v.looseObject({ v: v.literal(2), network: v.string() })

/** A record as it is written now: sessions that an older paude started can be stopped, started again and removed. */
export const ofToday = (record: unknown): unknown => third(second(record))

function second(record: unknown): unknown {
  const older = v.safeParse(First, record)
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

function third(record: unknown): unknown {
  const older = v.safeParse(Second, record)
  return older.success ? { ...older.output, v: 3, link: older.output.network === 'none' ? 'none' : 'gate' } : record
}
