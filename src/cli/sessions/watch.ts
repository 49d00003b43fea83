import type { Context } from '../../context.ts'
import { view } from '../../hold/launch.ts'
import { within } from '../../run/patience.ts'
import { findSession, listSessions } from '../../session/life/find.ts'
import { terminalSettings, typeInto } from '../../session/life/holder.ts'
import { type MarkedRow, withPlanted } from '../../session/life/planted.ts'
import { stopSession } from '../../session/life/stop.ts'
import { printable } from '../../text.ts'
import { GIVE_BACK, picture, selectable, TAKE_SCREEN } from '../streams/full-screen.ts'
import { openKeys } from '../streams/keys.ts'
import { bold, dim, table, writeAll } from '../streams/output.ts'
import { type ActiveRow, withActivity } from './activity.ts'
import { HEAD, MARK, sessionRow } from './session-table.ts'

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
    for (const row of rows.map((one) => withActivity(context.host, one))) {
      const { id, status, exitCode, activity, kind, message, since, planted } = row
      const key = JSON.stringify([status, exitCode, activity, kind, message, planted])
      now.set(id, key)
      if (before.get(id) === key) continue
      context.answer(
        json
          ? JSON.stringify({ id, status, exitCode, activity, kind, message, since, planted })
          : [
              id,
              status,
              `${activity ?? '-'}${kind === '' ? '' : `: ${kind}`}`,
              printable(message),
              planted.length > 0 ? MARK : '',
            ]
              .join('  ')
              .trimEnd(),
      )
    }
    for (const id of before.keys())
      if (!now.has(id)) context.answer(json ? JSON.stringify({ id, status: 'gone' }) : `${id}  gone`)
    before = now
    await Bun.sleep(LOOK)
  }
}

const listMarked = async (context: Context): Promise<readonly MarkedRow[]> =>
  withPlanted(context.host, (await listSessions(context)).sessions)

async function watchTable(context: Context): Promise<number> {
  const keys = openKeys()
  let rows: readonly ActiveRow[] = []
  let listed: readonly MarkedRow[] = []
  let chosen = 0
  /** Rows come and go above it: the session is chosen, not its line. */
  let chosenId = ''
  let stopping: ActiveRow | null = null
  let said = ''
  let typing: string | null = null
  let replying: ActiveRow | null = null
  let turn = 0
  const look = async (force = false) => {
    if (force || turn++ % ENGINES === 0) listed = await listMarked(context)
    rows = listed.map((row) => withActivity(context.host, row))
    const at = rows.findIndex(({ id }) => id === chosenId)
    chosen = Math.max(0, Math.min(at === -1 ? chosen : at, rows.length - 1))
    chosenId = rows[chosen]?.id ?? ''
  }
  writeAll(1, TAKE_SCREEN)
  try {
    await look()
    while (true) {
      writeAll(1, drawn(rows, { chosen, said, typing }))
      const key = (await within(LOOK, keys.next())) ?? ''
      const row = rows[chosen]
      if (typing !== null) {
        if (key === '\r' && replying !== null) said = await answer(context, replying, typing)
        typing = key === '\r' || key === '\x1b' ? null : key === '\x7f' ? typing.slice(0, -1) : typing + key.replace(CONTROL, '')
        continue
      }
      if (stopping !== null) {
        if (key === '') continue
        said = key === 'y' ? await stop(context, stopping) : ''
        stopping = null
        await look(key === 'y')
        continue
      }
      if (key === 'q' || key === '\x03' || key === '\x1b') return 0
      if (key === 'j' || key === '\x1b[B') chosenId = rows[chosen + 1]?.id ?? chosenId
      if (key === 'k' || key === '\x1b[A') chosenId = rows[chosen - 1]?.id ?? chosenId
      if (row !== undefined && (key === '\r' || key === 'a')) {
        keys.pause()
        said = await attach(context, row)
        keys.resume()
        writeAll(1, TAKE_SCREEN)
      }
      if (row !== undefined && key === 's') {
        stopping = row
        said = `stop ${row.name || row.id}? y stops it, any other key does not`
      }
      if (row !== undefined && key === 'r') {
        typing = ''
        replying = row
      }
      await look()
    }
  } finally {
    keys.pause()
    writeAll(1, GIVE_BACK)
  }
}

const CONTROL = /\p{Cc}.*$/su

function drawn(
  rows: readonly ActiveRow[],
  { chosen, said, typing }: { readonly chosen: number; readonly said: string; readonly typing: string | null },
): string {
  const [columns, height] = process.stdout.getWindowSize()
  const [head = '', ...body] = rows.length === 0 ? ['no sessions'] : table(HEAD, rows.map(sessionRow)).split('\n')
  const message = rows[chosen]?.message ?? ''
  const foot =
    typing === null
      ? dim('j k choose · enter attach · s stop · r reply · q quit')
      : `${bold('reply:')} ${Bun.sliceAnsi(printable(typing), -columns + 10)}▏`
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
  if (row.status !== 'running') return `${row.id} does not run`
  try {
    const { handle } = await findSession(context, row.id)
    if (!handle.terminal) return `${row.id} has no screen`
    await view(context.host, handle, { ...(await terminalSettings(context)), readOnly: false })
    return ''
  } catch (error) {
    return printable((error as Error).message)
  }
}

async function answer(context: Context, row: ActiveRow, text: string): Promise<string> {
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
