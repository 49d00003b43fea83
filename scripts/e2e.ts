import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { binary, build, isStale } from './build.ts'
import { fetchClaude } from './claude.ts'
import { engineNames, whyUnusable } from './engines.mjs'
import { close, readReport, tallyOf } from './tally.ts'

const root = join(import.meta.dir, '..')
const cache = join(root, '.cache')

/** The tests that run the compiled program against real engines; `words` go to `bun test`. */
async function e2e(words: readonly string[]): Promise<number> {
  const backends = await usableBackends()
  if (await isStale()) await build(binary)
  const report = join(cache, 'e2e.xml')
  await rm(report, { force: true })
  const files = await Array.fromAsync(new Bun.Glob('test/e2e/**/*.test.ts').scan(root))
  const env = {
    ...process.env,
    PAUDE_TEST_BINARY: binary,
    PAUDE_TEST_BACKENDS: backends.join(','),
    PAUDE_TEST_CLAUDE: await fetchClaude(),
  }
  const settings = [
    '--timeout=300000', // ms for one test: an image build is part of the first
    '--path-ignore-patterns=node_modules/**', // takes the place of bunfig.toml's, which leaves test/e2e out
    '--reporter=junit',
    `--reporter-outfile=${report}`,
  ]
  const { exitCode } = await $({
    cwd: root,
    env,
    stdio: 'inherit',
    nothrow: true,
  })`${process.execPath} test test/e2e ${settings} ${words}`
  return close(tallyOf(readReport(report), words.length === 0 ? files : null, exitCode ?? 1))
}

/** PAUDE_TEST_BACKENDS when it is set, else every engine that answers. */
async function usableBackends(): Promise<readonly string[]> {
  const given = process.env['PAUDE_TEST_BACKENDS']
  const asked = given === undefined ? engineNames : given.split(',').filter((name) => name !== '')
  const reasons = await Promise.all(
    engineNames.map(async (name) => [name, asked.includes(name) ? await whyUnusable(name) : 'not asked for'] as const),
  )
  const usable = reasons.filter(([, reason]) => reason === '').map(([name]) => name)
  console.log(`e2e: backends under test: ${usable.join(', ') || 'none'}`)
  for (const [name, reason] of reasons) if (reason !== '') console.log(`!!! NOT TESTED: ${name}: ${reason}`)
  return usable
}

process.exitCode = await e2e(process.argv.slice(2))
