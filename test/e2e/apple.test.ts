import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conforms, shell } from './conformance.ts'
import { backends, cleanUp, engine, makeProject, paude, poll, root, sessionIds } from './support.ts'

/** Never run on a Mac: a program that keeps the grammar of Apple's `container` runs docker containers in place of virtual machines. */
const bin = join(root, 'apple')
const program = join(import.meta.dir, '../support/apple/container.ts')
mkdirSync(bin, { recursive: true })
writeFileSync(join(bin, 'container'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 })
writeFileSync(join(bin, 'sw_vers'), '#!/bin/sh\necho 26.1\n', { mode: 0o755 })

const PATIENCE = 180_000
const env = { PATH: `${bin}:${process.env['PATH']}`, ANTHROPIC_API_KEY: 'sk-ant-api03-real-e2e-of-apple', PAUDE_BACKEND: 'apple' }
const cwd = makeProject()
const on = (...words: readonly string[]) => paude(words, { env, cwd })

/** Containers and volumes of sessions of this file, but for HOME. */
async function left(): Promise<string> {
  const ofFake = '--filter=label=fake.paude.id'
  const [containers, volumes] = await Promise.all([
    engine('docker', ['ps', '--all', ofFake, '--format={{.Names}}']),
    engine('docker', ['volume', 'ls', ofFake, '--format={{.Name}}']),
  ])
  const names = `${containers.stdout}\n${volumes.stdout}`.split('\n')
  return names.filter((name) => sessionIds().some((id) => name.startsWith(id))).join('\n')
}

const nothingLeft = () => poll(left, async () => (await left()) === '')

describe.skipIf(!backends().includes('docker'))("a session on a program that imitates Apple's container", () => {
  afterAll(async () => {
    for (const id of sessionIds()) {
      await engine('docker', ['rm', '--force', id, `${id}-proxy`, `${id}-fill`])
      await engine('docker', ['volume', 'rm', '--force', `${id}-workspace`])
    }
    const homes = await engine('docker', ['volume', 'ls', `--filter=label=fake.paude.workspace=${cwd}`, '--format={{.Name}}'])
    for (const name of homes.stdout.split('\n').filter(Boolean)) await engine('docker', ['volume', 'rm', name])
    cleanUp()
  })

  test(
    'one command: its streams and its exit code are its own, the proxy answers through a socket alone, and nothing stays',
    async () => {
      const script = [
        'cat; curl -sS --max-time 10 http://paude.internal/ | head -c 5; echo',
        'curl -s -o /dev/null -w "%{http_connect}\\n" --max-time 10 https://unlisted.example.org',
        'grep -c . /proc/net/route; grep NoNewPrivs: /proc/self/status | tr "\\t" " "; test -p /paude/link/receipt; echo "pipe $?"; exit 7',
      ].join('\n')
      const words = ['--workspace', 'none', '--network', 'restricted', 'run', '--', 'sh', '-c', script]
      const { stdout, stderr, code } = await paude(words, { env, cwd, stdin: 'from outside\n' })
      expect({ stdout, code }).toEqual({ stdout: 'from outside\npaude\n403\n1\nNoNewPrivs: 1\npipe 1\n', code: 7 })
      expect(stderr).toContain('apple filters no system calls')
      await nothingLeft()
    },
    PATIENCE,
  )

  test('the scenarios of all backends hold', async () => {
    const session = ['--agent', 'shell', '--workspace', 'clone', '--network', 'restricted']
    const ofSession = async (id: string) => (await left()).split('\n').filter((name) => name.includes(id))
    await conforms({ backend: 'apple', session, env, ...shell, left: ofSession })
  }, 600_000)

  test(
    'a box with a way out is refused before its program runs',
    async () => {
      const words = ['--workspace', 'none', '--network', 'restricted', 'run', '--', 'echo', 'ran']
      const { stdout, stderr, code } = await paude(words, { env: { ...env, FAKE_CONTAINER: 'leaks' }, cwd })
      expect({ stdout, code }).toEqual({ stdout: '', code: 125 })
      expect(stderr).toContain('the wall around the agent is not closed: ')
      await nothingLeft()
    },
    PATIENCE,
  )

  test(
    'a session in a clone is listed, changed while it runs, stopped with its work, started again and removed',
    async () => {
      const { stdout, stderr } = await on('--workspace', 'clone', '--session-name', 'fruit', '--detach')
      const id = stdout.trim()
      expect({ id, stderr }).toEqual({ id: expect.stringMatching(/^paude-\w{6}$/), stderr: expect.any(String) })
      const state = async () =>
        (JSON.parse((await on('sessions', '--json')).stdout) as { readonly id: string; readonly status: string }[]).find(
          (one) => one.id === id,
        )?.status
      expect(await state()).toBe('running')
      expect((await on('exec', 'fruit', '--', 'sh', '-c', 'ls -A; echo kept >kept.txt')).stdout).toBe('.git\nREADME.md\n')
      expect((await on('network', 'allow', 'late.example.org', '--session', 'fruit')).code).toBe(0)
      expect((await on('exec', 'fruit', '--', 'curl', '-sS', 'http://paude.internal/')).stdout).toContain('late.example.org')
      expect((await on('stop', 'fruit')).code).toBe(0)
      expect(await state()).toBe('exited')
      expect((await on('diff', 'fruit')).stdout).toContain('+kept')
      expect((await on('start', 'fruit')).code).toBe(0)
      expect((await on('exec', 'fruit', '--', 'cat', 'kept.txt')).stdout).toBe('kept\n')
      expect((await on('exec', 'fruit', '--', 'curl', '-sS', 'http://paude.internal/')).stdout).toContain('late.example.org')
      expect((await on('rm', '--force', 'fruit')).code).toBe(0)
      await nothingLeft()
    },
    PATIENCE,
  )
})
