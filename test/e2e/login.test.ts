import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  agentImage,
  binary,
  containersOf,
  describeEach,
  engine,
  makeProject,
  paude,
  put,
  root,
  serveApi,
  sessionIds,
  stateHome,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

const TOKEN = `sk-ant-oat01-${'Real-Token_'.repeat(9)}`
const file = join(stateHome, 'paude/logins/claude.json')

describeEach('paude login', (backend) => {
  const terminals = makeTerminals()
  const image = `localhost/paude-e2e/login:${crypto.randomUUID().slice(0, 8)}`
  const config = join(root, `config-${backend}`)
  const env = { PAUDE_BACKEND: backend, XDG_CONFIG_HOME: config }
  let service: ReturnType<typeof serveLogin>

  beforeAll(async () => {
    service = serveLogin()
    // Only this image knows the authority of the scripted service.
    const context = join(root, `image-${backend}`)
    put(join(context, 'ca.pem'), service.certificate)
    put(
      join(context, 'Dockerfile'),
      `FROM ${await agentImage(backend)}\nUSER 0\nCOPY ca.pem /ca.pem\nRUN cat /ca.pem >>/etc/ssl/certs/ca-certificates.crt\n`,
    )
    expect(await engine(backend, ['build', '--quiet', `--tag=${image}`, context])).toMatchObject({ code: 0 })
    put(join(config, 'paude/config.toml'), `[network]\nupstream_proxy = "http://${HOST_NAME}:${service.port}"\n`)
  })
  afterAll(async () => {
    await terminals.stop()
    service.stop()
    await engine(backend, ['image', 'rm', '--force', image])
  })

  test("runs Claude's own flow in a sandbox that reaches the login host alone, and keeps the token outside of it", async () => {
    const before = new Set(sessionIds())
    const project = makeProject()
    const window = await terminals.open({ cwd: project, env: { ...env, PAUDE_LOGIN_INSIDE: '' }, columns: 80, rows: 40 })
    await window.start(`${binary} --image ${image} login`)
    await window.see('paste the code', 60)
    const addresses = () =>
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a link of a terminal
      [...window.bytes().matchAll(/\u001b\]8;;(https:[!-~]+?)\u001b\\\1\u001b\]8;;\u001b\\/g)].map(([, one = '']) => new URL(one))
    expect(addresses().map(({ origin, pathname }) => origin + pathname)).toEqual(['https://claude.com/cai/oauth/authorize'])

    const [id = ''] = sessionIds().filter((one) => !before.has(one))
    const containers = await containersOf(backend, id)
    expect(containers).toHaveLength(2)
    const inspected = (await engine(backend, ['inspect', ...containers])).stdout
    expect(inspected).not.toContain(project)

    service.refuses = true
    await window.press('the-wrong#code', 'Enter')
    await window.see("warning: That code wasn't accepted", 60)
    await window.see(() => addresses().length === 2, 60)
    service.refuses = false
    const state = addresses()[1]?.searchParams.get('state') ?? ''
    await window.press(`the-code#${state}`, 'Enter')
    expect(await window.ended(60)).toBe(0)

    const screen = window.bytes()
    expect(screen).toContain('logged in to Claude for all projects: subscription token')
    expect([screen.includes(TOKEN), screen.includes(state.slice(0, 20)) && screen.includes('the-code')]).toEqual([false, false])
    expect(service.asked).toEqual(['platform.claude.com:443', 'platform.claude.com:443'])
    expect(service.exchanged.at(-1)).toMatchObject({ code: 'the-code', state, grant_type: 'authorization_code' })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ key: 'oauthToken', keeper: 'file', value: TOKEN })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const status = await paude(['login', '--status', '--json'], { env: { ...env, PAUDE_LOGIN_INSIDE: undefined } })
    expect(JSON.parse(status.stdout)).toMatchObject({ source: 'login', kept: { address: 'https://api.anthropic.com' } })
    expect(await containersOf(backend, id)).toEqual([])
    expect(await paude(['logout'], { env })).toMatchObject({ code: 0 })
  })

  test('ends with 130 at Ctrl-C, and leaves neither a sandbox nor a login', async () => {
    const window = await terminals.open({ cwd: makeProject(), env, columns: 80, rows: 40 })
    await window.start(`${binary} --image ${image} login`)
    await window.see('paste the code', 60)
    await window.press('C-c')
    expect(await window.ended(60)).toBe(130)
    expect(existsSync(file)).toBe(false)
  })

  test('serves two projects with a key that neither of their sandboxes sees', async () => {
    const api = serveApi()
    const own = {
      PAUDE_BACKEND: backend,
      PAUDE_LOGIN_INSIDE: undefined,
      ANTHROPIC_BASE_URL: api.env.ANTHROPIC_BASE_URL,
    }
    try {
      expect(await paude(['login', '--api-key'], { env: own, stdin: `${api.key}\n` })).toMatchObject({ code: 0 })
      for (const cwd of [makeProject(), makeProject()]) {
        const { code, stdout } = await paude(['-p', 'BASH env;;SAY {result}', '--dangerously-skip-permissions'], {
          env: own,
          cwd,
        })
        expect(code).toBe(0)
        expect(stdout).toContain('ANTHROPIC_API_KEY=sk-ant-api03-paude-placeholder')
        expect(stdout).not.toContain(api.key)
      }
      expect(await paude(['logout'], { env: own })).toMatchObject({ code: 0 })
    } finally {
      await api.stop()
    }
  })

  test('is named by a start that has no credential, before a sandbox is made', async () => {
    const before = sessionIds().length
    const { code, stderr } = await paude(['-p', 'SAY hello'], { env: { PAUDE_BACKEND: backend, PAUDE_LOGIN_INSIDE: undefined } })
    expect([code, stderr]).toEqual([125, expect.stringContaining('no credential for Claude\n  → paude login')])
    expect(sessionIds()).toHaveLength(before)
  })
})

/** A scripted authorization service behind a proxy, which answers for the login host alone. */
function serveLogin() {
  const [key, cert] = [join(root, 'login.key'), join(root, 'login.pem')]
  put(join(root, 'made'), '')
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', '/CN=login', '-addext', 'subjectAltName=DNS:platform.claude.com']
  execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const found = { refuses: false, asked: [] as string[], exchanged: [] as unknown[] }
  const tokens = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { key: readFileSync(key), cert: readFileSync(cert) },
    fetch: async (request) => {
      if (new URL(request.url).pathname !== '/v1/oauth/token') return new Response('{}', { status: 404 })
      found.exchanged.push(await request.json())
      return found.refuses
        ? Response.json({ error: 'invalid_grant', error_description: 'Invalid code' }, { status: 400 })
        : Response.json({ token_type: 'Bearer', access_token: TOKEN, expires_in: 31_536_000, scope: 'user:inference' })
    },
  })
  type Way = { to: Bun.Socket | null; early: Buffer[] }
  const proxy = Bun.listen<Way>({
    hostname: '0.0.0.0',
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { to: null, early: [] }
      },
      async data(socket, bytes) {
        const { data } = socket
        if (data.to !== null) return void data.to.write(bytes)
        data.early.push(Buffer.from(bytes))
        const [, name] = /^CONNECT (\S+) .*\r\n\r\n$/s.exec(Buffer.concat(data.early).toString('latin1')) ?? []
        if (name === undefined) return
        found.asked.push(name)
        if (name !== 'platform.claude.com:443') return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
        data.to = await Bun.connect({
          hostname: '127.0.0.1',
          port: tokens.port ?? 0,
          socket: { data: (_, answer) => void socket.write(answer), close: () => void socket.end() },
        })
        socket.write('HTTP/1.1 200 Connected\r\n\r\n')
      },
      close: ({ data }) => void data.to?.end(),
    },
  })
  return Object.assign(found, {
    port: proxy.port,
    certificate: readFileSync(cert, 'utf8'),
    stop: () => {
      proxy.stop(true)
      void tokens.stop(true)
    },
  })
}
