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

/** Our own terminal, raw while it shows an agent. */
export function openWindow({ terminal, env }: Host) {
  /** Whether it was told anything but text. */
  let painted = false
  let titled = false
  /** Whether the agent paints the alternate screen: leaving that brings the shell's own lines back. */
  let alternate = false
  /** Whether it has counted lines from a margin. */
  let origin = false
  const takeOver = () => {
    if (!terminal.stdin) return
    process.stdin.setRawMode(true)
    // Bun's raw mode goes on turning every line feed into a new line.
    setTerminal('-opost')
  }
  const giveBack = (below: boolean) => {
    if (painted && terminal.stdout && env['TERM'] !== 'dumb') {
      const down = alternate || !(below || origin) ? '' : `\x1b[${process.stdout.rows || 24};1H\r\n`
      // It takes the cursor home, so only where it is needed, and before the cursor is where it belongs.
      writeWhole(1, Buffer.from((origin ? '\x1b[?6l' : '') + LEAVE + (titled ? UNTITLE : '') + down))
    }
    if (terminal.stdin)
      try {
        process.stdin.setRawMode(false)
      } catch {}
  }
  takeOver()
  return {
    paint(bytes: Uint8Array): void {
      const text = Buffer.from(bytes).toString('latin1')
      painted ||= text.includes('\x1b')
      titled ||= text.includes('\x1b]')
      const [on, off] = [text.lastIndexOf('\x1b[?1049h'), text.lastIndexOf('\x1b[?1049l')]
      if (on !== off) alternate = on > off
      origin ||= text.includes('\x1b[?6h')
      writeWhole(1, bytes)
    },
    listen({ typed, resized, leave }: Hands): () => void {
      const onTyped = (bytes: Buffer) => typed(bytes)
      process.stdin.on('data', onTyped)
      process.stdin.on('end', leave)
      process.stdin.resume()
      process.on('SIGWINCH', resized)
      return () => {
        // What is typed meanwhile waits for whoever listens next, as when a holder is replaced.
        process.stdin.pause()
        process.stdin.off('data', onTyped)
        process.stdin.off('end', leave)
        process.off('SIGWINCH', resized)
      }
    },
    /** Stops this job, as Ctrl-Z does, until its shell brings it back; where no shell looks after jobs the kernel goes on at once. */
    suspend(): void {
      giveBack(true)
      if (terminal.stdout) writeWhole(1, Buffer.from('\r\npaude: the session goes on; fg shows it again\r\n'))
      process.kill(0, 'SIGTSTP')
      // A size that changed meanwhile was told while nobody listened, and Bun asks for it only when it is told.
      refreshSize()
      takeOver()
    },
    /** `below`: a shell goes on under what the agent painted. */
    close(below: boolean): void {
      process.stdin.pause()
      process.stdin.unref?.()
      giveBack(below)
    },
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
