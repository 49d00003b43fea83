import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../src/backends/backend.ts'
import type { Handle } from '../../src/box/handle.ts'
import { ownerText } from '../../src/box/owner.ts'
import { readHost } from '../../src/host.ts'
import { capture } from '../../src/run/process.ts'
import { isBeingRemoved, isForsaken, removerScript } from '../../src/session/life/remover.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { LEAVING_FILE, sessionFolder } from '../../src/session/record/store.ts'

const home = mkdtempSync(join(tmpdir(), 'paude-remover-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const host = { ...readHost(), env: { XDG_STATE_HOME: home } }
const command = { id: 'paude-bcd234', agent: 'command', terminal: false } as SessionRecord
const conversation = { ...command, agent: 'claude', terminal: true }
const folder = sessionFolder(host, command.id)

/** The session's folder, owned by a process or nobody, and marked as leaving so many seconds ago. */
function lay({ owner, leaving }: { readonly owner?: string; readonly leaving?: number }): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  if (owner !== undefined) writeFileSync(join(folder, 'owner'), ownerText({ ...host, process: owner }))
  if (leaving === undefined) return
  writeFileSync(join(folder, LEAVING_FILE), '')
  const then = Date.now() / 1000 - leaving
  utimesSync(join(folder, LEAVING_FILE), then, then)
}

/** A process of this machine's that has ended. */
const gone = '1 1'

test('a session is forsaken when its paude is gone, but a conversation on a screen goes on', () => {
  lay({ owner: host.process })
  expect(isForsaken(host, command)).toBe(false)
  lay({ owner: gone })
  expect([isForsaken(host, command), isForsaken(host, conversation)]).toEqual([true, false])
  lay({})
  expect(isForsaken(host, command)).toBe(false)
})

test('one that is being removed is left to that for a minute, and then to whoever comes, whatever it was', () => {
  lay({ owner: gone, leaving: 1 })
  expect([isBeingRemoved(folder), isForsaken(host, command)]).toEqual([true, false])
  lay({ leaving: 120 })
  expect([isBeingRemoved(folder), isForsaken(host, command), isForsaken(host, conversation)]).toEqual([false, true, true])
})

/** What the remover of a clone's session asks an engine for after a kill; the engine answers `ps` with some words of a shell. */
async function afterKill(ps: string): Promise<string> {
  lay({ owner: gone })
  writeFileSync(join(folder, 'session.json'), '{}')
  const [log, engine] = [join(home, 'log'), join(home, 'engine')]
  rmSync(log, { force: true })
  writeFileSync(engine, `#!/bin/sh\necho "$@" >>${log}\n[ "$1" != ps ] || { ${ps}; }\n[ "$1" != inspect ]\n`, { mode: 0o755 })
  const backend = { program: engine, life: { remains: () => [engine, 'ps'], state: () => ({ argv: [engine, 'inspect'] }) } }
  const box = { id: command.id, folder, volume: { name: 'work' } } as Handle
  const removal = [{ kind: 'exec', argv: [engine, 'volume', 'rm', 'work'] }] as const
  const script = removerScript({ backend: backend as unknown as Backend, box, removal, goesOn: true })
  await capture(['/bin/sh', '-c', script], { signal: AbortSignal.timeout(1000) })
  return readFileSync(log, 'utf8')
}

test('the volume of a clone stays after a kill where a container is there, or the engine does not answer', async () => {
  for (const ps of ['exit 1', 'echo 0123abc']) {
    expect(await afterKill(ps)).not.toContain('volume rm')
    expect(existsSync(join(folder, LEAVING_FILE))).toBe(false)
  }
  expect(await afterKill(':')).toContain('volume rm work')
})

test('a removal that somebody asked for ends as soon as nothing is left', async () => {
  lay({ leaving: 0 })
  const log = join(home, 'removed')
  // The first round leaves something, the second one nothing.
  const remains = ['sh', '-c', `[ "$(wc -l <'${log}')" -gt 1 ] || echo pod`] as const
  const backend = { life: { remains: () => remains } } as unknown as Backend
  const removal = [{ kind: 'exec', argv: ['sh', '-c', `echo round >>'${log}'`] }] as const
  const box = { id: command.id, folder } as Handle
  const { code } = await capture(['/bin/sh', '-c', removerScript({ backend, box, removal, goesOn: false })])
  expect([code, readFileSync(log, 'utf8'), existsSync(folder)]).toEqual([0, 'round\nround\n', false])
})
