import { statSync } from 'node:fs'
import type { Agent } from '../../agents/agent.ts'
import { isAgent } from '../../agents/names.ts'
import { unattendedBy } from '../../agents/words.ts'
import { keyOf } from '../../config/keys/all.ts'
import type { Config, LayerName, Settings } from '../../config/keys/settings.ts'
import { rowOf } from '../../config/sections/rows.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { findPrograms, type Host } from '../../host.ts'
import { handOver } from '../../run/hand-over.ts'
import { auditAlone } from '../../sinks/audit.ts'
import { shown } from '../../text.ts'

export type OnHost = {
  readonly config: Config
  readonly agent: Agent
  readonly words: readonly string[]
  /** Why there is no box. */
  readonly lacking: PaudeError
}

/** Runs the agent's own program of this machine, with the words as they are; nothing of the box holds there, so nothing may have been promised. */
export async function runOnHost(context: Context, { config, agent, words, lacking }: OnHost): Promise<number> {
  const { host, warn } = context
  const required = requiredSandbox(config)
  if (required !== null)
    throw new PaudeError('refused', `${lacking.message}, and ${required} forbids fallback = "host"`, {
      hint: lacking.hint,
      cause: lacking,
    })
  const broken = brokenPromise(config, host)
  if (broken !== null)
    throw new PaudeError(
      'refused',
      `${lacking.message}, and fallback = "host" is refused: ${broken} has no effect outside a sandbox`,
      { hint: lacking.hint, cause: lacking },
    )
  // Sensible in a sandbox, and typed for one.
  const unattended = unattendedBy(agent.grammar, words)
  if (unattended !== '')
    throw new PaudeError(
      'refused',
      `${lacking.message}, and fallback = "host" is refused with ${unattended}: nothing would ask before the agent acts on this machine`,
      { hint: `${lacking.hint}; or leave out ${unattended}`, cause: lacking },
    )
  const program = ownProgram(host, { program: agent.program, lacking })
  const { terminal } = host
  warn(
    `NOT ISOLATED: ${lacking.message}, so ${shown(program)} runs directly on this machine, with your files, keys and network${config.settings.agentArgs.length > 0 ? ', and without agent_args' : ''}; for a sandbox: ${lacking.hint}`,
  )
  await auditAlone(context, { event: 'host', agent: agent.name, workspace: host.cwd })
  return await handOver([program, ...words], {
    terminal: terminal.stdin || terminal.stdout || terminal.stderr,
    env: { [MARK]: '1' },
  })
}

/** Tells a paude that is called by what we run: a script called claude may lead back to us, and again. */
const MARK = 'PAUDE_ON_HOST'

/** Who forbids that an agent runs on this machine itself, in words; null for nobody. */
export const requiredSandbox = ({ settings, origins }: Config): string | null =>
  settings.sandbox === 'required' ? `security.sandbox = "required" (${shown(origins.sandbox[0]?.place ?? '')})` : null

/** What was said that nobody would keep, in words; null for nothing. */
export function brokenPromise({ settings, origins, managed }: Config, { managedFile }: Pick<Host, 'managedFile'>): string | null {
  const said = (...layers: readonly LayerName[]) =>
    (Object.keys(origins) as (keyof Settings)[]).flatMap((key) => {
      const origin = origins[key].find(({ layer }) => layers.includes(layer))
      return origin === undefined || settings[key] === false ? [] : [{ key, place: origin.place }]
    })
  const typed = said('flag', 'environment').filter(({ key }) => rowOf(key).withoutBox !== 'free')
  if (typed.length > 0) return typed.map(({ place }) => place).join(', ')
  if (settings.agent === 'shell') return 'agent = "shell"'
  // What runs there is a program of this machine, and its words and files are the project's.
  const closed = said('project').filter(
    ({ key }) => rowOf(key).withoutBox === 'closes' || (key === 'agent' && !isAgent(settings.agent)),
  )
  if (closed.length > 0) return closed.map(({ key, place }) => `${keyOf(key)} (${shown(place)})`).join(', ')
  return Object.keys(managed).length > 0 && managed.fallback !== 'host' ? `the managed file ${managedFile}` : null
}

/** The agent's program in PATH that is not paude by another name. */
export function ownProgram(
  host: Pick<Host, 'env' | 'again' | 'self'>,
  { program, lacking }: { readonly program: string; readonly lacking: PaudeError },
): string {
  const found = [...findPrograms(host, program)]
  const other = found.find((path) => !isSame(path, host.again.at(-1) ?? host.self))
  if (other !== undefined && !host.env[MARK]) return other
  const why =
    found.length === 0 ? `${program} is not in PATH either` : `the ${program} in PATH, ${shown(found[0] ?? '')}, is paude itself`
  throw new PaudeError(lacking.code, `${lacking.message}, and ${why}, so fallback = "host" has no program to run`, {
    hint: lacking.hint,
    cause: lacking,
  })
}

/** Whether two paths lead to one file, by whatever links. */
function isSame(path: string, other: string): boolean {
  const [one, two] = [statSync(path), statSync(other)]
  return one.dev === two.dev && one.ino === two.ino
}
