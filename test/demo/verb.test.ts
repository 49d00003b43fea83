import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Machine, makeMachine } from '../support/machine.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const runs = () => machine.calls().filter((call) => call.includes('run'))

test.each([
  ['a flag', ['--dry-run', 'demo'], {}],
  ['a variable', ['demo'], { PAUDE_DRY_RUN: '1' }],
])('a dry run by %s shows the start, and neither runs a container nor judges what was not done', async (_, words, env) => {
  const { code, stdout } = await machine.paude(words, { env })
  expect([code, stdout]).toEqual([0, expect.stringContaining('host.paude.internal')])
  expect(stdout).not.toContain('AS CLAIMED')
  expect(runs()).toEqual([])
})

test('where the container that asks for the address does not run, the demo ends with what the engine said', async () => {
  machine.set('fail', 'run', 'docker: Error response from daemon: no space left on device.\n')
  const { code, stdout, stderr } = await machine.paude(['demo'])
  expect([code, stdout]).toEqual([125, ''])
  expect(stderr).toContain('no space left where docker keeps')
})
