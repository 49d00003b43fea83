import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDialogue } from '../../src/run/dialogue.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-dialogue-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))

const open = (script: string, signal = new AbortController().signal) =>
  openDialogue(['sh', '-c', script], { last: 'end', most: 1000, signal })
const into = (name: string) => ['sh', '-c', `cat >${join(room, name)}; echo taken; echo told >&2`] as const

test('a program says a first part, and what it is asked for then goes into another one, byte for byte', async () => {
  const dialogue = await open(`printf 'a\\nend\\n'; read -r asked; printf '%s\\000\\377' "$asked"; cat`)
  expect(dialogue.said).toBe('a\nend\n')
  expect(await dialogue.pour('one\ntwo\n', into('bytes'))).toEqual({ code: 0, stdout: 'taken\n', stderr: 'told\n' })
  expect(readFileSync(join(room, 'bytes'), 'latin1')).toBe('one\0\xfftwo\n')
  expect(await dialogue.outcome).toEqual({ code: 0, stdout: '', stderr: '' })
})

test('what comes with the last line is not lost', async () => {
  const { said, pour } = await open(`printf 'end\\nmore'`)
  expect(said).toBe('end\n')
  await pour('', into('more'))
  expect(readFileSync(join(room, 'more'), 'utf8')).toBe('more')
})

test('a program that ends before its last line is one that failed', async () => {
  const { said, outcome } = await open('echo begun; echo why >&2; exit 7')
  expect(said).toBe('begun\n')
  expect(await outcome).toEqual({ code: 7, stdout: '', stderr: 'why\n' })
})

test('a program that says more than is read of it is ended', async () => {
  const { said, outcome } = await open('exec yes')
  expect(said).toHaveLength(999)
  expect((await outcome).code).toBe(137)
})

test('a program that is asked for nothing hears of it, and is ended where it does not listen', async () => {
  const polite = await open('echo end; cat; exit 3')
  await polite.dismiss()
  expect((await polite.outcome).code).toBe(3)
  const deaf = await open('echo end; exec sleep 600')
  await deaf.dismiss()
  expect((await deaf.outcome).code).toBe(137)
})

test('a program that goes on sending is ended once the other one has what it wants, or failed', async () => {
  for (const [words, code] of [
    ['head -c 10', 0],
    ['exit 9', 9],
  ] as const) {
    const { pour, outcome } = await open('echo end; exec yes')
    expect((await pour('', ['sh', '-c', words])).code).toBe(code)
    expect((await outcome).code).toBeGreaterThan(128)
  }
})

test('a signal ends it while it speaks, while it listens and while it sends', async () => {
  const speaking = new AbortController()
  const silent = open('exec sleep 600', speaking.signal)
  speaking.abort()
  expect((await (await silent).outcome).code).toBe(137)

  const listening = new AbortController()
  const { outcome } = await open('echo end; exec sleep 600', listening.signal)
  listening.abort()
  expect((await outcome).code).toBe(137)

  const sending = new AbortController()
  const { pour } = await open('echo end; echo some; exec sleep 600', sending.signal)
  const poured = pour('', ['sh', '-c', 'cat >/dev/null; exit 4'])
  sending.abort()
  expect((await poured).code).toBe(4)
})
