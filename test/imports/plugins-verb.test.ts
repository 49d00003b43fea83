import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'
import { putPlugin } from './own-home.ts'

let machine: Machine
const put = (path: string, content: unknown): string => {
  const file = join(machine.home, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}
beforeEach(() => {
  machine = makeMachine()
  putPlugin({ home: machine.home, put }, { helper: { command: 'helper' } })
  put('.claude/settings.json', { enabledPlugins: { 'fmt@team': true } })
  put('.claude.json', {
    mcpServers: { web: { type: 'http', url: 'https://mcp.example.org/x' }, key: { command: 'x', args: ['--token', 'abc'] } },
  })
  writeFileSync(join(machine.project, '.mcp.json'), JSON.stringify({ mcpServers: { '\u001b[2Jtheirs': { command: 'theirs' } } }))
})
afterEach(() => machine.dispose())

const on = () => put('.config/paude/config.toml', '[agent_config]\nimport = "on"\n')

test('each plugin and server is listed with what it needs, and why it stays out', async () => {
  on()
  const { stdout, stderr, code } = await machine.paude(['plugins'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^fmt@team +plugin +user +helper +yes$/m)
  expect(stdout).toMatch(/^plugin:fmt:helper +mcp +fmt@team +helper +yes$/m)
  expect(stdout).toMatch(/^web +mcp +user +mcp\.example\.org:443 +yes$/m)
  expect(stdout).toMatch(/^key +mcp +user +x +no: its words may hold a secret/m)
  expect(stdout).toMatch(/theirs +mcp +project +theirs +yes$/m)
  for (const text of ['abc', '\u001b']) expect(stdout + stderr).not.toContain(text)
  expect(stderr).toContain('paude network allow --user mcp.example.org:443')
})

test('a command to paste names hosts alone, and those of the project for its session only', async () => {
  on()
  const servers = ['https://odd.example.com', 'http://a;make;b/x', 'https://*.com', 'https://$(x)/']
  writeFileSync(
    join(machine.project, '.mcp.json'),
    JSON.stringify({ mcpServers: Object.fromEntries(servers.map((url, n) => [`s${n}`, { type: 'http', url }])) }),
  )
  const { stderr } = await machine.paude(['plugins'])
  expect(stderr).toMatch(/paude network allow --user mcp\.example\.org:443$/m)
  expect(stderr).toMatch(/paude network allow odd\.example\.com:443$/m)
  for (const text of ['make', '*', '$(']) expect(stderr).not.toContain(text)
})

test('the home directory itself has a list too', async () => {
  on()
  const { code, stdout } = await machine.paude(['plugins'], { cwd: machine.home })
  expect([code, stdout]).toEqual([0, expect.stringContaining('fmt@team')])
})

test('a host that is allowed is not asked for', async () => {
  put('.config/paude/config.toml', '[agent_config]\nimport = "on"\n[network]\nallow = ["*.example.org"]\n')
  expect((await machine.paude(['plugins'])).stderr).not.toContain('network allow')
})

test('without the import yours stay out, and the list says what brings them in', async () => {
  const { stdout, stderr } = await machine.paude(['plugins'])
  expect(stdout).toMatch(/^fmt@team .* no: agent_config\.import is ask$/m)
  expect(stderr).toContain('paude config set agent_config.import on')
})

test('the list is JSON for a program', async () => {
  on()
  const { extensions, left } = JSON.parse((await machine.paude(['plugins', '--json'])).stdout)
  expect(extensions).toContainEqual({
    kind: 'mcp',
    name: 'web',
    from: 'user',
    hosts: ['mcp.example.org:443'],
    programs: [],
    out: '',
    blocked: ['mcp.example.org:443'],
  })
  expect(left).toHaveLength(1)
})

test("a project's file can keep the set-up out, and never brings it in", async () => {
  on()
  const file = join(machine.project, 'paude.toml')
  writeFileSync(file, '[agent_config]\nimport = "off"\n')
  expect((await machine.paude(['plugins'])).stdout).toContain('agent_config.import is off')
  for (const text of ['import = "on"', 'import = "ask"', 'keep = ["hooks"]']) {
    writeFileSync(file, `[agent_config]\n${text}\n`)
    const { code, stderr } = await machine.paude(['--dry-run'])
    expect([code, stderr]).toEqual([125, expect.stringContaining('is not allowed in this file')])
  }
})

test('a start mounts the copy read-only, and one without the import has none of it', async () => {
  const env = { ANTHROPIC_API_KEY: 'k' }
  expect((await machine.paude(['--dry-run=full'], { env })).stdout).not.toContain('imports')
  on()
  put('.claude/CLAUDE.md', 'hello')
  const { stdout } = await machine.paude(['--dry-run=full'], { env })
  expect(stdout).toMatch(/--mount=type=bind,src=\S+\/paude\/imports\/[0-9a-f]{16},dst=\/paude\/imported,ro/)
  expect(stdout).toContain('claude --mcp-config=/tmp/.claude/imported/mcp.json')
  expect(stdout).toContain('install -m 0600')
  expect(readFileSync(join(machine.home, '.claude/CLAUDE.md'), 'utf8')).toBe('hello')
  const bare = (await machine.paude(['--dry-run=full', '-p', 'x', '--strict-mcp-config'], { env })).stdout
  expect(bare).not.toContain('--mcp-config=')
})
