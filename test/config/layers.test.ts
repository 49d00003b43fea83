import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { faultsOf, parseConfig } from '../../src/config/files/parse.ts'
import type { Config, Layer, Origin } from '../../src/config/keys/settings.ts'
import { mergeSources, onlySaid } from '../../src/config/layers/merge.ts'
import { PaudeError } from '../../src/errors.ts'
import { anyWord } from '../support/words.ts'

const user = (text: string, profile = '') => parseConfig({ layer: 'user', file: '/u.toml', text }, profile).sources
const project = (text: string, profile = '') => parseConfig({ layer: 'project', file: '/p.toml', text }, profile).sources
const said = (layer: 'environment' | 'flag', values: Layer) => onlySaid(layer, values, { network: `the ${layer}` })
const merge = (...sources: Parameters<typeof mergeSources>[0]['sources']): Config =>
  mergeSources({ file: '/u.toml', sources, managed: [] })
const shown = (origins: readonly Origin[]) => origins.map(({ layer, place }) => `${layer} ${place}`.trim())

test('a file whose text, layer and profile are those of before is not read again', () => {
  const written = { layer: 'user', file: '/once.toml', text: 'agent = "codex"\n[profiles.a]\nagent = "shell"\n' } as const
  const first = parseConfig(written)
  expect(parseConfig({ ...written })).toBe(first)
  expect(parseConfig(written, 'a').sources).toHaveLength(2)
  expect(parseConfig({ ...written, text: 'agent = "shell"\n' }).sources[0]?.values.agent).toBe('shell')
  expect(() => parseConfig({ ...written, text: 'agent = 1\n' })).toThrow('agent must be a string')
  expect(() => parseConfig({ ...written, layer: 'managed', text: 'agent_args = ["x"]\n' })).toThrow('agent_args')
})

describe('layers', () => {
  const words = '[network]\nmode = "none"\nallow = ["u.org"]\n'

  test('of a single value the last one that speaks holds, and says where', () => {
    const layers = [
      ...user(words),
      ...project('[network]\nmode = "restricted"\n'),
      said('environment', { network: 'none' }),
      said('flag', { network: 'open' }),
    ]
    const seen = layers.map((_, count) => merge(...layers.slice(0, count + 1)))
    expect(seen.map(({ settings }) => settings.network)).toEqual(['none', 'restricted', 'none', 'open'])
    expect(seen.flatMap(({ origins }) => shown(origins.network))).toEqual([
      'user /u.toml:2',
      'project /p.toml:2',
      'environment the environment',
      'flag the flag',
    ])
    expect(shown(merge().origins.network)).toEqual(['default'])
  })

  test('lists add up, and each entry says where it is from', () => {
    const { settings, origins } = merge(
      ...user(words),
      ...project('network.allow = ["p.org", "q.org"]\n'),
      said('flag', { networkAllow: ['f.org'] }),
    )
    expect(settings.networkAllow).toEqual(['u.org', 'p.org', 'q.org', 'f.org'])
    expect(shown(origins.networkAllow)).toEqual(['user /u.toml:3', 'project /p.toml:1', 'project /p.toml:1', 'flag'])
  })

  test('a profile lies over its own file and under the next layer', () => {
    const text =
      'backend = "podman"\n[limits]\nmemory = "1g"\n[profiles.ci]\nbackend = "docker"\n[profiles.ci.limits]\nmemory = "none"\n'
    expect(merge(...user(text)).settings).toMatchObject({ backend: 'podman', memory: '1g' })
    const { settings, origins } = merge(...user(text, 'ci'), ...project('[limits]\nmemory = "2g"\n'))
    expect(settings).toMatchObject({ backend: 'docker', memory: '2g' })
    expect(shown([...origins.backend, ...origins.memory])).toEqual(['user /u.toml:5', 'project /p.toml:2'])
  })

  test.each(['memory', 'cpus'])('"none" switches a limit off again: %s', (key) => {
    const value = key === 'memory' ? '"1g"' : '1'
    const { settings } = merge(...user(`[limits]\n${key} = ${value}\n`), ...project(`[limits]\n${key} = "none"\n`))
    expect((settings as Record<string, unknown>)[key]).toBe('none')
  })
})

describe('a file', () => {
  test.each([
    ['env = { __proto__ = "x" }', '/u.toml:1: __proto__ is a reserved name'],
    ['[env]\nA = "1"\nconstructor = "x"', '/u.toml:3: constructor is a reserved name'],
    ['[profiles.__proto__]\nbackend = "docker"', '/u.toml:1: __proto__ is a reserved name'],
    ['[profiles.ci.env]\nprototype = "x"', '/u.toml:2: prototype is a reserved name'],
  ])('says what it would have to leave out: %j', (text, words) => {
    expect(() => user(text)).toThrow(words)
  })

  test('says that a date is none', () => {
    expect(() => user('a = 25:61:61')).toThrow('/u.toml: not valid TOML: Invalid Datetime')
  })

  test.each(['[profiles.constructor]\nbackend = "docker"', '[hasOwnProperty]\ncall = "x"'])(
    'reaches nothing of the runtime: %j',
    (text) => {
      expect(() => user(text)).toThrow('/u.toml: not valid TOML: a table has a reserved name, like constructor')
      expect(Object.getOwnPropertyNames(Object)).not.toContain('backend')
      expect(Object.getOwnPropertyNames(Object.prototype.hasOwnProperty)).not.toContain('call')
    },
  )

  const fault = (text: string, layer: 'user' | 'project' | 'managed' = 'user') => {
    try {
      parseConfig({ layer, file: '/c.toml', text })
    } catch (error) {
      return error instanceof PaudeError ? `${error.message} | ${error.hint}` : String(error)
    }
    return 'accepted'
  }

  test.each([
    ['version = 2', '/c.toml:1: version 2 is unknown | this paude knows version 1; use a newer one'],
    ['\nversion = "1"', '/c.toml:2: version "1" is unknown | write version = 1, or leave it out'],
    ['[netwrok]\nmode = "none"', '/c.toml:1: unknown key netwrok | did you mean network?'],
    ['[network]\n\nmdoe = "none"', '/c.toml:3: unknown key network.mdoe | did you mean mode?'],
    ['network = { mode = "none", alow = [] }', '/c.toml:1: unknown key network.alow | did you mean allow?'],
    ['[image]\npackages = "nodejs"', '/c.toml:2: image.packages must be a list, found "nodejs" | write a list: ["nodejs"]'],
    ['[network]\nallow = [\n  "a.org",\n  7,\n]', '/c.toml:2: network.allow.1 must be a string, found 7 | put it in quotes: "7"'],
    [
      '"network".mode = "opne"',
      '/c.toml:1: network.mode must be one of restricted, ask, open, none, found "opne" | paude config edit',
    ],
    [
      '[profiles.ci]\nbackend = "dockr"',
      '/c.toml:2: profiles.ci.backend must be one of auto, docker, podman, kubernetes, apple, zellij, found "dockr" | did you mean docker?',
    ],
    [
      'backend = "lxc"',
      '/c.toml:1: backend must be one of auto, docker, podman, kubernetes, apple, zellij, found "lxc" | paude config edit',
    ],
    ['backend = ["docker"]', '/c.toml:1: backend must be one of auto, docker, podman, kubernetes, apple, zellij, found a list'],
    ['[limits]\ncpus = [2]', '/c.toml:2: limits.cpus must be a number or a string like "2", found a list'],
    ['network.allow = "a.org"', '/c.toml:1: network.allow must be a list, found "a.org"'],
    ['network.allow = { a = 1 }', '/c.toml:1: network.allow must be a list, found a table'],
    ['network = 5', '/c.toml:1: network must be a table, found 5'],
    ['profiles = 5', '/c.toml:1: profiles must be a table, found 5'],
    ['env = 5', '/c.toml:1: env must be a table of environment variables, or a list like ["NAME", "NAME=value"], found 5'],
    ['env = ["A", 5]', '/c.toml:1: env.1 must be a string, found 5'],
    ['[env]\nA = 5', '/c.toml:2: env.A must be a string, { command = [...] } or { keychain = "SERVICE/ACCOUNT" }, found 5'],
    ['[env]\nA = { command = "pass" }', '/c.toml:2: env.A.command must be a list, found "pass"'],
    ['[notify]\ndesktop = "yes"', '/c.toml:2: notify.desktop must be true or false, found "yes"'],
    ['[notify]\nterminal = 5', '/c.toml:2: notify.terminal must be one of osc9, osc777, bell, or a list of them, found 5'],
    [
      '[notify]\nterminal = "bel"',
      '/c.toml:2: notify.terminal.0 must be one of osc9, osc777, bell, found "bel" | did you mean bell?',
    ],
    ['[notify]\nwebhook = {}', '/c.toml:2: notify.webhook.url is missing | add notify.webhook.url'],
    [
      '[limits]\nmemory = "lots"',
      '/c.toml:2: limits.memory must be a size like "4g", of 64m at least, a share like "50%", or "none"',
    ],
    ['[security]\nread_only_root = "false"', '/c.toml:2: security.read_only_root must be true or false, found "false"'],
    ['[security]\nseccomp = "unconfined"', '/c.toml:2: security.seccomp must be one of default, engine, off, found "unconfined"'],
    [
      '[apple]\nextra_flags = []',
      '/c.toml:1: unknown key apple | apple has no settings of its own: backend = "apple" chooses it',
    ],
    [
      '[zellij]\nlayout = "x"',
      '/c.toml:1: unknown key zellij | zellij has no settings of its own: backend = "zellij" chooses it',
    ],
    ['assistant = "codex"', '/c.toml:1: unknown key assistant | write agent = "claude"'],
    ['[security]\ncap_add = ["NET_ADMIN"]', '/c.toml:2: unknown key security.cap_add'],
    ['[limits]\npids = "all"', '/c.toml:2: limits.pids must be a whole number of at least 16, or "none"'],
    ['[network]\nports = [0]', '/c.toml:2: network.ports.0 must be 1 to 65535'],
    ['[network]\nports = [80, 65536]', '/c.toml:2: network.ports.1 must be 1 to 65535'],
    ['[network]\nports = [80.5]', '/c.toml:2: network.ports.0 must be 1 to 65535'],
    ['[network]\nports = ["80"]', '/c.toml:2: network.ports.0 must be a number, found "80"'],
    ['[network]\nports = 80', '/c.toml:2: network.ports must be a list, found 80'],
    ['[network]\nports = []', '/c.toml:2: network.ports must name at least one port'],
    [
      '[network]\nallow = ["host.paude.internal"]\nports = [3000]',
      '/c.toml:2: network.allow: cannot allow "host.paude.internal"',
    ],
    ['[network]\nip = "ipv6"', '/c.toml:2: network.ip must be one of any, ipv4, found "ipv6"'],
    ['[network]\ngroups = ["Git Hub"]', '/c.toml:2: network.groups.0 must be the name of a group, like "@github"'],
    ['[workspace]\nprotect = ["../x"]', '/c.toml:2: workspace.protect.0 must be a path in the project, without ..'],
    ['[workspace]\nprotect = ["/etc"]', '/c.toml:2: workspace.protect.0 must be a path in the project'],
    [
      '[docker]\nextra_flags = ["--privileged"]',
      '/c.toml:2: docker.extra_flags: --privileged is refused: it removes the isolation of the sandbox',
    ],
    ['[workspace]\nguard = ["x"]', '/c.toml:2: workspace.guard.0 must be severe:NAME, warn:NAME or shown:NAME'],
    ['[workspace]\nguard = ["warn:../x"]', '/c.toml:2: workspace.guard.0 must be severe:NAME'],
    ['[env]\nGITHUB_TOKEN = "ghp_abc"', '/c.toml:2: env.GITHUB_TOKEN looks like a secret'],
    ['[env]\nX = "file:relative"', '/c.toml:2: env.X must be "env:NAME" or "file:/path"'],
    ['[env]\n"1X" = "a"', '/c.toml:2: env.1X is not the name of an environment variable'],
    ['[env]\nX = { command = ["./here"] }', '/c.toml:2: env.X.command must begin with a program'],
    [
      '[network]\nallow = ["a.org", "http://x.org"]',
      '/c.toml:2: network.allow: cannot allow "http://x.org": http:// needs a port',
    ],
    [
      '[network]\nallow = ["@nope"]',
      '/c.toml:2: network.allow: there is no group "@nope" | list them: paude network groups; did you mean @node?',
    ],
    ['[network]\ndeny = ["10.0.0.1"]', '/c.toml:2: network.deny: cannot deny "10.0.0.1"'],
    ['[network]\ngroups = ["@nope"]', '/c.toml:2: network.groups: there is no group "@nope"'],
    ['[network]\ndns = ["not an ip"]', '/c.toml:2: network.dns: "not an ip" is not an IP address | write the address'],
    ['[network]\nupstream_except = ["///"]', '/c.toml:2: network.upstream_except: cannot except "///"'],
    ['[network]\nupstream_proxy = "http://p.org/path"', '/c.toml:2: network.upstream_proxy: "http://p.org/path" is not a proxy'],
    ['[network]\nupstream_proxy = "http://a:hunter2@p.org"', '/c.toml:2: network.upstream_proxy: it must not hold a password'],
    [
      '[network]\nupstream_credentials = "env:ANTHROPIC_API_KEY"',
      '/c.toml:2: network.upstream_credentials: ANTHROPIC_API_KEY is the credential of the provider',
    ],
    ['[network]\nbandwidth = "5"', '/c.toml:2: network.bandwidth must be bytes per second like "500k" or "5m", or "none'],
    ['[image]\nagent_version = "abc"', '/c.toml:2: image.agent_version: not an exact version of the agent: "abc"'],
    ['[image]\nref = "--privileged"', '/c.toml:2: image.ref: not an image reference: "--privileged"'],
    ['[image]\nbase = "a b"', '/c.toml:2: image.base: not an image reference: "a b"'],
    ['mounts = ["relative:x:y:z"]', '/c.toml:1: mounts: not a mount: relative:x:y:z'],
    ['mounts = ["/data:/etc/x"]', '/c.toml:1: mounts: cannot mount at /etc/x: the sandbox needs this path itself'],
    ['[terminal]\nscrollback = "lots"', '/c.toml:2: terminal.scrollback must be a number of lines'],
    ['[terminal]\nscrollback = -1', '/c.toml:2: terminal.scrollback must be a number of lines'],
    ['[terminal]\ndetach_keys = "ctrl-"', '/c.toml:2: terminal.detach_keys: unknown key "ctrl-"'],
    ['env = ["1BAD"]', '/c.toml:1: env.1BAD: invalid variable name "1BAD" | write NAME or NAME=VALUE'],
    ['env = ["HTTPS_PROXY=http://x"]', '/c.toml:1: env.HTTPS_PROXY: HTTPS_PROXY is set by paude in the sandbox'],
    ['[env]\nA = "1"\nPAUDE_WALL = "0"', '/c.toml:3: env.PAUDE_WALL: PAUDE_WALL is set by paude'],
    ['[env]\nX = "a\\u0000b"', '/c.toml:2: env.X: the value of X contains a NUL byte'],
    ['[env]\nX = "env:ANTHROPIC_API_KEY"', '/c.toml:2: env.X: ANTHROPIC_API_KEY stays outside the sandbox'],
    ['[env]\nDOCKER_HOST = "env:X"', "/c.toml:2: env.DOCKER_HOST: the engine's client obeys "],
    ['[profiles.ci.network]\ndns = ["x"]', '/c.toml:2: profiles.ci.network.dns: "x" is not an IP address'],
    ['[profiles.CI]\nbackend = "docker"', '/c.toml:1: profiles.CI must be a name of lower-case letters'],
    ['[profiles.ci]\nprofiles = {}', '/c.toml:2: unknown key profiles.ci.profiles'],
  ])('%j is refused by line and key', (text, words) => {
    expect(fault(text)).toStartWith(words)
    expect(fault(text)).not.toMatch(/ghp_abc|hunter2/)
    // Nobody typed a flag.
    expect(fault(text).replace(/"?--privileged"?/g, '')).not.toContain('--')
  })

  test.each(['network', 'profiles.ci.network'])('[%s] that would record names the flag of one start', (table) => {
    expect(fault(`[${table}]\nmode = "record"`)).toBe(
      `/c.toml:2: ${table}.mode must be one of restricted, ask, open, none, found "record" | record mode is for one start and cannot be set in a file: paude --network record`,
    )
  })

  test.each([
    ...['MY_TOKEN', 'AWS_SECRET_ACCESS_KEY', 'GITHUB_PAT', 'PGPASS', 'PGPASSWORD', 'SMTP_PASS', 'MYSQL_PWD', 'SECRET_KEY_BASE'],
    ...['OPENAI_API_KEY', 'apikey', 'TLS_PRIVATE_KEY', 'KEY_PASSPHRASE', 'APP_SECRETS'],
  ])('no secret stands in a file, be it in the table or the list: %s', (name) => {
    expect(fault(`[env]\n${name} = "hunter2"`)).toStartWith(`/c.toml:2: env.${name} looks like a secret`)
    for (const text of [`env = ["A", "${name}=hunter2"]`, `profiles.ci.env = ["${name}=hunter2"]`]) {
      expect(fault(text)).toMatch(new RegExp(`^/c\\.toml:1: (profiles\\.ci\\.)?env\\.${name} looks like a secret`))
      expect(fault(text, 'project')).not.toContain('hunter2')
    }
    expect(fault(`env = ["${name}", "${name}="]`)).toBe('accepted')
  })

  test.each(['PATHS', 'BYPASS', 'COMPASS', 'OLDPWD', 'MAX_TOKENS', 'AWS_ACCESS_KEY_ID', 'MONKEY', 'TOKEN_FILE', 'SPAT'])(
    'what only sounds like one may stand there: %s',
    (name) => expect([fault(`[env]\n${name} = "x"`), fault(`env = ["${name}=x"]`)]).toEqual(['accepted', 'accepted']),
  )

  test.each([
    ['project', '[notify]\ndesktop = true'],
    ['project', '[terminal]\nscrollback = 9'],
    ['project', '[security]\nproject_config = "ask"'],
    ['project', 'security = { seccomp = "default", project_config = "ask" }'],
    ['project', 'profiles.ci.security.project_config = "ignore"'],
    ['project', '[profiles.ci.notify]\ncommand = ["evil"]'],
    ['managed', '[notify]\ndesktop = true'],
    ['managed', 'env = ["A"]'],
    ['managed', '[profiles.ci]\nbackend = "docker"'],
  ] as const)('a %s file says nothing of what is not its business: %j', (layer, text) => {
    expect(fault(text, layer)).toMatch(
      /^\/c\.toml:[12]: (notify|terminal|security\.project_config|env|profiles) is not allowed in this file \| /,
    )
    expect(fault(text)).toBe('accepted')
  })

  test('variables are values in a list, and values or references in a table', () => {
    const [source] = user('[env]\nA = "x=y"\nB = "env:OTHER"\nC_TOKEN = "file:~/t"\nD = { command = ["pass", "d"] }\n')
    expect(source?.values).toEqual({
      env: ['A=x=y'],
      references: [
        { name: 'B', source: 'env:OTHER' },
        { name: 'C_TOKEN', source: 'file:~/t' },
        { name: 'D', source: ['pass', 'd'] },
      ],
    })
    expect(user('env = ["A", "B=env:literal"]')[0]?.values).toEqual({ env: ['A', 'B=env:literal'], references: [] })
  })

  const keyish = fc.constantFrom(
    'backend',
    '[network]',
    'mode',
    'allow',
    '[profiles.a]',
    'env',
    'version',
    '__proto__',
    'constructor',
  )
  const valueish = fc.constantFrom(
    '= "docker"',
    '= [',
    '= { a = 1 }',
    '= 1979-05-27',
    '= 0x7fffffffffffffffff',
    '= nan',
    '= """',
    "= '''x'''",
    '.a = 1',
  )
  test('whatever it holds is read, or refused with the name of the file', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(keyish, valueish, anyWord, fc.constant('\n')), { maxLength: 12 }), (parts) => {
        try {
          parseConfig({ layer: 'project', file: '/c.toml', text: parts.join(' ') })
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError)
          expect((error as PaudeError).message).toContain('/c.toml')
          expect(`${(error as PaudeError).message}${(error as PaudeError).hint}`).not.toMatch(/\p{Cc}/u)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

test('every mistake of a file is told, in the order of its lines', () => {
  const text = 'nope = 1\nalso = 2\n[limits]\nmemory = 4\nfoo = 1\n[network]\nmode = "opn"\n'
  expect(faultsOf({ layer: 'user', file: '/c.toml', text }).map(({ message, hint }) => `${message} | ${hint}`)).toEqual([
    '/c.toml:1: unknown key nope | paude help keys',
    '/c.toml:2: unknown key also | paude help keys',
    '/c.toml:4: limits.memory must be a string, found 4 | put it in quotes, with a unit: "4g"',
    '/c.toml:5: unknown key limits.foo | paude help keys',
    '/c.toml:7: network.mode must be one of restricted, ask, open, none, found "opn" | paude config edit',
  ])
})

test.each(['mode = "opn"', 'groups = ["npm", 5]', 'mdoe = "none"'])(
  'a wrong value or key hides no mistake of another kind: %s',
  (wrong) => {
    const text = `[network]\n${wrong}\nallow = ["@nope"]\n[limits]\nmemory = "lots"\n`
    const told = faultsOf({ layer: 'user', file: '/c.toml', text }).map(({ message }) => message)
    expect(told).toEqual([
      expect.stringContaining('/c.toml:2: '),
      expect.stringContaining('there is no group "@nope"'),
      expect.stringContaining('limits.memory'),
    ])
  },
)
