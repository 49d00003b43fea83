import { describe, expect, test } from 'bun:test'
import { processMark } from '../../src/host.ts'
import { type Past, shouldRestart } from '../../src/session/life/restart.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'

const session = { id: 'paude-bcd234', terminal: true, starter: '' } as SessionRecord
const down: Past = { status: 'exited', exitCode: 137, stopped: false, named: false }
const restarts = (past: Partial<Past>, record: Partial<SessionRecord> = {}) =>
  shouldRestart({ ...session, ...record }, { ...down, ...past })

describe('paude up', () => {
  test.each([129, 137, 143, 255, -1])('brings back what was ended from outside: exit code %p', (exitCode) => {
    expect(restarts({ exitCode })).toEqual({ restarts: true, why: '' })
  })

  test.each([0, 1, 2, 125, 130])('leaves what ended by itself: exit code %p', (exitCode) => {
    expect(restarts({ exitCode })).toEqual({ restarts: false, why: '' })
  })

  test('leaves what the user stopped, unless it is named', () => {
    expect(restarts({ stopped: true })).toEqual({ restarts: false, why: '' })
    expect(restarts({ stopped: true, named: true })).toEqual({ restarts: true, why: '' })
  })

  test('leaves what runs', () => {
    expect(restarts({ status: 'running' })).toEqual({ restarts: false, why: '' })
    expect(restarts({ status: 'paused' })).toEqual({ restarts: false, why: '' })
    expect(restarts({ status: 'running', named: true })).toEqual({
      restarts: false,
      why: 'session paude-bcd234 is already running',
    })
  })

  test('brings back what podman forgot, but not what is being started right now', () => {
    expect(restarts({ status: 'created', exitCode: 0 })).toEqual({ restarts: true, why: '' })
    expect(restarts({ status: 'created', exitCode: 0 }, { starter: processMark(process.pid) }).restarts).toBe(false)
    expect(restarts({}, { starter: processMark(process.pid) }).restarts).toBe(true)
    const cluster = { context: 'work', namespace: 'paude' }
    expect(restarts({}, { starter: processMark(process.pid), cluster }).restarts).toBe(false)
    expect(restarts({}, { cluster }).restarts).toBe(true)
  })

  test('asks no one-shot prompt twice by itself', () => {
    const { restarts: again, why } = restarts({}, { terminal: false })
    expect(again).toBe(false)
    expect(why).toContain('paude start paude-bcd234')
    expect(restarts({ exitCode: 0 }, { terminal: false })).toEqual({ restarts: false, why: '' })
    expect(restarts({ named: true }, { terminal: false }).restarts).toBe(true)
  })

  test('says what has lost its sandbox', () => {
    expect(restarts({ status: 'gone' })).toEqual({
      restarts: false,
      why: 'the sandbox of session paude-bcd234 no longer exists: paude recreate paude-bcd234, or paude rm paude-bcd234',
    })
  })
})
