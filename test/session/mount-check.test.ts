import { afterAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mountCheck } from '../../src/session/resolve/mount-check.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'paude-mounts-')))
afterAll(() => rmSync(root, { recursive: true }))

test.skipIf(process.platform !== 'linux')('a sandbox in which an overlay is not its volume starts no agent', () => {
  const [project, volume] = ['project', 'volume'].map((name) => join(root, name)) as [string, string]
  for (const folder of [join(project, 'target'), volume]) mkdirSync(folder, { recursive: true })
  const checked = (path: string) => {
    const mounts = [{ source: project, target: project }]
    const script = mountCheck(mounts, { copies: [], shadows: [], standIns: [], overlays: [{ path, volume: 'v' }] })
    const fail = 'fail() { echo "$1"; exit 125; }'
    return spawnSync('sh', ['-c', `${fail}\n${script.replaceAll('/paude/overlays/0', volume)}`], { encoding: 'utf8' })
  }
  // One folder by two names passes for a volume that is mounted twice.
  expect(checked(volume)).toMatchObject({ status: 0, stdout: '' })
  expect(checked(join(project, 'target')).status).toBe(125)
  expect(checked(join(project, 'target')).stdout).toContain('the project changed while it was mounted')
})

test.skipIf(process.platform !== 'linux')(
  'the twelfth mount and a copy count as the first mount does, and one program looks at all',
  () => {
    const folders = Array.from({ length: 12 }, (_, n) => join(root, `mount-${n}`))
    const [copy, other] = [join(root, 'copy'), join(root, 'other')] as const
    for (const folder of [...folders, copy, other]) mkdirSync(folder, { recursive: true })
    const checked = (last: string, shown: string) => {
      const mounts = folders.map((source, n) => ({ source, target: n === 11 ? last : source }))
      const script = mountCheck(mounts, { copies: [shown], shadows: [], standIns: [], overlays: [] })
      expect(script.match(/\bstat\b/g)?.length).toBe(2) // with the one of its message
      const fail = 'set -u; fail() { echo "$1"; exit 125; }'
      return spawnSync('sh', ['-c', `${fail}\n${script.replaceAll('/paude/copies/0', copy)}echo "$#"`], { encoding: 'utf8' })
    }
    expect(checked(folders[11] ?? '', copy)).toMatchObject({ status: 0, stdout: '0\n' })
    expect(checked(other, copy).status).toBe(125)
    expect(checked(folders[11] ?? '', other).status).toBe(125)
    expect(checked(join(root, 'missing'), copy)).toMatchObject({
      status: 125,
      stdout: expect.stringContaining('cannot be checked'),
    })
  },
)
