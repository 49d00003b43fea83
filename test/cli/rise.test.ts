import { describe, expect, test } from 'bun:test'
import { processMark } from '../../src/host.ts'
import { type Past, shouldRise } from '../../src/session/life/rise.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'

const session = { id: 'paude-bcd234', terminal: true, starter: '' } as SessionRecord
const down: Past = { status: 'exited', exitCode: 137, stopped: false, named: false }
const rises = (past: Partial<Past>, record: Partial<SessionRecord> = {}) =>
  shouldRise({ ...session, ...record }, { ...down, ...past })

describe('paude up', () => {
  test.each([129, 137, 143, 255, -1])('brings back what was ended from outside: exit code %p', (exitCode) => {
    expect(rises({ exitCode })).toEqual({ rises: true, why: '' })
  })

  test.each([0, 1, 2, 125, 130])('leaves what ended by itself: exit code %p', (exitCode) => {
    expect(rises({ exitCode })).toEqual({ rises: false, why: '' })
  })

  test('leaves what the user stopped, unless it is named', () => {
    expect(rises({ stopped: true })).toEqual({ rises: false, why: '' })
    expect(rises({ stopped: true, named: true })).toEqual({ rises: true, why: '' })
  })

  test('leaves what runs', () => {
    expect(rises({ status: 'running' })).toEqual({ rises: false, why: '' })
    expect(rises({ status: 'paused' })).toEqual({ rises: false, why: '' })
    expect(rises({ status: 'running', named: true })).toEqual({ rises: false, why: 'session paude-bcd234 runs already' })
  })

  test('brings back what podman forgot, but not what is being started right now', () => {
    expect(rises({ status: 'created', exitCode: 0 })).toEqual({ rises: true, why: '' })
    expect(rises({ status: 'created', exitCode: 0 }, { starter: processMark(process.pid) }).rises).toBe(false)
  })

  test('asks no one-shot prompt twice by itself', () => {
    const { rises: again, why } = rises({}, { terminal: false })
    expect(again).toBe(false)
    expect(why).toContain('paude start paude-bcd234')
    expect(rises({ exitCode: 0 }, { terminal: false })).toEqual({ rises: false, why: '' })
    expect(rises({ named: true }, { terminal: false }).rises).toBe(true)
  })

  test('says what has lost its box', () => {
    expect(rises({ status: 'gone' })).toEqual({
      rises: false,
      why: 'session paude-bcd234 has lost its box: paude rm paude-bcd234',
    })
  })
})
