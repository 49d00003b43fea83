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
    'other',
  )
  const { promise, resolve } = Promise.withResolvers<string>()
  add(
    // biome-ignore lint/correctness/useYield: it fails at once
    (function* () {
      throw new Error('no')
    })(),
    'other',
  )
  add(
    (function* () {
      yield
      resolve('done')
    })(),
    'other',
  )
  expect(await promise).toBe('done')
  expect([String(failed), steps > 0]).toEqual(['Error: no', true])
  stop()
  await Bun.sleep(0)
  const before = steps
  for (let n = 0; n < 20; n++) await Bun.sleep(1)
  expect(steps).toBe(before)
})

test('what is urgent has every second turn, whatever else there is', async () => {
  const { add, stop } = makeTurns(String)
  const order: string[] = []
  const job = (name: string, steps: number) =>
    (function* () {
      for (let n = 0; n < steps; n++) {
        order.push(name)
        for (const until = performance.now() + 6; performance.now() < until; );
        yield
      }
    })()
  for (let n = 0; n < 20; n++) add(job('other', 1), 'other')
  add(job('urgent', 3), 'urgent')
  while (order.filter((one) => one === 'urgent').length < 3) await Bun.sleep(1)
  stop()
  expect(order.length).toBeLessThan(10)
})
