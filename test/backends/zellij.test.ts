import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { kdl, layout } from '../../src/backends/zellij/layout.ts'
import { fitsSocket } from '../../src/backends/zellij/place.ts'
import SESSION from '../../src/backends/zellij/session.sh' with { type: 'text' }
import { zellij } from '../../src/backends/zellij/zellij.ts'
import { parseConfig } from '../../src/config/files/parse.ts'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { PaudeError } from '../../src/errors.ts'
import { exec } from '../../src/plan/plan.ts'
import { execute } from '../../src/run/execute.ts'
import { unkept } from '../../src/session/life/on-host.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { ZELLIJ } from '../support/zellij.ts'

setDefaultTimeout(120_000) // ms

// The real program with a zellij in sh that refuses what the real one refuses, and a claude that tells what it was given.
let machine: Machine
beforeEach(() => {
  machine = makeMachine([])
  machine.program('zellij', ZELLIJ)
  machine.program('claude', CLAUDE)
  // The machine's own engines stay out of PATH.
  for (const name of ['sleep', 'mkfifo', 'ps', 'sed', 'setsid', 'tail'])
    machine.program(name, `#!/bin/sh\nexec ${Bun.which(name)} "$@"\n`)
})
afterEach(() => {
  for (const id of ids()) Bun.spawnSync(['/bin/sh', script(id), 'kill', id], { env: machine.env })
  machine.dispose()
})

const CLAUDE = `#!/bin/sh
[ "$1" != --settings ] || { settings=$2; shift 2; }
tell() {
  command=$(sed -n '/"command":/{s/^ *"command": "\\(.*\\)",$/\\1/p;q;}' "$settings")
  printf '{"session_id":"01234567-89ab-cdef-0123-456789abcdef","hook_event_name":%s}\\n' "$1" | /bin/sh -c "$command"
}
printf 'ran:'; printf ' <%s>' "$@"; echo
env >"$HOME/given.new" && /bin/mv "$HOME/given.new" "$HOME/given"
[ "$1" != -p ] || { cat; exit 7; }
[ "$1" != --resume ] || [ "$#" -lt 5 ] || shift 3
[ "$1" != --session-id ] || { mkdir -p "$HOME/.claude/projects/x"; : >"$HOME/.claude/projects/x/$2.jsonl"; }
until [ -e "$HOME/end" ]; do
  [ ! -e "$HOME/told" ] || { /bin/mv "$HOME/told" "$HOME/telling"; tell "$(cat "$HOME/telling")"; echo told; }
  sleep 0.05
done
exit "$(cat "$HOME/end")"
`
const OPEN = ['--backend', 'zellij', '--network', 'open'] as const
const sessions = () => join(machine.home, '.local/state/paude/sessions')
const ids = () => (existsSync(sessions()) ? readdirSync(sessions()) : [])
const script = (id: string) => join(machine.folderOf(id), 'zellij/session.sh')
/** What session.sh takes for the same process. */
const markOf = (pid: number) => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return `${boot} ${readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]}`
}
const hasRun = () => existsSync(join(machine.home, 'given'))
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const project = (text: string) => machine.write(join(machine.project, 'paude.toml'), text)

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (const end = Date.now() + 60_000; Date.now() < end; await Bun.sleep(50)) {
    const found = await look()
    if (found) return found as NonNullable<T>
  }
  throw new Error(`not within 60 s: ${what}`)
}

async function started(...words: readonly string[]): Promise<string> {
  const { stdout, stderr, code } = await machine.paude([...OPEN, '--detach', ...words])
  if (code !== 0) throw new Error(stderr)
  await until('the agent runs', hasRun)
  return stdout.trim()
}

const rows = async () =>
  JSON.parse((await machine.paude(['sessions', '--json'])).stdout) as readonly {
    id: string
    status: string
    exitCode: number | null
    activity?: string
  }[]

describe('a session on zellij', () => {
  test('runs in the background, keeps the exit code of its agent, and leaves nothing behind', async () => {
    const id = await started()
    expect(await rows()).toMatchObject([{ id, status: 'running', exitCode: null, backend: 'zellij', agent: 'claude' }])
    const refused = await machine.paude(['rm', id])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`session ${id} is running`)])
    machine.write(join(machine.home, 'end'), '7')
    expect(await machine.paude(['wait', id])).toMatchObject({ code: 0, stdout: `${id} exited 7\n` })
    await until('the row has the code', async () => (await rows())[0]?.exitCode === 7)
    expect(await machine.paude(['rm', id])).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect([await rows(), ids()]).toEqual([[], []])
  })

  test('is waited for by what the hooks of its agent tell', async () => {
    const id = await started()
    const activity = async (wanted: string, payload: string) => {
      machine.write(join(machine.home, 'told.new'), payload)
      renameSync(join(machine.home, 'told.new'), join(machine.home, 'told'))
      await until(`the list says ${wanted}`, async () => (await rows())[0]?.activity === wanted)
      return await machine.paude(['wait', id, '--for', wanted])
    }
    expect(await activity('working', '"UserPromptSubmit","prompt":"do it"')).toMatchObject({ code: 0, stdout: `${id} working\n` })
    expect(await activity('waiting', '"Notification","notification_type":"permission_prompt","message":"may I?"')).toMatchObject({
      code: 0,
      stdout: `${id} waiting\n`,
    })
    expect(await activity('done', '"Stop","last_assistant_message":"it is done"')).toMatchObject({
      code: 0,
      stdout: `${id} done\n`,
    })
    const { stdout } = await machine.paude(['events', id, '--json'])
    const kinds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind)
    expect(kinds).toEqual(['prompt', 'notification', 'stop'])
  })

  test('is stopped with all that is left of its agent, and started again with its conversation', async () => {
    const id = await started()
    const [pid] = readFileSync(join(machine.folderOf(id), 'zellij/pid'), 'utf8').split(' ')
    expect((await machine.paude(['stop', id])).code).toBe(0)
    expect(await rows()).toMatchObject([{ id, status: 'exited' }])
    // Whoever has nobody to look after it stays in the list of a container.
    const left = Bun.spawnSync(['ps', '-o', 'stat=,args=', '-g', pid ?? ''])
      .stdout.toString()
      .trim()
      .split('\n')
    expect(left.filter((line) => line !== '' && !line.startsWith('Z'))).toEqual([])
    rmSync(join(machine.home, 'given'))
    const again = await machine.paude(['start', id])
    expect([again.code, again.stdout]).toEqual([0, `${id}\n`])
    expect(again.stderr).toContain(`NOT ISOLATED: the agent of session ${id} runs directly on this machine`)
    await until('the agent runs again', hasRun)
    const twice = await machine.paude(['start', id])
    expect([twice.code, twice.stderr]).toEqual([125, expect.stringContaining('is already running')])
    expect(readFileSync(join(machine.folderOf(id), 'zellij/command.sh'), 'utf8')).toContain('--session-id')
    expect((await machine.paude(['rm', '--force', id])).code).toBe(0)
    expect(ids()).toEqual([])
  })

  test("gets your environment, but nothing of zellij's and nothing that is paude's", async () => {
    configure('[notify]\nwebhook = { url = "https://hook.example.org/", token = "env:HOOK_TOKEN" }\n')
    machine.env['MINE'] = 'kept'
    machine.env['HOOK_TOKEN'] = 'hunter2'
    machine.env['XDG_CACHE_HOME'] = join(machine.home, 'own-cache')
    machine.env['ZELLIJ_SESSION_NAME'] = 'of-yours'
    machine.env['ANTHROPIC_API_KEY'] = 'sk-ant-of-yours'
    machine.env['ANTHROPIC_BASE_URL'] = 'https://gateway.example.org'
    machine.env['PAUDE_QUIET'] = '0'
    const id = await started()
    const given = readFileSync(join(machine.home, 'given'), 'utf8').split('\n')
    expect(given).toContain('MINE=kept')
    expect(given).toContain('ANTHROPIC_API_KEY=sk-ant-of-yours')
    expect(given).toContain('ANTHROPIC_BASE_URL=https://gateway.example.org')
    expect(given).toContain(`XDG_CACHE_HOME=${machine.home}/own-cache`)
    expect(given.filter((line) => /^(HOOK_TOKEN|ZELLIJ|PAUDE_(?!ON_HOST))/.test(line))).toEqual([])
    const kept = Bun.spawnSync(['grep', '-rlE', 'sk-ant-of-yours|hunter2', machine.folderOf(id)], {
      env: { PATH: '/usr/bin:/bin' },
    })
    expect(kept.stdout.toString()).toBe('')
  })

  test('takes no number for its agent that would be a group of all that is yours', () => {
    // Not a session, so that nothing that cleans up ever signals what is written here, and asked only whether it runs.
    const run = join(machine.room, 'forged/zellij')
    machine.write(join(run, 'session.sh'), SESSION)
    machine.write(join(run, 'begun'), '')
    machine.write(join(run, 'program'), 'zellij\n')
    const answers = (number: string, pid: number) => {
      machine.write(join(run, 'pid'), `${number} ${markOf(pid)}\n`)
      return Bun.spawnSync(['/bin/sh', join(run, 'session.sh'), 'running', 'forged'], { env: machine.env }).exitCode === 0
    }
    expect(answers(String(process.pid), process.pid)).toBe(true)
    expect([answers('1', 1), answers('self/../1', 1), answers(`self/../${process.pid}`, process.pid)]).toEqual([
      false,
      false,
      false,
    ])
  })

  test('says of each verb that it does not have why', async () => {
    const id = await started('--settings', '{}')
    machine.write(join(machine.project, 'file'), 'text')
    for (const [words, sentence] of [
      [['exec', id, 'true'], 'runs on this machine, so there is no sandbox to run a command in'],
      [['forward', id, '3000'], 'runs on this machine, so its ports are here already'],
      [['network', 'allow', 'a.org'], 'has no wall, since it runs on zellij: its network is open'],
      [['network', 'log', id], 'zellij has no wall'],
      [['send', id, '--file', 'file', 'read it'], 'runs on this machine, so its agent reads your files'],
      [['wait', id, '--for', 'done'], 'does not report its activity, since it runs on zellij'],
      [['cp', 'file', `${id}:/tmp`], 'zellij cannot run another program in a sandbox'],
      [['diff', id], 'works in your own folder'],
    ] as const) {
      const { code, stdout, stderr } = await machine.paude(words)
      expect([words[0], code === 0, stdout, stderr]).toEqual([words[0], false, '', expect.stringContaining(sentence)])
    }
  })

  test('is no engine for those who did not name it', async () => {
    const doctor = async (...words: readonly string[]) => JSON.parse((await machine.paude([...words, 'doctor', '--json'])).stdout)
    expect(await doctor()).toContainEqual(
      expect.objectContaining({ check: 'engine', state: 'problem', detail: 'no engine works' }),
    )
    expect(await doctor('--backend', 'zellij')).not.toContainEqual(expect.objectContaining({ check: 'engine' }))
    const listed = JSON.parse((await machine.paude(['backends', '--json'])).stdout)
    expect(listed).toContainEqual(
      expect.objectContaining({ name: 'zellij', state: 'ready', auto: false, isolation: 'none', version: '0.45.1' }),
    )
    const { stdout: table } = await machine.paude(['backends'])
    expect(table).toMatch(/^NAME .* LIMITS +PROJECT +WHY$/m)
    expect(table).toMatch(/^zellij +ready .* your folder itself *$/m)
    expect(table).toMatch(/^docker .* mounted, clone /m)
  })

  test('is copied with its conversation', async () => {
    const id = await started()
    const { conversation } = JSON.parse(readFileSync(join(machine.folderOf(id), 'session.json'), 'utf8'))
    const closed = await machine.paude(['fork', id, '--detach'])
    expect([closed.code, closed.stderr]).toEqual([125, expect.stringContaining('it cannot restrict the network')])
    const copy = await machine.paude(['fork', id, '--network', 'open', '--detach'])
    expect([copy.code, copy.stderr]).toEqual([0, expect.stringContaining('NOT ISOLATED')])
    const screen = join(machine.folderOf(copy.stdout.trim()), 'z/contract_version_1/paude/screen')
    const words = new RegExp(`^ran: <--resume> <${conversation}> <--fork-session> <--session-id> <[0-9a-f-]{36}>$`, 'm')
    await until('the copy has its words', () => existsSync(screen) && words.test(readFileSync(screen, 'utf8')))
    expect(await rows()).toHaveLength(2)
    const { conversation: other } = JSON.parse(readFileSync(join(machine.folderOf(copy.stdout.trim()), 'session.json'), 'utf8'))
    await machine.paude(['stop', copy.stdout.trim()])
    expect((await machine.paude(['start', copy.stdout.trim()])).code).toBe(0)
    await until('it goes on', () => existsSync(screen) && readFileSync(screen, 'utf8').startsWith(`ran: <--resume> <${other}>\n`))
  })

  test('is not started again where nobody knows its conversation', async () => {
    const id = await started('-c', 'do it')
    await machine.paude(['stop', id])
    const { code, stderr } = await machine.paude(['start', id])
    expect([code, stderr]).toEqual([125, expect.stringContaining(`does not know the conversation of session ${id}`)])
    // One that was named is known, and its prompt is not asked again.
    const named = await started('--resume', '01234567-89ab-cdef-0123-456789abcdef', 'do it')
    machine.write(join(machine.home, '.claude/projects/x/01234567-89ab-cdef-0123-456789abcdef.jsonl'), '')
    await machine.paude(['stop', named])
    expect((await machine.paude(['start', named])).code).toBe(0)
    const screen = join(machine.folderOf(named), 'z/contract_version_1/paude/screen')
    const words = 'ran: <--resume> <01234567-89ab-cdef-0123-456789abcdef>\n'
    await until('it goes on', () => existsSync(screen) && readFileSync(screen, 'utf8').startsWith(words))
  })

  test('runs no program that the project brings into PATH', async () => {
    const brought = join(machine.project, 'node_modules/.bin')
    for (const name of ['zellij', 'mv', 'claude']) {
      machine.write(join(brought, name), `#!/bin/sh\ntouch "$HOME/brought"\n`)
      chmodSync(join(brought, name), 0o755)
    }
    machine.env['PATH'] = `${brought}:${machine.env['PATH']}`
    const id = await started()
    expect((await machine.paude(['stop', id])).code).toBe(0)
    expect(readdirSync(machine.home)).not.toContain('brought')
    // The agent's own PATH is as yours.
    expect(readFileSync(join(machine.home, 'given'), 'utf8')).toContain(`\nPATH=${machine.env['PATH']}\n`)
  })

  test('is not made twice at once', async () => {
    const id = await started()
    await machine.paude(['stop', id])
    machine.write(join(machine.folderOf(id), 'zellij/lock'), `${process.pid}\n`)
    const { code, stderr } = await machine.paude(['start', id])
    expect([code, stderr]).toEqual([125, expect.stringContaining(`session ${id} is being started by process ${process.pid}`)])
    // One that was killed meanwhile keeps nobody out.
    machine.write(join(machine.folderOf(id), 'zellij/lock'), '4194304\n')
    expect((await machine.paude(['start', id])).code).toBe(0)
  })

  test('answers a prompt on your streams, byte for byte, without zellij', async () => {
    machine.program('zellij', '#!/bin/sh\nexit 9\n')
    const { code, stdout, stderr } = await machine.paude([...OPEN, '-p', 'a b', ''], { stdin: 'typed\n\0end' })
    expect([code, stdout]).toEqual([7, 'ran: <-p> <a b> <>\ntyped\n\0end'])
    expect(stderr.match(/NOT ISOLATED/g)).toHaveLength(1)
    expect((await machine.paude(['audit', '--json'])).stdout).toContain('"event":"host"')
    expect(ids()).toEqual([])
  })

  test.each([[['-p', 'x']], [['--detach']]])('only shows what would happen: %j', async (words) => {
    const { code, stdout } = await machine.paude([...OPEN, '--dry-run', ...words])
    expect([code, hasRun(), ids()]).toEqual([0, false, []])
    expect(stdout).toStartWith('#!/bin/sh\n')
  })

  test('needs zellij, and none that is too old', async () => {
    machine.env['FAKE_ZELLIJ_VERSION'] = '0.43.1'
    const old = await machine.paude([...OPEN, '--detach'])
    expect([old.code, old.stderr]).toEqual([125, expect.stringContaining('zellij 0.43.1 is older than 0.45')])
    rmSync(join(machine.room, 'bin/zellij'))
    const { code, stderr } = await machine.paude([...OPEN, '--detach'])
    expect([code, stderr]).toEqual([125, expect.stringContaining('paude: zellij is not installed\n  → install zellij 0.45')])
    expect(hasRun()).toBe(false)
  })
})

describe('nobody gets it by the way', () => {
  const refusal = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await machine.paude(words)
    expect([code === 0, stdout, hasRun(), ids()]).toEqual([false, '', false, []])
    return stderr
  }

  test('auto never takes it', async () => {
    expect(await refusal('--network', 'open', '-p', 'x')).toContain('no container engine was found')
  })

  test('without a word about the network there is none', async () => {
    expect(await refusal('--backend', 'zellij', '--detach')).toContain('it cannot restrict the network')
    expect(await refusal('--backend', 'zellij', '--network', 'none', '-p', 'x')).toContain('it cannot restrict the network')
    project('network.mode = "open"\n')
    await machine.paude(['trust', '--yes'])
    expect(await refusal('--backend', 'zellij', '-p', 'x')).toContain(
      `network.mode (${join(machine.project, 'paude.toml')}:1) has no effect`,
    )
  })

  test('your own configuration may choose it', async () => {
    configure('backend = "zellij"\nnetwork.mode = "open"\n')
    expect(await machine.paude(['-p', 'x'])).toMatchObject({ code: 7 })
  })

  test('the file of a project never does', async () => {
    project('backend = "zellij"\n')
    expect(await refusal('--network', 'open', '-p', 'x')).toContain('zellij runs the agent without a sandbox')
  })

  test.each([
    [['--memory', '1g'], '--memory'],
    [['--mount', '/tmp'], '--mount'],
    [['--image', 'a'], '--image'],
    [['--network-allow', 'a.org'], '--network-allow'],
    [['--env', 'A=b'], '--env'],
    [['--workspace', 'clone'], '--workspace'],
    [['--seccomp', 'engine'], '--seccomp'],
  ])('what nobody would keep is refused: %j', async (flags, named) => {
    expect(await refusal(...OPEN, ...flags, '--detach')).toContain(
      `backend = "zellij" is refused: ${named} has no effect outside a sandbox`,
    )
  })

  test('also in your own file, and whatever a project says', async () => {
    configure('limits.memory = "1g"\nprovider.api_key = "env:KEY"\n')
    const stderr = await refusal(...OPEN, '--detach')
    expect(stderr).toContain('provider.api_key (')
    expect(stderr).toContain('limits.memory (')
    configure('limits.memory = "none"\n')
    project('workspace.protect = ["ci"]\n')
    expect(await refusal(...OPEN, '--detach')).toContain('workspace.protect (')
  })

  test.each([
    [['--dangerously-skip-permissions'], '--dangerously-skip-permissions'],
    [['-p', 'x', '--permission-mode=bypassPermissions'], '--permission-mode bypassPermissions'],
  ])('an agent that asks nobody is refused: %j', async (words, named) => {
    expect(await refusal(...OPEN, ...words)).toContain(`backend = "zellij" is refused with ${named}: nothing would ask`)
    configure(`agent_args = ${JSON.stringify(words.slice(-1))}\n`)
    expect(await refusal(...OPEN, 'x')).toContain('nothing would ask')
  })

  test('where a sandbox is required there is none', async () => {
    configure('security.sandbox = "required"\n')
    expect(await refusal(...OPEN, '-p', 'x')).toContain('forbids backend = "zellij"')
  })

  test('it has nothing for commands', async () => {
    expect(await refusal(...OPEN, 'run', '--', 'true')).toContain('zellij runs agents only')
  })

  test('a prompt has no session, so it has no name, and is never in the background', async () => {
    expect(await refusal(...OPEN, '--detach', '-p', 'x')).toContain('--detach has no effect outside a sandbox')
    expect(await refusal(...OPEN, '--session-name', 'a', '-p', 'x')).toContain('--session-name has no effect outside a sandbox')
  })

  test('a managed file has to name it, and to say nothing that it cannot keep', () => {
    const broken = (managed: string) =>
      unkept(
        mergeSources({
          file: '',
          sources: parseConfig({ layer: 'user', file: '/c.toml', text: 'backend = "zellij"\nnetwork.mode = "open"' }).sources,
          managed: parseConfig({ layer: 'managed', file: '/m.toml', text: managed }).sources,
        }),
        { managedFile: '/m.toml' },
        { name: 'zellij', screen: true },
      )
    expect(broken('fallback = "none"')).toBe('the managed file /m.toml')
    expect(broken('backend = "zellij"')).toBeNull()
    expect(broken('backend = "zellij"\nlimits.memory = "1g"')).toBe('the managed file /m.toml')
    expect(() => broken('backend = "podman"')).toThrow('backend = zellij')
  })
})

describe('what is told to zellij', () => {
  test.each([
    ['a b', '"a b"'],
    ['"; } pane command="rm', '"\\"; } pane command=\\"rm"'],
    ['back\\slash', '"back\\\\slash"'],
    ['\n\r\t\x1b\0', '"\\u{a}\\u{d}\\u{9}\\u{1b}\\u{0}"'],
    ['\u2028\u00a0\ufeff', '"\\u{2028}\\u{a0}\\u{feff}"'],
    ['größer/{}$(x)`//', '"größer/{}$(x)`//"'],
  ])('is quoted as KDL does: %j', (text, quoted) => expect(kdl(text)).toBe(quoted))

  test('is one pane, with every word as a string', () => {
    expect(layout('/bin/sh', ['a b', '"'])).toBe(
      'layout {\n    pane command="/bin/sh" {\n        args "a b" "\\""\n        close_on_exit true\n    }\n}\n',
    )
  })

  test('fits into the path of a socket, or is refused', () => {
    expect(fitsSocket('/home/ada/.local/state/paude/sessions/paude-bcd234')).toBe(true)
    expect(fitsSocket(`/home/${'a'.repeat(80)}`)).toBe(false)
  })

  test.each([
    [127, '/bin/sh: 0: cannot open /x/zellij/session.sh: No such file', 'not-found'],
    [1, 'paude: session paude-bcd234 is already running', 'name-taken'],
    [1, 'IoError: No such file or directory (os error 2)', 'command-failed'],
  ] as const)('and its failure is explained: %i %s', (code, stderr, expected) => {
    expect(zellij.health.explain({ argv: ['/bin/sh'], code, stdout: '', stderr }).code).toBe(expected)
  })

  test('a call that hangs is given up', async () => {
    const effects = {
      note: () => undefined,
      moving: { moves: false, show: () => undefined, clear: () => undefined },
      verbose: null,
      explain: () => new PaudeError('command-failed', 'failed'),
    } as unknown as Parameters<typeof execute>[1]
    await expect(execute([exec(['sleep', '1000'], { most: 0.2 })], effects)).rejects.toThrow('no answer within 0.2 s: sleep 1000')
  })
})
