import { constants } from 'node:os'
import type { Argv } from '../plan/plan.ts'
import { inherited, locate } from './environment.ts'
import { within } from './patience.ts'
import { byWay } from './ways.ts'

/** A program on a terminal of its own, which lives as long as the program does. */
export type Pty = {
  readonly write: (bytes: Uint8Array | string) => void
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => void
  readonly kill: (signal: NodeJS.Signals) => void
  /** 128 + n after signal n; by then all that it printed was handed on. */
  readonly exited: Promise<number>
}

export type PtyOptions = {
  readonly size: { readonly columns: number; readonly rows: number }
  /** Variables besides what such a program inherits. */
  readonly more?: Readonly<Record<string, string>>
  readonly onData: (bytes: Uint8Array) => void
}

/** Milliseconds after a program's end in which what it printed is awaited. */
const LAST_WORDS = 500

/** Starts a program on a new terminal. */
export function openPty(argv: Argv, { size, more = {}, onData }: PtyOptions): Pty {
  const [name, ...words] = byWay(argv)
  const program = locate(name)
  if (program === null) throw new Error(`${name} was not found`)
  const { promise: drained, resolve: drain } = Promise.withResolvers<void>()
  const child = Bun.spawn([program, ...words], {
    argv0: name,
    env: inherited(name, { more: { TERM: 'xterm-256color', ...more } }),
    terminal: { cols: size.columns, rows: size.rows, data: (_, bytes) => onData(bytes), exit: () => drain() },
  })
  const { terminal } = child
  if (terminal === undefined) throw new Error('paude could not create a terminal')
  // An engine's client sets this itself, but late: what is typed until then would come with its line ends changed, and echoed.
  terminal.setRawMode(true)
  return {
    write: (bytes) => void terminal.write(bytes),
    resize: ({ columns, rows }) => terminal.resize(columns, rows),
    kill: (signal) => child.kill(signal),
    exited: child.exited.then(async (code) => {
      // Another program may keep the terminal open.
      await within(LAST_WORDS, drained)
      return child.signalCode === null ? code : 128 + (constants.signals[child.signalCode as NodeJS.Signals] ?? 9)
    }),
  }
}
