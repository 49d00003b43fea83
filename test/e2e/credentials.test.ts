import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { selfSigned } from './certificate.ts'
import {
  type Api,
  containersOf,
  describeEach,
  engine,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  serveApi,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'

setDefaultTimeout(300_000) // ms: tests run side by side

const FREE = '--dangerously-skip-permissions'
/** Variables that hold a credential, and the header the provider must see it in. */
const KINDS = [
  ['ANTHROPIC_API_KEY', 'x-api-key', 'sk-ant-api03-real'],
  ['CLAUDE_CODE_OAUTH_TOKEN', 'authorization', 'sk-ant-oat01-real'],
  ['ANTHROPIC_AUTH_TOKEN', 'authorization', 'token-real'],
] as const

describeEach('credentials', (backend) => {
  let plain: Api
  let tls: Api
  /** Flags for the address with the self-signed certificate. The image of the agent as it is: only the proxy's is made anew. */
  let trusting: readonly string[] = []
  beforeAll(async () => {
    plain = serveApi()
    const pair = selfSigned()
    tls = serveApi({ key: plain.key, tls: pair })
    trusting = ['--ca-file', pair.file, '--image', imageOf(await paude(['--print-config'], options(plain, 'ANTHROPIC_API_KEY')))]
    const { code, stderr } = await paude([...trusting, '-p', 'SAY made'], options(tls, 'ANTHROPIC_API_KEY'))
    expect(code, stderr).toBe(0)
  }, 400_000)
  afterAll(async () => {
    await Promise.all([plain.stop(), tls.stop()])
  })

  const options = (api: Api, variable: string, { env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { PAUDE_BACKEND: backend, ANTHROPIC_BASE_URL: api.env.ANTHROPIC_BASE_URL, [variable]: api.key, ...env },
  })

  test.each(KINDS)('%s reaches the provider and nothing else', async (variable, header, shape) => {
    const key = `${shape}-${crypto.randomUUID()}`
    const api = serveApi({ key })
    const cwd = makeProject()
    // A reader of the box that looks everywhere it may, then waits until the outside has been searched as well.
    const look = `(env; cat /proc/*/environ /proc/*/cmdline; find / -xdev -type f -size -2000k -not -path "/proc/*" -not -path "/sys/*" -not -path "/usr/*" -not -path /tmp/all -exec cat {} +; find "$HOME" /paude /tmp /run ${cwd} -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all; echo found $(command grep -a -c -F -e "$(cat needle)" /tmp/all) of $(wc -l < /tmp/all) and placeholder $(command grep -a -c -F placeholder-the-real /tmp/all); echo "env: $${variable}"`
    // The shell of the agent has a grep of its own, which says nothing of what it takes for binary.
    // Two halves: the whole would be found in the project itself.
    const needle = key.slice(0, 20)
    const script = `${look.replace('$(cat needle)', `${needle.slice(0, 10)}""${needle.slice(10)}`)}; touch looked; until [ -e go ]; do sleep 0.1; done`
    const before = new Set(sessionIds())
    const running = startPaude(['-p', `BASH ${script};;SAY {result}`, FREE], options(api, variable, { cwd }))
    try {
      const id = await poll('a session', () => sessionIds().find((one) => !before.has(one)))
      await poll('the agent has looked', () => readdirSync(cwd).includes('looked'), 180)
      await expectNowhere({ id, key, cwd })
    } finally {
      put(join(cwd, 'go'), '')
    }
    const { code, stdout, stderr } = await running.done
    await api.stop()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^found 0 of [1-9]\d{2,} and placeholder [1-9]/)
    // Claude itself keeps the OAuth token from its tools.
    expect(stdout).toMatch(/^env: ?((sk-ant-\w+-)?paude-placeholder-the-real-(key|token)-stays-outside-the-box)?$/m)
    const seen = api.requests.filter(({ path }) => path.startsWith('/v1/messages'))
    expect(seen.length).toBeGreaterThan(0)
    for (const { headers, status } of seen) {
      expect(status).toBe(200)
      expect(headers[header]).toBe(header === 'authorization' ? `Bearer ${key}` : key)
      expect(JSON.stringify(headers)).not.toContain('paude-placeholder')
    }
  })

  test('of two the same one is used as by claude, and the other stays outside as well', async () => {
    const { code, stdout } = await paude(
      ['-p', 'BASH env | grep -c "never-seen"; echo "$ANTHROPIC_API_KEY";;SAY {result}', FREE],
      options(plain, 'ANTHROPIC_AUTH_TOKEN', {
        env: { ANTHROPIC_API_KEY: 'sk-ant-never-seen', CLAUDE_CODE_OAUTH_TOKEN: 'never-seen' },
      }),
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0\n' })
    expect(plain.requests.at(-1)?.headers).toMatchObject({ authorization: `Bearer ${plain.key}` })
  })

  test.each(KINDS)(
    '%s by way of a self-signed address that --ca-file makes trusted',
    async (variable, header) => {
      const { code, stdout, stderr } = await paude([...trusting, '-p', 'SAY over tls', FREE], options(tls, variable))
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'over tls\n', stderr: '' })
      expect(tls.requests.at(-1)?.headers[header]).toContain(tls.key)
    },
    300_000,
  )

  test.each(KINDS)(
    '%s at a base URL of the box: no authority of the session is trusted, and the provider sees the real one',
    async (variable, header) => {
      const script = 'echo "$ANTHROPIC_BASE_URL"; cat /paude/link/ca-bundle.pem "$NODE_EXTRA_CA_CERTS" | grep -c BEGIN'
      const opened = await paude([...trusting, '-p', `BASH ${script};;SAY {result}`, FREE], options(tls, variable))
      const { code, stdout, stderr } = await paude(
        [...trusting, '--inject=base-url', '-p', `BASH ${script};;SAY {result}`, FREE],
        options(tls, variable),
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const [base, trusted] = stdout.split('\n')
      expect(base).toBe('http://127.0.0.1:3130')
      // Where the tunnel is opened, the session's authority stands once in each of the two files.
      expect(Number(opened.stdout.split('\n')[1]) - Number(trusted)).toBe(2)
      expect(tls.requests.at(-1)?.headers[header]).toContain(tls.key)
      expect(JSON.stringify(tls.requests.at(-1)?.headers)).not.toContain('paude-placeholder')
    },
    300_000,
  )

  test('without --ca-file the self-signed address is not trusted', async () => {
    const before = tls.requests.length
    const env = { CLAUDE_CODE_MAX_RETRIES: '0', API_TIMEOUT_MS: '4000' }
    const running = startPaude(
      ['--env=CLAUDE_CODE_MAX_RETRIES', '--timeout=40', '-p', 'SAY x'],
      options(tls, 'ANTHROPIC_API_KEY', { env }),
    )
    expect((await running.done).code).not.toBe(0)
    expect(tls.requests.length).toBe(before)
  })

  test.each(['http', 'https'] as const)('over %s the placeholder opens no path but the messages', async (scheme) => {
    const api = scheme === 'http' ? plain : tls
    const before = api.requests.length
    const base = `${scheme}://${HOST_NAME}:${api.port}`
    const ask = (path: string) =>
      `curl -sS -m 60 -o /dev/null -w "%{http_code} " -H "x-api-key: $ANTHROPIC_API_KEY" --path-as-is "${base}${path}"`
    const paths = [
      '/v1/files',
      '/v1/messages/batches',
      '/v1/messages/../files',
      '/v1/messages%2f..%2ffiles',
      '//v1/messages',
      '/v1/organizations/x/api_keys',
      '/',
    ]
    const own = scheme === 'https' ? trusting : []
    const { code, stdout } = await paude(
      [...own, '-p', `BASH ${paths.map(ask).join('; ')}; ${ask('/v1/models')};;SAY {result}`, FREE],
      options(api, 'ANTHROPIC_API_KEY'),
    )
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: `${'403 '.repeat(paths.length)}200` })
    const reached = api.requests.slice(before).map(({ path }) => path.replace(/\?.*/, ''))
    expect(reached.filter((path) => !['/v1/messages', '/v1/models', '/v1/messages/count_tokens'].includes(path))).toEqual([])
  })

  test('--dry-run and --print-config do not show it', async () => {
    for (const flag of ['--dry-run', '--dry-run=full', '--print-config']) {
      const { code, stdout, stderr } = await paude(
        [flag, '--env=OTHER=other-secret-81', '--env=NAMED', '-p', 'SAY x'],
        options(plain, 'ANTHROPIC_API_KEY', { env: { NAMED: 'named-secret-82' } }),
      )
      expect(code).toBe(0)
      expect(stdout.length).toBeGreaterThan(200)
      expect(stdout + stderr).not.toContain(plain.key)
      expect(stdout + stderr).not.toMatch(/(other|named)-secret/)
    }
  })

  test('--env does not carry one in', async () => {
    const { code, stderr } = await paude(['--env=ANTHROPIC_API_KEY', '-p', 'SAY x'], options(plain, 'ANTHROPIC_API_KEY'))
    expect(code).toBe(125)
    expect(stderr).toStartWith('paude: ANTHROPIC_API_KEY stays outside the sandbox\n  → ')
  })

  test('paude run gets none, not even a placeholder', async () => {
    const { stdout } = await paude(['run', '--', 'env'], options(plain, 'ANTHROPIC_API_KEY'))
    expect(stdout).not.toMatch(/ANTHROPIC|CLAUDE/)
  })

  test('a file of credentials in the caller’s HOME is not seen', async () => {
    const cwd = makeProject()
    const { stdout } = await paude(
      ['-p', 'BASH ls -A "$HOME"; cat "$HOME/.claude/.credentials.json" 2>&1;;SAY {result}', FREE],
      options(plain, 'ANTHROPIC_API_KEY', { cwd, env: { HOME: withCredentials() } }),
    )
    expect(stdout).toContain('No such file')
    expect(stdout).not.toContain('refresh-secret')
  })

  /** The outside of a running session: everything the engine and the machine tell of it. */
  async function expectNowhere({ id, key, cwd }: { id: string; key: string; cwd: string }): Promise<void> {
    const names = await containersOf(backend, id)
    expect([...names].toSorted()).toEqual([id, `${id}-proxy`])
    const words = [
      ['inspect', ...names],
      ...names.map((name) => ['logs', name]),
      ['ps', '--all', '--no-trunc', backend === 'docker' ? '--format={{json .}}' : '--format=json'],
      ...(backend === 'docker' ? names.map((name) => ['diff', name]) : []),
      ['events', '--since=5m', `--until=${Math.floor(Date.now() / 1000)}`, ...(backend === 'podman' ? ['--stream=false'] : [])],
    ]
    for (const argv of words) {
      const { code, stdout, stderr } = await engine(backend, argv)
      expect(code, `${argv.join(' ')}: ${stderr}`).toBe(0)
      expect((stdout + stderr).includes(key), argv.join(' ')).toBe(false)
    }
    const inspected = (await engine(backend, ['inspect', id])).stdout
    expect(inspected).toContain('paude-placeholder')
    expect(argvOfEverything()).not.toContain(key)
    for (const folder of [stateHome, cwd]) expect(filesWith(folder, key)).toEqual([])
  }
})

function argvOfEverything(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
    .join('\n')
}

const filesWith = (folder: string, text: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    return entry.isFile() && readFileSync(path).includes(text) ? [path] : []
  })

/** The agent's image that --print-config names. */
const imageOf = ({ stdout }: { readonly stdout: string }): string => stdout.match(/localhost\/paude\/claude:[\w.-]+/)?.[0] ?? ''

function withCredentials(): string {
  const folder = join(root, 'home-with-credentials')
  put(join(folder, '.claude/.credentials.json'), '{"claudeAiOauth":{"refreshToken":"refresh-secret"}}')
  return folder
}
