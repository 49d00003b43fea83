import { type Agent, type Opening, ORIGIN_FILE } from '../../agents/agent.ts'
import { opensScreen } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { older } from '../../backends/version.ts'
import type { Config, Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { keysTitle } from '../../hold/keys.ts'
import { findProgram } from '../../host.ts'
import type { Argv, Plan, Step } from '../../plan/plan.ts'
import { renderFolded, renderPlan } from '../../plan/render.ts'
import { ask } from '../../run/ask.ts'
import { launchAttached, launchDetached, refuseTakenName } from '../../session/life/launch.ts'
import { MARK, requireOnHost, requireOpen, runOnHost } from '../../session/life/on-host.ts'
import { removePlan, startPlan } from '../../session/life/plans.ts'
import { handleOf } from '../../session/record/record.ts'
import { resolveOnHost } from '../../session/resolve/on-host.ts'
import { requirePrivate } from '../../state.ts'
import { readTimeout } from '../args.ts'
import { withAgentArgs } from './agent-args.ts'
import { noteOthers } from './others.ts'

type Wanted = {
  readonly config: Config
  readonly backend: Backend
  readonly agent: Agent
  readonly words: readonly string[]
  /** The conversation that is copied. */
  readonly origin: Opening['origin']
}

/** Starts an agent on a backend that isolates nothing: on a screen as a session, else on our streams in our place. Returns the exit code. */
export async function startOnHost(context: Context, { config, backend, agent, words: typed, origin }: Wanted): Promise<number> {
  const { settings } = config
  const words = withAgentArgs(typed, agent, settings)
  requireOpen(backend, settings)
  const screen = isOnScreen(context, settings, { agent, words })
  const ground = { by: 'backend', name: backend.name, screen } as const
  if (!screen && words.includes(ORIGIN_FILE))
    throw new PaudeError('unsupported', `${agent.title} copies a conversation on a screen only`, { hint: 'leave out the prompt' })
  if (!screen && !settings.dryRun) return await runOnHost(context, { config, agent, words, ground })
  if (!screen) return shown(context, settings, [handedOver([requireOnHost(context, { config, agent, words, ground }), ...words])])
  await requireUsable(context, backend, settings)
  const program = requireOnHost(context, { config, agent, words, ground })
  const { host, version } = context
  const { spec, record } = resolveOnHost({
    host,
    config,
    backend,
    agent,
    program,
    words,
    origin,
    mark: MARK,
    version,
    now: new Date(),
  })
  const timeout = readTimeout(settings.timeout)
  if (timeout > 0 && settings.detach)
    throw new PaudeError('usage', '--timeout does not end a session in the background', {
      hint: `id=$(paude --detach …); paude wait "$id" --timeout ${timeout} || paude stop "$id"`,
    })
  const plan = startPlan(backend, spec, { attached: !settings.detach, ...(timeout > 0 ? { timeout } : {}) })
  const removal = removePlan(backend, handleOf(record, spec.folder), { home: false })
  if (settings.dryRun) return shown(context, settings, plan, settings.detach ? [] : removal)
  noteOthers(context, record)
  requirePrivate(host)
  refuseTakenName(context, spec.name)
  const launch = settings.detach ? launchDetached : launchAttached
  try {
    return await launch(context, {
      ...{ backend, spec, record, plan, removal, first: [], throwAway: false },
      waits: settings.waitRemoval,
      holds: [`no sandbox: ${backend.name} on this machine`, ...leaveText(settings)].join(' · '),
    })
  } finally {
    context.moving.clear()
  }
}

/** Prints what would happen. */
function shown({ answer }: Context, { dryRun }: Settings, plan: Plan, afterwards: Plan = []): number {
  answer((dryRun === 'full' ? renderPlan : renderFolded)(plan, afterwards))
  return 0
}

/** The agent's program in our place, as a step of a plan that is shown. */
const handedOver = (argv: Argv): Step => ({ kind: 'attach', argv, terminal: true, stdin: true })

/** A prompt is answered on our streams, byte for byte: for that nothing has to hold a terminal. */
const isOnScreen = (
  { host: { terminal } }: Context,
  { detach }: Settings,
  { agent, words }: Pick<Wanted, 'agent' | 'words'>,
): boolean => agent.screen && opensScreen(agent.grammar, words) && (detach || (terminal.stdin && terminal.stdout))

const leaveText = ({ detachKeys }: Settings): readonly string[] =>
  detachKeys === 'none' ? [] : [`${keysTitle(detachKeys)} detaches`]

async function requireUsable(context: Context, backend: Backend, settings: Settings): Promise<void> {
  const { name, health } = backend
  if (findProgram(context.host, backend.program) === null)
    throw new PaudeError('backend-missing', `${name} is not installed`, { hint: health.mend.missing })
  const { version } = await ask(health.brief(context.host, settings), context.effects(backend))
  const [oldest] = health.tested
  if (version === '' || older(version, oldest))
    throw new PaudeError('backend-old', `${name} ${version || 'of an unknown version'} is older than ${oldest}`, {
      hint: health.mend.missing,
    })
}
