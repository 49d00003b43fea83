import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagesApi, serveMessagesApi } from '../../src/demo/messages-api.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import { binary, describeEach, engine, home, makeProject, paude, poll, put, type RunOptions } from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(240_000)

const KEY = `sk-ant-api03-real-${crypto.randomUUID()}`

/** A program that says how it was called, asks its provider, and then waits for lines. */
const PROGRAM = `#!/bin/sh
echo "called: $*"
echo "key: $ANTHROPIC_API_KEY"
echo "file: $(cat "$HOME/.mine/config") $(cat /etc/mine.conf)"
echo "models: $(curl -s -o /dev/null -w '%{http_code}' -H "x-api-key: $ANTHROPIC_API_KEY" "$MINE_URL/models")"
[ "$2" = run ] || while read -r line; do echo "heard $line"; done
`

const CONFIG = `
[agents.mine]
command = ["mine", "--quiet"]
provider = "anthropic"
resume = ["--continue"]
prints = ["run"]
args = ["--fast"]
env = { MINE_URL = "{api}" }

[agents.mine.install]
script = '''
cat >/usr/local/bin/mine <<'END'
${PROGRAM}END
chmod 0755 /usr/local/bin/mine
'''

[agents.mine.config_files]
"~/.mine/config" = "url={address}"
"/etc/mine.conf" = "by={provider}"
`

describeEach('agents', (backend) => {
  let api: MessagesApi
  const terminals = makeTerminals()
  const config = join(home, '.config/paude/config.toml')
  beforeAll(() => {
    api = serveMessagesApi({ hostname: '0.0.0.0', key: KEY })
    put(config, CONFIG)
  })
  afterAll(async () => {
    rmSync(config)
    await terminals.stop()
    await api.stop()
  })
  const env = () => ({
    PAUDE_BACKEND: backend,
    ANTHROPIC_API_KEY: KEY,
    ANTHROPIC_BASE_URL: `http://${HOST_NAME}:${api.port}`,
  })
  const run = (words: readonly string[], { env: extra, ...rest }: RunOptions = {}) =>
    paude(words, { ...rest, env: { ...env(), ...extra } })
  const table = async () => JSON.parse((await run(['sessions', '--json'])).stdout) as Record<string, string>[]
  const screenShows = (id: string, text: string) => poll(text, async () => (await run(['screen', id])).stdout.includes(text))

  test('a shell is a login shell on a terminal, which is left, stopped and started as any agent, and keeps its HOME', async () => {
    const cwd = makeProject()
    const window = await terminals.open({ cwd, env: env() })
    await window.start(`${binary} --agent shell --session-name sh`)
    await window.see(/[$#]$/, 120)
    await window.enter('shopt login_shell; echo kept >~/kept; echo sum-$((40 + 2))')
    await window.see(/^sum-42$/m)
    expect(await window.screen()).toMatch(/login_shell\s+on/)
    expect(await window.detach()).toBe(0)
    const id = (await table()).find(({ workspace }) => workspace === cwd)?.['id'] ?? ''
    // Nobody can tell what a shell does.
    await poll('unknown', async () => (await table()).some((row) => row['id'] === id && row['activity'] === 'unknown'))
    expect((await run(['stop', id])).code).toBe(0)
    expect((await run(['start', id])).code).toBe(0)
    await window.start(`clear; ${binary} attach ${id}`)
    await window.see(/[$#]$/)
    await window.enter('cat ~/kept; exit 7')
    expect(await window.ended()).toBe(7)
    expect(await window.screen()).toContain('kept')
    await run(['rm', '--force', '--volumes', id])
  })

  test('a shell runs the words of bash, and gives back their exit code', async () => {
    const { code, stdout } = await run(['--agent', 'shell', '-c', 'echo "$1"; exit 3', 'x', 'one two'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: 'one two\n' })
  })

  test('an agent that your file defines is installed, asks its provider by a key that stays outside, and goes on', async () => {
    const cwd = makeProject()
    const { code, stdout } = await run(['--agent', 'mine', '--', 'run', 'hello'], { cwd })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: [
        'called: --quiet --fast run hello',
        'key: sk-ant-api03-paude-placeholder-the-real-key-stays-outside-the-box',
        `file: url=http://${HOST_NAME}:${api.port} by=anthropic`,
        'models: 200',
        '',
      ].join('\n'),
    })
    expect(api.requests.at(-1)?.headers['x-api-key']).toBe(KEY)
    const known = JSON.parse((await run(['agents', '--json'], { cwd })).stdout) as Record<string, unknown>[]
    expect(known.find(({ name }) => name === 'mine')).toMatchObject({
      from: `${config}:2`,
      built: expect.arrayContaining([backend]),
      credential: { source: 'environment', name: 'ANTHROPIC_API_KEY' },
      missing: [],
    })
    expect(JSON.stringify(known)).not.toContain(KEY)

    // Beside another agent of the same project, each with a HOME of its own.
    const one = (await run(['--agent', 'mine', '--detach'], { cwd })).stdout.trim()
    const two = (await run(['--agent', 'shell', '--detach'], { cwd })).stdout.trim()
    await screenShows(one, 'called: --quiet --fast')
    await run(['send', one, 'first words'])
    await screenShows(one, 'heard first words')
    const homes = (await engine(backend, ['volume', 'ls', '--format={{.Name}}'])).stdout
    expect(homes).toMatch(/paude-home-mine-[0-9a-f]{16}/)
    expect(homes).toMatch(/paude-home-shell-[0-9a-f]{16}/)
    // The file may be gone meanwhile: the session has its own word.
    rmSync(config)
    try {
      expect((await run(['stop', one])).code).toBe(0)
      expect((await run(['start', one])).stderr).toBe('')
      await screenShows(one, 'called: --quiet --continue --fast')
      await screenShows(one, 'models: 200')
    } finally {
      put(config, CONFIG)
    }
    await run(['rm', '--force', '--volumes', one])
    await run(['rm', '--force', '--volumes', two])
  })

  test("an agent of a project's file is neither installed nor run before you approve it", async () => {
    const cwd = makeProject()
    put(
      join(cwd, 'paude.toml'),
      'agent = "evil"\n[agents.evil]\ncommand = "evil"\ninstall.script = "touch /evil"\n[agents.mine]\ncommand = "other"\n',
    )
    const { code, stderr } = await run(['hello'], { cwd })
    expect(code).toBe(125)
    expect(stderr).toContain('paude trust')
    expect((await engine(backend, ['images', '--format={{.Repository}}'])).stdout).not.toContain('agent-evil')
    // What it says of your own agent waits as well.
    expect((await run(['agents', '--json'], { cwd })).stdout).not.toContain('evil')
  })

  test.skipIf(process.env['PAUDE_TEST_RECIPES'] === undefined)(
    'opencode runs from its recipe, asks nobody but its provider, and edits the project',
    async () => {
      const cwd = makeProject()
      const { code, stdout } = await run(['--agent', 'opencode', 'run', 'SAYhello'], { cwd })
      expect(code).toBe(0)
      expect(stdout).toContain('I am a script')
      expect(api.requests.at(-1)).toMatchObject({ status: 200, headers: { 'x-api-key': KEY } })
      const id = (await run(['--agent', 'opencode', '--detach'], { cwd })).stdout.trim()
      await poll('its screen', async () => /opencode|Ask anything/i.test((await run(['screen', id])).stdout), 120)
      await run(['rm', '--force', '--volumes', id])
    },
  )
})
