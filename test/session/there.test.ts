import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need } from '../../src/backends/backend.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { Argv } from '../../src/plan/plan.ts'
import type { Found } from '../../src/session/record/found.ts'
import { beThere } from '../../src/session/wall/there.ts'
import { startsOf } from '../support/specs.ts'

/** Where the proxy has no folder of this machine, one program tells it that somebody is there to answer. */
const { spec } = startsOf(kubernetes)['plain'] ?? never()
const handle = { ...handleOfSpec(spec), cluster: { context: 'one', namespace: 'paude' } }

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-there-'))
  mkdirSync(join(room, 'policy'))
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const session = (argv: Argv, network = 'ask'): Found =>
  ({
    backend: { ...kubernetes, wall: { ...need(kubernetes, 'wall'), there: () => argv } },
    handle,
    record: { network },
  }) as unknown as Found

/** What would run in the proxy's pod, on a folder of this machine. */
function inRoom(): Argv {
  const argv = need(kubernetes, 'wall').there?.(handle) ?? never()
  const [program, flag, script = ''] = argv.slice(argv.indexOf('--') + 1)
  expect([argv.includes('--stdin'), argv.includes('--container=proxy'), program, flag]).toEqual([
    true,
    true,
    '/usr/bin/bash',
    '-c',
  ])
  return ['bash', '-c', script.replace('/paude/', `${room}/`)]
}

const until = (): number => {
  try {
    return Number(readFileSync(join(room, 'policy/there'), 'utf8'))
  } catch {
    return 0
  }
}
/** Waits, however loaded the machine is. */
async function poll(what: string, is: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !is(); await Bun.sleep(20)) if (Date.now() > end) throw new Error(`${what}: not yet`)
}

const now = () => Math.floor(Date.now() / 1000)

test('the proxy of a pod hears for how long somebody is there, by its own clock', async () => {
  const leave = beThere(session(inRoom()))
  await poll('somebody is there', () => until() > now())
  expect(until()).toBeLessThanOrEqual(now() + 6)
  leave()
}, 90_000)

test('a stream that was cut is opened again', async () => {
  const once = `[ -e ${room}/cut ] && exec "$@"; read -r line; touch ${room}/cut; exit 1`
  const leave = beThere(session(['bash', '-c', once, 'sh', ...inRoom()]))
  await poll('somebody is there again', () => until() > now())
  leave()
}, 90_000)

test('in any other mode nobody is told', () => {
  const leave = beThere(session(['sh', '-c', `touch ${room}/policy/there`], 'restricted'))
  leave()
  expect(until()).toBe(0)
})

function never(): never {
  throw new Error('there is no such part')
}
