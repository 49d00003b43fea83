import type { Agent } from '../../agents/agent.ts'
import { agents } from '../../agents/registry.ts'
import { pathsIn } from '../../agents/words.ts'
import { type Backend, need } from '../../backends/backend.ts'
import { noEngine, pickBackend } from '../../backends/pick.ts'
import type { Handle } from '../../box/handle.ts'
import { released } from '../../box/owner.ts'
import { mountsOf, type SessionSpec } from '../../box/spec.ts'
import type { Layer } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { usualProvider } from '../../credentials/providers.ts'
import { PaudeError } from '../../errors.ts'
import { keepBounded } from '../../events/file.ts'
import { parseLog, type Request, UNREACHABLE, withBeginning } from '../../network/log.ts'
import { isEntry, openingEntry, type Proposal, proposal, proposalText } from '../../network/proposal.ts'
import { isOf, reachOf } from '../../network/reach.ts'
import type { Plan } from '../../plan/plan.ts'
import { renderPlan } from '../../plan/render.ts'
import { execute } from '../../run/execute.ts'
import { lastWords } from '../../run/last-words.ts'
import { capture, LEFT } from '../../run/process.ts'
import { chooseImages } from '../../session/life/images.ts'
import { removePlan, startPlan } from '../../session/life/plans.ts'
import { warnOfPlanted } from '../../session/life/planted.ts'
import { warnOfFault, watchProvider } from '../../session/life/provider-watch.ts'
import { readNoted } from '../../session/record/noted.ts'
import { handleOf, type SessionRecord } from '../../session/record/record.ts'
import { readRecord, readRecords } from '../../session/record/store.ts'
import { lookAround } from '../../session/resolve/look.ts'
import { obstacles } from '../../session/resolve/obstacles.ts'
import { outside } from '../../session/resolve/outside.ts'
import { policyNow } from '../../session/resolve/policy.ts'
import { insistOutside, withProvider } from '../../session/resolve/provider.ts'
import { resolveSession, type Wish } from '../../session/resolve/resolve.ts'
import { weakening } from '../../session/resolve/security.ts'
import { unsetReferences } from '../../session/resolve/variables.ts'
import { insistPrivate } from '../../state.ts'
import { printable } from '../../text.ts'
import { readTimeout } from '../args.ts'
import { printConfig } from '../config/print-config.ts'
import { startConfig } from '../config/start-config.ts'
import { cutWords } from '../network/because.ts'

export type Start = {
  /** The one of the configuration when absent. */
  readonly agent?: Agent
  readonly run: Wish['run']
  readonly flags: Layer
  /** Whether `fallback` counts: only for the plain start of an agent. */
  readonly mayFallBack?: boolean
  /** The HOME volume goes with the session. */
  readonly throwAway?: boolean
  /** Looked at before a session in the background is said to be there; what it throws takes the session back. */
  readonly check?: (backend: Backend, handle: Handle) => Promise<void>
  /** Told what the session asked the proxy for, before everything is removed. */
  readonly onEnd?: (requests: readonly Request[]) => void
}

/** Starts a session: everything is looked up and decided first, then carried out, or only shown. Returns the exit code. */
export async function startSession(context: Context, start: Start): Promise<number> {
  const { run, flags, throwAway = false, mayFallBack = false, check, onEnd } = start
  const { host, answer, note, warn, version } = context
  const config = await startConfig(context, flags)
  const { settings } = config
  const agent = start.agent ?? agents[settings.agent]
  const { dryRun, printConfig: prints, fallback } = settings
  const free = run.kind === 'agent' && mayFallBack && fallback === 'host' && !dryRun && !prints
  const lacking = free ? await noEngine(host, settings.backend) : null
  if (run.kind === 'agent' && lacking !== null) {
    const { runOnHost } = await import('../../session/life/on-host.ts')
    return await runOnHost(context, { config, agent, words: run.words, lacking })
  }
  const backend = await pickBackend(host, settings.backend)
  insistOutside(settings, host)
  const around = await lookAround(host, config, backend)
  const images = await chooseImages(context, { settings, extraCa: around.extraCa, backend, kind: run.kind })
  const provided = run.kind === 'agent' ? await withProvider(host, config, dryRun || prints ? 'look' : 'start') : host
  const { spec, record } = resolveSession({
    host: provided,
    config,
    backend,
    agent,
    around,
    run,
    images,
    version,
    now: new Date(),
  })
  if (settings.printConfig) {
    answer(printConfig(config, { spec, backend, host }))
    return 0
  }
  const timeout = readTimeout(settings.timeout)
  if (timeout > 0 && settings.detach)
    throw new PaudeError('usage', '--timeout needs somebody who stays: it does not end a session in the background', {
      hint: `id=$(paude --detach …); paude wait "$id" --timeout ${timeout} || paude stop "$id"`,
    })
  const session = startPlan(backend, spec, {
    attached: !settings.detach,
    ...(timeout > 0 ? { timeout } : {}),
    ...(images.rescue === undefined ? {} : { rescue: images.rescue }),
  })
  const plan = [...images.first, ...session]
  const removal = removePlan(backend, handleOf(record, spec.folder), { home: throwAway })
  if (settings.dryRun) {
    answer(renderPlan(plan, settings.detach ? [] : removal))
    return 0
  }
  const named = run.kind === 'agent' ? pathsIn(agent.grammar, run.words) : []
  for (const line of [...around.workspace.notes, ...outside(named, host, mountsOf(spec)), ...unsetReferences(settings, host.env)])
    note(line)
  if (run.kind === 'agent')
    for (const line of obstacles({ agent, words: run.words, config, host: provided, spec, record })) warn(printable(line))
  if (settings.network === 'open') warn('the network is open: the agent can reach every host this machine can')
  if (settings.network === 'record')
    warn(
      'record mode: the agent can reach every public host; only private, loopback, link-local and metadata addresses are blocked',
    )
  const weaker = weakening(spec.security, config.origins)
  if (weaker !== null) warn(weaker)
  const wanted = record.network === 'none' ? [] : (record.forwardPorts ?? [])
  if (wanted.length > 0)
    note(
      `forwardPorts ${wanted.join(', ')}: paude forward ${spec.id} brings ${wanted.length === 1 ? 'it' : 'them'} to this machine`,
    )
  insistPrivate(host)
  refuseTakenName(context, spec)
  const effects = context.effects(backend)
  if (settings.detach) {
    const code = await execute(plan, effects)
    await check?.(backend, handleOf(record, spec.folder)).catch(async (error: unknown) => {
      await execute(removal, effects)
      throw error
    })
    answer(spec.id)
    return code
  }
  // A session with a screen has a holder that sees to it.
  const unwatch = spec.terminal ? () => undefined : keepBounded(spec.folder)
  let unlook: () => void = () => undefined
  let told = ''
  const began = () => {
    unlook = watchProvider({ backend, handle: handleOf(record, spec.folder), record }, (fault) => {
      told = fault
      if (fault !== '') warn(printable(fault))
    })
  }
  try {
    return await execute(plan, { ...effects, began }, (code) => {
      unlook()
      return finish(context, { backend, spec, record, code, removal, onEnd, told })
    })
  } finally {
    unlook()
    unwatch()
  }
}

function refuseTakenName({ host }: Context, { name }: SessionSpec): void {
  const other = name === '' ? undefined : readRecords(host).find((record) => record.name === name)
  if (other !== undefined)
    throw new PaudeError('name-taken', `a session named ${name} exists already: ${other.id}`, {
      hint: `paude start ${name} goes on with it, paude rm ${name} removes it`,
    })
}

type Ended = {
  readonly backend: Backend
  readonly spec: SessionSpec
  readonly record: SessionRecord
  readonly code: number
  readonly removal: Plan
  readonly onEnd: Start['onEnd']
  /** What was said of its provider; '' for nothing. */
  readonly told: string
}

/** What follows an agent in the foreground: it was detached from and goes on, or it ended and everything goes. */
async function finish(context: Context, { backend, spec, record, code, removal, onEnd, told }: Ended): Promise<number> {
  const effects = context.effects(backend)
  const handle = handleOf(record, spec.folder)
  if (code === LEFT) {
    await execute(released(spec.folder), effects)
    context.note(`detached, the session goes on: paude attach ${spec.name || spec.id}`)
    warnOfFault(context, spec.folder)
    return 0
  }
  const { mode } = spec.network
  const hasProxy = mode !== 'none'
  const noted = hasProxy ? readNoted(spec.folder) : ''
  const [requests, receipt] = await Promise.all([
    hasProxy ? capture(need(backend, 'wall').requests(handle, { follow: false })).catch(() => null) : null,
    code === 125 && hasProxy ? capture(need(backend, 'wall').receipt(handle)).catch(() => null) : null,
  ])
  // It may have been changed meanwhile; where nothing was asked for, nobody needs to know.
  const beginning = withBeginning(mode === 'open' ? '' : noted, mode === 'open' ? '' : (requests?.stdout ?? ''))
  const { text: log } = beginning
  const last = log === '' ? record : (readRecord(context.host, record.id) ?? record)
  await execute(removal, effects)
  const words = /^paude: the proxy did not answer/m.test(receipt?.stderr ?? '') ? lastWords(requests?.stderr ?? '') : ''
  if (words !== '')
    throw new PaudeError('self-test', `the proxy ended before the agent was started; its last words:\n${words}`, {
      hint: 'paude doctor looks at the engine',
    })
  if (receipt !== null && /"ok":false/.test(receipt.stdout))
    throw new PaudeError('self-test', 'the wall around the agent did not hold, so the agent was not started', {
      hint: 'paude selftest shows which probe got out',
    })
  const asked = log === '' ? [] : parseLog(log, policyNow(last, Date.now() / 1000))
  onEnd?.(asked)
  warnOfPlanted(context, record)
  const reach = reachOf(asked, record.injections, usualProvider.address.variable)
  const fault = reach === null || reach.reached ? '' : reach.fault
  if (fault !== '' && fault !== told) context.warn(printable(fault))
  const missing = cutWords(beginning)
  if (missing !== '') context.note(missing)
  // Of the provider all is said.
  const others = fault === '' ? asked : asked.filter((request) => !isOf(request, record.injections))
  if (onEnd === undefined) noteBlocked(context, others, record.ports)
  if (spec.network.mode === 'record') noteRecorded(context, proposal(asked, spec.network.policy))
  return code
}

function noteRecorded({ note }: Context, { entries }: Proposal): void {
  const places = entries.length === 1 ? '1 place' : `${entries.length} places`
  if (entries.length === 0) note('recorded nothing that is not allowed already')
  else note(`recorded ${places}, to be read before they are allowed:\n${proposalText({ entries, impossible: [] })}`)
}

/** `ports` are those of hosts that are allowed without one. */
function noteBlocked({ note }: Context, requests: readonly Request[], ports: readonly number[]): void {
  const blocked = requests.filter(({ decision }) => decision === 'blocked')
  const names = (list: readonly Request[]) => [...new Set(list.map(({ host, port }) => `${printable(host)}:${port}`))]
  const closed = blocked.filter(({ rule }) => !UNREACHABLE.includes(rule))
  const unlisted = names(closed)
  const unreachable = names(blocked.filter(({ rule }) => UNREACHABLE.includes(rule)))
  const first = closed.find(({ host, port }) => isEntry(`${host}:${port}`))
  if (unlisted.length > 0)
    note(
      `${unlisted.length === 1 ? `blocked 1 host: ${unlisted[0]}` : `blocked ${unlisted.length} hosts, such as ${unlisted[0]}`}; ${
        first === undefined
          ? 'no entry can allow an address or what has no full name'
          : `to allow: paude --network-allow ${printable(openingEntry(first, ports))}`
      }`,
    )
  if (unreachable.length > 0)
    note(`allowed but not reached, since the name was not found or leads to a private address: ${unreachable.join(', ')}`)
}
