import { expect, test } from 'bun:test'
import { readWords } from '../../src/cli/args.ts'
import type { Context } from '../../src/cli/context.ts'
import { help, verbArgs, verbHelp } from '../../src/cli/help.ts'
import { startWords } from '../../src/cli/start-words.ts'
import { commands } from '../../src/cli/verbs.ts'
import { ownFlags } from '../../src/config/own-flags.ts'
import { readFlags } from '../../src/config/read-flags.ts'

// Definitions are made of a context, and look into it only when they run.
const context = { commands } as Context

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
    readWords(name, rest, await verbArgs(context, verb))
  }
})
