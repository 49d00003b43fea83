import { expect, test } from 'bun:test'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { clusterSpec } from '../../src/backends/kubernetes/make.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { Exec, Plan } from '../../src/plan/plan.ts'
import { secret } from '../../src/secret.ts'
import { startsOf } from '../support/specs.ts'
import { flat } from '../support/steps.ts'

/** A session that is stopped and started again: what an interruption leaves in between. */
const box = handleOfSpec(clusterSpec(startsOf(kubernetes)['plain']?.spec ?? fail()))

const calls = (plan: Plan): readonly Exec[] => flat(plan).flatMap((step) => (step.kind === 'exec' ? [step] : []))
const at = (plan: Plan, words: string) => calls(plan).findIndex(({ argv }) => argv.join(' ').includes(words))

test('a start removes the Job of the agent right before it makes the new one, and nothing runs beside that', () => {
  const plan = kubernetes.life.wake(box, secret('key'))
  const [removal, made] = [at(plan, `delete job ${box.id}`), at(plan, '--filename=/')]
  expect(made).toBe(removal + 1)
  expect(removal).toBeGreaterThan(at(plan, '"replicas":1'))
  // On its own: a lane goes on while another one waits for a pod.
  expect(plan.some((step) => step.kind === 'exec' && step.argv.join(' ').includes(`delete job ${box.id}`))).toBe(true)
})

test('an interrupted start leaves neither a running pod nor the credential', () => {
  const undone = calls(kubernetes.life.wake(box, secret('key'))).flatMap(({ undo }) => undo?.join(' ') ?? [])
  expect(undone).toEqual([
    expect.stringContaining(`delete secret ${box.id}-credential`),
    expect.stringContaining('"replicas":0'),
    expect.stringContaining('"suspend":true'),
  ])
})

test('a stop deletes the credential before anything can fail, also when Job and proxy are gone', () => {
  const plan = kubernetes.life.stop(box, 0)
  const gone = at(plan, `delete secret ${box.id}-credential`)
  expect(
    calls(plan)
      .slice(0, gone)
      .every(({ tolerant }) => tolerant),
  ).toBe(true)
  expect(
    calls(plan)
      .slice(gone + 1)
      .map(({ left }) => left?.slice(-3)),
  ).toEqual([
    [`deployment/${box.id}-proxy`, '--ignore-not-found', '--output=name'],
    [`job/${box.id}`, '--ignore-not-found', '--output=name'],
  ])
})

test('a stop waits until no pod of the agent runs, whatever became of it, and not for what never comes', () => {
  const wait = flat(kubernetes.life.stop(box, 0)).find((step) => step.kind === 'until') ?? fail()
  const isOver = (answer: string) => new RegExp(wait.ready, 'm').test(answer)
  for (const over of ['()', '(Failed)', '(Succeeded)', '(Failed Failed)', '(Failed Succeeded Failed)'])
    expect(isOver(over), over).toBe(true)
  for (const open of ['', '(Running)', '(Pending)', '(Failed Running)', '(Running Failed)', '(Unknown)'])
    expect(isOver(open), open).toBe(false)
  expect(wait.tolerant).toBe(true)
})

test('all that a start, a later start and a self-test make says whose it is: what does not is left behind', () => {
  const spec = startsOf(kubernetes)['secret-env']?.spec ?? fail()
  const { mark } = handleOfSpec(clusterSpec(spec))
  expect(mark).toBeTruthy()
  const beside = kubernetes.wall?.beside ?? fail()
  const plan = [
    ...kubernetes.life.make(spec, undefined),
    ...kubernetes.life.wake(handleOfSpec(spec), secret('key')),
    ...beside.serve(spec, { words: ['true'], ports: [80] }),
    ...beside.admit(handleOfSpec(spec), 'paude-fgh567'),
  ]
  const made = flat(plan).flatMap((step): readonly Made[] => {
    if (step.kind === 'write') return JSON.parse(step.content).items
    if (step.kind === 'pipe' && step.from.includes('service'))
      return [JSON.parse(step.from.find((word) => word.includes('template='))?.split('template=')[1] ?? '')]
    if (step.kind !== 'exec' || step.stdin === undefined) return []
    return JSON.parse(typeof step.stdin === 'string' ? step.stdin : step.stdin.reveal()).items
  })
  const ours = made.filter(({ metadata: { labels } }) => labels['paude.id'] !== undefined)
  expect(new Set(ours.map(({ kind }) => kind)).size).toBe(8)
  expect(ours.filter(({ metadata: { labels } }) => labels['paude.owner'] !== mark)).toEqual([])
})

type Made = { readonly kind: string; readonly metadata: { readonly labels: Readonly<Record<string, string>> } }

function fail(): never {
  throw new Error('there is no such start')
}
