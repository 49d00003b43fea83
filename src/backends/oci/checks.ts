import { findProgram } from '../../host.ts'
import type { Machine } from '../backend.ts'
import { type Check, ok, problem, warning } from '../check.ts'
import { older } from '../version.ts'

/** What an engine that runs as an ordinary user needs of the account. */
export type Rootless = {
  readonly user: string
  readonly uid: number
  /** Text of /etc/subuid and /etc/subgid. */
  readonly subuid: string
  readonly subgid: string
  readonly runtimeDir: string
  readonly runtimeDirExists: boolean
  readonly newuidmap: boolean
}

export function rootlessFacts({ host, text, there }: Pick<Machine, 'host' | 'text' | 'there'>): Rootless {
  const runtimeDir = host.env['XDG_RUNTIME_DIR'] ?? ''
  return {
    user: host.user,
    uid: host.uid,
    subuid: text('/etc/subuid'),
    subgid: text('/etc/subgid'),
    runtimeDir,
    runtimeDirExists: there(runtimeDir),
    newuidmap: findProgram(host, 'newuidmap') !== null,
  }
}

/** Fewer ids than that do not hold the users of a Debian image. */
const IDS = 65_536

export function rootlessChecks({
  user,
  uid,
  subuid,
  subgid,
  runtimeDir,
  runtimeDirExists,
  newuidmap,
}: Rootless): readonly Check[] {
  const short = [
    ['subuid', subuid],
    ['subgid', subgid],
  ]
    .filter(([, text = '']) => granted(text, user, uid) < IDS)
    .map(([name]) => `/etc/${name}`)
  return [
    short.length === 0
      ? ok('rootless ids', `${IDS} or more for ${user}`)
      : problem(
          'rootless ids',
          `${short.join(' and ')} ${short.length === 1 ? 'grants' : 'grant'} ${user} too few ids`,
          `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user} && podman system migrate`,
        ),
    newuidmap
      ? ok('rootless mapping', 'newuidmap is there')
      : problem('rootless mapping', 'newuidmap is not in PATH', 'sudo apt install uidmap'),
    runtimeDir === ''
      ? warning(
          'runtime folder',
          'XDG_RUNTIME_DIR is not set',
          `log in with a session of your own, or: export XDG_RUNTIME_DIR=/run/user/${uid}`,
        )
      : runtimeDirExists
        ? ok('runtime folder', runtimeDir)
        : problem(
            'runtime folder',
            `XDG_RUNTIME_DIR names ${runtimeDir}, which does not exist`,
            `sudo loginctl enable-linger ${user}`,
          ),
  ]
}

/** Ids that lines like `user:100000:65536` grant. */
const granted = (text: string, user: string, uid: number): number =>
  text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name]) => name === user || name === String(uid))
    .reduce((sum, [, , count]) => sum + (Number(count) || 0), 0)

/** docker does not hand a resolver on loopback to containers, where nobody would answer: it puts public ones in its place. */
export function resolverConfChecks({ conf, daemon }: { readonly conf: string; readonly daemon: string }): readonly Check[] {
  const servers = [...conf.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address)
  const loopback = servers.filter((address) => /^(127\.|::1$)/.test(address))
  // That of systemd-resolved: docker reads the file with the real ones.
  const known = servers.includes('127.0.0.53') || /"dns"\s*:/.test(daemon)
  if (servers.length === 0 || loopback.length < servers.length || known)
    return [ok('resolver of docker', "this machine's resolver")]
  return [
    warning(
      'resolver of docker',
      `this machine uses ${loopback[0]}, which containers cannot reach; docker gives the proxy a public resolver instead`,
      'write { "dns": ["ADDRESS OF YOUR RESOLVER"] } into /etc/docker/daemon.json, then sudo systemctl restart docker',
    ),
  ]
}

/** Docker Desktop lets containers reach its engine before 4.44.3 (CVE-2025-9074). `platform` is as `docker version` names it. */
export function desktopChecks(platform: string): readonly Check[] {
  const version = /^Docker Desktop (\d+(?:\.\d+)*)/.exec(platform)?.[1]
  if (version === undefined) return []
  return older(version, '4.44.3')
    ? [
        problem(
          'docker desktop',
          `${version} has CVE-2025-9074: any container can reach the engine without its socket`,
          'update Docker Desktop to 4.44.3 or later',
        ),
      ]
    : [ok('docker desktop', version)]
}
