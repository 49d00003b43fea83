import { describe, expect, test } from 'bun:test'
import { apple } from '../../src/backends/apple/apple.ts'
import type { Handle } from '../../src/box/handle.ts'
import { DEFAULTS } from '../../src/config/layers/merge.ts'
import type { Argv, Step } from '../../src/plan/plan.ts'
import { startPlan } from '../../src/session/life/plans.ts'
import { readCall, UsageError } from '../support/apple/grammar.ts'
import { laterOf, startsOf } from '../support/specs.ts'
import { flat } from '../support/steps.ts'

/** The oldest release that paude takes. */
const OLDEST = '1.0.0'

const box: Handle = {
  id: 'paude-bcd234',
  agent: 'claude',
  folder: '/s',
  terminal: true,
  link: 'folder',
  homeVolume: 'home',
  directory: '/p',
  overlays: [],
}

describe('the grammar that the fake keeps', () => {
  test.each([
    ['a flag of docker', ['run', '--pull=never', 'x']],
    ['a flag of a later release', ['run', '--masked-path=/x', 'x']],
    ['a joined short value', ['run', '-eA=b', 'x']],
    ['a value that begins with a dash', ['run', '--entrypoint', '-x', 'y']],
    ['a missing image', ['create', '--name=x']],
    ['half a core', ['run', '--cpus=1.5', 'x']],
    ['a word that is no command', ['ps']],
    ['attach', ['attach', 'x']],
    ['one argument too many', ['start', 'x', 'y']],
  ])('refuses %s', (_, words) => expect(() => readCall(words, OLDEST)).toThrow(UsageError))

  test('takes everything after the image, and after the name of a container, as the words of the program', () => {
    expect(readCall(['run', '--rm', 'x', '--', '--pull', 'y']).words).toEqual(['x', '--', '--pull', 'y'])
    expect(readCall(['exec', '-it', 'x', '-l']).words).toEqual(['x', '-l'])
  })
})

/** Every call of Apple's program that a step makes. */
const callsOf = (step: Step): readonly Argv[] =>
  Object.values(step).filter(
    (value): value is Argv =>
      Array.isArray(value) && value[0] === apple.program && value.every((word) => typeof word === 'string'),
  )

const plans = [
  ...Object.entries(startsOf(apple)).map(
    ([name, { spec, options }]) => [`start ${name}`, startPlan(apple, spec, options)] as const,
  ),
  ...Object.entries(laterOf(apple)).map(([name, plan]) => [name, plan] as const),
]

test.each(plans)('every call is one that container 1.0 takes: %s', (_, plan) => {
  const calls = flat(plan).flatMap(callsOf)
  for (const [, ...words] of calls) expect(() => readCall(words, OLDEST)).not.toThrow()
})

const helper = { container: 'paude-x', created: '2026-01-01T00:00:00Z' }
const images = apple.images ?? never()
const further: readonly Argv[] = [
  apple.health.version(DEFAULTS).argv,
  ...(['INT', 'TERM', 'CONT', 'KILL'] as const).map((signal) => apple.life.signal(box, signal)),
  apple.life.logs(box, { follow: true }),
  apple.life.logs(box, { follow: true, tail: 20 }),
  ...apple.inventory.parts(() => []).map(({ argv }) => argv),
  ...apple.inventory.volumes(() => []).map(({ argv }) => argv),
  ...apple.inventory.told(box),
  apple.terminal?.open(box, { stdin: true }) ?? never(),
  apple.ports?.relay(box, { port: 80, name: 'x' }) ?? never(),
  apple.ports?.leash(box, 'x') ?? never(),
  apple.wall?.requests(box, { follow: true }) ?? never(),
  images.id('x').argv,
  images.has('x'),
  images.list.argv,
  images.stages.argv,
  images.used.argv,
  images.remove('x'),
  images.run('x', 'true', helper),
  images.probe('x', { uid: 501, gid: 20, agent: 'claude' }, helper),
  ...[
    ...images.pull('x'),
    ...images.push('x', 'y'),
    ...images.init('x', { folder: '/kit', user: { uid: 501, gid: 20 } }),
    ...apple.life.stop(box, 10),
    ...apple.life.remove(box),
    ...apple.life.removeHomes(box, ['home']),
  ].flatMap(callsOf),
  apple.volumes?.end('x') ?? never(),
]

test.each(further.map((argv) => [argv.join(' ').slice(0, 60), argv] as const))('and so is %s', (_, [program, ...words]) => {
  expect(program).toBe(apple.program)
  expect(() => readCall(words, OLDEST)).not.toThrow()
})

test('no call that makes a container leaves its network, its capabilities or its user to the engine', () => {
  for (const [name, plan] of plans)
    for (const [, ...words] of flat(plan).flatMap(callsOf)) {
      const { command, options } = readCall(words, OLDEST)
      if (command !== 'run' && command !== 'create') continue
      const isProxy = options.get('--name')?.[0]?.endsWith('-proxy') === true
      expect({ name, network: options.get('--network') }).toEqual({ name, network: isProxy ? undefined : ['none'] })
      expect({ name, drop: options.get('--cap-drop'), user: options.has('--user') }).toEqual({ name, drop: ['ALL'], user: true })
    }
})

function never(): never {
  throw new Error('not there')
}
