import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { canInstall, ensurePrograms, systemFamily } from './packages.mjs'
import { cache, has, lastLines, run, step } from './steps.mjs'

export const engineNames = ['docker', 'podman']

const dropIn = '/etc/containers/containers.conf.d/50-paude.conf'
const hasInit = () => existsSync('/run/systemd/system')

/** Whether an engine answers this user: '' when it does, else the reason why not. */
export async function whyUnusable(name) {
  if (!has(name)) return `${name} is not installed`
  const question = name === 'docker' ? ['version', '--format={{.Server.Version}}'] : ['info', '--format={{.Version.Version}}']
  try {
    await run([name, ...question], { timeout: 20_000 })
    return name === 'podman' && missingSettings() !== '' ? `podman cannot run containers as root here without ${dropIn}` : ''
  } catch (error) {
    return lastLines(error.message, 1)
  }
}

/** What to type where nothing can be installed without asking. */
export function installAdvice() {
  const family = systemFamily()
  const fitting = Object.entries(advice).filter(([id]) => family.includes(id))
  return [...new Set((fitting.length > 0 ? fitting : Object.entries(advice)).map(([, line]) => line))].join('\n')
}

const advice = {
  debian: '  Debian, Ubuntu:  sudo apt-get install podman uidmap slirp4netns netavark aardvark-dns fuse-overlayfs',
  ubuntu: '  Debian, Ubuntu:  sudo apt-get install podman uidmap slirp4netns netavark aardvark-dns fuse-overlayfs',
  fedora: '  Fedora:          sudo dnf install podman',
  arch: '  Arch:            sudo pacman -S podman',
  darwin: '  macOS:           brew install podman && podman machine init && podman machine start',
}

/** Makes podman able to run containers for root; settings are written only where the machine needs them. */
export async function setUpPodman() {
  await ensurePrograms(['podman', 'runc', 'newuidmap', 'slirp4netns', 'fuse-overlayfs', 'iptables'])
  await ensurePrograms(['/usr/lib/podman/netavark', '/usr/lib/podman/aardvark-dns'])
  const settings = missingSettings()
  if (settings === '') return
  await step(`writes ${dropIn}`, async () => {
    mkdirSync('/etc/containers/containers.conf.d', { recursive: true })
    writeFileSync(dropIn, settings)
  })
}

/** Makes docker answer; returns what takes down the daemon that was started for it. */
export async function setUpDocker() {
  await ensurePrograms(['dockerd', 'docker'])
  // Installing the package may have started it already.
  if ((await whyUnusable('docker')) === '') return hasInit() ? stopService : () => end(readPid('/var/run/docker.pid'))
  return step('starts dockerd', hasInit() ? startService : startDaemon)
}

async function startService() {
  await run(['systemctl', 'start', 'docker'])
  return stopService
}

const stopService = () => run(['systemctl', 'stop', 'docker.socket', 'docker'])

async function startDaemon() {
  mkdirSync(cache, { recursive: true })
  const log = join(cache, 'dockerd.log')
  const file = openSync(log, 'w')
  const daemon = spawn('dockerd', [], { detached: true, stdio: ['ignore', file, file], cwd: '/' })
  daemon.on('error', () => {})
  daemon.unref()
  for (let attempt = 0; attempt < 120 && daemon.exitCode === null && daemon.pid !== undefined; attempt++) {
    await sleep(500)
    if ((await whyUnusable('docker')) === '') return () => end(daemon.pid)
  }
  await end(daemon.pid)
  throw new Error(`dockerd does not start\n${lastLines(readFileSync(log, 'utf8'))}`)
}

async function end(pid) {
  if (!isAlive(pid)) return
  process.kill(pid, 'SIGTERM')
  for (let attempt = 0; attempt < 100 && isAlive(pid); attempt++) await sleep(200)
  if (isAlive(pid)) process.kill(pid, 'SIGKILL')
}

/** Settings without which podman cannot run a container here and that no file names yet. */
function missingSettings() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ''
  const present = containersConf()
  const engine = isHybrid() && !/^\s*runtime\s*=/m.test(present)
  const limits = !canRaiseLimits() && !/^\s*default_ulimits\s*=/m.test(present)
  return [
    engine ? '# crun refuses control groups in hybrid mode.\n[engine]\nruntime = "runc"\n' : '',
    limits
      ? '# This machine lacks CAP_SYS_RESOURCE.\n[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=10000:10000"]\n'
      : '',
  ].join('')
}

function containersConf() {
  const folder = '/etc/containers/containers.conf.d'
  const parts = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.conf')) : []
  const files = ['/etc/containers/containers.conf', ...parts.map((name) => join(folder, name))]
  return files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n')
}

/** Control groups of version 1 and 2 side by side. */
function isHybrid() {
  const kinds = new Set(
    [...readFileSync('/proc/self/mounts', 'utf8').matchAll(/ \/sys\/fs\/cgroup\S* (\S+) /g)].map((match) => match[1]),
  )
  return kinds.has('cgroup') && kinds.has('cgroup2')
}

/** CAP_SYS_RESOURCE is bit 24 of the bounding set. */
function canRaiseLimits() {
  const bounds = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return bounds === null || ((BigInt(`0x${bounds[1]}`) >> 24n) & 1n) === 1n
}

/** 0 when there is none. */
const readPid = (file) => (existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0)

function isAlive(pid) {
  try {
    return pid > 1 && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Why an engine that is there does not answer, said for the one who can change it. */
export function startAdvice(name) {
  if (name !== 'docker' || canInstall() || !has('docker') || process.platform !== 'linux') return ''
  return '  docker is installed:  sudo systemctl start docker  (and to use it without sudo: sudo usermod --append --groups=docker $USER, then log in again)'
}
