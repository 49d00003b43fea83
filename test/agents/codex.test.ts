import { describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import TOML from '@iarna/toml'
import { codex } from '../../src/agents/codex/codex.ts'
import { grammar } from '../../src/agents/codex/grammar.ts'
import { startCommand } from '../../src/agents/command.ts'
import { asksSomething, canContinue, lastingWords, namesConversation, opensScreen, pathsIn } from '../../src/agents/words.ts'
import { asksAgent, refuseNearVerb } from '../../src/cli/start/near-misses.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'
import { credentialsOf } from '../../src/credentials/credential.ts'
import { plainKey, providers } from '../../src/credentials/providers.ts'
import { injectedPath } from '../../src/network/inject.ts'

const ID = '01a22b5b-eff8-7660-9371-0ac8d2d313d3'

describe('the words of Codex', () => {
  test.each<[readonly string[], 'screen' | 'prints' | 'asks nothing']>([
    [[], 'screen'],
    [['fix the bug'], 'screen'],
    [['-m', 'exec', 'hello'], 'screen'],
    [['resume', ID], 'screen'],
    [['fork', '--last'], 'screen'],
    [['exec', 'hello'], 'prints'],
    [['-c', 'model="o3"', 'e', 'hello'], 'prints'],
    [['exec', 'resume', ID, 'more'], 'prints'],
    [['review', '--uncommitted'], 'prints'],
    [['mcp', 'list'], 'asks nothing'],
    [['exec', '--help'], 'asks nothing'],
    [['-V'], 'asks nothing'],
  ])('%j: %s', (words, does) => {
    expect([asksSomething(grammar, words), opensScreen(grammar, words)]).toEqual(
      { screen: [true, true], prints: [true, false], 'asks nothing': [false, false] }[does],
    )
  })

  test('of a later start are the options that last', () => {
    const words = ['-m', 'o3', '-i', 'a.png', 'b.png', '--search', '-s', 'workspace-write', 'fix it']
    expect(canContinue(grammar, words)).toBe(true)
    expect(lastingWords(grammar, words)).toEqual(['-m', 'o3', '--search', '-s', 'workspace-write'])
    expect(lastingWords(grammar, ['resume', '--last', '--all'])).toEqual([])
  })

  test('name files to read and files to write', () =>
    expect(pathsIn(grammar, ['exec', '-i', 'a.png', '-o', 'out.txt', '--output-schema=s.json'])).toEqual([
      { option: '-i', path: 'a.png', written: false },
      { option: '-o', path: 'out.txt', written: true },
      { option: '--output-schema', path: 's.json', written: false },
    ]))

  test('name the conversation that resume names, and those of paude fork name none', () => {
    const { chosen, fork } = codex.conversation ?? { chosen: () => '', fork: null }
    expect(chosen(['resume', ID.toUpperCase()])).toBe(ID)
    expect([chosen(['resume', 'blue']), chosen(['fork', ID]), chosen([ID])]).toEqual(['', '', ''])
    expect(namesConversation(grammar, ['-m', 'o3', 'resume'])).toBe('resume')
    expect(fork?.(ID, 'unused', ['-m', 'o3'])).toEqual(['fork', ID, '-m', 'o3'])
    expect(fork?.(ID, 'unused', ['exec', '--json', 'exec'])).toEqual(['exec', 'fork', ID, '--json', 'exec'])
    expect(fork?.(ID, 'unused', ['-m', 'exec', 'hello'])).toEqual(['fork', ID, '-m', 'exec', 'hello'])
  })
})

test('--agent is of paude with the name of an agent alone, and a verb of both is then of the agent', () => {
  expect(readFlags(['--agent', 'codex', 'exec', 'x'])).toMatchObject({ layer: { agent: 'codex' }, words: ['exec', 'x'] })
  expect(readFlags(['--agent=claude', '--agent', 'reviewer'])).toMatchObject({
    layer: { agent: 'claude' },
    words: ['--agent', 'reviewer'],
  })
  const of = (agent: string) => ({ env: { PAUDE_AGENT: agent } })
  expect(['exec', 'resume', 'login', 'sessions'].map((word) => asksAgent(word, of('codex')))).toEqual([true, true, false, false])
  expect(asksAgent('exec', of('claude'))).toBe(false)
  // A habit from elsewhere, but for an agent that asks its model so.
  const near = (agent: string) => () => refuseNearVerb(['resume'], { host: of(agent), verbs: [] })
  expect(near('codex')).not.toThrow()
  expect(near('claude')).toThrow('paude has no verb "resume"')
})

test('its system file is TOML, whatever the folder is called, and holds no key', () => {
  const directory = '/w/é 猫 "$x\' \\ \u0001\u007f]\nz'
  const seed = codex.seed({ directory, restricted: true, screen: true, shadowed: false, address: 'https://gateway.example/v1' })
  const file = TOML.parse(seed['config.toml'] ?? '') as Record<string, unknown>
  expect(file).toMatchObject({
    sandbox_mode: 'danger-full-access',
    model_providers: { [String(file['model_provider'])]: { base_url: 'https://gateway.example/v1', env_key: 'OPENAI_API_KEY' } },
    projects: { [directory]: { trust_level: 'trusted' } },
  })
  expect(file['developer_instructions']).toContain('paude network allow HOST')
  expect(JSON.stringify(seed)).not.toContain('sk-')
})

test('every event of it is recorded, and its conversation noted when it begins', () => {
  const { hooks } = JSON.parse(
    codex.seed({ directory: '/w', restricted: false, screen: false, shadowed: false, address: '' })['hooks.json'] ?? '',
  )
  expect(Object.keys(hooks)).toEqual([
    ...['SessionStart', 'UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'PermissionRequest', 'Stop', 'SessionEnd'],
  ])
  expect(hooks.SessionStart[0].hooks[0].command).toContain('/paude/seed/conversation.sh /tmp/.codex/agent')
})

describe('a start', () => {
  const top = mkdtempSync(join(tmpdir(), 'paude-codex-'))
  const words = (typed: readonly string[], noted = '') => {
    const room = mkdtempSync(join(top, 'box-'))
    mkdirSync(join(room, 'home/.codex/sessions/2026/11/30'), { recursive: true })
    writeFileSync(join(room, `home/.codex/sessions/2026/11/30/rollout-2026-11-30T07-31-04-${ID}.jsonl`), '{}\n')
    writeFileSync(join(room, 'conversation'), noted === '' ? '' : `${noted}\n`)
    const script = startCommand(codex, typed, { conversation: '', continues: true })
      .replaceAll('/paude/out', room)
      .replaceAll('/tmp/.codex', join(room, 'run'))
    const { stdout } = Bun.spawnSync(['sh', '-uc', `${script}for word; do printf '%s\\n' "$word"; done`], {
      env: { HOME: join(room, 'home'), PATH: process.env['PATH'] },
    })
    return stdout.toString().trim().split('\n')
  }

  test('begins with your words, and goes on with the conversation that was noted where it is there', () => {
    expect(words(['-m', 'o3', 'fix it'])).toEqual(['codex', '-m', 'o3', 'fix it'])
    expect(words(['-m', 'o3', 'fix it'], ID)).toEqual(['codex', 'resume', ID, '-m', 'o3'])
    expect(words(['fix it'], ID.replace('01', '02'))).toEqual(['codex', 'fix it'])
    rmSync(top, { recursive: true })
  })
})

describe('the key', () => {
  const { openai } = providers

  test('is that of the variable that counts for Codex, for one host and one port alone', () => {
    const found = credentialsOf([openai], { env: { OPENAI_API_KEY: 'sk-one', CODEX_API_KEY: 'sk-two' } })
    expect(found.map(({ variable, injection: { host, port } }) => [variable, host, port])).toEqual([
      ['CODEX_API_KEY', 'api.openai.com', 443],
    ])
    expect(plainKey(openai).variable).toBe('OPENAI_API_KEY')
  })

  test('goes to the paths that Codex asks, and to no other one of the API', () => {
    const path = new RegExp(injectedPath({ prefix: '/v1', api: openai.api }))
    for (const asked of ['/v1/responses', '/v1/responses/compact', '/v1/models?client_version=0.171.0'])
      expect(asked).toMatch(path)
    for (const asked of ['/v1/files', '/v1/responses/../files', '/responses', '/v1/responses%2f..', '/v1/chat/completions'])
      expect(asked).not.toMatch(path)
  })
})
