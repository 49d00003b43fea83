import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Agent, TokenLogin } from '../../agents/agent.ts'
import type { Config } from '../../config/keys/settings.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isCode, loginAddress, loginToken, refusedBecause } from '../../login/page.ts'
import type { Hold } from '../../plan/plan.ts'
import type { Attached } from '../../run/process.ts'
import { openPty, type Pty } from '../../run/pty.ts'
import { type Secret, secret } from '../../secret.ts'
import { launchAttached } from '../../session/life/launch.ts'
import { removePlan, startPlan } from '../../session/life/plans.ts'
import { prepareSession } from '../../session/life/prepare.ts'
import { handleOf } from '../../session/record/record.ts'
import { requirePrivate } from '../../state.ts'
import { printable } from '../../text.ts'
import { linkOf, openBrowser } from './browser.ts'
import { readHidden } from './hidden.ts'

/** Cells: wide, so that neither an address nor a token is broken over lines. */
const SIZE = { columns: 2500, rows: 60 }

/** Characters of its output that are read. */
const MOST = 1_000_000

/** Milliseconds until it has printed its address, in which it answers a code, and in which it shows that it was pasted. */
const PATIENCE = 120_000
const ECHO = 3_000

/**
 * Runs the agent's own login in a throw-away box that may reach the login hosts alone, without a project, and returns the token that it
 * prints. The user sees none of its output: what is needed of it is read, judged and shown in paude's own words.
 */
export async function tokenFromBox(context: Context, agent: Agent, login: TokenLogin): Promise<Secret> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'paude-login-')))
  // It draws on a terminal of ours, whatever yours is.
  const env = { ...context.host.env, TERM: 'xterm-256color' }
  const host = { ...context.host, cwd: folder, env, terminal: { stdin: true, stdout: true, stderr: true } }
  try {
    // The image of your sessions need not have the agent; one that you name here must.
    const config = boxConfig(await loadConfig(host, { ...context.flags, image: context.flags.image ?? '' }), login)
    const run = { kind: 'command', argv: login.argv } as const
    const prepared = await prepareSession({ ...context, host }, { config, agent, run })
    const { backend, record, images } = prepared
    // What is printed is the token, and no engine needs to keep it.
    const spec = { ...prepared.spec, unlogged: true as const }
    requirePrivate(host)
    const talk = conversation(context, login)
    const code = await launchAttached(
      { ...context, host, effects: (one) => ({ ...context.effects(one), hold: talk.hold }) },
      {
        ...{
          backend,
          spec,
          record,
          first: images.first,
          waits: true,
          throwAway: true,
          holds: `the login of ${agent.title} runs in a sandbox of its own, which can reach only ${login.hosts.join(' and ')}`,
        },
        plan: startPlan(backend, spec, { attached: true, ...(images.rescue === undefined ? {} : { rescue: images.rescue }) }),
        removal: removePlan(backend, handleOf(record, spec.folder), { home: false }),
        onEnd: () => undefined,
      },
    )
    return (
      talk.token() ??
      raise(
        new PaudeError('command-failed', `the login of ${agent.title} ended without a token (exit code ${code})`, {
          hint: 'try again: paude login; or use a key: paude login --api-key',
        }),
      )
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What you set for sessions is not for a login: no mount, no variable, no other host. Ways out, limits and certificates stay. */
const boxConfig = ({ settings, origins, ...rest }: Config, { hosts }: TokenLogin): Config => ({
  ...rest,
  settings: {
    ...settings,
    ...{ network: 'restricted', networkAllow: hosts, networkGroups: [], mount: [], repos: [], overlay: [] },
    ...{ env: [], references: [], credentials: [], wantsCredentials: [], lifecycle: [], forwardPorts: [] },
    ...{ workspaceMode: 'bind', dirty: 'false', detach: false, sessionName: '', timeout: '' },
  },
  origins: { ...origins, networkAllow: hosts.map(() => ({ layer: 'default', place: 'paude login' })) },
})

type Conversation = { readonly hold: (step: Hold) => Promise<Attached>; readonly token: () => Secret | null }

/** Speaks with the program on its terminal, and with the user on ours. */
function conversation(context: Context, login: TokenLogin): Conversation {
  let found: Secret | null = null
  return {
    token: () => found,
    hold: async (step) => {
      let raw = ''
      let wake: () => void = () => undefined
      const decoder = new TextDecoder()
      const pty: Pty = openPty(step.argv, {
        size: SIZE,
        onData: (bytes) => {
          raw += decoder.decode(bytes, { stream: true })
          if (raw.length > MOST) pty.kill('SIGHUP')
          wake()
        },
      })
      let ended = false
      const over = pty.exited.finally(() => {
        ended = true
        wake()
      })
      /** Waits until `see` finds something in what was printed since; null when the program ends, or says nothing more for long. */
      const until = async <T>(from: number, see: (text: string) => T | null, patience = PATIENCE): Promise<T | null> => {
        const end = Date.now() + patience
        for (;;) {
          const seen = see(Bun.stripANSI(raw.slice(from)))
          if (seen !== null || ended || Date.now() > end) return seen
          const { promise, resolve } = Promise.withResolvers<void>()
          wake = resolve
          const timer = setTimeout(resolve, Math.max(0, end - Date.now()))
          await promise
          clearTimeout(timer)
        }
      }
      /** Presses Enter until it is heard: what has just been drawn may not listen yet. */
      const again = async (from: number): Promise<void> => {
        for (let tries = 0; tries < 3; tries++) {
          pty.write('\r')
          if ((await until(from, (text) => (text.trim() === '' ? null : true), ECHO)) !== null) return
        }
      }
      const talk = async (): Promise<void> => {
        for (let from = 0; ; ) {
          const address = await until(from, (text) => loginAddress(text, login))
          if (address === null) return
          const opened = openBrowser(context.host, address)
          context.note(`${opened ? 'your browser opens' : 'open'} this address and log in:\n${linkOf(context.host, address)}`)
          const code = await askCode(context, login)
          from = raw.length
          pty.write(code)
          // In one piece with the code, Enter would be a part of what was pasted.
          await until(from, (text) => (text.includes('*') ? true : null), ECHO)
          pty.write('\r')
          const answer = await until(from, (text) => loginToken(text, login) ?? refusedBecause(text, login))
          const token = loginToken(Bun.stripANSI(raw.slice(from)), login)
          if (token !== null) {
            found = secret(token)
            return
          }
          if (answer === null) return
          context.warn(printable(answer))
          from = raw.length
          await again(from)
        }
      }
      const exited = talk().then(
        async () => {
          // It ends by itself once it has printed the token, and is not waited for where it has none.
          if (found === null) pty.kill('SIGHUP')
          return await over
        },
        async (error: unknown) => {
          pty.kill('SIGHUP')
          await over
          throw error
        },
      )
      return { exited, kill: pty.kill }
    },
  }
}

async function askCode(context: Context, login: TokenLogin): Promise<string> {
  for (;;) {
    const code = await readHidden(context, 'paste the code that the page shows (hidden), then Enter: ')
    if (isCode(code, login)) return code
    context.note('the code is not complete: copy all of it, with the # in the middle, and paste it again')
  }
}

function raise(error: Error): never {
  throw error
}
