import type { Host } from '../../host.ts'
import { wrapped } from './layout.ts'
import { bold } from './output.ts'

/** How a table is laid out. In a pipe every row is one line and every column is there, since a program may read it. */
export type Fit = {
  /** Columns of the terminal; null in a pipe. */
  readonly width: number | null
  /** Titles of columns that are left out on a terminal when every row says the same in them. */
  readonly same?: readonly string[]
  /** Titles of columns that go first, in this order, on a terminal that is too narrow for all. */
  readonly spare?: readonly string[]
  /** Titles of columns that never wrap: their cells are copied into commands. */
  readonly whole?: readonly string[]
  /** A row stays one line: what does not fit is cut. */
  readonly cuts?: true
  readonly gap?: number
}

/** As wide as the terminal that the answer goes to. */
export const fit = ({ terminal, size }: Pick<Host, 'terminal' | 'size'>): Fit => ({
  width: terminal.stdout ? size.columns : null,
})

/** A path as it is shown on a terminal: `~` for your home directory. */
export const tilde = (path: string, home: string): string =>
  home !== '' && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path

/** Columns as wide as their widest cell. On a terminal that is narrower, the widest ones wrap under themselves. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, same = [], spare = [], whole = [], cuts, gap = 2 }: Fit = { width: null },
): string {
  const all = [head.map(bold), ...rows]
  const natural = head.map((_, column) => Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ''))))
  const room = width ?? Number.POSITIVE_INFINITY
  const told = head.flatMap((title, column) => (width !== null && isIdle(rows, column, same.includes(title)) ? [] : [column]))
  const shown = roomy(told, { head, natural, room, spare, gap })
  const cells = all.map((row) => shown.map((column) => row[column] ?? ''))
  const widths = fitting(
    shown.map((column) => {
      const own = natural[column] ?? 0
      return {
        natural: own,
        least: whole.includes(head[column] ?? '') ? own : Math.max(LEAST, Bun.stringWidth(head[column] ?? '')),
      }
    }),
    room - gap * (shown.length - 1),
  )
  const parts = (cell: string, at: number): readonly string[] => {
    const room = widths[at] ?? 1
    if (width === null || Bun.stringWidth(cell) <= room) return [cell]
    return cuts ? [Bun.sliceAnsi(cell, 0, room, '…')] : wrapped(cell, room)
  }
  return cells.flatMap((row) => lines(row.map(parts), { widths, gap })).join('\n')
}

/** Whether a column tells nothing: no row has anything in it, or it may go when all say the same. */
function isIdle(rows: readonly (readonly string[])[], column: number, may: boolean): boolean {
  const [first = ''] = rows[0]?.slice(column) ?? []
  return rows.length > 0 && (may || first === '' || first === '-') && rows.every((row) => (row[column] ?? '') === first)
}

/** No column gets narrower than this: ids and short words would be torn. */
const LEAST = 12

/** What the last column gets before another one goes. */
const LAST = 20

type Columns = {
  readonly head: readonly string[]
  readonly natural: readonly number[]
  readonly room: number
  readonly spare: readonly string[]
  readonly gap: number
}

/** The columns that stay when spare ones make room for the last. */
function roomy(columns: readonly number[], { head, natural, room, spare, gap }: Columns): readonly number[] {
  const last = columns.at(-1) ?? 0
  const needed = (left: readonly number[]) =>
    left.reduce(
      (sum, column) => sum + gap + (column === last ? Math.min(LAST, natural[column] ?? 0) : (natural[column] ?? 0)),
      -gap,
    )
  return spare.reduce<readonly number[]>(
    (left, title) => (needed(left) <= room ? left : left.filter((column) => head[column] !== title)),
    columns,
  )
}

/** Takes from the widest column that may get narrower until all fit. */
function fitting(columns: readonly { readonly natural: number; readonly least: number }[], room: number): readonly number[] {
  const widths = columns.map(({ natural }) => natural)
  for (let over = widths.reduce((sum, one) => sum + one, 0) - room; over > 0; over--) {
    const most = Math.max(...widths.filter((one, at) => one > (columns[at]?.least ?? 0)))
    const widest = widths.findIndex((one, at) => one === most && one > (columns[at]?.least ?? 0))
    if (widest === -1) break
    widths[widest] = most - 1
  }
  return widths
}

function lines(
  cells: readonly (readonly string[])[],
  { widths, gap }: { readonly widths: readonly number[]; readonly gap: number },
): readonly string[] {
  const height = Math.max(...cells.map((cell) => cell.length))
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((cell, at) => {
        const text = cell[line] ?? ''
        return at === cells.length - 1 ? text : text + ' '.repeat(Math.max(0, (widths[at] ?? 0) - Bun.stringWidth(text)))
      })
      .join(' '.repeat(gap))
      .trimEnd(),
  )
}
