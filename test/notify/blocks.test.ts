import { expect, test } from 'bun:test'
import { blockTeller } from '../../src/sinks/notify/blocks.ts'
import type { Message } from '../../src/sinks/notify/message.ts'

/** A teller with a clock that is moved by hand. */
function teller(name = 'fix-login') {
  const messages: Message[] = []
  const planned: { readonly at: number; readonly call: () => void }[] = []
  let now = 1_000_000
  const tell = blockTeller({ id: 'paude-bcd234', name, workspace: '/srv/project' }, (one) => messages.push(one), {
    now: () => now,
    after: (milliseconds, call) => {
      planned.push({ at: now + milliseconds, call })
      return () => undefined
    },
  })
  return {
    titles: () => messages.map(({ title }) => title),
    messages,
    refused: (place: string) => tell({ place, waits: 0, command: `paude network allow ${place} --session paude-bcd234` }),
    asks: (place: string) => tell({ place, waits: 60, command: `paude network allow ${place} --session paude-bcd234` }),
    pass: (milliseconds: number) => {
      now += milliseconds
      for (const one of planned.splice(0)) one.at <= now ? one.call() : planned.push(one)
    },
  }
}

test('a block is told with the session, the host and the command that allows it', () => {
  const { refused, messages } = teller()
  refused('a.example:443')
  expect(messages).toMatchObject([
    {
      kind: 'blocked',
      session: 'paude-bcd234',
      title: 'paude: fix-login was refused a.example:443',
      body: 'To allow it: paude network allow a.example:443 --session paude-bcd234',
    },
  ])
})

test('what is asked for says how long it waits, and its refusal is no further news', () => {
  const { refused, asks, messages } = teller()
  asks('a.example:443')
  refused('a.example:443')
  expect(messages.map(({ body }) => body)).toEqual([
    'It waits 60 s for your answer. To allow it: paude network allow a.example:443 --session paude-bcd234',
  ])
})

test('of a long host the end is told, which says whose it is, and where all of it is to be seen', () => {
  const { refused, asks, messages } = teller('a-name-for-a-session-that-is-as-long-as-one-may-be-made-longer')
  const place = `packages.sample.org.${'a'.repeat(200)}.ev.il:443`
  refused(place)
  asks(`${'b.'.repeat(120)}ev.il:443`)
  for (const { title } of messages) expect(title).toEndWith('.ev.il:443')
  expect(messages.map(({ body }) => body)).toEqual([
    'Its name is long; to look at it: paude network blocked paude-bcd234',
    'It waits 60 s for your answer. Its name is long; to look at it: paude network watch paude-bcd234',
  ])
  expect(messages[0]?.title).toContain(' was refused packages.sample…aaaa')
})

test('a host that is not long is whole in its title and in the command', () => {
  const { refused, messages } = teller()
  const place = 'a-bucket.s3.dualstack.eu-central-1.amazonaws.com'.slice(0, 44).concat(':443')
  refused(place)
  expect(messages).toMatchObject([{ title: expect.stringContaining(place), body: expect.stringContaining(`allow ${place} --`) }])
})

test('each host is told once, but each question about it', () => {
  const { refused, asks, titles, pass } = teller()
  refused('a.example:443')
  pass(600_000)
  refused('a.example:443')
  expect(titles()).toHaveLength(1)
  asks('a.example:443')
  pass(600_000)
  asks('a.example:443')
  expect(titles()).toHaveLength(3)
})

test('of a flood five are told, and all others a minute later in one message', () => {
  const { refused, titles, pass } = teller()
  for (let at = 0; at < 1000; at++) refused(`h${at}.example:443`)
  expect(titles()).toHaveLength(5)
  pass(60_000)
  expect(titles()).toHaveLength(6)
  expect(titles().at(-1)).toBe('paude: fix-login was refused 995 more hosts')
  refused('later.example:443')
  expect(titles().at(-1)).toBe('paude: fix-login was refused later.example:443')
})
