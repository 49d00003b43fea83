import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  descriptionsFile,
  descriptionsText,
  exampleFile,
  flagsFile,
  flagsText,
  manFile,
  manText,
  pages,
  referenceFolder,
  schemaFile,
  schemaText,
} from '../scripts/docs.ts'
import { PLACES } from '../scripts/sandbox-page.ts'
import { allBackends } from '../src/backends/registry.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import { tomlEntries } from '../src/config/files/toml-entries.ts'
import { keyNames } from '../src/config/keys/names.ts'

const made = await pages()

test.each(Object.keys(made))('docs/reference/%s says what the code does (bun run docs)', (name) => {
  expect(readFileSync(join(referenceFolder, name), 'utf8')).toBe(made[name] ?? '')
})

test('the manual page says what the code does (bun run docs)', async () => {
  const text = await manText()
  expect(readFileSync(manFile, 'utf8')).toBe(text)
  // What begins with a dot is a macro: none came out of a description.
  expect([...new Set(text.match(/^[.'].\S*/gm))].sort()).toEqual(['.B', '.SH', '.TH', '.TP', '.br'])
})

test('the README names the versions of the engines that are tested', () => {
  const readme = readFileSync(join(import.meta.dir, '../README.md'), 'utf8')
  for (const { name, health } of allBackends) expect(readme).toContain(`${name} ${health.tested.join(', ')}`)
})

test('the reference has no page that nothing makes', () => {
  expect(readdirSync(referenceFolder).sort()).toEqual([...Object.keys(made), basename(exampleFile), basename(manFile)].sort())
})

test('every flag and verb has its row', () => {
  expect(made['flags.md']).toContain('| `--network-allow HOST` | `PAUDE_NETWORK_ALLOW` |')
  expect(made['verbs.md']).toContain('| [`sessions`](#paude-sessions), `ls`, `ps`, `list` |')
  expect(made['groups.md']).toContain('| `pypi.org` | the index |')
})

test('the table of keys names no value that a file cannot hold', () => {
  const rows = (made['keys.md'] ?? '').matchAll(/^\| `(\S+)` \|.* a looser value needs approval \((.+)\) \|$/gm)
  const named = [...rows].flatMap(([, key = '', list = '']) => list.split(' < ').map((value) => ({ key, value })))
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

test('editors are told of every key what it is for, also in a profile', () => {
  type Node = { readonly description?: string; readonly properties?: Readonly<Record<string, Node>> }
  const schema = JSON.parse(schemaText()) as Node & { properties: { profiles: { additionalProperties: Node } } }
  const told = (root: Node, key: string) =>
    key.split('.').reduce<Node | undefined>((node, name) => node?.properties?.[name], root)?.description ?? ''
  const { additionalProperties: profile } = schema.properties.profiles
  expect(keyNames().filter((key) => told(schema, key) === '')).toEqual([])
  expect(keyNames().filter((key) => told(profile, key) === '')).toEqual(['version', 'profiles'])
  expect(made['keys.md']).toContain(told(schema, 'network.dns'))
})

test('the example of config.toml has every key there is, and all of it is read', () => {
  const example = readFileSync(exampleFile, 'utf8')
  // What is commented out is meant to be typed as well; the list that stands beside the table of [env] is not.
  const text = example.replace(/^# (?=\[|\w+ = )/gm, '')
  const { sources } = parseConfig({ layer: 'user', file: 'config.toml', text }, 'ci')
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

test('the page of a sandbox has every place and every variable of a plain start, and no other', () => {
  const text = made['sandbox.md'] ?? ''
  const plain = readFileSync(join(import.meta.dir, 'golden/docker/plain.sh'), 'utf8')
  const start = plain.slice(plain.lastIndexOf('--network=none'), plain.indexOf('/paude/seed/entry.sh'))
  const places = [...start.matchAll(/--(?:tmpfs=([^:]+):|mount=\S+?,dst=([^,\s]+))/g)].map(([, one, other]) => one ?? other ?? '')
  // HOME and the project have a name of their own.
  const named = places.map((place) => ({ '/home/ada': 'HOME', '/home/ada/engine': 'the project' })[place] ?? place)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((place) => !PLACES.some(([known]) => known === place))).toEqual([])
  // Of other agents than the plain start's, and of uploads that it may not take.
  const others = PLACES.map(([place]) => place).filter((place) => !named.includes(place))
  expect(others.filter((place) => /codex|gemini/.test(place))).toEqual(others)
  const variables = [...start.matchAll(/--env=(\w+)=/g)].map(([, name]) => name ?? '')
  expect(variables.length).toBeGreaterThan(15)
  expect(variables.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})
