import { backendNames } from '../../backends/names.ts'
import { keyOf } from '../../config/keys/all.ts'
import { providerOf } from '../../config/keys/provider.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Provider } from '../../credentials/providers.ts'
import { lookCredential } from '../../doctor/inspect.ts'
import { shown } from '../../text.ts'
import { alsoTaking, PLANS, taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { initChoices } from './init-choices.ts'
import { initEngine } from './init-engine.ts'
import { initProject } from './init-project.ts'

export default verb({
  description: 'Set up paude here: choose an engine, propose a paude.toml',
  details: 'It asks for the engine and the provider, and proposes the hosts that this project needs.',
  front: alsoTaking(PLANS, taking('force', 'image', 'devcontainer', 'profile', 'ignore-project-config')),
  examples: [
    ['paude init', 'show what this project needs, and ask'],
    ['paude init --yes --groups npm,github', 'without questions'],
    ['paude init --yes --base-url https://gateway.example.org', 'with a gateway as provider'],
    ['paude init --dry-run', 'print the paude.toml and write nothing'],
  ],
  args: {
    backend: {
      type: 'string',
      valueHint: 'NAME',
      description: `Engine to keep in your config.toml: auto, ${backendNames.join(' or ')}`,
    },
    'base-url': { type: 'string', valueHint: 'URL', description: "Address of the agent's models to keep in your config.toml" },
    fallback: {
      type: 'string',
      valueHint: 'WHAT',
      description: "If no engine works: none (default), or host for this machine's own agent, not isolated",
    },
    groups: {
      type: 'string',
      valueHint: 'NAMES',
      offers: 'group-names',
      description: 'Groups for paude.toml with commas, or none (default: the proposed ones)',
    },
    yes: { type: 'boolean', description: 'Use the defaults and write without a question' },
    'dry-run': { type: 'boolean', description: 'Print the paude.toml that would be written, and write nothing' },
  },
  async run(context, given) {
    const { host, note } = context
    const dryRun = given['dry-run'] === true
    const sure = given.yes === true
    if (!dryRun) {
      await initEngine(context, { wanted: given.backend, sure })
      await initChoices(context, { baseUrl: given['base-url'], fallback: given.fallback, sure })
    }
    const config = await loadConfig(host, context.flags)
    const { variable, inside, fault, site } = await lookCredential(host, config)
    const provider = providerOf(config.settings)
    if (provider !== null)
      note(
        fault ||
          (variable !== ''
            ? `credential: ${variable}`
            : inside
              ? 'credential: login inside the sandbox'
              : noCredential(site, provider)),
      )
    await initProject(context, { groups: given.groups, sure, dryRun })
    return 0
  },
})

/** A gateway knows no login of the agent's own provider. */
function noCredential(site: string, { address, secrets }: Provider): string {
  if (site === '' || site.split(':')[0] === URL.parse(address.usual)?.hostname)
    return 'no credential yet; to log in for all projects: paude login'
  // The token of a subscription is for the provider itself.
  const variables = secrets.filter(({ key }) => key !== 'oauthToken').map(({ variable }) => variable)
  return `no credential is set for ${shown(site)}: export ${variables.join(' or ')}, or paude config set ${keyOf(secrets[0].key)} env:NAME`
}
