import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PaudeError } from '../../src/errors.ts'
import { ask, refusedIsNull } from '../../src/run/ask.ts'
import { admitClients } from '../../src/run/environment.ts'
import type { Outcome } from '../../src/run/process.ts'
import { question } from '../../src/run/question.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-question-'))
afterAll(() => rmSync(room, { recursive: true }))

/** A client that does what a script says, and may be silent for so many seconds. */
function client(name: string, script: string, seconds: number): string {
  const path = join(room, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  admitClients({ [path]: seconds })
  return path
}

const runs = (pid: string): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
async function until(what: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !what(); await Bun.sleep(20)) if (Date.now() > end) throw new Error('not within 60 s')
}

test('an engine that says nothing is not waited for, and what it started ends', async () => {
  const path = client('silent', `echo $$ >${room}/silent.pid; sleep 600`, 0.2)
  const outcome = await question([path, 'ps'])
  expect(outcome).toEqual({ code: 137, stdout: '', stderr: '', silent: 0.2 })
  expect(existsSync(join(room, 'silent.pid')) && runs(readFileSync(join(room, 'silent.pid'), 'utf8').trim())).toBe(false)
})

test('that it was silent is what is explained, and is no refusal', async () => {
  const path = client('mute', 'sleep 600', 0.2)
  const explain = ({ outcome: { silent } }: { readonly outcome: Outcome }) =>
    new PaudeError(silent === undefined ? 'not-found' : 'backend-silent', `silent for ${silent} s`)
  const query = { argv: [path] as const, parse: (text: string) => text }
  expect(await ask(query, { explain }).catch((error: PaudeError) => error.message)).toBe('silent for 0.2 s')
  expect(
    await ask(query, { explain })
      .catch(refusedIsNull)
      .catch((error: PaudeError) => error.code),
  ).toBe('backend-silent')
  for (const code of ['backend-down', 'backend-denied'] as const)
    expect(() => refusedIsNull(new PaudeError(code, 'nobody can tell'))).toThrow('nobody can tell')
  const refusing = { argv: [client('refusing', 'exit 1', 60)] as const, parse: (text: string) => text }
  expect(await ask(refusing, { explain }).catch(refusedIsNull)).toBeNull()
})

test('one that goes on talking is heard to its end', async () => {
  const words = Array.from({ length: 22 }, (_, at) => String(at))
  const path = client('slow', `for word in ${words.join(' ')}; do echo $word; sleep 0.2; done`, 4)
  expect(await question([path])).toEqual({ code: 0, stdout: `${words.join('\n')}\n`, stderr: '' })
}, 60_000)

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while it is asked ends paude, and the client with it',
  async (signal) => {
    const file = join(room, `${signal}.pid`)
    const path = client(signal, `echo $$ >${file}.draft; mv ${file}.draft ${file}; sleep 600`, 600)
    const source = join(import.meta.dir, '../../src/run/question.ts')
    const script = `import { question } from ${JSON.stringify(source)}; await Promise.all([question(['${path}']), question(['/bin/sleep', '600'])]); console.log('went on')`
    const child = Bun.spawn([process.execPath, '-e', script], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
    await until(() => existsSync(file))
    child.kill(signal)
    await child.exited
    expect([child.signalCode, await child.stdout.text()]).toEqual([signal, ''])
    await until(() => !runs(readFileSync(file, 'utf8').trim()))
  },
  120_000,
)

test('a signal that somebody else listens to is his', async () => {
  const source = join(import.meta.dir, '../../src/run/question.ts')
  const script = `import { question } from ${JSON.stringify(source)}; process.on('SIGTERM', () => console.log('heard')); console.log((await question(['sh', '-c', 'kill -TERM ${'$'}PPID; sleep 0.2; exit 7'])).code)`
  const child = Bun.spawn([process.execPath, '-e', script], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  expect([await child.exited, await child.stdout.text()]).toEqual([0, 'heard\n7\n'])
})
