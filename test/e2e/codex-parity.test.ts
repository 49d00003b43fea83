import { setDefaultTimeout } from 'bun:test'
import { fetchCodex } from '../../scripts/agents.ts'
import { serveResponsesApi } from '../support/responses-api.ts'
import { describeParity } from './agent-parity.ts'
import { cases, together } from './codex-cases.ts'
import { backends } from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side, so most of it is waiting

const hostCodex = backends().length === 0 ? '' : process.env['PAUDE_TEST_CODEX'] || (await fetchCodex())

describeParity({
  agent: 'codex',
  host: hostCodex === '' ? [] : [hostCodex],
  cases,
  together,
  lasting: { words: ['exec', 'SLEEP 3000;;SAY over'], prompt: 'SLEEP 3000;;SAY over' },
  serve: serveResponsesApi,
  newKey: () => `sk-proj-real-${crypto.randomUUID()}`,
  address: (machine, port) => `http://${machine}:${port}/v1`,
  environment: {
    host: (key, address) => ({ CODEX_API_KEY: key, OPENAI_BASE_URL: address }),
    box: (key, address) => ({ OPENAI_API_KEY: key, OPENAI_BASE_URL: address }),
  },
  home: (cwd, address) => ({ '.codex/config.toml': settings(cwd, address) }),
  asked: ({ method, parts }) => (method === 'POST' ? parts : []),
  plain: (text) => text,
  id: /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  stderr: null,
})

/** What a user of Codex on the host has: its own provider, no sandbox, and nothing that is not the model. */
function settings(cwd: string, address: string): string {
  return `openai_base_url = ${JSON.stringify(address)}
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[projects.${JSON.stringify(cwd)}]
trust_level = "trusted"
[analytics]
enabled = false
[features]
plugins = false
daemon_auto_start = false
api_key_model_discovery = false
`
}
