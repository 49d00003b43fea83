import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  describeEach,
  engine,
  inTurn,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  serveApi,
  startPaude,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

const api = serveApi()
afterAll(() => api.stop())

/** What a box tells of its hardening; the file it makes is looked for from outside. */
const FACTS = `
while read -r key value; do case $key in CapBnd:|CapEff:|NoNewPrivs:|Seccomp:) echo "$key$value";; esac; done </proc/self/status
(: >/etc/of-the-box) 2>/dev/null && echo root:written || echo root:refused
(: >/etc/passwd) 2>/dev/null && echo passwd:written || echo passwd:refused
(: >.git/hooks/pre-commit) 2>/dev/null && echo hook:written || echo hook:refused
echo uid:$(id -u) pids:$(cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null)
echo names:$(sed -n 's/^ *\\([^:|]*\\):.*/\\1/p' /proc/net/dev | tr '\\n' ' ')
`
const HARDENED = {
  CapEff: '0000000000000000',
  CapBnd: '0000000000000000',
  NoNewPrivs: '1',
  Seccomp: '2',
  // A caller who is not root could not write there anyway.
  root: 'refused',
  passwd: 'refused',
  hook: 'refused',
  uid: `${process.getuid?.()} pids:4096`,
  names: 'lo',
}
/** System calls by their number on this machine, each with arguments that the kernel would take. */
const NUMBERS =
  process.arch === 'x64'
    ? {
        unshare: [272, 0x10000000],
        keyctl: [250, 0, -3, 1],
        io_uring: [425, 0],
        bpf: [321, 0],
        mount: [165, 0],
        userfaultfd: [323, 0],
      }
    : {
        unshare: [97, 0x10000000],
        keyctl: [219, 0, -3, 1],
        io_uring: [425, 0],
        bpf: [280, 0],
        mount: [40, 0],
        userfaultfd: [282, 0],
      }
// EFAULT and EINVAL come from the call itself: it was let through.
const CALLS = `
use Errno qw(EPERM ENOSYS);
my $tell = sub { print $_[0], $_[1] ? ' made' : $! == EPERM || $! == ENOSYS ? ' refused' : " let through: $!", "\n" };
for (['unix', 1, 1], ['inet', 2, 1], ['inet6', 10, 1], ['netlink', 16, 3], ['alg', 38, 5], ['packet', 17, 3], ['vsock', 40, 1], ['bluetooth', 31, 3]) {
  $tell->($$_[0], socket(my $s, $$_[1], $$_[2], 0));
}
${Object.entries(NUMBERS)
  .map(([name, words]) => `$tell->('${name}', syscall(${words.join(', ')}, 0, 0, 0) >= 0);`)
  .join('\n')}
$| = 1;
my $child = fork(); exit 0 if defined $child && $child == 0; waitpid $child, 0;
$tell->('fork', $? == 0);
$tell->('shell', system('true') == 0);
`
const isRoot = process.getuid?.() === 0

/** What a part of a session tells of its shared memory; the helpers have no program but bash. */
const SHARED_MEMORY = `
while read -r _ place _ options _; do [[ $place != /dev/shm ]] || echo "$options"; done </proc/self/mounts
: >/dev/shm/of-the-test && echo written
`
/** What of a mode makes a program run as somebody else. */
const BITS = ['04755', '02755', '06755']
/** Calls by number that give a file a mode: `P` stands for its path, `D` for its folder, `M` for the mode, `H` for openat2's struct. O_CREAT is 0100, O_TMPFILE 020000000. */
const MODE_CALLS: Readonly<Record<string, string>> =
  process.arch === 'x64'
    ? {
        chmod: '90, P, M',
        fchmod: '91, fileno(F), M',
        fchmodat: '268, -100, P, M',
        fchmodat2: '452, -100, P, M, 0',
        creat: '85, P, M',
        open: '2, P, 0101, M',
        openat: '257, -100, P, 0101, M',
        'openat with garbage above': '257, -100, P, 0x7fff00000041, 0x7fff00000000 | M',
        openat2: '437, -100, P, H, 24',
        tmpfile: '257, -100, D, 020200002, M',
        mknod: '133, P, 0100000 | M, 0',
        mknodat: '259, -100, P, 0100000 | M, 0',
        mkdir: '83, P, M',
        mkdirat: '258, -100, P, M',
        'chmod of x32': '0x40000000 + 90, P, M',
      }
    : {
        fchmod: '52, fileno(F), M',
        fchmodat: '53, -100, P, M',
        fchmodat2: '452, -100, P, M, 0',
        openat: '56, -100, P, 0101, M',
        openat2: '437, -100, P, H, 24',
        mknodat: '33, -100, P, 0100000 | M, 0',
        mkdirat: '34, -100, P, M',
      }
const MAKES = /^(creat|open|mknod|mkdir|tmpfile)/
/** Says for each call and mode whether the bits are there afterwards. Each call has a process of its own: the filter may end it. */
const SETUID = `
umask 0;
my $n = 0;
${Object.entries(MODE_CALLS)
  .flatMap(([name, words]) =>
    ['0755', ...BITS].map((mode) => {
      const how = `my ($d, $h) = (".", pack("QQQ", 0101, ${mode}, 0));`
      const call = words
        .replaceAll('M', mode)
        .replaceAll(/\b[PDH]\b/g, (letter) => `$${letter.toLowerCase()}`)
        .replace('F)', '$f)')
      const before = MAKES.test(name) ? '' : 'open(my $f, ">", $p) or die; '
      const look = name === 'tmpfile' ? 'stat("/proc/self/fd/$r")' : 'stat($p)'
      return `$n++; { my $p = "file$n"; my $pid = fork; if (!$pid) { ${how} ${before}my $r = syscall(${call}); my @s = ${look}; printf "${name} ${mode} %s\\n", $r < 0 ? "refused" : @s && $s[2] & 06000 ? "SET" : "clean"; exit } waitpid $pid, 0; print "${name} ${mode} killed\\n" if $? & 127 }`
    }),
  )
  .join('\n')}
`

describeEach('the hardening of a sandbox', (backend) => {
  const run = (words: readonly string[], { env, ...rest }: RunOptions = {}) =>
    inTurn(() => paude(words, { ...rest, env: { ...api.env, PAUDE_BACKEND: backend, ...env } }))
  const factsOf = (stdout: string) =>
    Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    )
  const look = async (flags: readonly string[]) => {
    const ran = await run([...flags, '--network=restricted', 'run', '--', 'sh', '-c', FACTS])
    expect([ran.code, ran.stderr.replace(/^paude: warning: the sandbox gives up hardening: .*\n/, '')]).toEqual([0, ''])
    return { facts: factsOf(ran.stdout), stderr: ran.stderr }
  }

  const switches: readonly (readonly [flags: readonly string[], changed: Readonly<Record<string, string>>])[] = [
    [[], {}],
    [['--read-only-root=false'], isRoot ? { root: 'written' } : {}],
    [['--no-new-privileges=false'], { NoNewPrivs: '0' }],
    [['--seccomp=off'], { Seccomp: '0' }],
    [
      ['--read-only-root=false', '--no-new-privileges=false', '--seccomp=off'],
      { NoNewPrivs: '0', Seccomp: '0', ...(isRoot ? { root: 'written' } : {}) },
    ],
  ]
  test.concurrent.each(switches)('%j changes its own facts and no other', async (flags, changed) => {
    const { facts, stderr } = await look(flags)
    expect(facts).toEqual({ ...HARDENED, ...changed })
    expect(stderr.split('\n').length - 1).toBe(flags.length === 0 ? 0 : 1)
    expect(existsSync('/etc/of-the-box')).toBe(false)
  })

  test.concurrent('no call of a sandbox reaches the host of a virtual machine, the keyrings or a name space of its own', async () => {
    const { stdout, stderr } = await run(['--network=restricted', 'run', '--', 'perl', '-e', CALLS])
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toEqual([
      ...['unix made', 'inet made', 'inet6 made', 'netlink made'],
      ...['alg refused', 'packet refused', 'vsock refused', 'bluetooth refused'],
      ...Object.keys(NUMBERS).map((name) => `${name} refused`),
      // What a program's thread library needs.
      ...['fork made', 'shell made'],
    ])
  })

  test.concurrent.each([
    [[], 64],
    [['--shm-size=123m'], 123],
  ] as const)('every part has shared memory to write into that has a size and runs no program, with %j', async (flags, size) => {
    const config = join(root, `shared-memory-${backend}-${size}`)
    put(join(config, 'paude/config.toml'), `${backend}.extra_flags = ${JSON.stringify(flags)}\n`)
    const cwd = makeProject()
    const box = startPaude(['--network=restricted', 'run', '--', 'sh', '-c', 'echo up; exec sleep 600'], {
      cwd,
      env: { ...api.env, PAUDE_BACKEND: backend, XDG_CONFIG_HOME: config },
    })
    try {
      await poll('the box is up', () => box.stdout() === 'up\n').catch(() => expect(box.stderr()).toBe(''))
      const filters = [`--filter=label=paude.workspace=${cwd}`, '--filter=label=paude.role=agent']
      const id = (await engine(backend, ['ps', ...filters, '--format={{.Names}}'])).stdout.trim()
      for (const [part, mebibytes] of [
        ['', size],
        ['-proxy', 64],
      ] as const) {
        const { stdout } = await engine(backend, ['exec', `${id}${part}`, '/usr/bin/bash', '-c', SHARED_MEMORY])
        const [options = '', ...rest] = lines(stdout)
        expect([part, options.split(','), rest]).toEqual([
          part,
          expect.arrayContaining(['rw', 'nosuid', 'nodev', 'noexec', `size=${mebibytes * 1024}k`]),
          ['written'],
        ])
      }
    } finally {
      box.kill('SIGTERM')
      await box.done
    }
  })

  test.concurrent('no call of a sandbox makes a file that runs as its owner or its group', async () => {
    const cwd = makeProject()
    const { stdout, stderr } = await run(['run', '--', 'perl', '-e', `$| = 1; ${SETUID}`], { cwd })
    expect(stderr).toBe('')
    const seen = stdout.trim().split('\n').toSorted()
    // Of folders the kernel itself takes nothing but permissions.
    const expected = (name: string, mode: string): RegExp => {
      if (/openat2|x32/.test(name)) return /refused$|killed$/
      if (mode === '0755' || /^mkdir/.test(name)) return name === 'fchmodat2' ? /clean$|refused$/ : /clean$/
      return /refused$/
    }
    for (const name of Object.keys(MODE_CALLS))
      for (const mode of ['0755', ...BITS])
        expect(seen.find((line) => line.startsWith(`${name} ${mode} `))).toMatch(expected(name, mode))
    expect(seen.filter((line) => line.endsWith('SET'))).toEqual([])
    expect(readdirSync(cwd).filter((name) => lstatSync(join(cwd, name)).mode & 0o6000)).toEqual([])
  })

  test.concurrent.each([
    ['chmod 6755 x', 'Operation not permitted'],
    ['chmod u+s x', 'Operation not permitted'],
    ['chmod g+s folder', 'Operation not permitted'],
    ['install -m 4755 x y', 'Operation not permitted'],
    ['mkdir -m 2775 z', 'Operation not permitted'],
    ['cp -p "$(command -v passwd)" z', 'Operation not permitted'],
  ])('%s is refused by name', async (line, words) => {
    const cwd = makeProject()
    const { code, stderr } = await run(['run', '--', 'sh', '-c', `: >x; mkdir folder; ${line}`], { cwd })
    expect(code).not.toBe(0)
    expect(stderr).toContain(words)
    expect(readdirSync(cwd).filter((name) => lstatSync(join(cwd, name)).mode & 0o6000)).toEqual([])
  })

  test.concurrent('what sets modes for a living works as ever', async () => {
    const cwd = makeProject()
    const script = `
set -e
chmod 1777 README.md; chmod 755 README.md; mkdir -m 700 a; install -m 640 README.md a/b; ln -s b a/link
tar -cf a.tar a; mkdir out; tar -xpf a.tar -C out; cp -a a copied
cp "$(command -v passwd || command -v su)" program; ./program --help >/dev/null 2>&1 || true
git init --quiet sub; cd sub; echo 1 >f; git add f; git commit --quiet -m one; git clone --quiet . ../clone; git gc --quiet
cd ..; stat -c '%a %n' README.md a a/b out/a/b copied/b
`
    const { code, stdout, stderr } = await run(['run', '--', 'sh', '-c', script], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe('755 README.md\n700 a\n640 a/b\n640 out/a/b\n640 copied/b\n')
  })

  test.concurrent('what is written into the root is gone with the sandbox', async () => {
    const cwd = makeProject()
    const flags = ['--read-only-root=false', 'run', '--', 'sh', '-c']
    const first = await run([...flags, ': >/tmp/x; cp /tmp/x /etc/of-the-box && ls /etc/of-the-box'], { cwd })
    if (isRoot) expect(first.stdout).toBe('/etc/of-the-box\n')
    expect((await run([...flags, 'ls /etc/of-the-box'], { cwd })).code).not.toBe(0)
  })

  test.concurrent('without the filter a name space of one’s own leads neither around the guards nor out', async () => {
    const cwd = makeProject()
    put(join(cwd, '.git/hooks/here'), 'mine')
    // Root has no capability to map itself, and keeps what it has in the name space unmapped.
    const enter = `unshare --user ${isRoot ? '--keep-caps' : '--map-root-user'}`
    const script = `
${enter} --mount sh -c '
  while read -r key value; do [ "$key" != CapEff: ] || echo "inside $value"; done </proc/self/status
  umount .git/hooks && echo unmounted
  mount -o remount,rw,bind .git/hooks && echo remounted
  mkdir /tmp/m; for place in . .git; do mount --bind $place /tmp/m && echo bound; done
  echo >.git/hooks/planted && echo planted' 2>/dev/null
${enter} perl -e 'for my $raw ([2, 3, 1], [17, 3, 0]) { print "raw\\n" if socket(my $s, $$raw[0], $$raw[1], $$raw[2]) }'
${enter} --net curl -sS --noproxy '*' --max-time 3 -o /dev/null http://192.0.2.1/ 2>/dev/null && echo out
${enter} curl -sS -o /dev/null -w '%{http_code}\\n' --max-time 5 http://example.com/
true`
    const { stdout } = await run(['--seccomp=off', '--network=restricted', 'run', '--', 'sh', '-c', script], { cwd })
    expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(/^inside 0*1[0-9a-f]*f$/), '403'])
    expect(readdirSync(join(cwd, '.git/hooks'))).not.toContain('planted')
  })

  test('a self-test of a sandbox that gives everything up finds the wall as it was', async () => {
    const flags = ['--read-only-root=false', '--no-new-privileges=false', '--seccomp=off']
    const { stdout } = await run([...flags, 'selftest', '--backend', backend, '--json'])
    const { probes } = JSON.parse(stdout) as { probes: { id: string; result: string; observed: string }[] }
    expect(probes.filter(({ result }) => result === 'BROKEN')).toEqual([])
    expect(probes.flatMap(({ id, observed }) => (observed.startsWith('given up') ? [id] : [])).toSorted()).toEqual([
      ...['C03', 'C04', 'C05', 'C12', 'C13', 'F01'],
    ])
  })

  test('a session says at its start again what it gives up, and one with a writable root is not started again', async () => {
    const cwd = makeProject()
    const made: string[] = []
    const start = async (flag: string) => {
      const { stdout } = await run([flag, '--detach', '-p', 'SAY x'], { cwd })
      const id = stdout.trim()
      made.push(id)
      await run(['wait', id], { cwd })
      return await run(['start', id], { cwd })
    }
    try {
      const again = await start('--seccomp=off')
      expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('security.seccomp = off')])
      const refused = await start('--read-only-root=false')
      expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('security.read_only_root = false')])
      const copy = await run(['--detach', 'fork', made[1] ?? '', '-p', 'SAY on'], { cwd })
      expect([copy.code, copy.stderr]).toEqual([0, ''])
      made.push(copy.stdout.trim())
      const rows = JSON.parse((await run(['sessions', '--json'], { cwd })).stdout) as { id: string; security: unknown }[]
      expect(made.map((id) => rows.find((row) => row.id === id)?.security)).toEqual([
        { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'off' },
        { readOnlyRoot: false, noNewPrivileges: true, seccomp: 'default' },
        { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'default' },
      ])
    } finally {
      // Their HOME is one and the same.
      for (const [at, id] of made.entries())
        await run(['rm', '--force', ...(at === made.length - 1 ? ['--volumes'] : []), id], { cwd })
    }
  })

  if (!isRoot) console.log('skipped: a managed file, which only root can put in its place')
  test.skipIf(!isRoot)('nobody weakens what the managed file keeps, also not by a session from before', async () => {
    const etc = join(root, `security-etc-${backend}`)
    cpSync('/etc', etc, { recursive: true, dereference: false, verbatimSymlinks: true })
    mkdirSync(join(etc, 'paude'), { recursive: true, mode: 0o755 })
    writeFileSync(
      join(etc, 'paude/managed.toml'),
      '[security]\nread_only_root = true\nno_new_privileges = true\nseccomp = "default"\n',
      { mode: 0o644 },
    )
    const through = ['unshare', '--mount', 'sh', '-c', `mount --bind '${etc}' /etc && exec "$@"`, 'sh']
    const own = join(root, `security-config-${backend}`)
    put(join(own, 'paude/config.toml'), '[security]\nseccomp = "off"\n[profiles.ci.security]\nread_only_root = false\n')
    const beyond = /security\.\w+ = (off|false) .*exceeds the limit in \/etc\/paude\/managed\.toml/
    const ask = async (flags: readonly string[], given: RunOptions = {}) => {
      const { code, stderr } = await run([...flags, '--dry-run', 'run', '--', 'true'], { ...given, through })
      return [code, beyond.test(stderr)]
    }
    expect(await ask([])).toEqual([0, false])
    for (const flag of ['--read-only-root=false', '--no-new-privileges=false', '--seccomp=off'])
      expect(await ask([flag])).toEqual([125, true])
    expect(await ask([], { env: { PAUDE_SECCOMP: 'off' } })).toEqual([125, true])
    expect(await ask([], { env: { XDG_CONFIG_HOME: own } })).toEqual([125, true])
    expect(await ask(['--seccomp=default', '--profile=ci'], { env: { XDG_CONFIG_HOME: own } })).toEqual([125, true])
    const cwd = makeProject()
    put(join(cwd, 'paude.toml'), 'security.no_new_privileges = false\n')
    expect((await run(['trust', '--yes'], { cwd })).code).toBe(0)
    expect(await ask([], { cwd })).toEqual([125, true])
    const id = (await run(['--detach', '-p', 'SAY x'], { cwd })).stdout.trim()
    try {
      await run(['stop', id], { cwd })
      const { code, stderr } = await run(['start', id], { cwd, through })
      expect([code, stderr]).toEqual([
        125,
        expect.stringContaining(
          `security.no_new_privileges = false of session ${id} exceeds the limit in /etc/paude/managed.toml`,
        ),
      ])
    } finally {
      await run(['rm', '--force', '--volumes', id], { cwd })
    }
  })
})
