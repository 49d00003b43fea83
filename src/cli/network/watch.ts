import { decide } from '../../network/decide.ts'
import type { Request } from '../../network/log.ts'
import { policyNow } from '../../session/policy.ts'
import { readRecord } from '../../session/store.ts'
import type { Context } from '../context.ts'
import type { Found } from '../find-session.ts'
import { GIVE_BACK, picture, selectable, TAKE_SCREEN } from '../full-screen.ts'
import { openKeys } from '../keys.ts'
import { dim, green, jsonLine, printable, red, table, writeAll } from '../output.ts'
import { changeSession } from './change.ts'
import { overruled } from './overruled.ts'
import { type Blocked, countBlocked, findWithNetwork, followRequests } from './requests.ts'
import { editScope, insistOnScope } from './scope.ts'
import { ONCE } from './until.ts'

/** Milliseconds between two pictures while nothing is typed. */
const LOOK = 300

/** `paude network watch [SESSION]`: what is blocked as it happens; on a terminal, one key allows it. */
export async function watchNetwork(context: Context, word: string | undefined, json: boolean): Promise<number> {
  const found = await findWithNetwork(context, word)
  const { terminal } = context.host
  return terminal.stdin && terminal.stdout && !json ? await watchTable(context, found) : await watchLines(context, found, json)
}

/** A line for each host that is blocked for the first time. */
async function watchLines(context: Context, found: Found, json: boolean): Promise<number> {
  const seen = new Set<string>()
  for await (const { time, session, decision, host, port, program, rule, revision } of followRequests(context, found)) {
    const place = `${host}:${port}`
    if (decision !== 'blocked' || seen.has(place)) continue
    seen.add(place)
    context.answer(
      json
        ? jsonLine({ time, session, host, port, program, rule, revision })
        : [time.slice(11, 19), printable(place), ...(program === '' ? [] : [program]), printable(rule)].join('  '),
    )
  }
  return 0
}

/** What a key does to the host that is chosen. */
const KEYS: Readonly<Record<string, (context: Context, found: Found, entry: string) => Promise<string>>> = {
  o: async (context, found, entry) => {
    const until = Math.ceil(Date.now() / 1000) + ONCE
    await changeSession(context, found, { verb: 'allow', entries: [entry], until })
    return `${entry} is allowed for a minute`
  },
  s: async (context, found, entry) => {
    await changeSession(context, found, { verb: 'allow', entries: [entry], until: 0 })
    return `${entry} is allowed in ${found.record.id}`
  },
  p: (context, found, entry) => everywhere(context, found, { scope: 'project', entry }),
  u: (context, found, entry) => everywhere(context, found, { scope: 'user', entry }),
  n: async (context, found, entry) => {
    await changeSession(context, found, { verb: 'deny', entries: [entry], until: 0 })
    return `${entry} is denied in ${found.record.id}, whatever allows it`
  },
}
const FOOT = 'allow: o once · s session · p project · u user   n never   q quit'

async function everywhere(
  context: Context,
  found: Found,
  { scope, entry }: { scope: 'user' | 'project'; entry: string },
): Promise<string> {
  const word = { verb: 'allow', entries: [entry] } as const
  insistOnScope(context, scope, word)
  await changeSession(context, found, { ...word, until: 0 })
  const { file } = await editScope(context, scope, word)
  const inVain = (await overruled(context, [entry])).get(entry)
  return `${entry} is allowed, and written to ${file}${inVain === undefined ? '' : `; but ${inVain}`}`
}

async function watchTable(context: Context, found: Found): Promise<number> {
  const requests: Request[] = []
  let ended = false
  const stop = new AbortController()
  const reading = follow(context, found, { requests, stop: stop.signal }).finally(() => (ended = true))
  reading.catch(() => undefined) // looked at below, never unhandled
  const keys = openKeys()
  // What a step would say while it acts is said in the picture.
  const quiet: Context = { ...context, note: () => undefined }
  // A place and no number: what is blocked meanwhile must not slip below the key that is typed.
  let chosen = ''
  let said = ''
  writeAll(1, TAKE_SCREEN)
  try {
    while (true) {
      const rows = countBlocked(requests)
      const at = Math.max(
        0,
        rows.findIndex((one) => placeOf(one) === chosen),
      )
      chosen = rows[at] === undefined ? '' : placeOf(rows[at])
      writeAll(1, drawn(context, found, { rows, chosen: at, said: ended ? 'the proxy has stopped' : said }))
      const key = await Promise.race([keys.next(), Bun.sleep(LOOK).then(() => '')])
      const row = rows[at]
      if (key === 'q' || key === '\x03' || key === '\x1b') return 0
      const step = key === 'j' || key === '\x1b[B' ? 1 : key === 'k' || key === '\x1b[A' ? -1 : 0
      const next = rows[at + step]
      if (next !== undefined) chosen = placeOf(next)
      const act = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
      if (act !== undefined && row !== undefined)
        said = await act(quiet, found, entryOf(row)).catch((error: unknown) => (error as Error).message)
    }
  } finally {
    stop.abort()
    keys.pause()
    writeAll(1, GIVE_BACK)
  }
}

async function follow(
  context: Context,
  found: Found,
  { requests, stop }: { readonly requests: Request[]; readonly stop: AbortSignal },
): Promise<void> {
  for await (const request of followRequests(context, found, stop)) if (request.decision === 'blocked') requests.push(request)
}

const placeOf = ({ host, port }: Blocked): string => `${host}:${port}`

const entryOf = ({ host, port }: Blocked): string => (port === 443 || port === 80 ? host : `${host}:${port}`)

type Shown = { readonly rows: readonly Blocked[]; readonly chosen: number; readonly said: string }

function drawn({ host }: Context, { record }: Found, { rows, chosen, said }: Shown): string {
  const [columns, height] = process.stdout.getWindowSize()
  const policy = policyNow(readRecord(host, record.id) ?? record, Date.now() / 1000)
  const cells = rows.map((row) => {
    const target = { scheme: row.port === 80 ? 'http' : 'https', host: row.host, port: row.port, path: '/' } as const
    const now = decide(policy, target, null).decision
    return [
      now === 'allowed' ? green('allowed now') : red('blocked'),
      `${printable(row.host)}:${row.port}`,
      String(row.count),
      row.last.slice(11, 19),
      row.program,
      printable(row.rule),
    ]
  })
  const [head = '', ...body] =
    rows.length === 0
      ? ['nothing was blocked yet']
      : table(['', 'HOST', 'TIMES', 'LAST', 'PROGRAM', 'BECAUSE'], cells).split('\n')
  const room = Math.max(1, height - 5)
  return picture([
    Bun.sliceAnsi(`  ${head}`, 0, columns),
    ...selectable(body, { chosen, room, columns }),
    '',
    Bun.sliceAnsi(printable(said), 0, columns),
    Bun.sliceAnsi(dim(FOOT), 0, columns),
  ])
}
