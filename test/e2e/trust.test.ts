import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  describeEach,
  engine,
  expectGone,
  home,
  inTurn,
  makeProject,
  paude,
  put,
  type RunOptions,
  root,
  serveApi,
  stateHome,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

const api = serveApi()
afterAll(() => api.stop())

const FREE = '--dangerously-skip-permissions'
/** A user's own configuration, with a limit that a project would like to lift. */
const config = join(root, 'config')
put(join(config, 'paude/config.toml'), '[limits]\nmemory = "1g"\npids = 512\n')
const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

describeEach('a project’s own configuration', (backend) => {
  const other = backend === 'docker' ? 'podman' : 'docker'
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { ...api.env, PAUDE_BACKEND: backend, XDG_CONFIG_HOME: config, ...env },
  })
  const run = (words: readonly string[], given: RunOptions = {}) => inTurn(() => paude(words, options(given)))
  const projectWith = (files: Readonly<Record<string, string>>): string => {
    const cwd = makeProject()
    for (const [name, text] of Object.entries(files)) put(join(cwd, name), text)
    return cwd
  }

  type Attempt = readonly [what: string, files: Readonly<Record<string, string>>, words: RegExp, flags?: readonly string[]]
  const toml = (text: string) => ({ 'paude.toml': text })
  const NOT_TRUSTED = /wants to loosen the sandbox and is not trusted/
  const attempts: readonly Attempt[] = [
    ['a host', toml('network.allow = ["evil.example.org"]'), NOT_TRUSTED],
    ['a wildcard under another spelling', toml('"network" = { "allow" = ["*.EXAMPLE.org"] }'), NOT_TRUSTED],
    ['a port of this machine', toml('network.allow = ["host.paude.internal:22"]'), NOT_TRUSTED],
    ['a group', toml('network.groups = ["@github"]'), NOT_TRUSTED],
    ['no wall', toml('network.mode = "open"'), NOT_TRUSTED],
    ['another way of the credential', toml('network.inject = "base-url"'), NOT_TRUSTED],
    ['a mount of the home', toml('mounts = ["~/notes"]'), NOT_TRUSTED],
    ['a variable of the caller', toml('env = ["PATH_TO_SECRETS"]'), NOT_TRUSTED],
    ['a value for the engine’s client', toml('env = { OTEL_EXPORTER_OTLP_ENDPOINT = "http://evil.example.org" }'), NOT_TRUSTED],
    ['a secret file', toml('env = { A = "file:~/.ssh/id_ed25519" }'), NOT_TRUSTED],
    [
      'a program on this machine',
      toml(`env = { A = { command = ["touch", "${root}/ran-${backend}"] } }`),
      /a program is not allowed in this file/,
    ],
    ['a link to be exchanged later', { 'data/a': '', 'paude.toml': 'mounts = ["data:/data:rw"]' }, /is in the project/],
    [
      'a secret to be exchanged later',
      { 'paude.toml': 'env = { A = "file:/proc/self/cwd/secret" }', secret: '' },
      /is in the project/,
    ],
    ['an image', toml('image.ref = "evil.example.org/box:1"'), NOT_TRUSTED],
    ['another base', toml('image.base = "evil.example.org/debian:1"'), NOT_TRUSTED],
    ['an old agent', toml('image.agent_version = "1.0.0"'), NOT_TRUSTED],
    ['a fresh image each time', toml('image.pull = "always"'), NOT_TRUSTED],
    ['an authority', { 'ca.pem': PEM, 'paude.toml': 'image.ca_files = ["ca.pem"]' }, NOT_TRUSTED],
    ['more memory', toml('limits.memory = "2g"'), NOT_TRUSTED],
    ['no limit', toml('limits.memory = "none"'), NOT_TRUSTED],
    ['more processes', toml('limits.pids = 4096'), NOT_TRUSTED],
    ['any number of processes', toml('limits.pids = "none"'), NOT_TRUSTED],
    ['a harmless flag of the engine', toml(`${backend}.extra_flags = ["--shm-size=1g"]`), NOT_TRUSTED],
    ['a flag that opens the box', toml(`${backend}.extra_flags = ["--privileged"]`), /--privileged is refused/],
    ['the older tool’s file', { 'paude.json': '{"create":{"allowed-domains":"all"}}' }, NOT_TRUSTED],
    ['both files, one of them harmless', { 'paude.json': '{"base":"evil"}', ...toml('network.mode = "none"') }, NOT_TRUSTED],
    ['a profile', toml('[profiles.ci.network]\nmode = "open"'), NOT_TRUSTED, ['--profile', 'ci']],
    [
      'its own trust',
      toml('security.project_config = "ignore"\nnetwork.mode = "open"'),
      /security\.project_config is not allowed in this file/,
    ],
    ['a root file system to write in', toml('security.read_only_root = false'), NOT_TRUSTED],
    ['programs with more rights', toml('security.no_new_privileges = false'), NOT_TRUSTED],
    ['every system call', toml('[security]\nseccomp = "off"'), NOT_TRUSTED],
    ['every system call in a profile', toml('[profiles.ci.security]\nseccomp = "off"'), NOT_TRUSTED, ['--profile', 'ci']],
    ['a program that tells', toml(`notify.command = ["touch", "${root}/told-${backend}"]`), /notify is not allowed in this file/],
    ['a way out by ..', toml('mounts = ["../../other"]'), /has a path with \.\.: /],
    ['a file that is too large', toml('#'.repeat(70_000)), /is larger than 64 KiB/],
  ]
  test.concurrent.each(attempts)('cannot bring in %s', async (_, files, words, flags = []) => {
    const cwd = projectWith(files)
    const ran = await run([...flags, 'run', '--network=restricted', '--', 'true'], { cwd })
    // A flag of this very call holds against the project in any case; ask again without one.
    const { code, stdout, stderr } = words.test(ran.stderr) ? ran : await run([...flags, '-p', 'SAY never'], { cwd })
    expect({ code, stdout }).toEqual({ code: 125, stdout: '' })
    expect(stderr).toMatch(words)
  })

  test.concurrent('cannot choose another engine', async () => {
    const cwd = projectWith(toml(`backend = "${other}"`))
    const { code, stderr } = await run(['-p', 'SAY never'], { cwd, env: { PAUDE_BACKEND: undefined } })
    expect([code, NOT_TRUSTED.test(stderr)]).toEqual([125, true])
    // The caller's word holds, so there is nothing to trust.
    expect((await run(['--dry-run', '-p', 'x'], { cwd })).code).toBe(0)
  })

  test.concurrent('cannot hide behind what the file is', async () => {
    const made: readonly (readonly [words: RegExp, make: (file: string) => void])[] = [
      [/is a link/, (file) => symlinkSync(put(join(root, `linked-${backend}`), 'network.mode = "none"'), file)],
      [/is writable for every user of this machine/, (file) => chmodSync(put(file, 'network.mode = "none"'), 0o666)],
      [/is not a file/, (file) => void Bun.spawnSync(['mkfifo', file])],
      [/is not UTF-8/, (file) => writeFileSync(file, Buffer.from([0x23, 0xff]))],
    ]
    for (const [words, make] of made) {
      const cwd = makeProject()
      make(join(cwd, 'paude.toml'))
      const { code, stderr } = await run(['--dry-run', '-p', 'x'], { cwd })
      expect([code, stderr]).toEqual([125, expect.stringMatching(words)])
      expect((await run(['--ignore-project-config', '--dry-run', '-p', 'x'], { cwd })).code).toBe(0)
    }
  })

  test('none of these started anything', async () => {
    await expectGone(backend)
    for (const name of ['ran', 'told']) expect(existsSync(join(root, `${name}-${backend}`))).toBe(false)
  })

  test.concurrent('narrows unasked: the sandbox has what the file says', async () => {
    const cwd = projectWith({ 'paude.toml': 'limits.memory = "256m"\nworkspace.protect = ["docs"]\n', 'docs/a': 'kept' })
    const script = 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; echo x >docs/a; true'
    const { code, stdout } = await run(['run', '--', 'sh', '-c', script], { cwd })
    expect([code, stdout.trim().split('\n')[0]]).toEqual([0, String(256 * 1024 * 1024)])
    expect(readFileSync(join(cwd, 'docs/a'), 'utf8')).toBe('kept')
  })

  test.concurrent('counts when trusted, and only as it was and where it was', async () => {
    const cwd = projectWith(toml(`${backend}.extra_flags = ["--shm-size=123m"]\n`))
    expect((await run(['trust', '--yes'], { cwd })).code).toBe(0)
    const size = async (cwd: string) => await run(['run', '--', 'df', '-k', '--output=size', '/dev/shm'], { cwd })
    expect((await size(cwd)).stdout).toContain(String(123 * 1024))
    // A copy is another project, also with a trust folder of its own.
    const copy = makeProject()
    cpSync(join(cwd, 'paude.toml'), join(copy, 'paude.toml'))
    cpSync(join(stateHome, 'paude/trust'), join(copy, '.local/state/paude/trust'), { recursive: true })
    expect((await size(copy)).stderr).toMatch(NOT_TRUSTED)
    put(join(cwd, 'paude.toml'), `${readFileSync(join(cwd, 'paude.toml'), 'utf8')}# one byte more\n`)
    expect((await size(cwd)).stderr).toMatch(NOT_TRUSTED)
    expect((await run(['untrust'], { cwd })).stdout).toBe(`${join(cwd, 'paude.toml')}\n`)
  })

  test.concurrent('does not count when the agent writes it, neither now nor later', async () => {
    const cwd = makeProject()
    const write = `printf 'network.mode = "open"\\n' >paude.toml; mkdir -p sub; cp paude.toml sub/; ls`
    const probe = 'curl -sS -o /dev/null -w %{http_code} --max-time 60 http://example.com/'
    const { code, stderr } = await run(['-p', `BASH ${write};;BASH ${probe} >seen;;SAY end`, FREE], { cwd })
    expect(code).toBe(0)
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toBe('403')
    expect(stderr).toContain('paude.toml')
    for (const folder of [cwd, join(cwd, 'sub')])
      expect((await run(['--dry-run', '-p', 'x'], { cwd: folder })).stderr).toMatch(NOT_TRUSTED)
  })

  test.concurrent('counts for the sandbox as it was at its start, also when that is started again', async () => {
    const cwd = projectWith(toml('limits.memory = "256m"\n'))
    const id = (await run(['--network=none', '--detach', '-p', 'SAY x'], { cwd })).stdout.trim()
    try {
      put(join(cwd, 'paude.toml'), 'limits.memory = "none"\n')
      await run(['start', id], { cwd })
      const limit = await engine(backend, ['container', 'inspect', '--format={{.HostConfig.Memory}}', id])
      expect(limit.stdout.trim()).toBe(String(256 * 1024 * 1024))
    } finally {
      await run(['rm', '--force', '--volumes', id], { cwd })
    }
  })

  test.concurrent('is read before the sandbox is made: what is swapped afterwards does not count', async () => {
    const cwd = projectWith(toml('limits.memory = "256m"\n'))
    const shim = join(root, `swap-${backend}`)
    const deed = `printf '${backend}.extra_flags = ["--privileged"]\\nlimits.memory = "none"\\n' >'${cwd}/paude.toml'`
    const real = Bun.which(backend) ?? backend
    chmodSync(put(join(shim, backend), `#!/bin/sh\n[ "$1" != create ] || { ${deed}; }\nexec ${real} "$@"\n`), 0o755)
    const { stdout } = await run(
      ['run', '--', 'sh', '-c', 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null'],
      {
        cwd,
        env: { PATH: `${shim}:${process.env['PATH']}` },
      },
    )
    expect(stdout.trim().split('\n')[0]).toBe(String(256 * 1024 * 1024))
  })

  const isRoot = process.getuid?.() === 0
  if (!isRoot) console.log('skipped: a managed file, which only root can put in its place')
  describe.skipIf(!isRoot)('under a managed file', () => {
    /** A copy of /etc for this one process, with a managed file in it: the machine itself is left alone. */
    const managed = (text: string): readonly string[] => {
      const etc = join(root, `etc-${backend}-${Math.random().toString(36).slice(2)}`)
      cpSync('/etc', etc, { recursive: true, dereference: false, verbatimSymlinks: true })
      mkdirSync(join(etc, 'paude'), { recursive: true, mode: 0o755 })
      writeFileSync(join(etc, 'paude/managed.toml'), text, { mode: 0o644 })
      return ['unshare', '--mount', 'sh', '-c', `mount --bind '${etc}' /etc && exec "$@"`, 'sh']
    }

    test('nobody opens more than it lets: not a flag, not a variable, not the user’s file, not a trusted project', async () => {
      const through = managed('[network]\nmode = "restricted"\nallow = ["*.ours.example.org"]\n[limits]\nmemory = "512m"\n')
      const own = join(root, `managed-config-${backend}`)
      put(join(own, 'paude/config.toml'), '')
      const base = { XDG_CONFIG_HOME: own, ANTHROPIC_BASE_URL: undefined, ANTHROPIC_API_KEY: undefined }
      const ask = (words: readonly string[], given: RunOptions = {}) =>
        run(['--dry-run', ...words, '-p', 'x'], { ...given, through, env: { ...base, ...given.env } })
      const beyond = /exceeds the limit in \/etc\/paude\/managed\.toml:\d/
      expect((await ask([])).code).toBe(0)
      expect((await ask([])).stdout).toContain(`--memory=${512 * 1024 * 1024}`)
      expect((await ask(['--network-allow', 'git.ours.example.org'])).code).toBe(0)
      const refused = [
        await ask(['--network', 'open']),
        await ask(['--network-allow', 'evil.example.org']),
        await ask([], { env: { PAUDE_MEMORY: '1g' } }),
        await ask([], { env: { XDG_CONFIG_HOME: config } }),
      ]
      for (const { code, stderr } of refused) expect([code, stderr]).toEqual([125, expect.stringMatching(beyond)])
      const cwd = projectWith(toml('network.mode = "open"\n'))
      await run(['trust', '--yes'], { cwd, env: base })
      expect((await ask([], { cwd })).stderr).toMatch(beyond)
      expect((await ask([], { env: { ANTHROPIC_BASE_URL: 'https://evil.example.org' } })).stderr).toContain(
        'the agent needs evil.example.org:443, which /etc/paude/managed.toml does not allow',
      )
    })

    test('one that is not root’s alone stops everything', async () => {
      const through = managed('')
      const etc = through.at(-2)?.match(/'(.+?)'/)?.[1] ?? ''
      chmodSync(join(etc, 'paude/managed.toml'), 0o666)
      const { code, stderr } = await run(['--dry-run', '-p', 'x'], { through })
      expect([code, stderr]).toEqual([
        125,
        expect.stringContaining('/etc/paude/managed.toml is writable for other users than root'),
      ])
      rmSync(join(etc, 'paude'), { recursive: true })
      expect((await run(['--dry-run', '-p', 'x'], { through })).code).toBe(0)
    })
  })

  test('a home of the tests’ own was used', () => expect(existsSync(join(home, '.config/paude'))).toBe(false))
})
