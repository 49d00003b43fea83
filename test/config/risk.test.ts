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
  ['network.allow', 'example.org:8443', false],
  ['network.allow', '@github', false],
  ['network.allow', 'host.paude.internal:5432', true],
  ['network.allow', 'http://host.paude.internal:5432', true],
  ['network.allow', 'db.example.org@10.0.0.0/8', true],
  ['network.allow', 'db.example.org:5432@10.0.0.0/8', true],
  ['network.allow', 'http://example.org:4318', true],
  ['network.dns', '10.0.0.53', true],
  ['security.seccomp', 'off', true],
  ['docker.extra_flags', '--gpus=all', true],
  ['docker.extra_flags', '--shm-size=1g', false],
  ['podman.extra_flags', '--ulimit=nofile=9', false],
  ['agents', 'mine: command = ["x"], hosts = ["example.org","@github"]', false],
  ['agents', 'mine: command = ["x"], hosts = ["example.org","host.paude.internal:2375"]', true],
  ['agents', 'mine: command = ["x"], hosts = ["http://host.paude.internal:80"]', true],
  ['agents', 'mine: command = ["x"], hosts = ["a.example.org@10.0.0.0/8"]', true],
  ['agents', 'mine: install = {"pip":"x"}', true],
  ['limits.memory', '8g', false],
])('%s = %s: dangerous %p', (key, value, dangerous) => {
  expect(danger({ key, value }) !== '').toBe(dangerous)
})

test('what is dangerous is told apart, each in the order of the file', () => {
  const items = [
    { key: 'env', value: 'FOO=bar' },
    { key: 'network.allow', value: 'example.org' },
    { key: 'mounts', value: '~/.ssh:/keys:rw' },
  ]
  const { dangerous, rest } = byRisk(items)
  expect([dangerous, rest].map((some) => some.map(({ key }) => key))).toEqual([['mounts'], ['env', 'network.allow']])
})
