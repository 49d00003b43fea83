import { describe, expect, test } from 'bun:test'
import { table, tilde } from '../../src/cli/streams/table.ts'

const plain = (...words: Parameters<typeof table>): readonly string[] => Bun.stripANSI(table(...words)).split('\n')
const head = ['HOST', 'TIMES', 'BECAUSE']
const rows = [
  ['example.org:443', '3', 'not on the allowlist of this session, and nothing else allows it'],
  ['a-very-long-host-name.example.org:443', '1', 'denied'],
]

describe('a table', () => {
  test('in a pipe has every column, and a line for each row', () => {
    expect(plain(head, rows)).toHaveLength(3)
    expect(plain(['A', 'B'], [['x', '-']], { width: null, same: ['A'] })[0]).toBe('A  B')
  })

  test.each([60, 40])('wraps under its columns at %i', (width) => {
    const lines = plain(head, rows, { width })
    expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([])
    const column = (lines[0] ?? '').indexOf('BECAUSE')
    // What wraps stands under its own title: nothing begins between the columns.
    for (const line of lines) expect(line.slice(column - 2, column).trim()).toBe('')
    const words = (text: string) => text.replace(/\s+/g, '')
    expect(words(lines.map((line) => line.slice(column)).join(''))).toContain(words(rows[0]?.[2] ?? ''))
  })

  test('leaves out on a terminal what is empty, and what all rows say', () => {
    const sessions = [
      ['one', '-', 'docker', 'x'],
      ['two', '-', 'docker', 'x'],
    ]
    expect(plain(['NAME', 'SINCE', 'BACKEND', 'PLACE'], sessions, { width: 80, same: ['BACKEND'] })[0]).toBe('NAME  PLACE')
  })

  test('never breaks a column that is copied into commands', () => {
    const long = `paude-home-${'x'.repeat(40)}`
    const lines = plain(['VOLUME', 'PROJECT'], [[long, '/srv/projects/with/a/rather/long/name']], {
      width: 60,
      whole: ['VOLUME'],
    })
    expect(lines[1]).toStartWith(`${long}  `)
    expect(lines.length).toBeGreaterThan(2)
  })

  test('whose rows have to stay lines cuts them', () => {
    const lines = plain(head, rows, { width: 40, cuts: true })
    expect(lines).toHaveLength(3)
    expect(lines[1]).toEndWith('…')
  })
})

test('a path below the home directory is short, and no other', () => {
  expect([
    tilde('/home/me/x', '/home/me'),
    tilde('/home/me', '/home/me'),
    tilde('/home/mean', '/home/me'),
    tilde('/x', ''),
  ]).toEqual(['~/x', '~', '/home/mean', '/x'])
})

test('columns that can be spared go before a short word is torn, in the order in which they can', () => {
  const titles = ['SESSION', 'SINCE', 'STARTED', 'WORKSPACE']
  const row = [['paude-abcdef', '12 min', '3 min ago', '/srv/projects/a-rather-long-name']]
  const at = (width: number) => plain(titles, row, { width, spare: ['SINCE', 'STARTED'] })
  expect(at(80)[0]).toMatch(/^SESSION +SINCE +STARTED +WORKSPACE$/)
  expect(at(50)[0]).toMatch(/^SESSION +STARTED +WORKSPACE$/)
  expect(at(36)[0]).toMatch(/^SESSION +WORKSPACE$/)
  expect(at(36)[1]).toStartWith('paude-abcdef')
})
