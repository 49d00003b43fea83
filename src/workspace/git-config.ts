/** One setting: section and key in lower case, the subsection between them as written. */
export type Setting = { readonly key: string; readonly value: string }

/** What a config file sets, in order. `isWhole` is false where git would refuse a part of it, which is left out here. */
export type Config = { readonly all: readonly Setting[]; readonly isWhole: boolean }

/** Bytes of a config file that are read where all of it counts: some thousand branches. */
export const CONFIG_LIMIT = 1024 ** 2

/** Blanks, and comments to the end of their line, whatever stands there. */
const IGNORED = /[ \t\r\n]+|[#;][^\n]*/y
const HEADER = /\[[ \t]*([\w.-]+)(?:[ \t]+"((?:[^"\\\n]|\\[^\n])*)")?[ \t]*\]/y
/** What git itself takes of those. */
const EXACT = /^\[[A-Za-z\d.-]+(?:[ \t]+".*")?\]$/s
const KEY = /([A-Za-z][\w-]*)[ \t]*(=|(?=\n|$))/y
const LINE = /[^\n]*/y

/** The settings of a git config file, in order: enough of git's grammar to find the paths in it. Unreadable lines are skipped. */
export const settings = (text: string): readonly Setting[] => readConfig(text).all

/** Reads from word to word as git does: a line may have several headers, and a setting after them. */
export function readConfig(text: string): Config {
  const source = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
  const all: Setting[] = []
  let [section, isWhole, at] = ['', true, 0]
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  while (at < source.length) {
    if (take(IGNORED) !== null) continue
    const header = take(HEADER)
    if (header !== null) {
      isWhole &&= EXACT.test(header[0])
      section = [header[1]?.toLowerCase(), header[2]?.replace(/\\(.)/g, '$1')].filter((part) => part !== undefined).join('.')
      continue
    }
    const [, key, sign] = (section === '' ? null : take(KEY)) ?? []
    if (key === undefined) {
      isWhole = false
      take(LINE)
      continue
    }
    const read = sign === '=' ? valueAt(source, at) : { value: 'true', end: at, isWhole: true }
    all.push({ key: `${section}.${key.toLowerCase()}`, value: read.value })
    at = read.end
    isWhole &&= read.isWhole && !key.includes('_')
  }
  return { all, isWhole }
}

/** Last value of a key, as git takes it. */
export const setting = (all: readonly Setting[], key: string): string | null =>
  all.findLast((one) => one.key === key)?.value ?? null

/** Without quotes, escapes, comments and the blanks around it. Behind a backslash it goes on in the next line. */
function valueAt(text: string, from: number): { readonly value: string; readonly end: number; readonly isWhole: boolean } {
  let [value, kept, quoted, isWhole, isComment, at] = ['', 0, false, true, false, from]
  for (; at < text.length && text[at] !== '\n'; at++) {
    const letter = text.charAt(at)
    if (isComment) continue
    if (!quoted && (letter === '#' || letter === ';')) isComment = true
    else if (letter === '\\') {
      const next = text.charAt(++at)
      if (next === '\n' || next === '') continue
      isWhole &&= 'ntb\\"'.includes(next)
      value += escaped(next)
      kept = value.length
    } else {
      const isBlank = !quoted && /[ \t\r]/.test(letter)
      if (letter === '"') quoted = !quoted
      else if (!isBlank || value !== '') value += letter
      if (!isBlank) kept = value.length
    }
  }
  return { value: value.slice(0, kept), end: at, isWhole: isWhole && !quoted }
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
