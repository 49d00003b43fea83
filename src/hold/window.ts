import { writeSync } from 'node:fs'
import type { Host } from '../host.ts'
import { setTerminal } from '../run/process.ts'

/** In cells. */
export type WindowSize = { readonly columns: number; readonly rows: number }

/** Size for an agent that starts while no terminal looks. */
const UNSEEN: WindowSize = { columns: 120, rows: 40 }

export function windowSize({ terminal }: Host): WindowSize {
  if (!terminal.stdout) return UNSEEN
  const [columns, rows] = process.stdout.getWindowSize()
  return columns > 1 && rows > 1 ? { columns, rows } : UNSEEN
}

type Hands = {
  readonly typed: (bytes: Uint8Array) => void
  readonly resized: () => void
  readonly leave: () => void
}

/** What our own terminal is told when it is left, whatever it was told before: the agent never gets to clean up. */
const LEAVE = [
  '?1049h ?1049l ?1000l ?1002l ?1003l ?1005l ?1006l ?1015l ?1004l ?2004l ?2026l ?1l ?5l ?12l ?45l ?66l ?7h ?25h 4l 20l'
    .split(' ')
    .map((mode) => `\x1b[${mode}`)
    .join(''),
  '\x1b7\x1b[r\x1b8', // the whole screen scrolls again
  '\x1b[<16u\x1b[>4;0m\x1b[0 q\x1b[0m\x1b(B\x0f\x1b]8;;\x1b\\',
].join('')
/** An empty title gives the terminal its own back. */
const UNTITLE = '\x1b]0;\x07'

/** What a terminal was told. */
type Told = {
  /** Anything but text. */
  readonly painted: boolean
  readonly titled: boolean
  /** The agent paints the alternate screen: leaving that brings the shell's own lines back. */
  readonly alternate: boolean
  /** It has counted lines from a margin. */
  readonly origin: boolean
}

/** Our own terminal, raw while it shows an agent. */
export function openWindow({ terminal, env }: Host) {
  let told: Told = { painted: false, titled: false, alternate: false, origin: false }
  const giveBack = (below: boolean) => {
    if (told.painted && terminal.stdout && env['TERM'] !== 'dumb') writeWhole(1, Buffer.from(farewell(told, below)))
    if (terminal.stdin)
      try {
        process.stdin.setRawMode(false)
      } catch {}
  }
  takeOver(terminal)
  return {
    paint(bytes: Uint8Array): void {
      told = toldBy(Buffer.from(bytes).toString('latin1'), told)
      writeWhole(1, bytes)
    },
    listen,
    /** Stops this job, as Ctrl-Z does, until its shell brings it back; where no shell looks after jobs the kernel goes on at once. */
    suspend(): void {
      giveBack(true)
      if (terminal.stdout) writeWhole(1, Buffer.from('\r\npaude: the session continues; fg shows it again\r\n'))
      process.kill(0, 'SIGTSTP')
      // A size that changed meanwhile was told while nobody listened, and Bun asks for it only when it is told.
      refreshSize()
      takeOver(terminal)
    },
    /** `below`: a shell goes on under what the agent painted. */
    close(below: boolean): void {
      process.stdin.pause()
      process.stdin.unref?.()
      giveBack(below)
    },
  }
}

function toldBy(text: string, { painted, titled, alternate, origin }: Told): Told {
  const [on, off] = [text.lastIndexOf('\x1b[?1049h'), text.lastIndexOf('\x1b[?1049l')]
  return {
    painted: painted || text.includes('\x1b'),
    titled: titled || text.includes('\x1b]'),
    alternate: on === off ? alternate : on > off,
    origin: origin || text.includes('\x1b[?6h'),
  }
}

/** What gives a terminal back to the shell. */
function farewell({ titled, alternate, origin }: Told, below: boolean): string {
  const down = alternate || !(below || origin) ? '' : `\x1b[${process.stdout.rows || 24};1H\r\n`
  // It takes the cursor home, so only where it is needed, and before the cursor is where it belongs.
  return (origin ? '\x1b[?6l' : '') + LEAVE + (titled ? UNTITLE : '') + down
}

function takeOver({ stdin }: Host['terminal']): void {
  if (!stdin) return
  process.stdin.setRawMode(true)
  // Bun's raw mode goes on turning every line feed into a new line.
  setTerminal('-opost')
}

/** Hands over what is typed and told; returns how that ends. */
function listen({ typed, resized, leave }: Hands): () => void {
  process.stdin.on('data', typed)
  process.stdin.on('end', leave)
  process.stdin.resume()
  process.on('SIGWINCH', resized)
  return () => {
    // What is typed meanwhile waits for whoever listens next, as when a holder is replaced.
    process.stdin.pause()
    process.stdin.off('data', typed)
    process.stdin.off('end', leave)
    process.off('SIGWINCH', resized)
  }
}

function refreshSize(): void {
  const stdout: { _refreshSize?: () => void } = process.stdout as object
  if (process.stdout.isTTY) stdout._refreshSize?.()
}

/** A terminal takes what it can: EAGAIN means later, anything else that it is gone. */
export function writeWhole(descriptor: 1 | 2, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') return
      Bun.sleepSync(2)
    }
}
