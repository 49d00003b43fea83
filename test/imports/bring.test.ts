import { afterEach, beforeEach, expect, test } from 'bun:test'
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ownHome, putPlugin, ref } from './own-home.ts'

let own: ReturnType<typeof ownHome>
beforeEach(() => {
  own = ownHome()
})
afterEach(() => own.remove())

const GITHUB = `ghp_${'a1B2'.repeat(10)}`

test('settings come without programs of this machine, and each is named', () => {
  own.put('.claude/settings.json', {
    model: 'opus',
    apiKeyHelper: '~/bin/key',
    statusLine: { type: 'command', command: '~/.claude/line.sh' },
    sandbox: { enabled: true },
    forceLoginMethod: 'claudeai',
    permissions: { deny: ['Bash(rm *)'], additionalDirectories: ['/data'] },
    hooks: {
      Stop: [{ hooks: [{ type: 'command', command: `${own.home}/bin/ring` }] }],
      PostToolUse: [
        {
          matcher: 'Edit',
          hooks: [
            { type: 'command', command: 'prettier --write .' },
            { type: 'command', command: 'x && $HOME/bin/y' },
          ],
        },
      ],
    },
  })
  expect(own.text('settings.json')).toEqual({
    model: 'opus',
    permissions: { deny: ['Bash(rm *)'] },
    hooks: { PostToolUse: [{ matcher: 'Edit', hooks: [{ type: 'command', command: 'prettier --write .' }] }] },
    enabledPlugins: {},
  })
  expect(own.look().left).toEqual([
    'apiKeyHelper (a program of this machine)',
    'statusLine (a program of this machine)',
    'permissions.additionalDirectories (use --mount)',
    'hooks.Stop (a path of this machine)',
    'hooks.PostToolUse (a path of this machine)',
  ])
})

test('what agent_config.keep names comes with the files that it runs', () => {
  own.put('.claude/settings.json', { statusLine: { type: 'command', command: '~/.claude/line.sh' }, apiKeyHelper: '~/key' })
  own.put('.claude/line.sh', 'echo hi', 0o700)
  expect(own.text('settings.json', { importKeep: ['statusLine'] })).toMatchObject({ statusLine: { type: 'command' } })
  const { left, gather } = own.look({ importKeep: ['statusLine'] })
  expect(left).toEqual(['apiKeyHelper (a program of this machine)'])
  expect(gather.files.map(({ path, executable }) => [path, executable])).toEqual([['line.sh', true]])
})

test('a kept program brings nothing of what Claude keeps for itself', () => {
  const command = 'cat ~/.claude/.credentials.json ~/.claude/history.jsonl ~/.claude/projects/x'
  own.put('.claude/settings.json', { statusLine: { type: 'command', command } })
  for (const name of ['.credentials.json', 'history.jsonl', 'projects/x']) own.put(`.claude/${name}`, 'private')
  expect(own.look({ importKeep: ['statusLine'] }).gather.files).toEqual([])
})

test('a variable that holds a secret, or chooses the provider, stays out by its name', () => {
  own.put('.claude/settings.json', {
    env: {
      EDITOR: 'vi',
      DEPLOY_TOKEN: 'x',
      ANTHROPIC_API_KEY: 'k',
      ANTHROPIC_BASE_URL: 'https://a.test',
      HTTPS_PROXY: 'http://p',
      ODD: GITHUB,
    },
  })
  expect(own.text('settings.json').env).toEqual({ EDITOR: 'vi' })
  expect(own.look().left.join()).toMatch(
    /^env.DEPLOY_TOKEN.*env.ANTHROPIC_API_KEY.*env.ANTHROPIC_BASE_URL.*env.HTTPS_PROXY.*env.ODD/,
  )
})

test('MCP servers come with references in the place of secrets', () => {
  own.put('.claude.json', {
    oauthAccount: { emailAddress: 'ada@example.test' },
    projects: { '/secret': {} },
    mcpServers: {
      docs: { command: 'npx', args: ['docs-mcp'], env: { DOCS_TOKEN: 'abc', LEVEL: 'info', OTHER: ref('OTHER') } },
      web: { type: 'http', url: 'https://mcp.example.org/x', headers: { Authorization: 'Bearer abc', 'X-Team': 'blue' } },
      good: { type: 'http', url: 'https://good.example.org', headers: { Authorization: `Bearer ${ref('TOKEN')}` } },
      mine: { command: `${own.home}/bin/server` },
      told: { command: 'srv', args: ['--api-key', 'abc'] },
      url: { type: 'http', url: 'https://u:p@mcp.example.org' },
      query: { type: 'sse', url: 'https://mcp.example.org/?token=abc' },
    },
  })
  expect(own.text('mcp.json').mcpServers).toEqual({
    docs: {
      type: 'stdio',
      command: 'npx',
      args: ['docs-mcp'],
      env: { DOCS_TOKEN: ref('DOCS_TOKEN:-'), LEVEL: 'info', OTHER: ref('OTHER') },
    },
    web: { type: 'http', url: 'https://mcp.example.org/x', headers: { 'X-Team': 'blue' } },
    good: { type: 'http', url: 'https://good.example.org', headers: { Authorization: `Bearer ${ref('TOKEN')}` } },
  })
  const all = JSON.stringify(own.look())
  for (const secret of ['abc"', 'u:p@', 'ada@example.test', '/secret'])
    expect(JSON.stringify(own.look().gather)).not.toContain(secret)
  for (const name of ['docs.env.DOCS_TOKEN', 'web.headers.Authorization', 'mine', 'told', 'url', 'query'])
    expect(all).toContain(`mcpServers.${name} (`)
})

test('an enabled plugin comes with what it is loaded from, and its paths are those of the sandbox', () => {
  putPlugin(own)
  own.put('.claude/settings.json', { enabledPlugins: { 'fmt@team': true } })
  const { gather, left } = own.look()
  expect(left).toEqual([])
  expect(gather.files.map(({ path }) => path)).toEqual([
    'plugins/cache/team/fmt/1.0.0/.claude-plugin/plugin.json',
    'plugins/cache/team/fmt/1.0.0/.mcp.json',
    'plugins/cache/team/fmt/1.0.0/commands/tidy.md',
    'plugins/marketplaces/team/plugins/fmt/.claude-plugin/plugin.json',
  ])
  const place = '/tmp/.claude/imported/plugins'
  expect(own.text('plugins/known_marketplaces.json').team).toMatchObject({
    installLocation: `${place}/marketplaces/team`,
    unknown: 1,
  })
  expect(own.text('plugins/installed_plugins.json').plugins['fmt@team']).toMatchObject([
    { installPath: `${place}/cache/team/fmt/1.0.0` },
  ])
  expect(JSON.stringify(gather.texts)).not.toContain(own.home)
})

test('a plugin that is not enabled, is denied, or lies elsewhere does not come', () => {
  putPlugin(own)
  own.put('.claude/settings.json', { enabledPlugins: { 'fmt@team': false } })
  expect(own.look()).toMatchObject({ left: [], extensions: [{ name: 'fmt@team', out: 'not enabled' }] })
  own.put('.claude/settings.json', { enabledPlugins: { 'fmt@team': true } })
  expect(own.look({ pluginsDeny: ['*@team'] }).left).toEqual(['plugin fmt@team (plugins.deny or plugins.allow)'])
  expect(own.look({ pluginsAllow: ['x@y'] }).gather.files).toEqual([])
  own.put('.claude/plugins/installed_plugins.json', {
    version: 2,
    plugins: { 'fmt@team': [{ scope: 'user', installPath: `${own.home}/.claude/plugins/../../.ssh` }] },
  })
  own.put('.ssh/config', 'x')
  expect(own.look()).toMatchObject({ gather: { files: [] }, left: ['plugin fmt@team (its folder is not below plugins)'] })
})

test('a plugin and a marketplace in a project bring nothing from outside of their folders', () => {
  putPlugin(own)
  own.put('.claude/settings.json', { enabledPlugins: { 'fmt@team': true } })
  const known = (installLocation: string) =>
    own.put('.claude/plugins/known_marketplaces.json', {
      team: { source: { source: 'directory', path: installLocation }, installLocation },
    })
  known(`${own.home}/project`)
  own.put('project/.claude-plugin/marketplace.json', '{"name": "team", "plugins": [{ "name": "fmt", "source": "./fmt" }]}')
  own.put('Documents/taxes.md', 'private')
  own.put('Documents/list.json', '{"private": 1}')
  own.link('project/fmt', '../Documents')
  own.link('.claude/plugins/cache/team/fmt/1.0.0/taxes.md', join(own.home, 'Documents/taxes.md'))
  const { gather, left } = own.look()
  expect(gather.files.filter(({ source }) => source.includes('Documents'))).toEqual([])
  expect(left).toEqual([
    `plugins/cache/team/fmt/1.0.0/taxes.md (leads out of ${own.home}/.claude/plugins/cache/team/fmt/1.0.0)`,
    `plugins/marketplaces/team/fmt (leads out of ${own.home}/project)`,
  ])
  expect(gather.texts['plugins/marketplaces/team/.claude-plugin/marketplace.json']).toBe(
    '{"name":"team","plugins":[{"name":"fmt","source":"./fmt"}]}',
  )
  for (const replace of [
    () => own.link('project/.claude-plugin/marketplace.json', '../../Documents/list.json'),
    () => own.put('project/.claude-plugin/marketplace.json', 'TOKEN=private'),
  ]) {
    unlinkSync(join(own.home, 'project/.claude-plugin/marketplace.json'))
    replace()
    expect(own.look().left).toEqual(['plugin fmt@team (its marketplace is missing)'])
  }
})

test('a broken file is named, and the rest comes', () => {
  own.put('.claude/settings.json', '{ not json')
  own.put('.claude/CLAUDE.md', 'hello')
  expect(own.look()).toMatchObject({ left: ['settings.json (not valid JSON)'], gather: { files: [{ path: 'CLAUDE.md' }] } })
})

test('settings that are a link to a credential or out of the home are not read', () => {
  own.put('.config/gcloud/application.json', { refresh: 'private' })
  own.put('dotfiles/settings.json', { model: 'opus' })
  own.link('.claude/settings.json', '../.config/gcloud/application.json')
  expect(own.text('settings.json')).toEqual({ enabledPlugins: {} })
  unlinkSync(`${own.home}/.claude/settings.json`)
  own.link('.claude/settings.json', '../dotfiles/settings.json')
  expect(own.text('settings.json')).toMatchObject({ model: 'opus' })
})

test('CLAUDE_CONFIG_DIR moves the folder and the file of servers', () => {
  const moved = { ...own.host.env, CLAUDE_CONFIG_DIR: `${own.home}/other` }
  own.put('other/CLAUDE.md', 'there')
  own.put('other/.claude.json', { mcpServers: { there: { command: 'cat' } } })
  own.put('.claude/rules/a.md', 'here')
  Object.assign(own.host.env, moved)
  expect(own.look().gather.files.map(({ path }) => path)).toEqual(['CLAUDE.md'])
  expect(own.text('mcp.json').mcpServers).toHaveProperty('there')
})
