import { readFileSync } from 'node:fs'
import { has, run, step } from './steps.mjs'

/** Debian package by the program (or file) that shows whether it is there. */
const packages = {
  docker: 'docker-cli', // its own package since trixie; part of docker.io before
  dockerd: 'docker.io',
  podman: 'podman',
  runc: 'runc',
  newuidmap: 'uidmap',
  slirp4netns: 'slirp4netns',
  rootlesskit: 'rootlesskit',
  'fuse-overlayfs': 'fuse-overlayfs',
  iptables: 'iptables',
  '/usr/lib/podman/netavark': 'netavark',
  '/usr/lib/podman/aardvark-dns': 'aardvark-dns',
  mmdebstrap: 'mmdebstrap',
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
  'qemu-aarch64-static': 'qemu-user-static',
  '/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1': 'libc6-arm64-cross',
  git: 'git',
  tmux: 'tmux',
  ps: 'procps',
  ip: 'iproute2',
  file: 'file',
  curl: 'curl',
  openssl: 'openssl',
  zsh: 'zsh',
  fish: 'fish',
  gh: 'gh',
  '/usr/sbin/sshd': 'openssh-server',
}

let updated = false

/** Root on Debian or one of its descendants: packages can be installed without asking. */
export const canInstall = () => process.getuid?.() === 0 && has('apt-get')

/** Installs the packages of those programs that are missing, in one go. */
export const ensurePrograms = (programs) =>
  install(programs.filter((program) => !has(program)).map((program) => packages[program]))

/** The same by names of packages, where several have the same program. */
export async function ensurePackages(names) {
  const missing = []
  for (const name of names)
    await run(['dpkg', '--status', name]).then(
      (said) => said.includes('\nStatus: install ok installed') || missing.push(name),
      () => missing.push(name),
    )
  await install(missing)
}

async function install(missing) {
  if (missing.length === 0) return
  if (!updated) await step('updates the list of Debian packages', () => apt(['update', '--quiet']))
  updated = true
  const known = []
  for (const name of missing) if (await isKnown(name)) known.push(name)
  if (known.length === 0) return
  await step(`installs ${known.join(' ')}`, () => apt(['install', '--yes', '--quiet', '--no-install-recommends', ...known]))
}

/** One at a time: something may be built in the background that installs what it needs, and apt waits for nobody. */
const apt = (words) =>
  run(['flock', '/var/lib/dpkg', 'apt-get', ...words], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })

/** ID and ID_LIKE of os-release as one list, the system's platform first. */
export function systemFamily() {
  if (process.platform !== 'linux') return [process.platform]
  try {
    const release = readFileSync('/etc/os-release', 'utf8')
    return ['linux', ...[...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => match[1].split(' '))]
  } catch {
    return ['linux']
  }
}

const isKnown = (name) =>
  run(['apt-cache', 'show', '--no-all-versions', name]).then(
    (text) => text !== '',
    () => false,
  )
