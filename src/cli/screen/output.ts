import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { patiently } from '../../run/patience.ts'
import { attach, lines } from '../../run/process.ts'
import { watchBeside } from '../../session/life/alarm-here.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/new-executables.ts'
import { readAlarm } from '../../session/record/alarm.ts'
import { findPast, type Past } from '../../session/record/past.ts'
import { follow, lastOne, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { drain, drainToEnd, openKept, openPrinted, safeSink } from './out-copy.ts'

export default verb({
  description: 'Print the answer of a session in the background',
  details: "It prints both streams unchanged and exits with the agent's exit code.",
  caller: 'agent',
  front: READS,
  examples: [
    ['paude output b7k', "its output, byte for byte, with the agent's exit code"],
    ['paude output b7k --follow', 'and wait for the rest'],
    ['paude output --last', 'of the last session here, also a removed one'],
  ],
  args: {
    session,
    follow: { ...follow, description: 'While it is running: continue to its end' },
    last: lastOne,
  },
  async run(context, given) {
    if (given.last && given.follow)
      throw new PaudeError('usage', '--last and --follow cannot be combined', { hint: 'leave one of them out' })
    if (given.last) return await pastOutput(context, findPast(context.host, given.session))
    const session = await findSession(context, given.session, undefined, 'paude output')
    const { backend, handle, record } = session
    if (record.terminal)
      throw new PaudeError('unsupported', `session ${handle.id} has a screen, not an answer`, {
        hint: `paude logs ${handle.id}`,
      })
    const state = await ask(backend.life.state(handle), context.effects(backend))
    const alarm = state.status === 'paused' ? readAlarm(handle.folder) : null
    if (alarm !== null && !given.follow)
      throw new PaudeError('refused', `session ${handle.id} is paused: ${alarm.text}`, { hint: `paude review ${handle.id}` })
    if (state.status !== 'exited' && !given.follow)
      throw new PaudeError('refused', `session ${handle.id} has not ended yet`, {
        hint: `paude output --follow ${handle.id}, or paude wait ${handle.id} first`,
      })
    const unwatch = state.status === 'exited' ? () => undefined : watchBeside(context, session)
    const all = openPrinted(handle.folder)
    // Started in the foreground, and left behind: only the engine has it.
    if (all === null) {
      const argv = backend.life.logs(handle, { follow: given.follow === true })
      const sink = safeSink(context.host)
      if (context.host.terminal.stdout) for await (const line of lines(argv)) sink(1, Buffer.from(`${line}\n`))
      else await attach(argv, { stdin: false, terminal: false }).exited
      unwatch()
      warnOnce(context, session)
      return (await ask(backend.life.state(handle), context.effects(backend))).exitCode
    }
    try {
      const code = await drainToEnd(context, session, { all, sink: safeSink(context.host) })
      warnOnce(context, session)
      return code
    } finally {
      unwatch()
      for (const { file } of all) file.close()
    }
  },
})

/** What is kept of the answer of a session that is gone. */
async function pastOutput(context: Context, { record: { id, terminal }, folder, code, cut }: Past): Promise<number> {
  if (terminal)
    throw new PaudeError('unsupported', `session ${id} had a screen, not an answer`, { hint: `paude logs --last ${id}` })
  const all = openKept(folder)
  try {
    if (code === null && all.length === 0)
      throw new PaudeError('not-found', `paude has no output of ${id}: it went to your terminal or your pipe`, {
        hint: 'paude --detach -p … keeps it',
      })
    if (cut) context.warn('only the end of its output is kept')
    const wanted = await patiently(0, (signal) => drain(all, { sink: safeSink(context.host), signal }))
    if (!wanted) return 141
  } finally {
    for (const { file } of all) file.close()
  }
  if (code !== null) return code
  throw new PaudeError('never', `session ${id} was removed before it ended, so it has no exit code`)
}
