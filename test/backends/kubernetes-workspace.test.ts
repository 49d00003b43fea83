import { describe, expect, test } from 'bun:test'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import { renderPlan } from '../../src/plan/render.ts'
import { startPlan } from '../../src/session/life/plans.ts'
import { startsOf } from '../support/specs.ts'

const starts = startsOf(kubernetes)
const specOf = (name: string): SessionSpec => {
  const found = starts[name]
  if (found === undefined) throw new Error(`no start is called ${name}`)
  return found.spec
}
/** Whether a start makes and mounts a claim for the workspace. */
const claims = (spec: SessionSpec): boolean => {
  const plan = startPlan(kubernetes, spec, { attached: true })
  const named = renderPlan(plan).split(`${spec.id}-workspace`).length - 1
  expect([0, 2]).toContain(Math.min(named, 2))
  return named > 0
}

describe('the workspace of a session on a cluster', () => {
  test('goes with the pod of a command in the foreground that began with nothing', () => {
    expect(claims(specOf('run-once'))).toBe(false)
  })

  test('outlives the pod where the session may be continued, or holds a clone', () => {
    const once = specOf('run-once')
    expect(claims({ ...once, owner: '' })).toBe(true)
    expect(claims({ ...once, agent: 'claude' })).toBe(true)
    expect(claims({ ...once, transport: specOf('clone').transport })).toBe(true)
    const { transport } = once
    if (transport.kind !== 'volume') throw new Error('it has no volume')
    expect(claims({ ...once, transport: { ...transport, kept: true } })).toBe(true)
  })

  test('keeps its policies until all of its pods are gone', () => {
    const calls = kubernetes.life.remove(handleOfSpec(specOf('plain')))
    const [first, second] = calls.map((step) => (step.kind === 'exec' ? step.argv : []))
    expect(first?.join(' ')).toMatch(/delete job,.*pod .*--wait=true/)
    expect(first?.join(' ')).not.toContain('networkpolicy')
    expect(second).toContain('networkpolicy')
  })
})
