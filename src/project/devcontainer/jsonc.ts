import { getNodeValue, type ParseError, parseTree, visit } from 'jsonc-parser'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'

/** Reads JSON with comments and trailing commas. A broken text is an error with the line where it breaks. */
export function parseJsonc(file: string, text: string): unknown {
  const errors: ParseError[] = []
  const body = withoutMark(text)
  try {
    const tree = parseTree(body, errors, { allowTrailingComma: true })
    if (tree !== undefined && errors.length === 0) return getNodeValue(tree)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw broken(shown(file), 'nested too deeply')
  }
  const [{ error, offset } = { error: 4, offset: 0 }] = errors
  const line = body.slice(0, offset).split('\n').length
  throw broken(`${shown(file)}:${line}`, FAULTS[error] ?? 'unexpected text')
}

/**
 * The line of a key or entry by its path, like `build.args.NAME` or `mounts.0`; of what should hold it where it is missing.
 * null for the whole text. When a key is written twice, the last one counts, as in JSON.parse.
 */
export function lineOf(text: string, path: string): number | null {
  const lines = new Map<string, number>()
  const note = (path: readonly (string | number)[], line: number) => {
    if (path.length <= MOST_DEEP) lines.set(path.join('.'), line + 1)
  }
  visit(withoutMark(text), {
    onObjectProperty: (name, _offset, _length, line, _column, path) => note([...path(), name], line),
    onObjectBegin: (_offset, _length, line, _column, path) => noteEntry(path(), line),
    onArrayBegin: (_offset, _length, line, _column, path) => noteEntry(path(), line),
    onLiteralValue: (_value, _offset, _length, line, _column, path) => noteEntry(path(), line),
  })
  for (let known = path; known !== ''; known = known.slice(0, Math.max(0, known.lastIndexOf('.')))) {
    const line = lines.get(known)
    if (line !== undefined) return line
  }
  return null

  /** A value on a line of its own belongs to its key, so only entries of lists are noted. */
  function noteEntry(path: readonly (string | number)[], line: number): void {
    if (typeof path.at(-1) === 'number') note(path, line)
  }
}

/** No key that is checked lies deeper; paths of hostile nesting would take megabytes each. */
const MOST_DEEP = 20

/** Offsets and lines stay what they are. */
const withoutMark = (text: string): string => text.replace(/^\ufeff/, ' ')

const broken = (place: string, fault: string): PaudeError =>
  new PaudeError('config', `${place}: not valid JSON: ${fault}`, {
    hint: 'correct it, or start without the file: paude --devcontainer=off',
  })

/** By jsonc-parser's ParseErrorCode, which is a const enum and so not there at run time. */
const FAULTS: Readonly<Record<number, string>> = {
  1: 'unexpected text',
  2: 'not a number',
  3: 'expected a key in double quotes',
  4: 'expected a value',
  5: 'expected ":"',
  6: 'expected ","',
  7: 'expected "}"',
  8: 'expected "]"',
  9: 'text after the end',
  10: 'unexpected comment',
  11: 'unterminated comment',
  12: 'unterminated string',
  13: 'unterminated number',
  14: 'invalid \\u escape',
  15: 'invalid escape',
  16: 'invalid character',
}
