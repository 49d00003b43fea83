import { spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensurePrograms } from './packages.mjs'
import { cache, lastLines, run, step } from './steps.mjs'

/** The ordinary user that rootless podman is tested as. */
export const testUser = 'paude-test'

/** Makes the user and all that rootless podman asks of a machine; returns the words that run podman as that user. */
export async function ensureTestUser() {
  await ensurePrograms(['newuidmap', 'slirp4netns', 'fuse-overlayfs'])
  return step(`sets up rootless podman for ${testUser}`, async () => {
    if ((await idOf(testUser)) === null) await run(['useradd', '--create-home', '--shell=/bin/bash', testUser])
    for (const [file, option] of [
      ['/etc/subuid', '--add-subuids'],
      ['/etc/subgid', '--add-subgids'],
    ])
      if (!entries(file).some(([name]) => name === testUser)) await run(['usermod', `${option}=${freeRange(file)}`, testUser])
    const uid = await idOf(testUser)
    const runtime = `/run/user/${uid}`
    mkdirSync('/run/user', { recursive: true })
    if (!existsSync(runtime)) mkdirSync(runtime, { mode: 0o700 })
    chownSync(runtime, uid, uid)
    for (const device of ['/dev/net/tun', '/dev/fuse']) if (existsSync(device)) chmodSync(device, 0o666)
    await run(['mount', '--make-rshared', '/'])
    const podman = [...asUser(uid), 'podman']
    // The first call decides the network backend, which must happen before there are images.
    await run([...podman, 'info'], { timeout: 60_000, cwd: '/' })
    return podman
  })
}

/** Debian's docker.io has it among what others contributed. */
const daemon = ['/usr/bin/dockerd-rootless.sh', '/usr/share/docker.io/contrib/dockerd-rootless.sh']

/** docker's rootless daemon for the user of ensureTestUser: its socket, the words that run its client, and what takes it down. */
export async function startRootlessDocker() {
  await ensurePrograms(['dockerd', 'docker', 'rootlesskit'])
  const script = daemon.find((file) => existsSync(file))
  if (script === undefined) throw new Error(`there is no ${daemon.join(' and no ')}`)
  return step(`starts rootless docker for ${testUser}`, async () => {
    const uid = await idOf(testUser)
    const socket = `/run/user/${uid}/docker.sock`
    const [program, ...words] = [...asUser(uid, ['DOCKERD_ROOTLESS_ROOTLESSKIT_NET=slirp4netns']), script]
    mkdirSync(cache, { recursive: true })
    const log = join(cache, 'dockerd-rootless.log')
    const file = openSync(log, 'w')
    const child = spawn(program, words, { detached: true, stdio: ['ignore', file, file], cwd: '/' })
    child.on('error', () => {})
    child.unref()
    const client = [...asUser(uid, [`DOCKER_HOST=unix://${socket}`]), 'docker']
    // The daemon ends with the network that rootlesskit made for it.
    const stop = async () => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
      for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) await sleep(200)
    }
    for (let attempt = 0; attempt < 120 && child.exitCode === null && child.pid !== undefined; attempt++) {
      await sleep(500)
      const answers = await run([...client, 'version'], { timeout: 10_000, cwd: '/' }).catch(() => '')
      if (answers !== '') return { socket, client, stop }
    }
    await stop()
    throw new Error(`rootless dockerd does not start\n${lastLines(readFileSync(log, 'utf8'))}`)
  })
}

/** Words that run a program as that user, with nothing of our environment. */
const asUser = (uid, more = []) => [
  ...['runuser', `--user=${testUser}`, '--', 'env', '--ignore-environment', `--chdir=/home/${testUser}`],
  ...[`HOME=/home/${testUser}`, `USER=${testUser}`, `XDG_RUNTIME_DIR=/run/user/${uid}`],
  ...['PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin', ...more],
]

const idOf = (user) =>
  run(['id', '--user', user]).then(
    (text) => Number(text),
    () => null,
  )

const entries = (file) =>
  (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))

function freeRange(file) {
  const start = Math.max(100_000, ...entries(file).map(([, first, count]) => Number(first) + Number(count)))
  return `${start}-${start + 65_535}`
}
