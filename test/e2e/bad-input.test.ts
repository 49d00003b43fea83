import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  binary,
  describeEach,
  expectGone,
  expectNothingLeft,
  inTurn,
  leftovers,
  makeProject,
  paude,
  poll,
  put,
  type Ran,
  type RunOptions,
  root,
  serveApi,
  start,
  startPaude,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

const api = serveApi()
afterAll(() => api.stop())

const FREE = '--dangerously-skip-permissions'
const PROMPT = ['-p', 'SAY never']

describeEach('bad input', (backend) => {
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { ...api.env, PAUDE_BACKEND: backend, ...env },
  })
  const run = (words: readonly string[], given: RunOptions = {}) => paude(words, options(given))
  const engineIsRemote =
    backend === 'docker' ? { DOCKER_HOST: 'unix:///nowhere/docker.sock' } : { CONTAINER_HOST: 'unix:///nowhere/podman.sock' }

  // Only podman can be told to keep its images elsewhere, and only root can make a small file system for them.
  if (backend === 'podman' && process.getuid?.() === 0)
    test('a disk that is full during the build', async () => {
      const store = join(root, 'full')
      const conf = put(
        join(root, 'storage.conf'),
        `[storage]
driver = "overlay"
graphroot = "${store}/root"
runroot = "${store}/run"
[storage.options]
additionalimagestores = ["/var/lib/containers/storage"]
`,
      )
      mkdirSync(store)
      const build = `mount -t tmpfs -o size=24m tmpfs ${store} && exec "$@"`
      const { code, stdout, stderr } = await run(['image', 'build', '--no-cache'], {
        env: { CONTAINERS_STORAGE_CONF: conf },
        through: ['unshare', '--mount', 'sh', '-c', build, 'sh'],
      })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(
        '\npaude: no space left where podman keeps its images and containers\n  → see what takes it: podman system df; free some: podman image prune\n',
      )
    })

  type Case = readonly [what: string, words: readonly string[], sentence: RegExp, code: number]
  const cases: readonly Case[] = [
    [
      'an image that is missing with --pull never',
      ['--pull=never', '--image=localhost/paude-none:x', ...PROMPT],
      /has no image localhost\/paude-none:x/,
      125,
    ],
    [
      'the same for paude run',
      ['run', '--pull=never', '--image=localhost/paude-none:x', '--', 'true'],
      /has no image localhost\/paude-none:x/,
      125,
    ],
    ['a registry that refuses connections', ['--image=localhost:1/none', ...PROMPT], /localhost:1\/none/, 125],
    ['the same for paude run', ['run', '--image=localhost:1/none', '--', 'true'], /localhost:1\/none/, 125],
    ['a name no image can have', ['--image=UPPER/Case', ...PROMPT], /not an image reference: "UPPER\/Case"/, 125],
    [
      'an unknown backend',
      ['--backend=lxc', ...PROMPT],
      /--backend must be one of auto, docker, podman, kubernetes, apple, zellij, found "lxc"/,
      125,
    ],
    ['an unknown network', ['--network=opne', ...PROMPT], /--network must be one of/, 125],
    ['a host that is a wildcard of everything', ['--network-allow=*', ...PROMPT], /\*/, 125],
    ['a host with a scheme', ['--network-allow=https://example.org/', ...PROMPT], /example\.org/, 125],
    ['a host with a space', ['--network-allow=exa mple.org', ...PROMPT], /exa mple\.org/, 125],
    ['a port that is none', ['--network-allow=example.org:99999', ...PROMPT], /99999/, 125],
    ['a bare number of bytes', ['--memory=512', ...PROMPT], /invalid memory size "512"/, 125],
    ['a negative size', ['--memory=-1g', ...PROMPT], /invalid memory size "-1g"/, 125],
    ['a size that is a word', ['--memory=lots', ...PROMPT], /invalid memory size "lots"/, 125],
    ['a size too small', ['--memory=1m', ...PROMPT], /too small/, 125],
    ['a size beyond every machine', ['--memory=9999999t', ...PROMPT], /more than any machine has/, 125],
    ['no processes', ['--pids=0', ...PROMPT], /invalid number of processes "0"/, 125],
    ['no cores', ['--cpus=0', ...PROMPT], /invalid number of cores "0"/, 125],
    ['a time that is none', ['run', '--timeout=soon', '--', 'true'], /--timeout must be a number of seconds, found "soon"/, 125],
    ['a mount of nothing', ['--mount=/no/such/place', ...PROMPT], /cannot mount \/no\/such\/place: it does not exist/, 125],
    ['a mount of the engine’s socket', ['--mount=/var/run/docker.sock', ...PROMPT], /cannot mount/, 125],
    ['a mount of the whole machine', ['--mount=/:/data', ...PROMPT], /cannot mount \/: \/ is the whole machine/, 125],
    ['a variable that is no name', ['--env=1X=2', ...PROMPT], /invalid variable name "1X"/, 125],
    ['a proxy of one’s own', ['--env=HTTPS_PROXY=x', ...PROMPT], /HTTPS_PROXY is set by paude/, 125],
    ['a session name with capitals', ['--session-name=Fix_It', ...PROMPT], /invalid session name "Fix_It"/, 125],
    ['a release that is none', ['--agent-version=latest!', ...PROMPT], /latest!/, 125],
    ['a certificate file that is missing', ['--ca-file=/no/such.pem', ...PROMPT], /\/no\/such\.pem cannot be read/, 125],
    ['a flag without its value', ['--memory'], /--memory needs a value/, 125],
    ['no network and a host', ['--network=none', '--network-allow=example.org', ...PROMPT], /cannot be combined/, 125],
    ['paude run without a command', ['run'], /paude run needs a command/, 125],
    ['a session that does not exist', ['attach', 'nobody'], /nobody/, 125],
    ['the same for stop', ['stop', 'nobody'], /nobody/, 1],
    ['the same for rm', ['rm', 'nobody'], /nobody/, 1],
    ['the same for logs', ['logs', 'paude-zzzzzz'], /paude-zzzzzz/, 1],
    ['the same for exec', ['exec', 'nobody', '--', 'true'], /nobody/, 125],
    ['an unknown flag of a verb', ['sessions', '--jsno'], /unknown flag --jsno/, 2],
  ]
  test.concurrent.each(cases)('%s', async (_, words, sentence, code) =>
    expectText(await inTurn(() => run(words)), sentence, code),
  )

  test('none of these left anything behind', () => expectNothingLeft(backend))

  test('a name that is taken, and a prefix that two sessions share', async () => {
    const cwd = makeProject()
    const made: string[] = []
    try {
      for (const name of ['same-one', 'same-two']) {
        const { code, stdout, stderr } = await run(['--detach', `--session-name=${name}`, '-p', 'SLEEP 60'], { cwd })
        expect(code, stderr).toBe(0)
        made.push(stdout.trim())
      }
      const before = await leftovers(backend)
      expectText(await run(['--session-name=same-one', ...PROMPT], { cwd }), /a session named same-one already exists/, 125)
      expectText(await run(['stop', 'paude-'], { cwd }), /paude-/, 1)
      expectText(await run(['stop', 'same'], { cwd }), /same/, 1)
      expectText(await run(['stop'], { cwd }), /same-one|same-two|2 sessions|more than one/, 1)
      expect((await leftovers(backend)).filter((line) => !line.startsWith('process'))).toEqual(
        before.filter((line) => !line.startsWith('process')),
      )
    } finally {
      for (const id of made) await run(['rm', '--force', id], { cwd })
    }
    await expectGone(backend)
  })

  test('a workspace that is deleted meanwhile', async () => {
    const cwd = join(makeProject({ git: false }), 'gone')
    mkdirSync(cwd)
    const ran = await start(['/bin/sh', '-c', `rmdir "$PWD" && exec "$0" "$@"`, binary, ...PROMPT], options({ cwd })).done
    expect(ran).toMatchObject({
      code: 125,
      stdout: '',
      stderr: expect.stringContaining('the current directory no longer exists'),
    })
    await expectNothingLeft(backend)
  })

  test('a workspace that is deleted while the agent works is no reason to leave anything', async () => {
    const cwd = makeProject()
    const running = startPaude(['-p', 'BASH echo up > up.txt;;SLEEP 2;;SAY end', FREE], options({ cwd }))
    await poll('the agent works', () => existsSync(join(cwd, 'up.txt')))
    rmSync(cwd, { recursive: true, force: true })
    await running.done
    await expectNothingLeft(backend)
  })

  test('a project whose path has a line break is refused', async () => {
    const cwd = makeProject({ name: 'two\nlines', git: false })
    await expectSentence(await run(PROMPT, { cwd }), /control character/, 125)
  })

  test.concurrent.each([
    'with space',
    `it's "quoted"`,
    'comma,name=x',
    'colon:ro',
    '-leading-dash',
    '--mount=x',
    'žluťoučký кот 猫 🐈',
    '$HOME `id` $(id) \\ *',
    '#;&|<>',
    '{{.Names}}',
    '%s%n',
    '~',
  ])('a project named %s works', async (name) => {
    const cwd = makeProject({ name })
    const ran = await inTurn(() =>
      run(['-p', 'WRITE made.txt here;;BASH pwd; git status --porcelain;;SAY {result}', FREE], { cwd }),
    )
    expect(ran).toEqual({ code: 0, stdout: `${cwd}\n?? made.txt\n`, stderr: '' })
    expect(readFileSync(join(cwd, 'made.txt'), 'utf8')).toBe('here')
  })

  test('HOME that is not set is found elsewhere or missed with a sentence', async () => {
    const unset = await run(['-p', 'SAY homeless'], { env: { HOME: undefined } })
    expect({ code: unset.code, stdout: unset.stdout }).toEqual({ code: 0, stdout: 'homeless\n' })
    await expectSentence(
      await run(PROMPT, { env: { HOME: '', XDG_STATE_HOME: undefined } }),
      /HOME is not set, so paude has no place for the state of sessions/,
      125,
    )
  })

  test('a HOME that is not writable', async () => {
    // root writes everywhere but into the kernel's folders.
    const place = '/proc/nowhere'
    await expectSentence(await run(PROMPT, { env: { HOME: place, XDG_STATE_HOME: undefined } }), /cannot write/, 125)
    const apart = await run(['-p', 'SAY apart'], { env: { HOME: place } })
    expect({ code: apart.code, stdout: apart.stdout }).toEqual({ code: 0, stdout: 'apart\n' })
  })

  test('the screen without a terminal: claude asks for its input and nothing hangs', async () => {
    const { code, stderr, stdout } = await run([])
    expect(code).toBe(1)
    expect(stdout + stderr).toContain('Input must be provided')
    await expectNothingLeft(backend)
  })

  test('a reader that went away', async () => {
    await start(['/bin/bash', '-c', '"$0" -p "SAY x" | true', binary], options()).done
    const { stderr } = await start(
      ['/bin/bash', '-c', '"$0" --help >&-; "$0" --dry-run -p x >&-; "$0" -p "SAY x" >&-', binary],
      options(),
    ).done
    expect(stderr).not.toMatch(/at .*:\d+:\d+|bug/)
    await expectNothingLeft(backend)
  })

  test('an engine that does not answer', async () => {
    await expectSentence(await run(PROMPT, { env: engineIsRemote }), /does not answer|not running|cannot connect/i, 125)
    await expectSentence(
      await run(['run', '--', 'true'], { env: engineIsRemote }),
      /does not answer|not running|cannot connect/i,
      125,
    )
  })

  test('an engine that is not installed', async () => {
    const bin = join(root, 'empty-path')
    mkdirSync(bin, { recursive: true })
    await expectSentence(await run(PROMPT, { env: { PATH: bin } }), new RegExp(`${backend} is not installed`), 125)
    await expectSentence(
      await run(PROMPT, { env: { PATH: bin, PAUDE_BACKEND: undefined } }),
      /no container engine was found/,
      125,
    )
  })

  /** One sentence and one hint on stderr, nothing on stdout, the code, and nothing left behind. */
  async function expectSentence(ran: Ran, sentence: RegExp, code: number): Promise<void> {
    expectText(ran, sentence, code)
    await expectNothingLeft(backend)
  }

  function expectText({ stdout, stderr, code: got }: Ran, sentence: RegExp, code: number): void {
    expect(stderr).toMatch(sentence)
    expect({ stdout, code: got }).toEqual({ stdout: '', code })
    // What was being done, and how, may be told before; then one sentence and one hint, which may list sessions.
    const said = stderr.split('\n').filter((line) => !line.startsWith('    paude-'))
    expect(said.slice(-3)).toEqual([expect.stringMatching(/^paude: .*[^.]$/), expect.stringMatching(/^ {2}→ .*[^.]$/), ''])
    const before = said.slice(0, -3)
    if (!/^paude: pulling /.test(before[0] ?? '')) expect(before).toEqual([])
  }
})
