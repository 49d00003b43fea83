import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { markers, schemaFile, schemaText, tables, withTables } from '../scripts/docs.ts'

const file = join(import.meta.dir, '../README.md')
const readme = existsSync(file) ? readFileSync(file, 'utf8') : ''
const marked = markers(readme).length > 0
if (!marked) console.log('skipped: README.md has no markers yet')

test.skipIf(!marked)('the tables of README.md say what the code does (bun run docs)', () => {
  expect(readme).toBe(withTables(readme))
})

test.skipIf(!marked)('every marker of README.md has a table, and every table a place', () => {
  expect([...markers(readme)].sort()).toEqual(Object.keys(tables()).sort())
})

test('a stale table is seen, and what stands around it is left alone', () => {
  const text = 'before\n<!-- flags -->\nold\n<!-- /flags -->\nafter\n<!-- unknown -->\nmine\n<!-- /unknown -->\n'
  expect(withTables(text, { flags: 'new' })).toBe(text.replace('old', 'new'))
  expect(withTables('<!-- flags --> without an end', { flags: 'new' })).toBe('<!-- flags --> without an end')
})

test('every flag and verb has its row', () => {
  const { flags = '', verbs = '' } = tables()
  expect(flags).toContain('| `--network-allow HOST` | `PAUDE_NETWORK_ALLOW` |')
  expect(verbs).toContain('| `sessions`, `ls` |')
})

test('the JSON Schema is that of the schema which the files are read with (bun run docs)', () => {
  expect(readFileSync(schemaFile, 'utf8')).toBe(schemaText())
})
