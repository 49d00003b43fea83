import { afterAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { placed } from '../../src/box/stand-ins.ts'
import { makeSandbox } from '../workspace/sandbox.ts'

const { path, folder, remove } = makeSandbox()
afterAll(remove)

test('a folder that becomes a link while stand-ins are taken away loses nothing elsewhere', () => {
  const [place, git, victim, bin] = [folder('sessions/a'), folder('git'), folder('victim'), folder('bin')]
  mkdirSync(join(place, 'seed/stand-ins'), { recursive: true })
  writeFileSync(join(place, 'stand-ins'), `${git}/config.worktree\n`)
  for (const one of [git, victim]) writeFileSync(join(one, 'config.worktree'), '')
  const rm = Bun.which('rm') ?? '/bin/rm'
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\nmv ${git} ${path}/aside; ln -s ${victim} ${git}; exec ${rm} "$@"\n`)
  chmodSync(join(bin, 'rm'), 0o755)
  expect(sweep(place, `${bin}:${process.env['PATH']}`)).toBe(0)
  expect([existsSync(join(path, 'aside/config.worktree')), existsSync(join(victim, 'config.worktree'))]).toEqual([false, true])
})

test('what is put back is not written through a link that came meanwhile', () => {
  const [place, other, git, bin] = [folder('more/a'), folder('more/b'), folder('repository'), folder('tools')]
  const [file, victim] = [join(git, 'commondir'), join(path, 'mine')]
  mkdirSync(join(place, 'seed/stand-ins'), { recursive: true })
  for (const one of [join(place, 'seed/stand-ins/commondir'), file]) writeFileSync(one, './\n')
  writeFileSync(join(place, 'stand-ins'), `${file}\n`)
  writeFileSync(victim, 'mine')
  const rm = Bun.which('rm') ?? '/bin/rm'
  writeFileSync(join(bin, 'rm'), `#!/bin/sh\n${rm} "$@"; ln -s ${victim} ${file}; echo ${file} >${other}/stand-ins\n`)
  chmodSync(join(bin, 'rm'), 0o755)
  sweep(place, `${bin}:${process.env['PATH']}`)
  expect(readFileSync(victim, 'utf8')).toBe('mine')
})

/** Exit code of the removal of what a session's folder names. */
function sweep(place: string, PATH: string): number {
  const step = placed(place, [])
  if (step.kind !== 'place' || step.undo === undefined) throw new Error('no such step')
  return Bun.spawnSync([...step.undo], { env: { PATH } }).exitCode
}
