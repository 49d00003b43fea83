import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent, SaidOfService, Services } from '../../agents/agent.ts'
import type { Chosen } from '../../agents/chosen.ts'
import { usualAgent } from '../../agents/names.ts'
import { knownAgent } from '../../agents/registry.ts'
import { PROVIDER_KEYS, variablesOf } from '../../credentials/providers.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { readerOf } from '../../key.ts'
import { withhold } from '../../run/environment.ts'
import { isMissing } from '../files/missing.ts'
import type { Parsed, Written } from '../files/parse.ts'
import { type OwnFlag, ownFlags, twins, variableOf } from '../keys/own-flags.ts'
import { providerOf } from '../keys/provider.ts'
import { withKey } from '../keys/said.ts'
import type { Config, Layer, LayerName, SaidSecret, Source } from '../keys/settings.ts'
import { secretVariables } from '../secret-variables.ts'
import { allRows } from '../sections/rows.ts'
import { readManagedFile } from './managed.ts'
import { mergeSources, onlySaid } from './merge.ts'
import { type OwnLogin, readOwnLogin } from './own-login.ts'
import { readVariables } from './read-flags.ts'

/** What is read before the project has its say, in the order in which it holds. */
export type Layers = {
  readonly user: Parsed
  readonly environment: Source
  readonly env: Host['env']
  readonly flags: Source
  readonly managed: Parsed
  readonly file: string
  readonly profile: string
  /** The login that the agent's own program keeps on this machine; absent where nobody looks. */
  readonly ownLogin?: (agent: string, own: NonNullable<Services['own']>) => OwnLogin
}

const NOTHING: Parsed = { sources: [], profiles: [] }

/** Everything but the project's own files: what acts on this machine and not on a box is never theirs to say. */
export const loadConfig = async (host: Host, flags: Layer): Promise<Config> => configOf(await readLayers(host, flags))

/**
 * Defaults, the user's file, the project's, the environment, flags; the managed file bounds them all. From then on, no program of this
 * machine inherits the variables that it names.
 */
export function configOf(
  { user, environment, env, flags, managed, file, ownLogin }: Layers,
  project: readonly Source[] = [],
): Config {
  const written = [...user.sources, ...project]
  const files = ofService(written)
  const usual = agentAfter(managed.sources, usualAgent)
  const agents = files.flatMap(({ values }) => values.agents ?? [])
  const said = <K extends OfProvider>(key: K) => files.findLast(({ values }) => values[key])?.values[key]
  const agent = agentAfter([...files, environment, flags], usual)
  const known = knownAgent({ agent, agents })
  const own = known?.services?.own
  const isAsked = own !== undefined && isUnsaid([...files, environment, flags, ...managed.sources], known, env)
  const login = own === undefined ? undefined : ownLogin?.(agent, own)
  const chosen = {
    agent,
    agents,
    service: said('service') ?? (isAsked && login?.isKept ? own.service : ''),
    region: said('region') ?? '',
    resource: said('resource') ?? '',
  }
  const others = OF_PROVIDER.filter((key) => said(key) && managed.sources.every(({ values }) => values[key] === undefined))
  // What is of another agent's service is not for this one.
  const isIts = chosen.service === '' || known?.services?.names.includes(chosen.service) === true
  const told = known?.services?.read(env, isIts ? chosen.service : '')
  const provided = withProvider(withLogin(environment, { chosen, own, login, isSaid: PROVIDER_KEYS.some(said) }), env, {
    chosen,
    others,
    told,
    isIts: told !== undefined && isIts,
  })
  const sources = ofAgent([...files, provided, flags], { chosen: chosen.agent, usual })
  const fault = told?.region?.fault ?? told?.resource?.fault
  const config: Config = {
    ...mergeSources({ file, sources, managed: managed.sources }),
    saidSecrets: saidSecrets([...written, environment, flags]),
    ...(fault && { serviceFault: fault }),
  }
  withhold(secretVariables(config))
  return config
}

/** Whether nobody says where the agent's models come from, or by which credential. */
const isUnsaid = (sources: readonly Source[], agent: Agent | null, env: Host['env']): boolean =>
  sources.every(({ values }) => OF_PROVIDER.every((key) => values[key] === undefined)) &&
  (agent?.providers ?? []).every((one) => [...variablesOf(one), one.address.variable].every((name) => !env[name]?.trim()))

/** With the service that the agent's own login is for, and that login as its credential. */
function withLogin(
  source: Source,
  {
    chosen,
    own,
    login,
    isSaid,
  }: {
    readonly chosen: Chosen
    readonly own: Services['own'] | undefined
    readonly login: OwnLogin | undefined
    readonly isSaid: boolean
  },
): Source {
  if (own === undefined || login === undefined || chosen.service !== own.service || isSaid) return source
  const { layer, values, places } = source
  return onlySaid(layer, { ...values, service: own.service, oauthToken: { codex: login.file, part: 'token' } }, places)
}

/** What sources say of the provider's credential, in force or not. */
const saidSecrets = (sources: readonly Source[]): readonly SaidSecret[] =>
  sources.flatMap(({ values }) => PROVIDER_KEYS.flatMap((key) => (values[key] ? [{ key, source: values[key] }] : [])))

const agentAfter = (sources: readonly Source[], usual: string): string =>
  sources.findLast(({ values }) => values.agent !== undefined)?.values.agent ?? usual

/** Arguments and a release mean nothing to another agent than the one that is chosen where they are said, so then they are left out. */
const ofAgent = (
  sources: readonly Source[],
  { chosen, usual }: { readonly chosen: string; readonly usual: string },
): readonly Source[] =>
  sources.map((source, at) => {
    return agentAfter(sources.slice(0, at + 1), usual) === chosen ? source : without(source, ['agentArgs', 'agentVersion'])
  })

const without = (source: Source, keys: readonly (keyof Layer)[]): Source => ({
  ...source,
  values: Object.fromEntries(Object.entries(source.values).filter(([key]) => !keys.some((one) => one === key))),
})

/** What belongs to one provider: with another one, none of it holds. */
const OF_PROVIDER = [...PROVIDER_KEYS, 'baseUrl', 'service', 'region', 'resource'] as const
type OfProvider = (typeof OF_PROVIDER)[number]

/** Where a source says another service than those before it, what they say of their provider is void: a key for one never goes to another. */
const ofService = (sources: readonly Source[]): readonly Source[] =>
  sources.reduce<readonly Source[]>((before, source) => {
    const { service } = source.values
    const had = before.findLast(({ values }) => values.service !== undefined)?.values.service ?? ''
    return [...(service === undefined || service === had ? before : before.map((one) => without(one, OF_PROVIDER))), source]
  }, [])

/**
 * With what variables say of the chosen agent's provider: the agent alone knows their names. Where they choose another cloud than files
 * do, or the agent knows none, what files say of theirs (`others`) is void: a key for one never goes to another.
 */
function withProvider(
  { layer, values, places }: Source,
  env: Host['env'],
  {
    chosen,
    others,
    told,
    isIts,
  }: {
    readonly chosen: Chosen
    readonly others: readonly OfProvider[]
    /** undefined for an agent that knows no service. */
    readonly told: SaidOfService | undefined
    /** Whether the agent knows the service that files choose. */
    readonly isIts: boolean
  },
): Source {
  const { service, region, resource } = told ?? {}
  const isOther = (service?.value ?? (isIts ? chosen.service : '')) !== chosen.service
  const found = {
    ...Object.fromEntries(isOther ? others.map((key) => [key, { value: '', variable: service?.variable ?? '' }]) : []),
    ...(service && { service }),
    ...(region && { region }),
    ...(resource && { resource }),
  }
  const there = { ...chosen, ...valuesOf(found, 'value') }
  const variable = providerOf(there)?.address.variable ?? ''
  const all = { ...found, ...(env[variable] ? { baseUrl: { value: env[variable], variable } } : {}) }
  return onlySaid(layer, { ...values, ...valuesOf(all, 'value') }, { ...places, ...valuesOf(all, 'variable') })
}

const valuesOf = (
  found: Readonly<Record<string, { readonly value: string; readonly variable: string }>>,
  part: 'value' | 'variable',
): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(found).map(([key, one]) => [key, one[part]]))

/** Where a file is broken, for commands that tell so: what variables and flags say alone. */
export const configWithoutFiles = (host: Host, flags: Layer): Config =>
  configOf(layersOf(host, flags, { user: NOTHING, managed: NOTHING }))

export async function readLayers(host: Host, flags: Layer): Promise<Layers> {
  const profile = flags.profile ?? readVariables(host.env).profile ?? ''
  const written = [readUserFile(configFile(host)), readManagedFile(host.managedFile)]
  const [user = NOTHING, managed = NOTHING] = await Promise.all(
    written.map((one) => (one === null ? NOTHING : parse(one, profile))),
  )
  return layersOf(host, flags, { user, managed })
}

function layersOf(host: Host, flags: Layer, { user, managed }: Pick<Layers, 'user' | 'managed'>): Layers {
  const variables = readVariables(host.env)
  return {
    user,
    environment: acceptedSource('environment', variables, placesOf(variables, variableOf)),
    env: host.env,
    ownLogin: (agent, own) => readOwnLogin(host, agent, own.file(host)),
    flags: acceptedSource(
      'flag',
      flags,
      // A verb may say what has no flag: then nobody typed it.
      placesOf(flags, (flag) => (ownFlags.some(({ key }) => key === flag.key) ? `--${flag.name}` : '')),
    ),
    managed,
    file: configFile(host),
    profile: flags.profile ?? variables.profile ?? '',
  }
}

/** What is typed is refused here as a file's value is where the file is read. */
function acceptedSource(layer: LayerName, values: Layer, places: Source['places']): Source {
  for (const [setting, row] of allRows) {
    // What has no flag is read here as in a file.
    const refuse = row.refuse ?? (layer === 'environment' && row.flags === undefined ? naming(readerOf(row)) : undefined)
    const value = values[setting]
    // '' takes back what files say: only a verb of paude's own can.
    for (const one of Array.isArray(value) ? value : [value])
      if (typeof one === 'string' && one !== '') refuse?.(one, places[setting] ?? '')
  }
  return onlySaid(layer, values, places)
}

/** A reader whose refusals begin with the name of the variable. */
const naming = (read: ReturnType<typeof readerOf>) => (value: string, variable: string) => {
  try {
    read?.(value, variable)
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    throw new PaudeError(error.code, withKey(variable, error), { hint: error.hint, cause: error })
  }
}

/** A profile that nobody has is a mistake: going on without it would be another configuration than was asked for. */
export function requireProfile({ profile, user, file }: Layers, project: Parsed): void {
  const known = [...new Set([...user.profiles, ...project.profiles])]
  if (profile === '' || known.includes(profile)) return
  throw new PaudeError('config', `there is no profile ${JSON.stringify(profile)}`, {
    hint: known.length === 0 ? `write [profiles.NAME] with its keys below into ${file}` : `choose one of ${known.join(', ')}`,
  })
}

/** Path of the user's configuration file, whether it exists or not; '' without a home. */
export function configFile({ env, home }: Pick<Host, 'env' | 'home'>): string {
  const base = env['XDG_CONFIG_HOME']?.startsWith('/') ? env['XDG_CONFIG_HOME'] : home && join(home, '.config')
  return base ? join(base, 'paude', 'config.toml') : ''
}

/** Loaded when there is a file to read: TOML and schema cost 4 ms of every start. */
export const parse = async (written: Written, profile: string): Promise<Parsed> =>
  (await import('../files/parse.ts')).parseConfig(written, profile)

export function readUserFile(file: string): Written | null {
  if (file === '') return null
  try {
    return { layer: 'user', file, text: readFileSync(file, 'utf8') }
  } catch (error) {
    return isMissing(error) ? null : { layer: 'user', file, text: null }
  }
}

function placesOf(layer: Layer, name: (flag: OwnFlag) => string): Source['places'] {
  const flag = (key: string) => twins.find((one) => one.key === key)
  return Object.fromEntries(
    Object.keys(layer).flatMap((key) => {
      const found = flag(key)
      return found === undefined ? [] : [[key, name(found)]]
    }),
  )
}
