import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { attach, lines } from '../../run/process.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/new-executables.ts'
import { follow, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { drainToEnd, openPrinted, safeSink } from './out-copy.ts'

export default verb({
  description: 'Print the answer of a session in the background',
  details: "It prints both streams unchanged and exits with the agent's exit code.",
  caller: 'agent',
  front: READS,
  examples: [
    ['paude output b7k', "its output, byte for byte, with the agent's exit code"],
    ['paude output b7k --follow', 'and wait for the rest'],
  ],
  args: {
    session,
    follow: { ...follow, description: 'While it is running: continue to its end' },
  },
  async run(context, given) {
    const session = await findSession(context, given.session)
    const { backend, handle, record } = session
    if (record.terminal)
      throw new PaudeError('unsupported', `session ${handle.id} has a screen, not an answer`, {
        hint: `paude logs ${handle.id}`,
      })
    const state = await ask(backend.life.state(handle), context.effects(backend))
    if (state.status !== 'exited' && !given.follow)
      throw new PaudeError('refused', `session ${handle.id} has not ended yet`, {
        hint: `paude output --follow ${handle.id}, or paude wait ${handle.id} first`,
      })
    const all = openPrinted(handle.folder)
    // Started in the foreground, and left behind: only the engine has it.
    if (all === null) {
      const argv = backend.life.logs(handle, { follow: given.follow === true })
      const sink = safeSink(context.host)
      if (context.host.terminal.stdout) for await (const line of lines(argv)) sink(1, Buffer.from(`${line}\n`))
      else await attach(argv, { stdin: false, terminal: false }).exited
      warnOnce(context, session)
      return (await ask(backend.life.state(handle), context.effects(backend))).exitCode
    }
    try {
      const code = await drainToEnd(context, session, { all, sink: safeSink(context.host) })
      warnOnce(context, session)
      return code
    } finally {
      for (const { file } of all) file.close()
    }
  },
})
