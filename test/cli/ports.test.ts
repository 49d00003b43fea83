import { expect, test } from 'bun:test'
import { looksLikePort, readPorts } from '../../src/cli/inside/ports.ts'

test('a port is the same here and in the sandbox, unless another one stands before it', () =>
  expect(readPorts(['3000', '8080:3000', '0:5432'])).toEqual([
    { local: 3000, port: 3000 },
    { local: 8080, port: 3000 },
    { local: 0, port: 5432 },
  ]))

test('any free port may be asked for more than once, a certain one leads to one place', () => {
  expect(readPorts(['0:1', '0:2'])).toHaveLength(2)
  expect(() => readPorts(['3000', '3000:4000'])).toThrow('port 3000 of this machine is named twice')
})

test.each(['0', '65536', '70000:1', '1:2:3', '1:', ':1', '-1', '1e3', 'web', ''])('%p is no port', (word) =>
  expect(() => readPorts([word])).toThrow('not a port'),
)

test.each(['3128', '0:3130'])('the ways out of the box stay in the box: %s', (word) =>
  expect(() => readPorts([word])).toThrow(' of the sandbox is the relay to the proxy, and paude does not forward it'),
)

test('a number is a port and a word a session', () =>
  expect(['3000', '0:3000', '1:2:3', 'b7k', 'fix-login'].map(looksLikePort)).toEqual([true, true, true, false, false]))
