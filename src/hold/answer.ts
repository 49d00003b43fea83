/** An option that is offered on a screen. */
type Option = { readonly number: string; readonly text: string; readonly chosen: boolean }

const DOWN = '\x1b[B'
const UP = '\x1b[A'

/**
 * The keys that answer the question on a screen, one read each: `no` is Escape, a number its option, `yes` the one option that says just
 * that. null for any other text, and where the screen does not show for certain what it would choose.
 */
export function answerKeys(text: string, screen: readonly string[]): readonly string[] | null {
  const word = text.trim().toLowerCase()
  if (word === 'no' || word === 'n') return ['\x1b']
  const options = optionsOn(screen)
  if (word === 'yes' || word === 'y') {
    const exact = options.filter((option) => /^yes$/i.test(option.text))
    const some = exact.length > 0 ? exact : options.filter((option) => /^yes\b/i.test(option.text))
    return some.length === 1 && some[0] !== undefined ? choose(options, some[0]) : null
  }
  if (!/^[1-9]$/.test(word)) return null
  const numbered = options.some(({ number }) => number !== '')
  const option = numbered ? options.find(({ number }) => number === word) : options[Number(word) - 1]
  return option === undefined ? null : choose(options, option)
}

/** Whether a screen shows options to choose from. */
export const showsOptions = (screen: readonly string[]): boolean => optionsOn(screen).length > 0

/** The options around the last line with a pointer: those that begin in its column. What is deeper explains the one above. */
function optionsOn(screen: readonly string[]): readonly Option[] {
  const at = screen.findLastIndex((line) => POINTED.test(line))
  const column = POINTED.exec(screen[at] ?? '')?.[0].length ?? 0
  if (at === -1) return []
  const belongs = (line: string | undefined): boolean =>
    line !== undefined && /^ *(❯ *)?$/.test(line.slice(0, column)) && line.trim() !== ''
  let first = at
  while (belongs(screen[first - 1])) first--
  let end = at + 1
  while (belongs(screen[end])) end++
  const options = screen.slice(first, end).flatMap((line, index) => {
    const text = line.slice(column)
    if (text.startsWith(' ')) return []
    const [, number = '', rest = text] = /^([1-9])\. +(.*)$/.exec(text) ?? []
    return [{ number, text: rest.trim(), chosen: first + index === at }]
  })
  // A pointer alone is the sign before a prompt.
  return options.length > 1 ? options : []
}

const POINTED = /^ *❯[ \u00a0]+(?=\S)/

function choose(options: readonly Option[], option: Option): readonly string[] {
  if (option.number !== '') return [option.number]
  const steps = options.indexOf(option) - options.findIndex(({ chosen }) => chosen)
  return [...Array.from({ length: Math.abs(steps) }, () => (steps > 0 ? DOWN : UP)), '\r']
}
