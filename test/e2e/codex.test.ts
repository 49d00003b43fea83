import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { oauthServer } from '../support/oauth-server.ts'
import { serveResponsesApi } from '../support/responses-api.ts'
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
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(400_000) // ms

const KEY = `sk-proj-real-${crypto.randomUUID()}`
const READY = /^› Ask Codex/m

describeEach('Codex', (backend) => {
  let api: ScriptedApi
  const terminals = makeTerminals()
  beforeAll(() => {
    api = serveResponsesApi({ key: KEY })
  })
  afterAll(async () => {
    await terminals.stop()
    await api.stop()
  })
  const env = () => ({
    PAUDE_BACKEND: backend,
    PAUDE_AGENT: 'codex',
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: `http://${HOST_NAME}:${api.port}/v1`,
  })
  const run = (words: readonly string[], { env: extra, ...rest }: RunOptions = {}) =>
    paude(words, { ...rest, env: { ...env(), ...extra } })
  const folderOf = (id: string) => join(stateHome, 'paude/sessions', id)
  const noted = (id: string) => readFileSync(join(folderOf(id), 'out/conversation'), 'utf8').trim()
  const screenOf = async (id: string) => (await run(['screen', id])).stdout
  const row = async (id: string) =>
    (JSON.parse((await run(['sessions', '--json'])).stdout) as Record<string, unknown>[]).find((one) => one['id'] === id)
  const doing = (id: string, activity: string) =>
    poll(
      async () =>
        `${activity}: ${JSON.stringify(await row(id))}\n${(await run(['events', id])).stdout}${(await run(['screen', id])).stdout}`,
      async () => (await row(id))?.['activity'] === activity,
    )

  test('its key reaches the provider alone, and is nowhere in the sandbox', async () => {
    const cwd = makeProject()
    // Two halves: the whole would be found in the project itself.
    const needle = `${KEY.slice(0, 20)}""${KEY.slice(20, 30)}`
    const look = `(env; cat /proc/*/environ /proc/*/cmdline; find "$HOME" /etc /paude /tmp /run ${cwd} -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all; echo found $(grep -a -c -F -e "${needle}" /tmp/all) of $(wc -l < /tmp/all), placeholder $OPENAI_API_KEY; curl -s -o /dev/null -w "%{http_code} " -H "Authorization: Bearer $OPENAI_API_KEY" http://${HOST_NAME}:${api.port}/v1/files; touch looked; until [ -e go ]; do sleep 0.1; done`
    const before = new Set(sessionIds())
    const running = startPaude(['--', 'exec', `BASH ${look};;SAY {result}`], { cwd, env: env() })
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
      /^found 0 of [1-9]\d{2,}, placeholder sk-proj-paude-placeholder-the-real-key-stays-outside-the-box\n403\n$/,
    )
    // Its own address, its own path, the real key, and nothing of a placeholder.
    const seen = api.requests.map(({ method, path, status }) => `${method} ${path} ${status}`)
    expect([...new Set(seen)]).toEqual(['POST /v1/responses 200'])
    for (const { headers } of api.requests) {
      expect(headers['authorization']).toBe(`Bearer ${KEY}`)
      expect(JSON.stringify(headers)).not.toContain('placeholder')
    }
    expect(api.requests.at(-1)?.instructions).toContain('paude network allow HOST')
  })

  test('asks ChatGPT with the login of this machine, which is renewed there and is not in the sandbox', async () => {
    const folder = `${root}/chatgpt-${backend}`
    const oauth = oauthServer({ lifetime: 864_000 })
    // Nine of ten days ago, so it is due.
    const login = oauth.login(Date.now() / 1000 - 777_600)
    const read = () => JSON.parse(readFileSync(join(folder, 'auth.json'), 'utf8')).tokens
    chmodSync(put(join(folder, 'auth.json'), JSON.stringify(login)), 0o600)
    put(join(folder, 'paude/config.toml'), '[provider]\nservice = "chatgpt"\n')
    const pair = selfSigned({ leaf: true })
    const own = {
      PAUDE_AGENT: 'codex',
      PAUDE_BACKEND: backend,
      PAUDE_LOGIN_INSIDE: undefined,
      XDG_CONFIG_HOME: folder,
      CODEX_HOME: folder,
      CODEX_REFRESH_TOKEN_URL_OVERRIDE: oauth.url,
    }
    const image = /localhost\/paude\/codex:[\w.-]+/.exec((await paude(['image', 'build'], { env: own })).stdout)?.[0] ?? ''
    const server = serveResponsesApi({ key: () => read().access_token, prefix: '/backend-api/codex', tls: pair })
    try {
      const address = `https://${HOST_NAME}:${server.port}`
      const cwd = makeProject()
      const { access_token: token } = login.tokens
      // The one that is renewed by the start has the same first signs; two halves, so that the file itself is not found.
      const halves = [token.slice(0, 32), 'account-of-a-test'].map((one) => `-e "${one.slice(0, 9)}""${one.slice(9)}"`)
      put(
        join(cwd, 'look'),
        `(env; cat /proc/*/environ /proc/*/cmdline; find "$HOME" /etc /paude /tmp /run -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all
echo found $(grep -a -c -F ${halves.join(' ')} /tmp/all) of $(wc -l < /tmp/all)
ask() { curl -s -o /dev/null -w "%{http_code} " -X "$1" -H "Authorization: Bearer $OPENAI_API_KEY" "$2"; }
ask POST ${address}/backend-api/codex/responses/../../conversations; ask GET ${address}/backend-api/wham/tasks; ask POST ${address}/oauth/token; ask POST https://auth.openai.com/oauth/token
`,
      )
      const { code, stdout, stderr } = await paude(
        ['--ca-file', pair.file, '--image', image, '--', 'exec', 'BASH bash look;;SAY {result}'],
        { env: { ...own, CHATGPT_BASE_URL: `${address}/backend-api/codex` }, cwd },
      )
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/^found 0 of [1-9]\d{2,}\n403 403 403 000 ?\n$/)
      expect(server.requests.length).toBeGreaterThan(1)
      for (const { method, path, status, headers } of server.requests) {
        expect([method, path, status]).toEqual(['POST', '/backend-api/codex/responses', 200])
        expect([headers['authorization'], headers['chatgpt-account-id']]).toEqual([
          `Bearer ${read().access_token}`,
          'account-of-a-test',
        ])
        expect(JSON.stringify(headers)).not.toContain('placeholder')
      }
      expect([oauth.asked(), oauth.takes(read().refresh_token), read().access_token === token]).toEqual([1, true, false])
    } finally {
      await server.stop()
      oauth.stop()
    }
  })

  test('asks no other host, whatever it would like to, and by a key of the other name', async () => {
    const id = (
      await run(['--detach', '--', 'exec', 'SAY quiet'], { env: { CODEX_API_KEY: KEY, OPENAI_API_KEY: 'sk-proj-never-seen' } })
    ).stdout.trim()
    expect((await run(['wait', id])).code).toBe(0)
    expect((await run(['output', id])).stdout).toContain('quiet')
    const { stdout } = await run(['network', 'log', id, '--json'])
    const hosts = lines(stdout).map((line) => (JSON.parse(line) as { host: string }).host)
    expect([...new Set(hosts)]).toEqual([HOST_NAME])
    expect(api.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${KEY}`)
    await run(['rm', '--force', '--volumes', id])
  })

  test('at a base URL of the sandbox the proxy adds the key as well', async () => {
    const { code, stdout } = await run([
      '--inject=base-url',
      '--agent',
      'codex',
      'exec',
      'BASH grep base_url /etc/codex/config.toml;;SAY {result}',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'base_url = "http://127.0.0.1:3130/v1"\n' })
    expect(api.requests.at(-1)?.headers['authorization']).toBe(`Bearer ${KEY}`)
  })

  test('opens on its prompt without a question, answers, asks, is left, stopped and started, and goes on', async () => {
    const cwd = makeProject()
    // Its own rules, which it obeys since the project is trusted.
    put(join(cwd, '.codex/rules/ask.rules'), 'prefix_rule(pattern=["touch"], decision="prompt")\n')
    const window = await terminals.open({ cwd, env: env(), columns: 90, rows: 28 })
    await window.start(`${binary} --session-name one`)
    const first = await window.see(READY, 120)
    expect(first).not.toMatch(/trust|log ?in|sign in|update/i)
    expect(first).toContain('OpenAI Codex')
    await window.enter('SAY 你好 first words')
    await window.see(/^• 你好 first words$/m)
    const id = String(
      (JSON.parse((await run(['sessions', '--json'])).stdout) as { id: string; workspace: string }[]).find(
        ({ workspace }) => workspace === cwd,
      )?.id,
    )
    await doing(id, 'done')
    const conversation = noted(id)
    expect(conversation).toMatch(/^[0-9a-f-]{36}$/)
    await window.resize(70, 24)
    await window.see((text) => READY.test(text) && text.split('\n').every((line) => line.length <= 70))

    // A question: on the screen, in the table, and answered from outside.
    await window.enter('BASH touch made;;SAY it is made')
    await window.see(/Would you like to run|touch made/)
    await poll('waiting', async () => (await row(id))?.['activity'] === 'waiting')
    expect(await row(id)).toMatchObject({ kind: 'permission', agent: 'codex' })
    expect(readdirSync(cwd)).not.toContain('made')
    expect((await run(['send', id, '--key', 'y'])).code).toBe(0)
    await window.see(/^• it is made$/m)
    expect(readdirSync(cwd)).toContain('made')
    await doing(id, 'done')

    // It goes on behind a terminal that leaves.
    expect(await window.detach()).toBe(0)
    expect((await run(['send', id, 'SAY from outside'])).code).toBe(0)
    expect((await run(['wait', id, '--for', 'done'])).code).toBe(0)
    await poll('the answer', async () => (await screenOf(id)).includes('• from outside'))
    const kinds = lines((await run(['events', id, '--json'])).stdout).map((line) => (JSON.parse(line) as { kind: string }).kind)
    for (const kind of ['session-start', 'prompt', 'tool', 'permission', 'tool-result', 'stop']) expect(kinds).toContain(kind)

    // Stopped, and started again with the same conversation, which is not the newest of the project.
    expect((await run(['stop', id])).code).toBe(0)
    expect((await run(['--', 'exec', 'SAY another one'], { cwd })).stdout).toBe('another one\n')
    await window.start(`clear; ${binary} start --attach ${id}`)
    const again = await window.see(/^• from outside$/m, 120)
    expect(again).not.toContain('another one')
    await window.enter('SAY after it')
    await window.see(/^• after it$/m)
    expect(noted(id)).toBe(conversation)

    // Escape interrupts; two Ctrl-C end it.
    await window.enter('SLEEP 60;;SAY late')
    await doing(id, 'working')
    await window.press('Escape')
    await window.see(/interrupted/i)
    await poll('idle', async () => !['working', 'waiting'].includes(String((await row(id))?.['activity'])))
    expect(await window.detach()).toBe(0)

    // A copy has what was said, and an id of its own.
    const { code, stdout } = await run(['fork', id, '--', 'exec', 'SAY in the copy'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'in the copy\n' })
    expect(noted(id)).toBe(conversation)
    await window.start(`clear; ${binary} attach ${id}`)
    await window.see(READY)
    // The second one must come soon after the first, which a busy machine does not always manage.
    await poll('its end', async () => {
      await window.press('C-c', 'C-c')
      return (await window.see(/codex resume|shell>$/, 10).catch(() => '')) !== ''
    })
    expect((await run(['rm', '--force', '--volumes', id])).code).toBe(0)
  })
})
