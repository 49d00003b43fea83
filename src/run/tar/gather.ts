import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FOLDER, NO_LINK, openFolder, wayTo } from '../held-folder.ts'
import { type LeftOut, MOST, staysInside } from './receive.ts'
import { filling, type Owner, TAR_END, tarHeader } from './write.ts'

const PIECE = 1024 ** 2
/** Folders in folders, each of which is held open meanwhile. */
const MOST_DEEP = 128

export type Gathering = {
  /** Real path of a file or folder. */
  readonly source: string
  /** Name of the whole in the archive; '' for what lies in it alone. */
  readonly name: string
  readonly owner: Owner
  readonly fault: (what: string) => Error
  /** Gets what is not taken, and links that lead elsewhere than into the source. */
  readonly told: LeftOut[]
}

type Walk = Gathering & { entries: number; bytes: number }

/**
 * A file or folder of this machine as a tar stream. Links are taken as links: who else writes in the folder may put one there at any time,
 * and none is followed.
 */
export function* gather(gathering: Gathering): Generator<Uint8Array> {
  const walk: Walk = { ...gathering, entries: 0, bytes: 0 }
  const { source, name } = gathering
  if (lstatSync(source).isDirectory()) {
    const held = looked(walk, '', () => openFolder(source))
    try {
      yield tarHeader({ path: name, kind: 'folder', mode: fstatSync(held).mode & 0o777, size: 0, target: '' }, walk.owner)
      yield* takeFolder(walk, { held, inner: '', depth: 0 })
    } finally {
      closeSync(held)
    }
  } else {
    const above = looked(walk, '', () => openFolder(dirname(source)))
    try {
      const at = `${wayTo(above, dirname(source))}/${source.slice(source.lastIndexOf('/') + 1)}`
      yield* takeFile(walk, at, '')
    } finally {
      closeSync(above)
    }
  }
  yield TAR_END
}

type Here = { readonly held: number; readonly inner: string; readonly depth: number }

function* takeFolder(walk: Walk, { held, inner, depth }: Here): Generator<Uint8Array> {
  const here = wayTo(held, join(walk.source, inner))
  const found = looked(walk, inner, () => readdirSync(here, { withFileTypes: true }))
  for (const entry of found.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(inner, entry.name)
    const at = `${here}/${entry.name}`
    if (depth >= MOST_DEEP) throw walk.fault('holds folders that lie too deep')
    if (++walk.entries > MOST.entries) throw walk.fault(`holds more than ${MOST.entries} files`)
    // What the runtime shows for bytes that are no letters: no path leads back to it.
    if (entry.name.includes('\ufffd')) throw walk.fault(`holds a file whose name is not UTF-8: ${path}`)
    if (entry.isDirectory()) {
      const below = looked(walk, path, () => openSync(at, FOLDER))
      try {
        const mode = fstatSync(below).mode & 0o777
        yield tarHeader({ path: join(walk.name, path), kind: 'folder', mode, size: 0, target: '' }, walk.owner)
        yield* takeFolder(walk, { held: below, inner: path, depth: depth + 1 })
      } finally {
        closeSync(below)
      }
    } else if (entry.isFile()) yield* takeFile(walk, at, path)
    else if (entry.isSymbolicLink()) {
      const target = looked(walk, path, () => readlinkSync(at))
      if (!staysInside(path, target)) walk.told.push({ path, why: 'a link that leads elsewhere in the sandbox' })
      yield tarHeader({ path: join(walk.name, path), kind: 'link', mode: 0o777, size: 0, target }, walk.owner)
    } else walk.told.push({ path, why: 'a device, pipe or socket, which is left out' })
  }
}

function* takeFile(walk: Walk, at: string, path: string): Generator<Uint8Array> {
  const file = looked(walk, path, () => openSync(at, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK))
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw walk.fault(`is not a plain file${path === '' ? '' : `: ${path}`}`)
    walk.bytes += stats.size
    if (walk.bytes > MOST.bytes) throw walk.fault(`holds more than ${MOST.bytes / 1024 ** 2} MiB`)
    yield tarHeader(
      { path: join(walk.name, path), kind: 'file', mode: stats.mode & 0o777, size: stats.size, target: '' },
      walk.owner,
    )
    for (let done = 0; done < stats.size; ) {
      const piece = Buffer.alloc(Math.min(PIECE, stats.size - done))
      const count = looked(walk, path, () => readSync(file, piece, 0, piece.length, done))
      if (count === 0) throw walk.fault(`has changed while it was read${path === '' ? '' : `: ${path}`}`)
      yield piece.subarray(0, count)
      done += count
    }
    yield filling(stats.size)
  } finally {
    closeSync(file)
  }
}

function looked<T>(walk: Walk, path: string, look: () => T): T {
  try {
    return look()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    const where = path === '' ? '' : `: ${path}`
    if (code === 'EACCES' || code === 'EPERM') throw walk.fault(`holds what you may not read${where}`)
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) throw walk.fault(`has changed while it was read${where}`)
    throw walk.fault(`cannot be read (${code || (error as Error).message})${where}`)
  }
}
