import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MessagesApi, type MessagesApiOptions, serveMessagesApi } from '../../src/demo/messages-api.ts'
import { demoPrompt, demoScript, readOutcomes } from '../../src/demo/script.ts'

// What is fetched is the Linux program, wherever it is for.
const claude = process.platform === 'linux' ? process.env['PAUDE_TEST_CLAUDE'] : ''
if (!claude) console.log('skipped: real Claude Code against the scripted API (PAUDE_TEST_CLAUDE names no claude binary)')

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test.skipIf(!claude)('says what it is told', async () => {
  const { api, run } = setUp()
  expect(await run('-p', 'SAY hello there')).toEqual({ stdout: 'hello there\n', code: 0 })
  expect(api.requests.filter(({ path }) => path.startsWith('/v1/messages')).map(({ status }) => status)).toEqual([200])
  expect(api.requests.at(-1)?.headers).toMatchObject({ 'x-api-key': KEY })
})

test.skipIf(!claude)('answers a prompt that is no script', async () => {
  const { stdout, code } = await setUp().run('-p', 'what can you do')
  expect(stdout).toContain('I do not understand: what can you do')
  expect(code).toBe(0)
})

test.skipIf(!claude)('prints one JSON result', async () => {
  const { stdout, code } = await setUp().run('-p', 'SAY hello', '--output-format', 'json')
  expect(JSON.parse(stdout)).toMatchObject({ type: 'result', subtype: 'success', is_error: false, result: 'hello', num_turns: 1 })
  expect(code).toBe(0)
})

test.skipIf(!claude)('streams JSON lines', async () => {
  const { stdout } = await setUp().run(
    '-p',
    'SAY a;;BASH echo b;;SAY c{result}',
    '--output-format',
    'stream-json',
    '--verbose',
    ...FREE,
  )
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; result?: string })
  expect(lines.map(({ type }) => type).filter((type) => type !== 'system')).toEqual([
    'assistant',
    'assistant',
    'user',
    'assistant',
    'result',
  ])
  expect(lines.at(-1)).toMatchObject({ subtype: 'success', num_turns: 2, result: 'cb' })
})

test.skipIf(!claude)('really uses its tools', async () => {
  const { api, project, run } = setUp()
  const script = 'WRITE made.txt some words;;BASH tr a-z A-Z < made.txt | tee upper.txt;;READ upper.txt;;SAY read: {result}'
  expect(await run('-p', script, ...FREE)).toEqual({ stdout: 'read: 1\tSOME WORDS\n', code: 0 })
  expect(readFileSync(join(project, 'made.txt'), 'utf8').trim()).toBe('some words')
  expect(readFileSync(join(project, 'upper.txt'), 'utf8').trim()).toBe('SOME WORDS')
  expect(api.requests.filter(({ status }) => status === 200).map(({ results }) => results.length)).toEqual([0, 1, 2, 3])
})

test.skipIf(!claude)('uses the tools it was allowed and no others', async () => {
  const { project, run } = setUp()
  const { stdout, code } = await run(
    '-p',
    'BASH touch bash.txt;;WRITE write.txt x;;SAY end',
    '--allowedTools',
    'Bash',
    '--output-format',
    'json',
  )
  expect(code).toBe(0)
  expect(existsSync(join(project, 'bash.txt'))).toBe(true)
  expect(existsSync(join(project, 'write.txt'))).toBe(false)
  expect(JSON.parse(stdout)).toMatchObject({ result: 'end', permission_denials: [{ tool_name: 'Write' }] })
})

test.skipIf(!claude)('fails when the API does', async () => {
  const { stdout, code } = await setUp().run('-p', 'ERR 400')
  expect(stdout).toContain('the script asked for this error')
  expect(code).toBe(1)
})

test.skipIf(!claude)('fails with a key that nobody replaced', async () => {
  const { api, run } = setUp({ key: 'another' })
  expect((await run('-p', 'SAY never')).code).toBe(1)
  expect(api.requests.map(({ status }) => status).filter((status) => status !== 404)).toEqual([401])
})

test.skipIf(!claude)('waits for a slow answer', async () => {
  const started = performance.now()
  expect(await setUp().run('-p', 'SLEEP 3;;SAY late')).toEqual({ stdout: 'late\n', code: 0 })
  expect(performance.now() - started).toBeGreaterThan(3_000)
})

/** Bare, the machine has none of the walls: only the write can go as the demo expects. */
test.skipIf(!claude)('plays the demo, which notices that there are no walls', async () => {
  const service = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('reached') })
  cleanups.push(() => service.stop(true))
  const { api, project, run } = setUp({ script: demoScript({ servicePort: service.port ?? 0, variable: 'ANTHROPIC_API_KEY' }) })
  const { stdout, code } = await run('-p', demoPrompt, ...FREE)
  expect(code).toBe(0)
  expect(stdout).toContain(KEY)
  expect(readFileSync(join(project, 'paude-demo.txt'), 'utf8')).toContain('An agent wrote this')
  const outcomes = readOutcomes(api.requests)
  expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false, false])
  expect(outcomes[1]?.observed).toContain('proxy answered 000')
  expect(outcomes[2]?.observed).toBe('exit 0')
  expect(outcomes[3]?.observed).toBe(KEY)
})

/** With a proxy that swaps the key and refuses the rest, and nothing behind the port. */
test.skipIf(!claude)('plays the demo, which sees walls where there are some', async () => {
  const proxy = Bun.listen({
    hostname: '127.0.0.1',
    port: 0,
    socket: { data: (socket) => void socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n') },
  })
  cleanups.push(() => proxy.stop(true))
  const closed = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const servicePort = closed.port ?? 0
  await closed.stop(true)
  const { api, home, project } = setUp({ key: 'real', script: demoScript({ servicePort, variable: 'ANTHROPIC_API_KEY' }) })
  const swap = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const headers = new Headers(request.headers)
      headers.set('x-api-key', 'real')
      const { pathname, search } = new URL(request.url)
      return fetch(api.url + pathname + search, { method: request.method, headers, body: request.body })
    },
  })
  cleanups.push(() => swap.stop(true))
  const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }
  expect((await runClaude({ url: swap.url.origin, home, project, env }, ['-p', demoPrompt, ...FREE])).code).toBe(0)
  expect(readOutcomes(api.requests)).toMatchObject([
    { ok: true },
    { ok: true, observed: expect.stringContaining('403') },
    { ok: true, observed: expect.stringContaining('exit 7') },
    { ok: true, observed: KEY },
  ])
})

const KEY = 'placeholder-key'
const FREE = ['--dangerously-skip-permissions']

type Place = {
  readonly url: string
  readonly home: string
  readonly project: string
  readonly env?: Readonly<Record<string, string>>
}
type Run = { readonly stdout: string; readonly code: number }

function setUp(options: Partial<MessagesApiOptions> = {}) {
  const api: MessagesApi = serveMessagesApi({ hostname: '127.0.0.1', key: KEY, ...options })
  const folder = mkdtempSync(join(tmpdir(), 'paude-test-'))
  const [home, project] = [join(folder, 'home'), join(folder, 'project')]
  for (const path of [home, project]) mkdirSync(path)
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  cleanups.push(() => api.stop())
  return { api, home, project, run: (...words: readonly string[]) => runClaude({ url: api.url, home, project }, words) }
}

/** Nothing leaves loopback: what goes elsewhere meets a proxy that does not exist. */
async function runClaude({ url, home, project, env }: Place, words: readonly string[]): Promise<Run> {
  const child = Bun.spawn([claude ?? '', ...words], {
    cwd: project,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: KEY,
      // Uid 0 may not skip permissions outside a sandbox.
      IS_SANDBOX: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
      DISABLE_AUTOUPDATER: '1',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      NO_PROXY: '127.0.0.1',
      ...env,
    },
  })
  const [stdout, code] = await Promise.all([child.stdout.text(), child.exited])
  return { stdout, code }
}
