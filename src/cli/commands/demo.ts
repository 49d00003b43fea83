import { randomBytes } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { claude } from '../../agents/claude.ts'
import type { Backend } from '../../backends/backend.ts'
import { pickBackend } from '../../backends/pick.ts'
import { loadConfig } from '../../config/load.ts'
import { serveMessagesApi } from '../../demo/messages-api.ts'
import { demoPrompt, demoScript, readOutcomes } from '../../demo/script.ts'
import type { Host } from '../../host.ts'
import { HOST_NAME } from '../../network/allow.ts'
import type { Request } from '../../network/log.ts'
import { capture } from '../../run/process.ts'
import type { Context } from '../context.ts'
import { green, printable, red, table } from '../output.ts'
import { startSession } from '../start.ts'

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'demo',
      description: 'Show the box and its wall with real Claude Code and a scripted model: no account needed',
    },
    async run() {
      const { settings } = await loadConfig(context.host, context.flags)
      const backend = await pickBackend(context.host, settings.backend)
      const address = await hostAddress(backend, context.host)
      const key = `demo-${randomBytes(24).toString('hex')}`
      const port = freePort(address)
      const script = demoScript({ serviceHost: address === '0.0.0.0' ? '127.0.0.1' : address, servicePort: port })
      const api = serveMessagesApi({ hostname: address, port, key, script })
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-demo-')))
      let log: readonly Request[] = []
      try {
        context.note(
          `a scripted model API answers on port ${api.port} of this machine; the box will reach it as ${HOST_NAME}:${api.port} and nothing else`,
        )
        const code = await startSession(
          { ...context, host: demoHost(context.host, { folder, key, port: api.port }) },
          {
            agent: claude,
            run: { kind: 'agent', words: ['-p', demoPrompt, '--dangerously-skip-permissions'] },
            flags: { ...context.flags, backend: backend.name as 'docker' | 'podman' },
            throwAway: true,
            onEnd: (requests) => (log = requests),
          },
        )
        if (settings.dryRun || settings.printConfig) return code
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
          ),
        )
        context.answer('')
        context.answer(
          table(
            ["PROXY'S LOG", 'HOST', 'RULE'],
            log.map(({ decision, host, port, rule }) => [decision, `${printable(host)}:${port}`, printable(rule)]),
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
  env: {
    ...host.env,
    ANTHROPIC_AUTH_TOKEN: undefined,
    CLAUDE_CODE_OAUTH_TOKEN: undefined,
    ANTHROPIC_API_KEY: key,
    ANTHROPIC_BASE_URL: `http://${HOST_NAME}:${port}`,
  },
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

/** Where the API must listen so that only this machine's containers reach it. */
async function hostAddress(backend: Backend, { platform }: Host): Promise<string> {
  // On other systems the engine's machine forwards to the user's loopback.
  if (platform !== 'linux') return '127.0.0.1'
  if (backend.name !== 'docker') return '0.0.0.0' // podman's bridge does not exist before its first container
  const { code, stdout } = await capture([
    'docker',
    'network',
    'inspect',
    'bridge',
    '--format={{(index .IPAM.Config 0).Gateway}}',
  ])
  const address = stdout.trim()
  return code === 0 && /^\d+(\.\d+){3}$/.test(address) ? address : '0.0.0.0'
}
