import type { Query } from '../../plan/query.ts'
import type { EngineInfo } from '../backend.ts'
import type { Dialect } from './flags.ts'

export const infoOf = ({ name, client }: Pick<Dialect, 'name' | 'client'>): Query<EngineInfo> =>
  name === 'docker'
    ? { argv: [...client, 'info', '--format={{json .}}'], parse: (stdout) => dockerInfo(JSON.parse(stdout)) }
    : { argv: [...client, 'info', '--format=json'], parse: (stdout) => podmanInfo(JSON.parse(stdout)) }

/** What docker says of itself. An older client whose engine does not answer prints this all the same, without facts, and says why in `ServerErrors`. */
export type DockerInfo = {
  readonly ID?: string
  readonly DockerRootDir?: string
  readonly OperatingSystem?: string
  readonly OSType?: string
  readonly Architecture?: string
  readonly ServerErrors?: readonly string[] | null
  readonly SystemTime?: string
  readonly SecurityOptions?: readonly string[] | null
  readonly CgroupVersion?: string
  readonly CpuCfsQuota?: boolean
  readonly MemoryLimit?: boolean
  readonly PidsLimit?: boolean
}

export const hasOption = ({ SecurityOptions }: DockerInfo, name: string): boolean =>
  (SecurityOptions ?? []).includes(`name=${name}`)

function dockerInfo(info: DockerInfo): EngineInfo {
  return {
    root: info.DockerRootDir ?? '',
    clock: Date.parse(info.SystemTime ?? '') || null,
    rootless: hasOption(info, 'rootless'),
    selinux: hasOption(info, 'selinux'),
    groups: info.CgroupVersion ?? '',
    limits: [
      ...(info.CpuCfsQuota ? (['cpu'] as const) : []),
      ...(info.MemoryLimit ? (['memory'] as const) : []),
      ...(info.PidsLimit ? (['pids'] as const) : []),
    ],
  }
}

/** What podman says of itself. */
export type PodmanInfo = {
  readonly version?: { readonly Version?: string }
  readonly host?: {
    readonly arch?: string
    readonly ociRuntime?: { readonly name?: string; readonly version?: string }
    readonly cgroupVersion?: string
    readonly cgroupControllers?: readonly string[] | null
    readonly security?: { readonly rootless?: boolean; readonly selinuxEnabled?: boolean }
  }
  readonly store?: { readonly graphRoot?: string; readonly volumePath?: string }
}

function podmanInfo({ host = {}, store = {} }: PodmanInfo): EngineInfo {
  const groups = host.cgroupVersion?.replace(/^v/, '') ?? ''
  const rootless = host.security?.rootless === true
  const controllers = groups === '1' && rootless ? [] : (host.cgroupControllers ?? [])
  return {
    root: store.graphRoot ?? '',
    clock: null,
    rootless,
    selinux: host.security?.selinuxEnabled === true,
    groups,
    limits: (['cpu', 'memory', 'pids'] as const).filter((name) => controllers.includes(name)),
  }
}
