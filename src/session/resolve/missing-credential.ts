import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from '../../agents/agent.ts'
import { asksModels } from '../../agents/models.ts'
import { optionValue } from '../../agents/words.ts'
import { keyOf } from '../../config/keys/all.ts'
import { providerOf, saidCredential } from '../../config/keys/provider.ts'
import type { Config } from '../../config/keys/settings.ts'
import { type Provider, plainKey } from '../../credentials/providers.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { hasCredential, keptLogin, unsetCredential } from './provider.ts'

/** What lacks, and the ways to give it; null where a start has all it needs, or where only the box can know. */
type Lack = { readonly what: string; readonly ways: string }

/**
 * Looks for a credential before anything is started. Not every start without one fails: an address of your own may need none, and the
 * agent's own settings may bring one. No engine is asked.
 */
export function missingCredential(
  host: Host,
  agent: Agent,
  { words, config }: { words: readonly string[]; config: Config },
): Lack | null {
  const { settings } = config
  const provider = providerOf(settings)
  if (provider === null || settings.network === 'none') return null
  if (!asksModels(agent, words, namesIn(settings))) return null
  if (settings.login === 'inside' && agent.login === '') {
    const [place, way] =
      agent.service === undefined
        ? ['', `give it a key: paude login ${agent.name} --api-key`]
        : [` to ${provider.title}`, wayToGive(provider)]
    return {
      what: `${agent.title} cannot log in${place} inside the sandbox`,
      ways: `leave out --login-inside or provider.login, and ${way}`,
    }
  }
  if (host.env[provider.address.variable] || settings.baseUrl !== '') return null
  if (settings.login === 'inside') return { what: 'the login is inside the sandbox', ways: '' }
  if (agent.providers.some((one) => hasCredential(host, one)) || keptLogin(host, settings) !== null) return null
  const unset = unsetCredential(host, config)
  if (unset === '' && (saidCredential(settings) !== null || bringsItsOwn(host, agent, { words, config }))) return null
  if (agent.service !== undefined) {
    const unfit = provider.unfit?.variables.find((variable) => host.env[variable])
    return {
      what: unset || `no credential for ${agent.title} on ${provider.title}`,
      ways: [...(unfit === undefined ? [] : [`${unfit} ${provider.unfit?.why}`]), wayToGive(provider)].join(': '),
    }
  }
  const login = agent.tokenLogin === null ? `paude login ${agent.name} --api-key` : 'paude login'
  const own = agent.services?.own === undefined ? '' : `, or paude login ${agent.name} to use ${agent.title}'s own login`
  return {
    what: unset || `no credential for ${agent.title}`,
    ways:
      unset === ''
        ? `${login}, or ${wayToGive(provider)}${own}`
        : `${login}, or export ${/: (\S+) is not set$/.exec(unset)?.[1] ?? plainKey(provider).variable}=…`,
  }
}

/** Refuses what you chose with a variable and paude does not know: the agent would ask somebody else than on your machine. */
export function refuseForeignService(
  { env }: Pick<Host, 'env'>,
  agent: Agent,
  { words, config: { settings } }: { readonly words: readonly string[]; readonly config: Config },
): void {
  const variable = agent.services?.foreign(env) ?? ''
  if (variable === '' || settings.network === 'none' || !asksModels(agent, words, namesIn(settings))) return
  throw new PaudeError('unsupported', `${variable} is set, and paude cannot use this provider yet`, {
    hint: `unset ${variable}; what works is provider.service = ${(agent.services?.names ?? []).join(' or ')}, or a gateway as provider.base_url`,
  })
}

/** Names of the box's variables that are yours. */
const namesIn = ({ env, references }: Config['settings']): readonly string[] => [
  ...env.map((entry) => entry.split('=')[0] ?? ''),
  ...references.map(({ name }) => name),
]

/** How a key is given without a login. */
export function wayToGive(provider: Provider): string {
  if (provider.given !== undefined) return provider.given
  const { variable, key } = plainKey(provider)
  return `export ${variable}=…, or paude config set ${keyOf(key)} file:PATH`
}

/** Bytes of a settings file that are looked at: it is the project's, and only its absence would cost something. */
const MOST = 64 * 1024

/** Whether settings of the agent that the box will see give a credential. */
function bringsItsOwn(
  host: Host,
  { grammar, ownCredential }: Agent,
  { words, config: { settings } }: { readonly words: readonly string[]; readonly config: Config },
): boolean {
  if (ownCredential === null) return false
  const { files, option, signs } = ownCredential
  const said = optionValue(grammar, words, [option])
  if (signs.test(said)) return true
  // What is mounted over the agent's own folder is yours, and not looked into.
  if (settings.mount.some((mount) => files.some((file) => mount.includes(`/${file.split('/')[0]}`)))) return true
  const named = said === '' || said.trimStart().startsWith('{') ? [] : [join(said.startsWith('/') ? '/' : host.cwd, said)]
  return [...projectFolders(host).flatMap((folder) => files.map((file) => join(folder, file))), ...named].some((path) =>
    signs.test(beginning(path)),
  )
}

/** '' for what is no file, or cannot be read. */
function beginning(path: string): string {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return ''
  }
  try {
    const bytes = Buffer.alloc(MOST)
    return bytes.toString('utf8', 0, readSync(descriptor, bytes))
  } catch {
    return ''
  } finally {
    closeSync(descriptor)
  }
}
