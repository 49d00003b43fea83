import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LoginUnit, launchdAgent, systemdUnit } from '../../src/cli/setup/login-unit.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-unit-'))
afterAll(() => rmSync(room, { recursive: true }))

const plain: LoginUnit = {
  program: '/usr/local/bin/paude',
  credentials: '/home/ada/.config/paude/environment',
  environment: { PATH: '/usr/bin:/bin' },
  log: '/home/ada/Library/Logs/paude-up.log',
}
/** Everything that one of the formats, a shell or a pattern gives a meaning to. */
const ODD = `a b%h$HOME\${HOME}"c"'d'\\e<f>&g;*?[h]]]>é漢 🙂`
const odd: LoginUnit = {
  program: `/opt/${ODD}/paude`,
  credentials: `/home/${ODD}/environment`,
  environment: { PATH: `/opt/${ODD}:/bin`, XDG_STATE_HOME: `/var/${ODD}` },
  log: `/var/${ODD}/log`,
}

describe('a unit of systemd', () => {
  test('runs paude up with the variables it needs and a file for the credential', () => {
    const unit = systemdUnit(plain)
    expect(unit).toContain('\nExecStart=:"/usr/local/bin/paude" up --all --timeout 300\n')
    expect(unit).toContain('\nEnvironment="PATH=/usr/bin:/bin"\n')
    expect(unit).toContain('\nEnvironmentFile=-/home/ada/.config/paude/environment\n')
    expect(unit).toContain('\nKillMode=process\n')
    expect(unit).toContain('\nWantedBy=default.target\n')
  })

  test('quotes what systemd would read otherwise', () => {
    const unit = systemdUnit({ ...plain, program: '/a %h/"b"\\c', credentials: '/home/[a]*?\\ %' })
    expect(unit).toContain(`\nExecStart=:/bin/sh -c 'exec "$0" "$@"' "/a %%h/\\"b\\"\\\\c" up --all`)
    expect(systemdUnit({ ...plain, program: '/a %h/$HOME' })).toContain('\nExecStart=:"/a %%h/$HOME" up --all')
    expect(unit).toContain('\nEnvironmentFile=-/home/\\[a]\\*\\?\\\\ %%\n')
  })

  test.skipIf(Bun.which('systemd-analyze') === null)('passes systemd’s own check, whatever the paths are called', () => {
    const check = (unit: LoginUnit) => {
      const file = join(room, 'checked.service')
      writeFileSync(file, systemdUnit(unit))
      const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: room, HOME: room }
      const { exitCode, stderr } = Bun.spawnSync(['systemd-analyze', '--user', 'verify', file], { env })
      return { code: exitCode, said: stderr.toString() }
    }
    for (const name of [ODD, ODD.replaceAll(/["'\\]/g, '')]) {
      const program = join(room, name, 'paude')
      mkdirSync(join(room, name), { recursive: true })
      writeFileSync(program, '#!/bin/sh\n')
      chmodSync(program, 0o755)
      for (const unit of [plain, odd]) expect(check({ ...unit, program })).toEqual({ code: 0, said: '' })
    }
    // It looks at the very path, so what it was shown above was the right one.
    expect(check({ ...plain, program: '/nowhere/a %h/paude' }).said).toContain('/nowhere/a %h/paude')
  })
})

describe('a launch agent', () => {
  test('is well-formed and means the very paths', () => {
    for (const unit of [plain, odd]) {
      const strings = textsOf(launchdAgent(unit))
      for (const value of [unit.program, unit.credentials, unit.log, ...Object.values(unit.environment)])
        expect(strings).toContain(value)
    }
  })

  test('hands the variables of the file to paude, and starts without one too', () => {
    const folder = join(room, 'agent', ODD)
    mkdirSync(folder, { recursive: true })
    const program = join(folder, 'paude')
    writeFileSync(program, '#!/bin/sh\nprintf "%s|" "$KEY" "$@"\n')
    chmodSync(program, 0o755)
    const credentials = join(folder, 'environment')
    const run = () => {
      const texts = textsOf(launchdAgent({ ...plain, program, credentials }))
      const at = texts.indexOf('/bin/sh')
      return Bun.spawnSync(texts.slice(at, at + 5), { env: { PATH: '/usr/bin:/bin' } }).stdout.toString()
    }
    expect(run()).toBe('|up|--all|--timeout|300|')
    writeFileSync(credentials, 'KEY=value\n')
    expect(run()).toBe('value|up|--all|--timeout|300|')
  })
})

test.each([systemdUnit, launchdAgent])('what no unit can hold is refused: %p', (make) => {
  for (const path of ['/a\nExecStart=/bin/evil', '/a\u0000', '/a\u007f', '/a\ud800'])
    expect(() => make({ ...plain, program: path })).toThrow('a unit cannot hold the path ')
})

/** The texts of all <string>s and <key>s; throws when the document is not well-formed. */
function textsOf(document: string): readonly string[] {
  const texts: string[] = []
  const open: string[] = []
  let rest = document.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<!DOCTYPE [^<>]*>\n/, '')
  if (rest === document) throw new Error('no prolog')
  while (rest.trim() !== '') {
    const [, text = '', token = ''] = /^([^<]*)(<!--(?:(?!--)[\s\S])*-->|<[^<>]*>)/.exec(rest) ?? []
    if (token === '') throw new Error(`no markup: ${rest}`)
    const [, closing = '', name = '', empty = ''] = /^<(\/?)([a-z]+)(?: version="1\.0")?(\/?)>$/.exec(token) ?? []
    if (!token.startsWith('<!--') && name === '') throw new Error(`no tag: ${token}`)
    if (text.replaceAll(/&(amp|lt|gt|quot);/g, '').includes('&') || text.includes(']]>')) throw new Error(`a bare &: ${text}`)
    if (closing !== '') {
      if (open.pop() !== name) throw new Error(`${token} closes something else`)
      if (name === 'string' || name === 'key')
        texts.push(text.replaceAll(/&(\w+);/g, (_, entity: string) => ENTITIES[entity] ?? ''))
    } else if (name !== '' && empty === '') open.push(name)
    rest = rest.slice(text.length + token.length)
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(', ')}`)
  return texts
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }
