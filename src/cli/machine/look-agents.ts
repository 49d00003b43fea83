import { recipeOf } from '../../agents/chosen.ts'
import { installOf } from '../../agents/installs.ts'
import { isAgent, knownNames } from '../../agents/names.ts'
import { agentOf, agents } from '../../agents/registry.ts'
import type { BackendName } from '../../backends/names.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import type { Config } from '../../config/keys/settings.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { ask } from '../../run/ask.ts'
import { startImage } from '../../session/life/images.ts'
import { type CredentialSource, credentialSource } from '../../session/resolve/credential-source.ts'

/** An agent as a start here would run it: what `paude agents --json` prints. */
export type AgentState = {
  readonly name: string
  /** Whether a start here runs it. */
  readonly default: boolean
  /** `built-in`, a `recipe` of paude's, or where files define or change it. */
  readonly from: string
  /** Release that its image gets; '' where the installation decides or nothing is installed. */
  readonly version: string
  /** '' where nothing can be built. */
  readonly image: string
  /** Engines that have the image. */
  readonly built: readonly BackendName[]
  /** Its provider of models; '' for an agent that asks none, or has a login of its own. */
  readonly provider: string
  /** Where its credential is; never its value. */
  readonly credential: Pick<CredentialSource, 'source' | 'name' | 'fault'>
  /** What a start would lack, in words; none where it can run. */
  readonly missing: readonly string[]
}

/** Every agent by name: those that paude knows, and those that files define. */
export async function lookAgents(context: Context, config: Config): Promise<readonly AgentState[]> {
  const images = await builtImages(context)
  const defined = config.settings.agents.map(({ name }) => name)
  const names = [...new Set([...knownNames, ...defined])]
  return await Promise.all(
    names.map(async (name) => stateOf(context, { config: await configFor(context, config, name), name, images })),
  )
}

/** The configuration as that of another agent: a login of an agent's own program is for no other one. */
async function configFor({ host, flags }: Context, config: Config, name: string): Promise<Config> {
  const { settings } = config
  if (settings.agent === name) return config
  const own = isAgent(name) ? agents[name].services?.own : undefined
  const { service, oauthToken } =
    own === undefined
      ? { service: '' as const, oauthToken: '' as const }
      : (await loadConfig(host, { ...flags, agent: name })).settings
  const isOfAnother = own !== undefined || (typeof settings.oauthToken !== 'string' && 'codex' in settings.oauthToken)
  return isOfAnother ? { ...config, settings: { ...settings, service, oauthToken } } : config
}

type Built = { readonly backend: BackendName; readonly reference: string }

async function builtImages(context: Context): Promise<readonly Built[]> {
  const lists = await Promise.all(
    allBackends.map(async (backend) => {
      if (backend.images === null || (await usable(context.host, backend)) !== 'yes') return []
      const images = await ask(backend.images.list, context.effects(backend)).catch((error: unknown) => {
        if (!(error instanceof PaudeError)) throw error
        context.warn(lacking(error, `paude cannot tell which images ${backend.name} has`))
        return []
      })
      return images.map(({ reference }) => ({ backend: backend.name, reference }))
    }),
  )
  return lists.flat()
}

function stateOf(
  { host }: Context,
  { config, name, images }: { readonly config: Config; readonly name: string; readonly images: readonly Built[] },
): AgentState {
  const isDefault = config.settings.agent === name
  const chosen = { ...config.settings, agent: name }
  const install = installOf(chosen)
  // A release that files choose is that of the default agent.
  const settings = { ...chosen, agentVersion: isDefault ? chosen.agentVersion : (install?.version ?? '') }
  const from = config.settings.agents.flatMap((entry, at) =>
    entry.name === name ? [config.origins.agents[at]?.place ?? ''] : [],
  )
  const image = imageOf(settings)
  const agent = agentOf(settings)
  const [provider] = agent.providers
  const credential = credentialSource(host, { ...config, settings }, Date.now())
  const built = images.filter(({ reference }) => reference === image).map(({ backend }) => backend)
  return {
    name,
    default: isDefault,
    from: from.at(-1) || (isAgent(name) ? 'built-in' : 'recipe'),
    version: settings.image === '' ? settings.agentVersion : '',
    image,
    built,
    provider: provider?.title ?? '',
    credential: { source: credential.source, name: credential.name, fault: credential.fault },
    missing: [
      ...(image === '' ? [`an installation: agents.${name}.install, or an image of yours that has ${agent.program}`] : []),
      ...(provider !== undefined && credential.source === 'none'
        ? [
            `a credential: export ${provider.secrets.map(({ variable }) => variable).join(' or ')}${
              agent.services?.own === undefined ? '' : `, or paude login ${name}`
            }`,
          ]
        : credential.fault === ''
          ? []
          : [credential.fault]),
    ],
  }

  function imageOf(wanted: typeof settings): string {
    if (wanted.image !== '') return wanted.image
    if (install === null && recipeOf(wanted) !== null) return ''
    try {
      const found = startImage(host, wanted, extraCaCertificates(host, wanted.caFile))
      return typeof found === 'string' ? found : imageRef(found)
    } catch (error) {
      if (error instanceof PaudeError) return ''
      throw error
    }
  }
}
