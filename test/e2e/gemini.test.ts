import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { serveGenerateApi } from '../support/generate-api.ts'
import type { ScriptedApi } from '../support/scripted-api.ts'
import { selfSigned } from './certificate.ts'
import {
  binary,
  containersOf,
  describeEach,
  engine,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals, type Terminal } from './terminal.ts'

setDefaultTimeout(240_000)

const KEY = `AIza-real-${crypto.randomUUID()}`
const READY = /Type your message/

describeEach('Gemini', (backend) => {
  let api: ScriptedApi
  const terminals = makeTerminals()
  beforeAll(() => {
    api = serveGenerateApi({ key: KEY })
  })
  afterAll(async () => {
    await terminals.stop()
    await api.stop()
  })
  // Gemini reaches an address without TLS by a tunnel, in which nothing can be added.
  const env = () => ({
    PAUDE_BACKEND: backend,
    PAUDE_AGENT: 'gemini',
    PAUDE_INJECT: 'base-url',
    GEMINI_API_KEY: KEY,
    GOOGLE_GEMINI_BASE_URL: `http://${HOST_NAME}:${api.port}`,
  })
  const run = (words: readonly string[], { env: extra, ...rest }: RunOptions = {}) =>
    paude(words, { ...rest, env: { ...env(), ...extra } })
  const folderOf = (id: string) => join(stateHome, 'paude/sessions', id)
  const noted = (id: string) => readFileSync(join(folderOf(id), 'out/conversation'), 'utf8').trim()
  const row = async (id: string) =>
    (JSON.parse((await run(['sessions', '--json'])).stdout) as Record<string, unknown>[]).find((one) => one['id'] === id)
  const doing = (id: string, activity: string) =>
    poll(
      async () =>
        `${activity}: ${JSON.stringify(await row(id))}\n${(await run(['events', id])).stdout}${(await run(['screen', id])).stdout}`,
      async () => (await row(id))?.['activity'] === activity,
    )
  /** Gemini takes an Enter soon after a text for a line break of a paste, and a busy machine brings the two together. */
  async function submit(window: Terminal, id: string, text: string): Promise<void> {
    await window.enter(text)
    const isSubmitted = async () => (await run(['events', id])).stdout.includes(text)
    for (let tries = 0; tries < 4; tries++) {
      const submitted = await poll('the prompt', isSubmitted, 15).catch(() => false)
      if (submitted) return
      await window.press('Enter')
    }
    throw new Error(`not submitted: ${text}\n${await window.screen()}`)
  }

  test('its key reaches the provider alone, and is nowhere in the sandbox', async () => {
    const cwd = makeProject()
    // Two halves: the whole would be found in the project itself.
    const needle = `${KEY.slice(0, 20)}""${KEY.slice(20, 30)}`
    put(
      join(cwd, 'look'),
      `(env; cat /proc/*/environ /proc/*/cmdline; find "$HOME" /etc /paude /tmp /run ${cwd} -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all
echo found $(grep -a -c -F -e "${needle}" /tmp/all) of $(wc -l < /tmp/all), placeholder $GEMINI_API_KEY
curl -s -o /dev/null -w "%{http_code}\\n" -H "x-goog-api-key: $GEMINI_API_KEY" $GOOGLE_GEMINI_BASE_URL/v1beta/files
touch looked; until [ -e go ]; do sleep 0.1; done`,
    )
    const before = new Set(sessionIds())
    const running = startPaude(['--', '--yolo', '-p', 'BASH sh look;;SAY {result}'], { cwd, env: env() })
    try {
      const id = await poll('a session', () => sessionIds().find((one) => !before.has(one)))
      await poll('the agent has looked', () => readdirSync(cwd).includes('looked'), 180)
      for (const container of await containersOf(backend, id)) {
        expect((await engine(backend, ['inspect', container])).stdout).not.toContain(KEY)
        const { stdout, stderr } = await engine(backend, ['logs', container])
        expect(stdout + stderr).not.toContain(KEY)
      }
      for (const name of readdirSync(folderOf(id), { recursive: true, withFileTypes: true }))
        if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name), 'utf8')).not.toContain(KEY)
    } finally {
      put(join(cwd, 'go'), '')
    }
    const { code, stdout } = await running.done
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^found 0 of [1-9]\d{2,}, placeholder AIza\.paude\.placeholder\.the\.real\.key\.stays\.outside\.the\.box\n403\n$/,
    )
    // Its own address, its own methods, the real key, and nothing of a placeholder.
    const seen = api.requests.map(({ method, path, status }) => `${method} ${path.replace(/[\w.-]+:/, 'MODEL:')} ${status}`)
    expect([...new Set(seen)].toSorted()).toEqual([
      'POST /v1beta/models/MODEL:generateContent 200',
      'POST /v1beta/models/MODEL:streamGenerateContent?alt=sse 200',
    ])
    for (const { headers } of api.requests) {
      expect(headers['x-goog-api-key']).toBe(KEY)
      expect(JSON.stringify(headers)).not.toContain('placeholder')
    }
    expect(api.requests.at(-1)?.instructions.includes('paude network allow HOST')).toBe(true)
  })

  test('on Vertex AI the token of a program reaches the models of one project and region alone', async () => {
    const token = `ya29.${crypto.randomUUID()}`
    const place = '/v1/projects/my-project/locations/europe-west1'
    const vertex = serveGenerateApi({ key: token, vertex: `${place}/publishers/google` })
    const folder = `${root}/config-${backend}-gemini-vertex`
    const cwd = makeProject()
    put(`${folder}/token`, token)
    put(
      `${folder}/paude/config.toml`,
      `[provider]\nservice = "vertex"\nregion = "europe-west1"\nresource = "my-project"\nbase_url = "http://${HOST_NAME}:${vertex.port}"\nauth_token = { command = ["cat", "${folder}/token"] }\n`,
    )
    put(
      join(cwd, 'look'),
      `(env; cat /proc/*/environ; find "$HOME" /etc /paude /tmp /run -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all
echo found $(grep -a -c -F -e "${token.slice(0, 12)}""${token.slice(12)}" /tmp/all) of $(wc -l < /tmp/all)
ask() { curl -s -o /dev/null -w "%{http_code} " -X POST -d "{}" "http://127.0.0.1:3130$1"; }
ask ${place.replace('my-project', 'other-project')}/publishers/google/models/x:generateContent; ask ${place}/endpoints; ask /v1beta/models/x:generateContent
`,
    )
    const own = {
      GEMINI_API_KEY: undefined,
      GOOGLE_GEMINI_BASE_URL: undefined,
      PAUDE_LOGIN_INSIDE: undefined,
      XDG_CONFIG_HOME: folder,
    }
    try {
      const { code, stdout, stderr } = await run(['--', '--yolo', '-p', 'BASH sh look;;SAY {result}'], { cwd, env: own })
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/^found 0 of [1-9]\d{2,}\n403 403 403 ?\n$/)
      expect(vertex.requests.length).toBeGreaterThan(1)
      for (const { path, status, headers } of vertex.requests) {
        expect([status, path.split('/models/')[0]]).toEqual([200, `${place}/publishers/google`])
        expect([headers['authorization'], headers['x-goog-api-key']]).toEqual([`Bearer ${token}`, undefined])
      }
    } finally {
      await vertex.stop()
    }
  })

  test('over TLS the proxy adds the key inside the tunnel, and no other host is asked', async () => {
    const pair = selfSigned()
    const tls = serveGenerateApi({ key: KEY, tls: pair })
    const image = /localhost\/paude\/gemini:[\w.-]+/.exec((await run(['--print-config'])).stdout)?.[0] ?? ''
    const secure = {
      PAUDE_INJECT: 'bump',
      GEMINI_API_KEY: undefined,
      GOOGLE_API_KEY: KEY,
      GOOGLE_GEMINI_BASE_URL: `https://${HOST_NAME}:${tls.port}`,
    }
    // The image of the agent as it is: only the proxy's is made anew.
    const words = ['--ca-file', pair.file, '--image', image, '--detach', '--', '-p', 'SAY quiet']
    const id = (await run(words, { env: secure })).stdout.trim()
    expect((await run(['wait', id])).code).toBe(0)
    expect((await run(['output', id])).stdout).toContain('quiet')
    const { stdout } = await run(['network', 'log', id, '--json'])
    const hosts = lines(stdout).map((line) => (JSON.parse(line) as { host: string }).host)
    expect([...new Set(hosts)]).toEqual([HOST_NAME])
    expect(tls.requests.at(-1)?.headers['x-goog-api-key']).toBe(KEY)
    await run(['rm', '--force', '--volumes', id])
    await tls.stop()
  })

  test('at an address without TLS it is refused with what to do, since nothing could add the key', async () => {
    const { code, stderr } = await run(['--inject=bump', '-p', 'SAY x'])
    expect(code).toBe(125)
    expect(stderr).toContain(`http://${HOST_NAME}:${api.port}: Gemini asks for a tunnel`)
    expect(stderr).toContain('--inject base-url')
  })

  test('opens on its prompt without a question, answers, asks, is left, stopped and started, and goes on', async () => {
    const cwd = makeProject()
    const window = await terminals.open({ cwd, env: env(), columns: 90, rows: 28 })
    await window.start(`${binary} --session-name one`)
    const first = await window.see(READY, 120)
    expect(first).not.toMatch(/trust|log ?in|sign in|update|theme/i)
    const id = String(
      (JSON.parse((await run(['sessions', '--json'])).stdout) as { id: string; workspace: string }[]).find(
        ({ workspace }) => workspace === cwd,
      )?.id,
    )
    await submit(window, id, 'SAY 你好 first words')
    await window.see(/^✦ 你好 first words$/m)
    await doing(id, 'done')
    const conversation = noted(id)
    expect(conversation).toMatch(/^[0-9a-f-]{36}$/)

    // A question: on the screen, in the table, and answered from outside.
    await submit(window, id, 'BASH touch made;;SAY it is made')
    await window.see(/Allow execution of/)
    await doing(id, 'waiting')
    await poll('what it asks', async () => String((await row(id))?.['message']).includes('requires execution'))
    expect(await row(id)).toMatchObject({ kind: 'permission', agent: 'gemini' })
    expect(readdirSync(cwd)).not.toContain('made')
    expect((await run(['send', id, '--key', 'Enter'])).code).toBe(0)
    await window.see(/^✦ it is made$/m)
    expect(readdirSync(cwd)).toContain('made')
    await doing(id, 'done')

    // It goes on behind a terminal that leaves.
    await window.press('C-p', 'C-q')
    expect(await window.ended(60)).toBe(0)
    expect((await run(['send', id, 'SAY from outside'])).code).toBe(0)
    expect((await run(['wait', id, '--for', 'done'])).code).toBe(0)
    await poll('the answer', async () => (await run(['screen', id])).stdout.includes('✦ from outside'))
    const kinds = lines((await run(['events', id, '--json'])).stdout).map((line) => (JSON.parse(line) as { kind: string }).kind)
    for (const kind of ['session-start', 'prompt', 'tool', 'notification', 'tool-result', 'stop']) expect(kinds).toContain(kind)

    // Stopped, and started again with the same conversation, which is not the newest of the project.
    expect((await run(['stop', id])).code).toBe(0)
    expect((await run(['--', '-p', 'SAY another one'], { cwd })).stdout).toBe('another one\n')
    await window.start(`clear; ${binary} start --attach ${id}`)
    const again = await window.see(/^✦ from outside$/m, 120)
    expect(again).not.toContain('another one')
    await window.see(READY)
    await submit(window, id, 'SAY after it')
    await window.see(/^✦ after it$/m)
    await doing(id, 'done')
    expect(noted(id)).toBe(conversation)

    // Escape interrupts.
    await submit(window, id, 'SLEEP 60;;SAY late')
    await doing(id, 'working')
    await window.press('Escape')
    await window.see(/cancelled/i)
    await poll('at rest', async () => !['working', 'waiting'].includes(String((await row(id))?.['activity'])))
    await window.press('C-p', 'C-q')
    expect(await window.ended(60)).toBe(0)

    // A copy has what was said, and an id of its own.
    const before = new Set(sessionIds())
    const { code, stdout } = await run(['fork', id, '--', '-p', 'SAY in the copy'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'in the copy\n' })
    expect(api.requests.at(-1)?.instructions.includes('SAY after it')).toBe(true)
    expect(sessionIds().filter((one) => !before.has(one))).toHaveLength(1)
    expect(noted(id)).toBe(conversation)
    // Nothing of the original was taken away by those that came after it.
    expect((await run(['--', '-r', conversation, '-p', 'SAY still there'], { cwd })).stdout).toBe('still there\n')
    expect(api.requests.at(-1)?.instructions.includes('SAY after it')).toBe(true)
    expect((await run(['rm', '--force', '--volumes', id])).code).toBe(0)
  })
})
