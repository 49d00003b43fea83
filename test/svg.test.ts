import { expect, test } from 'bun:test'
import { Terminal } from '@xterm/headless'
import { shotOf, svgOf } from '../scripts/svg.ts'

async function shown(bytes: string) {
  const terminal = new Terminal({ cols: 20, rows: 4, allowProposedApi: true })
  await new Promise<void>((resolve) => terminal.write(bytes, resolve))
  return shotOf(terminal)
}

test('a line is cut where its look changes, and ends with what shows something', async () => {
  const { lines } = await shown('plain \x1b[1;31mred\x1b[0m  \r\n\x1b[48;2;1;2;3m  \x1b[0m')
  expect(lines).toHaveLength(2)
  expect(lines[0]?.map(({ column, text, style }) => [column, text, style])).toEqual([
    [0, 'plain ', ''],
    [6, 'red', 'font-weight:bold'],
  ])
  expect(lines[1]?.[0]).toMatchObject({ width: 2, background: '#010203' })
})

test('a wide character takes two cells, and inverse swaps the colours', async () => {
  const [line] = (await shown('日x\x1b[7mi\x1b[0m')).lines
  expect(line?.[0]).toMatchObject({ text: '日x', width: 3 })
  expect(line?.[1]?.background).toBe(line?.[0]?.colour ?? '')
})

test('what a program printed is text in the picture, whatever it holds', async () => {
  const shot = await shown('<script>&"')
  const picture = svgOf('a "shell"', [{ seconds: 1, windows: [{ title: '<b>', shot }] }])
  expect(picture).toContain('&lt;script&gt;&amp;&quot;</text>')
  expect(picture).toContain('aria-label="a &quot;shell&quot;"')
  expect(picture).not.toContain('<script')
  expect(picture).not.toContain('animation')
})

test('each frame is seen in its own time, and the last one where no motion is wanted', async () => {
  const shot = await shown('x')
  const frame = (seconds: number) => ({ seconds, windows: [{ title: '', shot }] })
  const picture = svgOf('', [frame(1), frame(3)])
  expect(picture).toContain('@keyframes k0{0.00%{visibility:visible}25.00%{visibility:hidden}')
  expect(picture).toContain('@keyframes k1{0%{visibility:hidden}25.00%{visibility:visible}}')
  expect(picture).toMatch(/prefers-reduced-motion:reduce\)\{.*\.f1\{visibility:visible\}\}/)
})
