import { expect, test } from 'bun:test'
import { progressLine, progressText } from '../../src/run/progress.ts'

const plain = { columns: 40, dim: (text: string) => text }
const look = { columns: () => 40, dim: plain.dim }

test('a line counts its seconds once it stands for a while', () => {
  expect(progressText('building the image', 0, plain)).toBe('paude: building the image …')
  expect(progressText('building the image', 14, plain)).toBe('paude: building the image … 14 s')
})

test('a line is cut before the terminal wraps it, and acts on nothing', () => {
  const text = progressText(`RUN \x1b[2J${'x'.repeat(60)}`, 120, plain)
  expect(Bun.stringWidth(text)).toBe(39)
  expect(text).toEndWith('… … 120 s')
  expect(text).not.toContain('\x1b')
})

test('a line replaces the one before, and nothing is left of the last', () => {
  const written: string[] = []
  const line = progressLine((text) => written.push(text), look)
  line.clear()
  line.show('one')
  line.show('two')
  line.clear()
  line.clear()
  expect(written).toEqual(['\r\x1b[Kpaude: one …', '\r\x1b[Kpaude: two …', '\r\x1b[K'])
})
