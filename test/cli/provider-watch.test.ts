import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, need, type Wall } from '../../src/backends/backend.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import { HARDENED } from '../../src/box/security.ts'
import { providerLooks, watchProvider } from '../../src/session/life/provider-watch.ts'
import type { Found } from '../../src/session/record/found.ts'
import { handleOf, type SessionRecord } from '../../src/session/record/record.ts'
import { injectionAt } from '../support/injection.ts'

const root = mkdtempSync(join(tmpdir(), 'paude-reach-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const injection = injectionAt('gateway.example')
const record: SessionRecord = {
  ...{ v: 3, id: 'paude-aaaaaa', name: '', backend: 'docker', agent: 'claude', version: '', created: '', starter: '' },
  ...{
    workspace: '/',
    directory: '/',
    network: 'restricted',
    allow: [],
    deny: [],
    ports: [80, 443],
    injections: [injection],
    terminal: false,
  },
  ...{ ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 }, revision: '', changes: [], settled: true, conversation: '' },
  ...{
    homeVolume: '',
    link: 'folder',
    init: '',
    mounts: [],
    copies: [],
    shadows: [],
    standIns: [],
    overlays: [],
    repos: [],
    onFinding: 'ask',
    alarm: 'pause',
    writesConfig: false,
    watch: {},
    index: null,
    security: HARDENED,
    credentials: [{ variable: 'ANTHROPIC_API_KEY' }],
  },
}

const withLog = (requests: Wall['requests']): Backend => ({ ...docker, wall: { ...need(docker, 'wall'), requests } })

/** A session whose proxy's log is a file that tests write; each look leaves a mark. */
function session(log: string, change: Partial<SessionRecord> = {}) {
  const folder = mkdtempSync(join(root, 's-'))
  const [file, looks] = [join(folder, 'log'), join(folder, 'looks')]
  writeFileSync(file, log)
  writeFileSync(looks, '')
  const changed = { ...record, ...change }
  const found: Found = {
    backend: withLog(() => ['sh', '-c', `echo >>${looks}; cat ${file}`]),
    handle: handleOf(changed, folder),
    record: changed,
  }
  return { found, write: (text: string) => writeFileSync(file, text), looks: async () => (await Bun.file(looks).text()).length }
}

const line = (st: number, err: string, t: number): string =>
  `${JSON.stringify({ v: 1, t, m: 'POST', h: injection.host, p: '443', st, err, r: 'TCP_MISS', c: t })}\n`
const REFUSED = line(503, 'ERR_CONNECT_FAIL', 1)
const ANSWERED = line(200, '-', 2)

const soon = async (what: string, holds: () => boolean) => {
  for (const end = Date.now() + 30_000; !holds(); await Bun.sleep(5))
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
}

const OFTEN: readonly number[] = Array(400).fill(5)

test('a fault is told once, and that it is over', async () => {
  const { found, write } = session(REFUSED)
  const told: string[] = []
  watchProvider(found, (fault) => told.push(fault), OFTEN)
  await soon('the fault', () => told.length > 0)
  write(REFUSED + ANSWERED)
  await soon('the answer', () => told.includes(''))
  expect(told).toEqual([expect.stringContaining('gateway.example:443 does not answer the agent: connection failed'), ''])
})

test('a provider that answers is looked for no further', async () => {
  const { found, write, looks } = session(ANSWERED)
  const told: string[] = []
  const again = providerLooks(found, OFTEN)
  again((fault) => told.push(fault))
  await soon('the answer', () => told.length > 0)
  write(REFUSED)
  again((fault) => told.push(fault))
  expect([told, await looks()]).toEqual([[''], 1])
})

test('a log that cannot be had yet is asked for again', async () => {
  const { found } = session('')
  const missing: Found = { ...found, backend: withLog(() => ['paude-no-such-program']) }
  let asked = 0
  const late: Found = {
    ...found,
    backend: withLog((...words) => need((asked++ < 2 ? missing : session(REFUSED).found).backend, 'wall').requests(...words)),
  }
  const told: string[] = []
  const stop = watchProvider(late, (fault) => told.push(fault), OFTEN)
  await soon('the fault', () => told.length > 0)
  stop()
  expect(asked).toBeGreaterThan(2)
})

test('no engine is asked where the proxy adds no credential, nor by what was stopped', async () => {
  const without = session(REFUSED, { injections: [] })
  watchProvider(without.found, () => undefined, [0])
  const stopped = session(REFUSED)
  watchProvider(stopped.found, () => undefined, [0])()
  const { found } = session(REFUSED)
  await new Promise<void>((resolve) => void watchProvider(found, () => resolve(), OFTEN))
  expect([await without.looks(), await stopped.looks()]).toEqual([0, 0])
})
