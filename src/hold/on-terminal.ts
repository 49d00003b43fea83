import type { Host } from '../host.ts'
import { type Attach, revealed } from '../plan/plan.ts'
import type { Attached } from '../run/process.ts'
import { openPty, type Pty } from '../run/pty.ts'
import { makeScreen } from './screen.ts'
import { openWindow, windowSize } from './window.ts'

/** The program's terminal is one of ours, as a session's is with a holder; but nobody can come back to it, so no keys detach. */
export function onTerminal(host: Host, { argv, env = {} }: Attach, name: string): Attached {
  const screen = makeScreen({ size: windowSize(host), scrollback: 0, name, reply: (text) => pty.write(text) })
  const decoder = new TextDecoder()
  const pty: Pty = openPty(argv, {
    size: windowSize(host),
    more: revealed(env),
    onData: (bytes) => window.paint(Buffer.from(screen.write(decoder.decode(bytes, { stream: true })).clients)),
  })
  const window = openWindow(host)
  const stop = window.listen({
    typed: pty.write,
    resized: () => {
      screen.resize(windowSize(host))
      pty.resize(windowSize(host))
    },
    leave: () => pty.kill('SIGHUP'),
  })
  const exited = pty.exited.finally(() => {
    stop()
    window.close(screen.cut())
  })
  return { exited, kill: pty.kill }
}
