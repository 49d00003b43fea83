import { setDefaultTimeout } from 'bun:test'
import { join } from 'node:path'
import { fetchGemini } from '../../scripts/agents.ts'
import { serveGenerateApi } from '../support/generate-api.ts'
import { describeParity } from './agent-parity.ts'
import { cases, together } from './gemini-cases.ts'
import { backends } from './support.ts'

setDefaultTimeout(600_000) // ms: tests run side by side, so most of it is waiting

describeParity({
  agent: 'gemini',
  host: backends().length === 0 ? [] : await fetchGemini(),
  cases,
  together,
  lasting: { words: ['-p', 'SLEEP 3000;;SAY over'], prompt: 'SLEEP 3000;;SAY over' },
  serve: serveGenerateApi,
  newKey: () => `AIza-real-${crypto.randomUUID()}`,
  address: (machine, port) => `http://${machine}:${port}`,
  environment: {
    host: (key, address) => ({ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: address, ...ONE_PROCESS }),
    box: (key, address) => ({ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: address, PAUDE_INJECT: 'base-url' }),
  },
  home: () => ({ '.gemini/settings.json': JSON.stringify(SETTINGS) }),
  asked: ({ path, parts }) => (path.includes(':stream') ? [path, ...parts] : []),
  plain: (text) =>
    text
      .replace(/("timestamp": ?)"[^"]+"/g, '$1"<time>"')
      .replace(/("\w*(?:LatencyMs|[dD]urationMs|duration_ms)": ?)\d+/g, '$1"<ms>"')
      .replace(/(_)\d{13}(_\d+")/g, '$1<time>$2')
      .replace(/(total duration: )\d+ms/g, '$1<ms>')
      .replace(/(gemini-client-error-[\w.]+-sendMessageStream-)[\dTZ-]+/g, '$1<time>')
      // Places in its own program.
      .replace(/file:\/\/\S+(?=\/@google\/gemini-cli\/)/g, '<program>'),
  id: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  // There is ripgrep in a sandbox.
  stderr: (text) => text.replace('Ripgrep is not available. Falling back to GrepTool.\n', ''),
})

/** As in a sandbox. What node made of the program is kept, which saves a third of a call. */
const ONE_PROCESS = { GEMINI_CLI_NO_RELAUNCH: 'true', NODE_COMPILE_CACHE: join(import.meta.dir, '../../.cache/gemini/compiled') }

/** What a user of Gemini on this machine has. */
const SETTINGS = {
  security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
  privacy: { usageStatisticsEnabled: false },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, sessionRetention: { enabled: false } },
}
