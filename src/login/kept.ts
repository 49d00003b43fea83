import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../config/files/replace-file.ts'
import { readBaseUrl } from '../credentials/base-url.ts'
import { addressOf } from '../credentials/credential.ts'
import { readPrivate } from '../credentials/private-file.ts'
import { type Key, PROVIDER_KEYS, type Provider } from '../credentials/providers.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Injection } from '../network/allow.ts'
import { type Secret, secret } from '../secret.ts'
import { stateFolder } from '../state.ts'
import { type Keychain, keychains } from './keychain.ts'

type Machine = Pick<Host, 'env' | 'home' | 'uid'>

/** A credential that `paude login` keeps for all projects, without its value. */
export type Kept = {
  readonly key: Key
  /** Address of the provider that it was given for: it goes to no other one. */
  readonly address: string
  /** Who has the value: a program of the keychain, or the file itself. */
  readonly keeper: Keychain | 'file'
  /** Moment of the login, in ISO 8601. */
  readonly since: string
}

/** A keychain asks nothing of whoever only wants to know what is there: the file tells that, and has the value where no keychain does. */
export const loginFile = (host: Pick<Machine, 'env' | 'home'>, agent: string): string =>
  join(stateFolder(host), 'logins', `${agent}.json`)

/** What is kept for an agent, or null. Refuses a file that others can read. */
export function readKept(host: Machine, agent: string): Kept | null {
  const found = readLoginFile(loginFile(host, agent), host.uid)
  if (found === null) return null
  const { value: _, ...kept } = found
  return kept
}

/** The login that counts for this agent at the address that its provider has now, or null. */
export function keptFor(host: Machine, agent: string, provider: Provider): Kept | null {
  const kept = readKept(host, agent)
  return kept !== null && kept.address === providerAddress(provider, host) ? kept : null
}

/** Where the agent's models are: a login holds for exactly this address. */
export const providerAddress = (provider: Provider, { env }: Pick<Host, 'env'>): string =>
  readBaseUrl(addressOf(provider, { env }), provider.address.variable).href.replace(/\/+$/, '')

/** The same of a session that runs already, or did. */
export const injectionAddress = ({
  scheme,
  host,
  port,
  prefix,
}: Pick<Injection, 'scheme' | 'host' | 'port' | 'prefix'>): string =>
  new URL(`${scheme}://${host}:${port}${prefix}`).href.replace(/\/+$/, '')

/** The value of what is kept. A keychain may ask you to unlock it. */
export async function keptValue(host: Machine, agent: string, { keeper }: Kept): Promise<Secret> {
  const value =
    keeper === 'file' ? (readLoginFile(loginFile(host, agent), host.uid)?.value ?? '') : await keychains[keeper].find(agent)
  if (isCredential(value)) return secret(value)
  throw new PaudeError('config', `the login for ${agent} is no longer in the keychain (${keeper} has none)`, {
    hint: 'unlock the keychain, or log in again: paude login',
  })
}

/** What can travel in a header; what is wrong with a text is told without the text. */
export const isCredential = (value: string): boolean => /^[\x21-\x7e]{8,4096}$/.test(value) && !/["'\\]/.test(value)

/** Keeps a credential: in this keychain, or in the file where there is none. */
export async function keep(
  host: Machine,
  agent: string,
  { keeper, value, ...about }: Omit<Kept, 'since' | 'keeper'> & { readonly keeper: Kept['keeper']; readonly value: Secret },
): Promise<Kept> {
  const kept: Kept = { ...about, keeper, since: new Date().toISOString() }
  if (keeper !== 'file') await keychains[keeper].store(agent, value)
  const held = keeper === 'file' ? { ...kept, value: value.reveal() } : kept
  replaceFile(loginFile(host, agent), `${JSON.stringify({ v: 1, ...held }, null, 2)}\n`, {
    mode: 0o600,
    folderMode: 0o700,
    hint: 'check the permissions of the state folder',
  })
  return kept
}

/** Takes the value out of the keychain that has it. */
export async function dropValue(agent: string, keeper: Kept['keeper']): Promise<void> {
  if (keeper !== 'file') await keychains[keeper].remove(agent)
}

/** Removes what is kept, the value first. */
export async function forget(host: Machine, agent: string, keeper: Kept['keeper']): Promise<void> {
  await dropValue(agent, keeper)
  rmSync(loginFile(host, agent), { force: true })
}

function readLoginFile(path: string, uid: number): (Kept & { readonly value: string }) | null {
  const error = (what: string, hint: string, cause?: unknown) =>
    new PaudeError('config', `the login in ${path} ${what}`, { hint, cause })
  const found = readPrivate(path, { uid, limit: 16_384, links: 'refuse' })
  if (typeof found === 'string') return parse(found) ?? raise(error('is damaged', `rm ${path}; paude login`))
  switch (found.kind) {
    case 'closed':
      if (found.code === 'ENOENT') return null
      throw error(`cannot be read (${found.code})`, `rm ${path}; paude login`, found.cause)
    case 'shape':
      throw error('is not a login that paude wrote', `rm ${path}; paude login`)
    case 'owner':
      throw error('belongs to another user', 'paude logout; paude login')
    case 'mode':
      throw error('is readable by other users', `chmod 600 ${path}; if another user may have read it, paude logout and revoke it`)
  }
}

function raise(error: Error): never {
  throw error
}

function parse(text: string): (Kept & { readonly value: string }) | null {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof read !== 'object' || read === null) return null
  const { v, key, address, keeper, since, value = '' } = read as Record<string, unknown>
  const known = PROVIDER_KEYS.find((one) => one === key)
  const holder = keeper === 'file' ? keeper : (Object.keys(keychains) as readonly Keychain[]).find((one) => one === keeper)
  if (v !== 1 || known === undefined || holder === undefined) return null
  if (typeof address !== 'string' || typeof since !== 'string' || typeof value !== 'string') return null
  return Number.isNaN(Date.parse(since)) ? null : { key: known, address, keeper: holder, since, value }
}

const KINDS: Readonly<Record<Key, string>> = {
  apiKey: 'API key',
  authToken: 'token',
  oauthToken: 'subscription token',
}

/** What is kept, where and since when, in words; never its value. */
export function keptText({ key, keeper, since }: Kept, now: number): string {
  return `${KINDS[key]} from paude login, in ${keeper === 'file' ? 'a file' : `the keychain (${keeper})`}, ${ageText(now - Date.parse(since))}`
}

function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 1) return 'just now'
  const [count, unit] =
    minutes < 60 ? [minutes, 'minute'] : minutes < 1440 ? [Math.floor(minutes / 60), 'hour'] : [Math.floor(minutes / 1440), 'day']
  return `${count} ${unit}${count === 1 ? '' : 's'} old`
}
