import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mayHoldSecret } from '../../src/credentials/looks-secret.ts'
import { ownHome, ref } from './own-home.ts'

const RANDOM = 'zq81kd72mfh3la90xvw2pqr7'

let own: ReturnType<typeof ownHome>
beforeEach(() => {
  own = ownHome()
})
afterEach(() => own.remove())

test.each([
  `Authorization: Bearer ${RANDOM}`,
  'Authorization: Bearer abc',
  `-e NOTION_API_KEY=${RANDOM}`,
  'API_TOKEN=abc exec srv',
  `https://${RANDOM}@host/mcp`,
  `https://mcp.example.org/api/s/${RANDOM}/mcp`,
  `https://x.test/mcp?auth=${RANDOM}`,
  `https://x.test/mcp?q=$${RANDOM}`,
  `https://x.test/mcp#${RANDOM}`,
  'postgres://u:hunter2@db/x',
  'u:p@tcp(h)/d',
  'https://u:tok3n@h/s',
  'srv --token abc',
  'srv --api-key=abc',
  'X-Pat: abc',
  'X-Api-Key: abc',
  'Cookie: a=b',
  `Bash(curl -H "Authorization: Bearer ${RANDOM}" https://x)`,
  'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
])('this may hold a secret: %s', (text) => expect(mayHoldSecret(text)).toBe(true))

test.each([
  'claude-sonnet-4-5-20250929',
  '@modelcontextprotocol/server-filesystem@2025.1.14',
  'Bash(npm run test:*)',
  'Bash(gh auth token:*)',
  'WebFetch(domain:docs.example.org)',
  'Read(~/.ssh/**)',
  'https://mcp.example.org/v2/some-long-page-name-2024',
  `Authorization: Bearer ${ref('TOKEN')}`,
  'curl -H "X-Api-Key: $DOCS_KEY" https://x.test',
  `srv --token ${ref('TOKEN')} --level info`,
  `postgres://${ref('USER')}:${ref('PW')}@db/x`,
  'docker run -i -e NOTION_API_KEY img',
  'prettier --write .',
  `docker run ghcr.example/a/b@sha256:${'0a'.repeat(32)}`,
])('this holds none: %s', (text) => expect(mayHoldSecret(text)).toBe(false))

test('a long text is looked at in one go', () => {
  const before = process.cpuUsage()
  for (const part of ['a', '-', 'a=', 'a:', '://', '--token', ' --x ', 'a:/@']) mayHoldSecret(part.repeat(20_000))
  expect(process.cpuUsage(before).user).toBeLessThan(3_000_000) // microseconds, whatever else the machine does
})

test('servers whose words, address, headers or variables may hold a secret come without it', () => {
  own.put('.claude.json', {
    mcpServers: {
      header: { command: 'npx', args: ['mcp-remote', 'https://x.test', '--header', 'Authorization: Bearer abc'] },
      docker: { command: 'docker', args: ['run', '-e', 'NOTION_API_KEY=abc', 'img'] },
      line: { command: 'srv --token abc', args: [] },
      path: { type: 'http', url: `https://mcp.example.org/s/${RANDOM}/mcp` },
      part: { type: 'http', url: 'https://x.test/mcp#token=abc' },
      good: { command: 'docker', args: ['run', '-e', 'NOTION_API_KEY', 'img'] },
      web: {
        type: 'http',
        url: `https://x.test/?key=${ref('KEY')}`,
        headers: { 'X-Pat': 'abc', 'X-Auth': 'abc', 'X-Team': 'blue' },
      },
      env: {
        command: 'srv',
        env: { DATABASE_URL: 'postgres://u:abc@db/x', GH_AUTH: 'abc', MORE_HEADERS: 'x=abc', LEVEL: 'info' },
      },
    },
  })
  expect(own.text('mcp.json').mcpServers).toEqual({
    good: { type: 'stdio', command: 'docker', args: ['run', '-e', 'NOTION_API_KEY', 'img'] },
    web: { type: 'http', url: `https://x.test/?key=${ref('KEY')}`, headers: { 'X-Team': 'blue' } },
    env: {
      type: 'stdio',
      command: 'srv',
      args: [],
      env: {
        DATABASE_URL: ref('DATABASE_URL:-'),
        GH_AUTH: ref('GH_AUTH:-'),
        MORE_HEADERS: ref('MORE_HEADERS:-'),
        LEVEL: 'info',
      },
    },
  })
})

test('settings are looked through, and each place that may hold a secret is named', () => {
  own.put('.claude/settings.json', {
    model: 'claude-sonnet-4-5-20250929',
    env: { PIP_INDEX_URL: 'https://u:abc@h/s', ANTHROPIC_CUSTOM_HEADERS: 'a: b', LEVEL: 'info' },
    permissions: { allow: ['Bash(ls:*)', 'Bash(curl -H "Authorization: Basic abc" x)'], deny: ['Read(./.env)'] },
    pluginConfigs: { 'fmt@team': { options: { api_token: 'abc', level: 2, apiToken: { deep: 'abc' } } } },
    hooks: { Stop: [{ hooks: [{ type: 'command', command: "curl -H 'X-Api-Key: abc' https://h.test" }] }] },
    statusLine: { type: 'command', command: 'API_TOKEN=abc line' },
  })
  expect(own.text('settings.json', { importKeep: ['statusLine'] })).toEqual({
    model: 'claude-sonnet-4-5-20250929',
    env: { LEVEL: 'info' },
    permissions: { allow: ['Bash(ls:*)'], deny: ['Read(./.env)'] },
    pluginConfigs: { 'fmt@team': { options: { level: 2 } } },
    hooks: { Stop: [{ hooks: [] }] },
    enabledPlugins: {},
  })
  expect(own.look({ importKeep: ['statusLine'] }).left).toEqual(
    [
      ...['env.PIP_INDEX_URL', 'env.ANTHROPIC_CUSTOM_HEADERS', 'permissions.allow', 'pluginConfigs.fmt@team.options.api_token'],
      ...['pluginConfigs.fmt@team.options.apiToken', 'hooks.Stop.hooks.command', 'statusLine.command'],
    ].map((place) => `${place} (may hold a secret)`),
  )
})
