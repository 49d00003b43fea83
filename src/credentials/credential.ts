import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Injection } from '../network/allow.ts'
import { type Secret, secret } from '../secret.ts'
import { readBaseUrl } from './base-url.ts'
import type { Need, Provider, ProviderSecret } from './providers.ts'

export type Credential = {
  /** Variable of the caller's environment it came from. */
  readonly variable: string
  readonly value: Secret
  /** What the box sees in its place: of the right shape, the same every time, worth nothing. */
  readonly placeholder: string
  /** Variable that tells the agent its provider's address. */
  readonly addressVariable: string
  /** Where the credential goes; the way is the user's choice. */
  readonly injection: Omit<Injection, 'way'>
}

type Machine = Pick<Host, 'env'>

/** The caller's credentials of these providers, at most one of each: once for each address that gets it. */
export const credentialsOf = (providers: readonly Provider[], host: Machine): readonly Credential[] =>
  providers.flatMap((provider) => {
    const found = provider.secrets.find(({ variable }) => host.env[variable]?.trim())
    return found === undefined ? [] : placesOf(provider, host).map((place) => credential(provider, found, { host, place }))
  })

function credential(
  provider: Provider,
  { variable, header, lead, placeholder }: ProviderSecret,
  { host, place }: { readonly host: Machine; readonly place: Place },
): Credential {
  const value = host.env[variable]?.trim() ?? ''
  if (!/^[\x21-\x7e]+$/.test(value) || /["'\\]/.test(value))
    throw new PaudeError('usage', `${variable} holds characters that a credential cannot have`, {
      hint: `export ${variable} again, without quotes or line breaks inside`,
    })
  const { hostname, port, scheme, pathname, api } = place
  return {
    variable,
    value: secret(value),
    placeholder,
    addressVariable: provider.address.variable,
    injection: {
      host: hostname.toLowerCase(),
      port,
      scheme,
      header,
      lead,
      prefix: pathname.replace(/\/+$/, ''),
      api,
    },
  }
}

/** What the agent must reach. Without a credential of the caller, you log in inside the box, which talks to the login service. */
export function needsOf(provider: Provider, host: Machine, { title, login }: { title: string; login: boolean }): readonly Need[] {
  const models = placesOf(provider, host).map(({ hostname, port }) => ({
    host: `${hostname}:${port}`,
    why: `${title}'s model provider`,
  }))
  return login ? [...models, ...provider.login] : models
}

type Place = ReturnType<typeof placesOf>[number]

/** Where the models are. What is let in at an address of your own is nobody else's to see. */
function placesOf({ address, api, further }: Provider, { env }: Machine) {
  const said = env[address.variable]
  const places = said ? [{ url: said, api }] : [{ url: address.usual, api }, ...further]
  return places.map(({ url, api }) => {
    const { hostname, port, protocol, pathname } = readBaseUrl(url, address.variable)
    const scheme = protocol === 'https:' ? ('https' as const) : ('http' as const)
    return { hostname, pathname, scheme, api, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) }
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
