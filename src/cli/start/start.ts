import type { Agent } from '../../agents/agent.ts'
import { agentOf } from '../../agents/registry.ts'
import { isRemoteWish } from '../../backends/names.ts'
import { noEngine, wantedRemote } from '../../backends/pick.ts'
import { backends } from '../../backends/registry.ts'
import type { Config, Layer, Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Plan } from '../../plan/plan.ts'
import { renderFolded, renderPlan } from '../../plan/render.ts'
import { storePlan } from '../../session/clone/store.ts'
import { snapshotPlan } from '../../session/clone/uncommitted.ts'
import { requireFreeHome } from '../../session/life/home-free.ts'
import { type Launch, launchAttached, launchDetached, refuseTakenName } from '../../session/life/launch.ts'
import { removePlan, startPlan } from '../../session/life/plans.ts'
import { noSandbox, type Prepared, prepareSession } from '../../session/life/prepare.ts'
import { handleOf } from '../../session/record/record.ts'
import { askedOf, farConfig } from '../../session/resolve/far.ts'
import type { Wish } from '../../session/resolve/wish.ts'
import { requirePrivate } from '../../state.ts'
import { readTimeout } from '../args.ts'
import { printConfig } from '../config/print-config.ts'
import { startConfig } from '../config/start-config.ts'
import { withAgentArgs } from './agent-args.ts'
import { requireConfigFlags } from './config-flags.ts'
import { decideImport, noteLeft } from './decide-import.ts'
import { forewarn } from './forewarn.ts'
import { inWorktree } from './in-worktree.ts'
import { offerDevcontainer } from './offer-devcontainer.ts'
import { noteOthers } from './others.ts'
import { settleCredential } from './require-credential.ts'
import { startLine } from './start-line.ts'

export type Start = Pick<Launch, 'check' | 'onEnd'> & {
  readonly run: Wish['run']
  readonly flags: Layer
  /** The plain start of an agent: `fallback` counts, and who works on the same files already is said. */
  readonly plain?: boolean
  /** What a backup makes of the decided start: its workspace, and what comes into its volumes. */
  readonly restore?: (prepared: Prepared) => { readonly prepared: Prepared; readonly fill: Plan }
  /** The HOME volume goes with the session. */
  readonly throwAway?: boolean
}

/** Starts a session: everything is looked up and decided first, then carried out, or only shown. Returns the exit code. */
export async function startSession(context: Context, start: Start): Promise<number> {
  const { run: said, flags, throwAway = false, plain = false } = start
  if (said.kind === 'agent' && !throwAway) await offerDevcontainer(context, flags)
  const read = await startConfig(context, flags)
  const config = farConfig(read, wantedRemote(context.host, askedOf(read)) !== null)
  const { settings } = config
  const agent = agentOf(settings)
  requireConfigFlags(context, config, start.onEnd === undefined && !throwAway)
  const lacking = plain && said.kind === 'agent' ? await lackingEngine(context, config) : null
  if (lacking !== null && said.kind === 'agent') {
    const { runOnHost } = await import('../../session/life/on-host.ts')
    return await runOnHost(context, { config, agent, words: said.words, ground: { by: 'fallback', lacking } })
  }
  const named = settings.backend === 'auto' || isRemoteWish(settings.backend) ? null : backends[settings.backend]
  if (named?.can.isolation === 'none') {
    if (said.kind !== 'agent' || !(plain || said.origin !== undefined)) throw noSandbox(named)
    const { startOnHost } = await import('./on-host.ts')
    return await startOnHost(context, { config, backend: named, agent, words: said.words, origin: said.origin })
  }
  const { run, lack, decided } = await settled(context, { run: said, config, agent, throwAway })
  return await inWorktree(context, decided, async (place) => {
    const found = await prepareSession(place.context, {
      config: throwAway ? ownless(place.config) : place.config,
      agent,
      run,
      made: place.made,
    })
    if (start.restore !== undefined && found.backend.remote !== null)
      throw new PaudeError('unsupported', 'a backup cannot be restored on another machine', {
        hint: 'paude restore --backend auto …',
      })
    const { prepared, fill } = start.restore?.(found) ?? { prepared: found, fill: [] }
    return await shownOrDone(place.context, prepared, { ...start, config, lack, fill })
  })
}

type Unsettled = Pick<Start, 'run' | 'throwAway'> & { readonly config: Config; readonly agent: Agent }

/** A start with the words of the configuration, once its credential and your own set-up of the agent are settled. */
export async function settled(
  context: Context,
  { run: said, config, agent, throwAway = false }: Unsettled,
): Promise<{ readonly run: Wish['run']; readonly lack: string; readonly decided: Config }> {
  const { settings } = config
  const run = throwAway ? said : withArgs(said, agent, settings)
  const shows = Boolean(settings.dryRun) || settings.printConfig
  const asked = run.kind === 'command' ? null : { config, agent, words: run.words }
  const { config: granted, lack } = asked === null ? { config, lack: '' } : await settleCredential(context, asked, shows)
  const decided = await decideImport(context, granted, { agent, asks: asked !== null && !shows, never: throwAway })
  return { run, lack, decided }
}

/** What is thrown away uses no credential of the user's. */
const ownless = (config: Config): Config => ({
  ...config,
  settings: { ...config.settings, credentials: [], wantsCredentials: [] },
})

/** `config` is as it was read, and `lack` what a start would lack. */
type Decided = Start & { readonly config: Config; readonly lack: string; readonly fill: Plan }

async function shownOrDone(context: Context, prepared: Prepared, start: Decided): Promise<number> {
  const { config, lack, fill, throwAway = false } = start
  const { settings } = config
  const { backend, spec, record } = prepared
  const { answer, host } = context
  if (settings.printConfig) {
    answer(printConfig(config, { spec, backend, host }))
    return 0
  }
  const plan = planOf(prepared, fill)
  const removal = removePlan(backend, handleOf(record, spec.folder), { home: throwAway })
  if (settings.dryRun) {
    const render = settings.dryRun === 'full' ? renderPlan : renderFolded
    answer(render([...prepared.images.first, ...plan], settings.detach ? [] : removal, lack))
    if (lack !== '') context.note(lack)
    return 0
  }
  return await carriedOut(context, prepared, { ...start, plan, removal })
}

type Planned = Start & Pick<Launch, 'plan' | 'removal'>

/** Says what there is to say before it, and carries the start out. */
async function carriedOut(context: Context, prepared: Prepared, start: Planned): Promise<number> {
  const { backend, spec, record, images, around, config } = prepared
  const { plan, removal, throwAway = false, plain = false, check, onEnd } = start
  await requireFreeHome(context, backend, record)
  forewarn(context, prepared)
  noteLeft(context, around.imported)
  if (plain) noteOthers(context, record)
  requirePrivate(context.host)
  refuseTakenName(context, spec.name)
  const launch = config.settings.detach ? launchDetached : launchAttached
  try {
    const code = await launch(context, {
      backend,
      spec,
      record,
      first: images.first,
      plan,
      removal,
      waits: config.settings.waitRemoval || throwAway,
      throwAway,
      check,
      onEnd,
      onFindings: throwAway
        ? undefined
        : async (review) => (await import('../sessions/ask-review.ts')).afterSession(context, review),
      look: await blockLook(context, prepared, onEnd === undefined),
      holds: startLine(prepared),
    })
    if (config.settings.syncConfig) await (await import('../sessions/ask-sync.ts')).syncAfter(context, record)
    return code
  } finally {
    context.moving.clear()
  }
}

/** Tells of blocked hosts where no holder does. A session in the background without a screen has nobody who could. */
async function blockLook(context: Context, { config, spec }: Prepared, isYours: boolean): Promise<Launch['look']> {
  const { notify, detach } = config.settings
  if (!isYours || detach || spec.terminal || !notify.on.includes('blocked')) return undefined
  const [{ channelsOf }, { tellBlocksHere }] = await Promise.all([
    import('../../sinks/notify/settings.ts'),
    import('../screen/tell-blocks.ts'),
  ])
  return channelsOf(notify).length === 0 ? undefined : (found) => tellBlocksHere(context, notify, found)
}

/** What was typed is kept beside it: a new box of the session gets the `agent_args` of its own day. */
function withArgs(run: Wish['run'], agent: Agent, settings: Settings): Wish['run'] {
  if (run.kind !== 'agent') return run
  const words = withAgentArgs(run.words, agent, settings)
  return words === run.words ? run : { ...run, words, typed: run.words }
}

/** Why no engine works, where the agent may then run on this machine; else null. */
async function lackingEngine({ host }: Context, config: Config) {
  const { fallback, dryRun, printConfig } = config.settings
  return fallback === 'host' && !dryRun && !printConfig ? await noEngine(host, askedOf(config)) : null
}

function planOf({ backend, spec, images, config, around }: Prepared, fill: Plan): Plan {
  const { settings } = config
  const timeout = readTimeout(settings.timeout)
  if (timeout > 0 && settings.detach)
    throw new PaudeError('usage', '--timeout does not end a session in the background', {
      hint: `id=$(paude --detach …); paude wait "$id" --timeout ${timeout} || paude stop "$id"`,
    })
  return startPlan(backend, spec, {
    store: clonePlan(spec, around),
    fill,
    attached: !settings.detach,
    ...(timeout > 0 ? { timeout } : {}),
    ...(images.rescue === undefined ? {} : { rescue: images.rescue }),
  })
}

function clonePlan(spec: Prepared['spec'], { clone, workspace: { root } }: Prepared['around']): Plan {
  if (clone === null) return []
  const { store, uncommitted } = clone
  return [...storePlan(store, clone), ...(uncommitted === null ? [] : snapshotPlan(spec, { root, ...clone, uncommitted }))]
}
