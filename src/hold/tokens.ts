/** A whole piece of a terminal's stream. Nothing else is ever handed on, so a cut never falls into a sequence. */
export type Token =
  | { readonly kind: 'text'; readonly text: string }
  /** CSI: `mark` is one of `<=>?` or '', `between` its intermediates. */
  | {
      readonly kind: 'csi'
      readonly text: string
      readonly mark: string
      readonly params: string
      readonly between: string
      readonly final: string
    }
  | { readonly kind: 'osc'; readonly body: string }
  | { readonly kind: 'esc'; readonly text: string }

/** Characters of one sequence that are kept while its end has not come. Longer ones are thrown away. */
const LONGEST = 65_536
const LONGEST_CSI = 256

/** Splits a stream that comes in chunks. What is malformed, too long or of no use to a screen (DCS, APC, C1) is left out. */
export function makeTokenizer(): (chunk: string) => readonly Token[] {
  let rest = ''
  /** Inside a string that is too long: its end is awaited and nothing kept. */
  let skipping = false

  return (chunk) => {
    const input = rest + chunk
    const tokens: Token[] = []
    let at = 0
    rest = ''
    while (at < input.length) {
      if (skipping) {
        const end = endOfString(input, at)
        if (end === null) {
          // An ESC at the very end may be the first half of the terminator.
          rest = input.endsWith('\x1b') ? '\x1b' : ''
          return tokens
        }
        skipping = false
        at = end.next
        continue
      }
      const step = next(input, at)
      if (step === null) {
        if (input.length - at > LONGEST) skipping = true
        else rest = input.slice(at)
        return tokens
      }
      if (step.token !== null) tokens.push(step.token)
      at = step.next
    }
    return tokens
  }
}

type Step = { readonly token: Token | null; readonly next: number }
const PLAIN = /[^\u0000-\u0006\u000e-\u001f\u007f-\u009f]+/y
const CSI = /\u001b\[([<-?]?)([0-9:;]*)([ -/]*)([@-~])/y
const CSI_BEGUN = /\u001b\[[<-?]?[0-9:;]*[ -/]*$/y
const ESC = /\u001b[ -/]*[0-~]/y
const ESC_BEGUN = /\u001b[ -/]*$/y
const STRING_END = /[\u0007\u0018\u001a\u001b\u009c]/g

/** The piece at `at`, or null when its end has not come yet. */
function next(input: string, at: number): Step | null {
  const text = match(PLAIN, input, at)
  if (text !== null) return { token: { kind: 'text', text: text[0] }, next: at + text[0].length }
  if (input[at] !== '\x1b') return { token: null, next: at + 1 }
  const introducer = input[at + 1]
  if (introducer === undefined) return null
  if (introducer === '[') return csi(input, at)
  if (']P_^X'.includes(introducer)) return stringAt(input, at, introducer)
  const found = match(ESC, input, at)
  if (found !== null) return { token: { kind: 'esc', text: found[0] }, next: at + found[0].length }
  return match(ESC_BEGUN, input, at) === null || input.length - at > 8 ? { token: null, next: at + 1 } : null
}

function csi(input: string, at: number): Step | null {
  const found = match(CSI, input, at)
  if (found !== null) {
    const [text, mark = '', params = '', between = '', final = ''] = found
    return {
      token: text.length > LONGEST_CSI ? null : { kind: 'csi', text, mark, params, between, final },
      next: at + text.length,
    }
  }
  return match(CSI_BEGUN, input, at) === null || input.length - at > LONGEST_CSI ? { token: null, next: at + 2 } : null
}

function stringAt(input: string, at: number, introducer: string): Step | null {
  const end = endOfString(input, at + 2)
  if (end === null) return null
  const body = input.slice(at + 2, end.at)
  return { token: introducer === ']' && end.whole ? { kind: 'osc', body } : null, next: end.next }
}

/** Where a string ends: with BEL or ST it is whole, with anything else it was cut short. null: not yet. */
function endOfString(
  input: string,
  from: number,
): { readonly at: number; readonly next: number; readonly whole: boolean } | null {
  STRING_END.lastIndex = from
  const at = STRING_END.exec(input)?.index
  if (at === undefined) return null
  switch (input[at]) {
    case '\x1b':
      if (input[at + 1] === undefined) return null
      return input[at + 1] === '\\' ? { at, next: at + 2, whole: true } : { at, next: at, whole: false }
    case '\x07':
    case '\x9c':
      return { at, next: at + 1, whole: true }
    default:
      return { at, next: at + 1, whole: false }
  }
}

function match(pattern: RegExp, input: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(input)
}
