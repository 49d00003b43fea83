import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import { type Check, ok, problem } from '../../backends/check.ts'
import { isolates, pickBackend } from '../../backends/pick.ts'
import { titleOf } from '../../box/remote.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { askedOf } from '../../session/resolve/far.ts'
import { startSession } from '../start/start.ts'

const TRIED = 'a start, tried'

/**
 * Starts a sandbox with `true` in an empty folder on the engine that a start takes, and removes it: its images are built or pulled, it has a
 * workspace, and its wall is proved before anything runs.
 */
export async function tryStart(context: Context, config: Config): Promise<readonly Check[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-try-')))
  const host = { ...context.host, cwd: folder, terminal: { ...context.host.terminal, stdin: false, stdout: false } }
  try {
    const backend = await pickBackend(host, askedOf(config))
    if (!isolates(backend)) return []
    const name = titleOf(backend.name, backend.remote)
    const code = await startSession(
      // What a start tells of its settings is no finding.
      { ...context, host, note: () => undefined },
      {
        run: { kind: 'command', argv: ['true'] },
        flags: {
          ...context.flags,
          ...askedFor(config),
          network: 'restricted',
          workspaceMode: modeOn(backend),
          waitRemoval: true,
        },
      },
    )
    return [triedCheck(name, code)]
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
    return [problem(TRIED, error.message, error.hint)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The project whose file may have named the engine is not where the trial is. */
const askedFor = ({ settings: { backend } }: Config) => ({ backend })

const modeOn = ({ can }: Pick<Backend, 'can'>) => (can.transports.includes('volume') ? 'none' : 'bind')

/** What the exit code of `true` in a new sandbox tells. */
export const triedCheck = (name: string, code: number): Check =>
  code === 0
    ? ok(TRIED, `${name} started a sandbox behind a wall that was proved, and removed it again`)
    : problem(
        TRIED,
        `a sandbox on ${name} ended with exit code ${code}`,
        `paude --backend ${name} --verbose run --workspace none -- true`,
      )
