import { type Provider, providers, variablesOf } from './providers.ts'
import { serviceNames, serviceProvider } from './services.ts'

const rows: readonly Provider[] = [
  ...Object.values(providers),
  ...serviceNames.map((name) => serviceProvider({ name, region: '', resource: '' })),
  serviceProvider({ name: 'vertex', region: '', resource: '' }, 'google'),
]

/** Variables that hold credentials paude keeps outside every box; --env must not carry them in by accident. */
export const KEPT_OUTSIDE: readonly string[] = rows.flatMap((row) => (row.common ? [] : variablesOf(row)))

/** Whether a variable says where a provider is. */
export const isAddress = (variable: string): boolean => rows.some(({ address }) => address.variable === variable)

/** Whether a variable is a provider's, so that no program of this machine inherits it. */
export const isPrivate = (variable: string): boolean => rows.some((row) => row.private.test(variable))
