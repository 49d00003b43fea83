import type { WrittenWays } from '../network/ways.ts'
import type { NotifySettings } from '../notify/settings.ts'

/** Everything a start can be told, decided: flags over environment over the user's file over defaults. */
export type Settings = {
  readonly backend: 'auto' | 'docker' | 'podman'
  readonly detach: boolean
  readonly sessionName: string
  /** '' means the agent's own image. */
  readonly image: string
  /** Base of the images that are built here; '' means Debian. */
  readonly imageBase: string
  /** Exact release of the agent in images that are built here. */
  readonly agentVersion: string
  readonly pull: 'always' | 'missing' | 'never'
  readonly network: 'restricted' | 'open' | 'none' | 'record'
  readonly networkAllow: readonly string[]
  /** Wins over every allow. */
  readonly networkDeny: readonly string[]
  /** Only in the file: how the proxy itself gets out. */
  readonly networkWays: WrittenWays
  /** Names of groups of hosts, with or without `@`. */
  readonly networkGroups: readonly string[]
  /** How the proxy gets at the request it puts the credential in. */
  readonly inject: 'bump' | 'base-url'
  readonly cpus: string
  readonly memory: string
  readonly pids: string
  /** Seconds as typed; '' means no limit. */
  readonly timeout: string
  readonly mount: readonly string[]
  readonly env: readonly string[]
  readonly caFile: readonly string[]
  /** Key names with commas between, or `none`. */
  readonly detachKeys: string
  /** Lines, as typed. */
  readonly scrollback: string
  /** Only in the file: how the user is told. */
  readonly notify: NotifySettings
  readonly force: boolean
  readonly dryRun: boolean
  readonly printConfig: boolean
}

/** Where the value of a setting came from. */
export type Origin = 'default' | 'config file' | 'environment' | 'flag'

export type Config = {
  readonly settings: Settings
  readonly origins: Readonly<Record<keyof Settings, Origin>>
  /** Of a list, where each of its members came from. */
  readonly members: Readonly<Partial<Record<keyof Settings, readonly Origin[]>>>
  readonly file: string
}
