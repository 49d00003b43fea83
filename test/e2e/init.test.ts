import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  agentImage,
  type BackendName,
  describeEach,
  engine,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type Running,
  type RunOptions,
  root,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(240_000) // ms

/** Prints the status of the help page, which the proxy answers by itself. */
const ASK = `curl -s -o /dev/null -w '%{http_code}\\n' --max-time 60 http://paude.internal/`

/** The same as a part of a program of perl, without a process of its own. */
const ASK_IN_PERL = `
use IO::Socket::INET;
sub ask {
  my $way = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 3128) or return print("$_[0]: no way\\n");
  print $way "GET http://paude.internal/ HTTP/1.1\\r\\nHost: paude.internal\\r\\nConnection: close\\r\\n\\r\\n";
  print "$_[0]: ", (split / /, <$way> // '- none')[1], "\\n";
}
$| = 1;
`

describeEach('the first program of a sandbox', (backend) => {
  const start = (words: readonly string[], { env, ...options }: RunOptions = {}) =>
    startPaude(['--network=restricted', ...words], { ...options, env: { PAUDE_BACKEND: backend, ...env } })
  const run = async (words: readonly string[], options?: RunOptions) => await start(words, options).done
  const bash = (script: string, flags: readonly string[] = []) => [...flags, 'run', '--', 'bash', '-c', script]
  const perl = (script: string, flags: readonly string[] = []) => [...flags, 'run', '--', 'perl', '-e', script]

  /** A box whose program has said that it is up, while `act` goes on. */
  async function withBox(
    words: readonly string[],
    act: (id: string, box: Running) => Promise<void>,
    options?: RunOptions,
  ): Promise<void> {
    const before = sessionIds()
    const box = start(words, options)
    try {
      await poll('the box is up', () => box.stdout().includes('up\n'), 100).catch(() => expect(box.stderr()).toBe(''))
      await act(sessionIds().filter((one) => !before.includes(one))[0] ?? '', box)
    } finally {
      box.kill('SIGTERM')
      await box.done
    }
  }

  beforeAll(async () => {
    expect((await paude(['image', 'build'], { env: { PAUDE_BACKEND: backend } })).code).toBe(0)
  }, 600_000)

  describe('keeps the way out', () => {
    test('when everything else is killed', async () => {
      const { code, stdout, stderr } = await run(bash(`sleep 600 & ${ASK}; kill -9 -1; wait; ${ASK}`))
      expect({ code, stdout }).toEqual({ code: 0, stdout: '200\n200\n' })
      expect(stderr).not.toContain('paude:')
    })

    test('while a fork bomb fills the sandbox, and after it', async () => {
      const bomb = `
${ASK_IN_PERL}
my $first = $$;
while (1) { last unless defined fork }
sleep 600 unless $$ == $first;
ask('full');
kill 'KILL', -1;
1 until wait == -1;
ask('empty');
print defined(my $child = fork) ? '' : "no process\\n";
exit 0 if $child == 0;
`
      const { code, stdout, stderr } = await run(perl(bomb, ['--pids=64']))
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'full: 200\nempty: 200\n', stderr: '' })
    })

    test('where memory runs out', async () => {
      const eater = `perl -e 'my @parts; push @parts, "x" x 1e6 while 1'`
      const { code, stdout } = await run(
        bash(`for turn in 1 2 3; do ${eater}; echo "ended with $?"; ${ASK}; done`, ['--memory=64m']),
      )
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'ended with 137\n200\n'.repeat(3) })
    })

    test('since no program of the sandbox can end it', async () => {
      const signals = ['KILL', 'STOP', 'SEGV', 'BUS', 'FPE', 'ILL', 'ABRT', 'TRAP', 'SYS']
      const { code, stdout } = await run(bash(`for one in ${signals.join(' ')}; do kill -s $one 1 && echo $one; done; ${ASK}`))
      expect({ code, stdout }).toEqual({ code: 0, stdout: [...signals, '200', ''].join('\n') })
    })

    test('since no program of the sandbox can trace it, read or write its memory, or limit it', async () => {
      const { stdout } = await run(perl(TOUCH))
      expect(lines(stdout)).toEqual([
        'the same user: yes',
        ...[
          'attach',
          'seize',
          'read memory',
          'write memory',
          'take a descriptor',
          'take its files',
          'take them by a longer number',
        ].map((what) => `${what}: refused`),
        ...['mem read', 'mem write', 'environ read', 'maps read', 'fd open'].map((what) => `${what}: refused`),
        'asked: 200',
      ])
    })
  })

  describe('tells of its wall', () => {
    const RECEIPT = '{"v":1,"network":'
    const receipts = (text: string) => lines(text).filter((line) => line.startsWith(RECEIPT))
    const noted = (id: string) => readFileSync(join(stateHome, 'paude/sessions', id, 'noted'), 'utf8')
    const logged = async (id: string) => (await engine(backend, ['logs', `${id}-proxy`])).stdout

    test('in a receipt that the agent can neither forge nor read', async () => {
      const forged = `${RECEIPT}"forged","canaries":[],"ok":false}`
      const script = `
pipe=/paude/link/receipt
for turn in 1 2 3; do echo '${forged}' >$pipe; done
head -c 300000 /dev/zero | tr '\\0' '\\n' >$pipe
exec 3>$pipe; echo '${forged}' >&3; exec 3>&-
timeout 5 head -c 1 $pipe; echo "read: $?"
timeout 5 bash -c "exec 3<>$pipe"; echo "opened: $?"
rm -f $pipe; echo "removed: $?"
mv /paude/link/proxy.sock /tmp; echo "moved: $?"
: >/paude/link/other; echo "made: $?"
kill -9 -1
echo '${forged}' >$pipe
${ASK}
echo up
while sleep 0.05; do echo '${forged}' >$pipe && echo wrote; done`
      await withBox(bash(script), async (id, box) => {
        const [log, file] = [receipts(await logged(id)), receipts(noted(id))]
        expect(log).toEqual([expect.stringMatching(/^\{"v":1,"network":"restricted","canaries":\[.*\],"ok":true\}$/)])
        expect(file).toEqual([...log])
        const [asked, ...rest] = lines(box.stdout().split('up\n')[0] ?? '').toReversed()
        expect(asked).toBe('200')
        expect(rest.toReversed()).toEqual(['read: 1', 'opened: 1', 'removed: 1', 'moved: 1', 'made: 1'])

        // A proxy that is started again has heard of this box before.
        expect((await engine(backend, ['restart', '--time=0', `${id}-proxy`])).code).toBe(0)
        await poll(
          'the way is there again',
          async () => (await engine(backend, ['exec', id, 'bash', '-c', ASK])).stdout === '200\n',
        )
        const wrote = () => lines(box.stdout()).filter((line) => line === 'wrote').length
        const before = wrote()
        await poll('the agent has written again', () => wrote() > before + 10)
        expect(receipts(await logged(id))).toEqual([...log])
        expect(receipts(noted(id))).toEqual([...file])
      })
    })

    /** An image that has its say wherever an image can, and a folder for its marks. */
    const hostile = async (): Promise<string> => {
      const tag = `localhost/paude-test/hostile-${backend}:${process.pid}`
      const folder = join(root, `hostile-${backend}`)
      put(
        join(folder, 'Dockerfile'),
        `FROM ${await agentImage(backend)}
USER 0
RUN printf 'echo "$0" >>/mark/bash\\n' >/mark.sh && mkdir /mark && chmod 644 /mark.sh
ENV LD_PRELOAD=/mark.so LD_AUDIT=/mark.so BASH_ENV=/mark.sh ENV=/mark.sh PERL5OPT=-Mmark
HEALTHCHECK --interval=50ms CMD echo health >>/mark/health
ENTRYPOINT ["/bin/sh", "-c", "echo entry >>/mark/entry; exec \\"$@\\"", "sh"]
`,
      )
      const { code, stderr } = await engine(backend, [
        'build',
        '--quiet',
        ...(backend === 'podman' ? ['--format=docker'] : []),
        `--tag=${tag}`,
        folder,
      ])
      if (code !== 0) throw new Error(stderr)
      return tag
    }

    test('before any code of the image runs, which gets its own variables afterwards', async () => {
      const image = await hostile()
      const [mark, broken] = ['mark', 'broken'].map((name) => join(root, `${name}-${backend}`))
      if (mark === undefined || broken === undefined) return
      for (const folder of [mark, broken]) {
        mkdirSync(folder)
        chmodSync(folder, 0o777)
      }
      try {
        const words = (folder: string) => [
          ...[`--image=${image}`, `--mount=${folder}:/mark:rw`, 'run', '--', 'bash', '-c'],
          'echo "$LD_PRELOAD $LD_AUDIT $BASH_ENV $ENV $PERL5OPT"; sleep 1',
        ]
        const sound = await run(words(mark))
        expect({ code: sound.code, stdout: sound.stdout }).toEqual({
          code: 0,
          stdout: '/mark.so /mark.so /mark.sh /mark.sh -Mmark\n',
        })
        // Its variables do what they do everywhere; its entry point has no place here.
        expect(sound.stderr).toContain('/mark.so')
        expect(existsSync(join(mark, 'bash'))).toBe(true)
        expect(existsSync(join(mark, 'entry'))).toBe(false)
        // A check of its health would not wait for the wall.
        expect(existsSync(join(mark, 'health'))).toBe(false)

        const open = await run(words(broken), { env: { PATH: networked(backend) } })
        expect({ code: open.code, stdout: open.stdout }).toEqual({ code: 125, stdout: '' })
        expect(open.stderr).toContain('the wall around the agent is broken, so the agent was not started')
        expect(open.stderr).not.toContain('/mark.so')
        expect([existsSync(join(broken, 'bash')), existsSync(join(broken, 'entry'))]).toEqual([false, false])
      } finally {
        await engine(backend, ['rmi', '--force', image])
      }
    })
  })

  describe('is an init', () => {
    const terminals = makeTerminals()
    afterAll(terminals.stop)

    test('that reaps what lost its parent', async () => {
      const script = `
for at in $(seq 60); do (true & true) & done; wait
left() { cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '; }
for turn in $(seq 3000); do [ "$(left)" != 0 ] || break; read -r -t 0.02 <> <(:); done
left`
      expect(await run(bash(script))).toMatchObject({ stdout: '0\n' })
    })

    test.each([
      ['exit 0', 0],
      ['exit 7', 7],
      ['exit 255', 255],
      ['kill -TERM $$; sleep 60', 143],
      ['kill -KILL $$; sleep 60', 137],
      ['kill -USR1 $$; sleep 60', 138],
    ])('that ends as its program does: %s', async (script, code) => expect((await run(bash(script))).code).toBe(code))

    test('that ends with its program, whatever this has left behind', async () => {
      const { code, stdout } = await run(bash('(trap "" TERM HUP INT; sleep 600) & setsid sleep 600 & echo up; exit 3'))
      expect({ code, stdout }).toEqual({ code: 3, stdout: 'up\n' })
    })

    test('that hands a stop on and gives its program time', async () => {
      const script = `trap 'for at in $(seq 20000); do :; done; echo cleaned; exit 5' TERM; echo up; while :; do sleep 0.1; done`
      await withBox(bash(script), async (id, box) => {
        expect((await engine(backend, ['stop', id])).code).toBe(0)
        expect(await box.done).toMatchObject({ code: 5, stdout: 'up\ncleaned\n' })
      })
    })

    test.each(['HUP', 'USR1', 'WINCH', 'INT', 'QUIT'])('that hands SIG%s on', async (signal) => {
      const script = `trap 'echo heard; exit 6' ${signal}; echo up; while :; do sleep 0.1; done`
      await withBox(bash(script), async (id, box) => {
        expect((await engine(backend, ['kill', `--signal=${signal}`, id])).code).toBe(0)
        expect(await box.done).toMatchObject({ code: 6, stdout: 'up\nheard\n' })
      })
    })

    test('that passes stdin and its end', async () => {
      const text = `${'a line of text\n'.repeat(20_000)}the end`
      expect(await run(['run', '--', 'cat'], { stdin: text })).toMatchObject({ code: 0, stdout: text })
      expect(await run(['run', '--', 'cat'])).toMatchObject({ code: 0, stdout: '' })
      const open = start(['run', '--', 'cat'], { stdin: { kind: 'open' } })
      open.write('first\n')
      await poll('the first line', () => open.stdout() === 'first\n', 100)
      open.write(null)
      expect(await open.done).toMatchObject({ code: 0, stdout: 'first\n' })
    })

    // Nobody else may look at what process 1 has open.
    test.skipIf(process.getuid?.() !== 0)('that lets go of the streams of its program', async () => {
      await withBox(bash('echo up; exec sleep 600'), async (id) => {
        const { stdout } = await engine(backend, ['container', 'inspect', '--format={{.State.Pid}}', id])
        expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${stdout.trim()}/fd/${fd}`))).toEqual(Array(3).fill('/dev/null'))
      })
    })

    test('that puts its program in front of the terminal', async () => {
      const cwd = makeProject()
      const script = join(cwd, 'terminal.sh')
      put(
        script,
        `read -r _ _ _ _ group _ _ front _ <<<"$(sed 's/(.*)/()/' /proc/$$/stat)"
[ "$group $front" = "$$ $$" ] && echo "a group of its own, in front of it"
trap 'echo "now $(stty size)"' WINCH
trap 'echo "got INT"; exit 9' INT
echo "at first $(stty size)"
while :; do sleep 0.1; done
`,
      )
      const window = await terminals.open({ cwd, env: { PAUDE_BACKEND: backend } })
      await window.start(`${join(root, 'bin/paude')} --network=restricted run -- bash terminal.sh`)
      expect(await window.see(/^at first \d+ \d+$/m, 100)).toContain('a group of its own, in front of it')
      await window.see(/^(at first|now) 30 100$/m)
      await window.resize(64, 20)
      await window.see(/^now 20 64$/m)
      await window.press('C-c')
      await window.see(/got INT/)
      expect(await window.ended()).toBe(9)
    })

    test('whose program’s jobs can be stopped and continued on the terminal', async () => {
      const cwd = makeProject()
      put(join(cwd, 'job.sh'), `trap 'echo on again' CONT; echo begun; while :; do sleep 0.1; done\n`)
      const window = await terminals.open({ cwd, env: { PAUDE_BACKEND: backend } })
      await window.start(`${join(root, 'bin/paude')} --network=restricted run -- bash --norc -i`)
      await window.see(/[$#]$/, 100)
      await window.enter('bash job.sh')
      await window.see(/^begun$/m)
      await window.press('C-z')
      await window.see('Stopped')
      await window.enter('fg')
      await window.see(/^on again$/m)
      await window.press('C-c')
      await window.enter('echo "ended $?"')
      await window.see(/^ended 130$/m)
      await window.enter('exit 11')
      expect(await window.ended()).toBe(11)
    })
  })

  describe('brings loopback to the proxy', () => {
    test('also to one that was started again', async () => {
      await withBox(bash('echo up; exec sleep 600'), async (id) => {
        const ask = async () => (await engine(backend, ['exec', id, 'bash', '-c', ASK])).stdout
        expect(await ask()).toBe('200\n')
        for (const words of [
          ['restart', '--time=0', `${id}-proxy`],
          ['stop', '--time=0', `${id}-proxy`],
        ])
          expect((await engine(backend, words)).code).toBe(0)
        expect(await ask()).toBe('000\n')
        expect((await engine(backend, ['start', `${id}-proxy`])).code).toBe(0)
        await poll('the way is there again', async () => (await ask()) === '200\n')
      })
    })

    test('200 connections at once, and 200 MB each way', async () => {
      const MEBI = 1024 ** 2
      const block = new Uint8Array(MEBI).map((_, at) => (at * 7) % 251)
      let got = { size: 0, hash: '' }
      const hash = new Bun.CryptoHasher('sha256')
      for (let at = 0; at < 200; at++) hash.update(block)
      const whole = hash.digest('hex')
      let waiting = 0
      let all: () => void = () => undefined
      const met = new Promise<void>((resolve) => (all = resolve))
      const server = Bun.serve({
        hostname: '0.0.0.0',
        port: 0,
        idleTimeout: 255,
        maxRequestBodySize: 1e9,
        async fetch(request) {
          const { pathname } = new URL(request.url)
          if (request.method === 'PUT') {
            const sum = new Bun.CryptoHasher('sha256')
            let size = 0
            for await (const part of request.body ?? []) {
              size += part.length
              sum.update(part)
            }
            got = { size, hash: sum.digest('hex') }
            return new Response('taken\n')
          }
          if (pathname === '/big') {
            let sent = 0
            return new Response(
              new ReadableStream({
                pull: (to) => (sent++ < 200 ? to.enqueue(block) : to.close()),
              }),
            )
          }
          // Nobody is answered before all have asked.
          if (++waiting === 200) all()
          await met
          return new Response(`${pathname.slice(1)}\n`)
        },
      })
      const url = `http://${HOST_NAME}:${server.port}`
      const script = `
set -o pipefail
for at in $(seq 200); do curl -sS --max-time 220 ${url}/$at & done | sort -n | tr '\\n' ' '; echo
curl -sS --max-time 220 ${url}/big | tee >(sha256sum >&2) >/tmp/big; stat -c %s /tmp/big
curl -sS --max-time 220 -T /tmp/big ${url}/up`
      try {
        const { code, stdout, stderr } = await run(bash(script, [`--network-allow=${HOST_NAME}:${server.port}`]))
        expect({ code, stdout, stderr }).toEqual({
          code: 0,
          stdout: `${Array.from({ length: 200 }, (_, at) => at + 1).join(' ')} \n${200 * MEBI}\ntaken\n`,
          stderr: `${whole}  -\n`,
        })
        expect(got).toEqual({ size: 200 * MEBI, hash: whole })
      } finally {
        await server.stop(true)
      }
    }, 600_000)

    describe('by hand', () => {
      const relay = makeRelay(backend)
      beforeAll(relay.open)
      afterAll(relay.close)

      test('where memory runs out, the program goes before it, also for an ordinary user', async () => {
        const [program, first] = (await relay.said()).split(' > ').map(Number)
        expect(program).toBeGreaterThan(first ?? Number.NaN)
      })

      test('a side that has said all still hears the other', async () => {
        relay.serve((socket) => {
          let said = ''
          socket.on('data', (bytes: Buffer) => (said += bytes.toString()))
          socket.on('end', () => socket.end(`heard ${said}`))
        })
        expect(await relay.perl(`${DIAL} print $way 'all'; shutdown $way, 1; print <$way>`)).toBe('heard all')
      })

      test('and the other way round', async () => {
        const heard = new Promise<string>((resolve) =>
          relay.serve((socket) => {
            let said = ''
            socket.on('data', (bytes: Buffer) => (said += bytes.toString()))
            socket.on('end', () => resolve(said))
            socket.end('server has said all;')
          }),
        )
        const said = await relay.perl(`${DIAL} print <$way>; print $way 'box goes on'; shutdown $way, 1; print ' done'`)
        expect(said).toBe('server has said all; done')
        expect(await heard).toBe('box goes on')
      })

      test('a side that is not read from holds the other up and loses nothing', async () => {
        const size = 32 * 1024 * 1024
        relay.serve((socket) => {
          let count = 0
          socket.pause()
          socket.on('data', (bytes: Buffer) => (count += bytes.length))
          socket.on('end', () => socket.end(`${count}`))
          setImmediate(() => socket.write('begin', () => socket.resume()))
        })
        expect(await relay.perl(`${DIAL} read $way, my $x, 5; print $way 'x' x ${size}; shutdown $way, 1; print <$way>`)).toBe(
          `${size}`,
        )
      })

      test('one that is reset ends the other', async () => {
        const ended = new Promise<string>((resolve) =>
          relay.serve((socket) => {
            // What is closed for both ways refuses what is written to it; what has only said all takes it.
            socket.on('end', () => {
              const more = setInterval(() => socket.write('more'), 10)
              socket.on('close', () => {
                clearInterval(more)
                resolve('closed')
              })
            })
            socket.on('error', () => undefined)
            socket.resume()
            socket.write('here')
          }),
        )
        const reset = `${DIAL} read $way, my $x, 4; setsockopt $way, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0); close $way; print 'reset'`
        expect(await relay.perl(reset)).toBe('reset')
        expect(await ended).toBe('closed')
      })

      test('more connections than it takes wait for their turn', async () => {
        relay.serve((socket) => socket.on('data', (bytes: Buffer) => socket.end(bytes)).on('error', () => undefined))
        const count = 700
        const many = `
use Socket;
my @ways = map { my $way = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 3128, Timeout => 60) or die "$_: $!"; $way->autoflush; $way } 1 .. ${count};
my $whole = 0;
for my $at (0 .. $#ways) { my $way = $ways[$at]; print $way "$at\\n"; $whole++ if <$way> eq "$at\\n"; close $way; $ways[$at] = undef }
print $whole;`
        expect(await relay.perl(`use IO::Socket::INET; ${many}`)).toBe(`${count}`)
      })
    })
  })
})

/** A connection to the relay, in a program of perl. */
const DIAL = `use IO::Socket::INET; use Socket; $| = 1; my $way = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 3128) or die "$!"; $way->autoflush;`

const CALLS =
  process.arch === 'arm64'
    ? { ptrace: 117, readv: 270, writev: 271, limit: 261 }
    : { ptrace: 101, readv: 310, writev: 311, limit: 302 }

/** What one program can do to another of its user; of process 1 all of it must be refused. */
const TOUCH = `
${ASK_IN_PERL}
sub line { my ($what, $done) = @_; print "$what: ", $done ? 'DONE' : 'refused', "\\n" }
my ($uid) = map { /^Uid:\\s+(\\d+)/ ? $1 : () } do { open my $file, '<', '/proc/1/status'; <$file> };
print "the same user: ", $uid == $< ? 'yes' : 'no', "\\n";
line 'attach', syscall(${CALLS.ptrace}, 16, 1, 0, 0) >= 0;
line 'seize', syscall(${CALLS.ptrace}, 0x4206, 1, 0, 0) >= 0;
my $bytes = "\\0" x 8;
my $vector = pack 'PQ', $bytes, 8;
my $there = pack 'QQ', 0x400000, 8;
line 'read memory', syscall(${CALLS.readv}, 1, $vector, 1, $there, 1, 0) > 0;
line 'write memory', syscall(${CALLS.writev}, 1, $vector, 1, $there, 1, 0) > 0;
my $handle = syscall(434, 1, 0);
line 'take a descriptor', $handle >= 0 && syscall(438, $handle, 3, 0) >= 0;
my $few = pack 'QQ', 8, 8;
line 'take its files', syscall(${CALLS.limit}, 1, 7, $few, 0) >= 0;
line 'take them by a longer number', syscall(${CALLS.limit}, 0x100000001, 7, $few, 0) >= 0;
my ($file, $byte);
line 'mem read', open($file, '<', '/proc/1/mem');
line 'mem write', open($file, '+<', '/proc/1/mem');
line 'environ read', open($file, '<', '/proc/1/environ') && read($file, $byte, 1);
line 'maps read', open($file, '<', '/proc/1/maps') && read($file, $byte, 1);
line 'fd open', scalar grep { open $file, '<', "/proc/1/fd/$_" } 0 .. 30;
ask('asked');
`

/** A PATH whose engine gives the box a network. */
function networked(backend: BackendName): string {
  const shim = `#!/bin/bash
words=()
for word; do [[ $1 == create && $word == --network=none ]] || words+=("$word"); done
exec ${Bun.which(backend)} "\${words[@]}"
`
  const file = put(join(root, `networked-${backend}`, backend), shim)
  chmodSync(file, 0o755)
  return `${dirname(file)}${delimiter}${process.env['PATH']}`
}

/** The first program alone, with a proxy of the test's own at the other end. */
function makeRelay(backend: BackendName) {
  const name = `paude-relay-${backend}-${process.pid}`
  const folder = join(root, `relay-${backend}`)
  let act: (socket: Socket) => void = () => undefined
  let server: Server | undefined
  let reader: Bun.Subprocess | undefined

  const exec = async (words: readonly string[]) => {
    const { code, stdout, stderr } = await engine(backend, ['exec', name, ...words])
    if (code !== 0) throw new Error(`${words[0]} ended with ${code}: ${stderr}`)
    return stdout
  }

  return {
    /** What it does with each connection from now on. */
    serve: (how: (socket: Socket) => void) => {
      act = how
    },
    perl: (script: string) => exec(['perl', '-e', script]),
    /** What its program has printed. */
    said: async () => (await engine(backend, ['logs', name])).stdout,
    async open() {
      const image = await agentImage(backend)
      const kits = join(stateHome, 'paude/kit')
      await run(backend)
      const [kit = ''] = [...new Bun.Glob(`${backend}-*/init`).scanSync(kits)]
      mkdirSync(folder)
      chmodSync(folder, 0o755)
      const pipe = join(folder, 'receipt')
      if (Bun.spawnSync(['mkfifo', '--mode=622', pipe]).exitCode !== 0) throw new Error('no pipe')
      reader = Bun.spawn(['cat', pipe], { stdin: 'ignore', stdout: 'ignore' })
      // Until the box has asked for the page, this is the proxy.
      act = (socket) => socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
      server = createServer({ allowHalfOpen: true }, (socket) => act(socket))
      await new Promise<void>((resolve) => server?.listen(join(folder, 'proxy.sock'), resolve))
      chmodSync(join(folder, 'proxy.sock'), 0o777)
      const { code, stderr } = await engine(backend, [
        ...['run', '--detach', `--name=${name}`, '--label=paude.test', '--network=none', '--cap-drop=ALL', '--read-only'],
        '--user=1000:1000',
        ...[`--volume=${folder}:/paude/link:ro`, `--volume=${join(kits, kit)}:/paude/init:ro`, '--entrypoint=/paude/init'],
        ...[
          image,
          '--wall=open',
          '--',
          'bash',
          '-c',
          'echo "$(</proc/self/oom_score_adj) > $(</proc/1/oom_score_adj)"; exec sleep 600',
        ],
      ])
      if (code !== 0) throw new Error(stderr)
      await poll('the box is up', async () => (await engine(backend, ['logs', name])).stdout !== '')
    },
    async close() {
      await engine(backend, ['rm', '--force', name])
      reader?.kill()
      server?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A first start, which brings the first program here. */
async function run(backend: BackendName): Promise<void> {
  const { code, stderr } = await paude(['--network=none', 'run', '--', 'true'], { env: { PAUDE_BACKEND: backend } })
  if (code !== 0) throw new Error(stderr)
}
