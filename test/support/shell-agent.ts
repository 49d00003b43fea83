import { afterAll, beforeAll } from 'bun:test'
import type { Agent } from '../../src/agents/agent.ts'
import type { Grammar } from '../../src/agents/grammar.ts'
import { grammars } from '../../src/agents/grammars.ts'
import { installs } from '../../src/agents/installs.ts'
import { agentNames, titles } from '../../src/agents/names.ts'
import { agents } from '../../src/agents/registry.ts'
import type { Provider } from '../../src/credentials/providers.ts'

const grammar: Grammar = {
  ...{ valued: ['-c'], variadic: [], optional: [], switches: ['--login'], verbs: ['stap'], printingVerbs: [], namingVerbs: [] },
  ...{ quiet: ['--version'], printing: ['-c'], paths: [], names: [], chooses: [], elsewhere: [], unattended: [], once: [] },
}

/** A second agent: no model, no conversation, nothing to install. */
export const shell: Agent = {
  name: 'second',
  title: 'Shell',
  program: 'sh',
  before: [],
  screen: true,
  hosts: [],
  resume: [],
  grammar,
  providers: [],
  login: '',
  tokenLogin: null,
  ownCredential: null,
  otherWays: /^$/,
  environment: () => ({}),
  conversation: null,
  imports: null,
  makesWorktree: () => false,
  prelude: '',
  signals: { modes: '', titleSigns: {}, silent: false, asks: [], ownFile: null, hook: () => null },
  system: {},
  home: {},
  seed: () => ({}),
}

/** Registers it for the tests of a block: what follows then is what a second agent's rows do. */
export function haveShell(providers: readonly Provider[] = []): void {
  const tables: readonly (readonly [object, unknown])[] = [
    [agents, { ...shell, providers }],
    [grammars, grammar],
    [installs, null],
    [titles, shell.title],
  ]
  const names = agentNames as unknown as string[]
  beforeAll(() => {
    names.push(shell.name)
    for (const [table, row] of tables) Object.assign(table, { [shell.name]: row })
  })
  afterAll(() => {
    names.pop()
    for (const [table] of tables) Reflect.deleteProperty(table, shell.name)
  })
}

/** Its name, as settings have it. */
export const SHELL = shell.name as (typeof agentNames)[number]
