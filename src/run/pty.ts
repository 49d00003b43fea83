import type { Argv } from '../plan/plan.ts'
import { inherited, locate } from './environment.ts'

/** A program on a terminal of its own, which lives as long as the program does. */
export type Pty = {
  readonly write: (bytes: Uint8Array | string) => void
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => void
  /** 128 + n after signal n. */
  readonly exited: Promise<number>
}

export type PtyOptions = {
  readonly size: { readonly columns: number; readonly rows: number }
  readonly onData: (bytes: Uint8Array) => void
}

/** Starts a program on a new terminal. */
export function openPty([name, ...words]: Argv, { size, onData }: PtyOptions): Pty {
  const program = locate(name)
  if (program === null) throw new Error(`${name} was not found`)
  const child = Bun.spawn([program, ...words], {
    argv0: name,
    env: inherited(name, { more: { TERM: 'xterm-256color' } }),
    terminal: { cols: size.columns, rows: size.rows, data: (_, bytes) => onData(bytes) },
  })
  const { terminal } = child
  if (terminal === undefined) throw new Error('no terminal could be made')
  // An engine's client sets this itself, but late: what is typed until then would come with its line ends changed, and echoed.
  terminal.setRawMode(true)
  return {
    write: (bytes) => void terminal.write(bytes),
    resize: ({ columns, rows }) => terminal.resize(columns, rows),
    exited: child.exited.then((code) => (child.signalCode === null ? code : 128 + 9)),
  }
}
