import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  type Api,
  describeEach,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type RunOptions,
  root,
  serveApi,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

/** The agent waits for a prompt. */
const PROMPT = /plan mode on/
const KEY = 'sk-ant-api03-a-key-for-nobody-at-all'

describeEach('an engine that accepts and never answers', (backend) => {
  // It is docker's socket that anybody can be told to use; the other engine's sessions are still of interest.
  const hasDocker = Bun.which('docker') !== null
  const path = join(root, `${backend}-silent.sock`)
  let silent: ReturnType<typeof Bun.listen>
  beforeAll(() => {
    silent = Bun.listen({ unix: path, socket: { data: () => undefined } })
  })
  afterAll(() => silent.stop(true))
  const cwd = makeProject()
  const env = { DOCKER_HOST: `unix://${path}`, ANTHROPIC_API_KEY: KEY }
  const told = 'docker has not answered within 15 s: paude cannot show its sessions; restart it: '

  test.skipIf(!hasDocker)('is told by what lists, which shows the sessions of others', async () => {
    const others = backend !== 'docker'
    const options = { env: { ...env, PAUDE_BACKEND: backend }, cwd }
    const id = others ? (await paude(['run', '--detach', '--', 'sleep', '600'], options)).stdout.trim() : ''
    try {
      const [list, status, doctor] = await Promise.all(
        [['sessions', '--quiet'], ['status'], ['doctor']].map((words) => paude(words, { env, cwd })),
      )
      expect(list).toMatchObject({ code: 0, stderr: expect.stringContaining(told) })
      if (others) expect(list?.stdout.split('\n')).toContain(id)
      expect(status?.stderr).toContain(told)
      expect(doctor?.stdout).toContain('not answering: no answer within 15 s')
    } finally {
      if (others) await paude(['rm', '--force', id], options)
    }
  })

  test.skipIf(backend !== 'docker')('is told by a start, which ends on a signal and leaves nothing here', async () => {
    // What every start needs is there by then.
    const first = await paude(['--backend=docker', 'run', '--', 'true'], { env: { ANTHROPIC_API_KEY: KEY }, cwd })
    expect(first).toMatchObject({ code: 0 })
    const starts = [
      { words: ['-p', 'hi'], signal: 'SIGTERM', code: 143 },
      { words: ['run', '--', 'true'], signal: 'SIGINT', code: 130 },
    ] as const
    const before = sessionIds()
    const all = starts.map(async ({ words, signal, code }) => {
      const project = makeProject()
      const running = startPaude(['--backend=docker', ...words], { env, cwd: project })
      // Not when it says that it waits: a question that began beside the call is given up at that very moment.
      await poll('its first call that makes something', () =>
        processes().some(({ words: call }) => /^docker (run|create|volume create) /.test(call) && call.includes(project)),
      )
      running.kill(signal)
      const ended = await running.done
      expect(ended).toMatchObject({ code, stdout: '' })
      expect(ended.stderr).toMatch(/something may be left behind\n.*once docker answers: docker rm --force --volumes paude-/)
    })
    await Promise.all(all)
    for (const id of sessionIds().filter((one) => !before.includes(one)))
      expect(existsSync(join(stateHome, 'paude/sessions', id))).toBe(false)
  })
})

describeEach('a provider that does not answer', (backend) => {
  const terminals = makeTerminals()
  let api: Api
  let strange: ReturnType<typeof Bun.serve>
  beforeAll(() => {
    api = serveApi()
    const [key, cert] = [join(root, `${backend}.key`), join(root, `${backend}.pem`)]
    put(join(root, 'made'), '')
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=strange', '-addext', `subjectAltName=DNS:${HOST_NAME}`]
    execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    strange = Bun.serve({
      hostname: '0.0.0.0',
      port: 0,
      tls: { key: readFileSync(key), cert: readFileSync(cert) },
      fetch: () => new Response('{}'),
    })
  })
  afterAll(async () => {
    await Promise.all([api.stop(), strange.stop(true), terminals.stop()])
  })

  const env = (address: string) => ({ PAUDE_BACKEND: backend, ANTHROPIC_API_KEY: KEY, ANTHROPIC_BASE_URL: address })
  /** A session whose agent waits for a prompt on its screen. */
  const withScreen = async (options: RunOptions) => {
    const id = (await paude(['--detach', '--permission-mode', 'plan'], options)).stdout.trim()
    await poll('the prompt', async () => PROMPT.test((await paude(['screen', id], options)).stdout), 60)
    return id
  }

  const faults: readonly (readonly [what: string, address: () => string, flags: readonly string[], told: RegExp])[] = [
    [
      'nothing listens at its port',
      () => `http://${HOST_NAME}:1`,
      [],
      /:1 does not answer the agent: connection failed; check that it runs/,
    ],
    [
      'its name is nobody’s',
      () => 'https://provider.invalid',
      [],
      /provider\.invalid:443 does not answer the agent: not found, or at a private address; check ANTHROPIC_BASE_URL/,
    ],
    [
      'its certificate is not trusted',
      () => `https://${HOST_NAME}:${strange.port}`,
      [],
      / does not answer the agent: TLS failed: X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT\S*; to trust a company's certificate: --ca-file FILE/,
    ],
    [
      'nothing listens at its base URL of the box',
      () => `http://${HOST_NAME}:1`,
      ['--inject=base-url'],
      /:1 does not answer the agent: read error; check that it runs/,
    ],
  ]
  test.concurrent.each(faults)('is told while -p runs: %s', async (_, address, flags, told) => {
    const cwd = makeProject()
    const running = startPaude([...flags, '-p', 'SAY hello'], { env: env(address()), cwd })
    try {
      await poll('what is wrong', () => running.stderr().includes('does not answer the agent'), 60)
      // It goes on trying for minutes.
      expect(Bun.peek.status(running.done)).toBe('pending')
      expect(running.stderr()).toMatch(told)
    } finally {
      running.kill('SIGTERM')
    }
    const { stderr, stdout } = await running.done
    expect(stdout).toBe('')
    expect(stderr.match(/does not answer the agent/g)).toHaveLength(1)
    expect(stderr).not.toContain('allowed but not reached')
  })

  test('is told with the way to log in where it refuses the credential', async () => {
    const refusing = Bun.serve({
      hostname: '0.0.0.0',
      port: 0,
      fetch: () => Response.json({ type: 'error', error: { type: 'authentication_error', message: 'invalid' } }, { status: 401 }),
    })
    const running = startPaude(['-p', 'SAY hello'], { env: env(`http://${HOST_NAME}:${refusing.port}`), cwd: makeProject() })
    try {
      await poll(
        'what is wrong',
        () => /refuses the credential \(HTTP 401\).*for the next start: paude login/.test(running.stderr()),
        60,
      )
    } finally {
      // It goes on trying for minutes.
      running.kill('SIGTERM')
      await running.done
      await refusing.stop(true)
    }
  })

  test('is not told of one that answers', async () => {
    const words = ['-p', 'BASH sleep 6;;SAY slept', '--dangerously-skip-permissions']
    const ran = await paude(words, { env: { PAUDE_BACKEND: backend, ...api.env } })
    expect(ran).toEqual({ code: 0, stdout: 'slept\n', stderr: '' })
  })

  test('is told of a session in the background by wait', async () => {
    const options = { env: env(`http://${HOST_NAME}:1`), cwd: makeProject() }
    const id = (await paude(['--detach', '-p', 'SAY hello'], options)).stdout.trim()
    const waiting = startPaude(['wait', id], options)
    await poll(
      'what is wrong',
      () => waiting.stderr().includes(`${id}: the provider ${HOST_NAME}:1 does not answer the agent`),
      60,
    )
    await paude(['rm', '--force', id], options)
    await waiting.done
  })

  test('is told of a session with a screen by sessions and status, and to whoever leaves it', async () => {
    const options = { env: env(`http://${HOST_NAME}:1`), cwd: makeProject() }
    const id = await withScreen(options)
    try {
      const fault = async () => {
        const rows = JSON.parse((await paude(['sessions', '--json'], options)).stdout) as { id: string; fault: string }[]
        return rows.find((row) => row.id === id)?.fault
      }
      expect(await fault()).toBe('')
      await paude(['send', id, 'SAY hello'], options)
      await poll('what is wrong', async () => (await fault()) !== '', 60)
      expect(await fault()).toContain(`${HOST_NAME}:1 does not answer the agent: connection failed`)
      expect((await paude(['sessions'], options)).stdout).toMatch(
        new RegExp(`^${id} .* working: no answer from the provider `, 'm'),
      )
      expect((await paude(['status'], options)).stdout).toMatch(
        new RegExp(`^here +${id}, running, working, the provider ${HOST_NAME}:1 does not answer the agent`, 'm'),
      )
      const window = await terminals.open(options)
      await window.start(`${process.env['PAUDE_TEST_BINARY'] ?? join(import.meta.dir, '../../dist/paude')} attach ${id}`)
      await window.see(/retrying|attempt/, 60)
      await window.press('C-p', 'C-q')
      const screen = await window.see('does not answer the agent')
      expect(screen).toContain(`paude attach ${id}`)
    } finally {
      await paude(['rm', '--force', id], options)
    }
  })

  test('is told of no session whose provider answers', async () => {
    const options = { env: { PAUDE_BACKEND: backend, ...api.env }, cwd: makeProject() }
    const id = await withScreen(options)
    try {
      await paude(['send', id, 'SAY all is well'], options)
      await poll('the answer', async () => (await paude(['screen', id], options)).stdout.includes('● all is well'), 60)
      expect((await paude(['sessions', '--json'], options)).stdout).not.toContain('does not answer the agent')
    } finally {
      await paude(['rm', '--force', id], options)
    }
  })
})
