import { chmod, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { $, type ProcessOutput, type Shell } from 'zx'
import { openTmpdir } from '../test/support/place.ts'
import { binary, build, isStale, youngerThan } from './build.ts'
import { close, readReport, sum, tallyOf } from './tally.ts'

const root = join(import.meta.dir, '..')
const report = join(root, '.cache/check.xml')
/** As old as the last time that biome found nothing. */
const styled = join(root, '.cache/styled')
/** How long each file took: the slowest begin. */
const timings = join(root, '.cache/timings.json')

/** Types, style and every test that needs no engine, side by side. Types and style count as one test each. */
async function check(): Promise<number> {
  const start = performance.now()
  const files = (await Array.fromAsync(new Bun.Glob('test/**/*.test.ts').scan(root))).filter(
    (file) => !file.startsWith('test/e2e/'),
  )
  await mkdir(join(root, '.cache'), { recursive: true })
  await rm(report, { force: true })
  console.log('check: no engine is started; docker and podman are what `bun run e2e` tests')
  const bun = process.execPath
  if (await isStale()) await build(binary)
  process.env['PAUDE_TEST_PROGRAM'] = binary
  // A short name: sockets lie below, whose paths have a limit.
  const rooms = await mkdtemp(join(openTmpdir(), 'check-'))
  await chmod(rooms, 0o755)
  process.env['PAUDE_TEST_ROOMS'] = rooms
  const run = $({
    cwd: root,
    quiet: true,
    nothrow: true,
    env: { ...process.env, [process.stdout.isTTY ? 'FORCE_COLOR' : 'NO_COLOR']: '1' },
  })
  const [types, style, tests] = await Promise.all([
    timed('types', run`${bun} --bun node_modules/.bin/tsc`),
    timed('style', checkStyle(run)),
    // Many files wait for something most of the time, so there are more of them at once than cores; loading the modules of src anew for
    // each would take a third of the time. A hang ends; a busy machine starts a program in more than the runner's five seconds.
    timed(
      'tests',
      run`${bun} test test/ --parallel=${4 * availableParallelism()} --no-isolate --timings=${timings} --update-timings --timeout=60000 --only-failures --reporter=junit --reporter-outfile=${report}`,
    ),
  ])
  await rm(rooms, { recursive: true, force: true, maxRetries: 3 })
  console.log(`total  ${seconds(start)}`)
  return close(
    sum([single(types), single(style), tallyOf({ report: readReport(report), log: tests.stdall }, files, tests.exitCode ?? 1)]),
  )
}

/** Biome keeps nothing between two runs, and would look at every file anew for three seconds: it is given those that changed. */
async function checkStyle(run: Shell): Promise<ProcessOutput> {
  const begun = new Date()
  const rules = await youngerThan(styled, 'biome.json', 'package-lock.json')
  const files = rules.length > 0 ? ['.'] : await youngerThan(styled, '{src,scripts,test}/**/*.{ts,mjs,json}', '*.json')
  const words = ['--error-on-warnings', '--diagnostic-level=warn', '--max-diagnostics=10', '--no-errors-on-unmatched']
  const result = await (files.length === 0 ? run`true` : run`node_modules/.bin/biome check ${words} ${files}`)
  if (result.exitCode === 0) {
    await writeFile(styled, '')
    await utimes(styled, begun, begun)
  }
  return result
}

const single = ({ exitCode }: ProcessOutput) => ({
  passed: exitCode === 0 ? 1 : 0,
  failed: exitCode === 0 ? 0 : 1,
  skipped: 0,
  failures: [],
  unsteady: [],
})

/** Prints one line when a program has ended, and what it said when it failed. */
async function timed(name: string, work: Promise<ProcessOutput>): Promise<ProcessOutput> {
  const start = performance.now()
  const result = await work
  const log = result.stdall.trim()
  const good = result.exitCode === 0
  console.log(`${name}  ${good ? 'ok' : 'FAILED'}  ${seconds(start)}${good && name !== 'tests' ? '' : `\n${log}\n`}`)
  return result
}

const seconds = (start: number) => `${((performance.now() - start) / 1000).toFixed(1)} s`

process.exitCode = await check()
