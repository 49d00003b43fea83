import type { Backend, Helper } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { patiently } from '../../run/patience.ts'
import { capture, type Outcome } from '../../run/process.ts'

/** Characters that are read of an answer. */
const MOST = 64 * 1024

/** Runs a container in which an image's own programs say what is in it, and may say anything for ever; it is gone afterwards, also after Ctrl-C. */
export async function lookInto(
  context: Context,
  backend: Backend,
  { reference, seconds, argv }: { readonly reference: string; readonly seconds: number; readonly argv: (as: Helper) => Argv },
): Promise<Outcome> {
  const container = `paude-probe-${crypto.randomUUID().slice(0, 8)}`
  const words = argv({ container, created: new Date().toISOString() })
  try {
    return await patiently(seconds, (signal) => capture(words, { signal, most: MOST, said: () => undefined }))
  } catch (error) {
    // The end of the engine's client is not that of the container.
    await execute(backend.inventory.removeParts([{ kind: 'container', reference: container }]), context.effects(backend))
    if (!(error instanceof PaudeError) || error.code !== 'timeout') throw error
    throw new PaudeError('timeout', `paude inspected ${reference}, and it did not answer within ${seconds} s`, {
      hint: `check its /bin/sh: paude image check --quick ${reference}`,
    })
  }
}
