import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFlags, twins, variableOf } from '../../src/config/keys/own-flags.ts'
import { allRows } from '../../src/config/sections/rows.ts'

const src = join(import.meta.dir, '../../src')
const twice = (names: readonly string[]) => names.filter((name, at) => names.indexOf(name) !== at)
const filed = allRows.flatMap(([, row]) => (row.key === undefined ? [] : [{ ...row, key: row.key }]))

test('no two rows have one name, key, flag or variable', () => {
  // Rows of one name would be laid over each other without a word.
  const sections = [...readdirSync(join(src, 'config/sections')).map((name) => join('config/sections', name))]
  const written = [...sections, 'credentials/keys.ts', 'credentials/host-keys.ts'].flatMap((file) =>
    [...readFileSync(join(src, file), 'utf8').matchAll(/^ {2}(\w+): \w+\(/gm)].map(([, name = '']) => name),
  )
  expect(written.length).toBeGreaterThan(40)
  expect(twice(written)).toEqual([])
  expect(written.filter((name) => !allRows.some(([setting]) => setting === name))).toEqual([])
  expect(twice(filed.map(({ key }) => key))).toEqual([])
  expect(twice(ownFlags.map(({ name }) => name))).toEqual([])
  expect(twice(twins.filter(({ alias }) => !alias).map(variableOf))).toEqual([])
})

test('a key of the files says what it is for, and how it stands there', () => {
  expect(filed.filter(({ meaning }) => !meaning).map(({ key }) => key)).toEqual([])
  expect(filed.filter(({ schema, divided }) => (schema === undefined) === (divided === undefined)).map(({ key }) => key)).toEqual(
    [],
  )
  // A table in a table would need more of what reads and writes files.
  expect(filed.filter(({ key }) => key.split('.').length > 2).map(({ key }) => key)).toEqual([])
})

test('what no project can say is not judged as what one would open, and the other way round', () => {
  const ordered = ['fallback', 'agent_config.keep', 'docker.program', 'podman.program', 'security.project_config']
  expect(filed.filter(({ rule, notIn }) => (rule === 'own') !== (notIn?.project !== undefined)).map(({ key }) => key)).toEqual(
    ordered,
  )
})

test('what can only close is refused without a sandbox, or promises nothing of one', () => {
  const closing = filed.filter(({ rule }) => rule === 'closes' || typeof rule === 'object')
  expect(closing.length).toBeGreaterThan(10)
  expect(closing.filter(({ withoutBox }) => withoutBox === undefined).map(({ key }) => key)).toEqual([])
})
