import { isDeepStrictEqual } from 'node:util'
import { type Entry, tomlEntries } from './toml-entries.ts'

type Tree = { readonly [key: string]: unknown }

/** How a text is read; throws on what is no TOML. */
type Parse = (text: string) => unknown

/** The text with a key set to a value written in TOML, everything else as it was; null when that cannot be done by changing one place. */
export function withKey(
  text: string,
  { path, literal }: { readonly path: readonly string[]; readonly literal: string },
  parse: Parse,
): string | null {
  const value = (parse(`x = ${literal}\n`) as { x: unknown }).x
  const entry = find(text, path)
  // What stands in a list of several lines may be commented there.
  if (entry !== undefined && /#[^\n]*\n/.test(text.slice(entry.value, entry.end))) return null
  return verified(put(text, path, literal), setIn(parse(text) as Tree, path, value), parse)
}

/** The text with one entry more at the end of a list; null when that cannot be done without rewriting the list and its comments. */
export function withEntry(
  text: string,
  { path, list, value }: { readonly path: readonly string[]; readonly list: readonly string[]; readonly value: string },
  parse: Parse,
): string | null {
  const entry = find(text, path)
  const written = entry === undefined ? '' : text.slice(entry.value, entry.end)
  if (entry !== undefined && written.includes('\n')) {
    // In a line of its own, as those before it.
    const bracket = text.lastIndexOf('\n', entry.end - 1) + 1
    const indent = /\n([ \t]*)["']/.exec(written)?.[1] ?? '  '
    const line = `${text.slice(0, bracket)}${indent}${JSON.stringify(value)},\n${text.slice(bracket)}`
    const added = verified(line, setIn(parse(text) as Tree, path, [...list, value]), parse)
    if (added !== null) return added
  }
  return withKey(text, { path, literal: tomlLiteral([...list, value]) }, parse)
}

/** The text without an entry of a list, of which `left` stays; null when that cannot be done without rewriting the list and its comments. */
export function withoutEntry(
  text: string,
  { path, left, value }: { readonly path: readonly string[]; readonly left: readonly string[]; readonly value: string },
  parse: Parse,
): string | null {
  const entry = find(text, path)
  if (entry === undefined) return null
  const meant = setIn(parse(text) as Tree, path, left)
  const lines = text.slice(entry.value, entry.end).split('\n')
  for (const [at, line] of lines.entries()) {
    if (at === 0 || at === lines.length - 1 || !line.includes(value)) continue
    const without = lines.filter((_, index) => index !== at).join('\n')
    const after = verified(`${text.slice(0, entry.value)}${without}${text.slice(entry.end)}`, meant, parse)
    if (after !== null) return after
  }
  return withKey(text, { path, literal: tomlLiteral(left) }, parse)
}

/** The text without a key; null when it stands in no line of its own. */
export function withoutKey(text: string, path: readonly string[], parse: Parse): string | null {
  const entry = find(text, path)
  if (entry === undefined) return null
  const start = text.lastIndexOf('\n', entry.start) + 1
  const end = text.indexOf('\n', entry.end)
  const without = `${text.slice(0, start)}${end === -1 ? '' : text.slice(end + 1)}`
  const meant = setIn(parse(text) as Tree, path, undefined)
  return verified(withoutEmptyTable(without, path.slice(0, -1)), meant, parse) ?? verified(without, meant, parse)
}

/** Without the header of a table that holds neither a key nor a comment. */
function withoutEmptyTable(text: string, section: readonly string[]): string {
  const header = tomlEntries(text).headers.find((one) => same(one.path, section))
  if (header === undefined || section.length === 0) return text
  const start = text.lastIndexOf('\n', header.end - 1) + 1
  const end = text.indexOf('\n', header.end)
  const rest = end === -1 ? '' : text.slice(end + 1)
  if (text.slice(header.end, end === -1 ? undefined : end).includes('#')) return text
  const next = /^\s*(?=\[|$)/.exec(rest)
  if (next === null) return text
  const before = text.slice(0, start).trimEnd()
  const after = rest.slice(next[0].length)
  return [before, after].filter((part) => part !== '').join('\n\n') + (after === '' && before !== '' ? '\n' : '')
}

/** A value as TOML. */
export function tomlLiteral(value: string | number | boolean | readonly string[]): string {
  return Array.isArray(value) ? `[${value.map((entry) => JSON.stringify(entry)).join(', ')}]` : JSON.stringify(value)
}

const find = (text: string, path: readonly string[]): Entry | undefined =>
  tomlEntries(text).entries.find((entry) => same(entry.path, path))

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((part, at) => part === b[at])

function put(text: string, path: readonly string[], literal: string): string {
  const entry = find(text, path)
  if (entry !== undefined) return `${text.slice(0, entry.value)}${literal}${text.slice(entry.end)}`
  const { entries, headers } = tomlEntries(text)
  const section = path.slice(0, -1)
  const siblings = entries.filter((one) => same(one.path.slice(0, -1), section))
  const header = headers.find((one) => same(one.path, section))
  // Where no header says the section, its keys do.
  const line = `${header === undefined && siblings.length > 0 ? path.join('.') : path.at(-1)} = ${literal}\n`
  const behind = siblings.at(-1)?.end ?? header?.end
  if (behind !== undefined) return insertLine(text, behind, line)
  if (section.length === 0) return insertBefore(text, headers.length === 0 ? text.length : firstHeader(text), line)
  return `${text === '' || text.endsWith('\n') ? text : `${text}\n`}${text === '' ? '' : '\n'}[${section.join('.')}]\n${line}`
}

/** Below the line in which the place lies, with its comment. */
function insertLine(text: string, place: number, line: string): string {
  const end = text.indexOf('\n', place)
  return end === -1 ? `${text}\n${line}` : `${text.slice(0, end + 1)}${line}${text.slice(end + 1)}`
}

function insertBefore(text: string, place: number, line: string): string {
  const before = text.slice(0, place)
  return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}${place < text.length ? '\n' : ''}${text.slice(place)}`
}

/** Above the first header, and above the comment that belongs to it. */
function firstHeader(text: string): number {
  const lines = text.split('\n')
  let at = lines.findIndex((line) => /^\s*\[/.test(line))
  while (at > 0 && /^\s*#/.test(lines[at - 1] ?? '')) at--
  return lines.slice(0, at).join('\n').length + (at > 0 ? 1 : 0)
}

function setIn(tree: Tree, [key = '', ...rest]: readonly string[], value: unknown): Tree {
  const { [key]: old, ...others } = tree
  if (rest.length === 0) return value === undefined ? others : { ...others, [key]: value }
  return { ...others, [key]: setIn(typeof old === 'object' && old !== null ? (old as Tree) : {}, rest, value) }
}

/** An edit is kept only when it says exactly what was meant. */
function verified(text: string, meant: Tree, parse: Parse): string | null {
  try {
    return isDeepStrictEqual(pruned(parse(text)), pruned(meant)) ? text : null
  } catch {
    return null
  }
}

/** Without tables that hold nothing. */
function pruned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const rows = Object.entries(value).map(([key, child]) => [key, pruned(child)] as const)
  return Object.fromEntries(
    rows.filter(([, child]) => typeof child !== 'object' || Array.isArray(child) || Object.keys(child ?? {}).length > 0),
  )
}
