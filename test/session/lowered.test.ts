import { expect, test } from 'bun:test'
import { apple } from '../../src/backends/apple/apple.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import type { Layer } from '../../src/config/keys/settings.ts'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { lowered } from '../../src/session/resolve/lowered.ts'
import { refuseWeaker } from '../../src/session/resolve/resolve.ts'
import { weakeningAgain } from '../../src/session/resolve/security.ts'
import { startsOf } from '../support/specs.ts'

const configOf = (managed: Layer, user: Layer = {}) =>
  mergeSources({
    file: '',
    sources: [{ layer: 'user', values: user, places: {} }],
    managed: [{ layer: 'managed', values: managed, places: {} }],
  })

/** What a start with a configuration is refused with; '' where it is not. */
function refusal(managed: Layer, user: Layer = {}): string {
  const config = configOf(managed, user)
  const spec = startsOf(kubernetes)['plain']?.spec as SessionSpec
  const { limits, security } = lowered(kubernetes, config)
  try {
    refuseWeaker(kubernetes, { ...spec, limits, security }, config)
    return ''
  } catch (error) {
    return `${(error as Error).message}\n${(error as { hint?: string }).hint}`
  }
}

test('a default that a cluster does not have is given up, and told', () => {
  const { limits, security, given } = lowered(kubernetes, configOf({}))
  expect([limits.pids, security.seccomp]).toEqual([0, 'engine'])
  expect(given.length).toBe(2)
  expect(refusal({})).toBe('')
})

test('one that the managed file names is not given up: the start is refused, with a hint that the file allows', () => {
  expect(refusal({ pids: '4096' })).toMatch(
    /cannot limit the number of processes, which the managed file asks for\nchoose another/,
  )
  expect(refusal({ pids: '100000' })).toMatch(/cannot limit the number of processes/)
  expect(refusal({ seccomp: 'default' })).toMatch(/cannot harden a sandbox with seccomp, which the managed file asks for\nchoose/)
  expect(lowered(kubernetes, configOf({ pids: '4096', seccomp: 'default' })).given).toEqual([])
  // What it lets everybody give up asks for nothing.
  expect(refusal({ pids: 'none', seccomp: 'engine' })).toBe('')
})

test('one that you name is refused too, and the hint says how to give it up', () => {
  expect(refusal({}, { pids: '4096' })).toMatch(/cannot limit the number of processes\nuse --pids none/)
})

test('apple gives up what no virtual machine of its has, rounds cores up, and says each', () => {
  const { limits, security, given } = lowered(apple, configOf({}, { cpus: '1.5' }))
  expect([limits.cpus, limits.pids, security.seccomp]).toEqual([2, 0, 'engine'])
  expect(given).toEqual([
    expect.stringContaining('limits.pids'),
    'apple gives whole cores: 2 instead of 1.5 (limits.cpus)',
    'apple filters no system calls, but each sandbox has a kernel of its own (security.seccomp = engine)',
  ])
  expect(lowered(apple, configOf({}, { cpus: '2' })).given.length).toBe(2)
})

test('a session on a cluster that starts again tells what it gives up, but for the filter that a cluster has anyway', () => {
  const security = { readOnlyRoot: true, noNewPrivileges: true }
  expect(weakeningAgain({ backend: 'kubernetes', security: { ...security, seccomp: 'engine' } })).toBe(null)
  expect(weakeningAgain({ backend: 'kubernetes', security: { ...security, seccomp: 'off' } })).toContain('security.seccomp = off')
  expect(weakeningAgain({ backend: 'docker', security: { ...security, seccomp: 'engine' } })).toContain(
    'security.seccomp = engine',
  )
})

test('a share of this machine is refused where the box is on another one', () => {
  expect(() => lowered(kubernetes, configOf({}, { memory: '50%' }))).toThrow(
    'limits.memory = 50% is a share of this machine, and kubernetes is another',
  )
  const remote = { name: 'build', at: 'ssh://build.example.org' }
  expect(() => lowered({ ...docker, remote }, configOf({}, { cpus: '50%' }))).toThrow('docker@build is another')
  expect(lowered(docker, configOf({}, { cpus: '50%' })).limits.cpus).toBeGreaterThan(0)
})
