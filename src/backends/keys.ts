import { ociKeys } from './oci/keys.ts'

/** The sections of single backends. */
export const backendKeys = { ...ociKeys }

/** Further flags of the agent's container, on every engine that takes some. */
export const onEveryEngine = (flags: readonly string[]) => ({ dockerFlags: flags, podmanFlags: flags })
