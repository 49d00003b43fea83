import { expect, test } from 'bun:test'
import { remainsQuery, removeRemains } from '../../src/backends/kubernetes/remains.ts'

const place = { context: 'one', namespace: 'paude' }
const parse = (...rows: readonly (readonly string[])[]) =>
  remainsQuery(place).parse(rows.map((row) => `${row.join('\t')}\n`).join(''))

const OLD = '2026-01-01T00:00:00Z'
const NEW = '2026-01-01T00:00:09Z'

test('objects of a session are one part: its agent, or what is left without one', () => {
  const all = parse(
    ['Job', 'paude-bcd234', 'mine', 'agent', OLD, '1'],
    ['Pod', 'paude-bcd234', '', 'agent', NEW, ''],
    ['Job', 'paude-fgh567', 'mine', 'agent', OLD, ''],
    ['PersistentVolumeClaim', 'paude-fgh567', 'mine', 'workspace', OLD, ''],
    ['NetworkPolicy', 'paude-jkm234', 'mine', '', OLD, ''],
    ['Secret', 'paude-jkm234', '', '', NEW, ''],
    ['PersistentVolumeClaim', 'paude-npq234', 'mine', 'workspace', OLD, ''],
  )
  expect(all.map(({ reference, kind, role, running, created }) => [reference, kind, role, running, created])).toEqual([
    ['paude-bcd234', 'container', 'agent', true, NEW],
    ['paude-fgh567', 'volume', 'agent', false, OLD],
    ['paude-jkm234', 'container', 'rest', false, NEW],
    ['paude-npq234', 'volume', 'workspace', false, OLD],
  ])
  expect(all.every(({ shared }) => shared?.owner === 'mine' && shared.cluster === place)).toBe(true)
})

test('what bears no owner, or two of them, is nobody’s', () => {
  const [none, two] = parse(
    ['Secret', 'paude-bcd234', '', '', OLD, ''],
    ['Secret', 'paude-fgh567', 'mine', '', OLD, ''],
    ['Service', 'paude-fgh567', 'theirs', '', OLD, ''],
  )
  expect([none?.shared?.owner, two?.shared?.owner]).toEqual(['', ''])
})

test('of Secrets nothing but names and labels is printed', () => {
  const { argv } = remainsQuery(place)
  expect(argv.filter((word) => word.startsWith('--output='))).toEqual([expect.stringMatching(/^--output=jsonpath=/)])
  expect(argv.join(' ')).not.toMatch(/[.](data|stringData)/)
})

test('a session goes with all but its HOME, where it was found', () => {
  const [part] = parse(['Secret', 'paude-bcd234', 'mine', '', OLD, ''])
  const plan = removeRemains(part === undefined ? [] : [part])
  for (const step of plan) {
    const words = step.kind === 'exec' ? step.argv : []
    expect(words).toContain('--context=one')
    expect(words.join(' ')).toContain('paude-bcd234')
  }
  expect(plan.length).toBe(2)
})
