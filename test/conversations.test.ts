import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from './support/machine.ts'

setDefaultTimeout(60_000) // ms: holders of agents that these engines only pretend to end are waited for

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
  machine.set('say', 'list', '')
})
afterEach(() => machine.dispose())

const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-test' }
const folderOf = (id: string): string => machine.folderOf(id)
const row = (id: string, state: string, status: string): string =>
  `${JSON.stringify([state, status, id, '', 'claude', machine.project, '2026-01-02T03:04:05.000Z', 'restricted'])}\n`
async function detached(words: readonly string[] = []): Promise<string> {
  const { stdout, stderr } = await machine.paude(['--detach', ...words], { env: KEY })
  expect(stderr).toBe('')
  return stdout.trim()
}
const wrote = (id: string, files: Readonly<Record<string, string | Uint8Array>>) => {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folderOf(id), 'out', name), content)
}
const starts = () => machine.calls().filter(([program, verb]) => program === 'docker' && verb === 'start')

describe('wait', () => {
  test('an agent that has ended is there at once, and its code is told', async () => {
    const id = await detached()
    machine.ended('killed')
    expect(await machine.paude(['wait', id])).toEqual({ code: 0, stdout: `${id} exited 137\n`, stderr: '' })
    expect(await machine.paude(['wait', '--json', '--for', 'exited'])).toEqual({
      code: 0,
      stdout: `{"id":"${id}","state":"exited","exitCode":137}\n`,
      stderr: '',
    })
  })

  test('the engine’s word is taken for it, also when the sandbox is gone the next moment', async () => {
    const id = await detached()
    machine.set('say', 'wait', '0\n')
    expect(await machine.paude(['wait', id])).toEqual({ code: 0, stdout: `${id} exited 0\n`, stderr: '' })
  })

  test('time that runs out is 124', async () => {
    const id = await detached()
    const { code, stdout, stderr } = await machine.paude(['wait', id, '--timeout', '0.3'])
    expect({ code, stdout, stderr }).toEqual({
      code: 124,
      stdout: '',
      stderr: `paude: ${id} did not reach exited within 0.3 s\n`,
    })
  })

  test('what never comes is 3: a session that is gone, unknown, or was never started', async () => {
    // Whoever began it must be gone, or it might still be started.
    const id = (await machine.paude(['--detach'], { env: KEY, alone: true })).stdout.trim()
    machine.set('say', 'state', readFileSync(join(import.meta.dir, 'fixtures/docker/state-created.out'), 'utf8'))
    expect(await machine.paude(['wait', id])).toMatchObject({ code: 3, stdout: '' })
    machine.set('fail', 'container-inspect', `Error: No such container: ${id}`)
    const gone = await machine.paude(['wait', id])
    expect({ code: gone.code, stdout: gone.stdout }).toEqual({ code: 3, stdout: '' })
    expect(gone.stderr).toContain(`session ${id} is gone`)
    expect(await machine.paude(['wait', id, 'nobody', '--any'])).toMatchObject({ code: 3 })
  })

  test('words that mean nothing are 2', async () => {
    for (const words of [['--for', 'sleeping'], ['--any', '--all'], ['--timeout', 'soon'], ['--for']])
      expect(await machine.paude(['wait', ...words])).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('output', () => {
  test('is what the agent printed, byte for byte, on both streams, and its code', async () => {
    const id = await detached(['-p', 'hi'])
    machine.ended('exited')
    wrote(id, { stdout: 'no end', stderr: 'a complaint\n' })
    expect(await machine.paude(['output', id])).toEqual({ code: 3, stdout: 'no end', stderr: 'a complaint\n' })
    expect(await machine.paude(['output'])).toEqual({ code: 3, stdout: 'no end', stderr: 'a complaint\n' })
  })

  test('is refused while the agent runs, and of a session with a screen', async () => {
    const id = await detached(['-p', 'hi'])
    wrote(id, { stdout: 'half of it' })
    const early = await machine.paude(['output', id])
    expect(early).toMatchObject({ code: 125, stdout: '' })
    expect(early.stderr).toContain(`session ${id} has not ended yet\n  → paude output --follow ${id}`)
    const screen = await detached()
    const refused = await machine.paude(['output', screen])
    expect(refused).toMatchObject({ code: 125, stdout: '' })
    expect(refused.stderr).toContain(`paude logs ${screen}`)
  })

  test('--follow shows what is there and goes on to the end', async () => {
    const id = await detached(['-p', 'hi'])
    wrote(id, { stdout: 'one ' })
    machine.set('say', 'wait', '7\n')
    expect(await machine.paude(['output', '--follow', id])).toEqual({ code: 7, stdout: 'one ', stderr: '' })
  })

  test('is readable text for logs: both streams, every line, no control characters', async () => {
    const id = await detached(['-p', 'hi'])
    wrote(id, { stdout: 'one\n\none\n\u001b]52;c;eA==\u0007\u001b[31mred\u001b[0m\u0008\nno end', stderr: 'a complaint\n' })
    const logs = { code: 0, stdout: 'one\n\none\nred\na complaint\nno end\n', stderr: '' }
    expect(await machine.paude(['logs', id])).toEqual(logs)
    machine.set('say', 'wait', '7\n')
    expect(await machine.paude(['logs', '--follow', id])).toEqual(logs)
  })

  test('is the engine’s own record where no sandbox wrote one', async () => {
    const id = await detached(['-p', 'hi'])
    machine.ended('exited')
    machine.set('say', 'logs', 'of the engine')
    rmSync(join(folderOf(id), 'out'), { recursive: true })
    expect(await machine.paude(['output', id])).toEqual({ code: 3, stdout: 'of the engine', stderr: '' })
  })
})

describe('up', () => {
  test('starts what was taken down, and stop is remembered until start', async () => {
    const id = await detached()
    machine.set('say', 'list', row(id, 'exited', 'Exited (255) 2 days ago'))
    machine.ended('killed')
    await machine.paude(['stop', id])
    expect(await machine.paude(['up'], { env: KEY })).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(starts().filter((words) => words.includes(id))).toHaveLength(1)
    expect(await machine.paude(['start', id], { env: KEY })).toMatchObject({ code: 0, stdout: `${id}\n` })
    machine.ended('killed')
    expect(await machine.paude(['up', '--all'], { env: KEY, cwd: machine.home })).toEqual({
      code: 0,
      stdout: `${id}\n`,
      stderr: '',
    })
  })

  test('one that cannot be started does not keep the others down', async () => {
    const poor = await detached()
    const rich = (await machine.paude(['--detach'], { env: { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x' } })).stdout.trim()
    machine.set('say', 'list', row(poor, 'exited', 'Exited (137) 2 days ago') + row(rich, 'exited', 'Exited (143) 2 days ago'))
    machine.ended('killed')
    const { code, stdout, stderr } = await machine.paude(['up', '--all'], { env: { CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-x' } })
    expect({ code, stdout }).toEqual({ code: 1, stdout: `${rich}\n` })
    expect(stderr).toContain(`session ${poor} needs ANTHROPIC_API_KEY, which is not set`)
  })

  test('waits for an engine that is not up yet, as long as it is told', async () => {
    const id = await detached()
    machine.set('fail', 'ps', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?')
    machine.ended('killed')
    expect(await machine.paude(['up', '--all'], { env: KEY })).toMatchObject({ code: 1, stdout: '' })
    expect(await machine.paude(['up', '--all', '--timeout', '0.5'], { env: KEY })).toMatchObject({ code: 124, stdout: '' })
    machine.set('say', 'list', row(id, 'exited', 'Exited (137) 2 days ago'))
    const waiting = machine.paude(['up', '--all', '--timeout', '30'], { env: KEY })
    while (machine.calls().filter(([, verb]) => verb === 'ps').length < 4) await Bun.sleep(20)
    machine.unset('fail', 'ps')
    expect(await waiting).toMatchObject({ code: 0, stdout: `${id}\n` })
  })
})

describe('fork', () => {
  const conversation = '4a1d9e3c-0b57-4c0f-9b1e-2f3a4b5c6d7e'
  const seedOf = (id: string): string => readFileSync(join(folderOf(id), 'seed/command.sh'), 'utf8')

  test('starts a sandbox of the same project with the conversation that was noted', async () => {
    const id = await detached()
    wrote(id, { conversation: `${conversation}\n` })
    const elsewhere = join(machine.home, 'elsewhere')
    mkdirSync(elsewhere)
    machine.ended('finished')
    const copy = machine.paude(['fork', id, '--detach', '--session-name', 'copy', '--', '--model', 'opus', 'and now?'], {
      cwd: elsewhere,
      env: KEY,
    })
    const made = await newest(id)
    wrote(made, { conversation: `${conversation}\n` })
    expect(await copy).toEqual({ code: 0, stdout: `${made}\n`, stderr: '' })
    expect(seedOf(made)).toMatch(
      new RegExp(`set -- claude --resume ${conversation} --fork-session --session-id [0-9a-f-]{36} --model opus 'and now\\?'\n`),
    )
    const { workspace, name, conversation: own } = JSON.parse(readFileSync(join(folderOf(made), 'session.json'), 'utf8'))
    expect({ workspace, name }).toEqual({ workspace: machine.project, name: 'copy' })
    expect(seedOf(made)).toContain(`--session-id ${own} `)
    expect(own).not.toBe(conversation)
  })

  test('one that ends at once is taken back, with its own words', async () => {
    const id = await detached()
    machine.ended('killed')
    machine.set('say', 'logs', `paude: session ${id} has no conversation yet\n`)
    const { code, stdout, stderr } = await machine.paude(['fork', id, '--detach'], { env: KEY })
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toBe(`paude: session ${id} has no conversation yet\n`)
    expect(machine.calls().filter(([, verb]) => verb === 'rm')).toHaveLength(1)
  })

  test('another engine has no such conversation', async () => {
    const id = await detached(['-p', 'x'])
    const { code, stderr } = await machine.paude(['--backend', 'podman', 'fork', id], { env: KEY })
    expect(code).toBe(125)
    expect(stderr).toContain(`the conversation of ${id} is in a volume of docker`)
  })

  /** The session that is being made besides this one. */
  async function newest(old: string): Promise<string> {
    for (;;) {
      const found = [...new Bun.Glob('paude-*/out/conversation').scanSync(join(machine.home, '.local/state/paude/sessions'))]
      const other = found.map((path) => path.split('/')[0] ?? '').find((id) => id !== old)
      if (other !== undefined) return other
      await Bun.sleep(10)
    }
  }
})

describe('service', () => {
  test.each(['--systemd', '--launchd'])('%s prints a unit without a secret, and installs nothing', async (flag) => {
    const { code, stdout, stderr } = await machine.paude(['service', flag], {
      env: { ...KEY, XDG_STATE_HOME: join(machine.home, 'a state'), PATH: `relative:${machine.env['PATH']}` },
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain(KEY.ANTHROPIC_API_KEY)
    expect(stdout).toContain(join(machine.home, '.config/paude/environment'))
    expect(stdout).toContain(join(machine.home, 'a state'))
    expect(stdout).not.toContain('relative')
    expect(machine.kept()).toBe('')
  })

  test('is one of the two', async () => {
    expect(await machine.paude(['service', '--systemd', '--launchd'])).toMatchObject({ code: 2, stdout: '' })
    expect((await machine.paude(['service'])).stdout).toBe(
      (await machine.paude(['service', process.platform === 'darwin' ? '--launchd' : '--systemd'])).stdout,
    )
  })
})

test('a record of an older paude is still read', async () => {
  const id = await detached()
  const file = join(folderOf(id), 'session.json')
  const { conversation, ...old } = JSON.parse(readFileSync(file, 'utf8'))
  expect(conversation).toMatch(/^[0-9a-f-]{36}$/)
  for (const record of [old, { ...old, conversation: 5 }]) {
    writeFileSync(file, JSON.stringify(record))
    expect((await machine.paude(['stop', '--dry-run'])).stdout).toContain(id)
  }
  writeFileSync(file, JSON.stringify(old))
  rmSync(join(folderOf(id), 'out'), { recursive: true })
  const { stderr } = await machine.paude(['fork', id], { env: KEY })
  expect(stderr).toContain(`session ${id} has no conversation yet`)
})
