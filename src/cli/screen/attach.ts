import { released } from '../../box/owner.ts'
import { PaudeError } from '../../errors.ts'
import { execute } from '../../run/execute.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { copyNews, noteCopies } from '../../session/life/copies.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import { requireHolder, terminalSettings } from '../../session/life/holder.ts'
import { findNewExecutables, warnOfNewExecutables, warnOnce } from '../../session/life/new-executables.ts'
import { attachPlan } from '../../session/life/plans.ts'
import { warnOfPod } from '../../session/life/pod-end.ts'
import { warnOfFault } from '../../session/life/provider-watch.ts'
import { readKept } from '../../session/record/kept.ts'
import { dryRun, session } from '../args.ts'
import { alsoTaking, PLANS, taking } from '../front-flags.ts'
import { afterSession } from '../sessions/ask-review.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Attach this terminal to a running session',
  caller: 'agent',
  front: alsoTaking(PLANS, taking('detach-keys', 'profile')),
  examples: [
    ['paude attach', 'the session of this directory'],
    ['paude attach fix-login', 'by its name'],
    ['paude attach b7k', 'by the start of its id; Ctrl-P Ctrl-Q detaches'],
  ],
  args: {
    session,
    'read-only': { type: 'boolean', description: 'Only look: your keys and your terminal size have no effect' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const found = await findSession(context, given.session, 'running')
    const { backend, handle, record } = found
    if (given['dry-run']) return carryOut(context, backend, { plan: attachPlan(backend, handle), dryRun: true })
    const { terminal } = context.host
    if (!terminal.stdin || !terminal.stdout)
      throw new PaudeError('unsupported', 'paude attach needs a terminal on stdin and stdout', {
        hint: `paude ${handle.terminal ? 'screen' : 'logs'} ${handle.id}`,
      })
    if (!handle.terminal)
      throw new PaudeError('unsupported', `session ${handle.id} has no screen`, {
        hint: `paude logs ${handle.id}`,
      })
    const [settings, { view }] = await Promise.all([terminalSettings(context), import('../../hold/launch.ts')])
    await requireHolder(context, found)
    await execute(released(handle.folder), context.effects(backend))
    let signalled = 0
    const left = await view(context.host, handle, { ...settings, readOnly: given['read-only'] === true }, (leave) => {
      // Whoever ends this client, or closes its terminal, does not mean the agent.
      for (const [signal, code] of [
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const)
        process.on(signal, () => {
          signalled = code
          leave()
        })
    })
    if (left.how === 'detached') {
      context.note(`detached; the session keeps running: paude attach ${handle.id}`)
      warnOfFault(context, handle.folder)
      warnOnce(context, found)
      return signalled
    }
    if (left.how === 'lost') {
      await requireRunning(context, found)
      throw new PaudeError('command-failed', `paude lost the terminal of session ${handle.id} several times`, {
        hint: `paude attach ${handle.id}`,
      })
    }
    context.note(`session ${handle.id} ended with exit code ${left.code}`)
    warnOfPod(context, found, left.code)
    warnOfFault(context, handle.folder)
    const kept = readKept(handle.folder)
    const planted = findNewExecutables(record, kept)
    warnOfNewExecutables(context, planted)
    if (kept !== null) afterSession(context, { record, folder: handle.folder, kept, planted })
    await noteCopies(context, copyNews(record, handle.folder))
    return left.code
  },
})
