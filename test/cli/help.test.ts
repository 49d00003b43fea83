import { describe, expect, test } from 'bun:test'
import { readWords } from '../../src/cli/args.ts'
import type { CommandContext } from '../../src/cli/context.ts'
import { READS } from '../../src/cli/front-flags.ts'
import { help, subVerbHelp, verbArgs, verbHelp } from '../../src/cli/help/text.ts'
import { startWords } from '../../src/cli/start/start-words.ts'
import { commands } from '../../src/cli/verbs.ts'
import { subVerbs } from '../../src/cli/words.ts'
import { ownFlags } from '../../src/config/keys/own-flags.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'

// Definitions are made of a context, and look into it only when they run.
const context = { commands } as CommandContext

test('the help names every verb and every flag', () => {
  const text = help(context)
  for (const name of Object.keys(commands.verbs)) expect(text).toContain(`\n  ${name} `)
  for (const { name } of ownFlags) expect(text).toMatch(new RegExp(`\\n  --${name}[ [\\n]`))
})

test.each(Object.entries(commands.verbs))('the help of %s shows its flags and examples', async (name, verb) => {
  const text = await verbHelp(context, name, verb)
  expect(text).toContain('Usage')
  expect(verb.examples.length).toBeGreaterThan(0)
  for (const [line, effect] of verb.examples) expect([text.includes(line), effect !== '']).toEqual([true, true])
  for (const [flag, { type }] of Object.entries(await verbArgs(context, verb)))
    if (type !== 'positional') expect(text).toContain(`--${flag}`)
})

test.each(Object.entries(commands.verbs))('every example of %s is one that paude would accept', async (name, verb) => {
  for (const [line] of verb.examples) {
    const said = /paude ([^|)#]*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? []
    const { words } = readFlags(said)
    const found = commands.find(words[0])
    expect(found?.name).toBe(name)
    const rest = verb.starts ? startWords(words.slice(1), verb).rest : words.slice(1)
    readWords({ name, called: `paude ${name}`, ...READS }, rest, await verbArgs(context, verb))
  }
})

describe.each(Object.entries(subVerbs))('the words of %s', (name, words) => {
  const found = commands.find(name)
  if (found === null) throw new Error(`${name} is no verb`)

  test('are those that it takes', () => expect(Object.keys(words)).toEqual([...(found.verb.words ?? [])]))

  test.each(Object.entries(words))('%s: its help shows its flags and examples, which paude would accept', async (word, sub) => {
    const args = await verbArgs(context, found.verb)
    const text = (await subVerbHelp(context, found, word)) ?? ''
    expect(text).toContain(`paude ${name} ${word}`)
    for (const flag of sub.flags) expect([flag, text.includes(`--${flag}`)]).toEqual([flag, Object.hasOwn(args, flag)])
    expect(sub.examples.length).toBeGreaterThan(0)
    for (const [line] of sub.examples) {
      expect(text).toContain(line)
      const said = /paude ([^|]*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? []
      expect(said.slice(0, 2)).toEqual([name, word])
      const { flags } = readWords({ name, called: `paude ${name}`, ...READS }, said.slice(1), args)
      for (const flag of Object.keys(flags)) expect(sub.flags).toContain(flag)
    }
  })
})

test('a flag is told of without the words that it belongs to, and what is about others is left out', async () => {
  const found = commands.find('network')
  if (found === null) throw new Error('no verb')
  expect(await subVerbHelp(context, found, 'allow')).toContain('For so long, like 10m')
  expect(await subVerbHelp(context, found, 'list')).toMatch(/--json +Print JSON$/m)
  expect(await subVerbHelp(context, found, 'log')).toMatch(/--json +Print JSON; one object a line$/m)
  expect(await subVerbHelp(context, found, 'watch')).toContain('take back what the last of these keys did')
  expect(await subVerbHelp(context, found, 'nothing')).toBe(null)
})
