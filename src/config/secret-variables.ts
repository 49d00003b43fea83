import { callersIn } from './keys/placeholders.ts'
import { namedVariables } from './keys/provider.ts'
import type { Config, Settings } from './keys/settings.ts'

/** The caller's variables that a configuration names: each holds a secret, or was called one. */
export const secretVariables = ({ settings, saidSecrets = [] }: Pick<Config, 'settings' | 'saidSecrets'>): readonly string[] => [
  ...namedVariables({ settings, saidSecrets }),
  ...settings.references.flatMap(({ source }) =>
    typeof source === 'string' ? variableOf(source) : 'template' in source ? callersIn(source.template) : [],
  ),
  ...settings.credentials.flatMap(({ value }) => (typeof value === 'string' ? variableOf(value) : [])),
  ...variableOf(settings.upstreamCredentials),
  ...webhookVariables(settings),
]

/** The one of them that whoever notifies needs. */
export const webhookVariables = ({ notify }: Pick<Settings, 'notify'>): readonly string[] =>
  variableOf(notify.webhook?.token ?? '')

const variableOf = (reference: string): readonly string[] =>
  reference.startsWith('env:') ? [reference.slice('env:'.length)] : []
