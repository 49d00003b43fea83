import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import { inPlace, makeInPlace, O_PATH } from './inode.ts'
import { keptContent, type Manifest, type Seen } from './manifest.ts'
import { ancestors, below, entriesOf, look } from './paths.ts'

/** Takes away what is at a path, with all it holds. `keep` is where it goes to, which is not there yet; null for nowhere. No link is followed. */
export function takeAway(path: string, keep: string | null): void {
  const done = inPlace(path, (at) => {
    try {
      takeAwayAt(at, keep)
    } catch (error) {
      if (!isDenied(error) || process.platform !== 'linux') throw error
      // Permissions that a box took away are no reason to leave what it made.
      const above = dirname(at)
      const { mode } = fstatSync(Number(above.split('/').at(-1)))
      chmodSync(above, mode | 0o700)
      try {
        open(at)
        if (keep !== null) rmSync(keep, { recursive: true, force: true })
        takeAwayAt(at, keep)
      } finally {
        chmodSync(above, mode & 0o7777)
      }
    }
    return true
  })
  if (done === null) throw unreachable(path)
}

function takeAwayAt(at: string, keep: string | null): void {
  if (keep !== null) {
    mkdirSync(dirname(keep), { recursive: true, mode: 0o700 })
    if (moved(at, keep)) return
    copy(at, keep)
  }
  rmSync(at, { recursive: true, force: true })
}

const isDenied = (error: unknown): boolean => ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Lets this user into a folder and those in it. Each is held while its mode is changed, so that no link stands for it. */
function open(path: string): void {
  if (look(path)?.isDirectory() !== true) return
  withHandle(path, O_PATH | constants.O_DIRECTORY, (handle) => {
    const held = `/proc/self/fd/${handle}`
    chmodSync(held, (fstatSync(handle).mode & 0o7777) | 0o700)
    for (const entry of entriesOf(held)) if (entry.isDirectory()) open(join(held, entry.name))
  })
}

/** Gives a folder that is still there the mode that it had, and leaves what is in it. */
export function putModeBack(path: string, { mode }: Seen): void {
  const done = inPlace(path, (at) => {
    withHandle(at, process.platform === 'linux' ? O_PATH | constants.O_DIRECTORY : constants.O_DIRECTORY, (handle) =>
      process.platform === 'linux' ? chmodSync(`/proc/self/fd/${handle}`, mode) : fchmodSync(handle, mode),
    )
    return true
  })
  if (done === null) throw unreachable(path)
}

/** Opens what is at a path and no link, so that what follows is done to that alone. */
function withHandle(path: string, flags: number, use: (handle: number) => void): void {
  const handle = openSync(path, flags | constants.O_NOFOLLOW, 0o600)
  try {
    use(handle)
  } finally {
    closeSync(handle)
  }
}

/** Puts what was at a path at the start back there, with the folders on the way; nothing may be there now. */
export function putBack(path: string, kept: Manifest): void {
  const { was, content } = requireKept(path, kept)
  const above = ancestors(path).slice(1)
  for (const folder of above.filter((one) => kept.roots.some((root) => below(root, one) && root !== one)).reverse())
    makeInPlace(folder, null)
  const done = inPlace(path, (at) => {
    if (was.kind === 'folder') {
      mkdirSync(at, { mode: 0o700 })
      withHandle(at, constants.O_RDONLY | constants.O_DIRECTORY, (handle) => fchmodSync(handle, was.mode))
    } else if (was.kind === 'link') symlinkSync(content.toString(), at)
    else
      withHandle(at, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, (handle) => {
        writeFileSync(handle, content)
        fchmodSync(handle, was.mode)
      })
    return true
  })
  if (done === null) throw unreachable(path)
}

/** Refuses what cannot be put back as it was. */
export function requireKept(path: string, kept: Manifest): { readonly was: Seen; readonly content: Buffer } {
  const was = kept.seen[path]
  const content = was?.kind === 'folder' ? Buffer.alloc(0) : keptContent(kept, path)
  if (was !== undefined && content !== null) return { was, content }
  throw new PaudeError('refused', `cannot put ${shown(path)} back: its content at the start was not kept`, {
    hint: 'check it yourself, or restore it from git; to accept it: paude review --keep',
  })
}

const unreachable = (path: string): PaudeError =>
  new PaudeError('refused', `cannot change ${shown(path)}: its folder no longer exists, or its path has a link`, {
    hint: 'check it yourself',
  })

/** To another file system nothing can be moved. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EXDEV') return false
    throw error
  }
}

/** Files, folders and links as they are; pipes, sockets and devices hold nothing. */
function copy(from: string, to: string): void {
  const kind = lstatSync(from)
  if (kind.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
  else if (kind.isFile()) {
    copyFileSync(from, to)
    chmodSync(to, 0o600)
  } else if (kind.isDirectory()) {
    mkdirSync(to, { mode: 0o700 })
    for (const name of readdirSync(from)) copy(join(from, name), join(to, name))
  }
}
