import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toEvent } from '../../src/agents/hook-event.ts'
import { PaudeError } from '../../src/errors.ts'
import type { SessionEvent } from '../../src/events/event.ts'
import { bootTime, boundEvents, keepBounded, readPiece } from '../../src/events/file.ts'
import { followEvents } from '../../src/events/follow.ts'
import { EVENTS_LIMIT, eventsFile } from '../../src/events/place.ts'
import { eventReader } from '../../src/events/read.ts'
import { openTail } from '../../src/events/tail.ts'

let folder = ''
let file = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-events-')))
  file = eventsFile(folder)
  mkdirSync(join(folder, 'out'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (act: () => unknown): string => {
  try {
    act()
    return 'not refused'
  } catch (error) {
    return error instanceof PaudeError ? error.code : String(error)
  }
}

test('a record that is not there is empty', () => {
  expect(readPiece(folder, 0)).toEqual({ bytes: '', size: 0 })
  expect(boundEvents(folder)).toBe(false)
})

describe('what is no plain file is refused at once:', () => {
  test.each(['link', 'pipe', 'folder', 'device'])('%s', (kind) => {
    if (kind === 'link') symlinkSync('/etc/passwd', file)
    else if (kind === 'pipe') execFileSync('mkfifo', [file])
    else if (kind === 'folder') mkdirSync(file)
    else symlinkSync('/dev/zero', file)
    expect(refusal(() => readPiece(folder, 0))).toBe('refused')
    expect(refusal(() => boundEvents(folder))).toBe('refused')
  })
})

test('nothing behind the limit is read, and it can be cut off', () => {
  writeFileSync(file, 'begin')
  truncateSync(file, EVENTS_LIMIT * 1000) // a hole: the box can make one of any size
  expect(readPiece(folder, EVENTS_LIMIT - 10)).toEqual({ bytes: '\0'.repeat(10), size: EVENTS_LIMIT * 1000 })
  expect(readPiece(folder, EVENTS_LIMIT + 10).bytes).toBe('')
  expect([boundEvents(folder), boundEvents(folder)]).toEqual([true, false])
  expect(statSync(file).size).toBe(EVENTS_LIMIT)
  expect(readPiece(folder, 0).bytes).toStartWith('begin\0')
})

test('a running session can be watched over, whatever becomes of its record', async () => {
  const unwatch = keepBounded(folder, 10)
  mkdirSync(file)
  await Bun.sleep(30) // a few looks, which must not end the watch
  rmSync(file, { recursive: true })
  await Bun.sleep(30)
  writeFileSync(file, '')
  truncateSync(file, EVENTS_LIMIT + 1)
  const end = Date.now() + 30_000
  while (statSync(file).size > EVENTS_LIMIT && Date.now() < end) await Bun.sleep(10)
  expect(statSync(file).size).toBe(EVENTS_LIMIT)
  unwatch()
  truncateSync(file, EVENTS_LIMIT + 1)
  await Bun.sleep(50)
  expect(statSync(file).size).toBe(EVENTS_LIMIT + 1)
})

test('a file that was locked is opened again', () => {
  writeFileSync(file, 'text')
  chmodSync(file, 0)
  expect(readPiece(folder, 1).bytes).toBe('ext')
})

test('knows when the machine started', () => {
  expect(bootTime()).toBeGreaterThan(1_000_000_000)
  expect(bootTime()).toBeLessThan(Date.now() / 1000)
})

test('a tail goes on behind a line that has no end, and begins anew in a record that was emptied', () => {
  const tail = openTail(folder, 1024)
  writeFileSync(file, `${'x'.repeat(5000)}\nwhole\nhalf`)
  const read = () => {
    let text = ''
    for (let news = tail(); ; news = tail()) {
      text += news.lines
      if (!news.more) return text
    }
  }
  expect(read()).toEndWith('\nwhole\n')
  writeFileSync(file, 'new\n')
  expect(read()).toBe('new\n')
  expect(read()).toBe('')
})

describe('following', () => {
  const stop = (text: string) => `\n1.00 ${JSON.stringify({ hook_event_name: 'Stop', last_assistant_message: text })}\t\n`
  const texts = (events: readonly SessionEvent[]) => events.map((event) => (event.kind === 'stop' ? event.text : event.kind))

  /** Follows until `count` events came or the session ended. */
  async function follow(count: number, { alive = true, meanwhile = (_: number) => undefined as unknown } = {}) {
    const seen: SessionEvent[] = []
    for await (const event of followEvents(folder, {
      reader: eventReader('paude-bcd234', 0, toEvent),
      runs: async () => alive,
      askAfter: 200,
    })) {
      seen.push(event)
      if (seen.length === count) break
      meanwhile(seen.length)
    }
    return texts(seen)
  }

  test('shows what is there, then what comes, whole records alone', async () => {
    writeFileSync(file, stop('one'))
    const [head, tail] = [stop('two').slice(0, 20), stop('two').slice(20)]
    const meanwhile = (count: number) => {
      if (count === 1) {
        appendFileSync(file, `\n\nrubbish${head}`)
        appendFileSync(file, tail)
      }
      if (count === 2) appendFileSync(file, stop('three'))
    }
    expect(await follow(3, { meanwhile })).toEqual(['one', 'two', 'three'])
  })

  test('goes on at the beginning when the sandbox emptied the record', async () => {
    writeFileSync(file, stop('a long first one'))
    expect(await follow(2, { meanwhile: () => writeFileSync(file, stop('b')) })).toEqual(['a long first one', 'b'])
  })

  test('ends with the session, and has shown everything by then', async () => {
    writeFileSync(file, stop('one') + stop('two'))
    expect(await follow(99, { alive: false })).toEqual(['one', 'two'])
  })

  test('ends when the folder goes', async () => {
    writeFileSync(file, stop('one'))
    expect(await follow(99, { alive: false, meanwhile: () => rmSync(folder, { recursive: true }) })).toEqual(['one'])
  })
})
