import { describe, expect, test } from 'bun:test'
import { need } from '../src/backends/backend.ts'
import { allBackends } from '../src/backends/registry.ts'
import { older } from '../src/backends/version.ts'
import { handleOfSpec } from '../src/box/handle.ts'
import type { SessionSpec } from '../src/box/spec.ts'
import { DEFAULTS } from '../src/config/layers/merge.ts'
import { readHost } from '../src/host.ts'
import { type Argv, isLast, type Plan, type Step } from '../src/plan/plan.ts'
import { renderPlan } from '../src/plan/render.ts'
import { removePlan, startPlan } from '../src/session/life/plans.ts'
import { laterOf, SECRETS, startsOf } from './support/specs.ts'
import { flat } from './support/steps.ts'

type Case = { readonly name: string; readonly plan: Plan; readonly spec?: SessionSpec }

/** What holds of every backend, whatever it runs a box with. */
describe.each(allBackends)('$name', (backend) => {
  const own = backend.own(DEFAULTS, { ...readHost(), platform: 'linux' })
  const starts = Object.entries(startsOf(backend)).map(([name, { spec, options }]) => ({
    name,
    options,
    spec: { ...spec, own: backend.name === 'kubernetes' ? spec.own : own },
  }))
  const spread = starts
    .filter(({ name }) => name !== 'rescue')
    .map(({ name, spec, options }) => ({ name, spec, plan: startPlan(backend, spec, options) }))
  const all: readonly Case[] = [...spread, ...Object.entries(laterOf(backend)).map(([name, plan]) => ({ name, plan }))]

  test('starts a plain session', () => expect(starts.map(({ name }) => name)).toContain('plain'))

  test.each(starts)('makes the same plan of the same spec: $name', ({ spec, options }) => {
    expect(renderPlan(startPlan(backend, spec, options))).toBe(renderPlan(startPlan(backend, copyOf(spec), options)))
  })

  test.each(all)('runs no program but its own and rm: $name', ({ plan }) => {
    const programs = flat(plan)
      .flatMap(argvs)
      .map(([program]) => program)
    // And what a clone is filled with, which no backend makes.
    const filling = all.flatMap(({ spec: { transport } = {} }) =>
      transport?.kind === 'volume' && transport.fill !== null ? [transport.fill.from[0]] : [],
    )
    const known = [backend.program, 'rm', ...(backend.scripted ? ['/bin/sh'] : []), ...filling]
    expect([...new Set(programs)].filter((program) => !known.includes(program))).toEqual([])
  })

  test.each(all)('shows no secret: $name', ({ plan }) => {
    const shown = JSON.stringify(plan) + Bun.inspect(plan, { depth: 20 }) + renderPlan(plan)
    for (const value of Object.values(SECRETS)) expect(shown).not.toContain(value)
  })

  test.each(spread)('writes nowhere but in the folder of the session, and in what a start keeps: $name', ({ plan, spec }) => {
    const written = flat(plan).flatMap((step) =>
      step.kind === 'write' ? [step.path] : step.kind === 'pipe' && step.printed !== undefined ? [step.printed] : [],
    )
    expect(written.filter((path) => !path.startsWith(`${spec.folder}/`))).toEqual([])
  })

  test.each(spread)('hands the agent over last: $name', ({ plan, spec }) => {
    const last = plan.at(-1)
    if (last === undefined) throw new Error('an empty plan')
    if (!isLast(last)) expect<Step | undefined>(last).toEqual(backend.life.begin(handleOfSpec(spec)).at(-1))
    expect(flat(plan).filter(isLast)).toHaveLength(isLast(last) ? 1 : 0)
  })

  test.each(spread)('can take back everything that a removal takes away: $name', ({ plan, spec }) => {
    const undone = flat(plan).flatMap((step) => (step.kind === 'exec' || step.kind === 'later' ? (step.undo ?? []) : []))
    const removed = flat(backend.life.remove(handleOfSpec(spec)))
      .flatMap(argvs)
      .flatMap((words) => words.filter((word) => word.startsWith(spec.id) || word === `--selector=paude.id=${spec.id}`))
    expect(removed.length).toBeGreaterThan(0)
    for (const part of removed) expect(undone).toContain(part)
  })

  test('removes the folder of a session, and its HOME only when that was said', () => {
    const [{ spec } = never()] = starts
    const text = (home: boolean) => renderPlan(removePlan(backend, handleOfSpec(spec), { home }))
    if (backend.can.isolation !== 'none') {
      expect(text(true)).toContain(spec.homeVolume)
      expect(text(false)).not.toContain(spec.homeVolume)
    }
    expect(text(false)).toContain(spec.folder)
  })

  test('says what it is and what to do when it cannot be used', () => {
    const { tested, fixes, mend } = backend.health
    for (const version of tested) expect(version).toMatch(/^\d+\.\d+$/)
    expect(tested.toSorted((one, other) => (older(one, other) ? -1 : 1))).toEqual([...tested])
    expect(fixes).toStartWith('https://')
    for (const way of Object.values(mend)) expect(way).not.toBe('')
  })

  test('is asked for nothing that it does not do', () => {
    const bare = { ...backend, terminal: null, inside: null, ports: null, wall: null, images: null, volumes: null }
    expect(Object.keys(laterOf(backend))).toEqual(expect.arrayContaining(Object.keys(laterOf(bare))))
    if (backend.terminal !== null)
      expect(laterOf({ ...backend, terminal: { ...backend.terminal, rejoin: null } })).not.toHaveProperty('attach')
  })

  test('promises no wall that it does not have', () => {
    const { networks, isolation } = backend.can
    if (backend.wall === null) expect(networks).toEqual(['open'])
    if (isolation === 'none') expect([networks, backend.wall]).toEqual([['open'], null])
  })

  test.each(['terminal', 'inside', 'ports', 'wall', 'images', 'volumes'] as const)(
    'has %s, or refuses with a sentence',
    (key) => {
      if (backend[key] !== null) expect(need(backend, key)).toBe(backend[key])
      expect(() => need({ ...backend, [key]: null }, key)).toThrow(new RegExp(`^${backend.name} .*[a-z]$`))
    },
  )
})

/** All that a step may run. */
function argvs(step: Step): readonly Argv[] {
  const some = (...words: readonly (Argv | undefined)[]) => words.flatMap((argv) => (argv === undefined ? [] : [argv]))
  switch (step.kind) {
    case 'exec':
      return some(step.argv, step.unless, step.undo, step.log)
    case 'attach':
      return some(step.argv, step.alive, step.interrupt, step.terminate)
    case 'hold':
      return some(step.argv, step.terminate)
    case 'pipe':
      return some(step.from, step.to, step.undo)
    case 'until':
      return [step.ask]
    case 'guard':
      return [step.unless]
    case 'later':
      return [step.undo]
    default:
      return []
  }
}

/** A copy that shares nothing; functions of secrets are no data. */
function copyOf<T>(value: T): T {
  if (value === null || typeof value !== 'object' || 'reveal' in value) return value
  if (Array.isArray(value)) return value.map(copyOf) as T
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)])) as T
}

function never(): never {
  throw new Error('no such case')
}
