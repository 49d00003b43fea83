import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PaudeError } from '../../src/errors.ts'
import {
  type Argv,
  type Attach,
  exec,
  folder,
  guard,
  later,
  type Plan,
  remove,
  together,
  type Until,
  write,
} from '../../src/plan/plan.ts'
import { contextHash } from '../../src/run/build-context.ts'
import { execute } from '../../src/run/execute.ts'
import { attach, capture, lines } from '../../src/run/process.ts'
import { secret } from '../../src/secret.ts'

/** A full disk is made of a small one, which takes root. */
const canMount =
  process.getuid?.() === 0 && Bun.spawnSync(['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).exitCode === 0
if (!canMount) console.log('skipped: a full disk, since this user may not mount one')

let room = ''
let notes: string[] = []
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-execute-'))
  notes = []
})
afterEach(() => {
  chmodSync(room, 0o700)
  rmSync(room, { recursive: true, force: true })
})

const sh = (script: string, ...words: readonly string[]): Argv => ['sh', '-c', `cd '${room}' || exit; ${script}`, 'sh', ...words]
const log = (text: string): Argv => sh(`echo ${text} >>log`)
const logged = (): readonly string[] =>
  existsSync(join(room, 'log')) ? readFileSync(join(room, 'log'), 'utf8').trim().split('\n') : []
const fails = (marker = 'command-failed'): Argv => sh(`echo ${marker} >&2; exit 9`)
/** The tests' engine says in its first word what went wrong. */
const effects = {
  note: (text: string) => void notes.push(text),
  attach: async (step: Attach) => attach(step.argv, step),
  hold: () => Promise.reject(new Error('nothing is held here')),
  explain: ({ outcome }: { outcome: { code: number; stderr: string } }) => {
    const [word] = outcome.stderr.split('\n')
    const code = word === 'image-missing' || word === 'name-taken' || word === 'backend-down' ? word : 'command-failed'
    return new PaudeError(code, `failed with ${outcome.code}: ${word}`)
  },
  moving: { moves: false, show: () => undefined, clear: () => undefined },
  verbose: null,
}
const run = (plan: Plan) => execute(plan, effects)
async function failure(plan: Plan): Promise<PaudeError> {
  try {
    await run(plan)
  } catch (error) {
    if (error instanceof PaudeError) return error
    throw error
  }
  throw new Error('the plan did not fail')
}

describe('a pipe', () => {
  const pipe = (from: Argv, to: Argv, undo?: Argv): Plan => [{ kind: 'pipe', from, to, ...(undo ? { undo } : {}) }]

  test('carries every byte of one program into another', async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 256)
    writeFileSync(join(room, 'from'), bytes)
    expect(await run(pipe(sh('cat from'), sh('cat >to')))).toBe(0)
    expect(Buffer.compare(readFileSync(join(room, 'to')), bytes)).toBe(0)
  })

  test('fails with the end that failed, and takes back what was made', async () => {
    expect((await failure(pipe(sh('echo half; echo image-missing >&2; exit 3'), sh('cat >to'), log('undone')))).code).toBe(
      'image-missing',
    )
    expect((await failure(pipe(sh('cat /dev/zero'), sh('echo name-taken >&2; exit 4'), log('undone again')))).code).toBe(
      'name-taken',
    )
    expect(logged()).toEqual(['undone', 'undone again'])
  })

  test('does not wait for a source that nobody reads any more', async () => {
    expect((await failure(pipe(sh('cat /dev/zero'), sh('head -c 10 >to')))).message).toContain('failed with')
    expect(readFileSync(join(room, 'to')).length).toBe(10)
  })
})

describe('waiting', () => {
  const until = (script: string, rest: Partial<Until> = {}): Plan => [
    { kind: 'until', ask: sh(script), ready: '^Ready$', title: 'the pod is ready', every: 0.01, most: 20, ...rest },
  ]

  test('goes on when the answer matches', async () => {
    await run([...until('echo x >>asked; [ $(wc -l <asked) -gt 3 ] && echo Ready || echo Pending'), exec(log('next'))])
    expect(readFileSync(join(room, 'asked'), 'utf8')).toBe('x\nx\nx\nx\n')
    expect(logged()).toEqual(['next'])
  })

  test('takes no answer of a question that failed', async () => {
    const { message, hint } = await failure(until('echo Ready; echo no route >&2; exit 1', { most: 0.05 }))
    expect(message).toBe('not within 0.05 s: the pod is ready (last answer: no route)')
    expect(hint).toContain('no route')
  })

  test('a wait that what follows does not need ends with its time, and the plan goes on', async () => {
    await run([...until('echo x >>asked; echo Pending', { most: 0.05, tolerant: true }), exec(log('next'))])
    expect(logged()).toEqual(['next'])
    expect(readFileSync(join(room, 'asked'), 'utf8').length).toBeGreaterThan(2)
  })

  test('ends at once where waiting is useless', async () => {
    const never = { pattern: 'ErrImagePull', message: 'the image cannot be pulled', hint: 'push it' }
    const { message, hint } = await failure(until('echo x >>asked; echo ErrImagePull', { never }))
    expect([message, hint, readFileSync(join(room, 'asked'), 'utf8')]).toEqual(['the image cannot be pulled', 'push it', 'x\n'])
  })
})

describe('order', () => {
  test('steps run one after the other, and a plan without an agent ends with 0', async () => {
    expect(await run([exec(log('one')), guard(['false'], [exec(log('two')), exec(log('three'))]), exec(log('four'))])).toBe(0)
    expect(logged()).toEqual(['one', 'two', 'three', 'four'])
  })

  test('a step whose probe succeeds is skipped, with its undo', async () => {
    await failure([
      exec(log('made'), { unless: ['true'], undo: log('undone') }),
      guard(['true'], [exec(log('guarded'))]),
      exec(fails()),
    ])
    expect(logged()).toEqual([])
  })

  test('lanes run side by side: each waits here for what the other one does', async () => {
    const meet = (mine: string, theirs: string) => sh(`touch ${mine}; until [ -e ${theirs} ]; do :; done; echo met >>log`)
    await run([together([[exec(meet('a', 'b'))], [exec(meet('b', 'a'))]])])
    expect(logged()).toEqual(['met', 'met'])
  })

  test('the plan goes on while a trailing lane still works, and waits for it at the end', async () => {
    await run([
      together([[exec(log('lane'))]], { trailing: [exec(sh('until grep -q next log; do :; done; echo trailing >>log'))] }),
      exec(log('next')),
    ])
    expect(logged()).toEqual(['lane', 'next', 'trailing'])
  })

  test('a title is told, and a step without one is silent', async () => {
    await run([exec(['true'], { title: 'building the image' }), exec(['true'])])
    expect(notes).toEqual(['building the image'])
  })

  test('on a terminal one line moves with the step that a build has reached, and a line stays', async () => {
    const lines: string[] = []
    const moving = { moves: true, show: (text: string) => void lines.push(text), clear: () => void lines.push('') }
    const build = sh("echo 'Step 1/2 : ARG BASE'; until [ -e seen ]; do sleep 0.01; done; echo 'Step 2/2 : RUN true' >&2")
    const shown = (text: string) => {
      lines.push(text)
      if (text.endsWith('(1 of 2)')) writeFileSync(join(room, 'seen'), '')
    }
    await execute([exec(build, { title: 'building' })], { ...effects, moving: { ...moving, show: shown } })
    expect(lines).toEqual(['', 'building', 'building (1 of 2)', 'building (2 of 2)', ''])
    expect(notes).toEqual([expect.stringMatching(/^building: \d+ s$/)])
  })

  test('the end of what a build printed is shown when it fails, safe for a terminal, and none of it when it works', async () => {
    const build = (end: string) => exec(sh(`seq 50; printf 'E: no \\033[2Jsuch package\\n' >&2; ${end}`), { title: 'building' })
    await run([build('true')])
    expect(notes).toEqual(['building'])
    await failure([build('exit 9')])
    const log = notes.at(-1) ?? ''
    expect(log).toStartWith('building failed; the end of its output:\n  ')
    expect(log).toContain('\n  50')
    expect(log).toContain('such package')
    expect(log).not.toMatch(/\n {2}5\n/)
    expect(log).not.toContain('\u001b')
  })
})

describe('undo', () => {
  test('a failure takes everything back, newest first, its own step included', async () => {
    const { message } = await failure([
      exec(log('one'), { undo: log('undo-one') }),
      later(log('undo-two')),
      exec(fails(), { undo: log('undo-three') }),
      exec(log('unreached')),
    ])
    expect(message).toBe('failed with 9: command-failed')
    expect(logged()).toEqual(['one', 'undo-three', 'undo-two', 'undo-one'])
  })

  test('an undo that fails does not keep the others from running', async () => {
    await failure([
      exec(['true'], { undo: log('first') }),
      exec(['true'], { undo: ['false'] }),
      exec(['true'], { undo: ['no-such-program-anywhere'] }),
      exec(fails()),
    ])
    expect(logged()).toEqual(['first'])
  })

  test('where a probe has no answer nothing is made, and what may be there is not taken back', async () => {
    const { code } = await failure([
      exec(log('made'), { unless: fails('backend-down'), undo: log('undo') }),
      exec(log('unreached')),
    ])
    expect({ code, logged: logged() }).toEqual({ code: 'backend-down', logged: [] })
  })

  test('an undo whose engine is away is tried again', async () => {
    const back = sh('[ -e away ] || { touch away; echo backend-down >&2; exit 1; }; echo undone >>log')
    const { hint } = await failure([exec(['true'], { undo: back }), exec(fails())])
    expect({ hint, logged: logged(), notes }).toEqual({
      hint: '',
      logged: ['undone'],
      notes: ['sh does not reach what it asks; paude tries again to remove what was made'],
    })
  })

  test('an undo whose engine never answered is not waited for', async () => {
    const { hint } = await failure([exec(fails('backend-down'), { undo: fails('backend-down') })])
    expect({ hint, notes }).toEqual({ hint: expect.stringContaining('backend-down'), notes: [] })
  })

  test('a source that its engine did not answer is what failed, and not the reader of nothing', async () => {
    const { code } = await failure([{ kind: 'pipe', from: fails('backend-down'), to: fails('no objects passed') }])
    expect(code).toBe('backend-down')
  })

  test('what somebody else made at the same moment is there, and is not ours to take back', async () => {
    const made = exec(sh('echo name-taken >&2; touch made; exit 9'), { unless: sh('test -e made'), undo: log('undo-theirs') })
    await failure([made, exec(fails())])
    expect(logged()).toEqual([])
    rmSync(join(room, 'made'))
    expect(await run([made, exec(log('went on'))])).toBe(0)
    expect(logged()).toEqual(['went on'])
    const taken = exec(sh('echo name-taken >&2; exit 9'), { unless: ['false'] })
    expect((await failure([taken])).code).toBe('name-taken')
  })

  test('what bears our name already is left alone, whichever lane ended last', async () => {
    const slow = sh('until [ -e taken ]; do :; done')
    await failure([
      together([
        [exec(sh('echo name-taken >&2; touch taken; exit 9'), { undo: log('undo-theirs') })],
        [exec(slow, { undo: log('undo-ours') })],
      ]),
    ])
    expect(logged()).toEqual(['undo-ours'])
  })

  test('a failing lane waits for the others before anything is taken back', async () => {
    await failure([
      together([
        [exec(sh('echo failed >>log; exit 9'))],
        [exec(sh('until grep -q failed log; do :; done; echo slow >>log'), { undo: log('undo') })],
      ]),
    ])
    expect(logged()).toEqual(['failed', 'slow', 'undo'])
  })

  test('a trailing lane that fails takes the start back', async () => {
    await failure([
      exec(['true'], { undo: log('undo') }),
      together([[exec(log('lane'))]], { trailing: [exec(fails())] }),
      exec(log('next')),
    ])
    expect(logged().at(-1)).toBe('undo')
  })

  test('a tolerant step may fail', async () => {
    expect(await run([exec(fails(), { tolerant: true }), exec(log('on'))])).toBe(0)
    expect(logged()).toEqual(['on'])
  })

  test('what could not be taken away is tried again, and fails only while something is left', async () => {
    const takes = (count: number) => sh(`echo try >>log; [ "$(grep -c try log)" -ge ${count} ]`)
    expect(await run([exec(takes(2), { left: ['echo', 'a box'] }), exec(log('on'))])).toBe(0)
    expect(logged()).toEqual(['try', 'try', 'on'])
  })

  test('a removal that fails of nothing left is none', async () => {
    expect(await run([exec(fails(), { left: ['true'] }), exec(log('on'))])).toBe(0)
    expect(logged()).toEqual(['on'])
  })

  test('a removal whose engine does not answer fails at once', async () => {
    await failure([exec(sh('echo try >>log; exit 1'), { left: ['false'] }), exec(log('on'))])
    expect(logged()).toEqual(['try'])
  })

  test('folders that were made are taken back, folders that were there are not', async () => {
    mkdirSync(join(room, 'old'))
    writeFileSync(join(room, 'old', 'file'), '')
    await failure([
      folder(join(room, 'old')),
      folder(join(room, 'new', 'inner')),
      write(join(room, 'new', 'inner', 'file'), 'x'),
      exec(fails()),
    ])
    expect([existsSync(join(room, 'old', 'file')), existsSync(join(room, 'new', 'inner'))]).toEqual([true, false])
  })

  test('a program that does not exist takes back as well', async () => {
    expect((await failure([exec(log('one'), { undo: log('undo') }), exec(['no-such-program-anywhere'])])).code).toBe(
      'command-not-found',
    )
    expect(logged()).toEqual(['one', 'undo'])
  })
})

describe('rescue', () => {
  const needsImage = () => sh('[ -e image ] || { echo image-missing >&2; exit 125; }; echo made >>log')
  const build = () => exec(sh('touch image; echo built >>log'))

  test('a missing image is made and the step tried again', async () => {
    await run([exec(log('before'), { undo: log('undo-before') }), exec(needsImage(), { undo: log('undo'), rescue: [build()] })])
    expect(logged()).toEqual(['before', 'undo', 'built', 'made'])
  })

  test('lanes are taken back and tried again together', async () => {
    await run([together([[exec(log('gate'), { undo: log('undo-gate') })], [exec(needsImage())]], { rescue: [build()] })])
    expect(logged()).toEqual(['gate', 'undo-gate', 'built', ...logged().slice(3)])
    expect([...logged().slice(3)].sort()).toEqual(['gate', 'made'])
  })

  test('a missing image counts more than another failure beside it', async () => {
    await run([
      together([[exec(sh('[ -e image ] || { echo other >&2; exit 1; }'))], [exec(needsImage())]], { rescue: [build()] }),
    ])
    expect(logged()).toContain('made')
  })

  test('it helps once, and against nothing else', async () => {
    expect((await failure([exec(needsImage(), { rescue: [exec(log('rescued'))] })])).code).toBe('image-missing')
    expect(logged()).toEqual(['rescued'])
    expect((await failure([exec(fails(), { rescue: [build()] })])).code).toBe('command-failed')
    expect(logged()).toEqual(['rescued'])
  })
})

describe('what a program gets', () => {
  test('a secret arrives on stdin and in the environment, and stands in no argv', async () => {
    const plan = [
      exec(sh(`cat >stdin; printf %s "$TOKEN" >env; tr '\\0' ' ' </proc/$$/cmdline >argv`), {
        stdin: secret('hunter2'),
        env: { TOKEN: secret('hunter3') },
      }),
    ]
    await run(plan)
    const read = (name: string) => readFileSync(join(room, name), 'utf8')
    expect([read('stdin'), read('env')]).toEqual(['hunter2', 'hunter3'])
    expect(read('argv')).not.toContain('hunter')
    expect(JSON.stringify(plan)).not.toContain('hunter')
  })

  test('a folder of its own', async () => {
    mkdirSync(join(room, 'inner'))
    await run([exec(['sh', '-c', 'pwd >where'], { folder: join(room, 'inner') })])
    expect(readFileSync(join(room, 'inner', 'where'), 'utf8').trim()).toEndWith('/inner')
  })

  test('files with their mode, whole or not at all', async () => {
    const path = join(room, 'file')
    await run([write(path, 'first', 0o644)])
    await run([write(path, 'second\n', 0o600)])
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['second\n', 0o600])
    expect([...new Bun.Glob('*').scanSync(room)]).toEqual(['file'])
  })

  test('folders with their mode, whatever the umask', async () => {
    const before = process.umask(0o077)
    await run([folder(join(room, 'policy'), 0o755)])
    process.umask(before)
    expect(statSync(join(room, 'policy')).mode & 0o777).toBe(0o755)
    await run([folder(join(room, 'state', 'kit', 'one'), 0o755)])
    expect(['state', 'state/kit', 'state/kit/one'].map((path) => statSync(join(room, path)).mode & 0o777)).toEqual([
      0o700, 0o700, 0o755,
    ])
  })
})

describe('the disk', () => {
  test('a folder goes, whatever is written into it meanwhile', async () => {
    // As a holder does: a few files, each whole at once, and then no more.
    const words = `const { existsSync, renameSync, writeFileSync } = require('node:fs')
      for (let turn = 0; ; turn++) {
        const folder = '${room}/' + turn
        while (!existsSync(folder));
        for (let left = 20; left > 0; left--) try {
          writeFileSync(folder + '/words.new', 'x')
          renameSync(folder + '/words.new', folder + '/words')
        } catch {}
      }`
    const writer = Bun.spawn([process.execPath, '-e', words], { stdio: ['ignore', 'ignore', 'ignore'] })
    try {
      for (let turn = 0; turn < 100; turn++) {
        const busy = join(room, String(turn))
        await run([folder(busy)])
        while (!existsSync(join(busy, 'words'))) await Bun.sleep(0)
        await run([remove(busy)])
        expect(existsSync(busy)).toBe(false)
      }
    } finally {
      writer.kill('SIGKILL')
      await writer.exited
    }
  }, 60_000)

  test.each([
    ['a named pipe', (path: string) => void Bun.spawnSync(['mkfifo', path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link', (path: string) => symlinkSync('elsewhere', path)],
  ])('%s is never replaced by a file', async (_, make) => {
    const path = join(room, 'there')
    make(path)
    const { mode, ino } = lstatSync(path)
    const error = await failure([write(path, 'x')])
    expect([error.code, error.message]).toEqual(['refused', `${path} is there and is not a regular file`])
    expect(error.hint).toBe(`look at what made it: ls -ld ${path}`)
    expect(lstatSync(path)).toMatchObject({ mode, ino })
    expect(readdirSync(room)).toEqual(['there'])
  })

  test('a file is replaced at once by another one', async () => {
    const path = join(room, 'there')
    writeFileSync(path, 'before')
    await run([write(path, 'after')])
    expect([readFileSync(path, 'utf8'), readdirSync(room)]).toEqual(['after', ['there']])
  })

  test('a folder that cannot be made is a sentence', async () => {
    writeFileSync(join(room, 'file'), '')
    const error = await failure([folder(join(room, 'file', 'inner'))])
    expect([error.code, error.message]).toEqual(['command-failed', expect.stringMatching(/^cannot write .*\/file\/inner: /)])
    expect(error.hint).toContain('XDG_STATE_HOME')
  })

  test.skipIf(!canMount)('a full disk is a sentence, and takes back', async () => {
    expect(Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', room]).exitCode).toBe(0)
    try {
      const error = await failure([folder(join(room, 'seed')), write(join(room, 'seed', 'file'), 'x'.repeat(100_000))])
      expect([error.code, error.message]).toEqual(['disk-full', `no space left for ${join(room, 'seed', 'file')}`])
      expect(existsSync(join(room, 'seed'))).toBe(false)
    } finally {
      Bun.spawnSync(['umount', room])
    }
  })
})

describe('an attached program', () => {
  const attach = (argv: Argv, rest: Partial<Attach> = {}): Attach => ({
    kind: 'attach',
    argv,
    terminal: false,
    stdin: false,
    ...rest,
  })

  test.each([
    ['exit 0', 0],
    ['exit 42', 42],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -INT $$', 130],
  ])('its end is ours: %s', async (script, code) => {
    expect(await run([attach(['sh', '-c', script])])).toBe(code)
  })

  test('an agent that fails is not a start that failed', async () => {
    expect(await run([exec(['true'], { undo: log('undo') }), attach(['sh', '-c', 'exit 3'])])).toBe(3)
    expect(logged()).toEqual([])
  })

  test('what follows it sees its code and decides ours', async () => {
    expect(await execute([attach(['sh', '-c', 'exit 3'])], effects, async (code) => code + 40)).toBe(43)
  })

  test('time runs out: it is ended and the code is 124', async () => {
    const agent = sh('trap "echo ended >>log; exit 0" TERM; echo $$ >pid; touch up; while :; do sleep 0.01; done')
    const terminate = sh('until [ -e up ]; do :; done; kill -TERM $(cat pid)')
    expect(await run([attach(agent, { timeout: 0.05, terminate })])).toBe(124)
    expect(logged()).toEqual(['ended'])
  })

  test('a trailing lane that fails meanwhile ends it', async () => {
    const plan: Plan = [
      exec(['true'], { undo: log('undo') }),
      together([], { trailing: [exec(sh('until [ -e up ]; do :; done; exit 9'))] }),
      attach(sh('touch up; exec sleep 600')),
    ]
    expect((await failure(plan)).code).toBe('command-failed')
    expect(logged()).toEqual(['undo'])
  })
})

describe('the context of a build', () => {
  const copying = (approved: string | null): Plan => [
    folder(join(room, 'work')),
    { kind: 'copy-context', from: join(room, 'context'), to: join(room, 'work/copy'), approved, hint: 'paude trust' },
    exec(log('built')),
  ]
  beforeEach(() => {
    mkdirSync(join(room, 'context'))
    writeFileSync(join(room, 'context/a'), 'harmless')
  })

  test('is built from when it is what was approved', async () => {
    expect(await run(copying(contextHash(join(room, 'context'))))).toBe(0)
    expect(readFileSync(join(room, 'work/copy/a'), 'utf8')).toBe('harmless')
    expect(logged()).toEqual(['built'])
  })

  test('ends the plan when it is another, and leaves nothing behind', async () => {
    const plan = copying(contextHash(join(room, 'context')))
    writeFileSync(join(room, 'context/a'), 'evil')
    for (const one of [plan, copying(null)])
      expect(await failure(one)).toMatchObject({
        code: 'refused',
        message: `the build context ${room}/context has changed since you approved it`,
        hint: 'paude trust',
      })
    expect(existsSync(join(room, 'work'))).toBe(false)
    expect(logged()).toEqual([])
  })
})

describe('signals', () => {
  const program = join(import.meta.dir, 'start.ts')

  type Ended = { readonly code: number | null; readonly stderr: string }

  /** Carries a plan out in a process of its own; a signal comes once the file `up` is there. */
  async function ended(plan: Plan, signal?: NodeJS.Signals): Promise<Ended> {
    const child = Bun.spawn([process.execPath, program, JSON.stringify(plan), join(room, 'heard')], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    while (signal !== undefined && !existsSync(join(room, 'up')) && child.exitCode === null) await Bun.sleep(2)
    if (signal !== undefined) child.kill(signal)
    const [stderr] = await Promise.all([child.stderr.text(), child.exited])
    return { code: child.exitCode, stderr }
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in the middle of a start takes everything back', async (signal) => {
    // The engine call ends by itself: what it made must be there before it is taken back.
    const slow = sh(`kill -${signal.slice(3)} $PPID; until [ -e heard ]; do sleep 0.01; done; echo made >>log`)
    const plan = [
      exec(['true'], { undo: log('undo-one') }),
      together([[exec(slow, { undo: log('undo-two') }), exec(log('unreached'))]]),
      exec(log('unreached')),
    ]
    const code = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal]
    expect(await ended(plan)).toEqual({ code, stderr: 'error interrupted\n' })
    expect(logged()).toEqual(['made', 'undo-two', 'undo-one'])
  })

  describe('with an engine that does not answer', () => {
    /** An engine that notes what it is asked to do, and is silent at these verbs for ever. */
    function engine(silent: string, script = ''): string {
      const path = join(room, 'engine')
      const body = `cd '${room}'; echo "$*" >>log\ncase $1 in ${silent}) touch up; exec sleep 600 ;; esac\n${script}\n`
      writeFileSync(path, `#!/bin/sh\n${body}`, { mode: 0o755 })
      return path
    }
    const start = (plan: Plan, patience: Readonly<Record<string, number>>) =>
      Bun.spawn([process.execPath, program, JSON.stringify(plan), join(room, 'heard'), JSON.stringify(patience)], {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      })
    const isUp = async () => {
      while (!existsSync(join(room, 'up'))) await Bun.sleep(2)
    }

    test.each([
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const)(
      '%s gives it up, and names what may be left with the commands that take it away',
      async (signal, code) => {
        const path = engine('create|rm')
        const plan = [
          later([path, 'volume']),
          exec([path, 'network'], { undo: [path, 'rm', 'network'] }),
          exec([path, 'create'], { undo: [path, 'rm', 'a box'] }),
        ]
        const child = start(plan, { [path]: 0.3 })
        await isUp()
        child.kill(signal)
        const stderr = await child.stderr.text()
        expect(await child.exited).toBe(code)
        expect(stderr).toContain(`error interrupted\ninterrupted; ${path} does not answer, so something may be left behind\n`)
        expect(stderr).toContain(`once ${path} answers: ${path} rm 'a box'; ${path} rm network; ${path} volume\n`)
        // Each try would take its time.
        expect(logged()).toEqual(['network', 'create', 'rm a box'])
      },
      60_000,
    )

    test('what it takes back all the same is not named', async () => {
      const path = engine('create')
      const child = start([exec([path, 'create'], { undo: [path, 'rm'] })], { [path]: 0.3 })
      await isUp()
      child.kill('SIGINT')
      expect(await child.stderr.text()).toEndWith('error interrupted\n')
      expect([await child.exited, logged()]).toEqual([130, ['create', 'rm']])
    }, 60_000)

    test('a second signal gives it up at once', async () => {
      const path = engine('create')
      const child = start([exec([path, 'create'], { undo: [path, 'rm'] })], { [path]: 3600 })
      await isUp()
      for (; child.exitCode === null; await Bun.sleep(100)) child.kill('SIGTERM')
      expect([child.exitCode, logged()]).toEqual([143, ['create', 'rm']])
    }, 60_000)

    test('it is told, and waited for', async () => {
      const path = engine('never', 'sleep 1; echo made >>log')
      const child = start([exec([path, 'create']), exec([path, 'create'])], { [path]: 0.2 })
      expect(await child.stderr.text()).toBe(`note ${path} has not answered for 0.2 s; waiting for it\ncode 0\n`)
      expect(logged()).toEqual(['create', 'made', 'create', 'made'])
    }, 60_000)

    test('a step that takes its time is not told of before that', async () => {
      const path = engine('never', 'sleep 0.5')
      const child = start([exec([path, 'stop'], { takes: 3600 })], { [path]: 0.1 })
      expect(await child.stderr.text()).toBe('code 0\n')
    }, 60_000)

    test('a signal ends a probe at once', async () => {
      const path = engine('has')
      const child = start([exec([path, 'create'], { unless: [path, 'has'] })], { [path]: 3600 })
      await isUp()
      child.kill('SIGTERM')
      expect(await child.stderr.text()).toBe('error interrupted\n')
      expect([await child.exited, logged()]).toEqual([143, ['has']])
    }, 60_000)

    test('an agent that cannot be interrupted is given up, and named', async () => {
      const path = engine('start|kill|rm')
      const attach = { kind: 'attach', argv: [path, 'start'], terminal: false, stdin: false, interrupt: [path, 'kill'] } as const
      const child = start([exec([path, 'create'], { undo: [path, 'rm'] }), attach], { [path]: 0.3 })
      await isUp()
      child.kill('SIGINT')
      const stderr = await child.stderr.text()
      expect(await child.exited).toBe(130)
      expect(stderr).toContain(`interrupted; ${path} does not answer, so something may be left behind\n`)
      expect(stderr).toContain(`once ${path} answers: ${path} rm\n`)
      expect(logged()).toEqual(['create', 'start', 'kill', 'rm'])
    }, 60_000)

    test('a probe that is not answered ends the plan, without what it would have been for', async () => {
      const path = engine('has')
      const child = start([exec([path, 'create'], { unless: [path, 'has'] })], { [path]: 0.2 })
      expect(await child.stderr.text()).toContain('error command-failed\n')
      expect(logged()).toEqual(['has'])
    }, 60_000)
  })

  test('SIGINT while a context is copied takes the copy back', async () => {
    mkdirSync(join(room, 'context'))
    // More than is copied before the signal is heard: the copy is watched for, which is made first.
    for (let file = 0; file < 400; file++) writeFileSync(join(room, `context/${file}`), Buffer.alloc(256 * 1024))
    const [work, up] = [join(room, 'work'), join(room, 'work/copy')]
    const plan: Plan = [folder(work), { kind: 'copy-context', from: join(room, 'context'), to: up, approved: null, hint: '' }]
    const child = Bun.spawn([process.execPath, program, JSON.stringify(plan), join(room, 'heard')], {
      stdin: 'ignore',
      stderr: 'pipe',
    })
    while (!existsSync(up) && child.exitCode === null) await Bun.sleep(1)
    child.kill('SIGINT')
    expect(await child.stderr.text()).toBe('error interrupted\n')
    expect(existsSync(work)).toBe(false)
  })

  test('a build is ended at once, with everything that it started', async () => {
    const build = sh('sleep 600 & echo $! >pid; touch up; wait')
    const { stderr } = await ended([exec(build, { title: 'building', undo: log('undo') })], 'SIGINT')
    expect(stderr).toBe('note building\nerror interrupted\n')
    expect(logged()).toEqual(['undo'])
    const pid = readFileSync(join(room, 'pid'), 'utf8').trim()
    // Killed; it may wait for a core to end on, and for its new parent to notice.
    const state = () => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] : 'Z')
    const end = Date.now() + 10_000
    while (state() !== 'Z' && Date.now() < end) await Bun.sleep(10)
    expect(state()).toBe('Z')
  })

  test('what a build prints is shown at once, a progress over its own line, and none of it acts on the terminal', async () => {
    const hostile = String.raw`printf '\033]52;c;eA==\007\033]0;title\033\\\033[2J\302\2332J\n' >&2`
    // The second half comes once the first was seen.
    const build = sh(
      `printf '#5 \\303'; printf '\\251 10%%\\r'; ${hostile}; touch up; while [ ! -e seen ]; do sleep 0.01; done; echo done`,
    )
    const plan: Plan = [exec(build, { title: 'building' })]
    const child = Bun.spawn([process.execPath, program, JSON.stringify(plan), join(room, 'heard')], {
      stdin: 'ignore',
      stderr: 'pipe',
    })
    let text = ''
    for await (const chunk of child.stderr) {
      text += Buffer.from(chunk).toString()
      if (text.includes('10%') && text.includes('2J\n')) writeFileSync(join(room, 'seen'), '')
    }
    expect(text).toStartWith('note building\n')
    expect(text).toContain('#5 é 10%\r')
    expect(text).toEndWith('done\ncode 0\n')
    expect(text).not.toMatch(/(?![\n\r])\p{Cc}/u)
  })

  const agent = (onTerm: string) =>
    sh(`trap '${onTerm}' TERM; trap 'echo int >>log; exit 5' INT; echo $$ >pid; touch up; while :; do sleep 0.01; done`)

  test('SIGTERM runs what ends the agent, whose code is ours', async () => {
    const attach: Attach = {
      kind: 'attach',
      argv: agent('echo term >>log; exit 7'),
      terminal: false,
      stdin: false,
      terminate: sh('kill -TERM $(cat pid)'),
    }
    expect(await ended([attach], 'SIGTERM')).toEqual({ code: 7, stderr: 'code 7\n' })
    expect(logged()).toEqual(['term'])
  })

  test('SIGINT without a terminal is handed on, and reaches the agent once', async () => {
    const attach: Attach = {
      kind: 'attach',
      argv: agent('exit 9'),
      terminal: false,
      stdin: false,
      interrupt: sh('kill -INT $(cat pid)'),
    }
    expect(await ended([attach], 'SIGINT')).toEqual({ code: 5, stderr: 'code 5\n' })
    expect(logged()).toEqual(['int'])
  })

  test('SIGINT reaches a young agent once, which takes its time to end, and not before its sandbox runs', async () => {
    const attach: Attach = {
      kind: 'attach',
      // Who hears a second one ends otherwise, as an agent does that is told to hurry.
      argv: sh(`trap 'echo early >>log; exit 6' INT
        echo $$ >pid; touch up; while [ ! -e asked ]; do sleep 0.01; done; touch runs
        trap 'trap "exit 9" INT; echo int >>log; sleep 0.7; sleep 0.7; exit 5' INT; while :; do sleep 0.01; done`),
      terminal: false,
      stdin: false,
      alive: sh('touch asked; [ -e runs ]'),
      interrupt: sh('kill -INT $(cat pid)'),
    }
    expect(await ended([attach], 'SIGINT')).toEqual({ code: 5, stderr: 'code 5\n' })
    expect(logged()).toEqual(['int'])
  })

  test('SIGHUP without a terminal ends the agent: nobody would see its answer', async () => {
    const attach: Attach = {
      kind: 'attach',
      argv: agent('echo term >>log; exit 7'),
      terminal: false,
      stdin: false,
      terminate: sh('kill -TERM $(cat pid)'),
    }
    expect(await ended([attach], 'SIGHUP')).toEqual({ code: 7, stderr: 'code 7\n' })
  })
})

describe('streams', () => {
  test('what a program says on either stream is kept up to a bound', async () => {
    const script = 'head -c 300000 /dev/zero | tr "\\000" x >&2; head -c 300000 /dev/zero | tr "\\0" y'
    const { stdout, stderr } = await capture(['sh', '-c', script], { most: 1000 })
    expect([stdout, stderr]).toEqual(['y'.repeat(1000), 'x'.repeat(1000)])
  })

  test('two megabytes on both streams at once do not block', async () => {
    const { code, stdout, stderr } = await capture([
      'sh',
      '-c',
      'head -c 2000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait',
    ])
    expect([code, stdout.length, stderr.length]).toEqual([0, 2_000_000, 2_000_000])
  })

  test('two megabytes go in while as much comes out', async () => {
    const text = 'x'.repeat(2_000_000)
    expect((await capture(['cat'], { stdin: text })).stdout.length).toBe(text.length)
  })

  test('a program that does not read what it is given does no harm', async () => {
    expect((await capture(['true'], { stdin: 'x'.repeat(2_000_000) })).code).toBe(0)
  })

  test('lines come one by one, whole, the last one too', async () => {
    const seen: string[] = []
    for await (const line of lines(['sh', '-c', 'printf "é\\nb"; printf "c\\n\\nlast"'])) seen.push(line)
    expect(seen).toEqual(['é', 'bc', '', 'last'])
  })

  test('a reader that goes away ends the program', async () => {
    for await (const line of lines(sh('echo $$ >pid; while :; do echo more; done'))) if (line === 'more') break
    const pid = readFileSync(join(room, 'pid'), 'utf8').trim()
    while (existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z') await Bun.sleep(2)
  })

  test.each([
    ['a program that is not there', ['no-such-program-anywhere'], 'command-not-found'],
    ['a folder', ['/tmp'], 'not-executable'],
    ['words that are too long', ['echo', 'x'.repeat(3_000_000)], 'command-failed'],
  ] as const)('%s is a sentence', async (_, argv, code) => {
    expect(await capture(argv).catch((error: PaudeError) => error.code)).toBe(code)
  })
})

describe('what is placed', () => {
  const place = (...names: readonly string[]): Plan => [
    { kind: 'place', things: names.map((name) => ({ path: join(room, name), content: null, own: true })) },
  ]

  test('is taken back with all it holds, and not what was there already', async () => {
    mkdirSync(join(room, 'theirs/deep'), { recursive: true })
    const error = await failure([...place('ours'), exec(sh('touch ours/file')), ...place('theirs')])
    expect(error.message).toContain('theirs is there already')
    expect([existsSync(join(room, 'ours')), existsSync(join(room, 'theirs/deep'))]).toEqual([false, true])
  })

  test('is not taken back where a link leads elsewhere by then', async () => {
    mkdirSync(join(room, 'outside/ours/deep'), { recursive: true })
    mkdirSync(join(room, 'way'))
    const swap = sh('mv way gone && ln -s outside way')
    await failure([...place('way/ours'), exec(swap), exec(fails())])
    expect([existsSync(join(room, 'outside/ours/deep')), existsSync(join(room, 'gone/ours'))]).toEqual([true, true])
  })
})
