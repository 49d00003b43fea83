import { expect, test } from 'bun:test'
import { makeTurns } from '../../src/workspace/turns.ts'

test('a short job does not wait for one without an end, and one that fails ends alone', async () => {
  const failed: unknown[] = []
  const { add, stop } = makeTurns((error) => failed.push(error))
  let steps = 0
  add(
    (function* () {
      for (; ; steps++) yield
    })(),
  )
  const { promise, resolve } = Promise.withResolvers<string>()
  add(
    // biome-ignore lint/correctness/useYield: it fails at once
    (function* () {
      throw new Error('no')
    })(),
  )
  add(
    (function* () {
      yield
      resolve('done')
    })(),
  )
  expect(await promise).toBe('done')
  expect([String(failed), steps > 0]).toEqual(['Error: no', true])
  stop()
  await Bun.sleep(0)
  const before = steps
  for (let n = 0; n < 20; n++) await Bun.sleep(1)
  expect(steps).toBe(before)
})
