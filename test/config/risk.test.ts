import { expect, test } from 'bun:test'
import { byRisk, danger } from '../../src/project/risk.ts'

test.each([
  ['mounts', '/srv/data:/data:rw', true],
  ['mounts', '~/.ssh', true],
  ['mounts', '/srv/data', false],
  ['env', 'TOKEN = env:TOKEN', true],
  ['env', 'FOO=bar', false],
  ['build', 'Dockerfile, whose steps run outside the wall with the files of /srv', true],
  ['build', "on paude's own image", false],
  ['network.mode', 'open', true],
  ['network.allow', 'example.org', false],
  ['security.seccomp', 'off', true],
  ['docker.extra_flags', '--gpus=all', true],
  ['limits.memory', '8g', false],
])('%s = %s: dangerous %p', (key, value, dangerous) => {
  expect(danger({ key, value }) !== '').toBe(dangerous)
})

test('what is dangerous comes first, and the rest stays in its order', () => {
  const items = [
    { key: 'env', value: 'FOO=bar' },
    { key: 'network.allow', value: 'example.org' },
    { key: 'mounts', value: '~/.ssh:/keys:rw' },
  ]
  expect(byRisk(items).map(({ key }) => key)).toEqual(['mounts', 'env', 'network.allow'])
})
