import { backendKeys } from '../../backends/keys.ts'
import { hostKeys } from '../../credentials/host-keys.ts'
import { providerKeys } from '../../credentials/keys.ts'
import type { Row } from '../../key.ts'
import { agentConfig } from './agent-config.ts'
import { agents } from './agents.ts'
import { devcontainer } from './devcontainer.ts'
import { env } from './env.ts'
import { general } from './general.ts'
import { image } from './image.ts'
import { limits } from './limits.ts'
import { network } from './network.ts'
import { notify } from './notify.ts'
import { security } from './security.ts'
import { start } from './start.ts'
import { terminal } from './terminal.ts'
import { workspace } from './workspace.ts'

/** Every row, by the name of its setting, in the order in which keys are shown. What one backend or provider alone understands comes from its own room. */
export const rows = {
  ...general,
  ...agents,
  ...providerKeys,
  ...hostKeys,
  ...image,
  ...network,
  ...limits,
  ...workspace,
  ...agentConfig,
  ...env,
  ...backendKeys,
  ...security,
  ...terminal,
  ...notify,
  ...devcontainer,
  ...start,
}

export type Setting = keyof typeof rows

/** The rows as one list, whatever their values are. */
export const allRows = Object.entries(rows) as readonly (readonly [Setting, Row<unknown>])[]

export const rowOf = (setting: Setting): Row<unknown> => rows[setting] as Row<unknown>
