import { ownFlags } from '../config/keys/own-flags.ts'
import type { Layer } from '../config/keys/settings.ts'
import { readVariables } from '../config/layers/read-flags.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Args } from './args.ts'

export type FlagName = (typeof ownFlags)[number]['name']

/** Always, or only together with one of these flags of the verb, spelled `--user --project`. */
type Condition = true | `--${string}`

/** What a verb makes of paude's own flags. A flag that it does not take is refused by name: the user expects an effect. */
export type Front = {
  readonly takes: Readonly<Partial<Record<FlagName, Condition>>>
  /** Whether it changes anything; then it never runs under PAUDE_DRY_RUN or PAUDE_PRINT_CONFIG. */
  readonly acts: Condition | false
}

/** Flags that always have an effect. */
export const taking = (...names: readonly FlagName[]): Front['takes'] => Object.fromEntries(names.map((name) => [name, true]))

/** Flags that have an effect only together with one of the verb. */
export const only = (flag: `--${string}`, ...names: readonly FlagName[]): Front['takes'] =>
  Object.fromEntries(names.map((name) => [name, flag]))

const allBut = (...names: readonly FlagName[]): Front['takes'] =>
  taking(...ownFlags.map(({ name }) => name).filter((name) => !names.includes(name)))

/** It only reads, and nothing that a start can be told matters to it. */
export const READS: Front = { takes: {}, acts: false }

/** It changes something, and cannot show that without doing it. */
export const ACTS: Front = { takes: {}, acts: true }

/** It carries out a plan, which can be printed instead. */
export const PLANS: Front = { takes: taking('dry-run'), acts: true }

/** It starts a box. */
export const STARTS: Front = { takes: allBut(), acts: true }

/** It starts a box for the agent of another session. */
export const COPIES: Front = { takes: allBut('agent'), acts: true }

/** It makes the box of a session anew. */
export const REMAKES: Front = {
  takes: allBut(
    ...(['agent', 'backend', 'workspace', 'dirty', 'base', 'session-name', 'detach', 'bg', 'timeout'] as const),
    ...(['wait-removal', 'sync-claude-config', 'print-config', 'force'] as const),
  ),
  acts: true,
}

/** It starts a box that uses no login of yours, with an agent of its choice, and stays until that has ended. */
export const IN_FOREGROUND: Front = { takes: allBut('agent', 'detach', 'bg', 'login-inside'), acts: true }

/** It shows every setting of a start here. */
export const SHOWS: Front = { takes: allBut('dry-run', 'print-config'), acts: false }

/** It tells what kind of box a start here would make. */
export const LOOKS: Front = {
  takes: allBut(
    ...([
      'dry-run',
      'print-config',
      'detach',
      'bg',
      'session-name',
      'timeout',
      'wait-removal',
      'sync-claude-config',
      'force',
      'quiet',
    ] as const),
  ),
  acts: false,
}

export const alsoTaking = (front: Front, takes: Front['takes']): Front => ({ ...front, takes: { ...front.takes, ...takes } })

/** What decides which image a start here uses. */
export const OF_IMAGES = [
  'agent',
  'image',
  'agent-version',
  'ca-file',
  'devcontainer',
  'profile',
  'ignore-project-config',
] as const

/** What the self-test takes of a start; project, hosts and provider are its own. */
export const OF_SELFTEST = taking(
  'backend',
  'agent-version',
  'pull',
  'inject',
  'cpus',
  'memory',
  'read-only-root',
  'no-new-privileges',
  'seccomp',
  'ca-file',
  'profile',
)

/** The decision of a verb, and how the verb is called: `paude network allow`. */
/** With what was typed, and a line that is right: it answers a missing word. */
export type Named = Front & { readonly called: string; readonly example?: string | undefined }

type Said = {
  readonly args: Args
  /** Flags of the verb itself that were given. */
  readonly given: Readonly<Record<string, unknown>>
  /** Own flags that were typed, without dashes, and what they say. */
  readonly names: readonly string[]
  readonly layer: Layer
}

/**
 * Whether a verb is to print what it would do. Refuses own flags that would have no effect, and a verb that would act although a
 * variable says that nothing is to be run. All other variables are settings of a start: one of a shell's profile must not break `paude sessions`.
 */
export function isRehearsal({ env }: Pick<Host, 'env'>, front: Named, said: Said): boolean {
  refuseIneffective(front, said)
  if (!holds(front.acts, said.given)) return false
  const { PAUDE_DRY_RUN, PAUDE_PRINT_CONFIG, PAUDE_DETACH } = env
  const variables = readVariables({ PAUDE_DRY_RUN, PAUDE_PRINT_CONFIG, ...(stays(front) ? { PAUDE_DETACH } : {}) })
  const { dryRun, printConfig, detach }: Layer = { ...variables, ...said.layer }
  if (printConfig && !front.takes['print-config']) throw kept('PAUDE_PRINT_CONFIG', front, UNSEEN)
  if (dryRun && !front.takes['dry-run']) throw kept('PAUDE_DRY_RUN', front, UNSEEN)
  if (detach && stays(front)) throw kept('PAUDE_DETACH', front, 'stays in the foreground')
  return Boolean(dryRun)
}

/** Refuses every own flag that would have no effect. */
function refuseIneffective(front: Named, { args, given, names, layer }: Said): void {
  for (const name of names) {
    if (isOff(name, layer)) continue
    const condition = front.takes[name as FlagName]
    if (condition === undefined) throw refusal(name, { ...front, acts: holds(front.acts, given) }, args)
    if (!holds(condition, given))
      throw new PaudeError('usage', `${front.called} takes --${name} only with ${flagsOf(condition).join(' or ')}`, {
        hint: `leave --${name} out, or add ${flagsOf(condition)[0]}`,
      })
  }
}

/** `--dry-run=false` asks for nothing. */
const isOff = (name: string, layer: Layer): boolean => ownFlags.some((flag) => flag.name === name && layer[flag.key] === false)

const flagsOf = (condition: Condition | false): readonly string[] => String(condition).split(' ')

const holds = (condition: Condition | false, given: Said['given']): boolean =>
  typeof condition === 'boolean' ? condition : flagsOf(condition).some((flag) => given[flag.slice(2)] !== undefined)

const UNSEEN = 'cannot show what it would do'

/** Whether it starts a box, and never in the background. */
const stays = ({ takes }: Front): boolean =>
  takes.network !== undefined && takes.detach === undefined && takes['dry-run'] === true

const kept = (variable: string, { called }: Named, why: string): PaudeError =>
  new PaudeError('usage', `${variable} is set, and ${called} ${why}`, { hint: `env -u ${variable} ${called} …` })

/** Why an own flag has no effect at a verb, and what to type instead. */
export function refusal(name: string, front: Named, args: Args): PaudeError {
  const own = args[name]
  if (own !== undefined && own.type !== 'positional' && name !== 'dry-run')
    return new PaudeError('usage', `${front.called} takes --${name} after the verb`, {
      hint: `${front.called} --${name}${'valueHint' in own && own.valueHint ? `=${own.valueHint}` : ''} …`,
    })
  return new PaudeError('usage', `${front.called} takes no --${name}${reason(name, front)}`, {
    hint: `leave it out: ${front.called} …`,
  })
}

function reason(name: string, front: Front): string {
  if (name === 'dry-run') return front.acts === false ? ': it changes nothing' : `: it ${UNSEEN}`
  if (name === 'agent' && front.takes.network !== undefined) return ': it chooses the agent itself'
  return stays(front) ? ': it stays in the foreground' : ', which is for starts'
}
