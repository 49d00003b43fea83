import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  containersOf,
  describeEach,
  engine,
  expectNothingLeft,
  inTurn,
  makeProject,
  paude,
  poll,
  processes,
  put,
  type RunOptions,
  root,
  sessionIds,
  startPaude,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

/** Begins numbers of seconds that no other suite on this machine sleeps. */
const NAP = `9${process.pid}`

describeEach('paude run', (backend) => {
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({ ...rest, env: { PAUDE_BACKEND: backend, ...env } })
  const run = (words: readonly string[], given: RunOptions = {}) => inTurn(() => paude(['run', ...words], options(given)))
  const sh = (script: string, own: readonly string[] = [], given: RunOptions = {}) =>
    run([...own, '--', 'bash', '-c', script], given)

  test.concurrent.each([0, 1, 3, 125, 127, 255])('exit code %d is the exit code', async (code) =>
    expect(await sh(`exit ${code}`)).toEqual({ code, stdout: '', stderr: '' }),
  )

  test.concurrent('a program that is not there ends with 127, one that cannot be run with 126', async () => {
    expect((await run(['no-such-program'])).code).toBe(127)
    expect((await run(['/etc/passwd'])).code).toBe(126)
  })

  test.concurrent('a command that a signal ends says so', async () => expect((await sh('kill -TERM $$')).code).toBe(143))

  test.concurrent('stdout and stderr stay apart, byte for byte', async () =>
    expect(await sh('printf "a\\r\\n\\tb\\0c"; printf "é\\n" >&2')).toEqual({ code: 0, stdout: 'a\r\n\tb\0c', stderr: 'é\n' }))

  test.concurrent('eight megabytes go in and come out', async () => {
    const { code, stdout } = await sh('sha256sum; ', [], { stdin: 'x'.repeat(8_388_608) })
    const digest = new Bun.CryptoHasher('sha256').update('x'.repeat(8_388_608)).digest('hex')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${digest}  -\n` })
    const big = await sh('head -c 8388608 /dev/zero | tr "\\0" y')
    expect(big.stdout.length).toBe(8_388_608)
  })

  test.concurrent('every word arrives as it was typed', async () => {
    const words = ['', ' ', '-x', '--', 'a"b\'c', '$HOME', '`id`', 'new\nline', '*', 'é🐈', '\\']
    expect((await run(['--', 'printf', '[%s]', ...words])).stdout).toBe(words.map((word) => `[${word}]`).join(''))
  })

  test.concurrent('the command works on the project as the caller', async () => {
    const cwd = makeProject()
    const { uid, gid } = readHost()
    expect((await sh('pwd; id -u; id -g; echo made > made.txt; cat README.md', [], { cwd })).stdout).toBe(
      `${cwd}\n${uid}\n${gid}\n# A project\n`,
    )
    expect(statSync(join(cwd, 'made.txt'))).toMatchObject({ uid, gid })
  })

  test.concurrent('there is no network unless it is asked for', async () => {
    const { stdout } = await sh(
      'ls /sys/class/net; tail -n +2 /proc/net/route; env | grep -i _proxy=. ; ls /paude/link; echo end',
    )
    expect(stdout).toBe('lo\nend\n')
    expect((await sh('curl -sS -m 4 https://example.org/')).code).not.toBe(0)
  })

  test.concurrent('--network-allow puts it behind the wall', async () => {
    const server = Bun.serve({ hostname: '0.0.0.0', port: 0, fetch: () => new Response('reached') })
    const allow = `--network-allow=${HOST_NAME}:${server.port}`
    const { stdout, stderr, code } = await sh(
      `curl -sS -m 60 http://${HOST_NAME}:${server.port}/; echo; curl -sS -m 60 -o /dev/null https://example.org/ 2>/dev/null; ls /sys/class/net`,
      [allow],
    )
    await server.stop(true)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'reached\nlo\n' })
    expect(stderr).toStartWith('paude: blocked 1 host: example.org:443')
  })

  test('--timeout ends it with 124, inside and outside', async () => {
    const script = `trap "" HUP; trap "echo ends itself; exit" TERM; sleep ${NAP}1 & sleep ${NAP}1 & echo started; wait`
    let { code, stdout } = await sh(script, ['--timeout=1'])
    // The time runs from the start on, which takes longer than that on a busy machine.
    for (let seconds = 5; !stdout.includes('started') && seconds < 200; seconds *= 5) {
      expect(code).toBe(124)
      ;({ code, stdout } = await sh(script, [`--timeout=${seconds}`]))
    }
    expect({ code, stdout }).toEqual({ code: 124, stdout: 'started\nends itself\n' })
    await expectNothingLeft(backend)
    expect(withWords(`sleep\0${NAP}1`)).toEqual([])
  })

  test('a command that ignores SIGTERM is killed after ten seconds of grace', async () => {
    const { code } = await sh('trap "" TERM; while :; do sleep 1; done', ['--timeout=0.5'])
    expect(code).toBe(124)
    await expectNothingLeft(backend)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s to paude ends the command and removes the sandbox', async (signal, code) => {
    const running = startPaude(['run', '--', 'sleep', `${NAP}2`], options())
    await poll('the command runs', () => withWords(`sleep\0${NAP}2`).length > 0)
    running.kill(signal)
    expect((await running.done).code).toBe(code)
    await expectNothingLeft(backend)
  })

  test('the command hears SIGINT and may choose its own end', async () => {
    const running = startPaude(
      ['run', '--', 'bash', '-c', 'trap "echo heard; exit 7" INT; echo up; while :; do sleep 0.1; done'],
      options(),
    )
    await poll('the command runs', () => running.stdout().includes('up'))
    running.kill('SIGINT')
    const { code, stdout } = await running.done
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'up\nheard\n' })
  })

  test('an image of one’s own runs as it is', async () => {
    const image = `localhost/paude-e2e-tiny-${process.pid}:${backend}`
    const base = backend === 'docker' ? 'debian:trixie-slim' : 'docker.io/library/debian:trixie-slim'
    const dockerfile = put(
      join(root, `tiny-${backend}/Dockerfile`),
      `FROM ${base}\nRUN echo tiny > /etc/tiny\nENTRYPOINT ["/bin/false"]\n`,
    )
    const built = await engine(backend, ['build', '--quiet', `--tag=${image}`, join(dockerfile, '..')])
    expect(built.code, built.stderr).toBe(0)
    try {
      expect(await sh('cat /etc/tiny', ['--image', image])).toEqual({ code: 0, stdout: 'tiny\n', stderr: '' })
    } finally {
      await engine(backend, ['rmi', '--force', image])
    }
  })

  test('--env passes a value or the caller’s own, and neither shows in argv, labels or --dry-run of the engine’s client', async () => {
    const own = ['--env=GIVEN=given-7261', '--env=CALLERS', '--env=ABSENT']
    const env = { CALLERS: 'callers 7262\n"$x"' }
    const running = startPaude(
      ['run', ...own, '--', 'sh', '-c', 'printf "%s|%s|%s" "$GIVEN" "$CALLERS" "$(echo $ABSENT | sed "s,^$,unset,")"; read x'],
      options({ env, stdin: { kind: 'open' } }),
    )
    await poll('the values', () => running.stdout().includes('unset'))
    expect(running.stdout()).toBe(`given-7261|${env.CALLERS}|unset`)
    const engines = processes().filter(({ words }) => words.startsWith(`${backend} `))
    expect(engines.length).toBeGreaterThan(0)
    for (const { words } of engines) expect(words).not.toMatch(/726[12]/)
    running.write(null)
    await running.done
    const dry = await run([...own, '--dry-run', '--', 'true'], { env })
    expect(dry.stdout).toContain('--env=GIVEN')
    expect(dry.stdout).not.toMatch(/726[12]/)
  })

  test.concurrent('--mount is read-only unless it says rw', async () => {
    const folder = join(root, `mounts-${backend}, "odd": name`)
    put(join(folder, 'file.txt'), 'content\n')
    const word = folder.replaceAll(':', '\\:')
    const { stdout } = await sh(
      `cat /data/file.txt; touch /data/new 2>/dev/null || echo refused; touch /work/new && echo written; cat "$1/file.txt"`,
      [`--mount=${word}:/data`, `--mount=${word}:/work:rw`],
    )
    expect(stdout).toBe('content\nrefused\nwritten\n')
    expect(readdirSync(folder)).toContain('new')
    expect((await run([`--mount=${word}`, '--', 'cat', `${folder}/file.txt`])).stdout).toBe('content\n')
  })

  test('limits are set', async () => {
    const running = startPaude(
      ['run', '--pids=77', '--memory=300m', '--cpus=1.5', '--', 'sh', '-c', 'echo up; read x'],
      options({ stdin: { kind: 'open' } }),
    )
    await poll('the command runs', () => running.stdout().includes('up'))
    const id = await newest(backend)
    const { stdout } = await engine(backend, ['inspect', '--format={{json .HostConfig}}', id])
    running.write(null)
    await running.done
    expect(JSON.parse(stdout)).toMatchObject({
      PidsLimit: 77,
      Memory: 314_572_800,
      MemorySwap: 314_572_800,
      NanoCpus: 1_500_000_000,
    })
  })

  test.concurrent('more processes than allowed cannot be made', async () => {
    const { stdout, stderr } = await sh('for i in $(seq 60); do sleep 5 & done; echo survived', ['--pids=24'])
    expect(`${stdout}${stderr}`).toMatch(/Resource temporarily unavailable/)
  })

  test.concurrent('any number of processes can be asked for, and nothing else is given', async () => {
    const { stdout } = await sh(
      'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; grep -E "^(NoNewPrivs|Seccomp|CapBnd):" /proc/self/status',
      ['--pids=none'],
    )
    expect(stdout.split(/\s+/)).toEqual(['max', 'CapBnd:', '0000000000000000', 'NoNewPrivs:', '1', 'Seccomp:', '2', ''])
  })

  test.concurrent('more memory than allowed ends the program, and is told where the engine tells', async () => {
    const { code, stderr } = await sh('head -c 400m /dev/zero | tail -n 1 >/dev/null; exit $?', ['--memory=100m'])
    expect(code).toBe(137)
    // podman tells it on a machine with control groups v2 alone.
    if (backend === 'docker') expect(stderr).toContain('the session ended because it reached its memory limit (100m)')
  })

  test.concurrent('HOME is the sandbox’s own and goes with it', async () => {
    expect((await sh('touch "$HOME/x" && ls -A "$HOME"')).stdout).toBe('x\n')
    expect((await sh('ls -A "$HOME"')).stdout).toBe('')
  })

  test('side by side they do not meet', async () => {
    const cwd = makeProject()
    const all = await Promise.all([1, 2, 3].map((n) => sh(`echo ${n} > ${n}.txt; echo ${n}`, [], { cwd })))
    expect(all.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n'])
    expect([1, 2, 3].every((n) => existsSync(join(cwd, `${n}.txt`)))).toBe(true)
  })
})

/** Pids of processes whose argv holds these words, NUL-separated, wherever they run. */
const withWords = (words: string): readonly string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').startsWith(`${words}\0`)
    } catch {
      return false
    }
  })

async function newest(backend: 'docker' | 'podman'): Promise<string> {
  for (const id of sessionIds().toReversed()) if ((await containersOf(backend, id)).length > 0) return id
  throw new Error('no session')
}
