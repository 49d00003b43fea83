import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../../src/context.ts'
import { watchHere } from '../../src/session/life/alarm-here.ts'
import type { Found } from '../../src/session/record/found.ts'
import { IN_FOLDERS } from '../../src/workspace/listed.ts'

const folder = mkdtempSync(join(tmpdir(), 'paude-here-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('what is only told takes a bounded number of lines, and the last says so', async () => {
  const project = join(folder, 'project')
  mkdirSync(project)
  const kept = { roots: [project], gits: [], named: [], list: IN_FOLDERS, seen: {}, contents: {}, links: {} }
  writeFileSync(join(folder, 'kept.json'), JSON.stringify(kept))
  const [warned, noted]: [string[], string[]] = [[], []]
  const context = {
    effects: () => ({}),
    host: { terminal: { stderr: false }, home: folder, env: {} },
    warn: (text: string) => warned.push(text),
    note: (text: string) => noted.push(text),
  } as unknown as Context
  const record = { id: 'paude-aaaaa2', name: '', workspace: project, shadows: [], standIns: [], alarm: 'pause', onFinding: 'ask' }
  const life = { state: () => ({ argv: ['echo', 'running'], parse: () => ({ status: 'running', exitCode: null }) }) }
  const unwatch = watchHere(context, { record, handle: { folder }, backend: { life } } as unknown as Found, { owns: false })
  for (let n = 0; n < 60 && noted.length === 0; n++) {
    mkdirSync(join(project, `${n}`))
    writeFileSync(join(project, `${n}/.envrc`), 'x')
    for (const before = warned.length; warned.length === before; ) await Bun.sleep(5)
  }
  expect([warned.length, noted]).toEqual([10, ['what appears from now on is named when the session ends']])
  mkdirSync(join(project, 'more'))
  writeFileSync(join(project, 'more/.envrc'), 'x')
  const alarm = async () => await Bun.file(join(folder, 'alarm.json')).text()
  while (!(await alarm()).includes('more')) await Bun.sleep(5)
  await Bun.sleep(0)
  unwatch()
  expect(warned.length).toBe(10)
})
