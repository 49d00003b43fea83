import { existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { engineNames, installAdvice, setUpDocker, setUpPodman, startAdvice, whyUnusable } from './engines.mjs'
import { canInstall, ensurePrograms } from './packages.mjs'
import { cache, has, lastLines, root, run, step } from './steps.mjs'

export const bun = join(root, 'node_modules/.bin/bun')
/** The image that every other image is built from. */
export const baseImage = 'docker.io/library/debian:trixie-slim'

/** node_modules as the lock file says, and a bun that runs. */
export async function ensureDependencies() {
  // Install scripts stay off; the only one needed is bun's own, which puts the platform's binary in place.
  if (lagsLockFile()) await step('npm ci', () => run(['npm', 'ci', '--ignore-scripts']))
  if (await fails([bun, '--version']))
    await step('sets up bun', () => run(['node', 'install.js'], { cwd: join(root, 'node_modules/bun') }))
}

/**
 * Makes engines usable: `wanted` is a list of names, or 'any' for one that works.
 * Returns those that answer, for the others the reason, and `stop`, which takes down what was started here.
 */
export async function ensureEngine({ wanted }) {
  const before = await reasons()
  if (wanted === 'any' ? hasUsable(before) : wanted.every((name) => before[name] === '')) return outcome(before, [])
  if (!canInstall()) {
    if (wanted !== 'any' || hasUsable(before)) return outcome(before, [])
    throw new Error(noEngine(before))
  }
  const stops = []
  const failures = {}
  for (const name of wanted === 'any' ? [easiest()] : wanted) {
    if (name === 'docker' && before.docker === '') continue
    try {
      if (name === 'podman') await setUpPodman()
      else stops.push(await setUpDocker())
    } catch (error) {
      failures[name] = error.message
    }
  }
  const after = { ...(await reasons()), ...failures }
  if (!hasUsable(after)) throw new Error(noEngine(after))
  return outcome(after, stops)
}

/** The base image in an engine: pulled where a registry answers, else made of Debian's packages. `argv` runs the engine. */
export async function ensureBaseImage(engine, argv = [engine]) {
  if (!(await fails([...argv, 'image', 'inspect', baseImage]))) return
  try {
    return await step(`${engine} pull ${baseImage}`, () =>
      run([...argv, 'pull', '--quiet', baseImage], { timeout: 90_000, cwd: '/' }),
    )
  } catch (error) {
    if (!canInstall()) throw error
    process.stderr.write(`  ${lastLines(error.message, 1)}\n`)
  }
  const file = await ensureBaseArchive()
  await step(`${engine} import ${baseImage}`, () =>
    run([...argv, 'import', '--change=CMD ["bash"]', '-', baseImage], { stdin: openSync(file, 'r'), cwd: '/' }),
  )
}

async function ensureBaseArchive() {
  const file = join(cache, 'debian-trixie-slim.tar')
  if (existsSync(file)) return file
  await ensurePrograms(['mmdebstrap', '/usr/share/keyrings/debian-archive-keyring.gpg'])
  mkdirSync(cache, { recursive: true })
  const words = ['--variant=minbase', '--include=ca-certificates', 'trixie', `${file}.part`]
  // The format follows the file name's ending unless it is named.
  await step('makes the base image of Debian packages', () => run(['mmdebstrap', '--format=tar', '--quiet', ...words]))
  renameSync(`${file}.part`, file)
  return file
}

/** Whether an installed package is missing or of another version than the lock file names. */
function lagsLockFile() {
  const installedFile = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) return true
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(locked).some(([path, { version, optional }]) => {
    const present = installed[path]
    return path !== '' && (present === undefined ? optional !== true : present.version !== version)
  })
}

/** A docker that only has to be started, else podman, which needs no daemon. */
const easiest = () => (has('docker') && has('dockerd') && !has('podman') ? 'docker' : 'podman')

const reasons = async () =>
  Object.fromEntries(await Promise.all(engineNames.map(async (name) => [name, await whyUnusable(name)])))
const hasUsable = (byName) => Object.values(byName).includes('')

function outcome(byName, stops) {
  const unusable = Object.fromEntries(Object.entries(byName).filter(([, reason]) => reason !== ''))
  return {
    usable: engineNames.filter((name) => byName[name] === ''),
    unusable,
    stop: async () => {
      for (const stop of stops) await step('stops dockerd', stop)
    },
  }
}

const noEngine = (byName) =>
  [
    'no container engine is usable:',
    ...Object.values(byName).map((reason) => `  ${reason}`),
    'what to type:',
    ...engineNames.map(startAdvice).filter((line) => line !== ''),
    installAdvice(),
  ].join('\n')

const fails = (argv) =>
  run(argv, { cwd: argv[0] === bun ? root : '/' }).then(
    () => false,
    () => true,
  )
