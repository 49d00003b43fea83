import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { isWider } from '../src/config/keys/rules.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const userFile = () => join(machine.home, '.config/paude/config.toml')

describe('the agent of a start', () => {
  test('is Claude when nobody says another one, and is shown with who said so', async () => {
    expect((await machine.paude(['config', 'get', 'agent'])).stdout).toBe('claude\n')
    machine.write(userFile(), 'agent = "claude"\n')
    expect((await machine.paude(['config', 'show', '--origin'])).stdout).toMatch(/^agent +claude +# user .*config\.toml:1$/m)
    const { stdout } = await machine.paude(['config', 'show', '--origin'], { env: { PAUDE_AGENT: 'claude' } })
    expect(stdout).toMatch(/^agent +claude +# environment PAUDE_AGENT$/m)
    expect((await machine.paude(['status'])).stdout).toContain('Claude Code')
  })

  test('that this paude does not run is refused with those that it runs', async () => {
    const { code, stderr } = await machine.paude(['-p', 'x'], { env: { PAUDE_AGENT: 'nobody' } })
    expect([code, stderr]).toEqual([
      125,
      expect.stringContaining('agent is "nobody": this paude runs claude, codex, gemini, shell, aider, '),
    ])
    machine.write(userFile(), 'version = 1\nagent = "nobody"\n')
    expect((await machine.paude(['-p', 'x'])).stderr).toContain(
      'agent is "nobody": this paude runs claude, codex, gemini, shell, aider, ',
    )
    expect(machine.calls()).toEqual([])
  })

  test('that a project names otherwise than the user opens', () => {
    expect(isWider('agent', 'another', 'claude')).toBe(true)
    expect(isWider('agent', 'claude', 'claude')).toBe(false)
  })

  test("is said by --agent with its name; another word is Claude's own and reaches it untouched", async () => {
    const named = await machine.paude(['--agent', 'codex', '--dry-run=full', 'exec', 'hello'], {
      env: { OPENAI_API_KEY: 'sk-x', CODEX_API_KEY: '' },
    })
    expect([named.code, named.stderr]).toEqual([0, ''])
    expect(named.stdout).toContain('set -- codex exec hello')
    expect((await machine.paude(['--agent=codex', 'exec', '--help'])).stdout).not.toContain('paude exec')

    const { code, stdout } = await machine.paude(['--dry-run=full', '--agent', 'reviewer', '-p', 'x'])
    expect(code).toBe(0)
    expect(stdout).toContain('--agent reviewer -p x')
  })

  test('that asks for a tunnel also without TLS is refused where nothing could add its credential', async () => {
    const at = (address: string, ...words: readonly string[]) =>
      machine.paude(['--agent', 'gemini', '--dry-run=full', ...words, '-p', 'x'], {
        env: { GEMINI_API_KEY: 'AIza-x', GOOGLE_GEMINI_BASE_URL: address },
      })
    const refused = await at('http://gateway.example.test')
    expect([refused.code, refused.stderr]).toEqual([
      125,
      expect.stringMatching(
        /credential of Gemini to http:\/\/gateway\.example\.test:80: .* a tunnel\n {2}→ .*--inject base-url\n/,
      ),
    ])
    for (const { code, stdout } of [
      await at('https://gateway.example.test'),
      await at('http://gateway.example.test', '--inject', 'base-url'),
    ]) {
      expect(code).toBe(0)
      expect(stdout).toContain('set -- gemini -p x')
      expect(stdout).not.toContain('AIza-x')
    }
  })
})
