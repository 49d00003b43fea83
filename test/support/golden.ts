import { expect } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const GOLDEN = join(import.meta.dir, '../golden')

/** Compares with a file that is reviewed like code; `UPDATE_GOLDEN=1 bun test` writes it anew. */
export function expectGolden(name: string, text: string): void {
  const file = join(GOLDEN, name)
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return
  }
  if (!existsSync(file)) throw new Error(`test/golden/${name} is missing: UPDATE_GOLDEN=1 bun test test/golden.test.ts writes it`)
  expect(text).toBe(readFileSync(file, 'utf8'))
}
