import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastSignOf, timeOf } from '../../src/session/record/started.ts'

const NOW = Date.parse('2026-01-31T09:00:00Z')

test('a box that sets the time of its files cannot break or outlast the look at its age', () => {
  expect([10 ** 18, Number.MAX_VALUE, NOW + 1, NOW, -(10 ** 18)].map((mtimeMs) => timeOf({ mtimeMs }, NOW))).toEqual([
    ...Array(4).fill('2026-01-31T09:00:00.000Z'),
    '1970-01-01T00:00:00.000Z',
  ])
  const folder = mkdtempSync(join(tmpdir(), 'paude-started-'))
  try {
    const file = join(folder, 'session.json')
    writeFileSync(file, '')
    utimesSync(file, 7_258_118_400, 7_258_118_400) // 2200
    expect(lastSignOf(folder, { created: '2026-01-01T00:00:00.000Z' }) <= new Date().toISOString()).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
