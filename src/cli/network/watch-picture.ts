import { hours } from '../../network/clock.ts'
import { WAITING } from '../../network/log.ts'
import type { Standing } from '../../network/standing.ts'
import { inMiddle, printable } from '../../text.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'
import { table } from '../streams/table.ts'
import { because, inVain } from './because.ts'
import type { Blocked } from './requests.ts'
import { footWords, WATCH_KEYS } from './watch-words.ts'

/** A host that was blocked, and what would become of it now. */
export type Row = Blocked & { readonly state: Standing['state'] | 'waiting'; readonly why: string }

/** All that is to be seen. */
export type View = {
  readonly title: string
  readonly rows: readonly Row[]
  /** Number of the row that is chosen, and of the first one that is shown. */
  readonly chosen: number
  readonly first: number
  /** Rows above the first one that nobody has seen yet. */
  readonly unseen: number
  readonly said: string
  readonly ended: boolean
  readonly keys: boolean
}

export type Size = { readonly columns: number; readonly height: number }

/** Below this width times lose their seconds, and columns stand closer. */
const NARROW = 72

/** Whatever of a picture does not depend on the row it begins at. */
export type Layout = Size & {
  /** The table's head and a line for each row, as wide as there is room for. */
  readonly head: string
  readonly body: readonly string[]
  /** What stands below the table: a row in full, and what was said last. */
  readonly below: readonly string[]
  readonly foot: readonly string[]
  /** How many rows there is room for. */
  readonly room: number
}

export function layoutOf(view: Omit<View, 'first' | 'unseen'>, { columns, height }: Size): Layout {
  const { rows, chosen, said, ended } = view
  const [head = '', ...body] = cut(rows, columns)
  const below = [...detail(rows[chosen], body[chosen] ?? '', columns), ...wrapped(said, columns).slice(0, 4)]
  const foot = inLines(footWords(ended), columns).map(dim)
  const most = height - 3 - below.length - foot.length
  return { columns, height, head, body, below, foot, room: Math.max(1, rows.length <= most ? most : most - 1) }
}

/** Pure: the lines of the picture. None is wider than the terminal, and every column is there at every width. */
export function watchPicture(view: View, { columns, height, head, body, below, foot, room }: Layout): readonly string[] {
  const title = bold(Bun.sliceAnsi(printable(view.title), 0, columns, '…'))
  if (view.keys) return [title, '', ...keyLines(columns), '', ...foot].slice(0, height)
  if (view.rows.length === 0) return [title, '', 'nothing was blocked yet', '', ...wrapped(view.said, columns), ...foot]
  const position = body.length <= room ? [] : [dim(Bun.sliceAnsi(positionOf(view, room), 0, columns, '…'))]
  return [
    title,
    `  ${head}`,
    ...body
      .slice(view.first, view.first + room)
      .map((line, at) => (view.first + at === view.chosen ? `\x1b[7m> ${Bun.stripANSI(line)}\x1b[0m` : `  ${line}`)),
    ...position,
    '',
    ...below,
    ...foot,
  ].slice(0, height)
}

/** The first row to show, so that the chosen one is among them and as little as possible moves. */
export const firstRow = (
  before: number,
  { chosen, room, count }: { readonly chosen: number; readonly room: number; readonly count: number },
): number => Math.max(0, Math.min(Math.max(before, chosen - room + 1), chosen, count - room))

const positionOf = ({ rows, first, unseen }: View, room: number): string =>
  [
    `${first + 1} to ${Math.min(rows.length, first + room)} of ${rows.length}`,
    ...(unseen > 0 ? [`↑ ${unseen} new above`] : first > 0 ? [`↑ ${first} above`] : []),
    ...(first + room < rows.length ? [`↓ ${rows.length - first - room} below`] : []),
  ].join(' · ')

/** The table: what is too wide for it is cut. */
function cut(rows: readonly Row[], columns: number): readonly string[] {
  const narrow = columns < NARROW
  const [states, times, last] = ['STATE', 'TIMES', narrow ? 'LAST ' : 'LAST    ']
  const cells = rows.map((row) => ({
    place: placeText(row),
    count: String(row.count),
    last: hours(row.last).slice(0, narrow ? 5 : 8),
    program: printable(row.program),
    why: whyText(row),
    state: row.state,
  }))
  const widest = (texts: readonly string[], title: string) =>
    Math.max(title.length, ...texts.map((text) => Bun.stringWidth(text)))
  const gap = narrow ? 1 : 2
  const counts = widest(
    cells.map(({ count }) => count),
    times,
  )
  const left = columns - 2 - 'blocked'.length - counts - last.length - 5 * gap
  const natural = [
    widest(
      cells.map(({ place }) => place),
      'HOST',
    ),
    widest(
      cells.map(({ program }) => program),
      'PROGRAM',
    ),
    widest(
      cells.map(({ why }) => why),
      'BECAUSE',
    ),
  ]
  const [hosts = 4, programs = 7, reasons = 7] = shared(natural, left)
  const lines = table(
    [states, 'HOST'.padEnd(hosts), times, last, 'PROGRAM'.padEnd(programs), 'BECAUSE'],
    cells.map(({ place, count, last: time, program, why, state }) => [
      (state === 'allowed' ? green : state === 'waiting' ? yellow : red)(state.padEnd('blocked'.length)),
      inMiddle(place, hosts),
      count,
      time,
      Bun.sliceAnsi(program, 0, programs, '…'),
      // It may end in a host of the box's choice.
      inMiddle(why, reasons),
    ]),
    { width: null, gap },
  )
  return lines.split('\n')
}

/** Widths of host, program and reason that are enough to tell them by, and those below which none goes. */
const ENOUGH = [19, 9, 20] as const
const LEAST = 7

/** Widths that fit together: whatever has most beyond what is enough gives way first. */
function shared(natural: readonly number[], room: number): readonly number[] {
  const widths = [...natural]
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const spare = widths.map((width, at) => (width > LEAST ? width - (ENOUGH[at] ?? LEAST) : Number.NEGATIVE_INFINITY))
    const most = Math.max(...spare)
    if (most === Number.NEGATIVE_INFINITY) break
    const at = spare.indexOf(most)
    widths[at] = (widths[at] ?? 0) - 1
  }
  return widths
}

/** Lines that a row in full may take. */
const MOST_LINES = 3

/** A row in full, where its line of the table had to be cut. What is too long for that too keeps the ends of its hosts. */
function detail(row: Row | undefined, line: string, columns: number): readonly string[] {
  if (row === undefined) return []
  const [place, program, why] = [placeText(row), printable(row.program), whyText(row)]
  const dotted = (...texts: readonly string[]) => wrapped(texts.filter((text) => text !== '').join(' · '), columns)
  if ([place, program, why].every((text) => Bun.stripANSI(line).includes(text))) return []
  const whole = dotted(place, program, why)
  if (whole.length <= MOST_LINES) return whole
  return dotted(inMiddle(place, columns), inMiddle(why, columns - 2), program).slice(0, MOST_LINES)
}

const placeText = ({ host, port }: Row): string => `${printable(host)}:${port}`
/** What was blocked then may have been decided since, but for what no entry helps. */
const whyText = ({ state, why, rule, port }: Row): string =>
  printable(
    state !== 'blocked' && why !== '' && !(state === 'allowed' && inVain(rule) !== '')
      ? why
      : rule === WAITING
        ? 'no answer in time'
        : because(rule, port),
  )

const wrapped = (text: string, columns: number): readonly string[] =>
  text === '' ? [] : Bun.wrapAnsi(printable(text), columns, { hard: true }).split('\n')

/** Words with a dot between them, none of them torn. */
function inLines(words: readonly string[], columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of words) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} · ${word}`.length <= columns) lines[lines.length - 1] = `${last} · ${word}`
    else lines.push(word)
  }
  return lines
}

function keyLines(columns: number): readonly string[] {
  const width = Math.max(...WATCH_KEYS.map(([key]) => key.length))
  return WATCH_KEYS.flatMap(([key, effect]) =>
    wrapped(effect, columns - width - 4).map((line, at) => `  ${(at === 0 ? key : '').padEnd(width)}  ${line}`),
  )
}
