import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { warnOfPod } from '../../src/session/life/pod-end.ts'
import { cloning } from './cloning.ts'

const rooms: string[] = []
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true, force: true })
})

test('the end of a pod that nobody of paude asked for is told, with what continues the session', async () => {
  const { found, room } = await cloning()
  const folder = mkdtempSync(join(tmpdir(), 'paude-pod-'))
  rooms.push(room, folder)
  const told = (code: number, cluster = true) => {
    const notes: string[] = []
    const { record } = found
    const place = cluster ? { cluster: { context: 'one', namespace: 'team' } } : {}
    warnOfPod(
      { warn: (text) => void notes.push(text) },
      { handle: { ...found.handle, folder }, record: { ...record, ...place } },
      code,
    )
    return notes.join('\n')
  }
  for (const code of [143, 137]) expect(told(code)).toContain('paude stop fix && paude start fix continues')
  // The agent's own end, and an engine of this machine.
  expect([told(0), told(1), told(130), told(143, false)]).toEqual(['', '', '', ''])
  writeFileSync(join(folder, 'wanted'), 'stopped\n')
  expect(told(143)).toBe('')
})
