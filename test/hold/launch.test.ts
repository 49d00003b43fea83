import { expect, test } from 'bun:test'
import { endedByKey } from '../../src/hold/launch.ts'

test.each([
  ['^CError response from daemon: OCI runtime start failed: cannot start a container that has stopped: unknown\r\n', true],
  ['starting\r\n^CError: container is stopped\r\n', true],
  ['Error response from daemon: driver failed: ^C is not a port\r\n', false],
  ['Error response from daemon: no such image\r\n', false],
])('a start whose client says %j was ended by Ctrl-C: %p', (text, is) => {
  expect(endedByKey(text)).toBe(is)
})
