import { afterAll, describe, expect, test } from 'bun:test'
import { lstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const room = mkdtempSync(join(tmpdir(), 'paude-init-'))
afterAll(() => rmSync(room, { recursive: true }))

const cc = process.platform === 'linux' ? Bun.which('cc') : null
const init = join(room, 'init')
if (cc !== null) {
  const { exitCode, stderr } = Bun.spawnSync([cc, '-std=c17', '-o', init, join(import.meta.dir, '../../squid/init.c')])
  if (exitCode !== 0) throw new Error(stderr.toString())
}
const run = (...words: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([init, ...words])
  return { code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

/** Of C, so it needs a compiler: every machine on which paude is checked has one, others leave it to the end-to-end tests. */
describe.skipIf(cc === null)('the first program of a sandbox', () => {
  const [inside = '', outside = ''] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)
  const started = ['--', '/bin/sh', '-c', 'echo started'] as const

  test.skipIf(inside !== '0')('starts nothing unless root is outside who it has to be', () => {
    expect(run(`--owner=${outside}`, ...started)).toEqual({ code: 0, stdout: 'started\n', stderr: '' })
    const refused = run(`--owner=${Number(outside) + 1}`, ...started)
    expect(refused).toMatchObject({ code: 125, stdout: '' })
    expect(refused.stderr).toContain('the engine does not run as you')
  })

  test.each(['', 'x', '-1', '12345678901'])('starts nothing for the owner %p', (owner) =>
    expect(run(`--owner=${owner}`, ...started)).toMatchObject({ code: 125, stdout: '' }),
  )

  test('makes the folders of a fresh HOME, and hands each of them over', () => {
    const [uid, gid] = process.getuid?.() === 0 ? [4711, 4712] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
    const folders = ['home', 'home/.claude', 'home/.claude/a b'].map((path) => join(room, path))
    for (let times = 0; times < 2; times++)
      expect(run('own', String(uid), String(gid), ...folders)).toEqual({ code: 0, stdout: '', stderr: '' })
    for (const path of folders) expect(lstatSync(path)).toMatchObject({ uid, gid, mode: 0o40755 })
  })

  test('says which folder cannot be made', () => {
    const { code, stderr } = run('own', '1', '1', join(room, 'none/one'))
    expect([code, stderr]).toEqual([125, `paude: ${room}/none/one cannot be made: No such file or directory\n`])
  })
})
