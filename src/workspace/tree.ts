import { dirname, join } from 'node:path'
import { foldedName } from './folded-name.ts'
import { inPlace } from './inode.ts'
import { CLAUDE_TREES } from './listed.ts'
import { ancestors, entriesIfOpen, look, readBytes, readLink } from './paths.ts'

/** Something below a folder, or the one file that a tree consists of: that has '' for a path. */
export type Leaf = {
  readonly path: string
  /** `closed` is what cannot be read, or is too much. */
  readonly kind: 'folder' | 'file' | 'link' | 'other' | 'closed'
  readonly mode: number
  /** Of a file, and where a link leads. */
  readonly content: Buffer
}

/** Each folder stands before what is in it. */
export type Tree = readonly Leaf[]

/** What may still be read; counts down. */
export type Bounds = { names: number; bytes: number }

/** Bytes of one file. */
const MOST_FILE = 4 * 1024 ** 2
/** Folders in folders: each is reached from the root again. */
const MOST_DEEP = 32
const NOTHING = Buffer.alloc(0)
/** Stands for all that is in a closed folder. */
const REST = '*'

/** Whether it is Claude's folder of working trees, which are whole projects. In any case: file systems may ignore it. */
export const isTrees = (path: string): boolean => foldedName(path) === CLAUDE_TREES

/** What is at a path; `closed` where something on the way to it could not be read, so that nobody knows. */
export function leafOf(leaves: ReadonlyMap<string, Leaf>, path: string): Leaf | null {
  const leaf = leaves.get(path)
  if (leaf !== undefined) return leaf
  const isClosed = ancestors(`/${path}`).some((at) => leaves.get(join(dirname(at), REST).slice(1))?.kind === 'closed')
  return isClosed ? { path, kind: 'closed', mode: 0, content: NOTHING } : null
}

/**
 * Everything below a folder, or one file alone, as it is: no link is followed, also not one that appears meanwhile. Nothing where nothing
 * is. What is beyond the bounds is `closed`. Of Claude's working trees nothing but their folder.
 */
export function readTree(root: string, left: Bounds): Tree {
  const top = inPlace(root, (at) => leafAt(at, '', left))
  if (top === null || top === undefined) return []
  const leaves: Leaf[] = [top]
  for (const leaf of leaves) if (leaf.kind === 'folder' && !isTrees(leaf.path)) leaves.push(...leavesIn(root, leaf, left))
  return leaves
}

function leavesIn(root: string, folder: Leaf, left: Bounds): readonly Leaf[] {
  const closed = [{ ...folder, path: join(folder.path, REST), kind: 'closed' } as const]
  if (folder.path.split('/').length > MOST_DEEP) return closed
  return (
    inPlace(`${join(root, folder.path)}/.`, (at) => {
      const entries = entriesIfOpen(at)
      if (entries === null || entries.length > left.names) return closed
      left.names -= entries.length
      return entries
        .map(({ name }) => name)
        .sort()
        .flatMap((name) => leafAt(join(at, name), join(folder.path, name), left) ?? [])
    }) ?? closed
  )
}

function leafAt(at: string, path: string, left: Bounds): Leaf | null {
  const stats = look(at)
  if (stats === null) return path.includes('\ufffd') ? { path, kind: 'closed', mode: 0, content: NOTHING } : null
  const leaf = { path, mode: stats.mode & 0o777, content: NOTHING }
  if (stats.isDirectory()) return { ...leaf, kind: 'folder' }
  if (stats.isSymbolicLink()) return { ...leaf, kind: 'link', content: Buffer.from(readLink(at)) }
  if (!stats.isFile()) return { ...leaf, kind: 'other' }
  const content = readBytes(at, Math.min(MOST_FILE, left.bytes))
  if (content === null) return { ...leaf, kind: 'closed' }
  left.bytes -= content.length
  return { ...leaf, kind: 'file', content }
}
