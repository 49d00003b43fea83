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
