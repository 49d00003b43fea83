import type { IBufferCell, Terminal } from '@xterm/headless'

/** Cells of a line that look the same. */
export type Run = {
  readonly column: number
  readonly width: number
  readonly text: string
  readonly colour: string
  /** '' for that of the window. */
  readonly background: string
  readonly style: string
}

/** What a terminal shows at one moment. */
export type Shot = { readonly columns: number; readonly rows: number; readonly lines: readonly (readonly Run[])[] }

/** Windows one below the other, shown for so many seconds. */
export type Frame = { readonly seconds: number; readonly windows: readonly { readonly title: string; readonly shot: Shot }[] }

/** In pixels. */
const CELL = { width: 8.4, height: 18, font: 14 }
const MARGIN = 12
const BAR = 30

const INK = '#d8dee9'
const PAPER = '#1d2229'
// As most terminals show the sixteen.
const SIXTEEN = [
  ...['#3b4252', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d8dee9'],
  ...['#7b8496', '#ef8891', '#b1d695', '#f0d197', '#84c2f5', '#d79be8', '#7ccbd5', '#ffffff'],
]

/** The screen of a terminal; its lines end with the last that shows anything. */
export function shotOf(terminal: Terminal): Shot {
  const { active } = terminal.buffer
  const lines = Array.from({ length: terminal.rows }, (_, row) => lineOf(terminal, active.baseY + row))
  return {
    columns: terminal.cols,
    rows: terminal.rows,
    lines: lines.slice(0, lines.findLastIndex((line) => line.length > 0) + 1),
  }
}

function lineOf(terminal: Terminal, row: number): readonly Run[] {
  const line = terminal.buffer.active.getLine(row)
  const runs: Run[] = []
  for (let column = 0; column < terminal.cols; column++) {
    const cell = line?.getCell(column)
    if (cell === undefined || cell.getWidth() === 0) continue
    const run: Run = { column, width: cell.getWidth(), text: cell.getChars() || ' ', ...lookOf(cell) }
    const last = runs.at(-1)
    if (last !== undefined && sameLook(last, run))
      runs[runs.length - 1] = { ...last, width: last.width + run.width, text: last.text + run.text }
    else runs.push(run)
  }
  const end = runs.findLastIndex(({ text, background }) => text.trim() !== '' || background !== '')
  return runs.slice(0, end + 1).map((run, index) => (index < end || run.background !== '' ? run : cut(run)))
}

/** Without the blanks at its end. */
function cut(run: Run): Run {
  const text = run.text.trimEnd()
  return { ...run, text, width: run.width - (run.text.length - text.length) }
}

const sameLook = (one: Run, other: Run): boolean =>
  one.colour === other.colour && one.background === other.background && one.style === other.style

function lookOf(cell: IBufferCell): Pick<Run, 'colour' | 'background' | 'style'> {
  const ink = cell.isFgDefault() ? '' : colourOf(cell.getFgColor(), cell.isFgRGB())
  const paper = cell.isBgDefault() ? '' : colourOf(cell.getBgColor(), cell.isBgRGB())
  const [colour, background] = cell.isInverse() ? [paper || PAPER, ink || INK] : [ink || INK, paper]
  const style = [
    ...(cell.isBold() ? ['font-weight:bold'] : []),
    ...(cell.isItalic() ? ['font-style:italic'] : []),
    ...(cell.isUnderline() ? ['text-decoration:underline'] : []),
    ...(cell.isDim() ? ['opacity:.6'] : []),
  ]
  return { colour, background, style: style.join(';') }
}

/** A number of the palette of 256, or 24 bits. */
function colourOf(value: number, isRgb: boolean): string {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`
  if (value < 16) return SIXTEEN[value] ?? INK
  if (value >= 232) return grey(8 + (value - 232) * 10)
  const level = (part: number) => (part === 0 ? 0 : 55 + part * 40)
  const cube = value - 16
  return rgb(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6))
}

const grey = (value: number) => rgb(value, value, value)
const rgb = (...parts: readonly number[]) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`

/** A picture of the frames, one after the other and over again. Where a reader wants no motion it is the last one. */
export function svgOf(alt: string, frames: readonly Frame[]): string {
  const sizes = frames.map(sizeOf)
  const width = Math.ceil(Math.max(...sizes.map((size) => size.width)))
  const height = Math.ceil(Math.max(...sizes.map((size) => size.height)))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve" role="img" aria-label="${escaped(alt)}">`,
    `<title>${escaped(alt)}</title>`,
    `<style>text{font:${CELL.font}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}${motion(frames)}</style>`,
    ...frames.map((frame, index) => `<g class="f${index}">\n${drawFrame(frame, width)}\n</g>`),
    '</svg>',
    '',
  ].join('\n')
}

function motion(frames: readonly Frame[]): string {
  if (frames.length < 2) return ''
  const all = frames.reduce((sum, { seconds }) => sum + seconds, 0)
  const percent = (count: number) =>
    `${((frames.slice(0, count).reduce((sum, { seconds }) => sum + seconds, 0) / all) * 100).toFixed(2)}%`
  const rules = frames.map((_, index) => {
    const [from, to] = [percent(index), percent(index + 1)]
    const start = index === 0 ? '' : '0%{visibility:hidden}'
    const end = index === frames.length - 1 ? '' : `${to}{visibility:hidden}100%{visibility:hidden}`
    return `@keyframes k${index}{${start}${from}{visibility:visible}${end}}.f${index}{visibility:hidden;animation:k${index} ${all}s step-end infinite}`
  })
  const last = `.f${frames.length - 1}`
  return `${rules.join('')}@media (prefers-reduced-motion:reduce){g{animation:none!important}${last}{visibility:visible}}`
}

const heightOf = ({ rows }: Shot): number => BAR + rows * CELL.height + MARGIN

const sizeOf = ({ windows }: Frame) => ({
  width: Math.max(...windows.map(({ shot }) => shot.columns)) * CELL.width + 2 * MARGIN,
  height: windows.reduce((sum, { shot }) => sum + heightOf(shot), 0) + (windows.length - 1) * MARGIN,
})

function drawFrame({ windows }: Frame, width: number): string {
  let top = 0
  return windows
    .map(({ title, shot }) => {
      const drawn = drawWindow(title, shot, { top, width })
      top += heightOf(shot) + MARGIN
      return drawn
    })
    .join('\n')
}

function drawWindow(title: string, shot: Shot, { top, width }: { readonly top: number; readonly width: number }): string {
  const lights = ['#e06c75', '#e5c07b', '#98c379'].map(
    (colour, index) => `<circle cx="${MARGIN + 6 + index * 18}" cy="${top + 15}" r="5" fill="${colour}"/>`,
  )
  return [
    `<rect y="${top}" width="${width}" height="${heightOf(shot)}" rx="8" fill="${PAPER}"/>`,
    lights.join(''),
    `<text x="${width / 2}" y="${top + 20}" text-anchor="middle" fill="#7b8496">${escaped(title)}</text>`,
    ...shot.lines.flatMap((line, row) => line.map((run) => drawRun(run, top + BAR + row * CELL.height))),
  ].join('\n')
}

function drawRun({ column, width, text, colour, background, style }: Run, top: number): string {
  const left = fixed(MARGIN + column * CELL.width)
  const wide = fixed(width * CELL.width)
  const box =
    background === '' ? '' : `<rect x="${left}" y="${top}" width="${wide}" height="${CELL.height}" fill="${background}"/>`
  if (text.trim() === '') return box
  // The reader's font may be wider or narrower.
  const fit = `textLength="${wide}" lengthAdjust="spacingAndGlyphs"`
  return `${box}<text x="${left}" y="${top + 13}" ${fit} fill="${colour}"${style === '' ? '' : ` style="${style}"`}>${escaped(text)}</text>`
}

const fixed = (value: number): string => String(Number(value.toFixed(1)))

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
