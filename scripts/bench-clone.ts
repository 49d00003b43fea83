import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'
import type { Bench } from './bench-sessions.ts'

/** Files of the repository, and bytes of each, that nothing makes smaller: 400 MB in all unless BENCH_CLONE_MB says otherwise. */
const SIZE = 4 * 1024 ** 2
const MEGABYTES = Number(process.env['BENCH_CLONE_MB'] ?? 400)
const FILES = Math.ceil((MEGABYTES * 1000 ** 2) / SIZE)
/** Each writes the whole tree, so a few have to do. */
const RUNS = 3
/** Seconds after which the comparison ends with the runs that it has: a busy disk takes minutes for each. */
const PATIENCE = 240
/** Milliseconds that the pull of one commit may take. */
const PULL = 1000

/** A large repository: a session in a clone of it against git's own local clone, and the way back of one commit. */
export async function benchClone(bench: Bench, engine: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'paude-bench-clone-'))
  const project = join(folder, 'project')
  const here = $({ cwd: project, env: bench.env })
  const paude = [bench.paude, '--backend', engine]
  try {
    mkdirSync(project)
    for (let at = 0; at < FILES; at++) writeFileSync(join(project, `file-${at}`), randomBytes(SIZE))
    // Large files go into a pack as they are: to compress what is random would take longer than all the rest.
    const plain = ['-c', 'core.bigFileThreshold=1m', '-c', 'core.compression=0', '-c', 'pack.compression=0']
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org', ...plain]
    await here`git init -q . && git ${who} add . && git ${who} commit -q -m first`
    const times = { start: [] as number[], whole: [] as number[], theirs: [] as number[] }
    /** Milliseconds until the command runs in the sandbox, and until all is over. */
    const session = async (...words: readonly string[]) => {
      const began = Date.now()
      const { stdout } = await here`${paude} ${words} run -- date +%s%3N`
      return { start: Number(stdout) - began, whole: Date.now() - began }
    }
    const began = performance.now()
    const isLate = () => performance.now() - began > PATIENCE * 1000
    // The first makes the packs that all later ones take.
    for (let run = 0; run <= RUNS && !(run > 1 && isLate()); run++) {
      const usual = await session()
      const clone = await session('--workspace', 'clone')
      const theirs = await took(() => here`git clone -q --local ${project} ${folder}/copy`)
      rmSync(join(folder, 'copy'), { recursive: true })
      if (run === 0) continue
      // What a session takes without a clone is no matter of git's.
      times.start.push(clone.start - usual.start)
      times.whole.push(clone.whole - usual.whole)
      times.theirs.push(theirs)
    }
    const theirs = bench.median(times.theirs)
    const add = (what: string, ours: number, budget: number) =>
      bench.add({
        what: `${engine}: ${what} / git clone --local`,
        ours: `${ours.toFixed(0)} ms`,
        theirs: `${theirs.toFixed(0)} ms`,
        ratio: `${(ours / theirs).toFixed(2)} ×`,
        budget: budget === 0 ? '' : `≤ ${budget} ×`,
        kept: budget === 0 || ours / theirs <= budget,
      })
    add(`start in a clone of ${MEGABYTES} MB, over the usual one`, bench.median(times.start), 2)
    add('the same until the session is removed', bench.median(times.whole), 0)
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
