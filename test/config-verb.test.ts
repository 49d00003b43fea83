import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import TOML from '@iarna/toml'
import { keyNames } from '../src/config/keys/names.ts'
import { expectGolden } from './support/golden.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.home, '.config/paude/config.toml')
})
afterEach(() => machine.dispose())

const config = (...words: string[]) => machine.paude(['config', ...words])
const text = () => readFileSync(file, 'utf8')

describe('config show', () => {
  const user = `backend = "podman"
env = ["EDITOR", "TEAM=hunter2"]
[network]
allow = ["*.example.org"]
[limits]
memory = "8g"
[profiles.ci.limits]
memory = "none"
[notify]
terminal = "bell"
`

  test('tells every value with its layer, file and line, and no secret', async () => {
    machine.write(file, user)
    machine.write(
      join(machine.project, 'paude.toml'),
      '[network]\nallow = ["evil.test", "x.example.org"]\ndeny = ["bad.test"]\n[limits]\npids = 99\n',
    )
    const { code, stdout, stderr } = await machine.paude(
      ['--cpus', '2', '--profile', 'ci', 'config', 'show', '--all', '--origin'],
      {
        env: { PAUDE_NETWORK_ALLOW: 'env.test', PAUDE_LOGIN_INSIDE: undefined },
      },
    )
    expect(code).toBe(0)
    expect(stderr).toContain('paude.toml is not trusted, so only its restrictions are shown; ')
    expect(stdout).not.toContain('hunter2')
    expectGolden('config-show.txt', stdout.replaceAll(machine.room, ''))
  })

  test('agrees with --print-config', async () => {
    machine.write(file, user)
    const shown = (await config('show', '--all', '--origin')).stdout
    const printed = (await machine.paude(['--print-config', '-p', 'x'])).stdout
    expect(printed).toContain(shown)
  })

  test('is JSON for machines', async () => {
    machine.write(file, user)
    const rows = JSON.parse((await config('show', '--json')).stdout) as { key: string; value: string }[]
    expect(rows).toContainEqual({ key: 'limits.memory', value: '8g', origin: { layer: 'user', place: `${file}:6` } } as never)
    expect(rows.filter(({ key }) => key === 'env').map(({ value }) => value)).toEqual(['EDITOR', 'TEAM=••••••'])
  })
})

describe('config get', () => {
  test('prints the value alone', async () => {
    machine.write(file, '[network]\nallow = ["a.org", "b.org"]\n')
    expect(await config('get', 'network.allow')).toEqual({ code: 0, stdout: 'a.org\nb.org\n', stderr: '' })
    expect((await config('get', 'network.allow', '--json')).stdout).toBe('["a.org","b.org"]\n')
    expect((await config('get', 'mounts', '--json')).stdout).toBe('[]\n')
    expect((await config('get', 'limits.memory', '--json')).stdout).toBe('null\n')
    expect((await config('get', 'limits.memory')).stdout).toBe('')
    expect((await config('get', 'network.mode')).stdout).toBe('restricted\n')
  })

  const get = async (...words: string[]) => {
    const { code, stdout, stderr } = await config('get', ...words)
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }

  test('prints a table as TOML, which says the same when it is read again, or as JSON', async () => {
    machine.write(file, '[limits]\nmemory = "8g"\n[notify]\ndesktop = true\n[notify.webhook]\nurl = "https://e.org/x"\n')
    expect(TOML.parse(await get('limits')) as object).toMatchObject({ memory: '8g', pids: '4096' })
    expect(JSON.parse(await get('limits', '--json'))).toEqual({ cpus: null, memory: '8g', pids: '4096' })
    expect(await get('notify.desktop')).toBe('true\n')
    expect(await get('notify.webhook.url')).toBe('https://e.org/x\n')
    expect(TOML.parse(await get('notify')) as object).toMatchObject({ desktop: true, webhook: { url: 'https://e.org/x' } })
    expect(await get('docker')).toBe('extra_flags = []\n')
    expect(TOML.parse(await get('security')) as object).toMatchObject({ read_only_root: true, project_config: 'ask' })
  })

  test('has an answer for every key there is, with and without a profile', async () => {
    machine.write(file, '[profiles.ci.network]\nmode = "none"\n')
    const names = [...keyNames(), ...new Set(keyNames().flatMap((key) => key.split('.').slice(0, -1).join('.') || []))]
    for (const name of names) {
      await get(name)
      if (!['version', 'profiles'].includes(name)) await get(`profiles.ci.${name}`, '--json')
    }
    expect(names).toContain('notify.webhook')
  }, 60_000)

  test('tells what stands in a profile, whether or not it is chosen, and of both files', async () => {
    machine.write(
      file,
      '[profiles.ci]\nenv = ["A=hunter2"]\n[profiles.ci.limits]\ncpus = 2\n[profiles.ci.network]\ndeny = ["a.org"]\n',
    )
    machine.write(
      join(machine.project, 'paude.toml'),
      '[profiles.ci.network]\ndeny = ["b.org"]\n[profiles.ci.limits]\ncpus = 1\n[profiles.dev.env]\nB = "hunter2"\nC = "env:C"\n',
    )
    expect(await get('profiles.ci.limits.cpus')).toBe('1\n')
    expect(await get('profiles.ci.network.deny')).toBe('a.org\nb.org\n')
    expect(await get('profiles.ci')).toBe('env = ["A=••••••"]\nlimits.cpus = 1\nnetwork.deny = ["a.org","b.org"]\n')
    expect(JSON.parse(await get('profiles', '--json'))).toMatchObject({ dev: { env: { B: '••••••', C: 'env:C' } } })
    expect(await get('profiles.ci.backend')).toBe('')
  })

  test('names a variable and not its value', async () => {
    machine.write(file, '[env]\nTEAM = "hunter2"\nT_TOKEN = "env:NOWHERE"\n')
    expect([await get('env.TEAM'), await get('env.T_TOKEN'), await get('env.OTHER')]).toEqual([
      '••••••\n',
      'env:NOWHERE (unset)\n',
      '',
    ])
  })

  test('prints nothing that a terminal acts on, whoever wrote it', async () => {
    machine.write(join(machine.project, 'paude.toml'), '[profiles.ci]\nworkspace.protect = ["a\\u009b2Jb\\u202e"]\n')
    for (const words of [['profiles'], ['profiles', '--json'], ['profiles.ci.workspace.protect']])
      expect(await get(...words)).not.toMatch(/[\u0080-\u009f\u202e]/)
  })
})

describe('config set', () => {
  test('makes the file for the user alone, and keeps what stands in it', async () => {
    expect(await config('set', 'network.allow', 'a.org, b.org')).toMatchObject({ code: 0, stdout: '' })
    expect([text(), statSync(file).mode & 0o777]).toEqual([
      '#:schema ./schema.json\nversion = 1\n\n[network]\nallow = ["a.org", "b.org"]\n',
      0o600,
    ])
    writeFileSync(file, `# mine\n[network]\nallow = ["a.org", "b.org"]\n# the end\n`)
    await config('set', 'limits.cpus', '1.5')
    await config('set', 'backend', 'docker')
    await config('unset', 'network.allow')
    expect(text()).toBe('backend = "docker"\n\n# mine\n[network]\n# the end\n\n[limits]\ncpus = 1.5\n')
  })

  test('tells what stood there before, but of variables nothing', async () => {
    await config('set', 'network.allow', 'a.org,b.org')
    expect((await config('set', 'network.allow', 'c.org')).stderr).toContain('network.allow is set; it was ["a.org", "b.org"]')
    await config('set', 'env', 'COLOUR=red')
    expect((await config('set', 'env', 'COLOUR=blue')).stderr).not.toContain('red')
  })

  test('writes nothing elsewhere than a profile seems to say', async () => {
    await config('set', 'backend', 'docker')
    const before = text()
    const { code, stderr } = await machine.paude(['--profile', 'ci', 'config', 'set', 'limits.cpus', '2'])
    expect([code, text()]).toEqual([2, before])
    expect(stderr).toContain('paude config set profiles.ci.limits.cpus')
  })

  test.each([
    [['config', 'set', 'backend', 'docker']],
    [['network', 'allow', 'a.org', '--user']],
    [['init', '--backend', 'docker', '--yes']],
  ])('names the schema in a file that it makes and puts that beside it, as every verb does: %j', async (words) => {
    const schema = join(dirname(file), 'schema.json')
    expect((await machine.paude(words)).code).toBe(0)
    expect(text()).toStartWith('#:schema ./schema.json\nversion = 1\n')
    expect(JSON.parse(readFileSync(schema, 'utf8'))).toMatchObject({ type: 'object' })
    writeFileSync(schema, 'of an older version')
    await config('set', 'limits.cpus', '2')
    expect([readFileSync(schema, 'utf8'), statSync(schema).mode & 0o777]).toEqual([(await config('schema')).stdout, 0o600])
  })

  test('leaves alone what is beside a file that names no schema', async () => {
    machine.write(file, '# mine\n')
    await config('set', 'backend', 'docker')
    expect([text(), existsSync(join(dirname(file), 'schema.json'))]).toEqual(['# mine\nbackend = "docker"\n', false])
  })

  test('takes a comma in a path for a part of it', async () => {
    await config('set', 'mounts', '/a,b:/c')
    expect(text()).toEndWith('\nmounts = ["/a,b:/c"]\n')
  })

  test('tells that an open network drops the wall, and the way back', async () => {
    expect((await config('set', 'network.mode', 'open')).stderr).toContain(
      ' can reach every host; to undo this: paude config unset network.mode\n',
    )
    await config('set', 'network.mode', 'none')
    expect((await config('set', 'network.mode', 'open')).stderr).toContain(
      ' can reach every host; to undo this: paude config set network.mode none\n',
    )
    expect((await config('set', 'network.mode', 'restricted')).stderr).not.toContain('wall')
  })

  test('refuses a mount that a start would refuse, and writes nothing', async () => {
    mkdirSync(join(machine.home, '.ssh'))
    const { code, stderr } = await config('set', 'mounts', '~/.ssh')
    expect([code, existsSync(file)]).toEqual([1, false])
    expect(stderr).toContain('cannot mount')
  })

  test('says so where nothing differs from the defaults', async () => {
    const { stderr } = await machine.paude(['config', 'show'], {
      env: { PAUDE_LOGIN_INSIDE: undefined, PAUDE_WAIT_REMOVAL: undefined },
    })
    expect(stderr).toMatch(/all \d+ keys have their defaults: paude config show --all/)
  })

  test('follows a link to where dotfiles are kept, and leaves the mode alone', async () => {
    const kept = join(machine.home, 'dotfiles.toml')
    writeFileSync(kept, '')
    chmodSync(kept, 0o640)
    mkdirSync(dirname(file), { recursive: true })
    symlinkSync(kept, file)
    const before = process.umask(0o077)
    await config('set', 'backend', 'docker')
    process.umask(before)
    expect([lstatSync(file).isSymbolicLink(), readFileSync(kept, 'utf8'), statSync(kept).mode & 0o777]).toEqual([
      true,
      '#:schema ./schema.json\nversion = 1\nbackend = "docker"\n',
      0o640,
    ])
  })

  test('writes the project’s file when told so', async () => {
    const { stderr } = await config('set', 'limits.memory', '2g', '--project')
    expect(readFileSync(join(machine.project, 'paude.toml'), 'utf8')).toBe('[limits]\nmemory = "2g"\n')
    expect([stderr.includes('paude trust'), existsSync(file)]).toEqual([false, false])
    expect((await config('path', '--project')).stdout).toBe(`${join(machine.project, 'paude.toml')}\n`)
    expect((await config('set', 'terminal.scrollback', '9', '--project')).stderr).toContain(
      'terminal is not allowed in this file',
    )
  })

  test.each<[words: string[], code: number, words: string]>([
    [['set', 'mode', 'open'], 2, 'there is no key "mode"\n  → did you mean network.mode?'],
    [['set', 'network.mdoe', 'open'], 2, 'did you mean network.mode?'],
    [['set', 'network.mode', 'opne'], 2, 'found "opne"\n  → nothing was changed'],
    [['set', 'limits.memory', 'lots'], 2, 'paude: limits.memory must be a size like "4g"'],
    [['set', 'env.MY_TOKEN', 'hunter2'], 2, 'paude: env.MY_TOKEN looks like a secret'],
    [['set', 'docker.extra_flags', '["--privileged"]'], 2, '--privileged is refused: it removes the isolation of the sandbox'],
    [['set', 'network.mode'], 2, 'paude config set: VALUE is missing'],
    [['set', 'network.dns', 'ns.example'], 2, 'paude: network.dns: "ns.example" is not an IP address'],
    [
      ['set', 'network.allow', 'a.org,http://b.org'],
      2,
      'paude: network.allow: cannot allow "http://b.org": http:// needs a port',
    ],
    [['set', 'profiles.ci.mounts', 'a:b:c:d'], 2, 'paude: profiles.ci.mounts: not a mount: a:b:c:d'],
    [['set', 'terminal.scrollback', 'lots'], 2, 'paude: terminal.scrollback must be a number of lines'],
    [['set'], 2, 'paude config set: KEY is missing'],
    [['set', 'network', 'open'], 2, 'network is a table\n  → name a key in it: network.mode, network.allow'],
    [['set', 'profiles.ci.limits', '2'], 2, 'name a key in it: profiles.ci.limits.cpus, profiles.ci.limits.memory'],
    [['get', 'netwrok'], 2, 'there is no key "netwrok"'],
    [['get', 'profiles.ci'], 2, 'there is no profile "ci"\n  → paude config set profiles.ci.KEY VALUE creates it'],
    [['get', 'profiles.ci.mode'], 2, 'did you mean profiles.ci.network.mode?'],
    [['shwo'], 2, 'paude config has no verb "shwo"\n  → did you mean paude config show?'],
    [['frobnicate'], 2, 'paude config has no verb "frobnicate"\n  → paude config show, path, get'],
    [['get', 'network.mode', 'extra'], 2, 'paude config get: one word too many: "extra"'],
    [['unset', 'network.mode', 'extra'], 2, 'paude config unset: one word too many: "extra"'],
    ...['show', 'path', 'check', 'edit', 'schema'].map((verb): [string[], number, string] => [
      [verb, 'extra'],
      2,
      `paude config ${verb}: one word too many: "extra"`,
    ]),
    ...['show', 'get', 'check', 'schema'].map((verb): [string[], number, string] => [
      [verb, '--project'],
      2,
      `paude config ${verb}: unknown flag --project`,
    ]),
    [['path', '--json'], 2, 'paude config path: unknown flag --json'],
    [['set', 'backend', 'docker', '--origin'], 2, 'paude config set: unknown flag --origin'],
    [['edit'], 2, 'paude found no terminal and no editor'],
  ])('%j changes nothing', async (words, code, sentence) => {
    const outcome = await config(...words)
    expect([outcome.code, outcome.stdout, existsSync(file)]).toEqual([code, '', false])
    expect(outcome.stderr).toContain(sentence)
    expect(outcome.stderr).not.toContain('hunter2')
  })

  test('shows the line where it cannot write it itself', async () => {
    machine.write(file, 'network = { allow = [] } # one line\n')
    const { code, stderr } = await config('set', 'network.mode', 'none')
    expect([code, text()]).toEqual([2, 'network = { allow = [] } # one line\n'])
    expect(stderr).toContain('add this line: network.mode = "none"')
  })
})

describe('config edit', () => {
  const editor = (body: string) => {
    machine.program('my-editor', `#!/bin/sh\n${body}\n`)
    return { env: { EDITOR: 'my-editor --wait' } }
  }

  test('begins with a template that names the schema beside it', async () => {
    const { code, stderr } = await machine.paude(['config', 'edit'], editor('[ "$1" = --wait ] && cat "$2" >/dev/null'))
    expect([code, stderr]).toEqual([0, `paude: ${file} is valid\n`])
    expect(text()).toStartWith('#:schema ./schema.json\n')
    expect(readFileSync(join(dirname(file), 'schema.json'), 'utf8')).toBe((await config('schema')).stdout)
    writeFileSync(join(dirname(file), 'schema.json'), 'of an older version')
    await machine.paude(['config', 'edit'], editor('true'))
    expect(readFileSync(join(dirname(file), 'schema.json'), 'utf8')).toBe((await config('schema')).stdout)
    expect(JSON.parse((await config('schema')).stdout)).toMatchObject({ type: 'object', additionalProperties: false })
  })

  test('tells a mistake at once, and keeps what was written', async () => {
    const { code, stderr } = await machine.paude(['config', 'edit'], editor('echo bakend = 1 >"$2"'))
    expect([code, text()]).toEqual([2, 'bakend = 1\n'])
    expect(stderr).toContain(`${file}:1: unknown key bakend`)
  })
})

test('two mounts at one place are told by that which comes second', async () => {
  machine.write(join(machine.room, 'data/x'), '')
  machine.write(file, `mounts = ["${machine.room}/data:/data"]\n`)
  machine.write(join(machine.project, 'paude.toml'), `\nmounts = ["${machine.room}/data/x:/data"]\n`)
  await machine.paude(['trust', '--yes'])
  const { code, stderr } = await machine.paude(['--dry-run', '-p', 'x'])
  expect([code, stderr.split('\n')[0]]).toEqual([
    125,
    `paude: ${machine.project}/paude.toml:2: mounts: cannot mount ${machine.room}/data/x: another mount already uses /data`,
  ])
})

describe('config check', () => {
  test('reads every file, and tells which wait for trust', async () => {
    machine.write(join(machine.project, 'paude.toml'), '[network]\nallow = ["evil.test"]\n')
    const state = async () => (await config('check')).stdout.split('\n').map((line) => line.replace(/ +/g, ' '))
    expect(await state()).toEqual([
      'LAYER FILE STATE',
      `user ${file} does not exist`,
      `project ${machine.project}/paude.toml loosens the sandbox and is not trusted: paude trust`,
      'managed /etc/paude/managed.toml does not exist',
      '',
    ])
    await machine.paude(['trust', '--yes'])
    expect((await state())[2]).toEndWith('loosens the sandbox and is trusted')
    writeFileSync(join(machine.project, 'paude.toml'), '[network]\nallow = ["a.test"]\ndns = ["ns.test"]\n')
    expect((await config('check')).stderr).toContain('paude.toml:3: network.dns: "ns.test" is not an IP address')
    writeFileSync(join(machine.project, 'paude.toml'), '')
    machine.write(file, 'bakend = 1\n')
    expect(await config('check')).toMatchObject({ code: 2, stderr: expect.stringContaining(`${file}:1: unknown key bakend`) })
  })

  test('tells every mistake of every file in one run', async () => {
    machine.write(file, 'bakend = 1\n[network]\nmode = "opn"\n[limits]\nmemory = "much"\n')
    machine.write(join(machine.project, 'paude.toml'), 'fallback = "host"\n[network]\nallow = ["not a host", "a..b"]\n')
    const { code, stdout, stderr } = await config('check')
    expect([code, stdout]).toEqual([2, ''])
    const places = stderr.split('\n').flatMap((line) => /^paude: \S+\/([^/]+:\d+): /.exec(line)?.[1] ?? [])
    expect(places.toSorted()).toEqual([
      'config.toml:1',
      'config.toml:3',
      'config.toml:5',
      'paude.toml:1',
      'paude.toml:3',
      'paude.toml:3',
    ])
    machine.write(join(machine.project, 'paude.toml'), '')
    machine.write(file, 'mounts = ["/nowhere/data"]\n[image]\nca_files = ["/nowhere/ca.pem"]\n')
    const refused = await config('check')
    expect([
      refused.code,
      refused.stderr.includes(`${file}:1: mounts`),
      refused.stderr.includes(`${file}:3: image.ca_files`),
    ]).toEqual([2, true, true])
  })

  test.each([
    ['mounts = ["/nowhere/data"]', '1: mounts: cannot mount /nowhere/data: it does not exist'],
    ['[image]\nca_files = ["/nowhere/ca.pem"]', '2: image.ca_files: the certificate file /nowhere/ca.pem cannot be read'],
    ['[network]\nupstream_except = ["a.org"]', '2: network.upstream_proxy is missing'],
    ['env = ["A", "HTTPS_PROXY"]', '1: env.HTTPS_PROXY: HTTPS_PROXY is set by paude in the sandbox'],
  ])('refuses what a start here would: %j', async (text, words) => {
    machine.write(file, text)
    for (const verb of [
      ['config', 'check'],
      ['--dry-run', '-p', 'x'],
    ]) {
      const { code, stderr } = await machine.paude(verb)
      expect([code, stderr.split('\n')[0]]).toEqual([verb[0] === 'config' ? 2 : 125, `paude: ${file}:${words}`])
      expect(stderr).not.toContain('--ca-file')
    }
  })

  test('looks at the files and variables of secrets as a start does, prints none and runs no program', async () => {
    const key = join(machine.home, 'key')
    machine.write(key, 'sk-hidden\n')
    chmodSync(key, 0o644)
    const told = async (text: string) => {
      machine.write(file, text)
      const { code, stdout, stderr } = await config('check')
      expect(stdout + stderr).not.toContain('sk-hidden')
      return [code, stderr] as const
    }
    for (const table of ['provider]\napi_key', 'env]\nMINE']) {
      const refused = async (path: string) => await told(`[${table} = "file:${path}"\n`)
      expect(await refused('/nowhere/key')).toEqual([2, expect.stringContaining('/nowhere/key cannot be read (ENOENT)')])
      expect(await refused('~/key')).toEqual([2, expect.stringContaining(`${key} is readable by other users`)])
    }
    expect(await told('[network]\nupstream_proxy = "http://proxy.test:1"\nupstream_credentials = "env:NOBODYS"\n')).toEqual([
      2,
      expect.stringContaining(`${file}:3: network.upstream_credentials: env:NOBODYS is empty`),
    ])
    const ran = join(machine.home, 'ran')
    const command = `{ command = ["touch", "${ran}"] }`
    expect((await told(`[provider]\napi_key = ${command}\n[env]\nMINE = ${command.replace('ran', 'ran2')}\n`))[0]).toBe(0)
    expect([existsSync(ran), existsSync(`${ran}2`)]).toEqual([false, false])
    chmodSync(key, 0o600)
    expect((await told('[provider]\napi_key = "file:~/key"\n[env]\nMINE = "env:NOBODYS"\n'))[0]).toBe(0)
  }, 60_000)
})
