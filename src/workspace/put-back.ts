import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
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
import { inPlace, makeInPlace } from './inode.ts'
import { keptContent, type Manifest, type Seen } from './manifest.ts'
import { ancestors, below } from './paths.ts'

/** Takes away what is at a path, with all it holds. `keep` is where it goes to, which is not there yet; null for nowhere. No link is followed. */
export function takeAway(path: string, keep: string | null): void {
  const done = inPlace(path, (at) => {
    if (keep !== null) {
      mkdirSync(dirname(keep), { recursive: true, mode: 0o700 })
      if (moved(at, keep)) return true
      copy(at, keep)
    }
    rmSync(at, { recursive: true, force: true })
    return true
  })
  if (done === null) throw unreachable(path)
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
      chmodSync(at, was.mode)
    } else if (was.kind === 'link') symlinkSync(content.toString(), at)
    else {
      writeFileSync(at, content, { flag: 'wx', mode: 0o600 })
      chmodSync(at, was.mode)
    }
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
