import type { Backend } from '../../backends/backend.ts'
import { PaudeError } from '../../errors.ts'
import type { SessionRecord } from '../record/record.ts'
import { renewals } from '../record/renewals.ts'

/** Refuses what would be read once and end while the session runs. */
export function refuseUnrenewable(
  { name, wall }: Pick<Backend, 'name' | 'wall'>,
  record: Pick<SessionRecord, 'credentials'>,
): void {
  const [first] = wall === null || wall.renew !== null ? [] : renewals(record)
  if (first !== undefined)
    throw new PaudeError('unsupported', `${name} cannot renew ${first.name} while a session runs`, {
      hint: 'leave out every = …, or choose another backend: paude backends',
    })
}
