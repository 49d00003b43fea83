import { networkEnvironment } from '../box/environment.ts'
import type { SessionSpec } from '../box/spec.ts'
import { STEERS_CLIENT } from '../run/client-variables.ts'

/** Environment flags; secret values go by name and travel in the client's environment. */
export function environmentFlags(spec: SessionSpec): {
  readonly flags: readonly string[]
  readonly env: SessionSpec['secretEnvironment']
} {
  const open = { ...spec.environment, ...networkEnvironment(spec) }
  const named = Object.entries(spec.secretEnvironment)
  const steering = named.filter(([name]) => STEERS_CLIENT.test(name))
  const rest = named.filter(([name]) => !STEERS_CLIENT.test(name))
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
