import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { binary, build, isStale } from './build.ts'
import { engineNames, whyUnusable } from './engines.mjs'
import { close, readReport, tallyOf } from './tally.ts'

const root = join(import.meta.dir, '..')
const cache = join(root, '.cache')
const claudeVersion = '2.1.329'

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

/** Claude Code's own Linux program, fetched once; '' where there is none to be had. */
async function fetchClaude(): Promise<string> {
  const name = `@anthropic-ai/claude-code-linux-${process.arch}`
  const folder = join(cache, 'claude', claudeVersion)
  const program = join(folder, 'node_modules', name, 'claude')
  if (existsSync(program)) return program
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{}\n')
  const words = ['add', '--ignore-scripts', '--exact', '--no-save', `${name}@${claudeVersion}`]
  const { exitCode, stderr } = await $({ cwd: folder, quiet: true, nothrow: true })`${process.execPath} ${words}`
  if (exitCode === 0 && existsSync(program)) return program
  console.log(`!!! NOT TESTED: real Claude Code: ${stderr.trim().split('\n').at(-1)}`)
  return ''
}

process.exitCode = await e2e(process.argv.slice(2))
