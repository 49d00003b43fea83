import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { noteBoxed } from '../../src/cli/streams/boxed.ts'
import type { Host } from '../../src/host.ts'

const module = join(import.meta.dir, '../../src/cli/streams/boxed.ts')

/** What a terminal of so many columns shows of it. */
async function onTerminal(cols: number, text: string): Promise<string> {
  const script = `
    const { noteBoxed } = await import(${JSON.stringify(module)})
    const host = { env: { NO_COLOR: '1' }, terminal: { stderr: true } }
    await noteBoxed({ host, note: (text) => process.stderr.write('noted ' + text) }, 'paude', ${JSON.stringify(text)})`
  let screen = ''
  const data = (_: unknown, bytes: Uint8Array) => {
    screen += new TextDecoder().decode(bytes)
  }
  await Bun.spawn([process.execPath, '-e', script], { env: { TERM: 'xterm' }, terminal: { cols, rows: 24, data } }).exited
  return screen.replaceAll('\r\n', '\n')
}

test('a person reads it in a box, without colour where none is wanted', async () => {
  const screen = await onTerminal(60, 'the wall held')
  expect(screen).toContain('│  the wall held  │\n')
  expect(screen).not.toContain('\u001b')
})

test('a terminal that is too narrow for the box gets a plain line', async () =>
  expect(await onTerminal(18, 'the wall held')).toBe('noted the wall held'))

test('without a terminal it is a note as any other', async () => {
  const notes: string[] = []
  const host = { env: {}, terminal: { stderr: false } } as unknown as Host
  await noteBoxed({ host, note: (text) => void notes.push(text) }, 'paude', 'the wall held')
  expect(notes).toEqual(['the wall held'])
})
