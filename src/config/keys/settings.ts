import type { AgentName } from '../../agents/names.ts'
import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import type { Reference, SecretSource } from '../../credentials/source.ts'
import type { CaFile } from '../../image/ca.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import type { NotifySettings } from '../../sinks/notify/settings.ts'

/** Everything a start can be told, decided: each layer over those before it. */
export type Settings = {
  /** What a start without a verb runs. */
  readonly agent: AgentName
  readonly backend: 'auto' | 'docker' | 'podman'
  /** Where the agent's models are; '' for the agent's own provider. */
  readonly baseUrl: string
  /** Only in files, and at most one of them: where the provider's credential is. */
  readonly apiKey: SecretSource
  readonly authToken: SecretSource
  readonly oauthToken: SecretSource
  /** What a start does where no engine can be used: nothing, or the agent's own program of this machine, without a box. */
  readonly fallback: 'none' | 'host'
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
  /** Of the hosts that are allowed without one; empty for 80 and 443. */
  readonly networkPorts: readonly string[]
  /** Only in files: how the proxy itself gets out, as written. */
  readonly upstreamProxy: string
  readonly upstreamCredentials: string
  readonly upstreamExcept: readonly string[]
  readonly dns: readonly string[]
  readonly ip: 'any' | 'ipv4'
  readonly bandwidth: string
  /** Named groups of hosts, with or without `@`. */
  readonly networkGroups: readonly string[]
  /** How the proxy gets at the request it puts the credential in. */
  readonly inject: 'bump' | 'base-url'
  readonly cpus: string
  readonly memory: string
  readonly pids: string
  /** What of the hardening of the agent's box holds; gate and proxy keep all of it. */
  readonly readOnlyRoot: `${boolean}`
  readonly noNewPrivileges: `${boolean}`
  readonly seccomp: 'default' | 'engine' | 'off'
  /** Seconds as typed; '' or `none` means no limit. */
  readonly timeout: string
  readonly mount: readonly string[]
  /** Further read-only paths: relative to the project, or absolute in it. */
  readonly protect: readonly string[]
  /** `NAME`, or `NAME=VALUE`. */
  readonly env: readonly string[]
  /** Only in files: variables whose values lie elsewhere. */
  readonly references: readonly Reference[]
  readonly caFile: readonly CaFile[]
  /** Only in files: further flags of the agent's container, on one engine each. */
  readonly dockerFlags: readonly string[]
  readonly podmanFlags: readonly string[]
  /** Key names with commas between, or `none`. */
  readonly detachKeys: string
  /** Lines, as typed. */
  readonly scrollback: string
  /** Only in the file: how the user is told. */
  readonly notify: NotifySettings
  /** Whether a devcontainer.json of the project counts: `off`, `use`, or the name of one of several. */
  readonly devcontainer: string
  /** Only in a devcontainer.json: how its image is made. Holds while `image` is what it makes. */
  readonly imageBuild: ImageBuild | null
  /** Only in a devcontainer.json: what runs in the box before its agent. */
  readonly lifecycle: readonly LifecycleStep[]
  /** Only in a devcontainer.json: ports of the box that paude forward brings here when none is named. */
  readonly forwardPorts: readonly number[]
  /** What becomes of a project's own configuration. */
  readonly projectConfig: 'ask' | 'restrict' | 'ignore'
  /** Profile of the files that holds; '' for none. */
  readonly profile: string
  readonly force: boolean
  readonly dryRun: boolean
  readonly printConfig: boolean
}

/** One layer: only what somebody said. */
export type Layer = { readonly [Key in keyof Settings]?: Settings[Key] }

/** From the weakest to the strongest. */
export type LayerName = 'default' | 'user' | 'project' | 'environment' | 'flag' | 'managed'

/** Where a value came from: `place` is `FILE:LINE`, a variable or a flag; '' for defaults. */
export type Origin = { readonly layer: LayerName; readonly place: string }

/** A layer with the places of its keys. */
export type Source = {
  readonly layer: LayerName
  readonly values: Layer
  readonly places: { readonly [Key in keyof Settings]?: string }
}

export type Config = {
  readonly settings: Settings
  /** One for a single value; one for each entry of a list. */
  readonly origins: Readonly<Record<keyof Settings, readonly Origin[]>>
  /** The user's file, whether it exists or not. */
  readonly file: string
  /** What the managed file says; empty without one. */
  readonly managed: Layer
}
