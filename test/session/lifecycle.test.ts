import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LifecycleStep } from '../../src/box/lifecycle-step.ts'
import { lifecycleScript } from '../../src/session/resolve/lifecycle.ts'

const room = mkdtempSync(join(tmpdir(), "paude-life cycle'"))
afterAll(() => rmSync(room, { recursive: true, force: true }))

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

/** Runs a script as the entry script does, with out/ in a folder of its own; what the agent sees of it is printed at the end. */
function run(steps: readonly LifecycleStep[], { out = mkdtempSync(join(room, 'out')), stdin = 'prompt' } = {}) {
  writeFileSync(join(out, 'created'), '', { flag: 'a' })
  const script = lifecycleScript(steps).replaceAll('/paude/out', '"$OUT"')
  const entry = `set -u\nfail() { echo "paude: $1" >&2; exit 125; }\n${script}\necho "agent in $PWD with $(cat) $PATH"\n`
  const { stdout, stderr, exitCode } = Bun.spawnSync(['sh', '-c', entry], {
    cwd: '/',
    stdin: new Blob([stdin]),
    env: { PATH: '/usr/bin:/bin', OUT: out },
  })
  return { out, code: exitCode, stdout: stdout.toString(), stderr: stderr.toString() }
}

describe('the commands of a devcontainer.json', () => {
  test('run in their folder before the agent, whose streams they do not touch', () => {
    const { code, stdout, stderr } = run([step('echo "$PWD"; cat')])
    expect([code, stdout]).toEqual([0, 'agent in / with prompt /usr/bin:/bin\n'])
    expect(stderr).toBe(`paude: postCreateCommand\n${room}\n`)
  })

  test('run once in the life of a session, but for those of each start', () => {
    const steps = [step('echo once'), step('echo each', { stage: 'postStartCommand', once: false })]
    const first = run(steps)
    expect(first.stderr).toBe('paude: postCreateCommand\nonce\npaude: postStartCommand\neach\n')
    expect(run(steps, { out: first.out }).stderr).toBe('paude: postStartCommand\neach\n')
  })

  test('run again when they failed, and the agent does not start', () => {
    const steps = [step('exit 3'), step('echo never', { stage: 'postStartCommand', once: false })]
    const first = run(steps)
    expect(first).toMatchObject({
      code: 125,
      stdout: '',
      stderr: 'paude: postCreateCommand\npaude: postCreateCommand ended with exit code 3\n',
    })
    expect(run(steps, { out: first.out }).code).toBe(125)
  })

  test('run side by side where they have names, and each of them counts', () => {
    mkdirSync(join(room, 'meet'))
    const meet = (mine: string, other: string) => `touch meet/${mine}; until [ -e meet/${other} ]; do sleep 0.01; done`
    expect(run([step(meet('a', 'b'), { name: 'a' }), step(meet('b', 'a'), { name: 'b' })]).code).toBe(0)
    const { code, stderr } = run([step('exit 4', { name: 'bad one' }), step('true', { name: 'good' })])
    expect([code, stderr.trim().split('\n').at(-1)]).toEqual([125, 'paude: postCreateCommand.bad one ended with exit code 4'])
  })

  test('take words as they are, whatever stands in them', () => {
    const words = ["a'b", '$(touch pwned)', '`id`', '--', '', 'x\ny', '*']
    const { stderr } = run([step(['printf', '[%s]', ...words])])
    expect(stderr).toContain(words.map((word) => `[${word}]`).join(''))
    run([step('true', { name: "'; touch pwned; '", stage: "'; touch pwned; '" })])
    expect(existsSync(join(room, 'pwned'))).toBe(false)
  })

  test('make variables of those that the box has', () => {
    const { stdout } = run([
      { kind: 'export', name: 'PATH', value: '${containerEnv:PATH}:/opt/my tools:${containerEnv:NOPE:a}}b $(id)' },
    ])
    expect(stdout).toBe('agent in / with prompt /usr/bin:/bin:/opt/my tools:a}b $(id)\n')
  })

  test('write nowhere that they are done when there are none of the first start', () => {
    const { out } = run([step('true', { stage: 'postStartCommand', once: false })])
    expect(readFileSync(join(out, 'created'), 'utf8')).toBe('')
  })
})
