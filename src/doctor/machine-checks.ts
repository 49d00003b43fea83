import type { EngineInfo } from '../backends/backend.ts'
import { type Check, ok, problem, warning } from '../backends/check.ts'
import { quote } from '../plan/shell.ts'

/** What an engine says it can limit; rootless ones on control groups of version 1 cannot limit anything. */
export function limitChecks(engine: string, { groups, limits, rootless }: EngineInfo): readonly Check[] {
  const missing = (['cpu', 'memory', 'pids'] as const).filter((name) => !limits.includes(name))
  const name = `limits on ${engine}`
  if (missing.length === 0) return [ok(name, `cpu, memory and pids, with control groups version ${groups}`)]
  const detail = `${missing.join(', ')} cannot be limited: --${missing.map((limit) => FLAGS[limit]).join(', --')} will have no effect`
  return [
    groups === '1'
      ? warning(
          name,
          `${detail} (control groups of version 1)`,
          'add systemd.unified_cgroup_hierarchy=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, then: sudo update-grub && sudo reboot',
        )
      : warning(
          name,
          detail,
          rootless
            ? "sudo mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu memory pids\\n' | sudo tee /etc/systemd/system/user@.service.d/delegate.conf, then log in again"
            : 'boot with cgroup_enable=memory',
        ),
  ]
}

const FLAGS = { cpu: 'cpus', memory: 'memory', pids: 'pids' } as const

/** What is mounted into a box must bear a label that containers may use, where SELinux enforces and the engine takes part. */
export function selinuxChecks(
  engines: readonly (Pick<EngineInfo, 'selinux'> & { readonly name: string })[],
  { enforces, folders }: { readonly enforces: boolean; readonly folders: readonly string[] },
): readonly Check[] {
  if (!enforces) return [ok('selinux', 'does not enforce')]
  const strict = engines.filter(({ selinux }) => selinux).map(({ name }) => name)
  if (strict.length === 0) return [ok('selinux', 'enforces, but no engine here uses it to separate containers')]
  return [
    warning(
      'selinux',
      `enforces, also on ${strict.join(' and ')}: a sandbox sees only files with the label container_file_t`,
      `chcon --recursive --type=container_file_t ${folders.map(quote).join(' ')}`,
    ),
  ]
}

export type Folder = {
  readonly path: string
  readonly exists: boolean
  readonly writable: boolean
  readonly mode: number
  readonly owner: number
}

/** `uid` is the caller's. A folder that is not there yet is judged by the nearest one that is. */
export function folderChecks(folders: Readonly<Record<string, Folder>>, uid: number): readonly Check[] {
  return Object.entries(folders).map(([name, { path, exists, writable, mode, owner }]) => {
    if (exists && owner !== uid) return problem(name, `${path} belongs to user ${owner}`, `sudo chown -R ${uid} ${path}`)
    if (!writable)
      return problem(
        name,
        `${path} is not writable`,
        `make it writable, or point XDG_${name === 'state folder' ? 'STATE' : 'CACHE'}_HOME elsewhere`,
      )
    if (exists && (mode & 0o077) !== 0)
      return warning(name, `${path} is open to other users (${(mode & 0o777).toString(8)})`, `chmod 700 ${path}`)
    return ok(name, exists ? path : `${path} (created at the first start)`)
  })
}

const GIB = 1024 ** 3
/** Both images and their builds. */
const ROOMY = 3 * GIB
const TIGHT = 1 * GIB

/** Free bytes by place: where engines keep images, and where builds are prepared; null where it cannot be looked at, as in a virtual machine. */
export function diskChecks(free: Readonly<Record<string, number | null>>): readonly Check[] {
  return Object.entries(free).map(([place, bytes]) => {
    const name = `disk for ${place}`
    if (bytes === null) return ok(name, 'its storage is not on this machine')
    const detail = `${(bytes / GIB).toFixed(1)} GiB free`
    // Never `system prune`: it takes stopped sessions, too.
    const fix = place === 'builds' ? 'export XDG_CACHE_HOME=/a/folder/with/more/room' : 'paude image rm --stale'
    return bytes < TIGHT
      ? problem(name, `${detail}; the images take 1 GiB`, fix)
      : bytes < ROOMY
        ? warning(name, `${detail}; a build needs up to 3 GiB`, fix)
        : ok(name, detail)
  })
}

/** `made` is when this paude was released at the earliest; `engine` the engine's own clock. All in ms since 1970; null for unknown. */
export function clockChecks({
  now,
  made,
  engine,
}: {
  readonly now: number
  readonly made: number
  readonly engine: number | null
}): readonly Check[] {
  if (now < made)
    return [
      problem(
        'clock',
        `the clock of this machine says ${new Date(now).toISOString().slice(0, 10)}`,
        'set the clock; certificates are not valid at that time',
      ),
    ]
  const skew = engine === null ? 0 : Math.round(Math.abs(now - engine) / 1000)
  return [
    skew > 30
      ? warning(
          'clock',
          `the engine's clock differs by ${skew} s`,
          'restart the virtual machine of the engine: certificates may seem invalid',
        )
      : ok('clock', new Date(now).toISOString().slice(0, 16).replace('T', ' ')),
  ]
}
