import { printable } from '../text.ts'

/** A line on stderr that tells what goes on, rewritten in place. Without a terminal it shows nothing. */
export type Progress = {
  /** Whether there is a terminal that shows it. */
  readonly moves: boolean
  /** Replaces the line. Once it stands for a few seconds it counts them, from the first `show` after a `clear`. */
  readonly show: (text: string) => void
  /** Takes the line away. The streams do that before they print anything else. */
  readonly clear: () => void
}

export type Look = {
  /** Asked anew for every line, since a window changes its size. */
  readonly columns: () => number
  readonly dim: (text: string) => string
}

/** `write` reaches the terminal; null where there is none. */
export function progressLine(write: ((text: string) => void) | null, { columns, dim }: Look): Progress {
  if (write === null) return { moves: false, show: () => undefined, clear: () => undefined }
  let text = ''
  let began = 0
  let timer: ReturnType<typeof setInterval> | null = null
  const draw = () => {
    const seconds = Math.floor((performance.now() - began) / 1000)
    write(`\r\x1b[K${progressText(text, seconds, { columns: columns(), dim })}`)
  }
  return {
    moves: true,
    show: (line) => {
      text = line
      if (timer === null) {
        began = performance.now()
        timer = setInterval(draw, 1000)
        // It must not keep a paude that has nothing left to do.
        timer.unref()
      }
      draw()
    },
    clear: () => {
      if (timer === null) return
      clearInterval(timer)
      timer = null
      write('\r\x1b[K')
    },
  }
}

/** The line after so many seconds. It never wraps, since only one line is taken away again. */
export function progressText(
  text: string,
  seconds: number,
  { columns, dim }: { readonly columns: number; readonly dim: Look['dim'] },
): string {
  const time = seconds < COUNTED ? ' …' : ` … ${seconds} s`
  const room = Math.max(0, columns - 1 - Bun.stringWidth(`paude: ${time}`))
  return `${dim('paude:')} ${Bun.sliceAnsi(printable(text), 0, room, '…')}${dim(time)}`
}

/** Seconds after which a line counts them. */
const COUNTED = 3
