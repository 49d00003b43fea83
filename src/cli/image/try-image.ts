import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { checkTrial, FOUND_FILE, failedTrial, TRIAL } from '../../image/check-start.ts'
import type { Check } from '../../image/checked.ts'
import { layRepository } from '../../run/lay-repository.ts'
import { readSmall } from '../../workspace/paths.ts'
import { startSession } from '../start/start.ts'
import { inTrialFolder } from '../start/trial.ts'

/**
 * What a sandbox from an image can do with a project, tried as `paude run` would, in an empty repository that is gone afterwards. Without
 * `image` it is the image of a start here.
 */
export const tryImage = (
  context: Context,
  { backend, image }: { readonly backend: Backend; readonly image: string | undefined },
): Promise<readonly Check[]> =>
  inTrialFolder<readonly Check[]>(
    context,
    async (trial, folder) => {
      layRepository(folder)
      const code = await startSession(trial, {
        run: { kind: 'command', argv: TRIAL },
        flags: {
          ...context.flags,
          ...(image === undefined ? {} : { image }),
          backend: backend.name,
          network: 'none',
          workspaceMode: 'bind',
          waitRemoval: true,
        },
      })
      const file = join(folder, FOUND_FILE)
      const text = readSmall(file)
      const { uid, home } = trial.host
      return checkTrial({ code, text, isOwn: text !== null && statSync(file).uid === uid, home })
    },
    ({ message, hint }) => [failedTrial(message, hint)],
  )
