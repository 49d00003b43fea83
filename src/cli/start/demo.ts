import { randomBytes } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pickBackend } from '../../backends/pick.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { withCredential } from '../../credentials/credential.ts'
import { API_KEY, usualProvider } from '../../credentials/providers.ts'
import { type Door, LOOPBACK } from '../../demo/door.ts'
import { serveMessagesApi } from '../../demo/messages-api.ts'
import { demoPrompt, demoScript, readOutcomes } from '../../demo/script.ts'
import type { Host } from '../../host.ts'
import type { Request } from '../../network/log.ts'
import { HOST_NAME } from '../../network/names.ts'
import { printable } from '../../text.ts'
import { IN_FOREGROUND } from '../front-flags.ts'
import { green, red } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { atDoor } from './demo-door.ts'
import { startSession } from './start.ts'

export default verb({
  description: 'Show the box and its wall, without an account',
  details: 'It runs real Claude Code against a scripted model.',
  caller: 'agent',
  front: IN_FOREGROUND,
  starts: true,
  examples: [['paude demo', 'real Claude Code, a scripted model, a real wall']],
  async run(context) {
    const { settings } = await loadConfig(context.host, context.flags)
    const backend = await pickBackend(context.host, settings.backend)
    const shows = settings.dryRun || settings.printConfig
    const key = `demo-${randomBytes(24).toString('hex')}`
    const serve = (door: Door) => {
      const port = freePort(door.hostname)
      return serveMessagesApi({
        ...door,
        port,
        key,
        script: demoScript({ serviceHost: door.hostname, servicePort: port, variable: API_KEY.variable }),
      })
    }
    const api = shows ? serve(LOOPBACK) : await atDoor(context, { backend, settings }, serve)
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-demo-')))
    let log: readonly Request[] = []
    try {
      context.note(
        `a scripted model API answers at ${new URL(api.url).host} of this machine; the box will reach it as ${HOST_NAME}:${api.port} and nothing else`,
      )
      const code = await startSession(
        { ...context, host: demoHost(context.host, { folder, key, port: api.port }) },
        {
          run: { kind: 'agent', words: ['-p', demoPrompt, '--dangerously-skip-permissions'] },
          // Its model is scripted, and the key is made up.
          flags: { ...context.flags, agent: 'claude', backend: backend.name, login: 'outside' },
          throwAway: true,
          onEnd: (requests) => (log = requests),
        },
      )
      if (shows) return code
      const outcomes = readOutcomes(api.requests)
      context.answer('')
      context.answer(
        table(
          ['OUTCOME', 'WHAT', 'OBSERVED'],
          outcomes.map(({ title, observed, ok }) => [
            ok ? green('as claimed') : red('NOT AS CLAIMED'),
            title,
            printable(observed),
          ]),
          fit(context.host),
        ),
      )
      context.answer('')
      context.answer(
        table(
          ["PROXY'S LOG", 'HOST', 'RULE'],
          log.map(({ decision, host, port, rule }) => [decision, `${printable(host)}:${port}`, printable(rule)]),
          fit(context.host),
        ),
      )
      return code !== 0 ? code : outcomes.length > 0 && outcomes.every(({ ok }) => ok) ? 0 : 1
    } finally {
      await api.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

/** The caller's machine with the demo's folder, key and API in place of the caller's own. */
const demoHost = (host: Host, { folder, key, port }: { folder: string; key: string; port: number }): Host => ({
  ...host,
  cwd: folder,
  env: withCredential(host.env, usualProvider, {
    variable: API_KEY.variable,
    value: key,
    url: `http://${HOST_NAME}:${port}`,
  }),
  // A scripted answer reads no input.
  terminal: { ...host.terminal, stdin: true },
})

/** A port that is free now: the script names it before the API listens. */
function freePort(hostname: string): number {
  const probe = Bun.listen({ hostname, port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}
