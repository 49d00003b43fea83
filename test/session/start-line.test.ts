import { expect, test } from 'bun:test'
import { startLine } from '../../src/cli/start/start-line.ts'
import { keysTitle } from '../../src/hold/keys.ts'

const line = (settings: object, network: object, spec: object = {}, credentials: readonly object[] = []) =>
  startLine({
    backend: { name: 'docker' },
    config: {
      settings: { agent: 'claude', detachKeys: 'ctrl-p,ctrl-q', networkAllow: [], networkGroups: [], baseUrl: '', ...settings },
    },
    record: { credentials },
    run: { kind: 'agent', words: [] },
    spec: { terminal: true, network, ...spec },
  } as unknown as Parameters<typeof startLine>[0])

test('without a credential the model is named by the address that holds, too', () => {
  const bare = { mode: 'restricted', policy: { injections: [] } }
  expect(line({ baseUrl: '' }, bare)).toContain('network: Anthropic only')
  expect(line({ baseUrl: 'http://host.paude.internal:8765' }, bare)).toContain('network: host.paude.internal only')
})

const restricted = (host = 'api.anthropic.com') => ({ mode: 'restricted', policy: { injections: [{ host }] } })

test('a start says where it runs, what it may reach and how to leave it', () => {
  expect(line({}, restricted())).toBe('sandbox on docker · network: Anthropic only · Ctrl-P Ctrl-Q detaches')
  expect(line({ detachKeys: 'none' }, { mode: 'none' })).toBe('sandbox on docker · no network')
  expect(line({ detachKeys: 'ctrl-\\' }, { mode: 'open' })).toBe('sandbox on docker · network: open · Ctrl-\\ detaches')
  expect(line({}, restricted(), { terminal: false })).toBe('sandbox on docker · network: Anthropic only')
})

test('entries are named while they are few, and the model by its host where that is not the usual one', () => {
  const allowed = (...networkAllow: readonly string[]) =>
    line({ networkAllow, networkGroups: ['npm'] }, restricted('llm.example'))
  expect(allowed('example.org')).toContain('network: llm.example, @npm, example.org ·')
  expect(allowed('a.org', 'b.org', 'c.org')).toContain('network: llm.example, @npm, a.org and 2 more entries ·')
})

test('the credentials for other hosts are named, each once, and not that of the model', () => {
  const bound = (name: string) => ({ variable: '', bound: { name, kind: '', user: '' } })
  const credentials = [{ variable: 'X' }, bound('github'), bound('github'), bound('npm')]
  expect(line({}, restricted(), {}, credentials)).toContain(' · credentials: github, npm · ')
})

test('detach keys are called as they are pressed', () => {
  expect(keysTitle('ctrl-p,c-q')).toBe('Ctrl-P Ctrl-Q')
})
