import type { Size } from './screen.ts'

/** Rows of a terminal that words of paude's own may take. */
const MOST_ROWS = 5

/** Paints words over the lowest rows of a terminal, and puts the cursor back; '' for none. Of too many the first line loses its end. */
export function bannerOf(text: string, { columns, rows }: Size): string {
  if (text === '') return ''
  const [first = [], ...others] = text.split('\n').map((line) => cut(line, columns))
  const most = Math.min(MOST_ROWS, rows)
  const last = others.flat()
  // The first says whose words these are.
  const head = first.slice(0, Math.max(1, most - last.length))
  const shown = [...head, ...last.slice(Math.max(0, last.length - most + head.length))]
  const painted = shown.map((line, at) => {
    const blank = ' '.repeat(Math.max(0, columns - Bun.stringWidth(line)))
    return `\x1b[${rows - shown.length + at + 1};1H\x1b[0;7m${line}${blank}\x1b[0m`
  })
  return `\x1b7${painted.join('')}\x1b8`
}

/** Pieces of a line that fit; no wide character is halved. */
function cut(line: string, columns: number): readonly string[] {
  const pieces = ['']
  for (const letter of line)
    if (Bun.stringWidth(`${pieces.at(-1)}${letter}`) > columns) pieces.push(letter)
    else pieces.push(`${pieces.pop()}${letter}`)
  return pieces
}
