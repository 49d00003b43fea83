import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { bannerOf } from '../../src/hold/banner.ts'
import { readHoldState } from '../../src/hold/place.ts'
import type { Raised } from '../../src/hold/report.ts'
import { cleanUp, client, start, until } from './holding.ts'

setDefaultTimeout(60_000)
afterAll(cleanUp)

test('words above a screen fill whole rows at its bottom, are cut to its width, and leave the cursor', () => {
  const text = bannerOf('one two three\nwide 漢', { columns: 6, rows: 10 })
  expect(Bun.stripANSI(text).replaceAll('\u001b7', '').replaceAll('\u001b8', '')).toBe('one two three     wide  漢    ')
  expect([text.startsWith('\u001b7'), text.endsWith('\u001b8'), text.includes('\u001b[10;1H')]).toEqual([true, true, true])
  expect(bannerOf('', { columns: 6, rows: 10 })).toBe('')
  expect(bannerOf('a\nb\nc', { columns: 6, rows: 2 })).not.toContain('b')
  const long = Bun.stripANSI(bannerOf(`paude: ${'x'.repeat(90)}\nNext: y`, { columns: 10, rows: 24 }))
  expect([long.includes('paude: xxx'), long.includes('Next: y'), long.match(/x/g)?.length]).toEqual([true, true, 34])
})

test('an agent that was paused says why on every screen, waits for a review, and goes on', async () => {
  let hands: { raised: (alarm: Raised) => void; over: () => void } | null = null
  const found: string[] = []
  const changes: string[] = []
  const holder = start(String.raw`printf '\033]7501;state=working\033\\'; echo hello; read x; exit 3`, {
    guard: (given) => {
      hands = given
      return () => undefined
    },
    watch: () => ({
      changed: ({ activity }) => void changes.push(activity),
      present: () => undefined,
      found: ({ text, does, next }) => void found.push([does, text, next].join('|')),
      close: async () => undefined,
    }),
  })
  await holder.ready
  await until('the guard', () => hands !== null)
  const one = client(holder.socket)
  const small = client(holder.socket, { columns: 30, rows: 6 })
  await until('somebody', () => readHoldState(holder.folder)?.attached === 2)
  const given = hands as unknown as { raised: (alarm: Raised) => void; over: () => void }
  given.raised({ text: 'told alone', does: 'told', next: 'x' })
  given.raised({ text: '.envrc appeared', does: 'paused', next: 'paude review b7k' })
  expect(found).toEqual(['told|told alone|x', 'paused|.envrc appeared|paude review b7k'])
  const state = () => readHoldState(holder.folder)
  expect(state()).toMatchObject({ activity: 'waiting', kind: 'review', message: '.envrc appeared' })
  const says = (text: string) => text.replace(/\u001b\[[\d;]*[A-Za-z]/g, '').includes('paude review b7k')
  await until('both see it', () => says(one.seen.text) && says(small.seen.text))
  const late = client(holder.socket)
  await until('who comes later too', () => says(late.seen.text))
  expect(one.seen.text).not.toContain('told alone')
  const before = one.seen.text.length
  given.over()
  expect(state()).toMatchObject({ activity: 'working' })
  await until('the screen again', () => one.seen.text.slice(before).includes('hello'))
  expect(says(one.seen.text.slice(before))).toBe(false)
  expect(changes).not.toContain('waiting')
  one.seen.type('\r')
  await holder.done
})
