import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { agentOfRecord } from '../../agents/registry.ts'
import { need } from '../../backends/backend.ts'
import { released } from '../../box/owner.ts'
import type { SessionSpec } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ASTRAY, cutWords, parseLog, type Request, UNREACHABLE, withBeginning } from '../../network/log.ts'
import { isEntry, openingEntry, type Proposal, proposal, proposalText } from '../../network/proposal.ts'
import { isOf, ofProviders, reachOf } from '../../network/reach.ts'
import { isQuiet, readReceipt } from '../../network/receipt.ts'
import { execute } from '../../run/execute.ts'
import { lastWords } from '../../run/last-words.ts'
import { LEFT } from '../../run/process.ts'
import { question } from '../../run/question.ts'
import { printable } from '../../text.ts'
import { dropCloneRemote } from '../clone/remote.ts'
import { audit } from '../record/audited.ts'
import type { Found } from '../record/found.ts'
import { readKept } from '../record/kept.ts'
import { readNoted } from '../record/noted.ts'
import { keepPast } from '../record/past.ts'
import { configChanges } from '../record/shadows.ts'
import { isAsWritten, readRecord } from '../record/store.ts'
import { policyNow } from '../resolve/policy.ts'
import { removeWorktree } from '../worktree/remove.ts'
import { unlockTrees } from '../worktree/unlock.ts'
import { keepsClone } from './clone-end.ts'
import { copyNews, noteCopies } from './copies.ts'
import { warnOfMemory } from './memory-end.ts'
import { findNewExecutables, warnOfNewExecutables, warnOnce } from './new-executables.ts'
import { warnOfFault } from './provider-watch.ts'
import type { Remover } from './remover.ts'
import type { Review } from './review.ts'

export type Ended = Found & {
  readonly spec: SessionSpec
  readonly code: number
  readonly remover: Remover
  /** Whether paude ends only when all of it is gone. */
  readonly waits: boolean
  /** Made for this once, as a demo is: nobody starts it again, so nothing is advised. */
  readonly throwAway: boolean
  /** Told what the session asked the proxy for, before everything is removed; in place of what is said of it. */
  readonly onEnd: ((requests: readonly Request[]) => void) | undefined
  /** Decides what becomes of what the session left, once that is named. */
  readonly onFindings: ((review: Review) => void | Promise<void>) | undefined
  /** What was said of its provider; '' for nothing. */
  readonly told: string
}

/** What follows an agent in the foreground: it was detached from and goes on, or it ended and everything goes. */
export async function finishSession(context: Context, ended: Ended): Promise<number> {
  const { backend, spec, code, remover, waits, onEnd } = ended
  const effects = context.effects(backend)
  if (code === LEFT) {
    await execute(released(spec.folder), effects)
    context.note(`detached; the session keeps running: paude attach ${spec.name || spec.id}`)
    warnOfFault(context, spec.folder)
    warnOnce(context, ended)
    return 0
  }
  const proxy = await lookAtProxy(ended)
  // It may have been changed meanwhile.
  const record = isAsWritten(spec) ? ended.record : (readRecord(context.host, ended.record.id) ?? ended.record)
  await audit(context, record, { event: 'end', code })
  const stays = await keepsClone(context, { ...ended, record })
  // What paude starts for itself is its own to tell.
  const kept = readKept(spec.folder)
  const planted = findNewExecutables(record, kept, stays ? '' : 'past')
  if (onEnd === undefined && !stays) {
    const review = kept !== null && planted.findings.length > 0
    keepRead(context, { record, folder: spec.folder, requests: proxy.text, code: null, review })
  }
  await warnOfMemory(context, { ...ended, record }, code)
  const isNameless = spec.network.mode === 'none' && code !== 0 && lacksNames(spec)
  const news = copyNews(ended.record, spec.folder)
  if (!stays) dropCloneRemote(context, record)
  // Nobody has to wait for the engine to take it away.
  if (waits && !stays) await remover.gone()
  else if (!stays) remover.leave()
  refuseBrokenWall(proxy)
  const asked = proxy.text === '' ? [] : parseLog(proxy.text, policyNow(record, Date.now() / 1000))
  onEnd?.(asked)
  warnOfNewExecutables(context, planted)
  if (kept !== null) await ended.onFindings?.({ record, folder: spec.folder, kept, planted })
  await noteCopies(context, news)
  unlockTrees(context.host, record)
  if (!stays) removeWorktree(context, record)
  const others = warnOfProvider(context, ended, asked)
  const missing = cutWords(proxy)
  if (missing !== '') context.note(missing)
  warnOfAstray(context, asked)
  if (onEnd === undefined) noteBlocked(context, others, ended.throwAway ? null : ended.record.ports)
  if (isNameless) noteNoNetwork(context)
  if (spec.network.mode === 'record') noteRecorded(context, proposal(asked, spec.network.policy))
  return code
}

/** Keeps what can be read of a session that goes. That it cannot, as on a full disk, must not keep it from going. */
export function keepRead(
  { host, warn }: Pick<Context, 'host' | 'warn'>,
  what: Omit<Parameters<typeof keepPast>[1], 'shadows'>,
): void {
  try {
    keepPast(host, { ...what, shadows: configChanges(what.record, what.folder).length > 0 })
  } catch (error) {
    warn(`paude cannot keep the record of session ${what.record.id}: ${printable((error as Error).message)}`)
  }
}

/** What the proxy has to say at the end: its log, and where the agent may never have started its receipt and its last words. */
async function lookAtProxy({ backend, handle, spec, code }: Ended) {
  const { mode } = spec.network
  const hasProxy = mode !== 'none' && backend.wall !== null
  const noted = hasProxy ? readNoted(spec.folder) : ''
  // What was asked for is noted before its answer is read; where nothing was, the engine need not be asked.
  const asks = hasProxy && (mode !== 'open' || code === 125) && !isQuiet(noted)
  const requests = asks ? await question(need(backend, 'wall').requests(handle, { follow: false })).catch(() => null) : null
  const beginning = withBeginning(mode === 'open' ? '' : noted, mode === 'open' ? '' : (requests?.stdout ?? ''))
  // A box whose proxy never answered has told nothing.
  const silent = hasProxy && code === 125 && readReceipt(noted) === null
  return { ...beginning, receipt: readReceipt(noted), complaints: silent ? (requests?.stderr ?? '') : '' }
}

function refuseBrokenWall({ receipt, complaints }: Awaited<ReturnType<typeof lookAtProxy>>): void {
  const words = lastWords(complaints)
  if (words !== '')
    throw new PaudeError('self-test', `the proxy ended before the agent was started; the end of its output:\n${words}`, {
      hint: 'paude doctor',
    })
  if (receipt?.ok === false)
    throw new PaudeError('self-test', 'the wall around the agent is broken, so the agent was not started', {
      hint: 'paude selftest',
    })
}

/** Says what was wrong with the provider, unless that was said before. Returns the requests of which not all is said. */
function warnOfProvider({ warn }: Context, { record, told }: Ended, asked: readonly Request[]): readonly Request[] {
  const injections = ofProviders(record.injections)
  const reach = reachOf(asked, injections, agentOfRecord(record)?.providers.map(({ address }) => address) ?? [])
  const fault = reach === null || reach.reached ? '' : reach.fault
  if (fault !== '' && fault !== told) warn(printable(fault))
  return fault === '' ? asked : asked.filter((request) => !isOf(request, injections))
}

/** Words by which programs say that a name was not found. */
const UNRESOLVED =
  /could(n't| not) resolve|name or service not known|failure in name resolution|getaddrinfo|EAI_AGAIN|ENOTFOUND|failed to lookup address|dial tcp: lookup|unknown host|network is unreachable/i

/** Whether the screen that a command left says so: its holder wrote that to a file, so no engine is asked. Of a pipe nothing is kept. */
function lacksNames({ terminal, folder }: SessionSpec): boolean {
  if (!terminal) return false
  try {
    return UNRESOLVED.test(readFileSync(join(folder, 'screen.txt'), 'utf8'))
  } catch {
    return false
  }
}

const noteNoNetwork = ({ note }: Pick<Context, 'note'>): void =>
  note('this session had no network; paude run --network restricted … allows the allowlist, --network-allow HOST one host')

function noteRecorded({ note }: Context, { entries }: Proposal): void {
  const places = entries.length === 1 ? '1 place' : `${entries.length} places`
  if (entries.length === 0) note('recorded no new host: everything is allowed already')
  else note(`recorded ${places}; review them before you allow them:\n${proposalText({ entries, impossible: [] })}`)
}

/** No honest program sends a placeholder elsewhere. */
function warnOfAstray({ warn }: Context, requests: readonly Request[]): void {
  const places = new Set(requests.flatMap(({ rule, host, port }) => (rule === ASTRAY ? [`${printable(host)}:${port}`] : [])))
  if (places.size > 0)
    warn(
      `the sandbox sent the placeholder of a credential where it does not belong; the proxy blocked it: ${[...places].join(', ')}`,
    )
}

function noteBlocked({ note }: Context, requests: readonly Request[], ports: readonly number[] | null): void {
  for (const words of blockedWords(requests, ports)) note(words)
}

/** What the wall refused, for people. `ports` are those of hosts that are allowed without one; null where no later start could allow any. */
export function blockedWords(requests: readonly Request[], ports: readonly number[] | null): readonly string[] {
  const blocked = requests.filter(({ decision, rule }) => decision === 'blocked' && rule !== ASTRAY)
  const names = (list: readonly Request[]) => [...new Set(list.map(({ host, port }) => `${printable(host)}:${port}`))]
  const closed = blocked.filter(({ rule }) => !UNREACHABLE.includes(rule))
  const unlisted = names(closed)
  const unreachable = names(blocked.filter(({ rule }) => UNREACHABLE.includes(rule)))
  const first = closed.find(({ host, port }) => isEntry(`${host}:${port}`))
  const advice =
    ports === null
      ? ''
      : first === undefined
        ? '; an entry cannot allow an IP address or a short name'
        : `; to allow: paude --network-allow ${printable(openingEntry(first, ports))}`
  return [
    ...(unlisted.length === 0
      ? []
      : [
          `${unlisted.length === 1 ? `blocked 1 host: ${unlisted[0]}` : `blocked ${unlisted.length} hosts, such as ${unlisted[0]}`}${advice}`,
        ]),
    ...(unreachable.length === 0
      ? []
      : [`allowed but not reached, since the name was not found or has a private address: ${unreachable.join(', ')}`]),
  ]
}
