import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { changeOnYourWord } from '../../src/cli/config/change-on-word.ts'
import { readHost } from '../../src/host.ts'
import { approvals } from '../../src/project/trust.ts'
import { trustFolder } from '../../src/state.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { program } from '../support/program.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.project, 'paude.toml')
})
afterEach(() => machine.dispose())

const OPEN = '[network]\nallow = ["a.example"]\n'
const EVIL = '[network]\nallow = ["evil.example"]\n'
const WAITS = 'waits for your approval'
const start = async (...flags: string[]) => (await machine.paude([...flags, '--print-config', '-p', 'x'])).code
const trust = (...flags: string[]) => machine.paude([...flags, 'trust', '--yes'])
const text = () => readFileSync(file, 'utf8')

/** This very process, on that machine. */
const around = () => ({ host: { ...readHost(), env: machine.env, home: machine.home, cwd: machine.project }, flags: {} })
const approved = () => approvals(trustFolder(around().host))

describe('a change on your word', () => {
  test('that changes nothing leaves a trusted file trusted, and says so', async () => {
    machine.write(file, OPEN)
    await trust()
    for (const words of [
      ['config', 'set', '--project', 'network.allow', 'a.example'],
      ['network', 'allow', 'a.example', '--project'],
    ])
      expect((await machine.paude(words)).stderr).not.toContain(WAITS)
    expect(await start()).toBe(0)
  })

  test('holds in each profile where the file held, and in no other', async () => {
    machine.write(file, `${OPEN}[profiles.ci]\nnetwork.allow = ["ci.example"]\n[profiles.odd]\nnetwork.allow = ["odd.example"]\n`)
    await trust()
    await trust('--profile', 'ci')
    expect([await start(), await start('--profile', 'ci'), await start('--profile', 'odd')]).toEqual([0, 0, 125])
    await machine.paude(['config', 'set', '--project', 'profiles.ci.limits.memory', '64g'])
    expect([await start(), await start('--profile', 'ci'), await start('--profile', 'odd')]).toEqual([0, 0, 125])
  })

  test('holds in a profile that it brings', async () => {
    await machine.paude(['config', 'set', '--project', 'profiles.ci.network.allow', 'ci.example'])
    expect([await start(), await start('--profile', 'ci')]).toEqual([0, 0])
  })

  test('leaves another file of the project waiting', async () => {
    machine.write(join(machine.project, 'paude.json'), '{ "create": { "allowed-domains": ["old.example"] } }')
    await machine.paude(['config', 'set', '--project', 'network.mode', 'open'])
    expect(approved().map((one) => one.file)).toEqual([file])
    expect(await start()).toBe(125)
  })

  test('waits where you have less than at the time of your approval', async () => {
    const configure = (memory: string) =>
      machine.write(join(machine.home, '.config/paude/config.toml'), `[limits]\nmemory = "${memory}"\n`)
    configure('1g')
    machine.write(file, '[limits]\nmemory = "64g"\n')
    await trust()
    expect(await start()).toBe(0)
    configure('512m')
    expect((await machine.paude(['network', 'allow', 'a.example', '--project'])).stderr).toContain(WAITS)
    expect(await start()).toBe(125)
  })

  test('ends the trust in what was taken out, also when the same content comes back', async () => {
    await machine.paude(['config', 'set', '--project', 'network.allow', 'a.example'])
    const opened = text()
    await machine.paude(['network', 'unset', 'a.example', '--project'])
    expect(await start()).toBe(0)
    machine.write(file, opened)
    expect(await start()).toBe(125)
  })

  test('by a key of network watch is trusted, and no longer once it is taken back', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const opened = await allowAndTakeBack(id)
    expect([opened.text.includes('b.example'), opened.approved, existsSync(file), approved()]).toEqual([true, [file], false, []])
    machine.write(file, opened.text)
    expect(await start()).toBe(125)
  })
})

describe('the end of a session', () => {
  const stop = async (id: string) => (await machine.paude(['stop', id])).stderr
  const WARNS = `this machine may run it: `

  test('does not warn of the file that paude wrote', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    await machine.paude(['network', 'allow', 'a.example', '--project', '--session', id])
    await machine.paude(['config', 'set', '--project', 'limits.memory', '1g'])
    expect(await stop(id)).not.toContain(WARNS)
  })

  test('warns of it once somebody else has written', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    await machine.paude(['network', 'allow', 'a.example', '--project', '--session', id])
    machine.write(file, EVIL)
    await machine.paude(['network', 'allow', 'b.example', '--project', '--session', id])
    expect(await stop(id)).toContain(`${WARNS}${file}`)
  })
})

describe('what you have not read waits', () => {
  test('a proposal, since the agent asked for its hosts', async () => {
    const id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    const line = {
      v: 1,
      t: 1,
      sid: id,
      m: 'CONNECT',
      u: 'b.example:443',
      h: 'b.example',
      p: 443,
      st: 403,
      err: 'ERR_ACCESS_DENIED',
    }
    machine.set('say', 'logs', `${JSON.stringify(line)}\n`)
    machine.write(file, OPEN)
    await trust()
    expect((await machine.paude(['network', 'propose', id, '--project'])).stderr).toContain(WAITS)
    expect([text().includes('b.example'), await start()]).toEqual([true, 125])
  })

  test('what an editor leaves behind, since the agent can write while it is open', async () => {
    machine.write(file, OPEN)
    await trust()
    const editor = machine.program('ed', `#!/bin/sh\necho 'deny = ["b.example"]' >>"$1"\n`)
    expect((await machine.paude(['config', 'edit', '--project'], { env: { EDITOR: editor } })).code).toBe(0)
    expect(await start()).toBe(125)
  })
})

describe('an agent that writes while paude changes the file', () => {
  const AFTER = '[network]\nallow = ["a.example", "b.example"]\n'

  test('before paude read it gets nothing approved', async () => {
    machine.write(file, OPEN)
    await trust()
    machine.write(file, EVIL)
    const { trusted } = await changeOnYourWord(around(), true, ({ text: now }) => `${now}deny = ["c.example"]\n`)
    expect([trusted, text().includes('evil'), approved()]).toEqual([false, true, []])
  })

  test('after paude read it loses what it wrote', async () => {
    machine.write(file, OPEN)
    await trust()
    await changeOnYourWord(around(), true, () => {
      machine.write(file, EVIL)
      return AFTER
    })
    expect([text(), approved().flatMap((one) => one.items)]).toEqual([
      AFTER,
      ['network.allow = a.example', 'network.allow = b.example'],
    ])
  })

  test('or a certificate that the file names gets nothing approved', async () => {
    const certificate = join(machine.project, 'ca.pem')
    machine.write(certificate, readFileSync(join(import.meta.dir, '../fixtures/authority.pem'), 'utf8'))
    const before = 'image.ca_files = ["ca.pem"]\n'
    machine.write(file, before)
    expect((await trust()).code).toBe(0)
    const { trusted } = await changeOnYourWord(around(), true, () => {
      machine.write(certificate, `${readFileSync(certificate, 'utf8')}\n`)
      return `${before}limits.memory = "64g"\n`
    })
    expect([trusted, approved(), await start()]).toEqual([false, [], 125])
  })
})

/** Presses `p` and then `z` in network watch; answers what the file and the approvals were in between. */
async function allowAndTakeBack(id: string): Promise<{ readonly text: string; readonly approved: readonly string[] }> {
  // A proxy that runs goes on with its log.
  const log = join(machine.env['FAKE'] ?? '', 'say-logs')
  Bun.spawnSync(['mkfifo', log])
  const end = openSync(log, 'r+')
  writeSync(end, `${JSON.stringify({ v: 1, t: 1, m: 'CONNECT', h: 'b.example', p: 443, st: 403, err: 'ERR_ACCESS_DENIED' })}\n`)
  const left = [
    /blocked +b\.example/,
    /is allowed, and written/,
    /undone: b\.example is blocked again, and .*paude\.toml is restored/,
  ]
  const keys = ['p', 'z', 'q']
  let screen = ''
  let between: { readonly text: string; readonly approved: readonly string[] } = { text: '', approved: [] }
  const child = Bun.spawn([...program, 'network', 'watch', id], {
    env: { ...machine.env, TERM: 'xterm-256color' },
    cwd: machine.project,
    terminal: {
      cols: 240,
      rows: 30,
      data: (terminal, bytes) => {
        screen += Buffer.from(bytes).toString()
        if (left[0]?.test(screen) !== true) return
        if (keys[0] === 'z') between = { text: text(), approved: approved().map((one) => one.file) }
        left.shift()
        terminal.write(keys.shift() ?? '')
      },
    },
  })
  expect(await child.exited).toBe(0)
  closeSync(end)
  rmSync(log)
  return between
}
