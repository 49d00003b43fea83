import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PaudeError } from '../../src/errors.ts'
import { exec } from '../../src/plan/plan.ts'
import { call } from '../../src/run/call.ts'
import type { Effects } from '../../src/run/effects.ts'
import { execute } from '../../src/run/execute.ts'

let room = ''
let running: Bun.Subprocess | null = null
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-call-'))
})
afterEach(async () => {
  running?.kill('SIGKILL')
  await running?.exited
  running = null
  rmSync(room, { recursive: true, force: true })
})

const root = join(import.meta.dir, '../..')
/** The function of the proxy's own program, with this policy program in place of squid's; ends the test's wait once it listens. */
async function listen(policy: string): Promise<void> {
  const [listening = ''] = /^calls\(\) \{\n[\s\S]*?\n\}\n/m.exec(readFileSync(join(root, 'squid/proxy'), 'utf8')) ?? []
  expect(listening).toContain('/usr/lib/paude/policy')
  writeFileSync(join(room, 'policy'), `#!/bin/bash\n${policy}`, { mode: 0o755 })
  const script = `umask 022\n${listening.replace('/paude/call', room).replace('/usr/lib/paude/policy', `'${room}/policy'`)}\ncalls\n`
  running = Bun.spawn(['bash', '-c', script], { stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' })
  while ((await call(room, '0 ready')) === null) await Bun.sleep(10)
}
const heard = () => readFileSync(join(room, 'heard'), 'utf8')
const HEARS = 'cd "$(dirname "$0")"; cat >>heard; echo "--$1" >>heard'
const explain = () => new PaudeError('command-failed', 'it failed')
const effects = { note: () => undefined, explain, moving: { moves: false } } as unknown as Effects

test('a proxy that listens is told each line, and says that it is done', async () => {
  await listen(HEARS)
  rmSync(join(room, 'heard'))
  expect(await call(room, '0 0123456789ab\n1764000000 ba9876543210\n')).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(heard()).toBe('0 0123456789ab\n1764000000 ba9876543210\n--called\n')
})

test('what its program refuses is told in its words', async () => {
  await listen(`[[ $(cat) == *ready* ]] || { echo 'paude: squid does not take the policy: acl' >&2; exit 1; }`)
  expect(await call(room, '0 x')).toEqual({ code: 1, stdout: '', stderr: 'paude: squid does not take the policy: acl\n' })
  expect((await call(room, '0 ready'))?.code).toBe(0)
})

test('answers that nobody waited for are not taken for the next one', async () => {
  await listen('[[ $(cat) == *ready* ]]')
  const asks = join(room, 'ask')
  writeFileSync(asks, `${'0'.repeat(32)} 0 ready\nnonsense\n`)
  expect((await call(room, '0 x'))?.code).toBe(1)
})

test('nobody is told where nobody listens, and nothing is opened that is no pipe', async () => {
  expect(await call(join(room, 'none'), '0 x')).toBeNull()
  Bun.spawnSync(['mkfifo', join(room, 'ask'), join(room, 'answer')])
  expect(await call(room, '0 x')).toBeNull()
  rmSync(join(room, 'ask'))
  for (const name of ['ask', 'answer']) {
    rmSync(join(room, name), { force: true })
    writeFileSync(join(room, `${name}.file`), 'kept')
    symlinkSync(join(room, `${name}.file`), join(room, name))
  }
  expect(await call(room, '0 x')).toBeNull()
  for (const name of ['ask', 'answer']) {
    rmSync(join(room, name))
    writeFileSync(join(room, name), 'kept')
  }
  expect(await call(room, '0 x')).toBeNull()
  expect(readFileSync(join(room, 'ask'), 'utf8')).toBe('kept')
})

test('more than a pipe takes at once is left to the engine', async () => {
  await listen(HEARS)
  rmSync(join(room, 'heard'))
  expect(await call(room, '0 0123456789ab\n'.repeat(300))).toBeNull()
  expect(existsSync(join(room, 'heard'))).toBe(false)
})

test('a step asks the engine only where nobody listens', async () => {
  const step = exec(['sh', '-c', `cat >'${room}/by-engine'`], { stdin: '0 x', call: room })
  expect(await execute([step], effects)).toBe(0)
  expect(readFileSync(join(room, 'by-engine'), 'utf8')).toBe('0 x')
  rmSync(join(room, 'by-engine'))
  await listen('[[ $(cat) != *bad* ]]')
  expect(await execute([step], effects)).toBe(0)
  expect(existsSync(join(room, 'by-engine'))).toBe(false)
  await expect(execute([{ ...step, stdin: '0 bad' }], effects)).rejects.toThrow('it failed')
  expect(existsSync(join(room, 'by-engine'))).toBe(false)
})

test('the policy program that the engine starts forgets what still waits on the pipe', async () => {
  Bun.spawnSync(['mkfifo', join(room, 'ask')])
  const [forget = ''] = /^forget\(\) \{\n[\s\S]*?\n\}\n/m.exec(readFileSync(join(root, 'squid/policy'), 'utf8')) ?? []
  const script = `exec 9<>'${room}/ask'; echo one >&9; echo two >&9\n${forget.replaceAll('/paude/call', room)}\nforget; read -r -t 0.01 -u 9 && echo left`
  expect(forget).not.toBe('')
  expect(Bun.spawnSync(['bash', '-c', script]).stdout.toString()).toBe('')
})
