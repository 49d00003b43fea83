import type { Check } from '../../backends/check.ts'
import { printable } from '../../text.ts'
import { bold, dim, green, red, yellow } from '../streams/output.ts'
import { table } from '../streams/table.ts'

type Layout = {
  /** Columns of the terminal; null in a pipe. */
  readonly width: number | null
  readonly verbose: boolean
}

const MARKS = { problem: red('✗'), warning: yellow('!'), ok: green('✓') } as const

/** Problems first, then notes, each with its fix; what is well takes one line. The last line says whether paude works here. */
export function doctorLines(checks: readonly Check[], { width, verbose }: Layout): readonly string[] {
  const of = (state: Check['state']) => checks.filter((check) => check.state === state)
  const told = [...of('problem'), ...of('warning'), ...(verbose ? of('ok') : [])]
  const names = Math.max(0, ...told.map(({ check }) => check.length))
  const rows = told.map((check) => ({ check, lines: rowLines(check, { names, width, verbose }) }))
  const well = of('ok')
  return [
    ...rows.flatMap(({ check, lines }) => [...lines, ...fixLines(check)]),
    ...(verbose || well.length === 0 ? [] : [`${MARKS.ok} ${count(well.length, 'check')} passed`]),
    '',
    verdict(of('problem').length, of('warning').length),
    ...(verbose ? [] : [dim('all checks in full: paude doctor --verbose')]),
  ]
}

/** One line, unless all of it is asked for. In a pipe nothing is cut. */
function rowLines(
  { check, state, detail }: Check,
  { names, width, verbose }: Layout & { readonly names: number },
): readonly string[] {
  const [, ...lines] = table(['', '', ''], [[MARKS[state], check.padEnd(names), printable(detail)]], {
    gap: 1,
    width,
    ...(verbose ? {} : { cuts: true }),
  }).split('\n')
  return lines
}

/** It is there to be copied, so it is never cut. */
const fixLines = ({ fix }: Check): readonly string[] => (fix === '' ? [] : [`  ${dim('→')} ${printable(fix)}`])

function verdict(problems: number, notes: number): string {
  const more = notes === 0 ? '' : `, ${count(notes, 'note')}`
  return bold(
    problems === 0 ? green(`paude works here${more}`) : red(`paude does not work here yet: ${count(problems, 'problem')}${more}`),
  )
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`
