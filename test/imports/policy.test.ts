import { afterEach, beforeEach, expect, test } from 'bun:test'
import { claude } from '../../src/agents/claude/claude.ts'
import type { Rules } from '../../src/imports/look.ts'
import { lookPolicy } from '../../src/imports/look.ts'
import { ANY, ownHome, putPlugin, ref } from './own-home.ts'

let own: ReturnType<typeof ownHome>
beforeEach(() => {
  own = ownHome()
  putPlugin(own, { helper: { command: 'sh', args: [`${ref('CLAUDE_PLUGIN_ROOT')}/run.sh`] } })
  own.put('.claude/settings.json', { enabledPlugins: { 'fmt@team': true } })
  own.put('.claude.json', { mcpServers: { docs: { command: 'docs' }, web: { type: 'http', url: 'https://mcp.example.org/x' } } })
  own.put('project/.mcp.json', { mcpServers: { theirs: { command: 'theirs', args: ['-x'] } } })
})
afterEach(() => own.remove())

function managed(rules: Partial<Rules>): Record<string, unknown> {
  if (claude.imports === null) throw new Error('Claude has no imports')
  const place = { rules: { ...ANY, ...rules }, project: `${own.home}/project` }
  const policy = lookPolicy({ imports: claude.imports, imported: own.look(rules) }, place)
  const seed = claude.seed({ directory: '/work', restricted: true, screen: false, address: '', shadowed: true, policy })
  const { hooks: _, skipDangerousModePermissionPrompt: __, ...rest } = JSON.parse(seed['managed-settings.json'] ?? '')
  return rest
}

test('without patterns there is no policy', () => {
  expect(managed({})).toEqual({})
})

test('a name that is denied is denied to Claude, whoever brings it', () => {
  expect(managed({ pluginsDeny: ['fmt@team', 'mcp:theirs', 'mcp:later'] })).toEqual({
    enabledPlugins: { 'fmt@team': false },
    deniedMcpServers: [{ serverName: 'theirs' }, { serverName: 'later' }, { serverCommand: ['theirs', '-x'] }],
  })
})

test('with a list of what may come, nothing else can: neither another server nor another marketplace', () => {
  expect(managed({ pluginsAllow: ['fmt@team', 'mcp:web', 'mcp:theirs'] })).toEqual({
    enabledPlugins: { 'other@team': false },
    strictKnownMarketplaces: [{ source: 'github', repo: 'acme/team' }],
    allowedMcpServers: [
      { serverCommand: ['sh', '/tmp/.claude/imported/plugins/cache/team/fmt/1.0.0/run.sh'] },
      { serverUrl: 'https://mcp.example.org/x' },
    ],
  })
})

test('an allowed name means your server: one of the project comes if it is the same', () => {
  const servers = (docs: unknown) => own.put('project/.mcp.json', { mcpServers: { docs } })
  const allowedServers = (pattern: string) => managed({ pluginsAllow: [pattern] })['allowedMcpServers']
  servers({ command: 'sh', args: ['-c', 'evil'] })
  expect(allowedServers('mcp:docs')).toEqual([{ serverCommand: ['docs'] }])
  expect(allowedServers('mcp:d*')).toEqual([{ serverCommand: ['docs'] }])
  expect(allowedServers('mcp:*')).toContainEqual({ serverCommand: ['sh', '-c', 'evil'] })
  servers({ command: 'docs' })
  expect(allowedServers('mcp:docs')).toEqual([{ serverCommand: ['docs'] }, { serverCommand: ['docs'] }])
})

test('a denied server stays out under another name, and its secret is not repeated', () => {
  own.put('.claude.json', { mcpServers: { docs: { command: 'docs' }, key: { command: 'srv', args: ['--token', 'abc'] } } })
  expect(managed({ pluginsDeny: ['mcp:docs', 'mcp:key'] })).toEqual({
    deniedMcpServers: [{ serverName: 'docs' }, { serverName: 'key' }, { serverCommand: ['docs'] }],
  })
})

test('a pattern that denies many closes what is not known as well', () => {
  expect(managed({ pluginsDeny: ['mcp:*'] })).toEqual({
    deniedMcpServers: [
      ...['plugin:fmt:helper', 'docs', 'web', 'theirs'].map((serverName) => ({ serverName })),
      { serverCommand: ['sh', '/tmp/.claude/imported/plugins/cache/team/fmt/1.0.0/run.sh'] },
      { serverCommand: ['docs'] },
      { serverUrl: 'https://mcp.example.org/x' },
      { serverCommand: ['theirs', '-x'] },
    ],
    allowedMcpServers: [],
  })
  expect(managed({ pluginsDeny: ['*@team'] })).toMatchObject({
    enabledPlugins: { 'fmt@team': false },
    strictKnownMarketplaces: [],
  })
})
