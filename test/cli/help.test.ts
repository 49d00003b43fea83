import { expect, test } from 'bun:test'
import { flagsOf } from '../../src/cli/args.ts'
import { READS } from '../../src/cli/front-flags.ts'
import { FIRST_FLAGS, firstVerbs } from '../../src/cli/help/groups.ts'
import { helpKeys, keyHelp } from '../../src/cli/help/key-help.ts'
import { help, helpAll, helpFlags, verbHelp } from '../../src/cli/help/text.ts'
import { readWords } from '../../src/cli/read-words.ts'
import { startWords } from '../../src/cli/start/start-words.ts'
import { commands } from '../../src/cli/verbs.ts'
import { ownFlags } from '../../src/config/keys/own-flags.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'
import { expectGolden } from '../support/golden.ts'
import { everyVerb } from '../support/verbs.ts'

const every = (await everyVerb()).map(({ called, verb }) => [called, verb] as const)
const told = every.filter(([, { examples }]) => examples.length > 0)
const topics = (
  await Promise.all(commands.names.map(async (name) => [`paude ${name}`, await commands.load(name)] as const))
).flatMap(([called, verb]) => ('verbs' in verb ? [[called, verb] as const] : []))

const WIDTHS = [80, 60]

test.each(WIDTHS)('the first help fits a screen of %i columns', async (width) => {
  const text = Bun.stripANSI(help(width))
  await expectGolden(`help/first-${width}.txt`, `${text}\n`)
  const lines = text.split('\n')
  expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([])
  if (width === 80) expect(lines.length).toBeLessThanOrEqual(40)
})

test('the first help has twelve verbs and eight flags, and all of them are there', () => {
  const names = firstVerbs.flatMap((group) => group.names)
  expect([names.length, Object.keys(FIRST_FLAGS).length]).toEqual([12, 8])
  expect(names.filter((name) => commands.find(name) === null)).toEqual([])
})

test.each(WIDTHS)('every help stays within %i columns', async (width) => {
  const texts = [
    helpAll(commands, width),
    helpFlags(width),
    ...every.map(([called, verb]) => verbHelp(commands, { called, verb, width })),
    ...['keys', ...helpKeys].map((key) => keyHelp(key, width) ?? ''),
  ]
  // A line that is to be typed is not broken.
  const long = texts
    .flatMap((text) => Bun.stripANSI(text).split('\n'))
    .filter((line) => Bun.stringWidth(line) > width && !/^ {2}(paude|PAUDE|source|export|printf) ?/.test(line))
  expect(long).toEqual([])
})

test.each(WIDTHS)('a verb and a key are told in %i columns', async (width) => {
  const verb = await commands.load('run')
  await expectGolden(`help/run-${width}.txt`, `${Bun.stripANSI(verbHelp(commands, { called: 'paude run', verb, width }))}\n`)
  await expectGolden(`help/network.allow-${width}.txt`, `${Bun.stripANSI(keyHelp('network.allow', width) ?? '')}\n`)
})

test('the help of a key tells its default, values, flag and variable', () => {
  const text = Bun.stripANSI(keyHelp('network.mode', 80) ?? '')
  for (const part of ['Default   restricted', 'Values    restricted, ask, open, none', '--network MODE', 'PAUDE_NETWORK'])
    expect(text).toContain(part)
  // What one word would tell wrong.
  expect(keyHelp('devcontainer', 80)).toContain('Default   your answer to the question of the first start here')
  expect(keyHelp('network-allow', 80)).toBe(keyHelp('network.allow', 80))
  expect(keyHelp('limits', 80)).toContain('limits.memory')
  expect(keyHelp('nothing.of.that', 80)).toBeNull()
})

test('the help of all names every verb and every flag', () => {
  const text = Bun.stripANSI(helpAll(commands, 100))
  for (const name of commands.names) expect(text).toMatch(new RegExp(`\\n(?:[A-Z]\\w+)? +${name} `))
  for (const { name } of ownFlags) expect(text).toMatch(new RegExp(`\\n  --${name}[ [\\n]`))
})

test('every verb has examples but those that nobody types', () => {
  expect(every.filter((one) => !told.includes(one)).map(([called]) => called)).toEqual([
    'paude hold',
    'paude git-remote',
    'paude renew',
  ])
})

test.each([...told])('the help of %s shows its flags and examples', (called, verb) => {
  const text = verbHelp(commands, { called, verb: verb, width: 100 })
  expect(text).toContain(`\n  ${called}`)
  for (const [line, effect] of verb.examples) expect([text.includes(line), effect !== '']).toEqual([true, true])
  for (const [flag] of flagsOf(verb.args ?? {})) expect(text).toContain(`--${flag}`)
})

test.each([...told])('every example of %s is one that paude would accept', (called, verb) => {
  for (const [line] of verb.examples) {
    const said = /(paude [^|)#]*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? []
    const { words } = readFlags(said.slice(1))
    const path = called.split(' ').slice(1)
    expect([commands.find(words[0]), ...words.slice(1, path.length)]).toEqual(path)
    const rest = words.slice(path.length)
    readWords({ called, ...READS }, verb.starts ? startWords(rest, verb.args).rest : rest, verb.args ?? {})
  }
})

test.each(topics)('the help of %s names its verbs, and its examples are of them', (called, topic) => {
  const text = verbHelp(commands, { called, verb: topic, width: 100 })
  expect(text).toContain(`\n  ${called} VERB …\n`)
  expect(text).not.toMatch(/\bwords?\b/i)
  const names = Object.keys(topic.verbs)
  for (const name of names) expect(text).toContain(`\n  ${name} `)
  for (const [line] of topic.examples) {
    expect(text).toContain(line)
    expect(names).toContain(line.slice(`${called} `.length).split(' ')[0] ?? '')
  }
})

test('the help of completion leaves out what its scripts alone say', async () => {
  const text = verbHelp(commands, { called: 'paude completion', verb: await commands.load('completion'), width: 100 })
  expect(text).toContain('  paude completion SHELL\n')
})

test('keys and flags are told where they belong', async () => {
  const network = await commands.load('network')
  const told = (word: string) =>
    verbHelp(commands, { called: 'x', verb: ('verbs' in network ? network.verbs[word] : undefined) ?? network, width: 200 })
  expect(told('allow')).toContain('End the change after this time, like 10m, 2h or 90s')
  expect(told('log')).toContain('one JSON object per line')
  expect(told('watch')).toContain('undo the last of these keys')
})
