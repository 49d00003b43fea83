import { describe, expect, test } from 'bun:test'
import type { Change, State } from '../../src/sinks/notify/change.ts'
import { messageOf } from '../../src/sinks/notify/message.ts'
import { type NotifyEffects, notifier, sendAll } from '../../src/sinks/notify/notifier.ts'
import { type NotifySettings, SILENT } from '../../src/sinks/notify/settings.ts'

/** A notifier in a world whose clock is turned by hand. */
function makeWorld(settings: Partial<NotifySettings> = {}) {
  let now = 1_000_000
  let timers: { readonly at: number; readonly call: () => void }[] = []
  const sent: string[] = []
  const notes: string[] = []
  const effects: NotifyEffects = {
    now: () => now,
    after: (milliseconds, call) => {
      const timer = { at: now + milliseconds, call }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    desktop: async ({ session, kind, body }) => {
      sent.push(`${session} ${kind}${body === '' ? '' : `: ${body}`}`)
      return null
    },
    terminal: async () => null,
    command: async () => null,
    webhook: async () => null,
    note: (text) => notes.push(text),
  }
  const told = notifier({ ...SILENT, desktop: true, ...settings }, effects)
  return {
    sent,
    notes,
    effects,
    close: told.close,
    timers: () => timers.length,
    change: (state: State, { id = 'a', text = '' } = {}) =>
      told.changed({ session: { id, name: '', workspace: '/w' }, state, text }),
    /** Somebody is attached and typed so many seconds ago. */
    typed: (ago: number, id = 'a') => told.present(id, { attached: true, lastInput: now - ago * 1000 }),
    leave: (id = 'a') => told.present(id, { attached: false, lastInput: now }),
    pass(seconds: number) {
      now += seconds * 1000
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers = timers.filter((other) => other !== timer)
        timer.call()
      }
    },
  }
}

describe('a message is sent', () => {
  test('for the states that were chosen, with what the agent said', () => {
    const { change, sent } = makeWorld()
    for (const state of ['working', 'waiting', 'working', 'idle', 'working', 'done', 'working', 'error', 'exited'] as const)
      change(state, { text: state === 'waiting' ? 'Run it?' : '' })
    expect(sent).toEqual(['a waiting: Run it?', 'a done', 'a error'])
  })

  test('once for a state, however often it is told', () => {
    const { change, sent, pass } = makeWorld()
    change('waiting')
    pass(60)
    change('waiting')
    expect(sent).toEqual(['a waiting'])
  })

  test('only once in ten seconds for one kind and session, and late when it is still true then', () => {
    const { change, sent, pass } = makeWorld()
    change('waiting', { text: '1' })
    pass(3)
    change('working')
    change('waiting', { text: '2' })
    change('waiting', { id: 'b' })
    change('working')
    change('done')
    change('working')
    change('waiting', { text: '3' })
    expect(sent).toEqual(['a waiting: 1', 'b waiting', 'a done'])
    pass(6.9)
    expect(sent).toHaveLength(3)
    pass(0.1)
    expect(sent.slice(3)).toEqual(['a waiting: 3'])
  })

  test('not for what is over before its moment', () => {
    const { change, sent, pass, timers } = makeWorld()
    change('waiting')
    change('working')
    change('waiting', { text: 'again' })
    change('working')
    expect(timers()).toBe(0)
    pass(60)
    expect(sent).toEqual(['a waiting'])
  })

  test('of an answer also when the agent has idled or ended meanwhile, but of no question', () => {
    const { change, sent, pass, typed } = makeWorld()
    typed(0)
    change('done', { text: 'ready' })
    change('idle')
    typed(0, 'b')
    change('waiting', { id: 'b' })
    change('idle', { id: 'b' })
    pass(31)
    expect(sent).toEqual(['a done: ready'])
  })
})

describe('somebody who is attached', () => {
  test('and has just typed needs no message; one who stopped typing does', () => {
    const { change, sent, pass, typed } = makeWorld()
    typed(5)
    change('waiting')
    pass(20)
    expect(sent).toEqual([])
    typed(1) // and again
    pass(5.5)
    expect(sent).toEqual([])
    pass(24)
    expect(sent).toEqual(['a waiting'])
  })

  test('and has typed nothing for long is told at once, as is one who left', () => {
    const { change, sent, typed, leave } = makeWorld()
    typed(31)
    change('done')
    typed(1, 'b')
    leave('b')
    change('done', { id: 'b' })
    expect(sent).toEqual(['a done', 'b done'])
  })
})

test('a way that fails is noted, and hinders no other', async () => {
  const { change, sent, notes, effects, close } = makeWorld({ command: ['say'], terminal: ['bell'] })
  Object.assign(effects, { command: () => Promise.reject(new Error('say was not found')), terminal: async () => 'gone' })
  change('done')
  await close()
  expect(sent).toEqual(['a done'])
  expect(notes).toEqual(['the notification by terminal failed: gone', 'the notification by command failed: say was not found'])
})

test('closing gives up what was planned', async () => {
  const { change, sent, typed, close, pass } = makeWorld()
  typed(0)
  change('waiting')
  await close()
  pass(60)
  expect(sent).toEqual([])
})

test('nothing is sent where no channel is set up', async () => {
  const change: Change = { session: { id: 'a', name: '', workspace: '/w' }, state: 'done', text: '' }
  expect(await sendAll(SILENT, messageOf(change, 0), makeWorld().effects)).toEqual([])
})
