import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { ensurePrograms } from './packages.mjs'
import { run, step } from './steps.mjs'

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
    const home = `/home/${testUser}`
    const env = [
      `HOME=${home}`,
      `USER=${testUser}`,
      `XDG_RUNTIME_DIR=${runtime}`,
      'PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin',
    ]
    const podman = ['runuser', `--user=${testUser}`, '--', 'env', '--ignore-environment', `--chdir=${home}`, ...env, 'podman']
    // The first call decides the network backend, which must happen before there are images.
    await run([...podman, 'info'], { timeout: 60_000, cwd: '/' })
    return podman
  })
}

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
