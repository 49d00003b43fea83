import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { warnOfManaged } from '../../src/cli/config/config.ts'
import { readHost } from '../../src/host.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-managed-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
for (const folder of ['home/.config/paude', 'project']) mkdirSync(join(room, folder), { recursive: true })
const managedFile = join(room, 'managed.toml')
writeFileSync(managedFile, 'limits.memory = "1g"\n', { mode: 0o644 })

const warned = async (text: string) => {
  writeFileSync(join(room, 'home/.config/paude/config.toml'), text, { mode: 0o600 })
  const warnings: string[] = []
  const host = { ...readHost(), env: {}, home: join(room, 'home'), cwd: join(room, 'project'), managedFile }
  await warnOfManaged({ host, flags: {}, warn: (line) => warnings.push(line) })
  return warnings
}

// A managed file of anybody but root is refused.
test.skipIf(process.getuid?.() !== 0)('what the managed file does not allow is told when it is set', async () => {
  expect(await warned('limits.memory = "2g"\n')).toEqual([expect.stringContaining(`no session starts here like this: `)])
  expect(await warned('limits.memory = "512m"\n')).toEqual([])
})
