import { SerializeAddon } from '@xterm/addon-serialize'
import { type IBufferLine, Terminal } from '@xterm/headless'
import { cleanTitle, judge } from './filter.ts'
import { makeModes } from './modes.ts'
import { cellLine, htmlLines, plainLine } from './paint.ts'
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
   * Paints a terminal of the same size: screen, cursor, modes and title. The first time with the scrollback,
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
  /** Whether terminals of people get the title that a program gives itself (default: true). */
  readonly titles?: boolean
  readonly reply: (text: string) => void
}

const ALTERNATE = '\x1b[?1049h'

/** Marks without a width upon one character. Scripts of this world need fewer. */
const MARKS = 16
/** The upper edge of a field to type in. */
const RULE = /^[╭┌─━═]{10,}/
/** Text that has none. */
const PLAIN = /^[\u0000-\u00ac\u00ae-\u02ff]*$/

/** What is used of the emulator's inner side: it has no public way for these. */
type Core = {
  readonly writeSync: (text: string) => void
  readonly unicodeService: { readonly wcwidth: (code: number) => number }
  /** The active buffer. */
  readonly buffer: { readonly lines: { readonly get: (index: number) => { isWrapped: boolean } | undefined } }
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

export function makeScreen({ size, scrollback, name, titles = true, reply }: ScreenOptions): Screen {
  const terminal = new Terminal({ cols: size.columns, rows: size.rows, scrollback, allowProposedApi: true, logLevel: 'off' })
  const serializer = new SerializeAddon()
  // Its types are those of the terminal in the browser.
  terminal.loadAddon(serializer as unknown as Parameters<Terminal['loadAddon']>[0])
  terminal.onData(reply)
  const modes = makeModes()
  const tokenize = makeTokenizer()
  let scrolled = 0
  let untouched = true
  terminal.onScroll(() => {
    if (terminal.buffer.active.type === 'normal') scrolled++
  })
  // At once, so that whoever floods us is held up by the terminal's own buffer; the public way queues without a limit.
  const { _core: core } = terminal as unknown as { readonly _core: Core }

  let stacked = 0
  let marked = false
  /** Without what is piled upon one character: each such mark would be kept, and a cell takes any number of them. */
  function thinned(text: string): string {
    if (PLAIN.test(text)) {
      stacked = 0
      return text
    }
    let kept = ''
    for (const letter of text) {
      const code = letter.codePointAt(0) ?? 0
      const narrow = code > 0x9f && core.unicodeService.wcwidth(code) === 0
      if (code > 0x1f && !narrow) stacked = 0
      else if (narrow) {
        marked = true
        if (++stacked > MARKS) continue
      }
      kept += letter
    }
    return kept
  }
  /** The same for those that came one by one, with the cursor moved between them. */
  function sweep() {
    marked = false
    for (let row = 0; row < terminal.rows; row++)
      for (let column = 0; column < terminal.cols; column++)
        if (
          (lineAt(buffer().baseY + row)
            ?.getCell(column)
            ?.getChars().length ?? 0) >
          MARKS * 4
        )
          core.writeSync(`\x1b7\x1b[${row + 1};${column + 1}H\x1b[X\x1b8`)
  }

  function write(chunk: string) {
    let screen = ''
    let clients = ''
    const statuses: string[] = []
    for (const token of tokenize(chunk)) {
      const verdict = judge(token.kind === 'text' ? { ...token, text: thinned(token.text) } : token, {
        name,
        columns: terminal.cols,
        rows: terminal.rows,
        titles,
      })
      modes.see(token)
      screen += verdict.screen
      clients += verdict.clients
      if (verdict.reply !== '') reply(verdict.reply)
      if (verdict.status !== '') statuses.push(verdict.status)
    }
    untouched &&= screen === ''
    core.writeSync(screen)
    if (marked) sweep()
    return { clients, statuses }
  }

  const buffer = () => terminal.buffer.active
  /**
   * What the serializer cannot wrap as the agent did, since the end of the line before was erased, it would force with characters that
   * it fails to take away again (0.14.0, when the whole line is empty). So it stands on a line of its own.
   */
  const unwrap = () => {
    for (let index = 1; index < buffer().length; index++) {
      const [before, line] = [lineAt(index - 1), lineAt(index)]
      if (before === undefined || !line?.isWrapped || wraps(before, line, terminal.cols)) continue
      const inner = core.buffer.lines.get(index)
      if (inner !== undefined) inner.isWrapped = false
    }
  }
  /** Where it stands: the serializer moves there from where it believes to be, and behind a full line that is one off. */
  const cursor = () => (buffer().cursorX < terminal.cols ? `\x1b[${buffer().cursorY + 1};${buffer().cursorX + 1}H` : '')
  const lineAt = (index: number): IBufferLine | undefined => buffer().getLine(index)
  /**
   * What has left the screen at its top, printed again and scrolled away: with a full scrollback the serializer takes several times as
   * long for that, and as much memory. The wrapped lines must be those that `unwrap` leaves.
   */
  const past = (): string => {
    const count = buffer().baseY
    if (count === 0) return ''
    const text = Array.from({ length: count }, (_, index) => {
      const goesOn = index + 1 < count && lineAt(index + 1)?.isWrapped === true
      return `${cellLine(lineAt(index), terminal.cols, goesOn)}\x1b[0m${goesOn ? '' : '\r\n'}`
    })
    return `${text.join('')}${'\r\n'.repeat(terminal.rows - 1)}\x1b[H`
  }
  /** Lines of the screen, with so many before it. */
  const lines = (before: number): readonly (IBufferLine | undefined)[] => {
    const first = Math.max(0, buffer().baseY - before)
    return Array.from({ length: buffer().baseY + terminal.rows - first }, (_, index) => lineAt(first + index))
  }

  return {
    write,
    resize: ({ columns, rows }) => terminal.resize(columns, rows),
    size: () => ({ columns: terminal.cols, rows: terminal.rows }),
    snapshot: (first) => {
      // Nothing was painted yet: it comes live, below what stands there.
      if (untouched) return ''
      unwrap()
      const title = titles ? `\x1b]2;${cleanTitle(modes.title())}\x07` : ''
      if (buffer().type === 'alternate') {
        const whole = serializer.serialize({ scrollback: 0 })
        // What stands before is the other screen, which the terminal of the user has of its own.
        return `${title}\x1b[?1049h\x1b[2J${whole.slice(whole.indexOf(ALTERNATE) + ALTERNATE.length)}${cursor()}${modes.restore()}`
      }
      const room = first ? '\r\n'.repeat(terminal.rows) : '\x1b[?1049l'
      return `${title}${room}\x1b[H\x1b[2J${first ? past() : ''}${serializer.serialize({ scrollback: 0 })}${cursor()}${modes.restore()}`
    },
    view: (other) => {
      const shown = lines(0)
      const { cursorX, cursorY } = buffer()
      // The lowest part with anything on it: a prompt stands there.
      const bottom = Math.max(
        cursorY,
        shown.findLastIndex((line) => plainLine(line) !== ''),
      )
      const first = Math.min(cursorY, Math.max(0, bottom - other.rows + 1))
      const body = Array.from(
        { length: other.rows },
        (_, row) => `\x1b[${row + 1};1H\x1b[0m\x1b[K${cellLine(shown[first + row], other.columns)}`,
      )
      const [row, column] = [cursorY - first + 1, Math.min(cursorX + 1, other.columns)]
      return `\x1b[?25l${body.join('')}\x1b[0m\x1b[${row};${column}H\x1b[?25h`
    },
    picture: ({ format, scrollback: before }) => {
      const shown = lines(before)
      const end = shown.findLastIndex((line) => plainLine(line) !== '') + 1
      const kept = shown.slice(0, end)
      switch (format) {
        case 'text':
          return kept.map(plainLine).join('\n')
        case 'ansi':
          return kept.map((line) => `${cellLine(line, terminal.cols)}\x1b[0m`).join('\n')
        case 'html':
          return htmlLines(kept, terminal.cols)
      }
    },
    scrolled: () => scrolled,
    history: (first) => {
      const kept = terminal.buffer.normal.baseY
      const from = Math.max(0, kept - (scrolled - first))
      return Array.from({ length: Math.max(0, kept - from) }, (_, index) =>
        plainLine(terminal.buffer.normal.getLine(from + index)),
      )
    },
    settled: () => {
      const above = lines(0).slice(0, buffer().cursorY).map(plainLine)
      const rule = above.findLastIndex((line) => RULE.test(line))
      const kept = rule === -1 ? above : above.slice(0, rule)
      return kept.slice(0, kept.findLastIndex((line) => line !== '') + 1)
    },
    alternate: () => buffer().type === 'alternate',
    cut: () => lines(0).findLastIndex((line) => plainLine(line) !== '') > buffer().cursorY,
    title: () => cleanTitle(modes.title()),
    bracketedPaste: modes.bracketedPaste,
    atCursor: () => `${buffer().cursorX} ${plainLine(buffer().getLine(buffer().baseY + buffer().cursorY))}`,
  }
}
