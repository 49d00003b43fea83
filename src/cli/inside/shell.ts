import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { execPlan } from '../../session/life/command.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import { isStopped } from '../../session/record/intent.ts'
import { dryRun, session } from '../args.ts'
import { canAsk, readAnswer } from '../config/start-config.ts'
import { PLANS } from '../front-flags.ts'
import { startSession } from '../start/start.ts'
import { verb } from '../verb.ts'
import { furtherArgs, furtherOf, saysHow } from './further.ts'

/** bash where the image has it. */
const SHELL = ['/bin/sh', '-c', 'command -v bash >/dev/null && exec bash || exec sh']

export default verb({
  description: 'Open a shell in a running session',
  details: 'It runs behind the same wall. If no session runs, paude offers a sandbox of its own.',
  caller: 'agent',
  front: PLANS,
  examples: [
    ['paude shell', 'look around in the sandbox'],
    ['paude shell fix-login', 'in the sandbox of another session'],
  ],
  args: {
    session,
    ...furtherArgs,
    'dry-run': dryRun,
  },
  async run(context, given) {
    const { stdin, stdout } = context.host.terminal
    const how = furtherOf(context, given)
    const found = await findSession(context, given.session, 'running').catch((error: unknown) => {
      if (given.session !== undefined || !(error instanceof PaudeError) || error.code !== 'not-found') throw error
      if (!given['dry-run'] && stdout && canAsk(context) && !saysHow(given)) return null
      throw new PaudeError('not-found', error.message, {
        hint: 'open a shell in a sandbox of its own: paude --agent shell',
        cause: error,
      })
    })
    if (found === null) return await shellOfItsOwn(context)
    const { backend, handle } = found
    if (!given['dry-run'] && !(stdin && stdout))
      throw new PaudeError('unsupported', 'paude shell needs a terminal on stdin and stdout', {
        hint: `run one command without a terminal: paude exec ${handle.id} -- COMMAND`,
      })
    const plan = execPlan(backend, handle, SHELL, { terminal: true, stdin: true, ...how })
    // An engine would say it in its own words first.
    if (!given['dry-run'] && isStopped(handle.folder)) await requireRunning(context, { backend, handle })
    const code = await carryOut(context, backend, { plan, dryRun: given['dry-run'] === true })
    if (code !== 0) await requireRunning(context, { backend, handle })
    return code
  },
})

/** The agent of that name: it can be left and attached to as any other. */
async function shellOfItsOwn(context: Context): Promise<number> {
  const answer = readAnswer(
    context,
    'no session is running in this directory; open a shell in a sandbox of its own? [Y/n]: ',
    'n',
  )
  if (!['', 'y', 'yes'].includes(answer)) {
    context.note('paude started nothing')
    return 1
  }
  return await startSession(context, {
    run: { kind: 'agent', words: [] },
    flags: { ...context.flags, agent: 'shell', detach: false },
  })
}
