import { expect, test } from 'bun:test'
import { agents } from '../../src/agents/registry.ts'
import { decideImport } from '../../src/cli/start/decide-import.ts'
import type { Config } from '../../src/config/keys/settings.ts'
import type { Context } from '../../src/context.ts'
import { ownHome } from './own-home.ts'

test('the question says what comes in, and how secrets are recognised', async () => {
  const own = ownHome()
  own.put('.claude/CLAUDE.md', 'hello')
  const context = {
    host: { ...own.host, terminal: { stdin: true, stderr: true } },
    prompt: (question: string) => {
      throw new Error(question)
    },
  } as unknown as Context
  const config = { settings: { importConfig: 'ask' } } as unknown as Config
  const asked = decideImport(context, config, { agent: agents.claude, asks: true, never: false })
  const question = await asked.then(String, (error: Error) => error.message)
  for (const words of ['MCP servers', 'plugins', 'environment settings', 'by name and pattern only'])
    expect(question).toContain(words)
  own.remove()
})
