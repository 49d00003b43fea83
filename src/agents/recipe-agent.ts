import { type Provider, type ProviderName, type ProviderSecret, plainKey, providers } from '../credentials/providers.ts'
import type { Host } from '../host.ts'
import type { Agent } from './agent.ts'
import { recipeGrammar } from './grammars.ts'
import type { Recipe } from './recipe.ts'
import { TITLE } from './state.ts'

/** An agent made of data. It has no code of its own, so it tells nothing by hooks and its conversations have no ids. */
export function recipeAgent(recipe: Recipe): Agent {
  const { name, command, interactive, hosts, resume, state, configFiles } = recipe
  const [program = '', ...before] = command
  const asked = recipe.provider === 'none' ? null : providerFor(recipe.provider)
  const files = Object.entries(configFiles).map(([place, content], at) => ({ place, content, seed: `config-file-${at}` }))
  return {
    name,
    title: name,
    program,
    before,
    grammar: recipeGrammar(recipe),
    screen: interactive,
    providers: asked === null ? [] : [asked],
    hosts,
    login: '',
    tokenLogin: null,
    ownCredential: null,
    otherWays: /(?!)/,
    environment: (host) => environment(recipe, asked, host),
    conversation: null,
    resume,
    prelude: '',
    signals: {
      modes: '',
      titleSigns: state.startsWith(TITLE) ? new RegExp(state.slice(TITLE.length), 'u') : {},
      silent: state === 'none',
      asks: [],
      ownFile: null,
      hook: () => null,
    },
    imports: null,
    makesWorktree: () => false,
    system: Object.fromEntries(files.filter(({ place }) => place.startsWith('/')).map(({ place, seed }) => [place, seed])),
    home: Object.fromEntries(
      files.filter(({ place }) => place.startsWith('~/')).map(({ place, seed }) => [place.slice(2), seed]),
    ),
    seed: ({ address }) => Object.fromEntries(files.map(({ seed, content }) => [seed, filled(content, { recipe, address })])),
  }
}

/** A token of a subscription is for the provider's own program alone, and so is its login. */
function providerFor(name: ProviderName): Provider {
  const row: Provider = providers[name]
  const [first, ...others] = row.secrets.filter(({ key }) => key !== 'oauthToken')
  const secrets: Provider['secrets'] =
    first === undefined ? row.secrets : ([first, ...others] as [ProviderSecret, ...ProviderSecret[]])
  return { ...row, secrets, api: row.others === '' ? row.api : `(${row.api}|${row.others})`, login: [] }
}

function environment(recipe: Recipe, provider: Provider | null, { env }: Host): Readonly<Record<string, string>> {
  const said = provider === null ? '' : (env[provider.address.variable] ?? '')
  const address = said || (provider?.address.usual ?? '')
  const key = provider === null ? null : plainKey(provider)
  return {
    ...(said === '' || provider === null ? {} : { [provider.address.variable]: said }),
    // Most send nothing without a value, also where the address needs no credential.
    ...(key === null ? {} : { [key.variable]: key.placeholder }),
    ...Object.fromEntries(Object.entries(recipe.env).map(([name, value]) => [name, filled(value, { recipe, address })])),
  }
}

/** Placeholders of a recipe: its provider, where the models are, and the same with the version of the API. */
const filled = (text: string, { recipe, address }: { readonly recipe: Recipe; readonly address: string }): string =>
  text
    .replaceAll('{provider}', recipe.provider)
    .replaceAll('{address}', address)
    .replaceAll('{api}', /\/v\d+[a-z]*\/?$/.test(address) ? address : `${address.replace(/\/+$/, '')}/v1`)
