/** One setting: section and key in lower case, the subsection between them as written. */
export type Setting = { readonly key: string; readonly value: string }

/** Bytes of a config file that are read where all of it counts: some thousand branches. */
export const CONFIG_LIMIT = 1024 ** 2

const HEADER = /^\s*\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]/
const ASSIGNMENT = /^\s*([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$/s

/** The settings of a git config file, in order: enough of git's grammar to find the paths in it. Unreadable lines are skipped. */
export function settings(text: string): readonly Setting[] {
  const found: Setting[] = []
  let section = ''
  for (const line of logicalLines(text)) {
    const header = HEADER.exec(line)
    if (header)
      section = [header[1]?.toLowerCase(), header[2]?.replace(/\\(.)/g, '$1')].filter((part) => part !== undefined).join('.')
    const [, key, value = 'true'] = ASSIGNMENT.exec(line.slice(header?.[0].length ?? 0)) ?? []
    if (key && section) found.push({ key: `${section}.${key.toLowerCase()}`, value: plainValue(value) })
  }
  return found
}

/** Last value of a key, as git takes it. */
export const setting = (all: readonly Setting[], key: string): string | null =>
  all.findLast((one) => one.key === key)?.value ?? null

/** A line that ends in a backslash goes on in the next. */
const logicalLines = (text: string): readonly string[] =>
  text
    .replace(/\r\n/g, '\n')
    .replace(/((?:^|[^\\])(?:\\\\)*)\\\n/g, '$1')
    .split('\n')

/** Without quotes, escapes, comments and the blanks around it. */
function plainValue(text: string): string {
  let value = ''
  let kept = 0
  let quoted = false
  for (const [token] of text.matchAll(/\\.|./gs)) {
    if (token === '"') quoted = !quoted
    else if (!quoted && (token === '#' || token === ';')) break
    else value += token.startsWith('\\') ? escaped(token.slice(1)) : token
    if (quoted || !/\s/.test(token)) kept = value.length
  }
  return value.slice(0, kept)
}

function escaped(letter: string): string {
  switch (letter) {
    case 'n':
      return '\n'
    case 't':
      return '\t'
    case 'b':
      return '\b'
    default:
      return letter
  }
}
