import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from './support/machine.ts'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const SECRETS = {
  ANTHROPIC_API_KEY: 'sk-ant-provider',
  CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oauth',
  NAMED_BY_ENV: 'sk-named',
  NAMED_BY_WEBHOOK: 'sk-webhook',
  NAMED_BY_PROJECT: 'sk-project',
}

/** Each call in a process of its own: what one keeps back, the next one would not see either. */
const paude: Machine['paude'] = (words, options) => machine.paude(words, { ...options, alone: true })

/** A program that notes what it inherits; its path. */
const spy = (name: string): string => machine.program(name, `#!/bin/sh\nenv >'${machine.room}/${name}.seen'\necho value\n`)

/** Names of the secrets that a program saw; null when it never ran. */
function seenBy(name: string): readonly string[] | null {
  const file = join(machine.room, `${name}.seen`)
  if (!existsSync(file)) return null
  const text = readFileSync(file, 'utf8')
  return Object.keys(SECRETS).filter((one) => text.includes(`${one}=`))
}

const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const REFERENCE = '[env]\nTOKEN = "env:NAMED_BY_ENV"\n'

test('a command that prints a secret inherits no other', async () => {
  configure(`${REFERENCE}PRINTED = { command = ["${spy('printer')}"] }\n`)
  const { code } = await paude(['run', '--', 'true'], { env: SECRETS })
  expect(code).toBe(0)
  expect(seenBy('printer')).toEqual(['NAMED_BY_WEBHOOK', 'NAMED_BY_PROJECT'])
})

test('a command that prints the credential of the provider inherits no other', async () => {
  const { ANTHROPIC_API_KEY: _, CLAUDE_CODE_OAUTH_TOKEN: __, ...rest } = SECRETS
  configure(`${REFERENCE}[provider]\napi_key = { command = ["${spy('keeper')}"] }\n`)
  await paude(['-p', 'hello'], { env: { ...rest, ANTHROPIC_MODEL: 'x' } })
  expect(seenBy('keeper')).toEqual(['NAMED_BY_WEBHOOK', 'NAMED_BY_PROJECT'])
})

test('a command that tells the user inherits none of them', async () => {
  configure(
    `${REFERENCE}[notify]\ncommand = ["${spy('teller')}"]\nwebhook = { url = "https://127.0.0.1:1/", token = "env:NAMED_BY_WEBHOOK", timeout = 0.1 }\n`,
  )
  await paude(['notify', 'test', 'command'], { env: SECRETS })
  await paude(['notify', 'test'], { env: SECRETS })
  expect(seenBy('teller')).toEqual(['NAMED_BY_PROJECT'])
})

test('the editor of the configuration inherits none of them, also while the file is broken', async () => {
  configure(REFERENCE)
  spy('editor')
  await paude(['config', 'edit'], { env: { ...SECRETS, EDITOR: 'editor' } })
  expect(seenBy('editor')).toEqual(['NAMED_BY_WEBHOOK', 'NAMED_BY_PROJECT'])
  configure(`${REFERENCE}broken =\n`)
  await paude(['config', 'edit'], { env: { ...SECRETS, EDITOR: 'editor' } })
  expect(seenBy('editor')).toEqual(['NAMED_BY_WEBHOOK', 'NAMED_BY_PROJECT'])
})

test('the editor of the configuration starts outside the project, whose files it may obey', async () => {
  configure('')
  const path = spy('editor')
  machine.write(path, `#!/bin/sh\npwd >'${machine.room}/place'\n`)
  await paude(['config', 'edit'], { env: { EDITOR: 'editor' } })
  expect(readFileSync(join(machine.room, 'place'), 'utf8')).toBe('/\n')
})

test('what the project names is kept back too, once it is trusted', async () => {
  machine.write(join(machine.project, 'paude.toml'), '[env]\nTOKEN = "env:NAMED_BY_PROJECT"\n')
  configure(`[env]\nPRINTED = { command = ["${spy('printer')}"] }\n`)
  expect((await paude(['trust', '--yes'], { env: SECRETS })).code).toBe(0)
  expect((await paude(['run', '--', 'true'], { env: SECRETS })).code).toBe(0)
  expect(seenBy('printer')).toEqual(['NAMED_BY_ENV', 'NAMED_BY_WEBHOOK'])
})

test("the engine's client inherits what its helpers may log in with, and never the credential of the provider", async () => {
  machine.keepEnvironments()
  configure(REFERENCE)
  expect((await paude(['run', '--', 'true'], { env: SECRETS })).code).toBe(0)
  await paude(['-p', 'hello'], { env: SECRETS })
  const environments = readFileSync(join(machine.room, 'fake/environments'), 'utf8')
  expect(environments).toContain('NAMED_BY_ENV=sk-named')
  expect(environments).not.toContain('sk-ant-')
})

test('nothing asks git', async () => {
  machine.write(join(machine.project, '.git/HEAD'), 'ref: refs/heads/main\n')
  for (const folder of ['objects', 'refs']) machine.write(join(machine.project, '.git', folder, 'x'), '')
  await paude(['run', '--', 'true'])
  await paude(['-p', 'hello'], { env: SECRETS })
  expect(machine.calls().length).toBeGreaterThan(0)
  expect(machine.calls().filter(([program]) => program === 'git')).toEqual([])
})
