import { statSync } from 'node:fs'
import type { Agent } from '../../agents/agent.ts'
import { isAgent } from '../../agents/names.ts'
import { unattendedBy } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { keyOf } from '../../config/keys/all.ts'
import type { Config, LayerName, Settings } from '../../config/keys/settings.ts'
import { rowOf } from '../../config/sections/rows.ts'
import type { Context } from '../../context.ts'
import { type ErrorCode, PaudeError } from '../../errors.ts'
import { findPrograms, type Host } from '../../host.ts'
import { handOver } from '../../run/hand-over.ts'
import { auditAlone } from '../../sinks/audit.ts'
import { shown } from '../../text.ts'
import type { SessionRecord } from '../record/record.ts'

/** Why an agent is to run without a sandbox, for the sentences about it. */
export type Ground =
  /** Nothing else works, and you said that it may. */
  | { readonly by: 'fallback'; readonly lacking: PaudeError }
  /** You named a backend that isolates nothing. */
  | { readonly by: 'backend'; readonly name: string; readonly screen: boolean }

export type OnHost = {
  readonly config: Config
  readonly agent: Agent
  readonly words: readonly string[]
  readonly ground: Ground
}

/** Runs the agent's own program of this machine, with the words as they are; nothing of the box holds there, so nothing may have been promised. */
export async function runOnHost(context: Context, { config, agent, words, ground }: OnHost): Promise<number> {
  const program = requireOnHost(context, { config, agent, words, ground })
  const { terminal, cwd } = context.host
  await auditAlone(context, { event: 'host', agent: agent.name, workspace: cwd })
  return await handOver([program, ...words], {
    terminal: terminal.stdin || terminal.stdout || terminal.stderr,
    env: { [MARK]: '1' },
    inherits: ground.by === 'backend' ? 'yours' : 'everything',
  })
}

/** Refuses a start of a session without a sandbox that was made earlier, where nobody may have one any more. Says that nothing is isolated. */
export function requireAgain(
  { host, warn }: Pick<Context, 'host' | 'warn'>,
  config: Config,
  { backend, id }: Pick<SessionRecord, 'backend' | 'id'>,
): void {
  const ground = { by: 'backend', name: backend, screen: true } as const
  const required = requiredSandbox(config)
  if (required !== null) throw refused(ground, `${required} forbids ${sayOf(ground)}`)
  if (Object.keys(config.managed).length > 0 && config.managed.backend !== backend)
    throw refused(ground, `the managed file ${host.managedFile} forbids ${sayOf(ground)}`)
  warn(`NOT ISOLATED: the agent of session ${id} runs directly on this machine, with your files, keys and network`)
}

/** The program that runs without a sandbox, or a refusal. Says that nothing is isolated. */
export function requireOnHost({ host, warn }: Context, { config, agent, words, ground }: OnHost): string {
  const required = requiredSandbox(config)
  if (required !== null) throw refused(ground, `${required} forbids ${sayOf(ground)}`)
  const broken = ground.by === 'fallback' ? brokenPromise(config, host) : unkept(config, host, ground)
  if (broken !== null)
    throw refused(
      ground,
      `${sayOf(ground)} is refused: ${broken} has no effect outside a sandbox`,
      ground.by === 'fallback' ? '' : '; or leave that out',
    )
  // Sensible in a sandbox, and typed for one.
  const unattended = unattendedBy(agent.grammar, words)
  if (unattended !== '')
    throw refused(
      ground,
      `${sayOf(ground)} is refused with ${unattended}: nothing would ask before the agent acts on this machine`,
      `; or leave out ${unattended}`,
    )
  const program = ownProgram(host, { program: agent.program, ground })
  warn(notIsolated(config, ground, program))
  return program
}

/** What is said at every start without a sandbox. */
function notIsolated({ settings }: Config, ground: Ground, program: string): string {
  const runs = `${shown(program)} runs directly on this machine, with your files, keys and network`
  return ground.by === 'fallback'
    ? `NOT ISOLATED: ${ground.lacking.message}, so ${runs}${settings.agentArgs.length > 0 ? ', and without agent_args' : ''}; for a sandbox: ${ground.lacking.hint}`
    : `NOT ISOLATED: ${runs}, since you chose the backend ${ground.name}; for a sandbox: ${SANDBOX}`
}

const SANDBOX = 'paude --backend auto'

const sayOf = (ground: Ground): string => (ground.by === 'fallback' ? 'fallback = "host"' : `backend = "${ground.name}"`)

const hintOf = (ground: Ground): string => (ground.by === 'fallback' ? ground.lacking.hint : `for a sandbox: ${SANDBOX}`)

/** A refusal: why there is no sandbox, and why there is nothing in its place. */
const refused = (ground: Ground, why: string, or = '', code: ErrorCode = 'refused'): PaudeError =>
  ground.by === 'fallback'
    ? new PaudeError(code, `${ground.lacking.message}, and ${why}`, { hint: `${hintOf(ground)}${or}`, cause: ground.lacking })
    : new PaudeError(code, why, { hint: `${hintOf(ground)}${or}` })

/** Tells a paude that is called by what we run: a script called claude may lead back to us, and again. */
export const MARK = 'PAUDE_ON_HOST'

/** Refuses a network that the backend cannot keep: without a wall, only an open one. */
export function requireOpen({ name, can }: Pick<Backend, 'name' | 'can'>, { network }: Pick<Settings, 'network'>): void {
  if (can.networks.includes(network)) return
  throw new PaudeError('unsupported', `${name} runs the agent on this machine itself, so it cannot restrict the network`, {
    hint: `paude --backend ${name} --network open; or leave --backend out for a sandbox`,
  })
}

/** Who forbids that an agent runs on this machine itself, in words; null for nobody. */
export const requiredSandbox = ({ settings, origins }: Config): string | null =>
  settings.sandbox === 'required' ? `security.sandbox = "required" (${shown(origins.sandbox[0]?.place ?? '')})` : null

/** What was said that nobody would keep, in words; null for nothing. */
export function brokenPromise(config: Config, { managedFile }: Pick<Host, 'managedFile'>): string | null {
  const { settings, managed } = config
  const typed = saidIn(config, 'flag', 'environment').filter(({ key }) => rowOf(key).withoutBox !== 'free')
  if (typed.length > 0) return typed.map(({ place }) => place).join(', ')
  if (settings.agent === 'shell') return SHELL
  // What runs there is a program of this machine, and its words and files are the project's.
  const closed = saidIn(config, 'project').filter(
    ({ key }) => rowOf(key).withoutBox === 'closes' || (key === 'agent' && !isAgent(settings.agent)),
  )
  if (closed.length > 0) return closed.map(placed).join(', ')
  return Object.keys(managed).length > 0 && managed.fallback !== 'host' ? `the managed file ${managedFile}` : null
}

/** The same where you chose it: nothing that anybody said is left out, and a project says nothing but which agent it is for. */
export function unkept(
  config: Config,
  { managedFile }: Pick<Host, 'managedFile'>,
  { name, screen }: Pick<Ground & { by: 'backend' }, 'name' | 'screen'>,
): string | null {
  const { settings, managed } = config
  const ruled = Object.keys(managed) as readonly (keyof Settings)[]
  if (ruled.length > 0 && (managed.backend !== name || ruled.some((key) => rowOf(key).onHost !== true)))
    return `the managed file ${managedFile}`
  if (settings.agent === 'shell') return SHELL
  // The agent's own variables are not paude's to keep: it gets them as they are.
  const isOwn = ({ layer, place }: Said) => layer === 'environment' && !place.startsWith('PAUDE_')
  const promised = (one: Said) => !NOTHING.includes(settings[one.key]) && !isOwn(one)
  const said = [
    ...saidIn(config, 'user', 'environment', 'flag').filter(
      ({ key }) => rowOf(key).onHost !== true || (!screen && OF_A_SCREEN.includes(key)),
    ),
    ...saidIn(config, 'project').filter(({ key }) => key !== 'agent' || !isAgent(settings.agent)),
  ]
  const kept = said.filter(promised)
  return kept.length === 0 ? null : kept.map(placed).join(', ')
}

/** Values that ask for nothing. */
const NOTHING: readonly unknown[] = [false, 'false', 'off', 'none', '']

const SHELL = 'agent = "shell"'

/** What a prompt that is answered on your streams cannot have. */
const OF_A_SCREEN: readonly (keyof Settings)[] = ['detach', 'sessionName', 'timeout']

type Said = { readonly key: keyof Settings; readonly layer: LayerName; readonly place: string }

/** What these layers say; a switch that is off says nothing. */
const saidIn = ({ settings, origins }: Config, ...layers: readonly LayerName[]): readonly Said[] =>
  (Object.keys(origins) as (keyof Settings)[]).flatMap((key) => {
    const origin = origins[key].find(({ layer }) => layers.includes(layer))
    return origin === undefined || settings[key] === false ? [] : [{ key, ...origin }]
  })

/** What is written in a file is named by its key. */
const placed = ({ key, layer, place }: Said): string =>
  layer === 'flag' || layer === 'environment' ? place : `${keyOf(key)} (${shown(place)})`

/** The agent's program in PATH that is not paude by another name. */
export function ownProgram(
  host: Pick<Host, 'env' | 'again' | 'self'>,
  { program, ground }: { readonly program: string; readonly ground: Ground },
): string {
  const found = [...findPrograms(host, program)]
  const other = found.find((path) => !isSame(path, host.again.at(-1) ?? host.self))
  if (other !== undefined && !host.env[MARK]) return other
  const why =
    found.length === 0
      ? `${program} is not in PATH${ground.by === 'fallback' ? ' either' : ''}`
      : `the ${program} in PATH, ${shown(found[0] ?? '')}, is paude itself`
  throw refused(
    ground,
    `${why}, so ${sayOf(ground)} has no program to run`,
    '',
    ground.by === 'fallback' ? ground.lacking.code : 'command-not-found',
  )
}

/** Whether two paths lead to one file, by whatever links. */
function isSame(path: string, other: string): boolean {
  const [one, two] = [statSync(path), statSync(other)]
  return one.dev === two.dev && one.ino === two.ino
}
