import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { FOLDER, NO_LINK, openFolder, wayTo } from '../held-folder.ts'
import { filling, type Owner, tarHeader } from './write.ts'

const PIECE = 1024 ** 2

/** A file or link that was taken. */
export type Taken = {
  readonly path: string
  readonly kind: 'file' | 'link'
  readonly mode: number
  readonly size: number
  /** Of the content of a file, as hexadecimal digits; '' for a link. */
  readonly hash: string
  /** Where a link leads. */
  readonly target: string
}

type Some = {
  /** Real path of the folder. */
  readonly root: string
  /** Put before each path in the archive. */
  readonly under?: string
  /** Bytes of all contents together. */
  readonly most: number
  /** What a content of so many bytes is hashed with. */
  readonly hasher: (size: number) => Bun.CryptoHasher
  /** Makes the error of what cannot be taken: of the whole, or of one file. */
  readonly fault: (what: string, path?: string) => Error
}

/** Files of one owner, whoever has them here. */
const OWNER: Owner = { uid: 0, gid: 0 }

/**
 * Some files of a folder as the entries of a tar stream, as they are now. No link is followed, on no way to them. What is gone, or is no file
 * and no link, is not in it. Returns what is.
 */
export function* takeSome(names: readonly string[], some: Some): Generator<Uint8Array, readonly Taken[]> {
  const left = { bytes: some.most }
  const taken: Taken[] = []
  for (const name of names) {
    const above = folderOf(name, some)
    if (above === null) continue
    try {
      const at = `${wayTo(above, join(some.root, name, '..'))}/${name.slice(name.lastIndexOf('/') + 1)}`
      const one = yield* takeOne(name, { ...some, at, left })
      if (one !== null) taken.push(one)
    } finally {
      closeSync(above)
    }
  }
  return taken
}

/** The folder of a file, held open. null where it is gone. */
function folderOf(name: string, { root, fault }: Some): number | null {
  let held = openFolder(root)
  const parts = name.split('/').slice(0, -1)
  for (const [at, part] of parts.entries()) {
    const above = held
    try {
      held = openSync(`${wayTo(above, join(root, ...parts.slice(0, at)))}/${part}`, FOLDER)
    } catch (error) {
      if (isGone(error)) return null
      throw unreadable(error, name, fault)
    } finally {
      closeSync(above)
    }
  }
  return held
}

const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'].includes((error as { code?: string }).code ?? '')

type One = Some & { readonly at: string; readonly left: { bytes: number } }

function* takeOne(name: string, { at, left, under = '', most, hasher, fault }: One): Generator<Uint8Array, Taken | null> {
  const path = join(under, name)
  const target = linkAt(at)
  if (target !== null) {
    yield tarHeader({ path, kind: 'link', mode: 0o777, size: 0, target }, OWNER)
    return { path: name, kind: 'link', mode: 0o777, size: 0, hash: '', target }
  }
  let file: number
  try {
    file = openSync(at, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK)
  } catch (error) {
    if (isGone(error)) return null
    throw unreadable(error, name, fault)
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) return null
    const { size } = stats
    const mode = stats.mode & 0o100 ? 0o755 : 0o644
    left.bytes -= size
    if (left.bytes < 0) throw fault(`more than ${most / 1024 ** 2} MiB`)
    yield tarHeader({ path, kind: 'file', mode, size, target: '' }, OWNER)
    const hash = hasher(size)
    for (let done = 0; done < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE, size - done))
      const count = readSync(file, piece, 0, piece.length, done)
      if (count === 0) throw fault('has changed while it was read', name)
      hash.update(piece.subarray(0, count))
      yield piece.subarray(0, count)
      done += count
    }
    yield filling(size)
    return { path: name, kind: 'file', mode, size, hash: hash.digest('hex'), target: '' }
  } finally {
    closeSync(file)
  }
}

const linkAt = (at: string): string | null => {
  try {
    return readlinkSync(at)
  } catch {
    return null
  }
}

const unreadable = (error: unknown, name: string, fault: Some['fault']): Error =>
  fault(`cannot be read (${(error as { code?: string }).code})`, name)
