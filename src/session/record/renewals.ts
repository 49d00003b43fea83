import { type OfCodex, type Printed, renewedEvery } from '../../credentials/source.ts'
import type { SessionRecord } from './record.ts'

/** One source whose value is renewed, and where a session has it: places of its credentials, from 0. */
export type Renewal = {
  readonly source: Printed | OfCodex
  /** What it is called, for people. */
  readonly name: string
  /** Seconds. */
  readonly every: number
  readonly places: readonly { readonly at: number; readonly user: string }[]
}

/** Pure: what of a session's credentials is renewed while it runs. */
export function renewals({ credentials }: Pick<SessionRecord, 'credentials'>): readonly Renewal[] {
  const all = credentials.flatMap(({ variable, source = '', bound }, at) => {
    const every = renewedEvery(source)
    return every === 0
      ? []
      : [
          {
            source: source as Renewal['source'],
            name: bound === undefined ? variable : `credentials.${bound.name}`,
            every,
            at,
            user: bound?.user ?? '',
          },
        ]
  })
  return [...Map.groupBy(all, keyOf).values()].flatMap((same) =>
    same
      .slice(0, 1)
      .map(({ source, name, every }) => ({ source, name, every, places: same.map(({ at, user }) => ({ at, user })) })),
  )
}

/** The same source at the same pace is asked once for all sessions of the machine. */
export const keyOf = ({ source }: Pick<Renewal, 'source'>): string =>
  JSON.stringify('codex' in source ? [source.codex, source.part] : [source.command, source.every])
