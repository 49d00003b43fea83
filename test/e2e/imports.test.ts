import { afterAll, expect, test } from 'bun:test'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { recordingApi } from './parity-api.ts'
import { binary, describeEach, makeProject, paude, poll, put, root } from './support.ts'
import { makeTerminals } from './terminal.ts'

/** Speaks enough of MCP to be connected. */
const SERVER = `while IFS= read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  case $line in
  *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}\\n' "$id" ;;
  *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[]}}\\n' "$id" ;;
  esac
done
`
/** Stands in everything that no box may see. */
const MARK = 'FORBIDDEN-MARK'
const FREE = '--dangerously-skip-permissions'
const STREAM = ['--output-format', 'stream-json', '--verbose', FREE]

/** A home whose ~/.claude has something of everything, also of what is hostile. */
function ownHome(name: string) {
  const home = join(root, name)
  const own = (path: string, content: unknown) =>
    put(join(home, path), typeof content === 'string' ? content : JSON.stringify(content))
  const front = (words: string) => `---\nname: x\ndescription: ${words}\n---\n${words}\n`
  own('.claude/CLAUDE.md', 'WORDS-OF-CLAUDE-MD\n@MORE.md\n')
  own('dotfiles/MORE.md', 'WORDS-OF-MORE\n')
  own('.claude/rules/style.md', 'WORDS-OF-RULE\n')
  own('.claude/skills/greet/SKILL.md', front('WORDS-OF-SKILL').replace('name: x', 'name: greet'))
  own('.claude/agents/reviewer.md', front('WORDS-OF-AGENT').replace('name: x', 'name: reviewer'))
  own('.claude/commands/team/deploy.md', front('WORDS-OF-COMMAND'))
  own('.claude/.credentials.json', MARK)
  own('.claude/history.jsonl', MARK)
  own('.claude/projects/-other/x.jsonl', MARK)
  own('.claude/skills/greet/.env', MARK)
  own('.ssh/id_ed25519', MARK)
  own('.aws/credentials', MARK)
  for (const [path, to] of [
    ['.claude/MORE.md', '../dotfiles/MORE.md'],
    ['.claude/skills/greet/key.md', join(home, '.ssh/id_ed25519')],
    ['.claude/skills/greet/aws.md', '../../../.aws/credentials'],
    ['.claude/commands/passwd.md', '/etc/passwd'],
  ] as const)
    symlinkSync(to, join(home, path))
  own('.claude/settings.json', {
    enabledPlugins: { 'fmt@team': true },
    apiKeyHelper: `echo ${MARK}`,
    env: { TEAM: 'blue', DEPLOY_TOKEN: MARK },
    hooks: { UserPromptSubmit: [{ hooks: [{ type: 'command', command: `${home}/bin/${MARK}` }] }] },
  })
  own('.claude.json', {
    oauthAccount: { emailAddress: MARK },
    projects: { '/other': { history: [MARK] } },
    mcpServers: {
      docs: { command: 'docs-server', env: { DOCS_TOKEN: MARK } },
      web: { type: 'http', url: 'https://mcp.example.org/x', headers: { Authorization: `Bearer ${MARK}` } },
    },
  })
  const plugins = '.claude/plugins'
  const install = `${plugins}/cache/team/fmt/1.0.0`
  for (const place of [install, `${plugins}/marketplaces/team/fmt`]) {
    own(`${place}/.claude-plugin/plugin.json`, { name: 'fmt', version: '1.0.0' })
    own(`${place}/commands/tidy.md`, front('WORDS-OF-PLUGIN'))
    own(`${place}/.mcp.json`, {
      mcpServers: { helper: { command: 'sh', args: [['$', '{CLAUDE_PLUGIN_ROOT}/server.sh'].join('')] } },
    })
    own(`${place}/server.sh`, SERVER)
  }
  own(`${plugins}/marketplaces/team/.claude-plugin/marketplace.json`, {
    name: 'team',
    owner: { name: 'x' },
    plugins: [{ name: 'fmt', source: './fmt' }],
  })
  const location = { installLocation: join(home, plugins, 'marketplaces/team'), lastUpdated: '2026-01-01T00:00:00.000Z' }
  own(`${plugins}/known_marketplaces.json`, { team: { source: { source: 'github', repo: 'acme/team' }, ...location } })
  own(`${plugins}/installed_plugins.json`, {
    version: 2,
    plugins: { 'fmt@team': [{ scope: 'user', installPath: join(home, install), version: '1.0.0' }] },
  })
  const configured = (toml: string) => put(join(home, '.config/paude/config.toml'), toml)
  return { home, own, configured }
}

type Init = {
  readonly skills: readonly string[]
  readonly slash_commands: readonly string[]
  readonly agents: readonly string[]
  readonly plugins: readonly { readonly name: string }[]
  readonly mcp_servers: readonly { readonly name: string; readonly status: string }[]
}

/** What Claude Code says it has, and its last words. */
function said(stdout: string): { readonly init: Init; readonly result: string } {
  const events = stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  return { init: events.find(({ subtype }) => subtype === 'init'), result: events.find(({ type }) => type === 'result')?.result }
}

describeEach('your own set-up', (backend) => {
  const terminals = makeTerminals()
  afterAll(() => terminals.stop())
  const api = recordingApi(HOST_NAME)
  afterAll(() => api.stop())
  const { home, own, configured } = ownHome(`own-${backend}`)
  const cwd = makeProject()
  const env = { ...api.env, HOME: home, PAUDE_BACKEND: backend }

  test('is offered once on a terminal, and the answer is kept', async () => {
    const terminal = await terminals.open({ cwd, env, columns: 100, rows: 30 })
    await terminal.start(`${binary} -p 'SAY an answer' | tr a-z A-Z`)
    await terminal.see(/every sandbox\s*\? \[Y\/n\]/, 60)
    await terminal.enter('n')
    await terminal.see(/AN ANSWER/, 90)
    expect(readFileSync(join(home, '.config/paude/config.toml'), 'utf8')).toContain('import = "off"')
    expect(JSON.stringify(api.asked)).not.toContain('WORDS-OF-')
  }, 200_000)

  test('comes in as a copy that Claude Code uses, without credentials and programs of the host', async () => {
    configured('[agent_config]\nimport = "on"\n')
    const look = [
      `grep -rlF FORBIDDEN""-MARK "$HOME" /paude /tmp /etc 2>/dev/null; env | grep -F FORBIDDEN""-MARK`,
      `echo x 2>/dev/null >>"$HOME/.claude/CLAUDE.md" || echo read-only; echo "TEAM=$TEAM"`,
    ].join('; ')
    const before = api.asked.length
    const { stdout, stderr, code } = await paude(['-p', `BASH ${look};;SAY seen: {result}`, ...STREAM], { cwd, env })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const { init, result } = said(stdout)
    expect(result).toBe('seen: read-only\nTEAM=blue')
    expect(init.skills).toContain('greet')
    expect(init.agents).toContain('reviewer')
    expect(init.slash_commands).toEqual(expect.arrayContaining(['team:deploy', 'fmt:tidy']))
    expect(init.plugins.map(({ name }) => name)).toContain('fmt')
    expect(init.mcp_servers).toContainEqual(expect.objectContaining({ name: 'plugin:fmt:helper', status: 'connected' }))
    expect(init.mcp_servers.map(({ name }) => name)).toEqual(expect.arrayContaining(['docs', 'web']))
    const asked = JSON.stringify(api.asked.slice(before))
    for (const words of ['CLAUDE-MD', 'MORE', 'RULE', 'SKILL', 'AGENT', 'PLUGIN']) expect(asked).toContain(`WORDS-OF-${words}`)
    expect(asked).not.toContain(MARK)
    for (const left of [
      'apiKeyHelper',
      'env.DEPLOY_TOKEN',
      'hooks.UserPromptSubmit',
      'docs.env.DOCS_TOKEN',
      'commands/passwd.md',
      'key.md',
    ])
      expect(stderr).toContain(left)
  }, 200_000)

  test('a session that goes on sees it as it is by then', async () => {
    const start = await paude(['--detach', FREE], { cwd, env })
    expect(start.code).toBe(0)
    const id = start.stdout.trim()
    const run = (...words: readonly string[]) => paude(words, { cwd, env })
    const read = async () =>
      (await run('exec', id, '--', 'sh', '-c', 'cat "$HOME/.claude/CLAUDE.md" "$HOME"/.claude/skills/*/SKILL.md')).stdout
    await poll('HOME is laid out', async () => (await read()).includes('WORDS-OF-SKILL'))
    expect((await run('stop', id, '-t', '1')).code).toBe(0)
    own('.claude/CLAUDE.md', 'NEW-WORDS\n')
    own('.claude/skills/later/SKILL.md', 'LATER-SKILL\n')
    expect(await run('start', id)).toMatchObject({ code: 0 })
    await poll('the new words are there', async () => /NEW-WORDS[\s\S]*LATER-SKILL/.test(await read()))
    expect((await run('rm', '--force', id)).code).toBe(0)
  }, 200_000)

  test('plugins.allow and plugins.deny hold against what the sandbox does', async () => {
    configured('[agent_config]\nimport = "on"\n[plugins]\nallow = ["fmt@team", "mcp:docs", "mcp:mine"]\ndeny = ["mcp:mine"]\n')
    writeFileSync(
      join(cwd, '.mcp.json'),
      JSON.stringify({ mcpServers: { mine: { command: 'false' }, theirs: { command: 'false' } } }),
    )
    const tries = [
      'claude mcp add --scope user docs -- sh -c true >/dev/null 2>&1; claude mcp add --scope user other -- sh >/dev/null 2>&1',
      'echo {} 2>/dev/null >/etc/claude-code/managed-settings.json || echo fixed',
    ].join('; ')
    expect(said((await paude(['-p', `BASH ${tries};;SAY {result}`, ...STREAM], { cwd, env })).stdout).result).toBe('fixed')
    const { init } = said((await paude(['-p', 'SAY again', ...STREAM], { cwd, env })).stdout)
    expect(init.mcp_servers.map(({ name }) => name).toSorted()).toEqual(['docs', 'plugin:fmt:helper'])
    configured('[agent_config]\nimport = "on"\n[plugins]\ndeny = ["*@team"]\n')
    const denied = said((await paude(['-p', 'SAY last', ...STREAM], { cwd, env })).stdout).init
    expect(denied.plugins.map(({ name }) => name)).not.toContain('fmt')
    configured('[agent_config]\nimport = "off"\n')
    const off = said(
      (await paude(['-p', 'BASH cat "$HOME"/.claude/*.md "$HOME"/.claude/settings.json;;SAY {result}', ...STREAM], { cwd, env }))
        .stdout,
    )
    expect(off.init.skills).not.toContain('greet')
    expect(off.result).not.toMatch(/WORDS-OF|TEAM/)
  }, 200_000)
})
