import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { readVariables } from './read-flags.ts'

/** For what a verb that reads has to do first. */
export function refuseDryRun({ env }: Pick<Host, 'env'>, why: string): void {
  const { PAUDE_DRY_RUN } = env
  if (readVariables({ PAUDE_DRY_RUN }).dryRun)
    throw new PaudeError('refused', `PAUDE_DRY_RUN is set, and ${why}`, { hint: 'unset PAUDE_DRY_RUN' })
}
