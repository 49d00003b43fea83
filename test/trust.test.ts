import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from './support/machine.ts'
import { program, programLine } from './support/program.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.project, 'paude.toml')
})
afterEach(() => machine.dispose())

const OPEN = '[network]\nallow = ["evil.example.org"]\n'
const show = (...flags: string[]) => machine.paude([...flags, '--print-config', '-p', 'x'])
const engineCalls = () => machine.calls()
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)

describe('a project that wants to open the sandbox', () => {
  test('does not start without a terminal, and is told what to type', async () => {
    machine.write(file, OPEN)
    for (const words of [['-p', 'hi'], ['--detach'], ['--dry-run', '-p', 'hi'], ['run', '--', 'true']])
      expect(await machine.paude(words)).toEqual({
        code: 125,
        stdout: '',
        stderr: `paude: ${file} wants to loosen the sandbox and is not trusted: network.allow = evil.example.org\n  → review and approve it: paude trust; or start without it: paude --ignore-project-config\n`,
      })
    expect(engineCalls()).toEqual([])
  })

  test('starts without its file when told so, by flag or by variable', async () => {
    machine.write(file, OPEN)
    for (const [words, env] of [
      [['--ignore-project-config'], {}],
      [[], { PAUDE_IGNORE_PROJECT_CONFIG: '1' }],
    ] as const) {
      const { code, stdout } = await machine.paude([...words, '--print-config', '-p', 'x'], { env })
      expect([code, stdout.includes('evil')]).toEqual([0, false])
    }
  })

  test('is shown as a diff, trusted, listed, and asked again at every change', async () => {
    machine.write(file, `[network]\nmode = "open"\nallow = ["evil.example.org"]\n[limits]\nmemory = "1g"\n`)
    const refused = await machine.paude(['trust'])
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toBe(
      `paude: ${file} wants to loosen the sandbox:\n  + network.allow = evil.example.org   # paude.toml:3\n  - network.mode = restricted\n  + network.mode = open   # paude.toml:2: no wall\npaude: there is no terminal to ask on, so nothing was trusted\n  → paude trust --yes\n`,
    )
    expect((await machine.paude(['trust', '--yes'])).stdout).toBe(`${file}\n`)
    expect((await show()).stdout).toMatch(/^network\.mode +open +# project .*paude\.toml:2$/m)
    expect((await machine.paude(['trust'])).stderr).toBe('paude: trusted already\n')
    expect((await machine.paude(['trust', '--list'])).stdout).toMatch(/paude\.toml +trusted +\d/)

    machine.write(file, `${readFileSync(file, 'utf8')}\n`)
    expect((await show()).code).toBe(125)
    expect((await machine.paude(['trust', '--list'])).stdout).toMatch(/paude\.toml +changed +\d/)
    expect(JSON.parse((await machine.paude(['trust', '--list', '--json'])).stdout)).toMatchObject([{ file, state: 'changed' }])
    rmSync(file)
    expect((await machine.paude(['trust', '--list'])).stdout).toMatch(/paude\.toml +gone +\d/)
  })

  test('is listed as changed when the Dockerfile of its devcontainer is, or another file of the build', async () => {
    const folder = join(machine.project, '.devcontainer')
    machine.write(join(folder, 'devcontainer.json'), '{ "build": { "dockerfile": "Dockerfile" } }')
    machine.write(join(folder, 'Dockerfile'), 'FROM debian\n')
    machine.write(join(folder, 'words'), 'one\n')
    const state = async () =>
      (JSON.parse((await machine.paude(['trust', '--list', '--json'])).stdout) as readonly { state: string }[])[0]?.state
    expect((await machine.paude(['--devcontainer', 'trust', '--yes'])).code).toBe(0)
    expect(await state()).toBe('trusted')
    machine.write(join(folder, 'words'), 'two\n')
    expect(await state()).toBe('changed')
    machine.write(join(folder, 'words'), 'one\n')
    expect(await state()).toBe('trusted')
    machine.write(join(folder, 'Dockerfile'), 'FROM debian\n# more\n')
    expect(await state()).toBe('changed')
    rmSync(join(folder, 'Dockerfile'))
    expect(await state()).toBe('changed')
  })

  test('is asked again when the user has less than at the time of his word', async () => {
    machine.write(file, '[limits]\nmemory = "8g"\n[network]\nallow = ["evil.example.org"]\n')
    await machine.paude(['trust', '--yes'])
    expect((await show()).code).toBe(0)
    configure('[limits]\nmemory = "4g"\n')
    expect((await show()).stderr).toContain('limits.memory = 8g')
  })

  test('is asked again when the user has gone down from what it was compared with', async () => {
    configure('[limits]\nmemory = "4g"\n')
    machine.write(file, '[limits]\nmemory = "8g"\n')
    await machine.paude(['trust', '--yes'])
    expect((await show()).stdout).toMatch(/^limits\.memory +8g/m)
    configure('[limits]\nmemory = "6g"\n')
    expect((await show()).code).toBe(0)
    configure('[limits]\nmemory = "512m"\n')
    expect((await show()).stderr).toContain('is not trusted: limits.memory = 8g')
    expect((await machine.paude(['trust', '--yes'])).stderr).toContain('- limits.memory = 512m\n  + limits.memory = 8g')
    expect((await show()).code).toBe(0)
  })

  test('shows hosts by the name that is called, whatever letters they are written with', async () => {
    machine.write(
      file,
      '[network]\nallow = ["g\u0456thub.com", "*.\u0440\u0443\u0440\u0456.com:443"]\nupstream_proxy = "http://\u0440roxy.example:3128"\nupstream_except = [".\u0456.example"]\n',
    )
    const { code, stderr } = await machine.paude(['trust', '--yes'])
    expect(code).toBe(0)
    const listed = (await machine.paude(['trust', '--list'])).stdout
    const settings = (await show()).stdout
    for (const screen of [stderr, (await show('--ignore-project-config')).stderr, listed, settings])
      expect(screen).not.toMatch(/[\u0400-\u04ff]/)
    for (const screen of [stderr, listed]) {
      expect(screen).toContain('network.allow = xn--gthub-n2e.com')
      expect(screen).toContain('network.allow = *.xn--p1aai1f.com:443')
      expect(screen).toMatch(/network\.upstream_proxy = http:\/\/xn--\S+\.example:3128/)
      expect(screen).toMatch(/network\.upstream_except = \.xn--\S+\.example/)
    }
    expect(settings).toMatch(/^network\.allow +xn--gthub-n2e\.com/m)
  })

  test.each([
    ['network.allow = ["pypi\u200b.org"]', 'cannot allow "pypi\\u200b.org"'],
    ['network.allow = ["a\u200db.org"]', 'cannot allow "a\\u200db.org"'],
    ['network.allow = ["x\u00ad.org"]', 'cannot allow "x\\u00ad.org"'],
    ['network.allow = ["x\u200e.org"]', 'cannot allow "x\\u200e.org"'],
    ['network.allow = ["@g\u0456thub"]', 'there is no group'],
    ['network.dns = ["10.0.0.53\u200b"]', '"10.0.0.53\\u200b" is not an IP address'],
  ])('is not trusted with what no start takes: %j', async (text, fault) => {
    machine.write(file, `${text}\n`)
    const { code, stdout, stderr } = await machine.paude(['trust', '--yes'])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(fault)
    expect(stderr).not.toMatch(/[\u00ad\u200b-\u200f]/)
    expect((await machine.paude(['trust', '--list'])).stderr).toBe('paude: nothing is trusted\n')
    expect((await show()).stderr).not.toMatch(/[\u00ad\u200b-\u200f]/)
  })

  test('shows a mount by its shortest path and by where it leads', async () => {
    mkdirSync(join(machine.home, 'notes/private'), { recursive: true })
    symlinkSync(join(machine.home, 'notes'), join(machine.home, 'link'))
    const hidden = `${machine.home}/notes${'/.'.repeat(120)}/private${'/.'.repeat(30)}`
    machine.write(file, `mounts = ["${hidden}:/opt/notes", "~//link/:/opt/link"]\nenv = { A = "file:~/./notes//a" }\n`)
    const { stderr } = await machine.paude(['trust', '--yes'])
    expect(stderr).toContain(`+ mounts = ${machine.home}/notes/private:/opt/notes   # paude.toml:1\n`)
    expect(stderr).toContain('+ mounts = ~/link:/opt/link   # paude.toml:1\n')
    expect(stderr).toContain(`  ${machine.home}/link links to ${machine.home}/notes\n`)
    expect(stderr).toContain('+ env = A = file:~/notes/a   # paude.toml:2: gives the agent a value of yours\n')
  })

  test.each([
    ['mounts = ["/%"]', 'mounts'],
    ['env = { X = "file:/%" }', 'env'],
    ['workspace.protect = ["%"]', 'protect'],
    ['image.ca_files = ["/%"]', 'certificates'],
  ])('has no path that no system takes: %s', async (text) => {
    machine.write(file, `${text.replace('%', 'a/'.repeat(30_000))}\n`)
    for (const words of [['--print-config'], ['status'], ['config', 'check'], ['trust', '--yes']]) {
      const { stderr, stdout } = await machine.paude(words)
      expect(`${stdout}${stderr}`).toMatch(
        /paude\.toml(:1)?(:| has).* (path of 6000\d characters, too long for any system: |the path is too long)/,
      )
      expect(stderr.length).toBeLessThan(1000)
    }
  })

  test('has no key that fills the screen', async () => {
    machine.write(file, `${'k'.repeat(60_000)} = 1\n`)
    const { code, stderr } = await show()
    expect(code).toBe(125)
    expect(stderr).toMatch(/unknown key kkk.*characters\)/)
    expect(stderr.length).toBeLessThan(1200)
  })

  test('fails config check --strict until it is approved', async () => {
    const check = async (...words: readonly string[]) => (await machine.paude(['config', 'check', ...words])).code
    machine.write(file, 'network.allow = ["example.org"]\n')
    expect([await check(), await check('--strict')]).toEqual([0, 1])
    await machine.paude(['trust', '--yes'])
    expect([await check(), await check('--strict')]).toEqual([0, 0])
  })

  test('is asked again when a certificate that it names has changed', async () => {
    machine.write(join(machine.project, 'ca.pem'), 'one')
    machine.write(file, '[image]\nca_files = ["ca.pem"]\n')
    await machine.paude(['trust', '--yes'])
    expect((await show()).stderr).not.toContain('not trusted')
    machine.write(join(machine.project, 'ca.pem'), 'two')
    expect((await show()).stderr).toContain('not trusted')
  })

  test('is asked again when a place that it names leads elsewhere', async () => {
    for (const name of ['data', 'private']) mkdirSync(join(machine.home, name))
    machine.write(join(machine.home, 'secret'), 'one')
    chmodSync(join(machine.home, 'secret'), 0o600)
    machine.write(join(machine.home, 'login'), 'a:b')
    chmodSync(join(machine.home, 'login'), 0o600)
    machine.write(
      file,
      'mounts = ["~/data:/data"]\nenv = { A = "file:~/secret" }\nnetwork.upstream_proxy = "http://proxy.example.org:1"\nnetwork.upstream_credentials = "file:~/login"\n',
    )
    await machine.paude(['trust', '--yes'])
    expect((await show()).code).toBe(0)
    for (const name of ['data', 'secret', 'login']) {
      renameSync(join(machine.home, name), join(machine.home, 'aside'))
      symlinkSync(join(machine.home, name === 'data' ? 'private' : '.netrc'), join(machine.home, name))
      expect((await show()).stderr).toContain('not trusted')
      rmSync(join(machine.home, name))
      renameSync(join(machine.home, 'aside'), join(machine.home, name))
      expect((await show()).code).toBe(0)
    }
  })

  test('keeps the word about each profile while the file stays as it is', async () => {
    machine.write(file, `${OPEN}[profiles.ci.network]\nmode = "open"\n`)
    await machine.paude(['--profile', 'ci', 'trust', '--yes'])
    expect([(await show()).code, (await show('--profile', 'ci')).code]).toEqual([0, 0])
    await machine.paude(['untrust'])
    await machine.paude(['trust', '--yes'])
    expect([(await show()).code, (await show('--profile', 'ci')).code]).toEqual([0, 125])
    await machine.paude(['--profile', 'ci', 'trust', '--yes'])
    expect([(await show()).code, (await show('--profile', 'ci')).code]).toEqual([0, 0])
  })

  test.each(['untrust', 'trust --revoke'])('is trusted no longer: paude %s', async (words) => {
    machine.write(file, OPEN)
    await machine.paude(['trust', '--yes'])
    expect((await machine.paude(words.split(' '))).stdout).toBe(`${file}\n`)
    expect((await show()).code).toBe(125)
    expect((await machine.paude(['untrust'])).stderr).toContain(`no file in ${machine.project} is trusted`)
  })

  test.each([
    ['--list --revoke', '--list and --revoke cannot be combined'],
    ['--yes --list', '--yes and --list cannot be combined'],
    ['--revoke --yes', '--yes and --revoke cannot be combined'],
    ['--json --yes', '--json goes with --list'],
  ])('is neither trusted nor forgotten by flags that mean nothing together: %s', async (flags, said) => {
    machine.write(file, OPEN)
    const { code, stdout, stderr } = await machine.paude(['trust', ...flags.split(' ')])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(said)
    expect((await machine.paude(['trust', '--list'])).stderr).toContain('is trusted')
  })

  test('keeps the word of the user outside of the project, for him alone', async () => {
    machine.write(file, OPEN)
    await machine.paude(['trust', '--yes'])
    const folder = join(machine.home, '.local/state/paude/trust')
    expect(readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600])
    expect(readdirSync(machine.project)).toEqual(['paude.toml'])
  })
})

const script = Bun.which('script')
if (script === null) console.log('skipped: the question about trust on a terminal, since script(1) is not installed')

describe.skipIf(script === null)('on a terminal', () => {
  /** What the terminal showed, and the exit code. */
  async function answered(word: string, words = '--detach -p x', env = {}): Promise<readonly [code: number, screen: string]> {
    const line = `${programLine} ${words}`
    const child = Bun.spawn([script ?? '', '-qec', line, '/dev/null'], {
      env: { ...machine.env, TERM: 'dumb', SHELL: '/bin/sh', ...env },
      cwd: machine.project,
      stdin: Buffer.from(word),
      stdout: 'pipe',
    })
    return [await child.exited, (await child.stdout.text()).replaceAll('\r\n', '\n')]
  }

  test('a start shows what would be opened, and asks', async () => {
    machine.write(file, OPEN)
    const [code, screen] = await answered('y\n')
    expect(screen).toContain('  + network.allow = evil.example.org   # paude.toml:2\npaude: trust it? [y/N], or i to ignore it: ')
    expect([code, engineCalls().some(([, verb]) => verb === 'create')]).toEqual([0, true])
    expect(machine.kept()).toContain('"host": "evil.example.org"')
    expect((await show()).code).toBe(0)
  })

  test.each(['n\n', '\n', 'yup\n', '\u0004'])('everything but yes is no: %j', async (word) => {
    machine.write(file, OPEN)
    const [code, screen] = await answered(word)
    expect([code, engineCalls(), (await show()).code]).toEqual([125, [], 125])
    expect(screen).toContain('is not trusted')
  })

  test('Ctrl-C at the question ends paude as a shell expects it (130), and is no yes', async () => {
    machine.write(file, OPEN)
    let screen = ''
    const child = Bun.spawn([...program, 'trust'], {
      env: { ...machine.env, TERM: 'xterm' },
      cwd: machine.project,
      terminal: {
        data: (terminal, bytes) => {
          screen += new TextDecoder().decode(bytes)
          if (screen.endsWith('[y/N]: ')) terminal.write('\u0003')
        },
      },
    })
    await child.exited
    expect([child.signalCode, (await show()).code]).toEqual(['SIGINT', 125])
    expect(screen).toEndWith('[y/N]: ^C')
  })

  test('the question stands on stderr and the answer alone on stdout, without colour where none is wanted', async () => {
    machine.write(file, OPEN)
    const [code, screen] = await answered('y\n', 'trust >out', { TERM: 'xterm', NO_COLOR: '1' })
    expect([code, readFileSync(join(machine.project, 'out'), 'utf8')]).toEqual([0, `${file}\n`])
    expect(screen).toContain('trust it? [y/N]: ')
    expect(screen).not.toContain('\u001b')
  })

  test('of a file that was approved before, what is new is marked', async () => {
    machine.write(file, OPEN)
    expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
    machine.write(file, OPEN.replace('"]', '", "second.example.org"]\n'))
    const [, screen] = await answered('n\n')
    expect(screen).toContain('and has changed since you approved it; new marks what you have not approved:')
    expect(screen).toContain('+ network.allow = evil.example.org   # paude.toml:2\n')
    expect(screen).toContain('+ network.allow = second.example.org   # paude.toml:2, new\n')
  })

  test('many things are counted, so that none is overlooked', async () => {
    machine.write(file, `network.allow = [${Array.from({ length: 30 }, (_, at) => `"h${at}.org"`).join(', ')}]\n`)
    expect((await answered('n\n'))[1]).toContain('trust it, all 30 of these? [y/N]')
  })

  test('the question names the dangerous keys, which stand last', async () => {
    mkdirSync(join(machine.home, 'data'), { recursive: true })
    const env = Array.from({ length: 30 }, (_, at) => `"A${at}=1"`).join(', ')
    machine.write(file, `mounts = ["~/data:/data:rw"]\nenv = [${env}]\n`)
    const [, screen] = await answered('n\n')
    expect(screen).toMatch(
      /\+ mounts = \S+:rw .*\npaude: trust it, all 31 of these, 1 of them dangerous: mounts\? \[y\/N\], or i to ignore it: /,
    )
  })

  test('a long value is shown whole and counted, since anything may stand in its middle', async () => {
    const long = `A=${' '.repeat(3000)}middle${' '.repeat(3000)}end`
    machine.write(file, `env = ["FIRST=1", "${long}", "LAST=2"]\n`)
    const [, screen] = await answered('n\n')
    const words = [
      '+ env = FIRST=1 ',
      `+ env = ${long} (6011 characters)   # paude.toml:1\n`,
      '+ env = LAST=2 ',
      'all 3 of these',
    ]
    for (const one of words) expect(screen).toContain(one)
    await machine.paude(['trust', '--yes'])
    expect((await machine.paude(['trust', '--list'])).stdout).toContain(long)
    expect((await show()).code).toBe(0)
  })

  test('a value that nobody reads to its end is not asked about', async () => {
    machine.write(file, `env = ["A=${' '.repeat(9000)}end"]\n`)
    const [code, screen] = await answered('y\n')
    expect([code, engineCalls()]).toEqual([125, []])
    expect(screen).toContain('paude.toml:1: env is 9005 characters long, too long to review (limit 8192)')
    expect(screen.length).toBeLessThan(80 * 24)
  })

  test('it may be ignored this once', async () => {
    machine.write(file, OPEN)
    const [code] = await answered('i\n')
    expect([code, machine.kept().includes('evil.example.org')]).toEqual([0, false])
    expect((await show()).code).toBe(125)
  })

  test('who only looks is not asked', async () => {
    machine.write(file, OPEN)
    expect((await answered('y\n', '--dry-run -p x'))[0]).toBe(125)
    expect((await show()).code).toBe(125)
  })

  test('what a file says cannot paint over the question', async () => {
    machine.write(file, '[network]\nallow = ["a.org\\u001b[2J\\u0007\\u202e"]\n')
    const [, screen] = await answered('n\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(screen).not.toMatch(/[\u001b\u0007\u202e]/)
  })
})

describe('security.project_config', () => {
  test('"restrict" takes what narrows and leaves out the rest, aloud', async () => {
    configure('[security]\nproject_config = "restrict"\n')
    machine.write(file, `${OPEN}[limits]\nmemory = "1g"\n`)
    const { code, stdout, stderr } = await show()
    expect([code, stdout.includes('evil')]).toEqual([0, false])
    expect(stdout).toMatch(/^limits\.memory +1g +# project /m)
    expect(stderr).toContain('ignored, since security.project_config is restrict: network.allow = evil.example.org')
    expect((await machine.paude(['trust', '--yes'])).stderr).toContain(
      'paude does not accept loosening by a project, since security.project_config is ',
    )
  })

  test('"ignore" does not even read it', async () => {
    configure('[security]\nproject_config = "ignore"\n')
    machine.write(file, 'broken = [')
    expect((await show()).code).toBe(0)
  })

  test('"ask" is no excuse for a broken file', async () => {
    machine.write(file, 'broken = [')
    expect(await show()).toMatchObject({ code: 125, stderr: expect.stringContaining(`${file}:1: not valid TOML`) })
  })
})

test('what narrows holds unasked, from the top of the repository down', async () => {
  for (const folder of ['.git/objects', '.git/refs', 'sub']) mkdirSync(join(machine.project, folder), { recursive: true })
  writeFileSync(join(machine.project, '.git/HEAD'), 'ref: refs/heads/main\n')
  configure('[limits]\npids = 200\n')
  machine.write(file, '[network]\nmode = "restricted"\n[workspace]\nprotect = ["sub"]\n')
  machine.write(join(machine.project, 'sub/paude.toml'), '[limits]\npids = 99\n[network]\nmode = "none"\n')
  const { code, stdout } = await machine.paude(['--print-config', '-p', 'x'], { cwd: join(machine.project, 'sub') })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^limits\.pids +99 +# project .*sub\/paude\.toml:2$/m)
  expect(stdout).toMatch(/^network\.mode +none +# project .*sub\/paude\.toml:4$/m)
  expect(stdout).toContain(`mount         ${machine.project}/sub read-only`)
})

test('what the file at the top closes is opened by none below without the word of the user', async () => {
  for (const folder of ['.git/objects', '.git/refs', 'sub']) mkdirSync(join(machine.project, folder), { recursive: true })
  writeFileSync(join(machine.project, '.git/HEAD'), 'ref: refs/heads/main\n')
  machine.write(file, '[network]\nmode = "none"\n[limits]\nmemory = "256m"\n')
  machine.write(join(machine.project, 'sub/paude.toml'), '[network]\nmode = "restricted"\n[limits]\nmemory = "none"\n')
  const cwd = join(machine.project, 'sub')
  const looked = () => machine.paude(['config', 'show', '--origin'], { cwd })
  expect((await machine.paude(['--dry-run', '-p', 'x'], { cwd })).stderr).toContain(
    'sub/paude.toml wants to loosen the sandbox and is not trusted: network.mode = restricted, limits.memory = none',
  )
  expect((await looked()).stdout).toMatch(/^network\.mode +none +# project .*project\/paude\.toml:2$/m)
  expect((await machine.paude(['trust', '--yes'], { cwd })).stderr).toContain('- network.mode = none\n')
  expect((await looked()).stdout).toMatch(/^network\.mode +restricted +# project .*sub\/paude\.toml:2$/m)
})

test('a profile may be the project’s, and one that nobody has is a mistake', async () => {
  machine.write(file, '[profiles.ci.limits]\nmemory = "1g"\n')
  expect((await show('--profile', 'ci')).stdout).toMatch(/^limits\.memory +1g +# project /m)
  expect((await show()).stdout).toMatch(/^limits\.memory +- /m)
  expect((await show('--profile', 'cj')).stderr).toBe('paude: there is no profile "cj"\n  → choose one of ci\n')
})

test('a link in the place of the file is refused, whatever it leads to', async () => {
  machine.write(join(machine.home, 'elsewhere.toml'), '[limits]\npids = 99\n')
  symlinkSync(join(machine.home, 'elsewhere.toml'), file)
  expect((await show()).stderr).toContain(`${file} is a link, so paude does not read it`)
})

test('paude.json of the older tool is a file of the project like any other', async () => {
  machine.write(join(machine.project, 'paude.json'), '{"packages":["make"],"create":{"allowed-domains":[".evil.example.org"]}}')
  const { code, stderr } = await show()
  expect(code).toBe(125)
  expect(stderr).toContain('paude.json: ignored: packages\n')
  expect(stderr).toContain('not trusted: network.allow = evil.example.org, network.allow = *.evil.example.org')
})

test('images are built as a start would have them, so a project has its say in them only when trusted', async () => {
  machine.write(file, '[image]\nbase = "registry.example.org/own-base:1"\n')
  expect(await machine.paude(['image', 'build', '--dry-run'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('is not trusted: image.base = registry.example.org/own-base:1'),
  })
  await machine.paude(['trust', '--yes'])
  expect((await machine.paude(['image', 'build', '--dry-run'])).stdout).toContain('registry.example.org/own-base:1')
})

test('secrets that [env] refers to reach the sandbox by name, and no argv, output or state', async () => {
  const SECRET = 'hunter2-REAL-referenced-value'
  const holder = join(machine.home, 'token')
  writeFileSync(holder, `${SECRET}-file\n`, { mode: 0o600 })
  configure(
    `[env]\nONE = "env:OUTSIDE"\nTWO = "file:${holder}"\nTHREE = { command = ["sh", "-c", "echo ${'$'}UNNAMED-command"] }\nGONE = "env:NOWHERE"\n`,
  )
  machine.keepEnvironments()
  const env = { OUTSIDE: SECRET, UNNAMED: SECRET }
  const outcomes = [
    await machine.paude(['--print-config', '-p', 'x'], { env }),
    await machine.paude(['--dry-run', '-p', 'x'], { env }),
    await machine.paude(['-p', 'x'], { env }),
  ]
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(outcomes[0]?.stdout).toMatch(/^env +ONE = env:OUTSIDE \(set\) /m)
  expect(outcomes[0]?.stdout).toMatch(/^env +GONE = env:NOWHERE \(unset\) /m)
  const seen = [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...machine.calls().flat()].join('\n')
  expect(seen).not.toContain(SECRET)
  expect(existsSync(join(machine.home, '.local/state/paude')) ? machine.kept() : '').not.toContain(`${SECRET}-file\n`.trim())
  const environments = readFileSync(join(machine.room, 'fake/environments'), 'utf8')
  for (const line of [`ONE=${SECRET}`, `TWO=${SECRET}-file`, `THREE=${SECRET}-command`]) expect(environments).toContain(line)
  for (const name of ['ONE', 'TWO', 'THREE']) expect(engineCalls().flat()).toContain(`--env=${name}`)
  expect(engineCalls().flat()).not.toContain('--env=GONE')
})

test('a host that is none is told with its place, and moves no cursor', async () => {
  machine.write(file, '[network]\ndeny = ["\\u009b2J\\u009d0;pwn\\u009c\\u202egro.live"]\n')
  for (const words of [
    ['--dry-run', '-p', 'x'],
    ['network', 'why', 'https://example.org'],
  ])
    expect((await machine.paude(words)).stderr.split('paude: ').at(-1)).toStartWith(
      `${file}:2: network.deny: cannot deny "\\u009b2J\\u009d0;pwn\\u009c\\u202egro.live": `,
    )
})

test('the credential of the provider is for no proxy of a project', async () => {
  machine.write(
    file,
    '[network]\nupstream_proxy = "http://proxy.example.org:1"\nupstream_credentials = "env:ANTHROPIC_API_KEY"\n',
  )
  await machine.paude(['trust', '--yes'])
  const { code, stderr } = await machine.paude(['-p', 'x'], { env: { ANTHROPIC_API_KEY: 'sk-real' } })
  expect([code, engineCalls()]).toEqual([125, []])
  expect(stderr).toContain('network.upstream_credentials: ANTHROPIC_API_KEY is the credential of the provider')
})

test('further flags reach the sandbox of their engine alone', async () => {
  configure('[docker]\nextra_flags = ["--shm-size=1g"]\n[podman]\nextra_flags = ["--ulimit=nofile=99"]\n')
  const script = async (engine: string) => (await machine.paude(['--backend', engine, '--dry-run', '-p', 'x'])).stdout
  const [docker, podman] = [await script('docker'), await script('podman')]
  expect([docker.match(/--shm-size=1g/g)?.length, docker.includes('nofile')]).toEqual([1, false])
  expect([podman.match(/--ulimit=nofile=99/g)?.length, podman.includes('shm-size')]).toEqual([1, false])
})

describe('what you have paude write into the file of a project', () => {
  const set = (...words: string[]) => machine.paude(['config', 'set', '--project', ...words])

  test('is trusted where there was no file', async () => {
    expect((await set('network.allow', 'one.example.org')).stderr).not.toContain('waits')
    expect((await show()).stdout).toContain('one.example.org')
  })

  test('is trusted where the file only closed', async () => {
    machine.write(file, '[network]\ndeny = ["other.example.org"]\n')
    await set('network.allow', 'one.example.org')
    expect((await show()).code).toBe(0)
  })

  test('is trusted where the file was trusted, by each verb, and taking something out too', async () => {
    machine.write(file, OPEN)
    await machine.paude(['trust', '--yes'])
    expect(await set('limits.memory', '16g')).toMatchObject({ code: 0, stderr: expect.not.stringContaining('waits') })
    await machine.paude(['network', 'allow', 'two.example.org', '--project'])
    await machine.paude(['network', 'unset', 'evil.example.org', '--project'])
    await machine.paude(['config', 'unset', '--project', 'limits.memory'])
    const { code, stdout } = await show()
    expect([code, stdout.includes('two.example.org'), stdout.includes('evil')]).toEqual([0, true, false])
  })

  test('waits where the file waited before, also when it was trusted once', async () => {
    machine.write(file, OPEN)
    expect((await set('limits.memory', '16g')).stderr).toContain('; it waits for your approval: paude trust')
    expect((await show()).code).toBe(125)
    await machine.paude(['trust', '--yes'])
    machine.write(file, `${readFileSync(file, 'utf8')}# by the box\n`)
    await set('limits.memory', '17g')
    expect((await show()).code).toBe(125)
  })

  test('waits where something of the project cannot be judged', async () => {
    machine.write(join(machine.project, 'paude.json'), '{')
    await set('network.allow', 'one.example.org')
    rmSync(join(machine.project, 'paude.json'))
    expect((await show()).code).toBe(125)
  })

  test('is no word about what it says under another profile', async () => {
    machine.write(file, '[profiles.ci.network]\nallow = ["evil.example.org"]\n')
    await set('network.allow', 'one.example.org')
    expect((await show()).code).toBe(0)
    expect((await show('--profile', 'ci')).code).toBe(125)
  })
})

test('what is dangerous is named first where the rest is counted, and stands next to the question', async () => {
  mkdirSync(join(machine.home, 'data'), { recursive: true })
  machine.write(file, 'mounts = ["~/data:/data:rw"]\n[network]\nallow = ["a.example", "b.example", "c.example", "d.example"]\n')
  const { stderr } = await machine.paude(['-p', 'x'])
  expect(stderr).toMatch(/is not trusted: mounts = \S+:rw, .*, and 2 more$/m)
  const told = (await machine.paude(['trust'])).stderr
  expect(told.indexOf('+ mounts')).toBeGreaterThan(told.lastIndexOf('+ network.allow'))
  expect(told).toContain(': the agent can change these files\n')
})
