import { requireKey, withoutProfile } from '../../config/files/edit.ts'
import { parseToml } from '../../config/files/parse.ts'
import { fileKeys } from '../../config/keys/all.ts'
import { entryText } from '../../config/keys/entry-text.ts'
import { keyNames } from '../../config/keys/names.ts'
import type { Config, Settings } from '../../config/keys/settings.ts'
import { valueAt } from '../../config/keys/value-at.ts'
import { configFile, readUserFile } from '../../config/layers/load.ts'
import { DEFAULTS } from '../../config/layers/merge.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { readProjectFiles } from '../../project/project.ts'
import { DOTS } from '../../secret.ts'
import { printable, quoted, shown } from '../../text.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { settingRows } from './setting-rows.ts'

/** Of a key with one value that, of a list its entries, of a table everything in it. null for what nobody set. */
type Value = string | number | boolean | null | readonly Value[] | Table
type Table = { readonly [key: string]: Value }

/** What a key of the files is worth, as text: a value alone, a list by lines, a table as TOML; or any of them as JSON. */
export function keyText(config: Config, host: Host, { key, json }: { readonly key: string; readonly json: boolean }): string {
  requireReadable(key)
  const value =
    key === 'profiles' || key.startsWith('profiles.') ? profileValue(config, host, key) : valueOfKey(config, host, key)
  if (json) return quoted(value)
  if (value === null) return ''
  if (Array.isArray(value)) return value.map((entry) => printable(String(entry))).join('\n')
  return isTable(value) ? tomlLines(value).join('\n') : printable(String(value))
}

function requireReadable(key: string): void {
  const rest = withoutProfile(key)
  const isTable = keyNames().some((name) => name.startsWith(`${rest}.`)) || /^profiles\.[^.]+$/.test(key)
  if (!isTable) requireKey(key)
}

function valueOfKey(config: Config, host: Host, key: string): Value {
  const rows = (name: string) =>
    settingRows(config, host).flatMap((row) => (row.key === name && row.value !== '-' ? [row.value] : []))
  const [, variable] = /^env\.(.*)$/s.exec(key) ?? []
  if (variable !== undefined) {
    const row = rows('env').findLast((one) => one.split(/=| = /)[0] === variable)
    return row === undefined ? null : row.slice(variable.length).replace(/^( = |=)/, '')
  }
  const settings = Object.entries(fileKeys).reduce<Table>(
    (tree, [name, setting]) => put(tree, name.split('.'), plain(config.settings, setting)),
    {},
  )
  return at({ ...settings, env: rows('env') }, key)
}

const plain = (settings: Settings, setting: keyof Settings): Value => {
  const value: unknown = settings[setting]
  if (setting === 'notify') return value as Table
  // Kept as a word, written as a truth.
  if (DEFAULTS[setting] === 'true' || DEFAULTS[setting] === 'false') return value === 'true'
  if (setting === 'networkPorts') return settings.networkPorts.map(Number)
  return Array.isArray(value) ? value.map(entryText) : entryText(value) || null
}

/** What the files say below [profiles]: the user's, and then the project's. */
function profileValue({ settings }: Config, host: Host, key: string): Value {
  const user = readUserFile(configFile(host))
  const project = settings.projectConfig === 'ignore' ? [] : readProjectFiles(projectFolders(host))
  const files = [...(user === null ? [] : [user]), ...project.filter(({ file }) => file.endsWith('.toml'))]
  const profiles = files
    .map(({ file, text }) => ((parseToml(file, text ?? '') as Table)['profiles'] ?? {}) as Table)
    .reduce<Value>(joined, {}) as Table
  const [, name, ...rest] = key.split('.')
  if (name !== undefined && !Object.hasOwn(profiles, name))
    throw new PaudeError('config', `there is no profile ${quoted(name)}`, {
      hint: `paude config set ${shown(key)}${rest.length === 0 ? '.KEY' : ''} VALUE creates it`,
    })
  const all = Object.fromEntries(Object.entries(profiles).map(([each, part]) => [each, withoutValues(part)]))
  return at({ profiles: all }, key)
}

/** Lists add up, tables are laid over each other, of a single value the last one holds. */
function joined(before: Value, after: Value): Value {
  if (Array.isArray(before) && Array.isArray(after)) return [...before, ...after]
  if (!isTable(before) || !isTable(after)) return after
  const rows = Object.entries(after).map(([key, value]) => [
    key,
    Object.hasOwn(before, key) ? joined(before[key] ?? null, value) : value,
  ])
  return { ...before, ...Object.fromEntries(rows) }
}

/** Variables are named and not shown, as everywhere. */
function withoutValues(part: Value): Value {
  if (!isTable(part) || part['env'] === undefined) return part
  const { env } = part
  const hidden = (value: Value) => (typeof value === 'string' && !/^(env|file):/.test(value) ? DOTS : value)
  return {
    ...part,
    env: Array.isArray(env)
      ? env.map((entry) => String(entry).replace(/=.*$/s, `=${DOTS}`))
      : Object.fromEntries(Object.entries(env as Table).map(([name, value]) => [name, hidden(value)])),
  }
}

const at = (tree: Value, key: string): Value => (valueAt(tree, key.split('.')) ?? null) as Value

const put = (tree: Table, [name = '', ...rest]: readonly string[], value: Value): Table => ({
  ...tree,
  [name]: rest.length === 0 ? value : put((tree[name] ?? {}) as Table, rest, value),
})

const isTable = (value: Value): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Dotted keys, which may be pasted below the table's header. JSON's texts, lists and numbers are TOML's. */
const tomlLines = (table: Table, prefix = ''): readonly string[] =>
  Object.entries(table).flatMap(([name, value]) => {
    if (value === null) return []
    return isTable(value) ? tomlLines(value, `${prefix}${name}.`) : [`${prefix}${name} = ${quoted(value)}`]
  })
