import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from './support/machine.ts'
import { programLine } from './support/program.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let file: string
let userFile: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.project, 'paude.toml')
  userFile = join(machine.home, '.config/paude/config.toml')
})
afterEach(() => machine.dispose())

const put = (name: string, text = '') => machine.write(join(machine.project, name), text)
const written = () => (existsSync(file) ? readFileSync(file, 'utf8') : null)
const groups = () => (Bun.TOML.parse(written() ?? '') as { network?: { groups?: string[] } }).network?.groups

describe('without questions', () => {
  test('writes what the project speaks for, with the reason above, and a start takes it without a further question', async () => {
    put('package.json')
    put('go.mod')
    expect(await machine.paude(['init', '--yes'])).toMatchObject({ code: 0, stdout: `${file}\n` })
    expect(groups()).toEqual(['@npm', '@go'])
    expect(written()).toContain('# @go: go.mod: Go modules\n')
    expect((await machine.paude(['--print-config', '-p', 'x'])).code).toBe(0)
    expect((await machine.paude(['config', 'get', 'network.groups'])).stdout).toBe('@npm\n@go\n')
  })

  test('writes the groups that are named in place of those proposed', async () => {
    put('package.json')
    await machine.paude(['init', '--yes', '--groups', 'pypi,@github'])
    expect(groups()).toEqual(['@pypi', '@github'])
  })

  test.each([
    ['nothing speaks for a group', []],
    ['none is wanted', ['--groups', 'none']],
  ])('writes nothing where %s', async (_, flags) => {
    if (flags.length > 0) put('package.json')
    expect(await machine.paude(['init', '--yes', ...flags])).toMatchObject({ code: 0, stdout: '' })
    expect(written()).toBeNull()
  })

  test('adds what is missing to a file that is there, and keeps its comments and order', async () => {
    put('package.json')
    put('paude.toml', '# ours\n[limits]\nmemory = "2g" # enough\n\n[network]\n# why\ngroups = ["@pypi"]\nmode = "restricted"\n')
    const { stderr } = await machine.paude(['init', '--yes'])
    expect(stderr).toContain(`${file} would change:\n  - groups = ["@pypi"]\n  + groups = ["@pypi", "@npm"]\n  + [image]\n`)
    expect(written()).toBe(
      '# ours\n[limits]\nmemory = "2g" # enough\n\n[network]\n# why\ngroups = ["@pypi", "@npm"]\nmode = "restricted"\n\n[image]\npackages = ["nodejs", "npm"]\n',
    )
    const again = await machine.paude(['init', '--yes'])
    expect(again).toMatchObject({ code: 0, stdout: '' })
    expect(again.stderr).toContain(`${file} has @npm already`)
  })

  test('adds to a list of several lines, with what is said about each; a name without @ is the same', async () => {
    put('package.json')
    put('go.mod')
    put('paude.toml', '[network]\ngroups = [\n  "go", # ours\n]\n')
    await machine.paude(['init', '--yes'])
    expect(written()).toBe(
      '[network]\ngroups = [\n  "go", # ours\n  "@npm",\n]\n\n[image]\npackages = ["nodejs", "npm", "golang"]\n',
    )
  })

  test('knows which groups there are', async () => {
    expect(await machine.paude(['init', '--yes', '--groups', 'nmp'])).toMatchObject({ code: 2, stdout: '' })
    expect(written()).toBeNull()
  })

  test('shows the line where a file cannot be changed without rewriting it', async () => {
    put('package.json')
    const text = 'network = { groups = ["@pypi"] }\n'
    put('paude.toml', text)
    const { code, stderr } = await machine.paude(['init', '--yes'])
    expect(code).toBe(2)
    expect(stderr).toContain('→ change it to: network.groups = ["@pypi", "@npm"]')
    expect(written()).toBe(text)
  })

  test.skipIf(process.platform === 'darwin')('tells of no engine that cannot be here or is asked by name alone', async () => {
    put('package.json')
    const { stderr } = await machine.paude(['init', '--yes'])
    expect(stderr).toContain('paude: docker: ')
    expect(stderr).not.toMatch(/^paude: (apple|kubernetes): /m)
  })

  test('keeps an engine in the user’s own file, and never in the project’s', async () => {
    put('package.json')
    machine.write(userFile, '# mine\nversion = 1\n')
    await machine.paude(['init', '--yes', '--backend', 'podman'])
    expect(readFileSync(userFile, 'utf8')).toBe('# mine\nversion = 1\nbackend = "podman"\n')
    expect(written()).not.toContain('podman')
  })

  test('keeps provider and fallback in the user’s own file, and notes the agent', async () => {
    const { code, stderr } = await machine.paude([
      ...['init', '--yes', '--base-url', 'https://gateway.example.org/Team', '--fallback', 'host'],
    ])
    expect(code).toBe(0)
    expect(readFileSync(userFile, 'utf8')).toBe(
      '#:schema ./schema.json\nversion = 1\nfallback = "host"\n\n[provider]\nbase_url = "https://gateway.example.org/Team"\n',
    )
    expect(stderr).toContain(`${userFile}: fallback = "host"\n`)
    await machine.paude(['init', '--yes', '--fallback', 'none'])
    expect((await machine.paude(['config', 'get', 'fallback'])).stdout).toBe('none\n')
    expect((await machine.paude(['config', 'get', 'provider.base_url'])).stdout).toBe('https://gateway.example.org/Team\n')
  })

  test('tells how a gateway gets its credential, since nobody logs in there inside the sandbox', async () => {
    const told = async (...words: readonly string[]) =>
      (await machine.paude(['init', '--yes', ...words], { env: { PAUDE_LOGIN_INSIDE: undefined } })).stderr
    expect(await told()).toContain('no credential yet; to log in for all projects: paude login\n')
    const text = await told('--base-url', 'https://gateway.example.org/Team')
    expect(text).toContain(
      'no credential is set for gateway.example.org:443: export ANTHROPIC_AUTH_TOKEN or ANTHROPIC_API_KEY, or paude config set provider.auth_token env:NAME\n',
    )
    expect(text).not.toContain('log in')
  })

  test.each([
    [['--base-url', 'gateway'], '--base-url is not a plain web address: gateway'],
    [['--base-url', 'http://localhost:1'], '--base-url names the loopback of this machine, but the sandbox has its own: '],
    [['--fallback', 'docker'], '--fallback must be none or host, found "docker"'],
  ])('refuses %j and writes nothing', async (words, fault) => {
    const { code, stderr } = await machine.paude(['init', '--yes', ...words])
    expect([code, existsSync(userFile)]).toEqual([2, false])
    expect(stderr).toContain(fault)
  })

  test('refuses an engine that cannot be used, and says what would help', async () => {
    machine.set('fail', 'info', 'Error: Cannot connect to Podman')
    expect((await machine.paude(['init', '--yes', '--backend', 'podman'])).stderr).toContain('→ podman info')
    expect((await machine.paude(['init', '--yes', '--backend', 'moby'])).code).toBe(2)
    expect(existsSync(userFile)).toBe(false)
  })

  test('asks nothing without a terminal, and writes nothing unasked', async () => {
    put('package.json')
    const { code, stdout, stderr } = await machine.paude(['init'])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toEndWith('→ paude init --yes\n')
    expect(written()).toBeNull()
  })

  test('--dry-run prints the file, and only that, on stdout', async () => {
    put('Cargo.toml')
    const { code, stdout } = await machine.paude(['init', '--dry-run'])
    expect([code, written(), existsSync(userFile)]).toEqual([0, null, false])
    expect((Bun.TOML.parse(stdout) as { network: unknown }).network).toEqual({ groups: ['@crates'] })
  })

  test('writes to no place that a link of the project names', async () => {
    put('package.json')
    const elsewhere = join(machine.room, 'elsewhere')
    machine.write(elsewhere, 'untouched')
    symlinkSync(elsewhere, file)
    const { code, stderr } = await machine.paude(['init', '--yes'])
    expect(code).not.toBe(0)
    expect(stderr).toContain('is a link')
    expect([readFileSync(elsewhere, 'utf8'), lstatSync(file).isSymbolicLink()]).toEqual(['untouched', true])
  })

  test('puts the tools of the languages into the image, and says what a devcontainer would do', async () => {
    put('package.json')
    put('.nvmrc', 'v22.3.0\n')
    put('go.mod')
    put('.devcontainer/devcontainer.json', '{ "image": "example.org/box/node:1" }')
    const { stderr } = await machine.paude(['init', '--yes'])
    expect(stderr).toContain('to use the image of .devcontainer/devcontainer.json instead: paude --devcontainer')
    expect(written()).toContain('[image]\npackages = ["golang"]\ntools = ["node@22.3.0"]\n')
    expect((await machine.paude(['--print-config', '-p', 'x'])).code).toBe(0)
    expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
    expect((await machine.paude(['config', 'get', 'image.tools'])).stdout).toBe('node@22.3.0\n')
    expect((await machine.paude(['init', '--yes'])).stdout).toBe('')
  })

  test('adds tools to a file that is there', async () => {
    put('package.json')
    put('paude.toml', '[network]\ngroups = ["@npm"]\n[image]\npackages = ["npm"]\n')
    expect((await machine.paude(['init', '--yes'])).code).toBe(0)
    expect(written()).toBe('[network]\ngroups = ["@npm"]\n[image]\npackages = ["npm", "nodejs"]\n')
  })

  test.each([
    ['an image is named', '', ['--image', 'my/box:1']],
    ['the devcontainer counts', '', ['--devcontainer']],
    ['the file names a base', '[image]\nbase = "fedora"\n', []],
  ])('proposes no tools where %s', async (_, text, flags) => {
    put('.devcontainer/devcontainer.json', '{ "image": "example.org/box/github-cli:1" }')
    put('package.json')
    if (text !== '') put('paude.toml', text)
    expect((await machine.paude([...flags, 'init', '--yes'])).code).toBe(0)
    expect([written()?.includes('@npm'), written()?.includes('nodejs')]).toEqual([true, false])
  })

  test('of no groups leaves the file as it is, and does not say that nothing asks for one', async () => {
    put('package.json')
    put('paude.toml', '[network]\ngroups = ["@npm"]\n')
    const { code, stderr } = await machine.paude(['init', '--groups', 'none'])
    expect(code).toBe(0)
    expect(stderr).toContain(`you chose no group, so ${file} does not change`)
    expect(stderr).not.toContain('this project needs no group of hosts, so it needs no paude.toml')
    expect(stderr).not.toContain('Node packages')
  })

  test('is refused where a start is', async () => {
    const { code, stderr } = await machine.paude(['init', '--yes'], { cwd: '/' })
    expect(code).toBe(1)
    expect(stderr).toContain('refusing to work in /')
    expect((await machine.paude(['init', '--yes'], { cwd: machine.home })).stderr).toContain('--force')
    expect((await machine.paude(['--force', 'init', '--yes'], { cwd: machine.home })).code).toBe(0)
  })

  test('leaves nothing behind but the file', async () => {
    put('package.json')
    await machine.paude(['init', '--yes'])
    expect(readdirSync(machine.project).toSorted()).toEqual(['package.json', 'paude.toml'])
  })
})

const script = Bun.which('script')
if (script === null) console.log('skipped: the questions of paude init on a terminal, since script(1) is not installed')

describe.skipIf(script === null)('on a terminal', () => {
  /** What the terminal showed, and the exit code. */
  async function answered(...lines: readonly string[]): Promise<readonly [code: number, screen: string]> {
    const line = `${programLine} init`
    const child = Bun.spawn([script ?? '', '-qec', line, '/dev/null'], {
      env: { ...machine.env, TERM: 'dumb', SHELL: '/bin/sh' },
      cwd: machine.project,
      stdin: Buffer.from(lines.map((text) => `${text}\n`).join('')),
      stdout: 'pipe',
    })
    return [await child.exited, (await child.stdout.text()).replaceAll('\r\n', '\n')]
  }

  test('asks for the engine and shows the file before it asks to write it', async () => {
    put('package.json')
    const [code, screen] = await answered('podman', '', '', 'y')
    expect(code).toBe(0)
    expect(screen).toContain('paude: which engine? auto uses the first that works at each start [AUTO/docker/podman]: ')
    expect(screen.indexOf('groups = ["@npm"]')).toBeLessThan(screen.indexOf('write it? [Y/n]'))
    expect([groups(), readFileSync(userFile, 'utf8')]).toEqual([
      ['@npm'],
      '#:schema ./schema.json\nversion = 1\nbackend = "podman"\n',
    ])
  })

  test('Enter leaves the engine to each start, as the question says, and writes no configuration for that', async () => {
    put('package.json')
    const [code, screen] = await answered('', '', '', 'y')
    expect(screen).toContain('[AUTO/docker/podman]')
    expect([code, existsSync(userFile), groups()]).toEqual([0, false, ['@npm']])
  })

  test('other groups may be named in place of a yes, and are shown and asked for again', async () => {
    put('package.json')
    const [code, screen] = await answered('', '', '', 'pypi, npm', 'y')
    expect([code, groups()]).toEqual([0, ['@pypi', '@npm']])
    expect(screen.match(/write it\?/g)).toHaveLength(2)
  })

  test('a group that there is not is asked for again', async () => {
    put('package.json')
    const [code, screen] = await answered('', '', '', 'pipy', 'pypi', 'y')
    expect([code, groups()]).toEqual([0, ['@pypi']])
    expect(screen).toContain('there is no group "@pipy"')
  })

  test.each(['n', 'no'])('%j writes nothing', async (word) => {
    put('package.json')
    expect((await answered('', '', '', word))[0]).toBe(0)
    expect(written()).toBeNull()
  })

  test('Enter writes it, as the capital says, and the end of the input does not', async () => {
    put('package.json')
    expect((await answered('', '', ''))[0]).toBe(0)
    expect(written()).toBeNull()
    expect((await answered('', '', '', ''))[0]).toBe(0)
    expect(groups()).toEqual(['@npm'])
  })

  test('asks for provider and fallback after the engine, and keeps the answers', async () => {
    const [code, screen] = await answered('', 'gateway', 'https://gateway.example.org/Team', 'y')
    expect(code).toBe(0)
    const places = [
      'which engine?',
      "the agent's own provider, or a gateway? [OWN/gateway]",
      'address of the gateway',
      'WITHOUT a sandbox? [y/N]',
    ].map((words) => screen.indexOf(words))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    const kept = Bun.TOML.parse(readFileSync(userFile, 'utf8'))
    expect(kept).toEqual({ version: 1, fallback: 'host', provider: { base_url: 'https://gateway.example.org/Team' } })
  })

  test('says that no gateway was set where no address was given', async () => {
    const [code, screen] = await answered('', 'gateway', '', '')
    expect(code).toBe(0)
    expect(screen).toContain("no address given, so paude uses the agent's own provider; to set one: paude init --base-url URL")
  })

  test('asks again where an answer cannot be taken, and says why', async () => {
    const [code, screen] = await answered(
      'dokcer',
      'podman',
      'x',
      'gateway',
      'nowhere',
      'https://gateway.example.org',
      'maybe',
      'y',
    )
    expect(code).toBe(0)
    for (const words of [
      'unknown engine "dokcer"',
      'unknown provider "x"',
      'that is not a plain web address: nowhere',
      '"maybe" is not y or n',
    ])
      expect(screen).toContain(words)
    expect(screen.match(/which engine\?/g)).toHaveLength(2)
    const kept = Bun.TOML.parse(readFileSync(userFile, 'utf8'))
    expect(kept).toEqual({
      version: 1,
      backend: 'podman',
      fallback: 'host',
      provider: { base_url: 'https://gateway.example.org' },
    })
  })

  test('provider and fallback that are decided already are not asked for', async () => {
    machine.write(userFile, 'fallback = "none"\nprovider.base_url = "https://gateway.example.org"\n')
    const [code, screen] = await answered('')
    expect(code).toBe(0)
    expect(screen).not.toMatch(/OWN\/gateway|WITHOUT a sandbox\?/)
  })

  test('an engine that is decided already is not asked for', async () => {
    put('package.json')
    machine.write(userFile, 'backend = "podman"\n')
    const [, screen] = await answered('', '', 'y')
    expect(screen).not.toContain('engine:')
    expect(groups()).toEqual(['@npm'])
  })
})
