import type { IBufferCell, IBufferLine } from '@xterm/headless'

/** Text of a line, without the blanks at its end. */
export const plainLine = (line: IBufferLine | undefined): string => line?.translateToString(true).trimEnd() ?? ''

/** Cells of equal looks, side by side. */
type Run = { readonly sgr: string; readonly css: string; text: string }

/** A line as a terminal paints it, cut to so many columns; wide characters are never halved. `whole`: with the blanks at its end. */
export function cellLine(line: IBufferLine | undefined, columns: number, whole = false): string {
  return runs(line, columns, whole)
    .map(({ sgr, text }) => `\x1b[0${sgr}m${text}`)
    .join('')
    .replace(/^\x1b\[0m/, '')
}

/** Lines as one element for a web page. Nothing of the agent's is markup. */
export function htmlLines(lines: readonly (IBufferLine | undefined)[], columns: number): string {
  const rows = lines.map((line) =>
    runs(line, columns)
      .map(({ css, text }) => (css === '' ? escapeHtml(text) : `<span style="${css}">${escapeHtml(text)}</span>`))
      .join(''),
  )
  return `<pre style="background:#000;color:#e5e5e5">\n${rows.join('\n')}\n</pre>`
}

function runs(line: IBufferLine | undefined, columns: number, whole = false): readonly Run[] {
  const list: Run[] = []
  const cell = line?.getCell(0) as Cell | undefined
  if (line === undefined || cell === undefined) return list
  const end = whole ? Math.min(line.length, columns) : lastCell(line, columns, cell)
  let [fg, bg] = [-1, -1]
  let sgr = ''
  let css = ''
  let hidden = false
  let text: string[] = []
  for (let x = 0; x < end; x++) {
    line.getCell(x, cell)
    const width = cell.getWidth()
    if (width === 0) continue
    if (x + width > columns) break
    if (cell.fg !== fg || cell.bg !== bg) {
      if (text.length > 0) list.push({ sgr, css, text: text.join('') })
      text = []
      fg = cell.fg
      bg = cell.bg
      sgr = sgrOf(cell)
      css = cssOf(cell)
      hidden = cell.isInvisible() !== 0
    }
    text.push(hidden ? ' ' : cell.getChars() || ' ')
  }
  if (text.length > 0) list.push({ sgr, css, text: text.join('') })
  return list
}

/** Cells are many: one is filled anew for each column, and its looks are read only where these numbers change. */
type Cell = IBufferCell & { readonly fg: number; readonly bg: number }

/** Where the blank rest begins. */
function lastCell(line: IBufferLine, columns: number, cell: IBufferCell): number {
  for (let x = Math.min(line.length, columns) - 1; x >= 0; x--) {
    line.getCell(x, cell)
    if (cell.getChars().trim() !== '' || !cell.isBgDefault() || cell.isInverse() || cell.isUnderline())
      return x + Math.max(1, cell.getWidth())
  }
  return 0
}

function sgrOf(cell: IBufferCell): string {
  const flags = [
    cell.isBold() && '1',
    cell.isDim() && '2',
    cell.isItalic() && '3',
    cell.isUnderline() && '4',
    cell.isInverse() && '7',
    cell.isStrikethrough() && '9',
    cell.isFgRGB() && `38;2;${rgb(cell.getFgColor()).join(';')}`,
    cell.isFgPalette() && `38;5;${cell.getFgColor()}`,
    cell.isBgRGB() && `48;2;${rgb(cell.getBgColor()).join(';')}`,
    cell.isBgPalette() && `48;5;${cell.getBgColor()}`,
  ]
  return flags.flatMap((flag) => (flag ? [`;${flag}`] : [])).join('')
}

function cssOf(cell: IBufferCell): string {
  const fore = cell.isFgRGB() ? hex(rgb(cell.getFgColor())) : cell.isFgPalette() ? palette(cell.getFgColor()) : ''
  const back = cell.isBgRGB() ? hex(rgb(cell.getBgColor())) : cell.isBgPalette() ? palette(cell.getBgColor()) : ''
  const [color, background] = cell.isInverse() ? [back || '#000', fore || '#e5e5e5'] : [fore, back]
  return [
    color && `color:${color}`,
    background && `background:${background}`,
    cell.isBold() && 'font-weight:bold',
    cell.isDim() && 'opacity:.6',
    cell.isItalic() && 'font-style:italic',
    (cell.isUnderline() || cell.isStrikethrough()) &&
      `text-decoration:${[cell.isUnderline() && 'underline', cell.isStrikethrough() && 'line-through'].filter(Boolean).join(' ')}`,
  ]
    .filter(Boolean)
    .join(';')
}

const rgb = (color: number): readonly [number, number, number] => [(color >> 16) & 255, (color >> 8) & 255, color & 255]
const hex = (parts: readonly number[]): string => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`

const BASIC = [
  ...['#000000', '#cd0000', '#00cd00', '#cdcd00', '#0000ee', '#cd00cd', '#00cdcd', '#e5e5e5'],
  ...['#7f7f7f', '#ff0000', '#00ff00', '#ffff00', '#5c5cff', '#ff00ff', '#00ffff', '#ffffff'],
]
/** One of 256 colours: 16 named ones, a cube of 6 × 6 × 6, 24 greys. */
function palette(index: number): string {
  if (index < 16) return BASIC[index] ?? '#000000'
  if (index >= 232) return hex(Array<number>(3).fill(8 + (index - 232) * 10))
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40)
  const at = index - 16
  return hex([level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)])
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
