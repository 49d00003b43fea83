import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { buildFor } from '../../scripts/release.ts'

setDefaultTimeout(300_000) // ms: the program is built first, and runs some ten times slower than here

const LIBRARIES = '/usr/aarch64-linux-gnu/lib'
const LOADER = 'ld-linux-aarch64.so.1'
const canTry =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  Bun.which('qemu-aarch64-static') !== null &&
  existsSync(join(LIBRARIES, LOADER))
if (!canTry) console.log('skipped: the program for linux-arm64 (needs root, qemu-user-static and libc6-arm64-cross)')

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-arm64-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const program = join(room, 'paude')

/** The loader stands where the program looks for it, for this process alone. qemu's -L does that too, but gives the program another root folder. */
function run(...words: readonly string[]): { readonly code: number; readonly stdout: string; readonly stderr: string } {
  const [loader, project] = [join(room, 'loader'), join(room, 'project')]
  for (const folder of [loader, project]) mkdirSync(folder, { recursive: true })
  if (!existsSync(join(loader, LOADER))) symlinkSync(join(LIBRARIES, LOADER), join(loader, LOADER))
  const script = `mount -t overlay overlay -o lowerdir=${loader}:/usr/lib /usr/lib && exec qemu-aarch64-static -E LD_LIBRARY_PATH=${LIBRARIES} "$@"`
  const { exitCode, stdout, stderr } = Bun.spawnSync(['unshare', '--mount', 'sh', '-c', script, 'sh', program, ...words], {
    cwd: project,
    env: { PATH: process.env['PATH'] ?? '', HOME: room, XDG_STATE_HOME: join(room, 'state'), ANTHROPIC_API_KEY: 'not-a-key' },
  })
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

test.skipIf(!canTry)('the program for linux-arm64 starts, and plans a session', async () => {
  await buildFor('linux-arm64', program)
  expect(run('--version')).toMatchObject({ code: 0, stderr: `paude: version ${manifest.version}\n` })
  const [engine = ''] = ['docker', 'podman'].filter((name) => Bun.which(name) !== null)
  const plan = run('--backend', engine, '--dry-run')
  expect({ code: plan.code, stderr: plan.stderr }).toEqual({ code: 0, stderr: '' })
  expect(plan.stdout).toStartWith('#!/bin/sh\n')
  expect(plan.stdout).toContain(`${engine} create`)
})
