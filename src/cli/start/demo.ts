import { randomBytes } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../config/layers/load.ts'
import { withCredential } from '../../credentials/credential.ts'
import { API_KEY, usualProvider } from '../../credentials/providers.ts'
import { type Door, LOOPBACK } from '../../demo/door.ts'
import { type MessagesApi, serveMessagesApi } from '../../demo/messages-api.ts'
import { demoPrompt, demoScript, type Outcome, readOutcomes } from '../../demo/script.ts'
import { interrupted, PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { HOST_NAME } from '../../network/names.ts'
import { pickHere } from '../../session/resolve/far.ts'
import { printable } from '../../text.ts'
import { IN_FOREGROUND } from '../front-flags.ts'
import { bold, dim, green, red } from '../streams/output.ts'
import { type CommandContext, verb } from '../verb.ts'
import { atDoor } from './demo-door.ts'
import { startSession } from './start.ts'

export default verb({
  description: 'Show the sandbox and its wall, without an account',
  details: 'It runs real Claude Code against a scripted model.',
  caller: 'agent',
  front: IN_FOREGROUND,
  starts: true,
  examples: [
    ['paude demo', 'four steps with Claude Code, a scripted model and a real wall'],
    ['paude demo --chat', "Claude Code's screen; you write the script"],
  ],
  args: { chat: { type: 'boolean', description: "Open Claude Code's screen; each prompt is a script, like BASH ls" } },
  async run(context, { chat = false }) {
    const { host } = context
    const config = await loadConfig(host, context.flags)
    const { settings } = config
    const backend = await pickHere(context, config, 'demo')
    const shows = settings.dryRun || settings.printConfig
    if (chat && !shows && !(host.terminal.stdin && host.terminal.stdout))
      throw new PaudeError('unsupported', 'paude demo --chat needs a terminal on stdin and stdout', { hint: 'paude demo' })
    const key = `demo-${randomBytes(24).toString('hex')}`
    const serve = (door: Door) => {
      const port = freePort(door.hostname)
      const target = { serviceHost: door.hostname, servicePort: port, variable: API_KEY.variable }
      return serveMessagesApi({ ...door, port, key, ...(chat ? {} : { script: demoScript(target) }) })
    }
    context.moving.show(`preparing the demo on ${backend.name}`)
    const api = shows ? serve(LOOPBACK) : await atDoor(context, { backend, settings }, serve)
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-demo-')))
    try {
      context.note(
        `a scripted model answers at ${new URL(api.url).host} of this machine (${HOST_NAME}:${api.port} in the sandbox); Claude Code, the sandbox and its wall are real`,
      )
      if (chat) context.note(CHAT)
      const act =
        chat || shows ? (run: () => Promise<number>) => run() : (run: () => Promise<number>) => played(context, api, run)
      const code = await act(() =>
        startSession(
          { ...context, host: demoHost(host, { folder, key, port: api.port, chat }) },
          {
            run: { kind: 'agent', words: [...(chat ? [] : ['-p', demoPrompt]), '--dangerously-skip-permissions'] },
            // Its model is scripted, and the key is made up.
            flags: {
              ...context.flags,
              agent: 'claude',
              backend: backend.name,
              login: 'outside',
              workspaceMode: 'bind',
              dirty: 'false',
            },
            throwAway: true,
            // What was refused is what it shows.
            ...(chat ? {} : { onEnd: () => undefined }),
          },
        ),
      )
      // Claude Code ends with a command that resumes.
      if (chat && !shows) context.note('paude has removed the demo and its session; to start again: paude demo --chat')
      return code
    } finally {
      await api.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
})

const CHAT =
  'each prompt is a script: SAY hello · BASH ls · WRITE notes.txt text · READ notes.txt; steps are joined by ;; and /exit ends it'

/** Plays the script, and ticks off each step as its result arrives. Returns the exit code. */
async function played(context: CommandContext, api: MessagesApi, run: () => Promise<number>): Promise<number> {
  let told = 0
  const tell = (last: boolean) => {
    const outcomes = readOutcomes(api.requests)
    for (; told < outcomes.length && (last || outcomes[told]?.reported); told++)
      context.answer(outcomeLine(outcomes[told] as Outcome))
    return outcomes
  }
  let stopped = false
  const onSignal = () => {
    stopped = true
  }
  process.on('SIGINT', onSignal)
  const looking = setInterval(() => tell(false), LOOK)
  try {
    const code = await run()
    if (stopped) throw interrupted()
    const outcomes = tell(true)
    const held = outcomes.every(({ ok }) => ok)
    context.answer(
      held
        ? `\n${bold(green('the wall held'))}\n${dim('next:')} cd your-project && paude`
        : `\n${bold(red('the wall did not hold'))}\n${dim('→')} paude selftest`,
    )
    return code !== 0 ? code : held ? 0 : 1
  } finally {
    clearInterval(looking)
    process.off('SIGINT', onSignal)
  }
}

/** Milliseconds between two looks at what the agent has reported. */
const LOOK = 100

const outcomeLine = ({ title, expected, observed, ok }: Outcome): string =>
  ok ? `${green('✓')} ${title}: ${expected}` : `${red('✗')} ${title}: ${red('NOT AS CLAIMED')} (${printable(observed)})`

type Made = { readonly folder: string; readonly key: string; readonly port: number; readonly chat: boolean }

/** The caller's machine with the demo's folder, key and API in place of the caller's own. */
const demoHost = (host: Host, { folder, key, port, chat }: Made): Host => ({
  ...host,
  cwd: folder,
  env: withCredential(host.env, usualProvider, {
    variable: API_KEY.variable,
    value: key,
    url: `http://${HOST_NAME}:${port}`,
  }),
  // A scripted answer reads no input.
  terminal: chat ? host.terminal : { ...host.terminal, stdin: true },
})

/** A port that is free now: the script names it before the API listens. */
function freePort(hostname: string): number {
  const probe = Bun.listen({ hostname, port: 0, socket: { data() {} } })
  const { port } = probe
  probe.stop(true)
  return port
}
