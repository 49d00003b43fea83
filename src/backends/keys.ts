import { kubernetesKeys } from './kubernetes/keys.ts'
import { ociKeys } from './oci/keys.ts'
import { remoteKeys } from './remote-keys.ts'

/** The sections of single backends; one without a section has nothing here. */
export const backendKeys = { ...ociKeys, ...kubernetesKeys, ...remoteKeys }

/** What the configuration says to single backends, by setting. */
export type BackendSettings = { readonly [K in keyof typeof backendKeys]: (typeof backendKeys)[K]['initial'] }

/** What holds where nobody said anything. */
export const usualSettings = Object.fromEntries(
  Object.entries(backendKeys).map(([setting, { initial }]) => [setting, initial]),
) as BackendSettings

/** Further flags of the agent's container, on every engine that takes some. */
export const onEveryEngine = (flags: readonly string[]) => ({ dockerFlags: flags, podmanFlags: flags })
