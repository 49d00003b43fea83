import { networkEnvironment } from '../box/environment.ts'
import type { SessionSpec } from '../box/spec.ts'
import { STEERS_CLIENT } from '../run/client-variables.ts'

type Variables = SessionSpec['secretEnvironment']

/** Flags of an engine's client, and what its environment has besides. */
type VariableFlags = { readonly flags: readonly string[]; readonly env: Variables }

/** Environment flags of a start; secret values go by name and travel in the client's environment. */
export const environmentFlags = (spec: SessionSpec): VariableFlags =>
  variableFlags(spec.secretEnvironment, { ...spec.environment, ...networkEnvironment(spec) })

/** The same of variables alone, such as those of one more command; `open` are no secret. */
export function variableFlags(named: Variables, open: Readonly<Record<string, string>> = {}): VariableFlags {
  const entries = Object.entries(named)
  const steering = entries.filter(([name]) => STEERS_CLIENT.test(name))
  const rest = entries.filter(([name]) => !STEERS_CLIENT.test(name))
  return {
    flags: [
      ...Object.entries({ ...open, ...Object.fromEntries(steering.map(([name, value]) => [name, value.reveal()])) }).map(
        ([name, value]) => `--env=${name}=${value}`,
      ),
      ...rest.map(([name]) => `--env=${name}`),
    ],
    env: Object.fromEntries(rest),
  }
}
