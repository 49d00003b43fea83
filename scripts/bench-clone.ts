import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'
import type { Bench } from './bench-sessions.ts'

/** Files of the repository, and bytes of each: 1 GB in all that nothing makes smaller. */
const FILES = 250
const SIZE = 4 * 1024 ** 2
/** Each writes the whole tree, so a few have to do. */
const RUNS = 3
/** Milliseconds that the pull of one commit may take. */
const PULL = 1000

/** A repository of 1 GB: a session in a clone of it against git's own local clone, and the way back of one commit. */
export async function benchClone(bench: Bench, engine: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'paude-bench-clone-'))
  const project = join(folder, 'project')
  const here = $({ cwd: project, env: bench.env })
  const paude = [bench.paude, '--backend', engine]
  try {
    mkdirSync(project)
    for (let at = 0; at < FILES; at++) writeFileSync(join(project, `file-${at}`), randomBytes(SIZE))
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', '-c', 'pack.compression=0']
    await here`git init -q . && git ${who} add . && git ${who} commit -q -m first && git ${who} repack -adq`
    const times = { ours: [] as number[], theirs: [] as number[] }
    // The first makes the packs that all later ones take.
    for (let run = 0; run <= RUNS; run++) {
      const [ours, theirs] = [
        await took(() => here`${paude} --workspace clone run -- true`),
        await took(() => here`git clone -q --local ${project} ${folder}/copy`),
      ]
      rmSync(join(folder, 'copy'), { recursive: true })
      if (run > 0) times.ours.push(ours) && times.theirs.push(theirs)
    }
    const [x, y] = [bench.median(times.ours), bench.median(times.theirs)]
    bench.add({
      what: `${engine}: session in a clone of 1 GB / git clone --local`,
      ours: `${x.toFixed(0)} ms`,
      theirs: `${y.toFixed(0)} ms`,
      ratio: `${(x / y).toFixed(2)} ×`,
      budget: '≤ 2 ×',
      kept: x / y <= 2,
    })
    await benchPull({ ...bench, project }, paude)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function took(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await act()
  return performance.now() - began
}

async function benchPull({ project, env, runs, median, add }: Bench, [program = '', ...words]: readonly string[]): Promise<void> {
  const paude = async (...more: readonly string[]) => (await $({ cwd: project, env })`${[program, ...more]}`).stdout.trim()
  const id = await paude(...words, '--workspace', 'clone', '--detach')
  const commit = 'git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m more'
  try {
    for (const state of ['running', 'stopped']) {
      if (state === 'stopped') {
        // Each of its pulls brings a branch of its own, since nothing can be committed any more.
        await paude('exec', id, '--', 'sh', '-c', `for n in $(seq ${runs}); do ${commit} && git branch "b$n"; done`)
        await paude('stop', id)
      }
      const times: number[] = []
      for (let run = 1; run <= runs; run++) {
        if (state === 'running') await paude('exec', id, '--', 'sh', '-c', commit)
        times.push(await took(() => paude('pull', id, ...(state === 'running' ? [] : ['--branch', `b${run}`]))))
      }
      const middle = median(times)
      add({
        what: `${words[1]}: pull of one commit from a clone that is ${state}`,
        ours: `${middle.toFixed(0)} ms`,
        theirs: '',
        ratio: '',
        budget: `≤ ${PULL} ms`,
        kept: middle <= PULL,
      })
    }
  } finally {
    await paude('rm', '--discard', '--volumes', id).catch(() => undefined)
  }
}
