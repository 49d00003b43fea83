import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountName, processMark, readHost } from '../src/host.ts'

test('a process has one mark for as long as it lives', async () => {
  const child = Bun.spawn(['sleep', '30'])
  const mark = processMark(child.pid)
  expect(mark).toStartWith(String(child.pid))
  expect(processMark(child.pid)).toBe(mark)
  expect(readHost().process).toBe(processMark(process.pid))
  child.kill('SIGKILL')
  await child.exited
  expect(processMark(child.pid)).toBe('')
})

test.skipIf(process.platform !== 'linux')('a mark says more than the number, which another process may get later', async () => {
  const marks = [Bun.spawn(['sleep', '30'])].map((child) => ({ child, mark: processMark(child.pid) }))
  await Bun.sleep(30) // the kernel counts in hundredths of a second
  marks.push(...[Bun.spawn(['sleep', '30'])].map((child) => ({ child, mark: processMark(child.pid) })))
  const starts = marks.map(({ child, mark }) => Number(mark.slice(`${child.pid} `.length)))
  expect(starts[1]).toBeGreaterThan(starts[0] ?? Number.NaN)
  for (const { child } of marks) child.kill('SIGKILL')
})

test.each([0, -1, Number.NaN, 2 ** 30])('%p is no process', (pid) => expect(processMark(pid)).toBe(''))

test('streams that are no terminal are not asked for: that loads sockets and streams into every start', async () => {
  const program = `
    const asked = []
    for (const name of ['stdin', 'stdout', 'stderr']) Object.defineProperty(process, name, { get: () => (asked.push(name), {}) })
    const { terminal, size } = (await import(${JSON.stringify(join(import.meta.dir, '../src/host.ts'))})).readHost()
    require('node:fs').writeSync(1, JSON.stringify({ asked, terminal, size }))`
  const child = Bun.spawn([process.execPath, '-e', program], { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
  expect(await new Response(child.stdout).json()).toEqual({
    asked: [],
    terminal: { stdin: false, stdout: false, stderr: false },
    size: { columns: 80, rows: 24 },
  })
})

test('a uid has the name of its account, or its number where there is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-accounts-'))
  const accounts = join(folder, 'passwd')
  writeFileSync(accounts, 'root:x:0:0:root:/root:/bin/sh\nada:x:1001:1001::/home/ada:/bin/sh\n')
  expect([accountName(1001, accounts), accountName(1002, accounts), accountName(7, join(folder, 'none'))]).toEqual([
    'ada',
    '1002',
    '7',
  ])
  rmSync(folder, { recursive: true })
})

test('without USER the user is not called unknown', async () => {
  const program = `require('node:fs').writeSync(1, (await import(${JSON.stringify(join(import.meta.dir, '../src/host.ts'))})).readHost().user)`
  const { USER: _, LOGNAME: __, ...env } = process.env
  const child = Bun.spawn([process.execPath, '-e', program], { env, stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' })
  expect(await new Response(child.stdout).text()).toBe(accountName(process.getuid?.() ?? 1000))
})
