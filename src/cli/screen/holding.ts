import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Signals } from '../../agents/agent.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import type { Said } from '../../events/activity.ts'
import { bootTime } from '../../events/file.ts'
import { eventReader } from '../../events/read.ts'
import { openTail } from '../../events/tail.ts'
import { fromEvent } from '../../hold/activity.ts'
import type { HoldOptions } from '../../hold/holder.ts'
import type { Argv } from '../../plan/plan.ts'
import { capture } from '../../run/process.ts'
import type { Found } from '../../session/record/found.ts'
import { states } from '../../sinks/notify/change.ts'
import { channelsOf } from '../../sinks/notify/settings.ts'
import { stateFolder } from '../../state.ts'

/** Bytes of a holder's notes: whoever cannot be told ten times will not be told by the thousandth either. */
const NOTES = 64 * 1024

/** What the hooks of a session told since the last call. What the box did to its record concerns `paude events`, not the holder. */
export function hookNews(folder: string, id: string, { hook, asks }: Pick<Signals, 'hook' | 'asks'>): () => readonly Said[] {
  const reader = eventReader(id, bootTime(), hook)
  const tail = openTail(folder, PIECE)
  return () => {
    try {
      return reader.read(tail().lines).flatMap((event) => fromEvent(event, asks) ?? [])
    } catch {
      return []
    }
  }
}

/** What an agent keeps on file of itself: an engine call, bounded in time and size since the box answers it. */
export const ownFileText = (argv: Argv) => async (): Promise<string> =>
  (await capture(argv, { most: 4096, signal: AbortSignal.timeout(5000) })).stdout

/** Bytes of a record that a holder reads at a time: it has a terminal to keep. The rest has its turn when that stands still again. */
const PIECE = 256 * 1024

/** A line in `holder.log` of a session's folder. */
export const noteTo =
  (folder: string) =>
  (text: string): void => {
    try {
      const file = join(folder, 'holder.log')
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) < NOTES)
        appendFileSync(file, `${new Date().toISOString()} ${text}\n`, { mode: 0o600 })
    } catch {
      // The folder is gone, and with it who would read this.
    }
  }

/** Tells the user of changes as [notify] says; null when it says nothing. Its complaints are in `holder.log` of the session's folder. */
export async function tellUser({ host, flags }: Context, found: Found): Promise<NonNullable<HoldOptions['watch']> | null> {
  const { folder } = found.handle
  const { id, name, workspace } = found.record
  const session = { id, name, workspace }
  const note = noteTo(folder)
  const settings = await loadConfig(host, flags).then(
    (config) => config.settings.notify,
    (error: unknown) => {
      note(`notifications are off: ${error instanceof Error ? error.message : error}`)
      return null
    },
  )
  if (settings === null || channelsOf(settings).length === 0) return null
  const [{ notifier }, { notifyEffects }, { tellBlocks }, { foundTeller }] = await Promise.all([
    import('../../sinks/notify/notifier.ts'),
    import('../../sinks/notify/effects.ts'),
    import('./tell-blocks.ts'),
    import('../../sinks/notify/found.ts'),
  ])
  return ({ show }) => {
    const terminal = async (bytes: string) => (show(bytes) ? null : 'no terminal is attached')
    const effects = notifyEffects({ host, state: stateFolder(host), terminal, note, keeps: true })
    const { changed, present, close } = notifier(settings, effects)
    const stop = settings.on.includes('blocked') ? tellBlocks({ host, found, settings, effects }) : () => undefined
    return {
      changed: ({ activity, message }, code, answer) => {
        const state = code === null ? states.find((name) => name === activity) : 'exited'
        if (state === undefined) return
        const text = state === 'exited' ? `exit code ${code}` : message || (state === 'done' ? answer : '')
        changed({ session, state, text })
      },
      present: (presence) => present(session.id, presence),
      found: foundTeller(session, settings, effects),
      close: () => {
        stop()
        return close()
      },
    }
  }
}
