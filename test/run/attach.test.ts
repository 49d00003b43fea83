import { expect, test } from 'bun:test'
import { attach } from '../../src/run/process.ts'

const decoder = new TextDecoder()

test('what is printed on both streams is handed on in its order, to the end, with the exit code', async () => {
  let text = ''
  const show = (bytes: Uint8Array) => {
    text += decoder.decode(bytes)
  }
  const script = 'i=0; while [ $i -lt 50 ]; do echo "out $i"; echo "err $i" >&2; i=$((i + 1)); done; exit 3'
  const { exited } = attach(['sh', '-c', script], {
    stdin: false,
    terminal: false,
    show: { stdout: show, stderr: () => expect.unreachable() },
  })
  expect(await exited).toBe(3)
  expect(text).toBe(Array.from({ length: 50 }, (_, at) => `out ${at}\nerr ${at}\n`).join(''))
})

test('only the stream that is shown is taken', async () => {
  let text = ''
  const { exited } = attach(['sh', '-c', 'echo err >&2'], {
    stdin: false,
    terminal: false,
    show: {
      stderr: (bytes) => {
        text += decoder.decode(bytes)
      },
    },
  })
  expect(await exited).toBe(0)
  expect(text).toBe('err\n')
})

test('a program that is not there is told of by name', () => {
  const show = () => undefined
  expect(() => attach(['no-such-program-7'], { stdin: false, terminal: false, show: { stdout: show, stderr: show } })).toThrow(
    'no-such-program-7 was not found',
  )
})
