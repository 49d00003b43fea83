import { ociKeys } from './oci/keys.ts'

/** The sections of single backends; one without a section has nothing here. */
export const backendKeys = { ...ociKeys }

/** What the configuration says to single backends, by setting. */
export type BackendSettings = { readonly [K in keyof typeof backendKeys]: (typeof backendKeys)[K]['initial'] }

/** Further flags of the agent's container, on every engine that takes some. */
export const onEveryEngine = (flags: readonly string[]) => ({ dockerFlags: flags, podmanFlags: flags })
