import { sizeText } from '../../box/limits.ts'
import type { Context } from '../../context.ts'
import { ask } from '../../run/ask.ts'
import { KILLED } from '../../run/process.ts'
import type { Found } from '../record/found.ts'

/** Says of a session that has ended so that it reached its limit of memory, where its backend says so. To be asked before its box goes. */
export async function warnOfMemory(context: Context, { backend, handle, record }: Found, code: number): Promise<void> {
  const limit = record.limits?.memory ?? 0
  if (code !== KILLED || limit === 0) return
  const state = await ask(backend.life.state(handle), context.effects(backend)).catch(() => null)
  if (state?.outOfMemory)
    context.warn(
      `the session ended because it reached its memory limit (${sizeText(limit)}); to give it more: paude --memory SIZE, or limits.memory in config.toml`,
    )
}
