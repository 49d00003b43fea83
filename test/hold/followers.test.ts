import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { follow, question } from '../../src/hold/client.ts'
import { json } from '../../src/hold/protocol.ts'
import { linesSince, TIMES_FILE, timesText } from '../../src/hold/times.ts'

import { cleanUp, client, makeFolder, start, until } from './holding.ts'

setDefaultTimeout(60_000) // ms: a machine with other work takes its time
afterAll(cleanUp)

test('whoever follows gets every line once, as soon as it stands still or leaves the screen, and the rest at the end', async () => {
  const holder = start(
    'i=0; while [ $i -lt 50 ]; do echo "line $i."; i=$((i+1)); done; read x; while [ $i -lt 90 ]; do echo "line $i."; i=$((i+1)); done',
  )
  await holder.ready
  const seen: string[] = []
  const following = follow(holder.socket, 0, (text) => void seen.push(text))
  await until('the lines that stand on the screen', () => seen.join('\n').includes('line 49.'))
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  await following
  const numbers = [...seen.join('\n').matchAll(/line (\d+)\./g)].map(([, number]) => Number(number))
  expect(numbers).toEqual(Array.from({ length: 90 }, (_, index) => index))
  await holder.done
})

test('what came since a moment is told alone, while the agent runs and from the files that it leaves', async () => {
  const holder = start(
    'i=0; while [ $i -lt 30 ]; do echo "old $i."; i=$((i+1)); done; read x; while [ $i -lt 60 ]; do echo "new $i."; i=$((i+1)); done; read x',
  )
  await holder.ready
  const log = async (since: number) => (await question(holder.socket, { ask: 'log', follow: false, since })) ?? ''
  const type = () => question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  await until('the old lines', async () => (await log(0)).includes('old 29.'))
  const since = Date.now() + 1
  await until('the next millisecond', () => Date.now() > since)
  expect(await log(since)).toBe('')
  await type()
  await until('the new lines', async () => (await log(since)).includes('new 59.'))
  const told = await log(since)
  // What stands on the screen now has been painted since.
  expect([told.includes('old 0.'), told.includes('new 30.'), (await log(0)).includes('old 0.')]).toEqual([false, true, true])
  await type()
  await holder.done
  const [text, runs] = ['screen.txt', TIMES_FILE].map((name) => readFileSync(join(holder.folder, name), 'utf8'))
  const kept = linesSince(text ?? '', runs ?? '', since) ?? ''
  expect([kept.includes('old 0.'), kept.includes('new 30.'), kept.includes('new 59.')]).toEqual([false, true, true])
  expect(linesSince(text ?? '', runs ?? '', 0)).toBe((text ?? '').replace(/\n$/, ''))
})

test('a text that lost its beginning has the times of its last lines, and one without times has none', () => {
  const runs = timesText([1, 1, 1, 5, 7])
  expect(runs).toBe('1 3\n5 1\n7 1\n')
  expect(linesSince('c\nd\ne\n', runs, 5)).toBe('d\ne')
  expect(linesSince('a\nb\nc\nd\ne\n', runs, 8)).toBe('')
  expect(linesSince('a\nb\n', '', 5)).toBeNull()
  expect(linesSince('a\n', 'nonsense\n99 -3\n', 5)).toBeNull()
})

test('a client that does not read is not waited for, and is not lost either', async () => {
  const holder = start('echo up; read x; head -c 6000000 /dev/zero | tr "\\0" "y" | fold -w 59; echo the end; read x')
  await holder.ready
  const slow = await Bun.connect({ unix: holder.socket, socket: { data: () => undefined } })
  slow.pause()
  const one = client(holder.socket)
  await until('it looks', () => one.seen.text.includes('up'))
  one.seen.type('\r')
  await until('the end of the flood', () => one.seen.text.includes('the end'))
  one.seen.type('\r')
  await one.left
  slow.terminate()
  await holder.done
})

test('a follower that does not read is told how much it missed', async () => {
  const [over, go] = [join(makeFolder(), 'over'), join(makeFolder(), 'more')]
  const holder = start(
    String.raw`echo reads; read x; head -c 4000000 /dev/zero | tr "\0" "y" | fold -w 59; : >${over}; until [ -e ${go} ]; do sleep 0.02; done; seq 100; read x`,
    { scrollback: 5000 },
  )
  await holder.ready
  let text = ''
  const follower = await Bun.connect({
    unix: holder.socket,
    socket: {
      data: (_, chunk) => {
        text += new TextDecoder().decode(chunk)
      },
    },
  })
  follower.write(json('q', { ask: 'log', follow: true, since: 0 }))
  await until('it follows', () => text !== '')
  follower.pause()
  await until(
    'the shell reads',
    async () => (await question(holder.socket, { ask: 'screen', format: 'text', scrollback: 0 })) === 'reads',
  )
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  // Who reads again while the flood goes on may be left behind once more.
  await until('the flood is over', () => existsSync(over))
  follower.resume()
  await until('the gap', () => /… \d+ lines left out/.test(text))
  writeFileSync(go, '')
  await until(' MiB): later events are missing', () => text.includes('"88"'))
  follower.end()
  await question(holder.socket, { ask: 'send', text: '', keys: '\r', enter: false })
  await holder.done
})

test('a peer that talks nonsense is hung up on, and nobody else', async () => {
  const holder = start('echo hello; read x')
  await holder.ready
  const { promise, resolve } = Promise.withResolvers<void>()
  const bad = await Bun.connect({ unix: holder.socket, socket: { data: () => undefined, close: () => resolve() } })
  bad.write(new Uint8Array(64).fill(255))
  await promise
  const one = client(holder.socket)
  await until('the screen', () => one.seen.text.includes('hello'))
  one.seen.type('\r')
  await one.left
  await holder.done
})
