import { describe, expect, test } from 'bun:test'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { Attach, Exec, Step } from '../../src/plan/plan.ts'
import { renderPlan } from '../../src/plan/render.ts'
import { secret } from '../../src/secret.ts'
import { execPlan } from '../../src/session/life/command.ts'
import limit from '../../src/session/life/limit.sh' with { type: 'text' }
import { cases } from '../support/specs.ts'

const box = { ...handleOfSpec(cases['plain']?.spec ?? missing()), cluster: { context: 'team', namespace: 'paude' } }
const streams = { terminal: false, stdin: true }
const VALUE = "s3cret with 'quotes' and $HOME"
const isAttach = (step: Step): step is Attach => step.kind === 'attach'
const isExec = (step: Step): step is Exec => step.kind === 'exec'

describe('variables of a further command', () => {
  test.each([docker, kubernetes])('are in no argument and in no dry run: $name', (backend) => {
    const plan = execPlan(backend, box, ['env'], { ...streams, variables: { TOKEN: secret(VALUE) } })
    expect(JSON.stringify(plan)).not.toContain('s3cret')
    expect(renderPlan(plan)).not.toContain('s3cret')
  })

  test('travel in the environment of an engine client', () => {
    const [attach, ...more] = execPlan(docker, box, ['env'], { ...streams, variables: { TOKEN: secret(VALUE) } }).filter(isAttach)
    expect(more).toEqual([])
    expect(attach?.argv).toContain('--env=TOKEN')
    expect(String(attach?.env?.['TOKEN'])).toBe('••••••')
    expect(renderPlan(attach === undefined ? [] : [attach])).toStartWith('#!/bin/sh\nset -eu\nTOKEN=•••••• docker exec')
  })

  test('that steer the client are told to the sandbox alone', () => {
    const [attach] = execPlan(docker, box, ['env'], { ...streams, variables: { DOCKER_HOST: secret('x') } }).filter(isAttach)
    expect(attach?.argv).toContain('--env=DOCKER_HOST=x')
    expect(attach?.env).toEqual({})
  })

  test('reach a pod by a file that is read once, and come out as they were', async () => {
    const plan = execPlan(kubernetes, box, ['env'], { ...streams, variables: { TOKEN: secret(VALUE) } })
    const [kept] = plan.filter(isExec)
    const lines = typeof kept?.stdin === 'object' ? kept.stdin.reveal() : ''
    const printed = Bun.spawnSync(['sh', '-c', `${lines}printf %s "$TOKEN"`])
    expect(printed.stdout.toString()).toBe(VALUE)
    const file = kept?.argv.at(-1) ?? ''
    expect(file).toStartWith('/tmp/.paude-env-')
    const words: readonly string[] = plan.find(isAttach)?.argv ?? []
    expect(words.slice(words.indexOf(file) - 2, words.indexOf(file))).toEqual(['. "$1"; rm -f "$1"; shift; exec "$@"', 'sh'])
  })

  test('cost no step where there are none', () => {
    expect(execPlan(kubernetes, box, ['env'], streams)).toHaveLength(1)
  })
})

/** Runs words as the sandbox does: in a session of their own. */
async function limited(seconds: string, ...words: readonly string[]) {
  const child = Bun.spawn(['sh', '-c', limit, 'sh', seconds, '0.2', ...words], {
    detached: true,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const printed = await child.stdout.text()
  return [await child.exited, printed.trim()] as const
}

describe.if(process.platform === 'linux')('a limit in the sandbox', () => {
  test('leaves a command that ends in time as it is', async () => {
    expect(await limited('60', 'sh', '-c', 'echo done; exit 7')).toEqual([7, 'done'])
  })

  test('ends a command with 124', async () => {
    expect(await limited('0.2', 'sleep', '600')).toEqual([124, ''])
  })

  test('says 124 also where the command ends well when it is told to', async () => {
    expect((await limited('0.2', 'sh', '-c', 'trap "exit 0" TERM; sleep 600 & wait'))[0]).toBe(124)
  })

  test('ends what does not heed it, in the background too', async () => {
    const [code, children] = await limited(
      '0.3',
      ...['sh', '-c', 'trap "" TERM; sleep 600 & echo $!; sleep 600 & echo $!; while :; do sleep 600; done'],
    )
    expect(code).toBe(124)
    const alive = children.split('\n').filter((pid) => isAlive(Number(pid)))
    expect([children.split('\n').length, alive]).toEqual([2, []])
  })

  test('takes no word of the command for one of the shell', async () => {
    expect((await limited('60', 'exit', '3'))[0]).toBe(127)
  })
})

/** Whether a process runs; one that nobody has waited for yet has ended. */
function isAlive(pid: number): boolean {
  const { stdout } = Bun.spawnSync(['cat', `/proc/${pid}/stat`], { stderr: 'ignore' })
  return !['', 'Z', 'X'].includes(/\) (\w)/.exec(stdout.toString())?.[1] ?? '')
}

test('a limit is part of the command, wherever the sandbox is', () => {
  for (const backend of [docker, kubernetes]) {
    const [attach] = execPlan(backend, box, ['make'], { ...streams, seconds: 30 }).filter(isAttach)
    const words: readonly string[] = attach?.argv ?? []
    expect(words.slice(words.indexOf(limit) + 1).slice(0, 3)).toEqual(['sh', '30', '10'])
    expect(words.at(-1)).toBe('make')
  }
})

function missing(): never {
  throw new Error('no plain case')
}

test('a program that is not there is told with what brings it', () => {
  const [attach] = execPlan(docker, box, ['no-such-program'], streams).filter(isAttach)
  const argv: readonly string[] = attach?.argv ?? []
  const { exitCode, stderr } = Bun.spawnSync(argv.slice(argv.indexOf('sh')))
  expect([exitCode, stderr.toString()]).toEqual([
    127,
    'paude: no-such-program was not found in the sandbox\n  → paude init, or add its Debian package to image.packages\n',
  ])
})
