import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  descriptionsFile,
  descriptionsText,
  flagsFile,
  flagsText,
  markers,
  schemaFile,
  schemaText,
  tables,
  withTables,
} from '../scripts/docs.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import { tomlEntries } from '../src/config/files/toml-entries.ts'
import { keyNames } from '../src/config/keys/names.ts'

const file = join(import.meta.dir, '../README.md')
const readme = existsSync(file) ? readFileSync(file, 'utf8') : ''
const marked = markers(readme).length > 0
if (!marked) console.log('skipped: README.md has no markers yet')

test.skipIf(!marked)('the tables of README.md say what the code does (bun run docs)', async () => {
  expect(readme).toBe(withTables(readme, await tables()))
})

test.skipIf(!marked)('every marker of README.md has a table, and every table a place', async () => {
  expect([...markers(readme)].sort()).toEqual(Object.keys(await tables()).sort())
})

test('a stale table is seen, and what stands around it is left alone', () => {
  const text = 'before\n<!-- flags -->\nold\n<!-- /flags -->\nafter\n<!-- unknown -->\nmine\n<!-- /unknown -->\n'
  expect(withTables(text, { flags: 'new' })).toBe(text.replace('old', 'new'))
  expect(withTables('<!-- flags --> without an end', { flags: 'new' })).toBe('<!-- flags --> without an end')
})

test('every flag and verb has its row', async () => {
  const { flags = '', verbs = '' } = await tables()
  expect(flags).toContain('| `--network-allow HOST` | `PAUDE_NETWORK_ALLOW` |')
  expect(verbs).toContain('| `sessions`, `ls` |')
})

test('the table of keys names no value that a file cannot hold', async () => {
  const rows = ((await tables())['keys'] ?? '').matchAll(/^\| `(\S+)` \|.* what is further right: (.+) \|$/gm)
  const named = [...rows].flatMap(([, key = '', list = '']) => list.split(', ').map((value) => ({ key, value })))
  expect(named.length).toBeGreaterThan(10)
  const refused = named.filter(({ key, value }) => {
    const text = `${key} = ${/^(true|false)$/.test(value) ? value : JSON.stringify(value)}\n`
    return !isRead(text)
  })
  expect(refused).toEqual([])
})

function isRead(text: string): boolean {
  try {
    parseConfig({ layer: 'user', file: 'c.toml', text })
    return true
  } catch {
    return false
  }
}

test('the list of flags is that of the rows (bun run docs)', () => {
  expect(readFileSync(flagsFile, 'utf8')).toBe(flagsText())
})

test('the descriptions are those of the verbs (bun run docs)', async () => {
  expect(readFileSync(descriptionsFile, 'utf8')).toBe(await descriptionsText())
})

test('the JSON Schema is that of the schema which the files are read with (bun run docs)', () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(schemaText())
})

test('editors are told of every key what it is for, also in a profile', async () => {
  type Node = { readonly description?: string; readonly properties?: Readonly<Record<string, Node>> }
  const schema = JSON.parse(schemaText()) as Node & { properties: { profiles: { additionalProperties: Node } } }
  const told = (root: Node, key: string) =>
    key.split('.').reduce<Node | undefined>((node, name) => node?.properties?.[name], root)?.description ?? ''
  const { additionalProperties: profile } = schema.properties.profiles
  expect(keyNames().filter((key) => told(schema, key) === '')).toEqual([])
  expect(keyNames().filter((key) => told(profile, key) === '')).toEqual(['version', 'profiles'])
  expect((await tables())['keys']).toContain(told(schema, 'network.dns'))
})

test.skipIf(!marked)('the config.toml of README.md has every key there is, and all of it is read', () => {
  const [, example = ''] = /```toml\n(# ~\/\.config[\s\S]*?)```/.exec(readme) ?? []
  // What is commented out is meant to be typed as well; the list that stands beside the table of [env] is not.
  const text = example.replace(/^# (?=\[|\w+ = )/gm, '')
  const { sources } = parseConfig({ layer: 'user', file: 'README.md', text }, 'ci')
  expect(sources.map(({ layer }) => layer)).toEqual(['user', 'user'])
  const { entries } = tomlEntries(text)
  const named = entries.map(({ path }) => path.join('.'))
  // Of the credentials a file has one.
  const engines = (key: string) =>
    key.replace(/^podman\./, 'docker.').replace(/^provider\.(auth|oauth)_token$/, 'provider.api_key')
  expect(
    keyNames().filter((key) => !named.some((name) => name === engines(key) || name.startsWith(`${key}.`)) && key !== 'profiles'),
  ).toEqual([])
})
