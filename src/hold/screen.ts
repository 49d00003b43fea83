import { type IBufferLine, Terminal } from '@xterm/headless'
import { coreOf } from './emulator.ts'
import { cleanTitle, judge } from './filter.ts'
import { makeMarks } from './marks.ts'
import { makeModes } from './modes.ts'
import { cellLine, htmlLines, plainLine } from './paint.ts'
import { makeRepaint } from './repaint.ts'
import { makeTokenizer } from './tokens.ts'

/** Milliseconds without output after which a screen stands still. */
export const STILL = 400

/** In cells. */
export type Size = { readonly columns: number; readonly rows: number }

export type Picture = { readonly format: 'text' | 'ansi' | 'html'; readonly scrollback: number }

/** The screen of an agent, kept by an emulator whether anybody looks or not. */
export type Screen = {
  /** Takes what the agent printed; returns what the clients may see of it, and what it says of the agent's state. */
  readonly write: (chunk: string) => { readonly clients: string; readonly statuses: readonly string[] }
  readonly resize: (size: Size) => void
  readonly size: () => Size
  /**
   * Paints a terminal of the same size: screen, cursor and modes. The first time with the scrollback,
   * below what stood there; later in place of what it painted before.
   */
  readonly snapshot: (first: boolean) => string
  /** Paints a terminal of another size: what fits of the screen. */
  readonly view: (size: Size) => string
  readonly picture: (wish: Picture) => string
  /** Lines that have left the screen at its top since the stream began. */
  readonly scrolled: () => number
  /** Those of the lines that have left from `first` on which are still kept, as text. */
  readonly history: (first: number) => readonly string[]
  /** Lines above the place where one types: above the cursor, and above the rule around it. */
  readonly settled: () => readonly string[]
  /** Whether the agent paints on the alternate screen, which keeps no history of its own. */
  readonly alternate: () => boolean
  /** Whether something stands below the cursor. */
  readonly cut: () => boolean
  readonly title: () => string
  readonly bracketedPaste: () => boolean
  /** The line with the cursor, and its column: other ones once typing has arrived, wherever the line stands by then. */
  readonly atCursor: () => string
}

export type ScreenOptions = {
  readonly size: Size
  /** Lines. */
  readonly scrollback: number
  /** What we say we are, when asked. */
  readonly name: string
  readonly reply: (text: string) => void
}

/** The upper edge of a field to type in. */
const RULE = /^[╭┌─━═]{10,}/

export function makeScreen({ size, scrollback, name, reply }: ScreenOptions): Screen {
  const terminal = new Terminal({ cols: size.columns, rows: size.rows, scrollback, allowProposedApi: true, logLevel: 'off' })
  terminal.onData(reply)
  const modes = makeModes()
  const tokenize = makeTokenizer()
  const marks = makeMarks(terminal)
  const repainted = makeRepaint(terminal)
  let scrolled = 0
  let untouched = true
  terminal.onScroll(() => {
    if (terminal.buffer.active.type === 'normal') scrolled++
  })
  const buffer = () => terminal.buffer.active

  function write(chunk: string) {
    let screen = ''
    let clients = ''
    const statuses: string[] = []
    for (const token of tokenize(chunk)) {
      const verdict = judge(token.kind === 'text' ? { ...token, text: marks.thinned(token.text) } : token, {
        name,
        columns: terminal.cols,
        rows: terminal.rows,
      })
      modes.see(token)
      screen += verdict.screen
      clients += verdict.clients
      if (verdict.reply !== '') reply(verdict.reply)
      if (verdict.status !== '') statuses.push(verdict.status)
    }
    untouched &&= screen === ''
    coreOf(terminal).writeSync(screen)
    marks.sweep()
    return { clients, statuses }
  }

  return {
    write,
    resize: ({ columns, rows }) => terminal.resize(columns, rows),
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    snapshot: (first) => {
      // Nothing was painted yet: it comes live, below what stands there.
      if (untouched) return ''
      return `${repainted(first)}${modes.restore()}`
    },
    view: (other) => viewOf(terminal, other),
    picture: ({ format, scrollback: before }) => pictureOf(lines(terminal, before), format, terminal.cols),
    scrolled: () => scrolled,
    history: (first) => historyOf(terminal, scrolled - first),
    settled: () => settledOf(lines(terminal, 0).slice(0, buffer().cursorY).map(plainLine)),
    alternate: () => buffer().type === 'alternate',
    cut: () => lines(terminal, 0).findLastIndex((line) => plainLine(line) !== '') > buffer().cursorY,
    title: () => cleanTitle(modes.title()),
    bracketedPaste: modes.bracketedPaste,
    atCursor: () => `${buffer().cursorX} ${plainLine(buffer().getLine(buffer().baseY + buffer().cursorY))}`,
  }
}

type Line = IBufferLine | undefined

/** Lines of the screen, with so many before it. */
function lines({ buffer: { active }, rows }: Terminal, before: number): readonly Line[] {
  const first = Math.max(0, active.baseY - before)
  return Array.from({ length: active.baseY + rows - first }, (_, index) => active.getLine(first + index))
}

/** The lowest part with anything on it, on a terminal of another size: a prompt stands there. */
function viewOf(terminal: Terminal, { columns, rows }: Size): string {
  const shown = lines(terminal, 0)
  const { cursorX, cursorY } = terminal.buffer.active
  const bottom = Math.max(
    cursorY,
    shown.findLastIndex((line) => plainLine(line) !== ''),
  )
  const first = Math.min(cursorY, Math.max(0, bottom - rows + 1))
  const body = Array.from({ length: rows }, (_, row) => `\x1b[${row + 1};1H\x1b[0m\x1b[K${cellLine(shown[first + row], columns)}`)
  const [row, column] = [cursorY - first + 1, Math.min(cursorX + 1, columns)]
  return `\x1b[?25l${body.join('')}\x1b[0m\x1b[${row};${column}H\x1b[?25h`
}

function pictureOf(shown: readonly Line[], format: Picture['format'], columns: number): string {
  const kept = shown.slice(0, shown.findLastIndex((line) => plainLine(line) !== '') + 1)
  switch (format) {
    case 'text':
      return kept.map(plainLine).join('\n')
    case 'ansi':
      return kept.map((line) => `${cellLine(line, columns)}\x1b[0m`).join('\n')
    case 'html':
      return htmlLines(kept, columns)
  }
}

/** The last `count` lines that have left the normal screen, as far as they are kept. */
function historyOf({ buffer: { normal } }: Terminal, count: number): readonly string[] {
  const from = Math.max(0, normal.baseY - count)
  return Array.from({ length: Math.max(0, normal.baseY - from) }, (_, index) => plainLine(normal.getLine(from + index)))
}

function settledOf(above: readonly string[]): readonly string[] {
  const rule = above.findLastIndex((line) => RULE.test(line))
  const kept = rule === -1 ? above : above.slice(0, rule)
  return kept.slice(0, kept.findLastIndex((line) => line !== '') + 1)
}
