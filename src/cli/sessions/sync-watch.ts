import type { Context } from '../../context.ts'
import { isUnanswered, PaudeError } from '../../errors.ts'
import { patiently, within } from '../../run/patience.ts'
import { type SyncResult, syncSession } from '../../session/clone/sync.ts'
import { requireRunning } from '../../session/life/find.ts'
import { exited } from '../../session/life/wait.ts'
import type { Found } from '../../session/record/found.ts'
import { shown } from '../../text.ts'
import { makeWatches } from '../../workspace/folder-watches.ts'
import { below } from '../../workspace/paths.ts'
import { refusal } from './sync-text.ts'

/** Milliseconds after a change in which more of them are awaited. */
const LULL = 150

/** Milliseconds after which a failed sync is tried again. */
const AGAIN = 5000

type Watching = { readonly force: boolean; readonly tell: (result: SyncResult) => void }

/** Syncs at each change of the project, until the session ends or a signal comes. */
export async function watchAndSync(context: Context, found: Found, watching: Watching): Promise<number> {
  const { record } = found
  await requireRunning(context, found)
  let changed = Promise.withResolvers<void>()
  const folders = new Set([record.workspace])
  const watches = makeWatches<true>({
    tops: [record.workspace],
    heard: (path, isMove) => {
      // One that comes back is another folder.
      if (isMove && folders.has(path)) {
        watches.leave(path)
        for (const one of folders) if (below(path, one)) folders.delete(one)
      }
      changed.resolve()
    },
    limited: (why) => context.warn(`${why}: paude sync ${record.name || record.id} brings the rest`),
  })
  const told = { text: '' }
  // What changed in a folder before it was watched is seen by one more look.
  const enter = (path: string): void => {
    if (folders.has(path)) return
    folders.add(path)
    if (watches.enter(path, true)) changed.resolve()
  }
  try {
    return await patiently(0, async (signal) => {
      const ended = exited(context, found, signal).then(() => 'ended' as const)
      // Looked at below, and not before.
      ended.catch(() => undefined)
      watches.enter(record.workspace, true)
      context.note(`syncing each change in ${shown(record.workspace)}; Ctrl-C ends that`)
      for (;;) {
        changed = Promise.withResolvers<void>()
        const isDone = await syncQuietly(context, found, { ...watching, signal, told, enter })
        const next = isDone ? changed.promise : within(AGAIN, changed.promise)
        if ((await Promise.race([ended, next])) === 'ended') break
        await Bun.sleep(LULL)
      }
      context.note(`session ${record.name || record.id} has ended, and so has its sync`)
      return 0
    })
  } finally {
    watches.leave(record.workspace)
  }
}

type Quietly = Watching & {
  readonly signal: AbortSignal
  /** What was said last: the same is not said again. */
  readonly told: { text: string }
  readonly enter: (path: string) => void
}

/** One sync, whose failure is told and ends nothing. Returns whether it came to its end. */
async function syncQuietly(context: Context, found: Found, { force, tell, signal, told, enter }: Quietly): Promise<boolean> {
  const say = (text: string) => {
    if (text !== '' && text !== told.text) context.warn(text)
    told.text = text
  }
  try {
    const result = await syncSession(context, found, { force, dryRun: false, signal })
    for (const folder of result.folders()) enter(`${found.record.workspace}/${folder}`.replace(/\/$/, ''))
    if (result.sent.length + result.removed.length > 0) tell(result)
    const { message, hint } = refusal(found, result.refused)
    say(result.refused.length === 0 ? '' : `${message}\n  ${hint}`)
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof PaudeError)) throw error
    say(`${error.message}${isUnanswered(error) ? '; trying again' : ''}`)
    return false
  }
}
