import { afterEach, beforeEach, expect, test } from 'bun:test'
import { agents } from '../../src/agents/registry.ts'
import { decideImport } from '../../src/cli/start/decide-import.ts'
import type { Config } from '../../src/config/keys/settings.ts'
import type { Context } from '../../src/context.ts'
import { ownHome } from './own-home.ts'

let own: ReturnType<typeof ownHome>
beforeEach(() => {
  own = ownHome()
  own.put('.claude/CLAUDE.md', 'hello')
})
afterEach(() => own.remove())

/** The question that a start on a terminal asks; '' for none. */
async function asked(backend: string): Promise<string> {
  const context = {
    host: { ...own.host, terminal: { stdin: true, stderr: true } },
    prompt: (question: string) => {
      throw new Error(question)
    },
  } as unknown as Context
  const config = { settings: { importConfig: 'ask', backend } } as unknown as Config
  const decided = decideImport(context, config, { agent: agents.claude, asks: true, never: false })
  return await decided.then(
    () => '',
    (error: Error) => error.message,
  )
}

test.each(['auto', 'docker', 'kubernetes'])(
  'the question says what comes in, and how secrets are recognised: %s',
  async (backend) => {
    const question = await asked(backend)
    for (const words of ['MCP servers', 'plugins', 'environment settings', 'by name and pattern only'])
      expect(question).toContain(words)
  },
)
