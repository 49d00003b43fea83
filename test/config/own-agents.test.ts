import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flagsFor } from '../../src/config/layers/own-agents.ts'
import { readFlags } from '../../src/config/layers/read-flags.ts'

describe('--agent', () => {
  const home = mkdtempSync(join(tmpdir(), 'paude-agents-'))
  const host = { env: {}, home }
  beforeAll(() => {
    mkdirSync(join(home, '.config/paude'), { recursive: true })
    writeFileSync(
      join(home, '.config/paude/config.toml'),
      '[agents.mine]\ncommand = "mine"\n[ agents . "spaced" ]\ncommand = "x"\n[agents.deep.install]\napt = []\n[profiles.p.agents.other]\ncommand = "x"\n# [agents.not]\n',
    )
  })
  afterAll(() => rmSync(home, { recursive: true }))
  const agentOf = (words: readonly string[]) => readFlags(words, flagsFor(words, host)).layer.agent

  test.each(['mine', 'spaced', 'deep', 'other', 'shell', 'opencode'])('%s is of paude', (name) => {
    expect(agentOf(['--agent', name])).toBe(name)
    expect(agentOf([`--agent=${name}`, 'hello'])).toBe(name)
  })

  test.each(['not', 'reviewer', 'Mine', 'min', 'mine.install', '.*'])("%s is a value of the agent's own flag", (name) => {
    expect(agentOf(['--agent', name])).toBeUndefined()
    expect(readFlags(['--agent', name], flagsFor(['--agent', name], host)).words).toEqual(['--agent', name])
  })

  test('what is typed behind it stays as it is', () =>
    expect(
      readFlags(['--agent', 'mine', 'run', '--agent', 'x'], flagsFor(['--agent', 'mine', 'run', '--agent', 'x'], host)).words,
    ).toEqual(['run', '--agent', 'x']))
})
