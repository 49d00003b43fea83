import { test } from 'bun:test'
import { conforms, listed, shell } from './conformance.ts'
import { describeEach } from './support.ts'

describeEach('the scenarios of all backends', (backend) => {
  test('hold, in a clone', async () => {
    await conforms({
      backend,
      session: ['--agent', 'shell', '--workspace', 'clone', '--network', 'restricted'],
      ...shell,
      left: (id) =>
        listed(id, [
          [backend, 'ps', '--all', '--format={{.Names}}'],
          [backend, 'volume', 'ls', '--format={{.Name}}'],
        ]),
    })
  }, 600_000)
})
