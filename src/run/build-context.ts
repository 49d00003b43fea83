import { createHash, type Hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { quoted, shown } from '../text.ts'
import { FOLDER, NO_LINK, openFolder, wayTo } from './held-folder.ts'

/** What is still looked through: it takes a few seconds. */
const MOST_ENTRIES = 100_000
const MOST_BYTES = 512 * 1024 ** 2
/** Folders in folders, each of which is held open meanwhile. */
const MOST_DEEP = 128
/** Bytes of a path in the folder, so that its copy has one too. */
const MOST_PATH = 2048

/** A hash of all that a build may read of a folder: names, modes, contents and links, none of which is followed. */
export function contextHash(folder: string): string {
  const walk = walkContext(folder, null)
  for (;;) {
    const { done, value } = walk.next()
    if (done) return value
  }
}

/**
 * Copies a folder while it is hashed, to a place where there is nothing yet, and returns the hash of what was copied: whatever
 * becomes of the folder meanwhile, hash and copy are of the same bytes. `check` is called between parts, to end it by throwing.
 */
export async function copyContext(folder: string, to: string, check: () => void): Promise<string> {
  const walk = walkContext(folder, to)
  try {
    for (let part = 1; ; part++) {
      const { done, value } = walk.next()
      if (done) return value
      // A turn of the event loop, in which signals are heard.
      if (part % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      check()
    }
  } finally {
    walk.return('')
  }
}

type Walk = {
  readonly folder: string
  readonly hash: Hash
  /** Where the copy goes; null when there is none. */
  readonly to: string | null
  entries: number
  bytes: number
}

/** Yields between the parts of its work: entries, and pieces of large files. */
function* walkContext(folder: string, to: string | null): Generator<undefined, string> {
  const walk: Walk = { folder, hash: createHash('sha256'), to, entries: 0, bytes: 0 }
  const root = looked(walk, '', () => openFolder(folder))
  try {
    yield* walkFolder(root, '', walk, 0)
  } finally {
    closeSync(root)
  }
  return walk.hash.digest('hex')
}

/** A folder that is held open, so that nothing put in its place counts; `place` is its path in the whole, '' for the whole. */
function* walkFolder(held: number, place: string, walk: Walk, depth: number): Generator<undefined> {
  const stats = looked(walk, place, () => fstatSync(held))
  if (walk.to !== null) mkdirSync(join(walk.to, place), { mode: 0o700 })
  const here = way(walk, held, place)
  const found = looked(walk, place, () => readdirSync(here, { withFileTypes: true }))
  for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = join(place, entry.name)
    if (depth >= MOST_DEEP || Buffer.byteLength(inner) > MOST_PATH)
      throw refused(walk.folder, 'holds folders that are nested too deeply', `move ${quoted(inner.split('/')[0])} elsewhere`)
    if (++walk.entries > MOST_ENTRIES) throw tooMuch(walk)
    const path = `${here}/${entry.name}`
    // Also what the runtime shows for bytes that are no letters; no path leads back to those.
    if (entry.name.includes('\ufffd'))
      throw refused(walk.folder, `holds a file whose name is not UTF-8: ${quoted(inner)}`, 'rename it')
    if (entry.isDirectory()) {
      const below = looked(walk, inner, () => openSync(path, FOLDER))
      try {
        mark(walk, 'folder', inner, fstatSync(below).mode)
        yield* walkFolder(below, inner, walk, depth + 1)
      } finally {
        closeSync(below)
      }
    } else if (entry.isFile()) yield* takeFile(path, inner, walk)
    else if (entry.isSymbolicLink()) takeLink(path, inner, walk)
    // No engine gets anything out of pipes and sockets.
    else mark(walk, 'other', inner, 0)
    yield
  }
  if (walk.to === null) return
  const copy = join(walk.to, place)
  // Its owner may always clean up.
  chmodSync(copy, (stats.mode & 0o7777) | 0o700)
  utimesSync(copy, stats.atime, stats.mtime)
}

const piece = Buffer.alloc(1024 ** 2)

function* takeFile(path: string, place: string, walk: Walk): Generator<undefined> {
  const file = looked(walk, place, () => openSync(path, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK))
  let copy: number | null = null
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw changed(walk, place)
    mark(walk, 'file', place, stats.mode)
    if (walk.bytes + stats.size > MOST_BYTES) throw tooMuch(walk)
    const { O_WRONLY, O_CREAT, O_EXCL } = constants
    if (walk.to !== null) copy = openSync(join(walk.to, place), O_WRONLY | O_CREAT | O_EXCL, 0o600)
    let size = 0
    for (;;) {
      const count = looked(walk, place, () => readSync(file, piece))
      if (count === 0) break
      const part = piece.subarray(0, count)
      walk.hash.update(part)
      if (copy !== null) writeWhole(copy, part)
      size += count
      walk.bytes += count
      if (walk.bytes > MOST_BYTES) throw tooMuch(walk)
      if (count === piece.length) yield
    }
    walk.hash.update(`\0${size}\0`)
    if (copy !== null) finish(copy, stats)
  } finally {
    closeSync(file)
    if (copy !== null) closeSync(copy)
  }
}

function takeLink(path: string, place: string, walk: Walk): void {
  // The engine's client itself opens these, and would follow.
  if (place === '.dockerignore' || place === '.containerignore')
    throw refused(walk.folder, `has a symbolic link as ${place}`, 'replace the link by a file')
  const target = looked(walk, place, () => readlinkSync(path))
  if (target.includes('\ufffd'))
    throw refused(walk.folder, `holds a link to a name that is not UTF-8: ${quoted(place)}`, 'remove it')
  mark(walk, 'link', place, 0)
  walk.hash.update(`${target}\0`)
  if (walk.to === null) return
  const copy = join(walk.to, place)
  symlinkSync(target, copy)
  const { atime, mtime } = looked(walk, place, () => lstatSync(path))
  lutimesSync(copy, atime, mtime)
}

const mark = ({ hash }: Walk, kind: 'file' | 'folder' | 'link' | 'other', place: string, mode: number): void =>
  void hash.update(`${kind} ${(mode & 0o7777).toString(8)}\0${place}\0`)

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function finish(copy: number, { mode, atime, mtime }: Stats): void {
  fchmodSync(copy, mode & 0o7777)
  futimesSync(copy, atime, mtime)
}

/** The path by which an open folder is reached. */
const way = ({ folder }: Walk, held: number, place: string): string => wayTo(held, join(folder, place))

/** What a look at the folder failed for, in a sentence. */
function looked<T>(walk: Pick<Walk, 'folder'>, place: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (code === 'EACCES' || code === 'EPERM')
      throw refused(walk.folder, `holds a file that you may not read: ${quoted(place)}`, 'change its mode, or move it elsewhere')
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) throw changed(walk, place)
    throw refused(walk.folder, `cannot be read at ${quoted(place)} (${code || (error as Error).message})`, 'try again')
  }
}

const changed = ({ folder }: Pick<Walk, 'folder'>, place: string): PaudeError =>
  refused(folder, `changed while paude read it${place === '' ? '' : `: ${quoted(place)}`}`, 'stop what changes it, and try again')

const tooMuch = ({ folder }: Walk): PaudeError =>
  refused(
    folder,
    'is too large for a build context that you approve',
    `set build.context to a folder with fewer than ${MOST_ENTRIES} files and 512 MiB`,
  )

const refused = (folder: string, fault: string, hint: string): PaudeError =>
  new PaudeError('refused', `the build context ${shown(folder)} ${fault}`, { hint })
