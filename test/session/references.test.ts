import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reference } from '../../src/credentials/source.ts'
import { exitCode, PaudeError } from '../../src/errors.ts'
import { readReferences } from '../../src/session/resolve/references.ts'
import { unsetReferences, unsetVariables } from '../../src/session/resolve/variables.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-references-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const file = join(room, 'secret')
writeFileSync(file, 'from a file\n', { mode: 0o600 })
const host = { env: { HERE: 'from outside', EMPTY: '' }, home: room, uid: process.getuid?.() ?? 0, platform: 'linux' as const }
const LIVE = { env: [], dryRun: false, printConfig: false }
const read = async (source: Reference['source'], name = 'A', more = {}) => {
  const found = await readReferences({ ...LIVE, references: [{ name, source }], ...more }, host)
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, value.reveal()]))
}

test('a variable that --env passes and the caller has not is told, unless a value follows', () => {
  expect(unsetVariables(['NOWHERE', 'HERE', 'EMPTY', 'B=1'], host)).toEqual([
    'NOWHERE is not set here, so the sandbox has none; to give it a value: --env NOWHERE=VALUE',
  ])
  expect(unsetVariables(['NOWHERE', 'NOWHERE=1'], host)).toEqual([])
})

describe('what [env] refers to', () => {
  test('is read from a variable, a file or a program, without the end of its last line', async () => {
    expect(await read('env:HERE')).toEqual({ A: 'from outside' })
    expect(await read(`file:${file}`)).toEqual({ A: 'from a file' })
    expect(await read('file:~/secret')).toEqual({ A: 'from a file' })
    expect(await read(['/bin/sh', '-c', 'echo two; echo lines; pwd'])).toEqual({ A: 'two\nlines\n/' })
  })

  test('may be a part of a text, where what is not set has a text in its place, or none', async () => {
    expect(await read({ template: 'a-${localEnv:HERE}-${HOME}' })).toEqual({ A: 'a-from outside-${HOME}' })
    expect(await read({ template: '${localEnv:NOWHERE:x:y}${localEnv:NOWHERE}' })).toEqual({ A: 'x:y' })
    expect(read({ template: 'x${localEnv:ANTHROPIC_API_KEY:y}' })).rejects.toThrow('ANTHROPIC_API_KEY stays outside the sandbox')
  })

  test('is asked of a program once, however many names it has', async () => {
    const asked = join(room, 'asked')
    const source = ['/bin/sh', '-c', `echo asked >> ${asked}; echo a secret`]
    const references = ['A', 'B', 'C'].map((name) => ({ name, source: name === 'C' ? [...source, 'other'] : source }))
    const found = await readReferences({ ...LIVE, references }, host)
    expect(Object.values(found).map((value) => value.reveal())).toEqual(['a secret', 'a secret', 'a secret'])
    expect(readFileSync(asked, 'utf8')).toBe('asked\nasked\n')
  })

  test('is left out when the variable is not set', async () => {
    expect(await read('env:NOWHERE')).toEqual({})
    expect(await read('env:EMPTY')).toEqual({})
  })

  test('is told of where the variable is not set, unless something else holds', () => {
    const notes = (references: readonly Reference[], env: readonly string[] = []) =>
      unsetReferences({ references, env }, host.env)
    const unset = { name: 'MY_TOKEN', source: 'env:NOWHERE' }
    expect(notes([unset, { name: 'B', source: 'env:EMPTY' }, { name: 'C', source: 'env:HERE' }])).toEqual([
      'env.MY_TOKEN: NOWHERE is not set, so the sandbox has none',
      'env.B: EMPTY is empty, so the sandbox has none',
    ])
    expect(notes([unset], ['MY_TOKEN=typed'])).toEqual([])
    expect(notes([unset, { name: 'MY_TOKEN', source: 'file:/x' }])).toEqual([])
    expect(notes([{ name: 'A', source: ['env:NOWHERE'] }])).toEqual([])
  })

  test('is not looked at for a dry run, nor where something else holds', async () => {
    const touch = ['/bin/sh', '-c', `touch ${join(room, 'ran')}; echo x`]
    expect(await read(touch, 'A', { dryRun: true })).toEqual({ A: '-' })
    expect(await read(touch, 'A', { printConfig: true })).toEqual({ A: '-' })
    expect(await read(touch, 'A', { env: ['A=typed'] })).toEqual({})
    expect(existsSync(join(room, 'ran'))).toBe(false)
    const twice = [
      { name: 'A', source: touch },
      { name: 'A', source: 'env:HERE' },
    ]
    expect(await read('', 'A', { references: twice })).toEqual({ A: 'from outside' })
    expect(existsSync(join(room, 'ran'))).toBe(false)
  })

  test.each<[source: Reference['source'], name: string, words: RegExp]>([
    ['file:/nonexistent', 'A', /^env\.A: \/nonexistent cannot be read \(ENOENT\)$/],
    [['/bin/sh', '-c', 'echo no entry >&2; exit 3'], 'A', /^env\.A: \/bin\/sh ended with 3: no entry$/],
    [['/bin/true'], 'A', /^env\.A: \/bin\/true printed nothing$/],
    [['/bin/sh', '-c', "printf 'a\\0b'"], 'A', /NUL byte/],
    [['/bin/sh', '-c', 'head -c 70000 /dev/zero | tr "\\0" x'], 'A', /too long for an environment variable/],
    ['env:HERE', 'HTTPS_PROXY', /set by paude/],
    ['env:HERE', 'ANTHROPIC_API_KEY', /stays outside the sandbox/],
    ['env:ANTHROPIC_API_KEY', 'OTHER_NAME', /ANTHROPIC_API_KEY stays outside the sandbox, under every name/],
    ['env:HERE', 'DOCKER_HOST', /: the engine's client obeys DOCKER_HOST/],
    ['env:HERE', 'LD_PRELOAD', /: the engine's client obeys LD_PRELOAD/],
  ])('%j as %s is refused', async (source, name, words) => {
    await expect(read(source, name)).rejects.toThrow(words)
  })

  test('and goes wrong is told with the key, its place, and a line that a shell reads as it is', async () => {
    const fault = async (source: readonly string[]) => {
      const error = await readReferences({ ...LIVE, references: [{ name: 'A', source }] }, host, ['/c.toml:2']).catch(
        (caught: unknown) => caught,
      )
      if (error instanceof PaudeError) return [exitCode(error, 'agent'), error.message, error.hint]
      throw error
    }
    expect(await fault(['nope-program'])).toEqual([
      125,
      'env.A (/c.toml:2): nope-program was not found',
      'install nope-program or correct PATH',
    ])
    expect((await fault(['/etc/passwd']))[0]).toBe(125)
    expect(await fault(['/bin/sh', '-c', 'echo oops >&2; exit 3'])).toEqual([
      125,
      'env.A (/c.toml:2): /bin/sh ended with 3: oops',
      "try it: /bin/sh -c 'echo oops >&2; exit 3'",
    ])
  })

  test('is refused from a file that others can read', async () => {
    chmodSync(file, 0o644)
    await expect(read(`file:${file}`)).rejects.toThrow(`${file} is readable by other users`)
  })
})
