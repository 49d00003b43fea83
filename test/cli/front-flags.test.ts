import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type FlagName, type Front, isRehearsal, type Named } from '../../src/cli/front-flags.ts'
import { ownFlags, variableOf } from '../../src/config/keys/own-flags.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'
import { PaudeError } from '../../src/errors.ts'
import { expectGolden } from '../support/golden.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { everyVerb } from '../support/verbs.ts'

const fronts: readonly Named[] = (await everyVerb()).map(({ called, verb }) => ({ called, ...verb.front }))
const flagNames = ownFlags.map(({ name }) => name)
/** Where a flag is written as people write it. */
const typed = (name: string): readonly string[] => {
  const flag = ownFlags.find((one) => one.name === name)
  if (flag === undefined) throw new Error(`${name} is no flag`)
  const values = ('onlyWith' in flag ? flag.onlyWith : 'values' in flag ? flag.values : []) ?? []
  return flag.type === 'switch' ? [`--${name}`] : [`--${name}=${values[0] ?? '1'}`]
}

test('it is written down for every verb and every own flag whether the verb takes it', () => {
  const rows = [`flags: ${flagNames.map((name) => `--${name}`).join(' ')}`].concat(
    fronts.flatMap(({ called, takes, acts }: Front & Named) => [
      `${called}: ${acts === false ? 'reads' : acts === true ? 'acts' : `acts with ${acts}`}`,
      ...[true, ...new Set(Object.values(takes).filter((one) => one !== true))].flatMap((condition) => {
        const names = flagNames.filter((name) => takes[name] === condition).map((name) => `--${name}`)
        return names.length === 0 ? [] : [`  takes${condition === true ? '' : ` with ${condition}`} ${names.join(' ')}`]
      }),
    ]),
  )
  expectGolden('front-flags.txt', `${rows.join('\n')}\n`)
})

describe.each(fronts.map((front) => [front.called, front] as const))('%s', (_, front) => {
  test('takes an own flag before the verb, or refuses it by its name', () => {
    for (const name of flagNames) check(name)
  })

  function check(name: string): void {
    const { names, layer } = readFlags(typed(name))
    const condition = front.takes[name as FlagName]
    const look = (given: Readonly<Record<string, unknown>>) =>
      messageOf(() => isRehearsal({ env: {} }, front, { args: {}, given, names, layer }))
    if (condition === undefined) expect(look({})).toContain(`--${name}`)
    else if (condition === true) expect(look({})).toBe('')
    else
      for (const flag of condition.split(' '))
        expect([look({}).includes(flag), look({ [flag.slice(2)]: true })]).toEqual([true, ''])
  }

  test('never acts while a variable says that nothing is to be run', () => {
    for (const variable of ['PAUDE_DRY_RUN', 'PAUDE_PRINT_CONFIG']) {
      const given = typeof front.acts === 'string' ? { [front.acts.slice(2)]: true } : {}
      const look = () => isRehearsal({ env: { [variable]: '1' } }, front, { args: {}, given, names: [], layer: {} })
      const honoured = front.takes[variable === 'PAUDE_DRY_RUN' ? 'dry-run' : 'print-config'] !== undefined
      if (front.acts === false) expect(look()).toBe(false)
      else if (!honoured) expect(messageOf(look)).toStartWith(`${variable} is set, and ${front.called} `)
      else expect(look()).toBe(variable === 'PAUDE_DRY_RUN')
    }
  })

  test('works with every other variable set, which are settings of a start', () => {
    const env = Object.fromEntries(
      ownFlags
        .filter(({ key }) => !['dryRun', 'printConfig', 'detach'].includes(key))
        .map((flag) => [variableOf(flag), 'nonsense']),
    )
    expect(isRehearsal({ env }, front, { args: {}, given: {}, names: [], layer: {} })).toBe(false)
  })
})

test('--dry-run=false takes the variable back', () => {
  const stop = fronts.find(({ called }) => called === 'paude stop')
  const send = fronts.find(({ called }) => called === 'paude send')
  if (stop === undefined || send === undefined) throw new Error('no verb')
  for (const front of [stop, send]) {
    const { names, layer } = readFlags(['--dry-run=false'])
    expect(isRehearsal({ env: { PAUDE_DRY_RUN: '1' } }, front, { args: {}, given: {}, names, layer })).toBe(false)
  }
})

function messageOf(act: () => unknown): string {
  try {
    act()
    return ''
  } catch (error) {
    if (error instanceof PaudeError) return error.message
    throw error
  }
}

describe('on a machine with a session', () => {
  let machine: Machine
  let id = ''
  beforeEach(async () => {
    machine = makeMachine(['docker'])
    id = (await machine.paude(['--detach', '-p', 'hi'])).stdout.trim()
    await machine.paude(['network', 'allow', 'said.example'])
    machine.write(join(machine.home, '.local/state/paude/sessions', id, 'out/conversation'), `${crypto.randomUUID()}\n`)
    machine.write(join(machine.project, 'paude.toml'), '[network]\nallow = ["a.example"]\n')
  })
  afterEach(() => machine.dispose())

  /** All that a verb could have changed: files, and what the engine was told to do. */
  const world = () => ({
    files: filesBelow(machine.home),
    orders: machine.calls().filter(([program, verb, what]) => program !== 'git' && !LOOKING.test(`${verb} ${what}`)),
  })
  const LOOKING = /^(ps|info|version|logs|container inspect|image (ls|inspect)|volume (ls|inspect)|network inspect)/

  test.each(
    [
      ['stop'],
      ['start'],
      ['up', 'ID'],
      ['rm', '--force', '--volumes'],
      ['rm', '--orphans'],
      ['prune', '--force', '--records'],
      ['exec', '--', 'true'],
      ['shell'],
      ['attach'],
      ['send', 'ID', 'hello'],
      ['cp', 'ID:/tmp/x', '.'],
      ['paste', 'ID'],
      ['forward', '3000'],
      ['fork'],
      ['run', '--', 'true'],
      ['demo'],
      ['selftest'],
      ['trust', '--yes'],
      ['untrust'],
      ['init', '--yes', '--groups', 'npm'],
      ['notify', 'test'],
      ['hold', 'ID'],
      ['network', 'allow', 'example.org'],
      ['network', 'deny', 'example.org'],
      ['network', 'unset', 'said.example'],
      ['network', 'allow', 'example.org', '--project'],
      ['network', 'propose', '--project'],
      ['network', 'watch'],
      ['sessions', '--watch'],
      ['config', 'set', 'limits.memory', '4g'],
      ['config', 'unset', 'limits.memory', '--project'],
      ['config', 'edit'],
      ['image', 'build'],
      ['image', 'rm', '--stale'],
      ['image', 'check', 'debian'],
    ].map((line) => [line.join(' '), line] as const),
  )('neither --dry-run nor PAUDE_DRY_RUN lets it act: paude %s', async (_, line) => {
    const words = line.map((word) => (word === 'ID' ? id : word))
    const before = world()
    const flag = await machine.paude(['--dry-run', ...words])
    expect(world()).toEqual(before)
    // It is shown, or refused by name; what a project's file opens is asked about first.
    expect(flag.code === 0 || /--dry-run|not trusted/.test(flag.stderr)).toBe(true)
    const variable = await machine.paude(words, { env: { PAUDE_DRY_RUN: '1' } })
    expect(world()).toEqual(before)
    expect([variable.code, /PAUDE_DRY_RUN|--dry-run|not trusted/.test(variable.stderr)]).toEqual([flag.code, flag.code !== 0])
  })

  test('a refusal names the flag, and what to type instead', async () => {
    const said = async (...words: string[]) => (await machine.paude(words)).stderr
    expect(await said('--timeout', '3', 'wait')).toBe(
      'paude: paude wait takes --timeout after the verb\n  → paude wait --timeout=SECONDS …\n',
    )
    expect(await said('--memory', '4g', 'exec', '--', 'true')).toBe(
      'paude: paude exec takes no --memory, which is for starts\n  → leave it out: paude exec …\n',
    )
    expect(await said('--dry-run', 'sessions')).toBe(
      'paude: paude sessions takes no --dry-run: it changes nothing\n  → leave it out: paude sessions …\n',
    )
    expect(await said('send', id, 'x', '--dry-run')).toBe(
      'paude: paude send takes no --dry-run: it cannot show what it would do\n  → leave it out: paude send …\n',
    )
    expect(await said('--detach-keys', 'ctrl-q', 'start')).toContain('paude start takes --detach-keys only with --attach')
    expect(await said('image', 'ls', '--dry-run')).toContain('paude image ls takes no --dry-run')
    expect(await said('--network-allow', 'b.example', 'network', 'list')).toContain('are for a start here')
  })

  test('a verb that stays in the foreground refuses --detach in every form', async () => {
    for (const verb of [['run', '--', 'true'], ['demo']]) {
      for (const flag of ['--detach', '--bg'])
        expect((await machine.paude([flag, ...verb])).stderr).toContain(`takes no ${flag}: it stays in the foreground`)
      const { code, stderr } = await machine.paude(verb, { env: { PAUDE_DETACH: 'yes' } })
      expect([code, stderr]).toEqual([
        125,
        `paude: PAUDE_DETACH is set, and paude ${verb[0]} stays in the foreground\n  → env -u PAUDE_DETACH paude ${verb[0]} …\n`,
      ])
    }
  })

  test('flags before and after a verb that starts a sandbox add up', async () => {
    const { stdout } = await machine.paude(['--env', 'FIRST_ONE=1', '--dry-run', 'run', '--env', 'SECOND_ONE=2', '--', 'true'], {
      cwd: machine.home.replace(/home$/, 'fake'),
    })
    expect([stdout.includes('--env=FIRST_ONE'), stdout.includes('--env=SECOND_ONE')]).toEqual([true, true])
  })
})

/** What is in a home, but for what bun keeps of its own while the source runs. */
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.bun') && statSync(join(folder, name)).isFile())
    .map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`)
    .toSorted()
