import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conversationOf, notedConversation, openOut } from '../../src/session/record/out.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-out-'))
afterAll(() => rmSync(room, { recursive: true }))
const ID = '4a1d9e3c-0b57-4c0f-9b1e-2f3a4b5c6d7e'
const OTHER = '00000000-0000-4000-8000-000000000000'

let count = 0
/** A session's folder whose box wrote this. */
function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(room, String(++count))
  mkdirSync(join(path, 'out'), { recursive: true })
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, 'out', name), content)
  return path
}
const record = (conversation: string) => ({ conversation }) as SessionRecord

test('what the hook noted last goes before what was known at the start', () => {
  expect(conversationOf(folder({ conversation: `${ID}\n` }), record(OTHER))).toBe(ID)
  expect(conversationOf(folder({ conversation: '' }), record(OTHER))).toBe(OTHER)
  expect(conversationOf(folder({}), record(''))).toBe('')
})

test.each([
  '',
  '\n',
  `${ID}x`,
  `${ID} --dangerously-skip-permissions`,
  ID.toUpperCase(),
  '../../../etc/passwd',
  `\u001b[31m${ID}`,
  'x'.repeat(1e6),
])('no conversation is what a sandbox wrote instead: %#', (text) => {
  expect(notedConversation(folder({ conversation: text }))).toBe('')
})

test('what the sandbox has locked is read all the same', () => {
  const path = folder({ conversation: ID })
  chmodSync(join(path, 'out/conversation'), 0)
  expect(notedConversation(path)).toBe(ID)
  expect(statSync(join(path, 'out/conversation')).mode & 0o777).toBe(process.getuid?.() === 0 ? 0 : 0o600)
})

test('links, pipes and folders are not read', () => {
  const secret = join(room, 'secret')
  writeFileSync(secret, ID)
  const path = folder({})
  symlinkSync(secret, join(path, 'out/conversation'))
  symlinkSync(secret, join(path, 'out/stdout'))
  mkdirSync(join(path, 'out/stderr'))
  Bun.spawnSync(['mkfifo', join(path, 'out/pipe')])
  expect(notedConversation(path)).toBe('')
  for (const name of ['stdout', 'stderr', 'pipe', 'none']) expect([name, openOut(path, name)]).toEqual([name, null])
})

test('a file is read to its end, byte for byte, also while it grows', () => {
  const bytes = Buffer.alloc(200_001, 'é\u0000\n')
  bytes[200_000] = 0xff
  const path = folder({ stdout: bytes.subarray(0, 131_072) })
  const file = openOut(path, 'stdout')
  const seen: Buffer[] = []
  const drain = () => {
    for (let piece = file?.read(); piece && piece.length > 0; piece = file?.read()) seen.push(Buffer.from(piece))
  }
  drain()
  expect(Buffer.concat(seen).length).toBe(131_072)
  writeFileSync(join(path, 'out/stdout'), bytes.subarray(131_072), { flag: 'a' })
  drain()
  file?.close()
  expect(Buffer.concat(seen).equals(bytes)).toBe(true)
})
