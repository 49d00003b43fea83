import { need } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { clock } from '../../network/clock.ts'
import { plainEntry } from '../../network/decide.ts'
import { ASTRAY, type Counted, cutWords, NOT_TLS, parseLog, type Request, timeOfFirst, withBeginning } from '../../network/log.ts'
import { isEntry } from '../../network/proposal.ts'
import { lines } from '../../run/process.ts'
import { question } from '../../run/question.ts'
import { findSession } from '../../session/life/find.ts'
import type { Found } from '../../session/record/found.ts'
import { readNoted } from '../../session/record/noted.ts'
import { findPast, hasPast, pastRequests } from '../../session/record/past.ts'
import { readRecord } from '../../session/record/store.ts'
import { policyNow } from '../../session/resolve/policy.ts'
import { carryToEnd } from '../../session/wall/take-up.ts'
import { withoutNetwork } from '../../session/wall/without-network.ts'
import { printable } from '../../text.ts'
import { follow as followFlag, json as jsonFlag, lastOne, latest, readSince, readTail, recent, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { answerLines, green, red, yellow } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { because, inVain } from './because.ts'

export const showLog = verb({
  description: 'Show every request of a session',
  front: READS,
  args: {
    session,
    blocked: { type: 'boolean', description: 'Show only blocked requests' },
    follow: { ...followFlag, description: 'Show new requests as they come' },
    ...recent,
    last: lastOne,
    json: { type: 'boolean', description: 'Print one JSON object per line' },
  },
  examples: [
    ['paude network log --follow', 'and new ones as they come'],
    ['paude network log --tail 20', 'the last 20; --since 10m shows the last ten minutes'],
    ['paude network log --blocked --json', 'blocked requests, one JSON object per line'],
  ],
  async run(context, { session: word, blocked, follow, json, ...given }) {
    const [tail, since] = [readTail(given.tail), readSince(given.since)]
    if (given.last && follow)
      throw new PaudeError('usage', '--last and --follow cannot be combined', { hint: 'leave one of them out' })
    const show = (all: readonly Request[]): number => {
      const requests = latest(wanted(all), { tail, since }, ({ time }) => time)
      if (json)
        answerLines(
          context,
          requests.map((request) => JSON.stringify(request)),
        )
      else if (requests.length === 0) context.note(blocked ? 'nothing was blocked' : 'the session requested nothing')
      else context.answer(table(['TIME', 'DECISION', 'METHOD', 'HOST', 'BYTES', 'RULE'], requests.map(cells), fit(context.host)))
      return 0
    }
    const wanted = (requests: readonly Request[]) => requests.filter(({ decision }) => !blocked || decision === 'blocked')
    if (given.last) return show(readPast(context, word).requests)
    const found = await findWithNetwork(context, word)
    const { mode, allow } = policyOf(context, found)
    if (!json && (mode === 'restricted' || mode === 'ask'))
      context.note(
        `${allow.length === 1 ? '1 host is' : `${allow.length} hosts are`} allowed: paude network list ${found.record.id}`,
      )
    if (follow) {
      // What was asked for so far is cut by --tail; all that comes later is shown.
      const before = tail === undefined ? 0 : wanted(await readRequests(quiet(context), found)).length - tail
      let seen = 0
      for await (const request of followRequests(context, found))
        for (const one of wanted([request]))
          if (seen++ >= before && one.time >= since) context.answer(json ? JSON.stringify(one) : cells(one).join('  '))
      return 0
    }
    return show(await readRequests(context, found))
  },
})

export const showBlocked = verb({
  description: 'List blocked hosts, each once',
  front: READS,
  args: { session, last: lastOne, json: jsonFlag },
  examples: [
    ['paude network blocked', 'with count, last time, program and reason'],
    ['paude network blocked --last', 'of the last session of this directory, even if it was removed'],
  ],
  async run(context, { session: word, last, json }) {
    const { id, requests } = last ? readPast(context, word) : await readLive(context, word)
    const hosts = countBlocked(requests)
    const allowing = (entry: string) => (last ? `paude --network-allow ${entry}` : `paude network allow ${entry} --session ${id}`)
    if (json) context.answer(JSON.stringify(hosts, null, 2))
    else if (hosts.length === 0)
      context.note(
        `nothing was blocked in ${id}${last || !hasPast(context.host) ? '' : '; sessions that are gone: paude network blocked --last'}`,
      )
    else {
      const rows = hosts.map(({ host, port, count, last, program, rule }) => [
        `${printable(host)}:${port}`,
        String(count),
        clock(last),
        program,
        printable(because(rule, port)),
      ])
      context.answer(table(['HOST', 'TIMES', 'LAST', 'PROGRAM', 'BECAUSE'], rows, fit(context.host)))
      const cut = hosts.find(({ rule }) => rule === NOT_TLS)
      if (cut !== undefined)
        context.note(`a tunnel carries only TLS, unless its entry begins with http://: ${allowing(printable(plainEntry(cut)))}`)
      const lacking = hosts.filter(({ rule }) => inVain(rule) === '')
      if (hosts.some(({ rule }) => rule === ASTRAY))
        context.note(
          `the placeholder of a credential was sent where it does not belong${last ? '' : `: paude credentials ${id}`}`,
        )
      if (hosts.some(({ rule }) => rule !== ASTRAY))
        context.note(
          lacking.length === 0
            ? 'all of these are allowed already, but their names were not found or have a private address'
            : lacking.some(({ host, port }) => isEntry(`${host}:${port}`))
              ? `to allow one: ${allowing('HOST')}`
              : 'an entry cannot allow an IP address or a short name: the agent must use full names',
        )
    }
    return 0
  },
})

/** A host and port that were blocked. */
export type Blocked = {
  readonly host: string
  readonly port: number
  readonly count: number
  /** ISO time of the last request. */
  readonly last: string
  /** Of the last request, as it calls itself; '' when it says nothing. */
  readonly program: string
  readonly rule: string
}

/** Pure: what was blocked, the newest first. */
export const countBlocked = (requests: readonly Request[]): readonly Blocked[] =>
  countRefused(requests.filter(({ decision }) => decision === 'blocked'))

/** Pure: what was blocked or asked of the user, the newest first; what was only asked has the count 0. */
export function countRefused(requests: readonly Request[]): readonly Blocked[] {
  const byPlace = new Map<string, Blocked>()
  for (const { decision, host, port, time, program, rule, times = 1 } of requests) {
    if (decision !== 'blocked' && decision !== 'waiting') continue
    const key = `${host}:${port}`
    const before = byPlace.get(key)
    const count = (before?.count ?? 0) + (decision === 'blocked' ? times : 0)
    byPlace.set(key, { host, port, count, last: time, program, rule })
  }
  return [...byPlace.values()].sort((one, other) => (one.last < other.last ? 1 : -1))
}

/** What is kept of the requests of a session that is gone. */
function readPast({ host }: Context, word: string | undefined): { readonly id: string; readonly requests: readonly Request[] } {
  const past = findPast(host, word)
  return { id: past.record.id, requests: parseLog(pastRequests(past), policyNow(past.record, Date.parse(past.ended) / 1000)) }
}

async function readLive(context: Context, word: string | undefined) {
  const found = await findWithNetwork(context, word, 'paude network blocked')
  return { id: found.record.id, requests: await readRequests(context, found) }
}

/** A session that has a network, so that there is something to tell. */
export async function findWithNetwork(context: Context, word: string | undefined, past = ''): Promise<Found> {
  const found = await findSession(context, word, 'running', past)
  if (found.record.network === 'none') throw withoutNetwork(found.record.id)
  return await carryToEnd(context, found)
}

/** Everything a session asked for so far. */
export async function readRequests(context: Context, found: Found): Promise<readonly Request[]> {
  const argv = need(found.backend, 'wall').requests(found.handle, { follow: false })
  // Before the log: what is noted then is there as well, unless the engine has dropped it.
  const noted = readNoted(found.handle.folder)
  const outcome = await question(argv)
  if (outcome.code !== 0) throw context.effects(found.backend).explain({ argv, outcome })
  const beginning = withBeginning(noted, outcome.stdout)
  const { text } = beginning
  const missing = cutWords(beginning)
  if (missing !== '') context.note(missing)
  return parseLog(text, policyOf(context, found))
}

/** What it asked for and goes on asking for, until its proxy ends or `stop` fires. */
export async function* followRequests(context: Context, found: Found, stop?: AbortSignal): AsyncGenerator<Request> {
  const counted: Counted = new Map()
  let begun = false
  for await (const line of lines(need(found.backend, 'wall').requests(found.handle, { follow: true }), stop)) {
    // A receipt has no time, and says nothing of where the log begins.
    if (timeOfFirst(line) === '') continue
    const beginning = begun ? { text: line, cut: '', full: false } : withBeginning(readNoted(found.handle.folder), line)
    const { text } = beginning
    const missing = cutWords(beginning)
    begun = true
    if (missing !== '') context.note(missing)
    yield* parseLog(text, policyOf(context, found), counted)
  }
}

/** What is missing of it is told once. */
const quiet = (context: Context): Context => ({ ...context, note: () => undefined })

/** As it is at this moment: it may have been changed since. */
const policyOf = ({ host }: Context, { record }: Found) => policyNow(readRecord(host, record.id) ?? record, Date.now() / 1000)

const cells = ({ time, decision, method, host, port, bytes, rule, times }: Request): readonly string[] => [
  clock(time),
  decision === 'allowed' ? green(decision) : decision === 'blocked' ? red(decision) : yellow(decision),
  printable(method),
  `${printable(host)}:${port}`,
  String(bytes),
  `${printable(because(rule, port))}${times === undefined ? '' : ` (${times} times)`}`,
]
