import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { readOwnFile } from '../../src/agents/claude/own-file.ts'
import type { Said } from '../../src/events/activity.ts'
import { question } from '../../src/hold/client.ts'
import { readHoldState } from '../../src/hold/place.ts'
import type { Hands } from '../../src/hold/report.ts'

import { cleanUp, client, start, until } from './holding.ts'

setDefaultTimeout(60_000) // ms: a machine with other work takes its time
afterAll(cleanUp)

test('the title of an agent tells its state by the signs that the holder was given', async () => {
  const holder = start(String.raw`printf '\033]2;# busy\007'; read line`, {
    titleSigns: { '#': { activity: 'working', kind: '' } },
  })
  await holder.ready
  await until('it works', () => readHoldState(holder.folder)?.activity === 'working')
  await question(holder.socket, { ask: 'send', text: 'x', keys: '', enter: true })
  await holder.done
})

test('what a title leaves open is told by the last hook: how a turn ended, and what is asked', async () => {
  const told: Said[][] = []
  const titleSigns = {
    '#': { activity: 'working', kind: '' },
    '?': { activity: 'waiting', kind: 'permission' },
    '.': { activity: 'idle', kind: '' },
  } as const
  const titles = ['#', '?', '#', '.', '#', '.'].map((sign) => String.raw`printf '\033]2;${sign} x\007'; read x`)
  const holder = start(titles.join('; '), { titleSigns, told: () => told.shift() ?? [] })
  const state = () => readHoldState(holder.folder)
  const next = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  const says = (activity: Said['activity'], kind = '', message = '') => told.push([{ activity, kind, message }])
  await holder.ready
  await until('it works', () => state()?.activity === 'working')
  says('waiting', 'permission', 'touch x')
  await next()
  await until('it asks', () => state()?.activity === 'waiting' && state()?.message === 'touch x')
  await next()
  await until('it works again', () => state()?.activity === 'working' && state()?.message === '')
  says('done', '', 'all of it')
  await next()
  await until('it is done', () => state()?.activity === 'done' && state()?.message === 'all of it')
  // An old word is none of the next turn, whose prompt has a hook.
  says('working')
  await next()
  await until('the next turn', () => state()?.activity === 'working' && told.length === 0)
  await next()
  await until('an interruption', () => state()?.activity === 'idle')
  await next()
  await holder.done
})

test('a turn is done also where its last hook is read before the title that tells of its work', async () => {
  const told: Said[][] = [[{ activity: 'done', kind: '', message: 'all of it' }]]
  const titleSigns = { '#': { activity: 'working', kind: '' }, '.': { activity: 'idle', kind: '' } } as const
  const titles = ['.', '#', '.'].map((sign) => String.raw`printf '\033]2;${sign} x\007'; read x`)
  const holder = start(titles.join('; '), { titleSigns, told: () => told.shift() ?? [] })
  const state = () => readHoldState(holder.folder)
  const next = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('the hook to be read', () => told.length === 0)
  await next()
  await until('the title', () => state()?.activity === 'working')
  await next()
  await until('the end', () => state()?.activity === 'done' && state()?.message === 'all of it')
  await next()
  await holder.done
})

test('a terminal gets the title of the agent, with a mark while it waits, and none where the agent gives none', async () => {
  const holder = start(
    String.raw`printf '\033]2;Fix it\007one'; read x; printf '\033]7501;state=blocked\033\\'; read x; printf '\033]7501;state=idle\033\\'; read x`,
  )
  await holder.ready
  const early = client(holder.socket)
  await until('the title', () => early.seen.text.includes('\x1b]2;Fix it\x07'))
  await until('somebody', () => readHoldState(holder.folder)?.attached === 1)
  early.seen.type('\r')
  await until('the mark', () => early.seen.text.includes('\x1b]2;(?) Fix it\x07'))
  const late = client(holder.socket)
  await until('the mark for who comes later', () => late.seen.text.includes('\x1b]2;(?) Fix it\x07'))
  early.seen.type('\r')
  await until('the title alone', () => late.seen.text.endsWith('\x1b]2;Fix it\x07'))
  early.seen.type('\r')
  await holder.done

  const untitled = start(String.raw`printf '\033]7501;state=blocked\033\\here'; read x`)
  await untitled.ready
  await until('it waits', () => readHoldState(untitled.folder)?.activity === 'waiting')
  const one = client(untitled.socket)
  await until('the screen', () => one.seen.text.includes('here'))
  expect(one.seen.text).not.toContain('(?)')
  one.seen.type('\r')
  await untitled.done
})

test('an agent that says nothing of itself is believed by its hooks, and one that does is not', async () => {
  const told: Said[][] = [[{ activity: 'working', kind: '', message: '' }], [{ activity: 'done', kind: '', message: 'by hooks' }]]
  const holder = start(
    String.raw`echo one; read x; echo two; read x; printf '\033]7501;state=idle\033\\'; read x; echo three; read x`,
    {
      told: () => told.shift() ?? [{ activity: 'error', kind: '', message: 'not to be believed' }],
    },
  )
  const activity = () => readHoldState(holder.folder)
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('working', () => activity()?.activity === 'working')
  await enter()
  await until('done', () => activity()?.activity === 'done' && activity()?.message === 'by hooks')
  await enter()
  await until('idle', () => activity()?.activity === 'idle')
  await enter()
  await until(
    'the screen stands still',
    async () => (await question(holder.socket, { ask: 'log', follow: false, since: 0 }))?.includes('three') === true,
  )
  await enter()
  await holder.done
  expect(activity()).toMatchObject({ activity: 'idle', code: 3 })
})

test("the agent's own file corrects its hooks, which miss an interruption, and says nothing against the terminal", async () => {
  const told: Said[][] = [[{ activity: 'working', kind: '', message: '' }]]
  let file = '{"status":"busy"}'
  const holder = start(
    String.raw`echo one; read x; echo two; read x; printf '\033]7501;state=done\033\\'; read x; echo three; read x`,
    {
      told: () => told.shift() ?? [],
      ownFile: { print: async () => file, read: readOwnFile },
    },
  )
  const activity = () => readHoldState(holder.folder)?.activity
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('working', () => activity() === 'working')
  file = '{"status":"idle"}'
  await enter()
  await until('idle', () => activity() === 'idle')
  file = '{"status":"busy"}'
  await enter()
  await until('done', () => activity() === 'done')
  await enter()
  await until(
    'the screen stands still',
    async () => (await question(holder.socket, { ask: 'log', follow: false, since: 0 }))?.includes('three') === true,
  )
  await enter()
  await holder.done
  expect(activity()).toBe('done')
})

test("what hooks tell while the agent's own file is read is not overwritten by that file", async () => {
  const told: Said[][] = [
    [{ activity: 'working', kind: '', message: '' }],
    [{ activity: 'done', kind: '', message: 'the answer' }],
  ]
  const { promise: file, resolve: isRead } = Promise.withResolvers<string>()
  let asked = false
  const holder = start('echo one; read x; echo two; read x', {
    told: () => told.shift() ?? [],
    ownFile: {
      print: () => {
        asked = true
        return file
      },
      read: readOwnFile,
    },
  })
  const activity = () => readHoldState(holder.folder)?.activity
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('the file is asked for', () => asked)
  await enter()
  await until('done', () => activity() === 'done')
  isRead('{"status":"idle"}')
  await Bun.sleep(50)
  expect(activity()).toBe('done')
  await enter()
  await holder.done
})

test("an agent's own file that is a moment behind the hook of its answer does not take the answer back", async () => {
  const told: Said[][] = [
    [{ activity: 'working', kind: '', message: '' }],
    [{ activity: 'done', kind: '', message: 'the answer' }],
  ]
  let reads = 0
  const holder = start('echo one; read x; echo two; read x', {
    told: () => told.shift() ?? [],
    ownFile: {
      print: async () => {
        reads++
        return '{"status":"busy"}'
      },
      read: readOwnFile,
    },
  })
  const activity = () => readHoldState(holder.folder)?.activity
  const enter = () => question(holder.socket, { ask: 'send', text: '', keys: '', enter: true })
  await holder.ready
  await until('working', () => activity() === 'working')
  const before = reads
  await enter()
  await until('done', () => activity() === 'done')
  await until('the file is read', () => reads > before)
  await Bun.sleep(50)
  expect(activity()).toBe('done')
  await enter()
  await holder.done
})

test('whoever watches hears of each state with its answer, of who is there, and can show something between', async () => {
  const heard: string[] = []
  let hands: Hands | null = null
  let there = { attached: false, lastInput: 0 }
  let closed = false
  const holder = start(
    String.raw`printf '\033]7501;state=working\033\\'; read x; printf '\033]7501;state=done\033\\'; read x; printf '\033]7501;state=blocked:kind=question:msg=d2h5\033\\'; read x; exit 3`,
    {
      told: () => [{ activity: 'done', kind: '', message: 'the answer' }],
      watch: (given) => {
        hands = given
        return {
          changed: ({ activity, message }, code, answer) => {
            const line = [activity, message, code ?? '', activity === 'done' ? answer : ''].join('|')
            if (heard.at(-1) !== line) heard.push(line)
          },
          present: (presence) => {
            there = presence
          },
          found: () => undefined,
          close: async () => {
            closed = true
          },
        }
      },
    },
  )
  await holder.ready
  await until('working', () => heard.includes('working|||'))
  expect((hands as Hands | null)?.show('nobody sees this')).toBe(false)
  const one = client(holder.socket)
  await until('somebody', () => there.attached)
  expect(there.lastInput).toBe(0)
  expect((hands as Hands | null)?.show('\x1b]9;hello\x07')).toBe(true)
  await until('it is shown', () => one.seen.text.includes('\x1b]9;hello\x07'))
  one.seen.type('\r')
  await until('done with its answer', () => heard.at(-1) === 'done|||the answer')
  expect(there.lastInput).toBeGreaterThan(0)
  one.seen.type('\r')
  await until('a question', () => heard.at(-1) === 'waiting|why||')
  one.seen.type('\r')
  await holder.done
  expect(heard.at(-1)).toBe('waiting|why|3|')
  expect(closed).toBe(true)
  expect(heard.filter((line) => line.startsWith('done'))).toEqual(['done|||the answer'])
})

test('while the agent works, what is wrong with its provider is published and told, until it has an answer', async () => {
  let looks = 0
  let tell: (fault: string) => void = () => undefined
  const changes: string[] = []
  const holder = start(
    String.raw`printf '\033]7501;state=working\033\\'; read x; printf '\033]7501;state=done\033\\'; read x; exit 3`,
    {
      provider: (told) => {
        looks++
        tell = told
        return () => {
          looks--
        }
      },
      watch: () => ({
        changed: ({ activity, message }) => void changes.push(`${activity} ${message}`),
        present: () => undefined,
        found: () => undefined,
        close: async () => undefined,
      }),
    },
  )
  await holder.ready
  await until('a look', () => looks === 1)
  tell('no answer from gateway.example')
  expect(readHoldState(holder.folder)).toMatchObject({ activity: 'working', fault: 'no answer from gateway.example' })
  expect(changes).toContain('error no answer from gateway.example')
  const one = client(holder.socket)
  await until('somebody', () => readHoldState(holder.folder)?.attached === 1)
  one.seen.type('\r')
  await until('no look any more', () => looks === 0)
  expect(readHoldState(holder.folder)).toMatchObject({ activity: 'done', fault: '' })
  one.seen.type('\r')
  await holder.done
})
