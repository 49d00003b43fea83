import { providers, variablesOf } from '../../src/credentials/providers.ts'

/** A start without a credential is refused: where a test brings none it logs in inside the box, as somebody does who has none. */
export const insideWithout = (env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string | undefined>> =>
  Object.values(providers)
    .flatMap(variablesOf)
    .some((name) => env[name] !== undefined)
    ? OUTSIDE
    : { PAUDE_LOGIN_INSIDE: '1' }

/** Nobody logs in inside the box. */
export const OUTSIDE = { PAUDE_LOGIN_INSIDE: undefined }
