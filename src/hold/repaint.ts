import { SerializeAddon } from '@xterm/addon-serialize'
import type { IBufferLine, Terminal } from '@xterm/headless'
import { coreOf } from './emulator.ts'
import { cellLine } from './paint.ts'

const ALTERNATE = '\x1b[?1049h'

/** Paints what an emulator shows on a terminal of the same size. The first time with what has left the screen, below what stood there. */
export function makeRepaint(terminal: Terminal): (first: boolean) => string {
  const serializer = new SerializeAddon()
  // Its types are those of the terminal in the browser.
  terminal.loadAddon(serializer as unknown as Parameters<Terminal['loadAddon']>[0])
  return (first) => {
    unwrap(terminal)
    const whole = serializer.serialize({ scrollback: 0 })
    // What stands before is the other screen, which the terminal of the user has of its own.
    if (terminal.buffer.active.type === 'alternate')
      return `${ALTERNATE}\x1b[2J${whole.slice(whole.indexOf(ALTERNATE) + ALTERNATE.length)}${cursor(terminal)}`
    const room = first ? '\r\n'.repeat(terminal.rows) : '\x1b[?1049l'
    return `${room}\x1b[H\x1b[2J${first ? past(terminal) : ''}${whole}${cursor(terminal)}`
  }
}

/**
 * What the serializer cannot wrap as the agent did, since the end of the line before was erased, it would force with characters that
 * it fails to take away again (0.14.0, when the whole line is empty). So it stands on a line of its own.
 */
function unwrap(terminal: Terminal): void {
  const { active } = terminal.buffer
  for (let index = 1; index < active.length; index++) {
    const [before, line] = [active.getLine(index - 1), active.getLine(index)]
    if (before === undefined || !line?.isWrapped || wraps(before, line, terminal.cols)) continue
    const inner = coreOf(terminal).buffer.lines.get(index)
    if (inner !== undefined) inner.isWrapped = false
  }
}

/** Whether typing the first line whole leads on to the second. A wide character leaves the last cell before it empty. */
function wraps(before: IBufferLine, line: IBufferLine, columns: number): boolean {
  const first = line.getCell(0)
  const filled = (column: number): boolean => {
    const cell = before.getCell(column)
    if (cell === undefined || first === undefined) return false
    const ground = cell.getBgColorMode() === first.getBgColorMode() && cell.getBgColor() === first.getBgColor()
    return ground && (cell.getChars() !== '' || cell.getWidth() === 0)
  }
  return filled(columns - 1) || (first?.getWidth() === 2 && filled(columns - 2))
}

/** Where it stands: the serializer moves there from where it believes to be, and behind a full line that is one off. */
function cursor({ buffer, cols }: Terminal): string {
  const { cursorX, cursorY } = buffer.active
  return cursorX < cols ? `\x1b[${cursorY + 1};${cursorX + 1}H` : ''
}

/**
 * What has left the screen at its top, printed again and scrolled away: with a full scrollback the serializer takes several times as
 * long for that, and as much memory. The wrapped lines must be those that `unwrap` leaves.
 */
function past({ buffer: { active }, cols, rows }: Terminal): string {
  const count = active.baseY
  if (count === 0) return ''
  const text = Array.from({ length: count }, (_, index) => {
    const goesOn = index + 1 < count && active.getLine(index + 1)?.isWrapped === true
    return `${cellLine(active.getLine(index), cols, goesOn)}\x1b[0m${goesOn ? '' : '\r\n'}`
  })
  return `${text.join('')}${'\r\n'.repeat(rows - 1)}\x1b[H`
}
