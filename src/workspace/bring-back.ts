import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'
import { inFolder, inPlace } from './inode.ts'
import { look, readBytes } from './paths.ts'

/** A plain file as it was shown, or is to be. */
export type Plain = { readonly content: Buffer; readonly mode: number }

export type Bringing = {
  readonly path: string
  /** The guarded place that it belongs to: a file alone, or a folder, which is made where it is missing. */
  readonly place: string
  /** How it was when you saw it; null for nothing. */
  readonly before: Plain | null
  /** null takes it away. */
  readonly after: Plain | null
}

/** Writes or removes one file of this machine. No link is followed, and what is not as it was shown stays as it is. */
export function bringBack({ path, place, before, after }: Bringing): void {
  // Another session may have this very file mounted over, which a rename would undo: it is written in place.
  const isAlone = path === place
  const act = (at: string): true => {
    requireAsShown(at, { path, before })
    if (after === null) unlinkSync(at)
    else if (isAlone && before !== null) rewrite(at, path, after)
    else replace(at, after, before)
    return true
  }
  const folder = dirname(path)
  const done = reached(path, () =>
    isAlone ? inPlace(path, act) : inFolder(folder, dirname(place), (held) => act(`${held}/${basename(path)}`)),
  )
  if (done !== true) throw refused(path, 'its folder is gone, or a link stands on its path', 'check it yourself')
}

function requireAsShown(at: string, { path, before }: Pick<Bringing, 'path' | 'before'>): void {
  const there = look(at)
  const isAsShown =
    before === null ? there === null : there?.isFile() === true && readBytes(at, before.content.length)?.equals(before.content)
  if (isAsShown !== true) throw refused(path, 'it changed since it was shown', 'paude config-changes shows it again')
}

function rewrite(at: string, path: string, { content, mode }: Plain): void {
  const file = openSync(at, constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    const { nlink, mode: own } = fstatSync(file)
    if (nlink > 1) throw refused(path, 'it has a second name (a hard link)', 'copy it yourself: paude cp')
    ftruncateSync(file)
    writeFileSync(file, content)
    fchmodSync(file, withRun(own, mode))
  } finally {
    closeSync(file)
  }
}

/** The new file takes the place of the old one at once, or not at all. */
function replace(at: string, { content, mode }: Plain, before: Plain | null): void {
  const draft = `${dirname(at)}/.paude-${process.pid}-${Date.now().toString(36)}`
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, (mode & 0o100) === 0 ? 0o666 : 0o777)
  try {
    writeFileSync(file, content)
    if (before !== null) fchmodSync(file, withRun(before.mode, mode))
    renameSync(draft, at)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

/** The mode of yours, which runs where that of the other one does. */
const withRun = (own: number, other: number): number => ((other & 0o100) === 0 ? own & 0o666 : (own & 0o777) | 0o100)

function reached(path: string, act: () => true | null): true | null {
  try {
    return act()
  } catch (error) {
    if (error instanceof PaudeError) throw error
    const { code = String(error) } = error as NodeJS.ErrnoException
    throw refused(path, shown(code), 'check it yourself')
  }
}

const refused = (path: string, why: string, hint: string): PaudeError =>
  new PaudeError('refused', `cannot change ${shown(path)}: ${why}`, { hint })
