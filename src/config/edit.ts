import TOML from '@iarna/toml'
import { PaudeError } from '../errors.ts'

/**
 * The text of a TOML file with one value more in a list, such as `network.allow`; comments and order stay. What comes out is read again:
 * where the file is written in a way that lines cannot tell, it is refused and the line to add is shown.
 */
export function addToList(text: string, key: string, value: string): string {
  const before = read(text)
  const list = listAt(before, key)
  if (list?.includes(value)) return text
  const after = inserted(text, key, value)
  const wanted = [...(list ?? []), value]
  if (after !== null && JSON.stringify(without(read(after), key)) === JSON.stringify(without(before, key)))
    if (JSON.stringify(listAt(read(after), key)) === JSON.stringify(wanted)) return after
  const [section, name] = splitKey(key)
  throw new PaudeError('config', `${key} is written in a way that cannot be changed line by line`, {
    hint: `add ${JSON.stringify(value)} yourself: ${name} = ${JSON.stringify(wanted)} below [${section}]`,
  })
}

type Table = Readonly<Record<string, unknown>>

/** null when it is no TOML. */
function read(text: string): Table | null {
  try {
    return TOML.parse(text)
  } catch {
    return null
  }
}

const splitKey = (key: string): readonly [section: string, name: string] => {
  const at = key.lastIndexOf('.')
  return [key.slice(0, at), key.slice(at + 1)]
}

const listAt = (table: Table | null, key: string): readonly unknown[] | null => {
  const found = key.split('.').reduce<unknown>((value, name) => (value as Table | null | undefined)?.[name], table)
  return Array.isArray(found) ? found : null
}

/** Everything but the list itself; a section that holds nothing else is as good as none. */
function without(table: Table | null, key: string): Table | null {
  const [section, name] = splitKey(key)
  if (table === null) return null
  const { [section]: inner, ...rest } = table
  const { [name]: _, ...others } = (inner ?? {}) as Record<string, unknown>
  return Object.keys(others).length === 0 ? rest : { ...rest, [section]: others }
}

/** A guess that is checked by reading it; null where there is nothing to guess from. */
function inserted(text: string, key: string, value: string): string | null {
  const [section, name] = splitKey(key)
  const lines = text.split('\n')
  const header = lines.findIndex((line) => /^\s*\[\s*([\w.-]+)\s*\]/.exec(line)?.[1] === section)
  const place = assignment(lines, section, name)
  if (place !== null) return insideList(text, place, value)
  if (header === -1) {
    const gap = text === '' || text.endsWith('\n\n') ? '' : text.endsWith('\n') ? '\n' : '\n\n'
    return `${text}${gap}[${section}]\n${name} = [${JSON.stringify(value)}]\n`
  }
  return lines.toSpliced(header + 1, 0, `${name} = [${JSON.stringify(value)}]`).join('\n')
}

/** Position of the bracket that opens the list. */
function assignment(lines: readonly string[], section: string, name: string): number | null {
  let current = ''
  let offset = 0
  for (const line of lines) {
    current = /^\s*\[\s*([\w.-]+)\s*\]/.exec(line)?.[1] ?? current
    const [found = '', written = ''] = /^\s*([\w.-]+)\s*=\s*\[/.exec(line) ?? []
    if (found !== '' && (current === '' ? written : `${current}.${written}`) === `${section}.${name}`)
      return offset + found.length - 1
    offset += line.length + 1
  }
  return null
}

function insideList(text: string, open: number, value: string): string | null {
  const { close, last } = listEnd(text, open)
  if (close === -1) return null
  const word = JSON.stringify(value)
  if (last === open) return `${text.slice(0, open + 1)}${word}${text.slice(close)}`
  // The new one stands as the last one does: on a line of its own, or behind it.
  const start = text.lastIndexOf('\n', last)
  const indent = start > open ? (/^[ \t]*/.exec(text.slice(start + 1))?.[0] ?? '') : null
  const comma = text[last] === ',' ? '' : ','
  const head = `${text.slice(0, last + 1)}${comma}`
  return indent === null
    ? `${head} ${word}${text.slice(last + 1)}`
    : `${head}${rest(text, last)}\n${indent}${word},${text.slice(last + 1 + rest(text, last).length)}`
}

/** What follows on the same line, such as a comment. */
const rest = (text: string, from: number): string => /^[^\n]*/.exec(text.slice(from + 1))?.[0] ?? ''

/** Where a list ends, and where the last sign of its last value stands; strings and comments are stepped over. */
function listEnd(text: string, open: number): { readonly close: number; readonly last: number } {
  let last = open
  for (let at = open + 1; at < text.length; at++) {
    const sign = text[at] ?? ''
    if (sign === '#') at = text.indexOf('\n', at) === -1 ? text.length : text.indexOf('\n', at) - 1
    else if (sign === '"' || sign === "'") {
      at = stringEnd(text, at)
      last = at
    } else if (sign === ']') return { close: at, last }
    else if (sign.trim() !== '') last = at
  }
  return { close: -1, last }
}

function stringEnd(text: string, open: number): number {
  const quote = text[open]
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\' && quote === '"') at++
    else if (text[at] === quote) return at
  }
  return text.length
}
