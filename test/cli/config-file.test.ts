import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { save } from '../../src/config/files/edit.ts'

test('a file is saved past a link that waits beside it under the name of our process', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-save-')))
  try {
    const [file, victim] = [join(folder, 'paude.toml'), join(folder, 'victim')]
    writeFileSync(victim, 'untouched')
    symlinkSync(victim, `${file}.${process.pid}.new`)
    save({ layer: 'project', file, text: '' }, 'version = 1\n')
    expect([readFileSync(file, 'utf8'), readFileSync(victim, 'utf8')]).toEqual(['version = 1\n', 'untouched'])
    expect(readdirSync(folder)).toHaveLength(3)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
