import { closeSync, constants, lstatSync, mkdirSync, openSync, symlinkSync, unlinkSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FOLDER, NO_LINK, openFolder, wayTo } from '../held-folder.ts'
import type { Item } from './receive.ts'
import { contentOf } from './write.ts'

type Laying = {
  readonly items: readonly Item[]
  readonly spool: number
  /** Real path of a folder that is there, and what is made in it. */
  readonly parent: string
  readonly name: string
  /** Whether files that are there are replaced, and folders filled up. */
  readonly force: boolean
  readonly fault: (what: string) => Error
}

type Laid = Laying & {
  /** Folders that we made, by path. */
  readonly made: Set<string>
  /** The folder of the last item, held open: the next one mostly lies there too. */
  held: { readonly path: string; readonly folder: number }
}

/**
 * Makes items on this machine. Each folder is held open while something is made in it, and no link is followed: a box may write where that is,
 * and put one there meanwhile.
 */
export function layItems(laying: Laying): void {
  const laid: Laid = { ...laying, made: new Set(), held: { path: '', folder: openFolder(laying.parent) } }
  try {
    for (const item of laying.items) make(laid, item)
  } catch (error) {
    const { code, syscall } = error as { code?: string; syscall?: string }
    if (code === undefined || syscall === undefined) throw error
    throw laying.fault(explained(code))
  } finally {
    closeSync(laid.held.folder)
  }
}

const explained = (code: string): string =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EEXIST', 'EISDIR', 'EPERM'].includes(code)
    ? `cannot be written: another file is already there (${code})`
    : `cannot be written (${code})`

function make(laid: Laid, item: Item): void {
  const path = join(laid.name, item.path)
  if (item.kind === 'folder') {
    hold(laid, path, item.mode)
    return
  }
  hold(laid, dirname(path) === '.' ? '' : dirname(path), 0o777)
  const at = `${way(laid)}/${path.slice(path.lastIndexOf('/') + 1)}`
  if (laid.force) takeAway(at)
  if (item.kind === 'link') {
    symlinkSync(item.target, at)
    return
  }
  const { O_WRONLY, O_CREAT, O_EXCL } = constants
  // Its owner may read and replace it; what the mode lacks of the umask stays away.
  const file = openSync(at, O_WRONLY | O_CREAT | O_EXCL | NO_LINK, item.mode | 0o600)
  try {
    for (const piece of contentOf(item, laid.spool))
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done)
  } finally {
    closeSync(file)
  }
}

const way = ({ held, parent }: Laid): string => wayTo(held.folder, join(parent, held.path))

/** A file or link that is there; a folder stays, as a device does, and is in the way of what is no folder. */
function takeAway(at: string): void {
  const there = lstatSync(at, { throwIfNoEntry: false })
  if (there?.isFile() || there?.isSymbolicLink()) unlinkSync(at)
}

/** Holds a folder open, and makes it and those above it where they are missing. */
function hold(laid: Laid, path: string, mode: number): void {
  if (laid.held.path === path) return
  const names = path.split('/').filter(Boolean)
  let folder = openFolder(laid.parent)
  try {
    for (const [at, name] of names.entries()) {
      const here = names.slice(0, at + 1).join('/')
      const above = folder
      const inner = `${wayTo(above, join(laid.parent, ...names.slice(0, at)))}/${name}`
      if (!laid.made.has(here)) makeFolder(laid, inner, at === names.length - 1 ? mode : 0o777)
      laid.made.add(here)
      folder = openSync(inner, FOLDER)
      closeSync(above)
    }
  } catch (error) {
    closeSync(folder)
    throw error
  }
  closeSync(laid.held.folder)
  laid.held = { path, folder }
}

function makeFolder({ force }: Laid, path: string, mode: number): void {
  try {
    mkdirSync(path, mode | 0o700)
  } catch (error) {
    const isThere = force && (error as { code?: string }).code === 'EEXIST' && lstatSync(path).isDirectory()
    if (!isThere) throw error
  }
}
