import { afterAll, expect, test } from 'bun:test'
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reach } from '../../src/run/reach.ts'

const folder = mkdtempSync(join(tmpdir(), 'paude-reach-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a socket with somebody behind it is alive, and dead when he is gone', async () => {
  const path = join(folder, 'served')
  const server = Bun.listen({ unix: path, socket: { data: () => undefined } })
  expect(await reach(path)).toBe('alive')
  server.stop(true)
  expect(await reach(path)).toBe('dead')
})

test('where nothing is, nobody listens', async () => expect(await reach(join(folder, 'nothing'))).toBe('dead'))

test('behind a file that is no socket nobody listens', async () => {
  writeFileSync(join(folder, 'file'), '')
  expect(await reach(join(folder, 'file'))).toBe('dead')
})

test.skipIf(process.getuid?.() !== 0)('a socket of another user is denied', async () => {
  const path = join(folder, 'closed')
  const server = Bun.listen({ unix: path, socket: { data: () => undefined } })
  chmodSync(path, 0o600)
  chmodSync(folder, 0o755)
  const source = join(folder, 'reach.ts')
  copyFileSync(join(import.meta.dir, '../../src/run/reach.ts'), source)
  const program = `process.setgid(65534); process.setuid(65534); console.log(await reach(${JSON.stringify(path)}))`
  const child = Bun.spawn([process.execPath, '-e', `import { reach } from ${JSON.stringify(source)}; ${program}`], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  expect((await new Response(child.stdout).text()).trim()).toBe('denied')
  server.stop(true)
})
