import { expect, test } from 'bun:test'
import { flagsOf } from '../../src/cli/args.ts'
import { READS } from '../../src/cli/front-flags.ts'
import { help, verbHelp } from '../../src/cli/help/text.ts'
import { readWords } from '../../src/cli/read-words.ts'
import { startWords } from '../../src/cli/start/start-words.ts'
import { commands } from '../../src/cli/verbs.ts'
import { ownFlags } from '../../src/config/keys/own-flags.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'
import { everyVerb } from '../support/verbs.ts'

const every = (await everyVerb()).map(({ called, verb }) => [called, verb] as const)
const told = every.filter(([, { examples }]) => examples.length > 0)
const topics = (
  await Promise.all(commands.names.map(async (name) => [`paude ${name}`, await commands.load(name)] as const))
).flatMap(([called, verb]) => ('verbs' in verb ? [[called, verb] as const] : []))

test('the help names every verb and every flag', async () => {
  const text = await help(commands)
  for (const name of commands.names) expect(text).toContain(`\n  ${name} `)
  for (const { name } of ownFlags) expect(text).toMatch(new RegExp(`\\n  --${name}[ [\\n]`))
})

test('every verb has examples but the one that nobody types', () => {
  expect(every.filter((one) => !told.includes(one)).map(([called]) => called)).toEqual(['paude hold'])
})

test.each([...told])('the help of %s shows its flags and examples', (called, verb) => {
  const text = verbHelp(commands, called, verb)
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
  const text = verbHelp(commands, called, topic)
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
  const text = verbHelp(commands, 'paude completion', await commands.load('completion'))
  expect(text).toContain('  paude completion SHELL\n')
})

test('keys and flags are told where they belong', async () => {
  const network = await commands.load('network')
  const told = (word: string) => verbHelp(commands, 'x', ('verbs' in network ? network.verbs[word] : undefined) ?? network)
  expect(told('allow')).toContain('For so long, like 10m')
  expect(told('log')).toContain('one object a line')
  expect(told('watch')).toContain('take back what the last of these keys did')
})
