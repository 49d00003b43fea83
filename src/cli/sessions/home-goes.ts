import type { Context } from '../../context.ts'
import type { Found } from '../../session/record/found.ts'
import { readRecords } from '../../session/record/store.ts'
import { configHere } from '../config/config-here.ts'

/** Whether the HOME of a session on a cluster goes with it: your configuration says so, and no other session of this machine has it. */
export async function homeGoes(context: Context, { handle, record }: Pick<Found, 'handle' | 'record'>): Promise<boolean> {
  const { homeVolume, cluster, id } = handle
  if (cluster === undefined || homeVolume === '' || record.version === '') return false
  const { config } = await configHere(context)
  if (config.settings.kubernetesRetention === 'keep') return false
  return !readRecords(context.host).some((other) => other.id !== id && other.homeVolume === homeVolume)
}

/** Says that it went. */
export const noteHomeGone = ({ note }: Pick<Context, 'note'>, volume: string): void =>
  note(`removed the HOME volume ${volume} with it, as kubernetes.retention = "delete" says`)
