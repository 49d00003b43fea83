import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { isClusterNamed, startCluster } from './cluster.mjs'
import { engineNames } from './engines.mjs'
import { baseImage, bun, ensureBaseImage, ensureDependencies, ensureEngine } from './install.mjs'
import { besides, engineFolders } from './newer-engines.mjs'
import { canInstall, ensurePrograms } from './packages.mjs'
import { ensureTestUser, startRootlessDocker, testUser } from './rootless.mjs'
import { cache, follow, forwardSignals, hand, main, run, step } from './steps.mjs'

/** What could not be tested, each with its reason. Where everything can be installed it counts as failed, else as skipped. */
const untested = []

const nothing = { passed: 0, failed: 0, skipped: 0, failures: [], unsteady: [] }

forwardSignals()
await main(async () => {
  await ensureDependencies()
  if (canInstall())
    await ensurePrograms(['git', 'tmux', 'ps', 'ip', 'file', 'curl', 'openssl', 'zsh', 'fish', 'gh', '/usr/sbin/sshd'])
  // What runs the program for arm64 on another machine.
  if (canInstall() && process.arch !== 'arm64')
    await ensurePrograms(['qemu-aarch64-static', '/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1'])
  const engines = await ensureEngine({ wanted: engineNames }).catch((error) => ({
    usable: [],
    unusable: { 'docker and podman': error.message },
    stop: async () => {},
  }))
  const stops = []
  try {
    for (const [name, reason] of Object.entries(engines.unusable)) untested.push([name, reason])
    const backends = await proven(engines.usable)
    const user = await rootlessUser(backends)
    const rootless = user === '' ? null : await rootlessDocker()
    if (rootless !== null) stops.push(rootless.stop)
    await step('builds dist/paude', () => run([bun, 'scripts/build.ts'])).catch((error) =>
      untested.push(['the binary', error.message]),
    )
    const check = await suite('check', { alone: true })
    // Side by side, since each engine waits most of the time and for nothing that the others have. The newer ones come after: more at
    // a time would have tests wait for a core until their patience ends.
    const e2e = await Promise.all([
      ...backends.map((name) =>
        suite(name, {
          script: 'e2e',
          env: {
            PAUDE_TEST_BACKENDS: name,
            PAUDE_TEST_BESIDE: backends.join(','),
            PAUDE_TEST_USER: name === 'podman' ? user : '',
            PAUDE_TEST_ROOTLESS_DOCKER: name === 'docker' && rootless !== null ? `${testUser}:${rootless.socket}` : '',
          },
        }),
      ),
      suite('engineless', {
        script: 'e2e',
        words: ['test/e2e/claude.test.ts', 'test/e2e/arm64.test.ts'],
        env: { PAUDE_TEST_BACKENDS: '' },
      }),
    ])
    // A cluster waits even more than an engine does.
    const last = await Promise.all([newerEngines(), kubernetes(), zellij()])
    return close([check, ...e2e, ...last.flat()])
  } finally {
    for (const stop of stops) await stop()
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

/** A rootless daemon of that user, which has the base image; null where none could be set up. */
async function rootlessDocker() {
  try {
    const rootless = await startRootlessDocker()
    try {
      await ensureBaseImage('rootless docker', rootless.client)
      return rootless
    } catch (error) {
      await rootless.stop()
      throw error
    }
  } catch (error) {
    untested.push(['rootless docker', error.message])
    return null
  }
}

async function newerEngines() {
  const tallies = []
  for (const [at, folder] of engineFolders().entries()) tallies.push(...(await core(folder, at + 1)))
  return tallies
}

/** The core of the end-to-end tests on the engines of a further folder, side by side. */
async function core(folder, number) {
  try {
    const path = await besides(folder, number)
    for (const name of engineNames) await ensureBaseImage(join(path, name))
    const env = { PATH: `${path}${delimiter}${process.env.PATH}`, PAUDE_TEST_USER: '' }
    return await Promise.all(
      engineNames.map((name) =>
        suite(`newer${number}-${name}`, { script: 'e2e', words: ['--core'], env: { ...env, PAUDE_TEST_BACKENDS: name } }),
      ),
    )
  } catch (error) {
    untested.push([`the engines of ${folder}`, error.message])
    return [{ name: `newer${number}`, ...nothing }]
  }
}

/** What needs a cluster, which is started when this machine's own engines are done: it takes memory and a core. */
async function kubernetes() {
  if (!isClusterNamed()) return []
  let cluster = null
  try {
    cluster = await startCluster()
    const env = { PAUDE_TEST_BACKENDS: 'kubernetes', PAUDE_TEST_KUBECONFIG: cluster.kubeconfig, PAUDE_TEST_USER: '' }
    return [await suite('kubernetes', { script: 'e2e', env })]
  } catch (error) {
    untested.push(['kubernetes', error.message])
    return []
  } finally {
    cluster?.stop()
  }
}

/** What runs in a zellij; without one its tests say so, and are skipped. */
async function zellij() {
  return [await suite('zellij', { script: 'e2e', words: ['test/e2e/zellij.test.ts'], env: { PAUDE_TEST_BACKENDS: '' } })]
}

/** Runs one suite; its tally comes back in a file. Those that run side by side have their name before each line. */
async function suite(name, { script = name, words = [], env = {}, alone = false }) {
  const file = join(cache, `${name}.json`)
  mkdirSync(cache, { recursive: true })
  rmSync(file, { force: true })
  process.stderr.write(`\n=== ${name}\n`)
  const all = { ...process.env, ...env, PAUDE_TALLY: file, PAUDE_TEST_SUITE: name }
  const argv = [bun, `scripts/${script}.ts`, ...words]
  const code = alone ? await hand(argv, { env: all }) : await follow(name, argv, { env: all })
  const tally = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : nothing
  return { ...tally, name, failed: Math.max(tally.failed, code === 0 ? 0 : 1) }
}

/** The closing lines: they name what failed, since whoever reads the end of the log sees little else. */
function close(tallies) {
  const total = (key) => tallies.reduce((sum, tally) => sum + tally[key], 0)
  const failed = total('failed') + (canInstall() ? untested.length : 0)
  const skipped = total('skipped') + (canInstall() ? 0 : untested.length)
  if (engineFolders().length === 0)
    process.stdout.write('\n!!! NOT TESTED: newer engines: PAUDE_TEST_ENGINES names no folder with docker and podman\n')
  if (!isClusterNamed())
    process.stdout.write('\n!!! NOT TESTED: kubernetes: neither PAUDE_TEST_KUBECONFIG nor PAUDE_TEST_CLUSTER names a cluster\n')
  for (const [what, reason] of untested)
    process.stdout.write(`\n!!! NOT TESTED: ${what}\n    ${reason.replaceAll('\n', '\n    ')}\n`)
  for (const [what, key] of [
    ['passed only when played again', 'unsteady'],
    ['failed', 'failures'],
  ])
    for (const { name, [key]: tests } of tallies) for (const test of tests) process.stdout.write(`\n${what}: [${name}] ${test}\n`)
  process.stdout.write(`\n${total('passed')} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed === 0 ? 0 : 1
}
