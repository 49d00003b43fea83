import { expect, test } from 'bun:test'
import { doorFor, type Machine } from '../../src/demo/door.ts'

const at = (cidr: string) => ({
  address: cidr.split('/')[0] ?? '',
  cidr,
  family: 'IPv4' as const,
  internal: cidr.startsWith('127.'),
  mac: '',
  netmask: '',
})
const machine: Machine = {
  names: ['host.paude.internal', 'host.containers.internal'],
  interfaces: {
    lo: [at('127.0.0.1/8')],
    eth0: [at('192.0.2.7/24')],
    docker0: [at('172.17.0.1/16')],
    podman0: [at('10.88.0.1/16')],
  },
  isBridge: (name) => name === 'docker0' || name === 'podman0',
}
const BOX = '127.0.0.1\tlocalhost\n::1\tlocalhost\n'

test.each([
  ['docker', `${BOX}172.17.0.1\thost.paude.internal\n172.17.0.9\t0a1b2c\n`, '172.17.0.1', '172.17.0.9'],
  ['podman', `${BOX}10.88.0.1\thost.containers.internal\n10.88.0.9\tproxy\n`, '10.88.0.1', '10.88.0.9'],
])('%s as root is met at its bridge, and nobody beyond the bridge', (_, hosts, hostname, peer) => {
  const door = doorFor(hosts, machine)
  expect(door.hostname).toBe(hostname)
  expect([peer, hostname, '192.0.2.8', '203.0.113.1', '127.0.0.1'].map(door.admits)).toEqual([true, true, false, false, false])
})

test.each([
  ['slirp4netns', `${BOX}192.0.2.7\thost.containers.internal\n10.0.2.100\tproxy\n`],
  ['pasta, with an address of its own for the machine', `${BOX}169.254.1.2\thost.containers.internal\n192.0.2.7\tproxy\n`],
  ['pasta, with no name for the machine', `${BOX}192.0.2.7\tproxy\n`],
])('rootless podman by %s is met at one address of the machine, and none of its neighbours', (_, hosts) => {
  const door = doorFor(hosts, machine)
  expect(door.hostname).toBe('192.0.2.7')
  expect(['192.0.2.7', '192.0.2.8', '172.17.0.9'].map(door.admits)).toEqual([true, false, false])
})

test.each([
  ['an engine in a machine of its own', `${BOX}192.168.65.254\thost.paude.internal\n`],
  ['a box without a name for the machine', BOX],
  ['no answer', ''],
  ['an answer that names every address', '0.0.0.0 host.paude.internal\n:: host.containers.internal\n'],
])('%s is met at loopback', (_, hosts) => {
  expect(doorFor(hosts, machine).hostname).toBe('127.0.0.1')
})
