/** One `key = value` of a TOML text. Offsets into the text; lines count from 1. */
export type Entry = {
  readonly path: readonly string[]
  readonly line: number
  readonly start: number
  readonly value: number
  readonly end: number
}

/** A `[header]`: `end` is behind its bracket. */
export type Header = { readonly path: readonly string[]; readonly line: number; readonly end: number }

/** Where keys and headers stand, for messages and edits. Reads valid TOML; of anything else it makes the best, and ends. */
export function tomlEntries(text: string): { readonly entries: readonly Entry[]; readonly headers: readonly Header[] } {
  const entries: Entry[] = []
  const headers: Header[] = []
  let section: readonly string[] = []
  let at = skip(text, 0)
  let line = 1
  let counted = 0
  while (at < text.length) {
    for (let end = text.indexOf('\n', counted); end !== -1 && end < at; end = text.indexOf('\n', end + 1)) line++
    counted = at
    if (text[at] === '[') {
      const key = readKey(text, at + (text[at + 1] === '[' ? 2 : 1))
      section = key.path
      const end = lineEnd(text, key.end)
      headers.push({ path: section, line, end: Math.max(at + 1, end) })
      at = skip(text, Math.max(at + 1, end))
      continue
    }
    const key = readKey(text, at)
    const value = skipSpaces(text, text[key.end] === '=' ? key.end + 1 : key.end)
    const end = Math.max(valueEnd(text, value), at + 1)
    entries.push({ path: [...section, ...key.path], line, start: at, value, end })
    at = skip(text, end)
  }
  return { entries, headers }
}

/** Tells the line of a path: that of its key, of what holds it, of its section, or of the first thing in it; null when it stands nowhere. */
export function lineFinder(text: string): (path: readonly string[]) => number | null {
  const { entries, headers } = tomlEntries(text)
  const all: readonly Placed[] = [...entries, ...headers]
  return (path) => {
    const leads = ({ path: prefix }: Placed) => prefix.length > 0 && prefix.every((part, index) => part === path[index])
    const below = ({ path: longer }: Placed) => path.every((part, index) => part === longer[index])
    const [best] = all.filter(leads).toSorted((a, b) => b.path.length - a.path.length)
    const [first] = best === undefined ? all.filter(below).toSorted((a, b) => a.line - b.line) : []
    return (best ?? first)?.line ?? null
  }
}

type Placed = Pick<Entry, 'path' | 'line'>

const skipSpaces = (text: string, at: number): number => {
  let next = at
  while (text[next] === ' ' || text[next] === '\t') next++
  return next
}

/** Over white space, line ends and comments. */
function skip(text: string, at: number): number {
  let next = at
  while (next < text.length)
    if (/\s/.test(text[next] ?? '')) next++
    else if (text[next] === '#') next = lineEnd(text, next)
    else return next
  return next
}

const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

/** A dotted key, bare or quoted, up to the `=` or `]` behind it. */
function readKey(text: string, from: number): { readonly path: readonly string[]; readonly end: number } {
  const path: string[] = []
  let at = skipSpaces(text, from)
  while (at < text.length && !'=]\n'.includes(text[at] ?? '')) {
    const quoted = text[at] === '"' || text[at] === "'"
    const end = quoted ? stringEnd(text, at) : bareEnd(text, at)
    path.push(quoted ? unquoted(text.slice(at, end)) : text.slice(at, end))
    at = skipSpaces(text, Math.max(end, at + 1))
    if (text[at] === '.') at = skipSpaces(text, at + 1)
  }
  return { path, end: at }
}

const bareEnd = (text: string, at: number): number => {
  let next = at
  while (/[\w-]/.test(text[next] ?? '')) next++
  return next
}

function unquoted(word: string): string {
  if (word.startsWith("'")) return word.slice(1, -1)
  try {
    return String(JSON.parse(word))
  } catch {
    return word
  }
}

/** Behind the value that begins here. */
function valueEnd(text: string, at: number): number {
  const first = text[at] ?? ''
  if (first === '"' || first === "'") return stringEnd(text, at)
  if (first === '[' || first === '{') return bracketEnd(text, at)
  const match = /[^\s,\]}#]*(?: \d\d:\d\d[^\s,\]}#]*)?/y
  match.lastIndex = at
  return at + (match.exec(text)?.[0].length ?? 0)
}

function bracketEnd(text: string, from: number): number {
  let depth = 0
  let at = from
  while (at < text.length) {
    const letter = text[at] ?? ''
    if (letter === '"' || letter === "'") at = stringEnd(text, at)
    else if (letter === '#') at = lineEnd(text, at)
    else {
      if ('[{'.includes(letter)) depth++
      if (']}'.includes(letter) && --depth === 0) return at + 1
      at++
    }
    // Most of a long list: strings in which no sign means another one, and what is between them.
    for (let next = plainEnd(text, at); next > at; next = plainEnd(text, at)) at = next
  }
  return at
}

/** Behind at most one string of a line, without a backslash. */
function plainEnd(text: string, at: number): number {
  const run = /[^"'#[\]{}]*(?:"[^"\\\n]*"(?!")|'[^'\n]*'(?!'))?/y
  run.lastIndex = at
  return at + (run.exec(text)?.[0].length ?? 0)
}

/** Behind a string of any of TOML's four kinds. */
function stringEnd(text: string, at: number): number {
  const quote = text[at] ?? ''
  const long = text.startsWith(quote.repeat(3), at)
  const close = long ? quote.repeat(3) : quote
  let next = at + close.length
  let found = text.indexOf(close, next)
  // A backslash takes the sign behind it along.
  while (quote === '"' && found !== -1) {
    const slash = text.slice(next, found).indexOf('\\')
    if (slash === -1) break
    next += slash + 2
    if (found < next) found = text.indexOf(close, next)
  }
  let end = found === -1 ? text.length : found + close.length
  // A long string may end with quotes of its own before the closing three.
  for (let more = 0; long && more < 2 && text[end] === quote; more++) end++
  return end
}
