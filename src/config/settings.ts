import type { NotifySettings } from '../notify/settings.ts'

/** Everything a start can be told, decided: each layer over those before it. */
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
  readonly network: 'restricted' | 'open' | 'none'
  readonly networkAllow: readonly string[]
  /** Wins over what is allowed. */
  readonly networkDeny: readonly string[]
  /** Named groups of hosts, written `@github`. */
  readonly networkGroups: readonly string[]
  /** How the proxy gets at the request it puts the credential in. */
  readonly inject: 'bump' | 'base-url'
  readonly cpus: string
  readonly memory: string
  readonly pids: string
  /** Seconds as typed; '' means no limit. */
  readonly timeout: string
  readonly mount: readonly string[]
  /** Further read-only paths: relative to the project, or absolute in it. */
  readonly protect: readonly string[]
  /** `NAME`, or `NAME=VALUE`. */
  readonly env: readonly string[]
  /** Only in files: variables whose values lie elsewhere. */
  readonly references: readonly Reference[]
  readonly caFile: readonly string[]
  /** Only in files: further flags of the agent's container, on one engine each. */
  readonly dockerFlags: readonly string[]
  readonly podmanFlags: readonly string[]
  /** Key names with commas between, or `none`. */
  readonly detachKeys: string
  /** Lines, as typed. */
  readonly scrollback: string
  /** Only in the file: how the user is told. */
  readonly notify: NotifySettings
  /** What becomes of a project's own configuration. */
  readonly projectConfig: 'ask' | 'restrict' | 'ignore'
  /** Profile of the files that holds; '' for none. */
  readonly profile: string
  readonly force: boolean
  readonly dryRun: boolean
  readonly printConfig: boolean
}

/** A variable of the box and where its value is: `env:NAME`, `file:PATH`, or a program that prints it. */
export type Reference = { readonly name: string; readonly source: string | readonly string[] }

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
