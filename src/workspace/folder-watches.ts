import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import { below } from './paths.ts'

/** Folders that are watched: the nearest first. Each costs the kernel 1 KB of a number that this user's other programs share. */
const MOST_FOLDERS = 2_000

export type Watches<Of> = {
  /** Watches a folder from now on, which means what `of` says. False where no more can be watched. */
  readonly enter: (path: string, of: Of) => boolean
  /** Forgets a folder and all below it: one that was moved may come back under another name. */
  readonly leave: (path: string) => void
  /** What a watched folder means. */
  readonly of: (path: string) => Of | undefined
}

type Options = {
  /** Folders that hold all others. */
  readonly tops: readonly string[]
  /** Something at a path below a watched folder was done; `isMove`: it came, went or took another's place. */
  readonly heard: (path: string, isMove: boolean) => void
  /** Why not all is watched; said once. */
  readonly limited: (why: string) => void
}

/** Watches of folders, bounded. */
export function makeWatches<Of>({ tops, heard, limited }: Options): Watches<Of> {
  const folders = new Map<string, { readonly watcher: FSWatcher | null; readonly of: Of }>()
  // On macOS one watch covers all that lies below; many would be as many open files.
  const recursive = process.platform === 'darwin'
  let isLimited = false

  const limit = (why: string): false => {
    if (!isLimited) limited(why)
    isLimited = true
    return false
  }

  function leave(path: string): void {
    for (const [folder, { watcher }] of folders)
      if (below(path, folder)) {
        watcher?.close()
        folders.delete(folder)
      }
  }

  return {
    leave,
    of: (path) => folders.get(path)?.of,
    enter(path, of) {
      if (folders.has(path)) return true
      if (folders.size >= MOST_FOLDERS) return limit(`only ${MOST_FOLDERS} folders of the project are watched`)
      try {
        const watcher = recursive && !tops.includes(path) ? null : watch(path, { persistent: false, recursive })
        watcher?.on('change', (event, name) => heard(name === null ? path : join(path, String(name)), event === 'rename'))
        watcher?.on('error', () => leave(path))
        folders.set(path, { watcher, of })
      } catch (error) {
        if (['ENOSPC', 'EMFILE'].includes((error as NodeJS.ErrnoException).code ?? ''))
          return limit('this machine allows no more watches (fs.inotify.max_user_watches)')
      }
      return true
    },
  }
}
