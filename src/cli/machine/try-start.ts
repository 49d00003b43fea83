import type { Backend } from '../../backends/backend.ts'
import { type Check, ok, problem } from '../../backends/check.ts'
import { isolates, pickBackend } from '../../backends/pick.ts'
import { titleOf } from '../../box/remote.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { askedOf } from '../../session/resolve/far.ts'
import { startSession } from '../start/start.ts'
import { inTrialFolder } from '../start/trial.ts'

const TRIED = 'a start, tried'

/**
 * Starts a sandbox with `true` in an empty folder on the engine that a start takes, and removes it: its images are built or pulled, it has a
 * workspace, and its wall is proved before anything runs.
 */
export const tryStart = (context: Context, config: Config): Promise<readonly Check[]> =>
  inTrialFolder<readonly Check[]>(
    context,
    async (trial) => {
      const backend = await pickBackend(trial.host, askedOf(config))
      if (!isolates(backend)) return []
      const code = await startSession(
        // What a start tells of its settings is no finding.
        { ...trial, note: () => undefined },
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
      return [triedCheck(titleOf(backend.name, backend.remote), code)]
    },
    ({ message, hint }) => [problem(TRIED, message, hint)],
  )

/** The project whose file may have named the engine is not where the trial is. */
const askedFor = ({ settings: { backend } }: Config) => ({ backend })

const modeOn = ({ can }: Pick<Backend, 'can'>) => (can.transports.includes('volume') ? 'none' : 'bind')

/** What the exit code of `true` in a new sandbox tells. */
const triedCheck = (name: string, code: number): Check =>
  code === 0
    ? ok(TRIED, `${name} started a sandbox behind a wall that was proved, and removed it again`)
    : problem(
        TRIED,
        `a sandbox on ${name} ended with exit code ${code}`,
        `paude --backend ${name} --verbose run --workspace none -- true`,
      )
