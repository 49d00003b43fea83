import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PaudeError } from '../../errors.ts'
import { nearest } from '../../text.ts'
import { fileKeys } from '../keys/all.ts'
import { keyNames } from '../keys/names.ts'
import { valueAt } from '../keys/value-at.ts'
import { DEFAULTS } from '../layers/merge.ts'
import { isMissing } from './missing.ts'
import { mending, parseConfig, parseToml } from './parse.ts'
import { replaceFile } from './replace-file.ts'
import { tomlLiteral, withEntry, withKey, withoutEntry, withoutKey } from './toml-edit.ts'
import { tomlEntries } from './toml-entries.ts'

/** A file that `paude config` changes; `text` is '' when it is not there yet. */
export type Editable = { readonly layer: 'user' | 'project'; readonly file: string; readonly text: string }

/** A file of the user's that is made says where editors find what belongs into it, and its version. */
export const begun = ({ layer, text: before }: Editable, text: string): string =>
  layer === 'user' && before === '' ? `${SCHEMA_LINE}\nversion = 1\n${text.startsWith('[') ? '\n' : ''}${text}` : text

const SCHEMA_LINE = '#:schema ./schema.json'

/** Puts the schema of this version beside a file that names it, for editors to complete and check. */
export async function keepSchema({ layer, file, text }: Editable): Promise<void> {
  if (layer !== 'user' || !text.startsWith(SCHEMA_LINE)) return
  const { schema } = await import('./embedded.ts')
  const path = join(dirname(file), 'schema.json')
  if (readText(path) === schema) return
  replaceFile(path, schema, { mode: 0o600, folderMode: 0o700, hint: 'check the permissions of its folder' })
}

/** How the value of a key is written, over several lines as one; null where the file does not say it, and of variables, which are not shown. */
export function writtenValue(text: string, key: string): string | null {
  if (/^env(\.|$)/.test(withoutProfile(key))) return null
  const found = tomlEntries(text).entries.find(({ path }) => path.join('.') === key)
  return found === undefined ? null : text.slice(found.value, found.end).replace(/\s+/g, ' ')
}

/** The text with a key set. The word is taken as TOML where it fits (`2`, `true`, `["a"]`), else as text, else as a list: of hosts with commas, of one entry elsewhere. */
export function setKey(editable: Editable, key: string, word: string): string {
  const path = requireKey(key)
  // What the network is told has no comma in it; paths, values and flags may.
  const parts = path.at(-2) === 'network' ? word.split(',').map((part) => part.trim()) : [word]
  const list = listLiteral(
    key,
    parts.filter((part) => part !== ''),
  )
  const forms = [
    ...(isToml(word) && !(isList(key) && /^\d+$/.test(word)) ? [word] : []),
    ...(isList(key) ? [list] : [tomlLiteral(word), list]),
  ]
  let fault: unknown
  for (const literal of forms) {
    const text = withKey(editable.text, { path, literal }, read(editable.file))
    try {
      parseConfig({ ...editable, text: text ?? `${written(path, literal)}\n` })
    } catch (error) {
      fault ??= error
      continue
    }
    if (text !== null) return text
    throw unchangeable(editable, `add this line: ${written(path, literal)}`)
  }
  throw aboutKey(fault, editable, key)
}

/** A list of texts; of numbers where they are ports. */
const listLiteral = (key: string, entries: readonly string[]): string =>
  withoutProfile(key) === 'network.ports' && entries.every((entry) => /^\d+$/.test(entry))
    ? `[${entries.join(', ')}]`
    : tomlLiteral(entries)

/** Whether nothing but a list is taken, so that what is wrong with its entries is told and not that a text is none. */
const isList = (key: string): boolean =>
  Object.entries(fileKeys).some(([name, setting]) => name === withoutProfile(key) && Array.isArray(DEFAULTS[setting]))

/** A key as it is outside of [profiles]. */
export const withoutProfile = (key: string): string => key.replace(/^profiles\.[^.]+\./, '')

/** The text with one entry more in a list, where it is not there yet. */
export function addEntry(editable: Editable, key: string, value: string): string {
  const path = requireKey(key)
  const { file, text } = editable
  const list = listAt(editable, path)
  if (list.includes(value)) return text
  const literal = tomlLiteral([...list, value])
  const after = withEntry(text, { path, list, value }, read(file))
  if (after === null) throw unchangeable(editable, `change it to: ${written(path, literal)}`)
  parseConfig({ ...editable, text: after })
  return after
}

/** The text without an entry of a list; as it was where that does not hold it. */
export function removeEntry(editable: Editable, key: string, value: string): string {
  const path = requireKey(key)
  const { file, text } = editable
  const list = listAt(editable, path)
  const left = list.filter((one) => one !== value)
  if (left.length === list.length) return text
  const after = withoutEntry(text, { path, left, value }, read(file))
  if (after !== null) return after
  throw unchangeable(editable, `change it to: ${written(path, tomlLiteral(left))}`)
}

/** What a list of the file holds; empty where it is not there. */
export const entriesAt = (editable: Editable, key: string): readonly string[] => listAt(editable, requireKey(key))

const unchangeable = ({ file }: Editable, hint: string): PaudeError =>
  new PaudeError('config', `${file} is written in a way that cannot be changed without rewriting it`, { hint })

function listAt(editable: Editable, path: readonly string[]): readonly string[] {
  const at = writtenAt(editable, path)
  return Array.isArray(at) ? at.map(String) : []
}

const writtenAt = ({ file, text }: Editable, path: readonly string[]): unknown => valueAt(read(file)(text), path)

/** A line that was never written is no place to look at. */
function aboutKey(fault: unknown, { file, layer }: Editable, key: string): unknown {
  if (!(fault instanceof PaudeError) || !fault.message.startsWith(`${file}:`)) return fault
  const [place = '', ...rest] = fault.message.slice(file.length).split(': ')
  const words = rest.join(': ')
  if (!/^(:\d+)?$/.test(place) || !words.startsWith(key)) return fault
  const hint = fault.hint === mending(layer) ? '' : `${fault.hint}; `
  return new PaudeError('config', words, { hint: `${hint}nothing was changed` })
}

/** The text without a key; null when the file does not have it. */
export function unsetKey(editable: Editable, key: string): string | null {
  const path = requireKey(key)
  if (writtenAt(editable, path) === undefined) return null
  const { file, text } = editable
  const without = withoutKey(text, path, read(file))
  if (without !== null) return without
  throw new PaudeError('config', `${key} has no line of its own in ${file}`, {
    hint: 'remove it by hand: paude config edit',
  })
}

/** Replaces the file at once, also behind a link: dotfiles are often kept elsewhere. */
export function save({ file, layer }: Editable, text: string): void {
  const target = layer === 'user' ? realTarget(file) : file
  const [mode, folderMode] = layer === 'user' ? [0o600, 0o700] : [0o644, 0o755]
  replaceFile(target, text, { mode: modeOf(target) ?? mode, folderMode, hint: 'check its permissions' })
}

/** The parts of a key that a file may have; a profile's begin with `profiles.NAME.`. */
export function requireKey(key: string): readonly string[] {
  const [, prefix = '', rest = ''] = /^(profiles\.[a-z0-9][a-z0-9-]*\.)?(.*)$/s.exec(key) ?? []
  const known = keyNames()
  const variable = /^env\.[A-Za-z_]\w*$/.test(rest)
  if (known.includes(rest) || variable) return [...prefix.split('.').filter(Boolean), ...rest.split('.')]
  const below = known.filter((name) => name.startsWith(`${rest}.`))
  if (below.length > 0)
    throw new PaudeError('usage', `${key} is a table`, {
      hint: `name a key in it: ${below.map((name) => `${prefix}${name}`).join(', ')}`,
    })
  const close = nearest(rest, known) ?? known.find((name) => name.endsWith(`.${rest}`))
  throw new PaudeError('usage', `there is no key ${JSON.stringify(key)}`, {
    hint: close === undefined ? 'paude config show --all' : `did you mean ${prefix}${close}?`,
  })
}

const read = (file: string) => (text: string) => parseToml(file, text)

const written = (path: readonly string[], literal: string): string => `${path.join('.')} = ${literal}`

function isToml(word: string): boolean {
  try {
    return Object.keys(parseToml('', `x = ${word}\n`) as object).length === 1
  } catch {
    return false
  }
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return ''
    throw new PaudeError('config', `cannot read ${file}`, { hint: 'check its permissions, or remove it', cause })
  }
}

function realTarget(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function modeOf(file: string): number | null {
  try {
    return statSync(file).mode & 0o777
  } catch {
    return null
  }
}
