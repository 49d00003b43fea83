/** Where a session is on a cluster; recorded, since the current context of kubectl may be another one tomorrow. */
export type Place = {
  /** '' is the current one of the kubeconfig. */
  readonly context: string
  readonly namespace: string
}

/** What `[kubernetes]` says, read: plain data, and no secret. */
export type Cluster = Place & {
  readonly pullSecrets: readonly string[]
  /** '' is the default one of the cluster. */
  readonly storageClass: string
  readonly homeSize: string
  readonly workspaceSize: string
  readonly requests: Readonly<Record<string, string>>
  readonly limits: Readonly<Record<string, string>>
  readonly nodeSelector: Readonly<Record<string, string>>
  readonly tolerations: readonly Toleration[]
  /** '' is the default one of the node. */
  readonly runtimeClass: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Whose token the agent gets; '' for none. */
  readonly serviceAccount: string
  /** Private ranges that the proxy's policy lets out. */
  readonly egressCidrs: readonly string[]
  readonly podPatch: readonly PodChange[]
}

/** One operation of a JSON patch, which puts a value at a place. */
export type PodChange = { readonly path: string; readonly value: Json }

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type Toleration = {
  readonly key: string
  readonly operator: 'Equal' | 'Exists'
  readonly value?: string
  readonly effect?: string
}
