import type { Context } from '../../context.ts'
import { view } from '../../hold/launch.ts'
import type { Host } from '../../host.ts'
import { within } from '../../run/patience.ts'
import { beginList, findSession } from '../../session/life/find.ts'
import { terminalSettings, typeInto } from '../../session/life/holder.ts'
import { type MarkedRow, withNewExecutables } from '../../session/life/new-executables.ts'
import { stopSession } from '../../session/life/stop.ts'
import { printable } from '../../text.ts'
import { GIVE_BACK, picture, selectable, TAKE_SCREEN } from '../streams/full-screen.ts'
import { type Keys, openKeys } from '../streams/keys.ts'
import { bold, colourful, dim, writeAll } from '../streams/output.ts'
import { type ActiveRow, withNews } from './activity.ts'
import { MARK, ordered, sessionTable } from './session-table.ts'

/** Milliseconds between two looks at the holders' files, and how many of these go by between two questions to the engines. */
const LOOK = 500
const ENGINES = 8

/** Shows the sessions until the user leaves: a table with keys on a terminal, else one line for each change. */
export async function watchSessions(context: Context, { json }: { readonly json: boolean }): Promise<number> {
  const { terminal } = context.host
  return terminal.stdin && terminal.stdout && !json ? await watchTable(context) : await watchLines(context, json)
}

/** A line for every session that appears, changes or goes, until a signal comes. */
async function watchLines(context: Context, json: boolean): Promise<number> {
  let before = new Map<string, string>()
  let rows: readonly MarkedRow[] = []
  for (let turn = 0; ; turn++) {
    if (turn % ENGINES === 0) rows = await listMarked(context)
    const now = new Map<string, string>()
    for (const row of await withNews(context.host, rows)) {
      const { id, status, exitCode, activity, kind, message, since, blocked, asks, planted, alarm } = row
      const key = JSON.stringify([status, exitCode, activity, kind, message, blocked, asks, planted, alarm])
      now.set(id, key)
      if (before.get(id) === key) continue
      context.answer(
        json
          ? JSON.stringify({ id, status, exitCode, activity, kind, message, since, blocked, asks, planted, alarm })
          : [
              id,
              status,
              `${activity ?? '-'}${kind === '' ? '' : `: ${kind}`}`,
              printable(message),
              asks > 0 ? `waiting for your key: ${asks}` : '',
              blocked > 0 ? `blocked: ${blocked}` : '',
              planted.length > 0 || alarm !== '' ? MARK : '',
            ]
              .filter((word) => word !== '')
              .join('  '),
      )
    }
    for (const id of before.keys())
      if (!now.has(id)) context.answer(json ? JSON.stringify({ id, status: 'gone' }) : `${id}  gone`)
    before = now
    await Bun.sleep(LOOK)
  }
}

const listMarked = async (context: Context): Promise<readonly MarkedRow[]> =>
  withNewExecutables(context.host, (await (await beginList(context)).list).sessions)

type List = {
  rows: readonly ActiveRow[]
  listed: readonly MarkedRow[]
  chosen: number
  /** Rows come and go above it: the session is chosen, not its line. */
  chosenId: string
  /** What the next keys answer. */
  asked:
    | { readonly what: 'stop'; readonly row: ActiveRow }
    | { readonly what: 'reply'; readonly row: ActiveRow; typed: string }
    | null
  said: string
  turn: number
}

async function watchTable(context: Context): Promise<number> {
  const keys = openKeys()
  const list: List = { rows: [], listed: [], chosen: 0, chosenId: '', asked: null, said: '', turn: 0 }
  writeAll(1, TAKE_SCREEN)
  try {
    await look(context, list)
    while (true) {
      writeAll(1, painted(context.host, list))
      const key = (await within(LOOK, keys.next())) ?? ''
      if (list.asked !== null) await answered(context, list, key)
      else if (key === 'q' || key === '\x03' || key === '\x1b') return 0
      else await pressed(context, { list, keys, key })
    }
  } finally {
    keys.pause()
    writeAll(1, GIVE_BACK)
  }
}

async function look(context: Context, list: List, force = false): Promise<void> {
  if (force || list.turn++ % ENGINES === 0) list.listed = await listMarked(context)
  const rows = ordered(context.host, await withNews(context.host, list.listed))
  const at = rows.findIndex(({ id }) => id === list.chosenId)
  list.rows = rows
  list.chosen = Math.max(0, Math.min(at === -1 ? list.chosen : at, rows.length - 1))
  list.chosenId = rows[list.chosen]?.id ?? ''
}

/** A key, '' for none, while something was asked. */
async function answered(context: Context, list: List, key: string): Promise<void> {
  const { asked } = list
  if (asked?.what === 'reply') {
    if (key === '\r') list.said = await reply(context, asked.row, asked.typed)
    if (key === '\r' || key === '\x1b') list.asked = null
    else asked.typed = key === '\x7f' ? asked.typed.slice(0, -1) : asked.typed + key.replace(CONTROL, '')
  } else if (asked?.what === 'stop' && key !== '') {
    list.said = key === 'y' ? await stop(context, asked.row) : ''
    list.asked = null
    await look(context, list, key === 'y')
  }
}

type Pressed = { readonly list: List; readonly keys: Keys; readonly key: string }

/** A key, '' for none. */
async function pressed(context: Context, { list, keys, key }: Pressed): Promise<void> {
  const { rows, chosen } = list
  const row = rows[chosen]
  if (key === 'j' || key === '\x1b[B') list.chosenId = rows[chosen + 1]?.id ?? list.chosenId
  if (key === 'k' || key === '\x1b[A') list.chosenId = rows[chosen - 1]?.id ?? list.chosenId
  if (row !== undefined && (key === '\r' || key === 'a')) {
    keys.pause()
    list.said = await attach(context, row)
    keys.resume()
    writeAll(1, TAKE_SCREEN)
  }
  if (row !== undefined && key === 's') {
    list.asked = { what: 'stop', row }
    list.said = `stop ${row.name || row.id}? y stops it, any other key does not`
  }
  if (row !== undefined && key === 'r') list.asked = { what: 'reply', row, typed: '' }
  await look(context, list)
}

const CONTROL = /\p{Cc}.*$/su

const tinted = (host: Host, text: string): string => (colourful(host, 'stdout') ? text : Bun.stripANSI(text))

function painted(host: Host, { rows, chosen, said, asked }: List): string {
  const [columns, height] = process.stdout.getWindowSize()
  const drawn = sessionTable(host, rows, { width: columns - 2, cuts: true })
  const [head = '', ...body] = rows.length === 0 ? ['no sessions'] : tinted(host, drawn).split('\n')
  const message = rows[chosen]?.message ?? ''
  const foot =
    asked?.what === 'reply'
      ? `${bold('reply:')} ${Bun.sliceAnsi(printable(asked.typed), -columns + 10)}▏`
      : dim('j k select · enter attach · s stop · r reply · q quit')
  return picture([
    `  ${Bun.sliceAnsi(head, 0, columns - 2)}`,
    ...selectable(body, { chosen, room: Math.max(1, height - 5), columns }),
    '',
    Bun.sliceAnsi(printable(message), 0, columns),
    Bun.sliceAnsi(said, 0, columns),
    foot,
  ])
}

async function attach(context: Context, row: ActiveRow): Promise<string> {
  if (row.status !== 'running') return `${row.id} is not running`
  try {
    const { handle } = await findSession(context, row.id)
    if (!handle.terminal) return `${row.id} has no screen`
    await view(context.host, handle, { ...(await terminalSettings(context)), readOnly: false })
    return ''
  } catch (error) {
    return printable((error as Error).message)
  }
}

async function reply(context: Context, row: ActiveRow, text: string): Promise<string> {
  try {
    await typeInto(context, await findSession(context, row.id), { text, keys: '', enter: true })
    return `sent to ${row.id}`
  } catch (error) {
    return printable((error as Error).message)
  }
}

async function stop(context: Context, row: ActiveRow): Promise<string> {
  try {
    await stopSession(context, await findSession(context, row.id), { grace: 10, dryRun: false })
    return `stopped ${row.id}`
  } catch (error) {
    return printable((error as Error).message)
  }
}
