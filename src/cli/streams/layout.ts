/** Wider lines are hard to read, however wide the terminal is. */
const MOST_COLUMNS = 100

/** Columns that running text takes. */
export const textWidth = ({ size }: { readonly size: { readonly columns: number } }): number =>
  Math.min(size.columns, MOST_COLUMNS)

/** Words without one that is torn, as lines of at most this width. */
export const wrapped = (text: string, width: number): readonly string[] =>
  Bun.wrapAnsi(text, Math.max(width, 1), { hard: true }).split('\n')

/**
 * Two columns, the right one wrapped under itself. Where the left one takes more than half of the width, the right one stands on lines of
 * its own.
 */
export function definitions(rows: readonly (readonly [string, string])[], width: number, indent = 2): readonly string[] {
  const left = Math.max(0, ...rows.map(([word]) => Bun.stringWidth(word)))
  const beside = indent + left + 2
  const below = beside > width / 2
  const column = below ? indent + 4 : beside
  return rows.flatMap(([word, text]) => {
    const lines = wrapped(text, width - column).map((line) => `${' '.repeat(column)}${line}`)
    const head = `${' '.repeat(indent)}${word}`
    if (below) return [head, ...lines]
    const [first = '', ...rest] = lines
    return [`${head}${' '.repeat(beside - Bun.stringWidth(head))}${first.slice(beside)}`.trimEnd(), ...rest]
  })
}
