import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../../src/config/files/parse.ts'
import { readReferences } from '../../src/session/resolve/references.ts'
import { OUTSIDE } from '../support/inside-without.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

setDefaultTimeout(60_000) // ms: several programs a test

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const KEY = 'sk-ant-api03-the-key-that-your-keychain-has'

/** FAKE of secret-tool (libsecret 0.20), strict: other words than those paude needs end it with 99. */
const SECRET_TOOL = `#!/bin/sh
printf '%s\\n' "$*" >>"$FAKE/asked"
case "$*" in
  'lookup service https://vault.example.org account ada@example.org') [ -e "$FAKE/keyring" ] || exit 1; cat "$FAKE/keyring" ;;
  *) exit 99 ;;
esac
`
/** FAKE of macOS security(1), strict, from its documentation: nobody here has the real one. */
const SECURITY = `#!/bin/sh
case "$*" in
  'find-generic-password -a ada@example.org -s https://vault.example.org -w') [ -e "$FAKE/keyring" ] || exit 44; cat "$FAKE/keyring"; echo ;;
  *) exit 99 ;;
esac
`
const ENTRY = '{ keychain = "https://vault.example.org/ada@example.org" }'
const BUS = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }
const inFake = (name: string) => join(machine.room, 'fake', name)
const paude = (words: readonly string[], env: Record<string, string> = BUS) =>
  machine.paude(words, { env: { ...OUTSIDE, ...env } })
const configured = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const asked = () => (existsSync(inFake('asked')) ? readFileSync(inFake('asked'), 'utf8').trim().split('\n') : [])

describe('an entry of your keychain', () => {
  test('gives a provider its key, a host its credential and the sandbox a variable', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    writeFileSync(inFake('keyring'), KEY)
    configured(`[provider]\napi_key = ${ENTRY}\n[credentials.github]\nvalue = ${ENTRY}\n`)
    const started = await paude(['--detach', '-p', 'x'])
    expect([started.code, started.stderr]).toEqual([0, expect.not.stringContaining(KEY)])
    const handed = readFileSync(inFake('credential'), 'utf8')
    expect(handed).toContain(KEY)
    expect(handed).toContain(Buffer.from(`x-access-token:${KEY}`).toString('base64'))
    expect([...machine.calls().flat(), ...asked(), machine.kept()].join('\n')).not.toContain(KEY)
    const before = asked().length
    expect((await paude(['start', started.stdout.trim()])).stderr).not.toContain('keychain')
    expect(asked().length).toBeGreaterThan(before)
    configured(`[provider]\napi_key = "env:MY_KEY"\n[env]\nOTHER = ${ENTRY}\n`)
    machine.keepEnvironments()
    await paude(['--detach', '-p', 'x'], { ...BUS, MY_KEY: 'sk-ant-api03-another' })
    expect(readFileSync(inFake('environments'), 'utf8')).toContain(`OTHER=${KEY}`)
    expect(machine.calls().flat().join('\n')).not.toContain(KEY)
  })

  test('is named and not asked by what only looks', async () => {
    machine.program('secret-tool', SECRET_TOOL)
    configured(`[provider]\napi_key = ${ENTRY}\n[credentials]\ngithub = ${ENTRY}\n[env]\nOTHER = { keychain = "other/ada" }\n`)
    const looks = [['--dry-run', '-p', 'x'], ['config', 'check'], ['config', 'show'], ['login', '--status'], ['credentials']]
    const answers: string[] = []
    for (const words of looks) answers.push((await paude(words)).stdout)
    expect(answers.join('\n')).toContain('keychain https://vault.example.org/ada@example.org')
    expect(asked()).toEqual([])
  })

  test('that is not there, or in no keychain, ends the start with what to do', async () => {
    configured(`[provider]\napi_key = ${ENTRY}\n`)
    machine.program('secret-tool', SECRET_TOOL)
    const missing = await paude(['-p', 'x'])
    expect([missing.code, missing.stderr]).toEqual([
      125,
      expect.stringContaining('has no entry https://vault.example.org/ada@example.org, or is locked'),
    ])
    expect(missing.stderr).toContain('secret-tool store --label=https://vault.example.org service')
    expect((await paude(['-p', 'x'], { DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '' })).stderr).toContain(
      'there is no keychain here that paude can ask',
    )
    expect(machine.calls().filter(([, verb]) => verb === 'create')).toEqual([])
  })

  test('of macOS is read as well', async () => {
    machine.program('security', SECURITY)
    writeFileSync(inFake('keyring'), KEY)
    const { PATH, FAKE } = Bun.env
    const path = `${join(machine.room, 'bin')}:/usr/bin:/bin`
    Object.assign(Bun.env, { PATH: path, FAKE: join(machine.room, 'fake') })
    try {
      const references = [{ name: 'OTHER', source: { keychain: 'https://vault.example.org/ada@example.org' } }]
      const host = { env: { PATH: path }, home: machine.home, uid: 0, platform: 'darwin' as const }
      const read = await readReferences({ references, env: [], dryRun: false, printConfig: false }, host)
      expect(read['OTHER']?.reveal()).toBe(KEY)
    } finally {
      Object.assign(Bun.env, { PATH, FAKE: FAKE ?? '' })
    }
  })

  test.each([
    ['5', 'keychain must be a string, found 5'],
    ['"ada"', 'must be "SERVICE/ACCOUNT"'],
    ['"forge/"', 'must be "SERVICE/ACCOUNT"'],
    ['"--all/ada"', 'must be "SERVICE/ACCOUNT"'],
    ['"forge/-w"', 'must be "SERVICE/ACCOUNT"'],
    ['"forge\\n/ada"', 'must be "SERVICE/ACCOUNT"'],
    ['"paude/claude"', 'an entry of paude itself'],
  ])('is refused as %s', (entry, why) => {
    for (const key of ['provider.api_key', 'env.OTHER', 'credentials.github', 'credentials.github.value'])
      expect(() => parseConfig({ layer: 'user', file: 'c.toml', text: `${key} = { keychain = ${entry} }\n` }), key).toThrow(why)
  })
})
