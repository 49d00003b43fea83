import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LifecycleStep } from '../../src/box/lifecycle-step.ts'
import { lifecycleScript } from '../../src/session/resolve/lifecycle.ts'

const room = mkdtempSync(join(tmpdir(), "paude-life cycle'"))
/** In the place of /workspaces. */
const places = mkdtempSync(join(tmpdir(), 'paude-places-'))
afterAll(() => {
  for (const place of [room, places]) rmSync(place, { recursive: true, force: true })
})

type Run = Extract<LifecycleStep, { kind: 'run' }>
const step = (command: Run['command'], more: Partial<Run> = {}): Run => ({
  kind: 'run',
  stage: 'postCreateCommand',
  name: '',
  once: true,
  background: false,
  folder: room,
  command,
  ...more,
})

/** Runs a script as the entry script does, with a HOME of its own; what the agent sees of it is printed at the end. */
function run(
  lifecycle: readonly LifecycleStep[],
  {
    home = mkdtempSync(join(room, 'home')),
    stdin = 'prompt',
    image = 'box:1',
    devcontainerFailure = 'warn' as 'warn' | 'end',
  } = {},
) {
  const log = join(home, 'log')
  const script = lifecycleScript({ lifecycle, devcontainerFailure, image })
    .replaceAll('/tmp/devcontainer.log', '"$HOME/log"')
    .replaceAll('/workspaces', places)
  const entry = `set -u\nfail() { echo "paude: $1" >&2; exit 125; }\n${script}\necho "agent in $PWD with $(cat) $PATH"; wait\n`
  const { stdout, stderr, exitCode } = Bun.spawnSync(['sh', '-c', entry], {
    cwd: '/',
    stdin: new Blob([stdin]),
    env: { PATH: '/usr/bin:/bin', HOME: home },
  })
  return { home, log, code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

const START = { stage: 'postStartCommand', once: false, background: true } as const
const DONE = 'paude: postCreateCommand: done before in this project; to run it again, remove ~/.paude-created in the sandbox\n'

describe('the commands of a devcontainer.json', () => {
  test('run in their folder before the agent, whose streams they do not touch', () => {
    const { code, stdout, stderr } = run([step('echo "$PWD"; cat')])
    expect([code, stdout]).toEqual([0, 'agent in / with prompt /usr/bin:/bin\n'])
    expect(stderr).toBe(`paude: postCreateCommand\n${room}\n`)
  })

  test('run once for a project and what they say, and later starts are told so; those of each start run behind the agent', () => {
    const steps = [step('echo once'), step('echo each', START)]
    const first = run(steps)
    expect(first.stderr).toStartWith('paude: postCreateCommand\nonce\npaude: postStartCommand in the background')
    expect(readFileSync(first.log, 'utf8')).toBe('paude: postStartCommand\neach\n')
    expect(run(steps, { home: first.home }).stderr).toStartWith(`${DONE}paude: postStartCommand in the background`)
    expect(readFileSync(first.log, 'utf8')).toBe('paude: postStartCommand\neach\n')
    expect(run(steps, { home: first.home, image: 'box:2' }).stderr).toContain('\nonce\n')
    expect(run([step('echo other')], { home: first.home, image: 'box:2' }).stderr).toContain('\nother\n')
  })

  test('run before the agent where the file says that it waits for them, and behind it where it does not', () => {
    const waited = run([step('echo each', { ...START, background: false })])
    expect(waited.stderr).toBe('paude: postStartCommand\neach\n')
    const steps = [step('echo before', { stage: 'onCreateCommand' }), step('echo behind', { background: true })]
    const behind = run(steps)
    expect(behind.stderr).toStartWith('paude: onCreateCommand\nbefore\npaude: postCreateCommand in the background')
    expect(readFileSync(behind.log, 'utf8')).toBe('paude: postCreateCommand\nbehind\n')
    expect(run(steps, { home: behind.home }).stderr).toContain('onCreateCommand, postCreateCommand: done before')
  })

  test('that fail are told, and the agent starts without what follows them; the next start tries again', () => {
    const steps = [step('exit 3'), step('echo never', { ...START, background: false })]
    const first = run(steps)
    expect([first.code, first.stdout]).toEqual([0, 'agent in / with prompt /usr/bin:/bin\n'])
    expect(first.stderr).toBe(
      'paude: postCreateCommand\npaude: postCreateCommand ended with exit code 3, so the commands after it were not run; the agent starts anyway\n',
    )
    expect(run(steps, { home: first.home }).stderr).toContain('exit code 3')
  })

  test('that fail end the start where the user wants it', () => {
    const steps = [step('exit 3'), step('echo never', START)]
    expect(run(steps, { devcontainerFailure: 'end' })).toMatchObject({
      code: 125,
      stdout: '',
      stderr: 'paude: postCreateCommand\npaude: postCreateCommand ended with exit code 3\n',
    })
  })

  test('that do not end are told of while the agent waits', () => {
    const script = (text: string) => text.replace('sleep 20', 'true')
    const { stderr } = Bun.spawnSync(
      [
        'sh',
        '-c',
        `set -u\n${script(
          lifecycleScript({
            lifecycle: [step('until [ -e told ]; do sleep 0.01; done')],
            devcontainerFailure: 'warn',
            image: '',
          }),
        ).replace('and the agent waits for it"', 'and the agent waits for it"; touch told')}`,
      ],
      { cwd: room, env: { PATH: '/usr/bin:/bin', HOME: room } },
    )
    expect(stderr.toString()).toBe(
      'paude: postCreateCommand\npaude: postCreateCommand is still running after 20 s, and the agent waits for it\n',
    )
  })

  test('are not fooled by what a sandbox makes of the file that tells what was done', () => {
    const home = mkdtempSync(join(room, 'home'))
    const done = join(home, '.paude-created')
    for (const make of ['mkfifo', 'mkdir', 'ln -s /dev/zero', 'ln -s kept']) {
      writeFileSync(join(home, 'kept'), 'kept')
      rmSync(done, { recursive: true, force: true })
      Bun.spawnSync(['sh', '-c', `${make} .paude-created`], { cwd: home })
      expect(run([step('echo once')], { home }).stderr).toContain('\nonce\n')
      expect(readFileSync(join(home, 'kept'), 'utf8')).toBe('kept')
      expect(run([step('echo once')], { home }).stderr).toBe(DONE)
    }
  })

  test('find the project where other tools have it', () => {
    run([{ kind: 'link', name: "a 'b", folder: room }, step('true')])
    expect(readlinkSync(join(places, "a 'b"))).toBe(room)
  })

  test('run side by side where they have names, and each of them counts', () => {
    mkdirSync(join(room, 'meet'))
    const meet = (mine: string, other: string) => `touch meet/${mine}; until [ -e meet/${other} ]; do sleep 0.01; done`
    expect(run([step(meet('a', 'b'), { name: 'a' }), step(meet('b', 'a'), { name: 'b' })]).code).toBe(0)
    const { stderr } = run([step('exit 4', { name: 'bad one' }), step('true', { name: 'good' })])
    expect(stderr).toContain('paude: postCreateCommand.bad one ended with exit code 4')
  })

  test('take words as they are, whatever stands in them', () => {
    const words = ["a'b", '$(touch pwned)', '`id`', '--', '', 'x\ny', '*']
    const { stderr } = run([step(['printf', '[%s]', ...words])])
    expect(stderr).toContain(words.map((word) => `[${word}]`).join(''))
    run([step('true', { name: "'; touch pwned; '", stage: "'; touch pwned; '" })])
    expect(existsSync(join(room, 'pwned'))).toBe(false)
  })

  test('make variables of those that the sandbox has', () => {
    const { stdout } = run([
      { kind: 'export', name: 'PATH', value: '${containerEnv:PATH}:/opt/my tools:${containerEnv:NOPE:a}}b $(id)' },
    ])
    expect(stdout).toBe('agent in / with prompt /usr/bin:/bin:/opt/my tools:a}b $(id)\n')
  })

  test('write nowhere that they are done when there are none of the first start', () => {
    const { home } = run([step('true', START)])
    expect(existsSync(join(home, '.paude-created'))).toBe(false)
  })
})
