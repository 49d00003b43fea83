import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ASK_SECONDS } from '../../network/ask.ts'
import { hours } from '../../network/clock.ts'
import { type Request, WAITING } from '../../network/log.ts'
import { openingEntry } from '../../network/proposal.ts'
import { standing } from '../../network/standing.ts'
import { within } from '../../run/patience.ts'
import type { Found } from '../../session/record/found.ts'
import { readRecord } from '../../session/record/store.ts'
import { policyNow } from '../../session/resolve/policy.ts'
import { beThere } from '../../session/wall/there.ts'
import { jsonLine, printable } from '../../text.ts'
import { GIVE_BACK, picture, TAKE_SCREEN } from '../streams/full-screen.ts'
import { openKeys } from '../streams/keys.ts'
import { writeAll } from '../streams/output.ts'
import { because, inVain } from './because.ts'
import { type Blocked, countRefused, findWithNetwork, followRequests, readRequests } from './requests.ts'
import { choose, isTooSoon, moved, NOTHING_CHOSEN, placeOf } from './watch-choice.ts'
import { ACTS, type Done } from './watch-keys.ts'
import { firstRow, layoutOf, type Row, type Size, watchPicture } from './watch-picture.ts'

/** Milliseconds between two pictures while nothing is typed. */
const LOOK = 300

/** `paude network watch [SESSION]`: what is blocked as it happens; on a terminal, one key allows it. */
export async function watchNetwork(context: Context, word: string | undefined, json: boolean): Promise<number> {
  const found = await findWithNetwork(context, word)
  const { terminal } = context.host
  const leave = beThere(found)
  try {
    return terminal.stdin && terminal.stdout && !json ? await watchTable(context, found) : await watchLines(context, found, json)
  } finally {
    leave()
  }
}

/** A line for each host that is blocked for the first time from now on. */
async function watchLines(context: Context, found: Found, json: boolean): Promise<number> {
  // By the proxy's own clock: an engine may keep another time than this machine.
  const since =
    (await readRequests(context, found))
      .map(({ time }) => time)
      .toSorted()
      .at(-1) ?? ''
  context.note(`showing new blocks of ${found.record.id}; earlier ones: paude network blocked ${found.record.id}`)
  const seen = new Set<string>()
  for await (const { time, session, decision, host, port, program, rule, revision } of followRequests(quiet(context), found)) {
    const place = `${host}:${port}`
    const news = `${decision} ${place}`
    if ((decision !== 'blocked' && decision !== 'waiting') || time <= since || seen.has(news)) continue
    seen.add(news)
    context.answer(
      json
        ? jsonLine({ time, session, decision, host, port, program, rule, revision })
        : [hours(time), printable(place).padEnd(40), (program || '-').padEnd(16), printable(because(rule, port))].join('  '),
    )
  }
  return 0
}

/** Keys that move, by how many rows; more than there are is the first or the last one. */
const STEPS: Readonly<Record<string, (room: number) => number>> = {
  j: () => 1,
  '\x1b[B': () => 1,
  '\x1bOB': () => 1,
  k: () => -1,
  '\x1b[A': () => -1,
  '\x1bOA': () => -1,
  '\x1b[6~': (room) => room,
  '\x1b[5~': (room) => -room,
  G: () => Number.POSITIVE_INFINITY,
  '\x1b[F': () => Number.POSITIVE_INFINITY,
  g: () => Number.NEGATIVE_INFINITY,
  '\x1b[H': () => Number.NEGATIVE_INFINITY,
}

async function watchTable(context: Context, found: Found): Promise<number> {
  const requests: Request[] = []
  let ended = false
  const stop = new AbortController()
  const reading = follow(context, found, { requests, stop: stop.signal }).finally(() => (ended = true))
  reading.catch(() => undefined) // looked at below, never unhandled
  const keyboard = openKeys()
  let choice = NOTHING_CHOSEN
  let said = ''
  let keys = false
  let first = 0
  const seen = new Set<string>()
  const done: Done[] = []
  writeAll(1, TAKE_SCREEN)
  try {
    while (true) {
      const { title, rows } = judge(context, found, countRefused(requests))
      choice = choose(rows, choice, Date.now())
      const at = Math.max(
        0,
        rows.findIndex((one) => placeOf(one) === choice.place),
      )
      const stopped = ended ? 'the proxy has stopped, so you cannot allow hosts any more' : ''
      const view = { title, rows, chosen: at, said: stopped || said, ended, keys }
      const layout = layoutOf(view, sizeNow())
      const { room } = layout
      first = firstRow(first, { chosen: at, room, count: rows.length })
      for (const row of rows.slice(first, first + room)) seen.add(placeOf(row))
      const unseen = rows.slice(0, first).filter((row) => !seen.has(placeOf(row))).length
      writeAll(1, picture(watchPicture({ ...view, first, unseen }, layout)))
      const key = (await within(LOOK, keyboard.next())) ?? ''
      const row = rows[at]
      if (key === 'q' || key === '\x03' || key === '\x1b') return 0
      // Behind the keys no row is to be seen, so none is acted on.
      if (key === '?' || (keys && key !== '')) {
        keys = !keys
        continue
      }
      const step = Object.hasOwn(STEPS, key) ? (STEPS[key]?.(room) ?? 0) : 0
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))]
      if (next !== undefined && step !== 0) choice = moved(next, Date.now())
      if (ended) continue
      if (key === 'z') said = await tried(async () => (await done.pop()?.undo()) ?? 'nothing to undo')
      const act = Object.hasOwn(ACTS, key) ? ACTS[key] : undefined
      if (act !== undefined && isTooSoon(choice, Date.now())) {
        said = `${choice.place} was just chosen, since it waits for you: press ${key} again if you mean it`
        continue
      }
      const why = row?.state === 'allowed' && key !== 'n' ? inVain(row.rule) : ''
      if (act !== undefined && row !== undefined && why !== '')
        said = `${openingEntry(row, found.record.ports)} is allowed already; ${why}`
      else if (act !== undefined && row !== undefined)
        said = await tried(async () => {
          const one = await act(quiet(context), found, openingEntry(row, found.record.ports))
          done.push(one)
          return one.said
        })
    }
  } finally {
    stop.abort()
    keyboard.pause()
    writeAll(1, GIVE_BACK)
  }
}

/** In a picture nothing is printed beside it: what a step would say is said there. */
const quiet = (context: Context): Context => ({ ...context, note: () => undefined })

const tried = (act: () => Promise<string>): Promise<string> =>
  act().catch((error: unknown) => {
    const hint = error instanceof PaudeError ? error.hint : ''
    return `${(error as Error).message}${hint === '' ? '' : ` → ${hint}`}`
  })

function sizeNow(): Size {
  const [columns, height] = process.stdout.getWindowSize()
  return { columns, height }
}

async function follow(
  context: Context,
  found: Found,
  { requests, stop }: { readonly requests: Request[]; readonly stop: AbortSignal },
): Promise<void> {
  for await (const request of followRequests(quiet(context), found, stop))
    if (request.decision === 'blocked' || request.decision === 'waiting') requests.push(request)
}

/** What would become of each row now, by the policy as it is now; what waits for an answer comes first. */
function judge(
  { host }: Context,
  { record }: Found,
  rows: readonly Blocked[],
): { readonly title: string; readonly rows: readonly Row[] } {
  const policy = policyNow(readRecord(host, record.id) ?? record, Date.now() / 1000)
  const name = record.name === '' ? '' : ` (${record.name})`
  const judged = rows.map((row): Row => {
    const now = standing(policy, row)
    const left = row.rule === WAITING ? Math.ceil(ASK_SECONDS - (Date.now() - Date.parse(row.last)) / 1000) : 0
    if (now.state !== 'blocked' || left <= 0) return { ...row, ...now }
    return { ...row, state: 'waiting', why: `waits ${Math.min(left, ASK_SECONDS)} s for your key` }
  })
  const [waiting = [], others = []] = [true, false].map((waits) => judged.filter(({ state }) => (state === 'waiting') === waits))
  const asks = waiting.length === 0 ? '' : ` · ${waiting.length} waiting for your key`
  return { title: `network of ${record.id}${name} · ${policy.mode}${asks}`, rows: [...waiting, ...others] }
}
