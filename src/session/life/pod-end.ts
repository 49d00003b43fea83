import type { Context } from '../../context.ts'
import { KILLED, TERMINATED } from '../../run/process.ts'
import type { Found } from '../record/found.ts'
import { isStopped } from '../record/intent.ts'

/** Says of a session on a cluster that its pod was ended and not its agent: a drained node, an eviction and a deleted pod look alike from here. */
export function warnOfPod(
  { warn }: Pick<Context, 'warn'>,
  { handle, record }: Pick<Found, 'handle' | 'record'>,
  code: number,
): void {
  if (record.cluster === undefined || (code !== TERMINATED && code !== KILLED) || isStopped(handle.folder)) return
  const name = record.name || record.id
  warn(
    `the cluster ended the pod of session ${name}, as when its node is drained or evicts it, or the pod is deleted${code === KILLED ? ' or uses more memory than it may' : ''}; workspace and HOME are kept: paude stop ${name} && paude start ${name} continues`,
  )
}
