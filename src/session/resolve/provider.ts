import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { agentOf } from '../../agents/registry.ts'
import { keyOf } from '../../config/keys/all.ts'
import { entryText } from '../../config/keys/entry-text.ts'
import { pieces } from '../../config/keys/placeholders.ts'
import { allSaid, providerOf, saidCredential } from '../../config/keys/provider.ts'
import type { Config, Settings } from '../../config/keys/settings.ts'
import { type Key, type Provider, strangerTo, variablesOf } from '../../credentials/providers.ts'
import { pathOfSecret } from '../../credentials/reference.ts'
import { type OfCodex, type Reference, type SecretSource, sourceOfSecret } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { type Kept, keptFor, keptValue } from '../../login/kept.ts'
import { HOST_NAME } from '../../network/names.ts'
import { shown } from '../../text.ts'

type Machine = Pick<Host, 'env' | 'home' | 'uid' | 'platform'>

/**
 * The caller's machine as the agent's provider is read from it: what files say of the provider stands where the environment says
 * nothing, since that is closer to the call, and the kept login where neither says anything. A check runs no program, and a look reads
 * no file either: a dash stands for what they hold.
 */
export async function withProvider<H extends Machine>(
  host: H,
  config: Config,
  purpose: 'start' | 'check' | 'look' = 'start',
): Promise<H> {
  if (config.serviceFault !== undefined && purpose !== 'look') throw config.serviceFault
  const { baseUrl } = config.settings
  const provider = providerOf(config.settings)
  if (provider === null) return host
  const { variable } = provider.address
  const address = host.env[variable] || baseUrl === '' ? {} : { [variable]: baseUrl }
  if (config.settings.login === 'inside') return { ...host, env: { ...withoutCredential(host.env, config.settings), ...address } }
  const said = hasCredential(host, provider) ? null : saidCredential(config.settings)
  if (said === null) {
    const addressed = { ...host, env: { ...host.env, ...address } }
    const kept = keptLogin(addressed, config.settings)
    if (kept === null) return addressed
    const value = purpose === 'start' ? (await keptValue(host, config.settings.agent, kept)).reveal() : '-'
    return { ...host, env: { ...addressed.env, [variableOf(provider, kept)]: value } }
  }
  if (said.variable === '') throw otherCredential(placedKey(config, said.key), provider)
  const { source } = said
  refuseElsewhere(host, config, { provider, said })
  const asked = isVariable(source) || purpose === 'start' || (purpose === 'check' && typeof source === 'string')
  const value = asked ? await followed(host, source, placedKey(config, said.key)) : '-'
  // What a file says is for whatever agent is chosen. At an address of your own anybody's key may be right.
  const stranger = host.env[variable] || baseUrl !== '' ? null : strangerTo(provider, value)
  if (stranger !== null) throw keyOfAnother(placedKey(config, said.key), { provider, stranger })
  const { account } = provider
  const whose = account === undefined ? {} : { [account.variable]: await accountOf(host, source, purpose) }
  return { ...host, env: { ...host.env, ...address, ...whose, [said.variable]: value } }
}

/** Whose login it is, which the provider wants to know beside it. */
const accountOf = async (
  host: Machine,
  source: Exclude<SecretSource, ''>,
  purpose: 'start' | 'check' | 'look',
): Promise<string> =>
  purpose === 'start' && isCodex(source) ? await followed(host, { ...source, part: 'account' }, 'the account') : '-'

const isCodex = (source: SecretSource): source is OfCodex => typeof source !== 'string' && 'codex' in source

/** A login of an account is for its provider alone, and its account is known of Codex's own file alone. */
function refuseElsewhere(
  host: Machine,
  { settings: { baseUrl } }: Config,
  { provider, said }: { readonly provider: Provider; readonly said: { readonly key: Key; readonly source: SecretSource } },
): void {
  const { account, address, title } = provider
  if (account === undefined) return
  if (!isCodex(said.source))
    throw new PaudeError('config', `${keyOf(said.key)}: ${title} is used by the login of Codex alone`, {
      hint: `leave ${keyOf(said.key)} out: paude finds the login where codex login keeps it`,
    })
  const named = host.env[address.variable] || baseUrl
  if (named !== '' && named !== address.usual && new URL(named).hostname !== HOST_NAME)
    throw new PaudeError('refused', `the login of ${title} goes to ${address.usual} alone, not to ${shown(named)}`, {
      hint: `unset ${address.variable} or ${keyOf('baseUrl')}, or give Codex a key: paude login codex --api-key`,
    })
}

/** Who logs in inside the box uses what is there, and nothing of yours. */
const withoutCredential = (env: Host['env'], settings: Settings): Host['env'] => ({
  ...env,
  ...Object.fromEntries(
    agentOf(settings).providers.flatMap(({ secrets }) => secrets.map(({ variable }) => [variable, undefined])),
  ),
})

/** The login that counts at a start: where neither the caller's environment nor a file gives a credential. `host` has the provider's address. */
export function keptLogin(host: Machine, settings: Settings): Kept | null {
  const provider = providerOf(settings)
  // A login is one of the agent's own provider.
  if (provider === null || settings.login === 'inside' || agentOf(settings).service !== undefined) return null
  if (hasCredential(host, provider) || saidCredential(settings) !== null) return null
  const kept = keptFor(host, settings.agent, provider)
  return kept !== null && variableOf(provider, kept) !== '' ? kept : null
}

/** '' for a credential that the provider does not know. */
const variableOf = ({ secrets }: Provider, { key }: Kept): string => secrets.find((one) => one.key === key)?.variable ?? ''

const keyOfAnother = (
  key: string,
  { provider, stranger }: { readonly provider: Provider; readonly stranger: Provider },
): PaudeError =>
  new PaudeError('config', `${shown(key)}: this is a credential of ${stranger.title}, and it would go to ${provider.title}`, {
    hint: `for this agent, set ${variablesOf(provider).join(' or ')} in your environment, or write ${keyOf('apiKey')} into a profile of its own`,
  })

const otherCredential = (key: string, { secrets }: Provider): PaudeError =>
  new PaudeError('config', `${shown(key)}: the agent's provider does not take this credential`, {
    hint: `write ${secrets.map((one) => keyOf(one.key)).join(' or ')}`,
  })

/** What a file says of the credential and no variable holds now; '' for nothing. */
export function unsetCredential(host: Pick<Host, 'env'>, { settings }: Config): string {
  if (settings.login === 'inside') return ''
  const said = hasCredential(host, providerOf(settings)) ? null : saidCredential(settings)
  if (said === null || !isVariable(said.source) || host.env[said.source.slice('env:'.length)]?.trim()) return ''
  return `${keyOf(said.key)}: ${said.source.slice('env:'.length)} is not set`
}

const isVariable = (source: SecretSource): source is string => typeof source === 'string' && source.startsWith('env:')

/** Whether the caller's environment has a credential of the provider. */
export const hasCredential = ({ env }: Pick<Host, 'env'>, provider: Provider | null | undefined): boolean =>
  provider?.secrets.some(({ variable }) => (env[variable] ?? '').trim() !== '') ?? false

/** Asks a reference for its value, as those of `[env]` are asked; '' for a variable that is not set. */
export async function followed(host: Machine, source: Exclude<SecretSource, ''>, key: string): Promise<string> {
  const { readSource } = await import('./references.ts')
  const value = (await readSource(sourceOfSecret(source), host, key)).trim()
  if (/^[\x21-\x7e]*$/.test(value) && !/["'\\]/.test(value) && (value !== '' || isVariable(source))) return value
  throw new PaudeError(
    'config',
    `${shown(key)}: ${shown(entryText(source))} ${value === '' ? 'is empty' : 'holds characters that a credential cannot have'}`,
    { hint: 'it must give only the credential, without quotes or line breaks' },
  )
}

const placedKey = ({ origins }: Config, key: keyof Settings): string =>
  [keyOf(key), ...(origins[key][0]?.place ? [`(${origins[key][0].place})`] : [])].join(' ')

/** Refuses to bring into the box by another name what is the provider's credential. */
export function refuseCredentialInside(config: Pick<Config, 'settings' | 'saidSecrets'>, host: Pick<Host, 'home'>): void {
  const { env, references, ...settings } = config.settings
  // All others are refused wherever they are named.
  const { title, providers } = agentOf(settings)
  const variables = providers.filter(({ common }) => common).flatMap(variablesOf)
  const own =
    env.map((entry) => entry.split('=')[0] ?? '').find((name) => variables.includes(name)) ??
    references.find((reference) => variables.some((name) => reference.name === name || names(reference, name)))?.name
  if (own !== undefined)
    throw new PaudeError('refused', `env.${own} is a credential of ${title}, which stays outside the sandbox`, {
      hint: `leave env.${own} out: the proxy adds the credential on the way to the provider`,
    })
  const kept = [
    ...allSaid(config).map(({ key, source }) => ({ key: keyOf(key), source, to: 'the provider' })),
    ...settings.credentials.map(({ credential, value }) => ({ key: `credentials.${credential}`, source: value, to: 'its host' })),
  ]
  for (const { key, source, to } of kept) {
    const caller = isVariable(source) ? source.slice('env:'.length) : ''
    const same = sameAs(sourceOfSecret(source), host)
    const found =
      references.find((reference) => sameAs(reference.source, host) === same || (caller !== '' && names(reference, caller)))
        ?.name ?? env.find((entry) => caller !== '' && entry === caller)
    if (found !== undefined)
      throw new PaudeError('refused', `env.${found} names the credential of ${key}, which stays outside the sandbox`, {
        hint: `leave env.${found} out: the proxy adds the credential on the way to ${to}`,
      })
  }
}

/** What a reference leads to: a file is itself by whatever path. */
function sameAs(source: Reference['source'], { home }: Pick<Host, 'home'>): string {
  if (typeof source !== 'string' || !source.startsWith('file:')) return JSON.stringify(source)
  const path = resolve(pathOfSecret(source.slice('file:'.length), home))
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch {
    // Whoever reads it says what is wrong.
    return path
  }
}

const names = ({ source }: Reference, variable: string): boolean =>
  source === `env:${variable}` ||
  (typeof source === 'object' &&
    'template' in source &&
    pieces(source.template, []).some((piece) => piece.kind === 'localEnv' && piece.name === variable))
