import { expect, test } from 'bun:test'
import type { AgentState } from '../../src/events/activity.ts'
import { makeScreen } from '../../src/hold/screen.ts'
import { makeTypist } from '../../src/hold/typist.ts'

/** An agent that reads what has come only every so many ms and, as Claude does, takes a paste and what comes with it in one read for one text. */
function slowAgent(late: number, states: readonly AgentState['activity'][] = []) {
  const prompts: string[] = []
  let unread = ''
  let typed = ''
  let spoken = false
  let state: AgentState = { activity: 'starting', kind: '', message: '', since: '0' }
  const screen = makeScreen({ size: { columns: 80, rows: 10 }, scrollback: 0, name: 'test', reply: () => undefined })
  const paint = () => screen.write(`\x1b[2J\x1b[3;1H> ${typed.replaceAll('\n', '\\n')}`)
  screen.write('\x1b[?2004h')
  paint()
  const say = (activity: AgentState['activity']) => {
    spoken = true
    state = { ...state, activity, since: `${Number(state.since) + 1}` }
  }
  const reads = setInterval(() => {
    if (unread === '') return
    const chunk = unread
    unread = ''
    if (chunk === '\r') {
      prompts.push(typed)
      typed = ''
      setTimeout(() => states.forEach(say), 300)
    } else typed += chunk.replaceAll(/\x1b\[20[01]~/g, '').replaceAll('\r', '\n')
    paint()
  }, late)
  const send = makeTypist({
    write: (text) => {
      unread += text
    },
    screen,
    state: () => state,
    spoken: () => spoken,
    over: () => false,
    repainted: async () => undefined,
  })
  return { prompts, say, send, state: () => state, stop: () => clearInterval(reads) }
}

test.each([30, 250, 700])('texts reach an agent that reads every %d ms as they were sent, one by one', async (late) => {
  const agent = slowAgent(late)
  const texts = ['one', '- two', 'three\nlines\nlong']
  expect(await Promise.all(texts.map((text) => agent.send({ ask: 'send', text, keys: '', enter: true })))).toEqual(['', '', ''])
  agent.stop()
  expect(agent.prompts).toEqual(texts)
})

test('that the agent is idle is no sign that it has taken what was typed', async () => {
  const agent = slowAgent(30, ['working'])
  agent.say('unknown')
  const sent = agent.send({ ask: 'send', text: 'a text', keys: '', enter: true })
  setTimeout(() => agent.say('idle'), 50)
  await sent
  agent.stop()
  expect(agent.prompts).toEqual(['a text'])
  expect(agent.state().activity).toBe('working')
})

test('nothing is typed before the agent has shown anything', async () => {
  let looks = 0
  const written: number[] = []
  const send = makeTypist({
    write: () => void written.push(looks),
    screen: { picture: () => (looks++ < 3 ? ' \n' : '> '), bracketedPaste: () => false, atCursor: () => String(written.length) },
    state: () => ({ activity: 'starting', kind: '', message: '', since: '0' }),
    spoken: () => false,
    over: () => false,
    repainted: async () => undefined,
  })
  await send({ ask: 'send', text: 'a text', keys: '', enter: false })
  expect(written).toEqual([4])
})

test('what means something as a paste alone waits for an agent that has just started', async () => {
  const written: string[] = []
  let knowsPastes = false
  const send = makeTypist({
    write: (text) => void written.push(text),
    screen: { picture: () => '> ', bracketedPaste: () => knowsPastes, atCursor: () => String(written.length) },
    state: () => ({ activity: 'idle', kind: '', message: '', since: '0' }),
    spoken: () => false,
    over: () => false,
    repainted: async () => undefined,
  })
  setTimeout(() => {
    knowsPastes = true
  }, 60)
  await send({ ask: 'send', text: '/x.png', keys: '', enter: false, pasted: true })
  expect(written).toEqual(['\x1b[200~/x.png\x1b[201~'])
})

test('an answer waits for a question that is painted late, and then until that takes one', async () => {
  const asked = Date.now()
  const painted = asked + 1500
  const written: (readonly [key: string, after: number])[] = []
  const send = makeTypist({
    write: (text) => void written.push([text, Date.now() - painted]),
    screen: {
      picture: () => (Date.now() < painted ? '❯ ' : 'Proceed?\n ❯ 1. Yes\n   2. No\n'),
      bracketedPaste: () => true,
      atCursor: () => '',
    },
    state: () => ({ activity: 'waiting', kind: 'permission', message: 'may I?', since: new Date(asked).toISOString() }),
    spoken: () => false,
    over: () => false,
    repainted: async () => undefined,
  })
  expect(await send({ ask: 'send', text: 'yes', keys: '', enter: true })).toBe('')
  expect(written).toEqual([['1', expect.any(Number)]])
  expect(written[0]?.[1]).toBeGreaterThanOrEqual(1000)
  expect(await send({ ask: 'send', text: 'yes, but', keys: '', enter: true })).toBe('may I?')
})
