import { writeSync } from 'node:fs'
import { hasControl } from '../../text.ts'
import { plainPath, refuseBoth } from './path.ts'
import { readTar, type TarHeader } from './read.ts'

/** What is copied at once: a folder of sources with its packages, not a machine. */
export const MOST = { entries: 100_000, bytes: 4 * 1024 ** 3 } as const

/** Something that is copied. */
export type Item = {
  /** In what is copied; '' for that itself. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link'
  /** Permissions alone. */
  readonly mode: number
  /** Where its content begins in the spool. */
  readonly at: number
  readonly size: number
  /** Where a link leads: never out of what is copied. */
  readonly target: string
}

/** What is not copied, and why. */
export type LeftOut = { readonly path: string; readonly why: string }

export type Received = { readonly items: readonly Item[]; readonly leftOut: readonly LeftOut[] }

type Receiving = {
  /** A file of our own that gets the contents. */
  readonly spool: number
  /** Whether all of it lies in one folder, or is one file, whose name does not count. */
  readonly rooted: boolean
  readonly fault: (what: string) => Error
}

/**
 * Takes a tar stream of a stranger into a spool, before anything is made of it: what leads out refuses all of it, and what is neither a file,
 * a folder nor a link in it is left out.
 */
export async function receive(chunks: AsyncIterable<Uint8Array>, { spool, rooted, fault }: Receiving): Promise<Received> {
  const items = new Map<string, Item>()
  const leftOut: LeftOut[] = []
  const inside = rooted ? inOneRoot(fault) : (path: string) => path
  let end = 0
  let doubled = 0
  const take = (header: TarHeader, path: string): number => {
    if (items.has(path) && !(header.kind === 'folder' && items.get(path)?.kind === 'folder'))
      throw fault(`holds ${path || 'itself'} twice`)
    const verdict = judge(header, path, items)
    if (typeof verdict === 'string') {
      leftOut.push({ path, why: verdict })
      return 0
    }
    // A second name becomes a file with the same content, so the bound of what is laid out counts it as well.
    if (header.kind === 'hard link') doubled += verdict.size
    if (end + doubled > MOST.bytes)
      throw fault(`holds more than ${MOST.bytes / 1024 ** 2} MiB with the second names of its files`)
    if ((header.mode & 0o6000) !== 0) leftOut.push({ path, why: 'its setuid bit' })
    items.set(path, { ...verdict, path, ...(header.kind === 'file' ? { at: end, size: header.size } : {}) })
    return header.kind === 'file' ? header.size : 0
  }
  await readTar(chunks, {
    most: MOST,
    fault,
    entry: (header) => {
      const plain = plainPath(header.path, fault)
      if (hasControl(plain)) throw fault(`holds a name with control characters: ${plain}`)
      if (plain === '' && rooted) return null
      const size = take(header, inside(plain))
      if (size === 0) return null
      return (part) => {
        for (let done = 0; done < part.length; ) done += writeSync(spool, part, done, part.length - done, end + done)
        end += part.length
      }
    },
  })
  const all = [...items.values()]
  refuseBoth(
    all.flatMap(({ path, kind }) => (kind === 'folder' ? [] : [path])),
    all.map(({ path }) => path),
    fault,
  )
  if (items.has('') && items.get('')?.kind !== 'folder' && items.size > 1)
    throw fault('holds a file and a folder of the same name')
  return { items: all, leftOut }
}

/** Takes the first name off, which all must have. */
function inOneRoot(fault: Receiving['fault']): (path: string) => string {
  let root: string | null = null
  return (path) => {
    const [first = '', ...rest] = path.split('/')
    root ??= first
    if (first !== root) throw fault(`holds more than one thing: ${first}`)
    return rest.join('/')
  }
}

/** What becomes of an entry, or why it is left out. A second name of a file becomes another file with its content. */
function judge({ kind, mode, target }: TarHeader, path: string, before: ReadonlyMap<string, Item>): Omit<Item, 'path'> | string {
  const plain = { mode: mode & 0o777, at: 0, size: 0, target: '' }
  switch (kind) {
    case 'file':
    case 'folder':
      return { ...plain, kind }
    case 'link':
      return staysInside(path, target) ? { ...plain, kind, target } : 'a link that leads out of it'
    case 'hard link': {
      const other = [...names(target)].map((name) => before.get(name)).find((found) => found?.kind === 'file')
      return other ?? 'a second name of something else'
    }
    case 'other':
      return 'a device, pipe or socket'
  }
}

/** As a hard link names it: with the root, or without where there is none. */
function* names(target: string): Generator<string> {
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  yield parts.slice(1).join('/')
  yield parts.join('/')
}

/**
 * Whether a link leads to a place in what is copied, whatever lies there. `..` counts only at its beginning: behind a name, which may be a
 * link itself, it means another folder than it seems to.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || hasControl(target)) return false
  const parts = target.split('/').filter((part) => part !== '' && part !== '.')
  const ups = parts.findIndex((part) => part !== '..')
  const [up, down] = ups === -1 ? [parts.length, []] : [ups, parts.slice(ups)]
  return !down.includes('..') && path !== '' && up < path.split('/').length
}
