import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { engineNames } from './engines.mjs'
import { baseImage, bun, ensureBaseImage, ensureDependencies, ensureEngine } from './install.mjs'
import { canInstall, ensurePrograms } from './packages.mjs'
import { ensureTestUser, testUser } from './rootless.mjs'
import { cache, forwardSignals, hand, main, run, step } from './steps.mjs'

/** What could not be tested, each with its reason. Where everything can be installed it counts as failed, else as skipped. */
const untested = []

forwardSignals()
await main(async () => {
  await ensureDependencies()
  if (canInstall()) await ensurePrograms(['git', 'tmux', 'ps', 'ip', 'file', 'curl', 'openssl', 'zsh', 'fish'])
  const engines = await ensureEngine({ wanted: engineNames }).catch((error) => ({
    usable: [],
    unusable: { 'docker and podman': error.message },
    stop: async () => {},
  }))
  try {
    for (const [name, reason] of Object.entries(engines.unusable)) untested.push([name, reason])
    const backends = await proven(engines.usable)
    const user = await rootlessUser(backends)
    await step('builds dist/paude', () => run([bun, 'scripts/build.ts'])).catch((error) =>
      untested.push(['the binary', error.message]),
    )
    const check = await suite('check', {})
    const e2e = await suite('e2e', { PAUDE_TEST_BACKENDS: backends.join(','), PAUDE_TEST_USER: user })
    return close([check, e2e])
  } finally {
    await engines.stop()
  }
})

/** Engines that have the base image and have run a container of it. */
async function proven(names) {
  const good = []
  for (const name of names)
    try {
      await ensureBaseImage(name)
      await step(`${name} runs a container`, () =>
        run([name, 'run', '--rm', '--network=none', baseImage, 'true'], { timeout: 60_000 }),
      )
      good.push(name)
    } catch (error) {
      untested.push([name, error.message])
    }
  return good
}

async function rootlessUser(backends) {
  if (process.platform !== 'linux' || process.getuid() !== 0 || !backends.includes('podman')) return ''
  try {
    const podman = await ensureTestUser()
    await ensureBaseImage('rootless podman', podman)
    await step('rootless podman runs a container', () =>
      run([...podman, 'run', '--rm', '--network=none', baseImage, 'true'], { timeout: 60_000, cwd: '/' }),
    )
    return testUser
  } catch (error) {
    untested.push(['rootless podman', error.message])
    return ''
  }
}

/** Runs one suite in this terminal; its tally comes back in a file. */
async function suite(name, env) {
  const file = join(cache, `${name}.json`)
  mkdirSync(cache, { recursive: true })
  rmSync(file, { force: true })
  process.stderr.write(`\n=== ${name}\n`)
  const code = await hand([bun, `scripts/${name}.ts`], { env: { ...process.env, ...env, PAUDE_TALLY: file } })
  const tally = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 0, skipped: 0 }
  return { ...tally, failed: Math.max(tally.failed, code === 0 ? 0 : 1) }
}

function close(tallies) {
  const total = (key) => tallies.reduce((sum, tally) => sum + tally[key], 0)
  const failed = total('failed') + (canInstall() ? untested.length : 0)
  const skipped = total('skipped') + (canInstall() ? 0 : untested.length)
  for (const [what, reason] of untested)
    process.stdout.write(`\n!!! NOT TESTED: ${what}\n    ${reason.replaceAll('\n', '\n    ')}\n`)
  process.stdout.write(`\n${total('passed')} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed === 0 ? 0 : 1
}
