import { agentOf } from '../../agents/registry.ts'
import { keyOf } from '../../config/keys/all.ts'
import { entryText } from '../../config/keys/entry-text.ts'
import { providerOf, saidCredential } from '../../config/keys/provider.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Host } from '../../host.ts'
import { isInside } from '../../login/inside.ts'
import { type Kept, keptText, readKept } from '../../login/kept.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { homeVolume } from '../record/id.ts'
import { keptLogin, unsetCredential } from './provider.ts'

/** Which credential a start here uses, by precedence; never its value. */
export type CredentialSource = {
  readonly source: 'environment' | 'configuration' | 'login' | 'inside' | 'none'
  /** The variable, the key of the configuration and where it points, or what is kept; '' for none of them. */
  readonly name: string
  /** Why it cannot be used; '' for nothing. */
  readonly fault: string
  /** What paude login keeps, whether it is used here or not. */
  readonly kept: Kept | null
}

export function credentialSource(host: Host, config: Config, now: number): CredentialSource {
  const { settings } = config
  const provider = providerOf(settings)
  const kept = readKept(host, settings.agent)
  const from = (source: CredentialSource['source'], name = '', fault = '') => ({ source, name, fault, kept })
  if (provider === null) return from('none')
  if (settings.login === 'inside') return from('inside')
  const set = agentOf(settings)
    .providers.flatMap(({ secrets }) => secrets)
    .find((one) => host.env[one.variable]?.trim())
  if (set !== undefined) return from('environment', set.variable)
  const said = saidCredential(settings)
  if (said !== null && typeof said.source !== 'string' && 'codex' in said.source) return from('login', entryText(said.source))
  if (said !== null) return from('configuration', `${keyOf(said.key)} = ${entryText(said.source)}`, unsetCredential(host, config))
  const { variable } = provider.address
  const env = host.env[variable] || settings.baseUrl === '' ? host.env : { ...host.env, [variable]: settings.baseUrl }
  const used = keptLogin({ ...host, env }, settings)
  if (used !== null) return from('login', keptText(used, now))
  const [root] = projectFolders(host)
  return from(root !== undefined && isInside(host, homeVolume(root, settings.agent)) ? 'inside' : 'none')
}
