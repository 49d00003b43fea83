import { describe, expect, test } from 'bun:test'
import { argsOf, recipeOf } from '../../src/agents/chosen.ts'
import { startCommand } from '../../src/agents/command.ts'
import { grammarOf } from '../../src/agents/grammars.ts'
import { installOf } from '../../src/agents/installs.ts'
import { furtherNeeds } from '../../src/agents/models.ts'
import { agentNames, isAgentName, knownNames, recipeNames } from '../../src/agents/names.ts'
import type { AgentEntry } from '../../src/agents/recipe.ts'
import { recipes } from '../../src/agents/recipes.ts'
import { agentOf, agentOfRecord, agents } from '../../src/agents/registry.ts'
import { isStatePattern } from '../../src/agents/state.ts'
import { opensScreen } from '../../src/agents/words.ts'
import { faultsOf, parseConfig } from '../../src/config/files/parse.ts'
import { settingText } from '../../src/config/keys/entry-text.ts'
import { DEFAULTS } from '../../src/config/layers/merge.ts'
import { providers } from '../../src/credentials/providers.ts'
import { readHost } from '../../src/host.ts'
import { contextFiles, downloadOf, imageRef } from '../../src/image/build.ts'
import { danger } from '../../src/project/risk.ts'
import { startImage } from '../../src/session/life/images.ts'

const host = { ...readHost(), env: {} }

const said = (text: string): readonly AgentEntry[] =>
  parseConfig({ layer: 'user', file: '/c', text }).sources.flatMap(({ values }) => values.agents ?? [])
const faults = (text: string, layer: 'user' | 'project' | 'managed' = 'user') =>
  faultsOf({ layer, file: '/c', text }).map(({ message }) => message)

const MINE = `
[agents.mine]
command = "mine --quiet"
version = "1.2.3"
provider = "openai"
hosts = ["api.example.org"]
resume = ["--continue"]
prints = ["run", "-p"]
args = ["--fast"]

[agents.mine.install]
apt = ["libfoo"]
pip = "mine-agent"

[agents.mine.env]
BASE = "{api}"

[agents.mine.config_files]
"~/.mine/config" = "url={address}"
"/etc/mine.conf" = "by={provider}"
`

describe('an agent that a file defines', () => {
  const chosen = { agent: 'mine', agents: said(MINE) }

  test('is one of the same kind as all others', () => {
    const agent = agentOf(chosen)
    expect({ name: agent.name, program: agent.program, before: agent.before, resume: agent.resume }).toEqual({
      name: 'mine',
      program: 'mine',
      before: ['--quiet'],
      resume: ['--continue'],
    })
    expect(furtherNeeds(agent).map((need) => need.host)).toEqual(['api.example.org'])
  })

  test('gets a placeholder for a key, and where its models are', () => {
    const { environment, seed, system, home, providers: own } = agentOf(chosen)
    expect(environment({ ...host, env: { OPENAI_BASE_URL: 'https://gateway.test/v1', OPENAI_API_KEY: 'sk-real' } }, [])).toEqual({
      OPENAI_BASE_URL: 'https://gateway.test/v1',
      OPENAI_API_KEY: providers.openai.secrets[1].placeholder,
      BASE: 'https://gateway.test/v1',
    })
    expect(environment(host, [])['BASE']).toBe('https://api.openai.com/v1')
    expect(own.map(({ title }) => title)).toEqual(['OpenAI'])
    const files = seed({ directory: '/p', restricted: true, screen: true, shadowed: false, address: 'https://models.test' })
    expect(files[system['/etc/mine.conf'] ?? '']).toBe('by=openai')
    expect(files[home['.mine/config'] ?? '']).toBe('url=https://models.test')
  })

  test('of Anthropic takes no token of a subscription', () => {
    const [provider] = agentOf({ agent: 'mine', agents: said('[agents.mine]\ncommand = "x"\nprovider = "anthropic"') }).providers
    expect(provider?.secrets.map(({ variable }) => variable)).toEqual(['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY'])
    expect(provider?.login).toEqual([])
  })

  test('starts with its own words before yours, and a later start goes on without the prompt', () => {
    const command = (words: readonly string[]) =>
      startCommand(agentOf(chosen), words, { conversation: '', continues: true }).split('\n').filter(Boolean)
    expect(command(['hello'])).toEqual([
      'set -- mine --quiet hello',
      'if [ -s /paude/out/conversation ]; then set -- mine --quiet --continue; fi',
      'echo begun >/paude/out/conversation',
    ])
    // What prints its answer is not gone on with.
    expect(command(['run', 'hello'])).toEqual(['set -- mine --quiet run hello'])
    expect(argsOf(chosen)).toEqual(['--fast'])
  })

  test('draws a screen but for the words that print', () => {
    const found = grammarOf(chosen)
    if (found === null) throw new Error('no grammar')
    const screens = [[], ['hello'], ['run', 'x'], ['-p', 'x'], ['--help']].map((words) => opensScreen(found.grammar, words))
    expect(screens).toEqual([true, true, false, false, false])
  })

  test('is installed by steps of a build, and in an image of its own name', () => {
    const install = installOf(chosen)
    expect(install).toMatchObject({ name: 'agent-mine', version: '1.2.3', release: null })
    const settings = { ...DEFAULTS, ...chosen, agentVersion: '1.2.3' }
    const spec = startImage(host, settings, '')
    if (typeof spec === 'string') throw new Error('nothing to build')
    expect(imageRef(spec)).toMatch(/^localhost\/paude\/agent-mine:1\.2\.3-[0-9a-f]{32}$/)
    expect(downloadOf(spec)).toBeNull()
    const { Dockerfile = '' } = contextFiles(spec)
    expect(Dockerfile).toContain('libfoo')
    expect(Dockerfile).toContain(
      '/opt/agent-mine/bin/pip install --no-cache-dir --disable-pip-version-check "mine-agent==$AGENT_VERSION"',
    )
    expect(Dockerfile).toContain('RUN command -v mine\n')
    // Another way to install is another image.
    const other = startImage(
      host,
      { ...settings, agents: [...chosen.agents, ...said('[agents.mine]\nversion = "1.2.3"\ninstall.npm = "mine"')] },
      '',
    )
    expect(typeof other === 'string' ? '' : imageRef(other)).not.toBe(imageRef(spec))
  })

  test('stands in the record, so that a later start does not depend on the file', () => {
    const recipe = recipeOf(chosen)
    if (recipe === null) throw new Error('no recipe')
    const agent = agentOfRecord({ agent: 'mine', recipe: JSON.parse(JSON.stringify(recipe)) })
    expect(agent?.providers.map(({ title }) => title)).toEqual(['OpenAI'])
    expect(agentOfRecord({ agent: 'mine' })).toBeNull()
    // A record cannot make another agent of one that has code.
    expect(agentOfRecord({ agent: 'claude', recipe })).toBe(agents.claude)
  })

  test('is shown whole where a project defines it', () => {
    const text = chosen.agents.map((entry) => settingText('agents', entry)).join()
    for (const part of [
      'mine: ',
      'mine-agent',
      'libfoo',
      '{api}',
      'api.example.org',
      '/etc/mine.conf',
      'by={provider}',
      '--continue',
    ])
      expect(text).toContain(part)
    expect(danger({ key: 'agents', value: text })).toBe('runs outside the wall while the image is built')
  })
})

describe('what a file cannot say of an agent', () => {
  test.each([
    ['[agents.claude]\ncommand = "evil"', 'cannot be changed: paude has code for claude, so only args can stand here'],
    ['[agents.shell]\ninstall.script = "evil"', 'cannot be changed: paude has code for shell'],
    ['[agents.command]\ncommand = "x"', 'is not a name for an agent'],
    ['[agents.gemini]\ncommand = "x"', 'cannot be changed: paude has code for gemini'],
    ['[agents."../x"]\ncommand = "x"', 'is not a name for an agent'],
    ['[agents.Mine]\ncommand = "x"', 'is not a name for an agent'],
    ['[agents.constructor]\ncommand = "x"', 'reserved name'],
    ['[agents.m]\ncommand = "/bin/x"', 'must begin with the name of a program in PATH'],
    ['[agents.m]\ncommand = "x;id"', 'must begin with the name of a program in PATH'],
    ['[agents.m]\ncommand = "x"\ninstall.npm = "x"', 'needs a version'],
    ['[agents.m]\ncommand = "x"\nversion = "latest"', 'must be an exact release'],
    ['[agents.m]\ncommand = "x"\nversion = "1.2.3"\ninstall.npm = "x; curl evil"', 'must be the name of a package of npm'],
    ['[agents.m]\ncommand = "x"\nversion = "1.2.3"\ninstall.pip = "--index-url=x"', 'must be the name of a package of PyPI'],
    ['[agents.m]\ncommand = "x"\ninstall.apt = ["x-"]', 'must be names of Debian packages'],
    [
      '[agents.m]\ncommand = "x"\nversion = "1.2.3"\ninstall.npm = "x"\ninstall.program = "../../etc/passwd"',
      'must be the path of a program',
    ],
    ['[agents.m]\ncommand = "x"\nenv.HTTPS_PROXY = "http://x"', 'is not a variable that you can set'],
    ['[agents.m]\ncommand = "x"\nenv.ANTHROPIC_API_KEY = "sk"', 'is not a variable that you can set'],
    ['[agents.m]\ncommand = "x"\nenv.MY_API_KEY = "sk-live"', 'must not hold a secret'],
    ['[agents.m]\ncommand = "x"\nhosts = ["not a host"]', 'must be hosts'],
    ['[agents.m]\ncommand = "x"\nenv.FOO = "ghp_0123456789abcdefghijABCDEFGHIJ456789"', 'must not hold a secret'],
    ...['paude', 'paude/x'].map((place) => [
      `[agents.m]\ncommand = "x"\nconfig_files."/etc/${place}" = "x"`,
      'must be a file below',
    ]),
    ...['gitconfig', 'environment', 'ca-certificates/x', 'ca-certificates.conf', 'profile.d/x.sh', 'pki/x'].map((place) => [
      `[agents.m]\ncommand = "x"\nconfig_files."/etc/${place}" = "x"`,
      'names a file that the system',
    ]),
    ...['~//x', '~/x//y', '~/x/'].map((place) => [
      `[agents.m]\ncommand = "x"\nconfig_files."${place}" = "x"`,
      'must be a file below',
    ]),
    ['[agents.m]\ncommand = "x"\nconfig_files."/etc/passwd" = "x"', 'names a file that the system'],
    ['[agents.m]\ncommand = "x"\nconfig_files."/etc/claude-code/managed-settings.json" = "x"', 'names a file that the system'],
    ['[agents.m]\ncommand = "x"\nconfig_files."/usr/bin/env" = "x"', 'must be a file below'],
    ['[agents.m]\ncommand = "x"\nconfig_files."~/../x" = "x"', 'must be a file below'],
    ['[agents.m]\ncommand = "x"\nconfig_files."/etc/../usr/x" = "x"', 'must be a file below'],
    ['[agents.m]\ncommand = "x"\nstate = "title:(a+)+$"', 'must be "osc", "none", or "title:"'],
    ['[agents.m]\ncommand = "x"\nprovider = "mine"', 'provider'],
    ['[agents.m]\ncommand = "x"\ninstall.docker = "x"', 'docker'],
  ])('%s', (text, message) => expect(faults(text).join('\n')).toContain(message))

  test('nor is any of it for a managed file', () =>
    expect(faults('[agents.m]\ncommand = "x"', 'managed').join()).toContain('agents is not allowed in this file'))
})

test('words for one agent alone can be said of an agent that has code', () =>
  expect(
    argsOf({ agent: 'claude', agents: said('[agents.claude]\nargs = ["--verbose"]\n[agents.codex]\nargs = ["-x"]') }),
  ).toEqual(['--verbose']))

test('a recipe that paude ships is changed key by key', () => {
  const changed = recipeOf({ agent: 'opencode', agents: said('[agents.opencode]\nprovider = "openai"') })
  expect(changed).toEqual({ ...recipes.opencode, name: 'opencode', provider: 'openai' })
  // Another installation takes the place of the whole.
  const own = recipeOf({ agent: 'opencode', agents: said('[agents.opencode]\nversion = "1.0.0"\ninstall.pip = "x"') })
  expect(own?.install).toEqual({ apt: [], npm: '', program: '', pip: 'x', script: '' })
})

test('nobody is what files do not define, and it is said how to', () => {
  expect(recipeOf({ agent: 'nobody', agents: [] })).toBeNull()
  expect(() => agentOf({ agent: 'nobody', agents: said('[agents.nobody]\nargs = ["x"]') })).toThrow(
    'agent is "nobody": this paude runs',
  )
  expect(recipeOf({ agent: 'constructor', agents: [] })).toBeNull()
})

test.each([...recipeNames])('the recipe of %s is one that a file could hold', (name) => {
  const { configFiles, install, ...rest } = recipes[name]
  const used = Object.fromEntries(Object.entries(install).filter(([, value]) => value.length > 0))
  const value = (one: unknown): string =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? `{ ${Object.entries(one)
          .map(([key, inner]) => `${JSON.stringify(key)} = ${value(inner)}`)
          .join(', ')} }`
      : JSON.stringify(one)
  const text = Object.entries({ ...rest, config_files: configFiles, install: used })
    .filter(([key, one]) => !(key === 'version' && one === ''))
    .map(([key, one]) => `${key} = ${value(one)}`)
    .join('\n')
  expect(faults(`[agents.copy]\n${text}`)).toEqual([])
})

test('names of agents are distinct, and each can be one', () => {
  expect(new Set(knownNames).size).toBe(agentNames.length + recipeNames.length)
  expect(knownNames.filter((name) => !isAgentName(name))).toEqual([])
})

describe('a pattern of a title', () => {
  test.each(['osc', 'none', 'title:^[⠋⠙⠹] ', 'title:working|busy', 'title:^(?:busy|at work): .+'])(
    '%s can be tried on what a sandbox writes',
    (state) => expect(isStatePattern(state)).toBe(true),
  )
  test.each([
    '',
    'title:',
    'title:(a*)*b',
    'title:(?:x|xx)+$',
    'title:a*a*a*a*b',
    'title:(a)\\1',
    'title:[',
    `title:${'[ab]?'.repeat(26)}c`,
    `title:${'(a|aa)'.repeat(20)}c`,
    'title:a+b?c*',
    `title:${'a'.repeat(201)}`,
  ])('%s cannot', (state) => expect(isStatePattern(state)).toBe(false))
})
