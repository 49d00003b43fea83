import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { checkTrial, FOUND_FILE, failedTrial, TRIAL } from '../../image/check-start.ts'
import type { Check } from '../../image/checked.ts'
import { readSmall } from '../../workspace/paths.ts'
import { startSession } from '../start/start.ts'

/**
 * What a sandbox from an image can do with a project, tried as `paude run` would, in an empty repository that is gone afterwards. Without
 * `image` it is the image of a start here.
 */
export async function tryImage(
  context: Context,
  { backend, image }: { readonly backend: Backend; readonly image: string | undefined },
): Promise<readonly Check[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-image-')))
  const host = { ...context.host, cwd: folder, terminal: { ...context.host.terminal, stdin: false, stdout: false } }
  try {
    layRepository(folder)
    const code = await startSession(
      { ...context, host },
      {
        run: { kind: 'command', argv: TRIAL },
        flags: {
          ...context.flags,
          ...(image === undefined ? {} : { image }),
          backend: backend.name,
          network: 'none',
          workspaceMode: 'bind',
          waitRemoval: true,
        },
      },
    )
    const file = join(folder, FOUND_FILE)
    const text = readSmall(file)
    return checkTrial({ code, text, isOwn: text !== null && statSync(file).uid === host.uid, home: host.home })
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
    return [failedTrial(error.message, error.hint)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** As little as makes a folder a repository to git. */
function layRepository(folder: string): void {
  for (const path of ['.git/objects', '.git/refs/heads']) mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, '.git/HEAD'), 'ref: refs/heads/main\n')
  writeFileSync(join(folder, '.git/config'), '[core]\n\trepositoryformatversion = 0\n')
}
