import { pickBackend } from '../../backends/pick.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { readRecord } from '../../session/record/store.ts'
import { askedOf } from '../../session/resolve/far.ts'
import { refuseBase, refuseDirty } from '../../session/resolve/surroundings.ts'
import { type Made, makeWorktree } from '../../session/worktree/make.ts'
import { removeIfUnused } from '../../session/worktree/remove.ts'

/** Where a start takes place: in what was there, or in a working tree that was made for it. */
type StartPlace = { readonly context: Context; readonly config: Config; readonly made: Made | null }

/** Starts in a working tree of its own where the configuration says so, and takes that back where no session came of it. */
export async function inWorktree(
  context: Context,
  config: Config,
  start: (place: StartPlace) => Promise<number>,
): Promise<number> {
  const { settings } = config
  if (settings.workspaceMode !== 'worktree' || settings.printConfig) return await start({ context, config, made: null })
  refuseDirty(config)
  refuseBase(config)
  if (settings.dryRun)
    throw new PaudeError('unsupported', '--dry-run cannot show a start in a worktree that is not made yet', {
      hint: 'paude --workspace bind --dry-run shows the sandbox',
    })
  const backend = await pickBackend(context.host, askedOf(config))
  const made = await makeWorktree(context, backend, config)
  const place = {
    context: { ...context, host: { ...context.host, cwd: made.directory } },
    // From here on it is a folder like any other.
    config: { ...config, settings: { ...settings, workspaceMode: 'bind' as const, base: '' } },
    made,
  }
  try {
    return await start(place)
  } catch (error) {
    const record = { workspace: made.folder, worktree: made.worktree }
    if (readRecord(context.host, made.id) === null) await removeIfUnused(context, { backend, record })
    throw error
  }
}
