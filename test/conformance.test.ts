import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformancePage } from '../scripts/conformance.ts'
import { allBackends } from '../src/backends/registry.ts'
import { COLUMNS, expectedOf, SCENARIOS } from './support/scenarios.ts'

const asExpected = (backend: string) =>
  Object.fromEntries(SCENARIOS.map((scenario) => [scenario.name, expectedOf(scenario, backend)]))

test('the table of what holds has every backend, and what is expected of each', () => {
  expect(COLUMNS.flatMap(([backend]) => (backend.includes('@') ? [] : [backend])).toSorted()).toEqual(
    allBackends.map(({ name }) => name).toSorted(),
  )
  expect(readFileSync(join(import.meta.dir, '../docs/conformance.md'), 'utf8')).toBe(conformancePage(asExpected))
})

test('a scenario that did not come out as expected makes no table', () => {
  const broken = (backend: string) => ({ ...asExpected(backend), [SCENARIOS[0]?.name ?? '']: 'broken: exit code 1' })
  expect(() => conformancePage(broken)).toThrow('docker, a dry run makes nothing: broken: exit code 1')
  expect(() => conformancePage(() => ({}))).toThrow('not played')
})
