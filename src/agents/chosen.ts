import type { ServiceName } from '../credentials/services.ts'
import { type AgentEntry, type Installing, NO_INSTALL, type Recipe } from './recipe.ts'
import { recipes } from './recipes.ts'

/** What chooses an agent: settings have it. */
export type Chosen = {
  readonly agent: string
  readonly agents: readonly AgentEntry[]
  /** The cloud that its models come from, and where in it; '' or nothing for its own provider. */
  readonly service?: ServiceName | ''
  readonly region?: string
  readonly resource?: string
}

const NOTHING: Omit<Recipe, 'name'> = {
  command: [],
  install: NO_INSTALL,
  version: '',
  provider: 'none',
  env: {},
  hosts: [],
  configFiles: {},
  resume: [],
  interactive: true,
  prints: [],
  state: 'none',
  args: [],
}

/**
 * The recipe of a name: what paude ships, with what files say in place of its keys. null where there is none. A name of an agent that
 * paude has code for has none either.
 */
export function recipeOf({ agent: name, agents }: Chosen): Recipe | null {
  const shipped = Object.hasOwn(recipes, name) ? recipes[name as keyof typeof recipes] : null
  const said = agents.filter((entry) => entry.name === name)
  if (shipped === null && said.every(({ command }) => command === undefined)) return null
  const keys = said.map(({ kind: _, name: __, install: ___, ...entry }) =>
    Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)),
  )
  // Another way to install takes the place of the whole.
  const install = said.findLast((entry) => entry.install !== undefined)?.install
  const before: Recipe = { ...NOTHING, name, ...shipped }
  return { ...before, ...Object.assign({}, ...keys), ...(install === undefined ? {} : { install: installing(install) }) }
}

const installing = (said: NonNullable<AgentEntry['install']>): Installing => ({
  ...NO_INSTALL,
  ...(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Partial<Installing>),
})

/** Words of every start that files say for this agent alone. */
export const argsOf = ({ agent, agents }: Chosen): readonly string[] =>
  recipeOf({ agent, agents })?.args ?? agents.filter(({ name }) => name === agent).flatMap(({ args = [] }) => args)
