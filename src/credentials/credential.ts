import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Injection } from '../network/allow.ts'
import { type Secret, secret } from '../secret.ts'
import { readBaseUrl } from './base-url.ts'
import type { Further, Need, Provider, ProviderSecret } from './providers.ts'

export type Credential = {
  /** Variable of the caller's environment it came from. */
  readonly variable: string
  readonly value: Secret
  /** What the box sees in its place: of the right shape, the same every time, worth nothing. */
  readonly placeholder: string
  /** Variable that tells the agent its provider's address. */
  readonly addressVariable: string
  /** How the box hears of it. */
  readonly told: { readonly variable: string; readonly below: string }
  /** Where the credential goes; the way is the user's choice. */
  readonly injection: Omit<Injection, 'way'>
}

type Machine = Pick<Host, 'env'>

/** The caller's credentials of these providers, at most one of each: once for each address that gets it. */
export const credentialsOf = (providers: readonly Provider[], host: Machine): readonly Credential[] =>
  providers.flatMap((provider) => {
    const found = provider.secrets.find(({ variable }) => host.env[variable]?.trim())
    if (found === undefined) return []
    const all = [found, ...(provider.account === undefined ? [] : [{ ...provider.account, lead: '' }])]
    return placesOf(provider, host).flatMap((place) => all.map((one) => credential(provider, one, { host, place })))
  })

function credential(
  provider: Provider,
  { variable, header, lead, placeholder }: Pick<ProviderSecret, 'variable' | 'header' | 'lead' | 'placeholder'>,
  { host, place }: { readonly host: Machine; readonly place: Place },
): Credential {
  const value = host.env[variable]?.trim() ?? ''
  if (!/^[\x21-\x7e]+$/.test(value) || /["'\\]/.test(value))
    throw new PaudeError('usage', `${variable} holds characters that a credential cannot have`, {
      hint: `export ${variable} again, without quotes or line breaks inside`,
    })
  const { hostname, port, scheme, pathname, api, methods } = place
  return {
    variable,
    value: secret(value),
    placeholder,
    addressVariable: provider.address.variable,
    told: provider.address.told ?? { variable: provider.address.variable, below: '' },
    injection: {
      host: hostname.toLowerCase(),
      port,
      scheme,
      header,
      lead,
      prefix: pathname.replace(/\/+$/, ''),
      api,
      ...(methods === undefined ? {} : { methods: [...methods] }),
    },
  }
}

/** Address of a provider as a text. Throws `usage` where it needs to be said and nobody did. */
export function addressOf({ title, address: { variable, usual, lacks } }: Provider, { env }: Machine): string {
  const address = env[variable] || usual
  if (address !== '') return address
  throw new PaudeError('usage', `${title} needs ${lacks?.what ?? 'an address'}`, { hint: lacks?.ways ?? `export ${variable}=…` })
}

/** What the agent must reach. Without a credential of the caller, you log in inside the box, which talks to the login service. */
export function needsOf(provider: Provider, host: Machine, { title, login }: { title: string; login: boolean }): readonly Need[] {
  const hosts = new Set(placesOf(provider, host).map(({ hostname, port }) => `${hostname}:${port}`))
  const models = [...hosts].map((place) => ({ host: place, why: `${title}'s model provider` }))
  return login ? [...models, ...provider.login] : models
}

type Place = ReturnType<typeof placesOf>[number]

/** Where the models are. What is let in at an address of your own is nobody else's to see. */
function placesOf(provider: Provider, { env }: Machine) {
  const { address, api } = provider
  const url = addressOf(provider, { env })
  const further: readonly Further[] = env[address.variable]
    ? provider.further.filter(({ follows }) => follows).map((one) => ({ ...one, url }))
    : provider.further
  return [{ url, api, methods: undefined }, ...further].map(({ url, api, methods }) => {
    const { hostname, port, protocol, pathname } = readBaseUrl(url, address.variable)
    const scheme = protocol === 'https:' ? ('https' as const) : ('http' as const)
    return { hostname, pathname, scheme, api, methods, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) }
  })
}

/** The environment of a caller who has this credential, at this address, and no other one of the provider. */
export const withCredential = (
  env: Host['env'],
  provider: Provider,
  { variable, value, url }: { readonly variable: string; readonly value: string; readonly url: string },
): Host['env'] => ({
  ...env,
  ...Object.fromEntries(provider.secrets.map((one) => [one.variable, undefined])),
  [variable]: value,
  [provider.address.variable]: url,
})
