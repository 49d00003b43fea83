import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { within } from '../../src/run/patience.ts'

const source = join(import.meta.dir, '../../src')

test('what comes in time is given, what does not is null', async () => {
  expect(await within(60_000, Promise.resolve('here'))).toBe('here')
  expect(await within(1, new Promise<string>(() => undefined))).toBeNull()
})

test('a process that waited for something ends as soon as it came', () => {
  const script = `import { within } from ${JSON.stringify(join(source, 'run/patience.ts'))}; await within(3_600_000, Promise.resolve())`
  expect(Bun.spawnSync([process.execPath, '-e', script], { timeout: 20_000 }).exitCode).toBe(0)
})

test('no race is run against a sleep, which would keep paude from ending until it is over', () => {
  const files = [...new Bun.Glob('**/*.ts').scanSync(source)]
  expect(files.length).toBeGreaterThan(100)
  expect(files.filter((file) => /Promise\.race\([^)]*sleep/s.test(readFileSync(join(source, file), 'utf8')))).toEqual([])
})
