import { expect, test } from 'bun:test'
import { readPorts } from '../../src/project/devcontainer/ports.ts'

test('ports of the sandbox are taken in every spelling, each once', () =>
  expect(readPorts({ forwardPorts: [3000, '4000', 'localhost:5000', '3000'] })).toEqual({
    ports: [3000, 4000, 5000],
    ignored: [],
  }))

test('what is no port of the sandbox is named with the reason', () =>
  expect(readPorts({ forwardPorts: ['db:5432', 0, 70_000, 1.5, 'web', 3128, 1] })).toEqual({
    ports: [1],
    ignored: [
      'forwardPorts[0] db:5432 (paude only forwards ports of the sandbox itself)',
      'forwardPorts[1] 0 (not a port)',
      'forwardPorts[2] 70000 (not a port)',
      'forwardPorts[3] 1.5 (not a port)',
      'forwardPorts[4] web (not a port)',
      'forwardPorts[5] 3128 (the sandbox uses it to reach the proxy)',
    ],
  }))

test('without the key there are none', () => expect(readPorts({})).toEqual({ ports: [], ignored: [] }))
