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

test('a label that names something else of the namespace makes no session of it', () => {
  expect(parse(['ConfigMap', 'nightly-backup', 'mine', '', OLD, ''], ['Job', 'paude-bcd2345', 'mine', 'agent', OLD, ''])).toEqual(
    [],
  )
})

test('whose a session is says its Job, else its proxy, else its workspace, and nothing that stands beside them', () => {
  const owners = [
    [
      ['Job', ''],
      ['ConfigMap', 'mine'],
    ],
    [
      ['Job', 'mine'],
      ['ConfigMap', 'theirs'],
    ],
    [
      ['Job', 'mine'],
      ['Job', ''],
    ],
    [
      ['Deployment', 'theirs'],
      ['PersistentVolumeClaim', 'mine'],
    ],
    [
      ['PersistentVolumeClaim', 'mine'],
      ['Secret', 'theirs'],
    ],
    [
      ['NetworkPolicy', 'mine'],
      ['Secret', ''],
    ],
  ].map((rows) => parse(...rows.map(([kind = '', owner = '']) => [kind, 'paude-bcd234', owner, '', OLD, '']))[0]?.shared?.owner)
  expect(owners).toEqual(['', 'mine', '', 'theirs', 'mine', 'mine'])
})

test('a session runs when any of its Jobs does', () => {
  const [part] = parse(['Job', 'paude-bcd234', 'mine', 'agent', OLD, ''], ['Job', 'paude-bcd234', 'mine', 'agent', OLD, '1'])
  expect(part?.running).toBe(true)
})

test('a session goes with all but its HOME, where it was found, and by its labels alone', () => {
  const [part] = parse(['Secret', 'paude-bcd234', 'mine', '', OLD, ''])
  const removed = (mark?: string) =>
    removeRemains(part === undefined ? [] : [{ ...part, mark }]).map((step) => (step.kind === 'exec' ? step.argv : []))
  for (const words of [...removed(), ...removed('mine')]) {
    expect(words).toContain('--context=one')
    expect(words.filter((word) => word.includes('paude-bcd234'))).toEqual([expect.stringMatching(/^--selector=/)])
  }
  const selectors = (calls: readonly (readonly string[])[]) =>
    calls.map((words) => words.find((word) => word.startsWith('--selector=')))
  expect(selectors(removed())).toEqual(['--selector=paude.id=paude-bcd234,paude.role=agent', '--selector=paude.id=paude-bcd234'])
  expect(selectors(removed('mine'))).toEqual([
    '--selector=paude.id=paude-bcd234,paude.role=agent,paude.owner=mine',
    '--selector=paude.id=paude-bcd234,paude.owner=mine',
  ])
})
