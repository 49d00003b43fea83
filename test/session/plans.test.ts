import { expect, test } from 'bun:test'
import { type Backend, need } from '../../src/backends/backend.ts'
import { allBackends } from '../../src/backends/registry.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import { attachPlan, startPlan } from '../../src/session/life/plans.ts'
import { cases } from '../support/specs.ts'

const [real = never()] = allBackends
const { spec } = cases['plain'] ?? never()
/** Shows an agent that runs, and neither starts it nor joins it again. */
const shows: Backend = { ...real, terminal: { ...need(real, 'terminal'), begins: false, rejoin: null } }

test('an agent is begun before its terminal is opened, where that does not begin it', () => {
  const box = handleOfSpec(spec)
  const last = (backend: Backend) => startPlan(backend, spec, { attached: true }).slice(-2)
  const opened = { kind: 'hold', argv: need(real, 'terminal').open(box, { stdin: true }) }
  expect(last(shows)).toMatchObject([...real.life.begin(box), { ...opened, starts: false }])
  expect(last(real).at(-1)).toMatchObject({ ...opened, starts: true })
  expect(last(real)).not.toContainEqual(real.life.begin(box)[0])
})

test('without a terminal an agent is only begun by itself', () => {
  const blind: Backend = { ...real, terminal: null }
  const silent = { ...spec, terminal: false }
  expect(startPlan(blind, silent, { attached: false }).slice(-1)).toEqual([...real.life.begin(handleOfSpec(silent))])
  expect(() => startPlan(blind, spec, { attached: true })).toThrow('cannot show what an agent does')
})

test('a client that cannot be replaced is told, with where its output is', () => {
  expect(() => attachPlan(shows, handleOfSpec(spec))).toThrow(' cannot reconnect to an agent after its client was lost')
})

function never(): never {
  throw new Error('no such case')
}
