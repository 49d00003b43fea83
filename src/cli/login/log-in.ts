import type { Agent, Services } from '../../agents/agent.ts'
import { usualOf } from '../../agents/registry.ts'
import { keyOf } from '../../config/keys/all.ts'
import { saidCredential } from '../../config/keys/provider.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { keepOwnLogin } from '../../config/layers/own-login.ts'
import type { Context } from '../../context.ts'
import { type Key, type Provider, variablesOf } from '../../credentials/providers.ts'
import { serviceProvider } from '../../credentials/services.ts'
import { PaudeError } from '../../errors.ts'
import { dropValue, isCredential, type Kept, keep, keptText, loginFile, providerAddress, readKept } from '../../login/kept.ts'
import { keychainOf } from '../../login/keychain.ts'
import type { Secret } from '../../secret.ts'
import { wayToGive } from '../../session/resolve/missing-credential.ts'
import { hasCredential } from '../../session/resolve/provider.ts'
import { requirePrivate } from '../../state.ts'
import { tokenFromBox } from './token-box.ts'

/** Logs in by the agent's own flow, and keeps the token for all projects. */
export async function logIn(context: Context, agent: Agent): Promise<void> {
  const { tokenLogin, title } = agent
  const provider = requireProvider(agent)
  const { address } = await placed(context, provider)
  if (tokenLogin === null || address !== providerAddress(provider, { env: {} }))
    throw new PaudeError('unsupported', `${title} has no login at ${address}; it needs a key there`, {
      hint: `paude login ${agent.name} --api-key`,
    })
  await keepLogin(context, agent, { key: tokenLogin.key, value: await tokenFromBox(context, agent, tokenLogin) })
}

/** From now on, starts of the agent use the login that its own program keeps on this machine. */
export async function useOwnLogin(
  { host, note, warn }: Context,
  agent: Agent,
  { service, file }: NonNullable<Services['own']>,
): Promise<void> {
  requirePrivate(host)
  const path = file(host)
  // A login that is due is renewed now: so you hear of it if that cannot be.
  const { chatgptLogin } = await import('../../login/chatgpt.ts')
  await chatgptLogin(host, path)
  keepOwnLogin(host, agent.name, path)
  const { title } = serviceProvider({ name: service, region: '', resource: '' })
  note(`${agent.title} uses the ${title} login in ${path}, for all projects; its tokens stay outside the sandbox`)
  const usual = usualOf(agent)
  const set = usual.providers.flatMap(variablesOf).find((one) => host.env[one]?.trim())
  if (set !== undefined) warn(`${set} is set and takes precedence; to use this login: unset ${set}`)
}

/** Keeps a credential for all projects: in the keychain of this machine, else in a file of your own. */
export async function keepLogin(
  context: Context,
  agent: Agent,
  { key, value }: { readonly key: Key; readonly value: Secret },
): Promise<void> {
  const { host, note, warn } = context
  const provider = requireProvider(agent)
  if (!isCredential(value.reveal()))
    throw new PaudeError('usage', 'this is not a credential: it is empty, too short or has invalid characters', {
      hint: 'paste only the credential, without quotes or spaces',
    })
  requirePrivate(host)
  const { address, settings } = await placed(context, provider)
  const before = lenient(() => readKept(host, agent.name))
  const kept = await keepSomewhere(context, agent, { key, address, value })
  // The earlier one would lie in the keychain with nobody who knows of it.
  if (before !== null && before.keeper !== kept.keeper) await dropValue(agent.name, before.keeper).catch(() => undefined)
  // What a login of the agent gave is good; what was typed is known to nobody yet.
  const said = key === agent.tokenLogin?.key ? `logged in to ${agent.title}` : `kept for ${agent.title} (not tried yet)`
  note(`${said} for all projects: ${keptText(kept, Date.now())}`)
  const lead = provider.secrets.find((one) => one.key === key)?.begins ?? ''
  if (address === providerAddress(provider, { env: {} }) && !value.reveal().startsWith(lead))
    warn(`this does not look like a key: keys of ${provider.title} begin with ${lead}`)
  const variable = provider.secrets.find((one) => host.env[one.variable]?.trim())?.variable
  if (hasCredential(host, provider)) warn(`${variable} is set and takes precedence; to use this login: unset ${variable}`)
  else if (saidCredential(settings) !== null) {
    const other = keyOf(saidCredential(settings)?.key ?? key)
    warn(`${other} is set in your configuration and takes precedence; to use this login: paude config unset ${other}`)
  }
}

async function keepSomewhere(
  { host, warn }: Context,
  agent: Agent,
  wish: { readonly key: Key; readonly address: string; readonly value: Secret },
): Promise<Kept> {
  const keychain = keychainOf(host)
  if (keychain !== null)
    try {
      return await keep(host, agent.name, { ...wish, keeper: keychain })
    } catch (error) {
      if (!(error instanceof PaudeError)) throw error
      warn(`${error.message}: the login is in ${loginFile(host, agent.name)} instead, which only you can read`)
    }
  return await keep(host, agent.name, { ...wish, keeper: 'file' })
}

/** Where the models are for a start of yours, and what your configuration says. */
async function placed(context: Context, provider: Provider) {
  const { settings } = await loadConfig(context.host, context.flags)
  const { variable } = provider.address
  const env = { ...(settings.baseUrl === '' ? {} : { [variable]: settings.baseUrl }), ...set(context.host.env, variable) }
  return { address: providerAddress(provider, { env }), settings }
}

const set = (env: Context['host']['env'], variable: string) => (env[variable] ? { [variable]: env[variable] } : {})

/** Refuses an agent that asks no model, and one whose models come from a cloud: its login would take the place of its own provider's. */
export function requireProvider({ providers: [provider], title, service }: Agent): Provider {
  if (provider !== undefined && service !== undefined) {
    throw new PaudeError('unsupported', `paude login keeps no key for ${provider.title}`, { hint: wayToGive(provider) })
  }
  if (provider !== undefined) return provider
  throw new PaudeError('unsupported', `${title} uses no model, so it needs no login`)
}

/** A login that cannot be read is replaced. */
function lenient<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}
