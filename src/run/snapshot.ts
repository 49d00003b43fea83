import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { SECRET_FILE } from '../credentials/looks-secret.ts'
import { PaudeError } from '../errors.ts'
import type { Snapshot } from '../plan/plan.ts'
import { firstOf, nameInside, printableOutput, shown } from '../text.ts'
import { type Brought, linkTo } from '../workspace/brought.ts'
import { look } from '../workspace/paths.ts'
import { isPlain, quoted } from '../workspace/uncommitted.ts'
import { FOLDER, NO_LINK, openFolder, wayTo } from './held-folder.ts'
import { oddLists } from './odd-lists.ts'
import { capture } from './process.ts'
import { filling, TAR_END, tarHeader } from './tar/write.ts'

/** Files that come along, bytes of their names and contents, and milliseconds in which git has to find them. */
const MOST = { files: 50_000, names: 64 * 1024 ** 2, bytes: 1024 ** 3 }
const PATIENCE = 120_000
const PIECE = 1024 ** 2

/** Makes what a clone gets of what is not committed. Returns lines for the user. */
export async function takeSnapshot(step: Snapshot, signal: AbortSignal): Promise<readonly string[]> {
  const { folder, uncommitted } = step
  const { files, repositories: within, objects, excludes } = uncommitted
  for (const [name, content] of Object.entries({ entries: files + within, objects, excludes }))
    writeFileSync(join(folder, name), content, { mode: 0o600 })
  const odd = ['.gitignore', ...uncommitted.changed.filter((name) => name.endsWith('/.gitignore'))].find(isOddIn(step.root))
  if (odd !== undefined) throw cannot(ODD(odd), `look at ${shown(join(step.root, odd))}`)
  const late = AbortSignal.timeout(PATIENCE)
  const { code, stderr } = await capture(step.find, { signal: AbortSignal.any([signal, late]), most: PIECE })
  signal.throwIfAborted()
  if (code !== 0) throw cannot(await causeOf(step, late.aborted ? 'git did not end in time' : lastLine(stderr)), 'git status')
  const list = join(folder, 'others')
  if (statSync(list).size > MOST.names) throw cannot(`more than ${MOST.files} files are not committed`, IGNORE)
  const found = namesIn(readFileSync(list))
  const repositories = found.names.filter((name) => name.endsWith('/'))
  const others = found.names.filter((name) => !name.endsWith('/') && isPlain(name))
  const packed = pack(step, [...uncommitted.changed, ...others])
  const taken = packed.map(({ path }) => path)
  writeFileSync(step.list, JSON.stringify(packed), { mode: 0o600 })
  const absent = uncommitted.changed.map((name) => `${quoted(Buffer.from(name).toString('latin1'))}\n`)
  writeFileSync(join(folder, 'absent'), absent.join(''), { mode: 0o600 })
  for (const name of ['entries', 'objects', 'excludes', 'others']) rmSync(join(folder, name))
  const secrets = taken.filter((name) => SECRET_FILE.test(name.slice(name.lastIndexOf('/') + 1)))
  return [
    ...told('comes into the clone, not committed, and may hold secrets', secrets),
    ...told('not in the clone, since it is a repository of its own', repositories),
    ...told('not in the clone as it is, since its name is not UTF-8', [...uncommitted.unreadable, ...found.unreadable]),
  ]
}

/** Bytes of a list of what is ignored. */
const MOST_IGNORED = 16 * 1024 ** 2

const ODD = (name: string): string => `${nameInside(name)} is not a plain file of at most ${MOST_IGNORED / 1024 ** 2} MiB`

/** Whether git would wait for a list of what is ignored, or read it for long. It follows no link to one. */
const isOddIn = (root: string) => (name: string) => {
  const file = look(join(root, name))
  return file !== null && !file.isSymbolicLink() && !file.isDirectory() && (!file.isFile() || file.size > MOST_IGNORED)
}

/** Why git failed: to look at all lists of what is ignored costs more than most starts should. */
async function causeOf({ root }: Snapshot, why: string): Promise<string> {
  const [odd] = await oddLists(root, { names: ['.gitignore'], most: MOST_IGNORED })
  return odd === undefined ? why : `${why}: ${ODD(odd)}`
}

const told = (why: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`${why}: ${firstOf(names.map(nameInside))}`]

function namesIn(list: Buffer): { readonly names: readonly string[]; readonly unreadable: readonly string[] } {
  const all = list.toString('latin1').split('\0').filter(Boolean)
  const texts = all.map((name) => ({ name, text: Buffer.from(name, 'latin1').toString() }))
  const isText = ({ name, text }: (typeof texts)[number]) => Buffer.from(text).toString('latin1') === name
  return {
    names: texts.filter(isText).map(({ text }) => text),
    unreadable: texts.filter((one) => !isText(one)).map(({ text }) => text),
  }
}

/** Writes tree.tar: the files as they are. What is gone, or is no file and no link, is not in it. Returns what is. */
function pack({ folder, root }: Snapshot, names: readonly string[]): readonly Brought[] {
  if (names.length > MOST.files) throw cannot(`more than ${MOST.files} files are not committed`, IGNORE)
  const tar = openSync(join(folder, 'tree.tar'), 'wx', 0o600)
  const left = { bytes: MOST.bytes }
  try {
    const taken = names.flatMap((name) => {
      const above = folderOf(root, name)
      if (above === null) return []
      try {
        const at = `${wayTo(above, join(root, name, '..'))}/${name.slice(name.lastIndexOf('/') + 1)}`
        return packOne(tar, { name, at, left }) ?? []
      } finally {
        closeSync(above)
      }
    })
    writeSync(tar, TAR_END)
    return taken
  } finally {
    closeSync(tar)
  }
}

/** The folder of a file, held open; no link on the way to it is followed. null where it is gone. */
function folderOf(root: string, name: string): number | null {
  let held = openFolder(root)
  const parts = name.split('/').slice(0, -1)
  for (const [at, part] of parts.entries()) {
    const above = held
    try {
      held = openSync(`${wayTo(above, join(root, ...parts.slice(0, at)))}/${part}`, FOLDER)
    } catch (error) {
      if (isGone(error)) return null
      throw unreadable(name, error)
    } finally {
      closeSync(above)
    }
  }
  return held
}

const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'].includes((error as { code?: string }).code ?? '')

const OWNER = { uid: 0, gid: 0 }

type One = { readonly name: string; readonly at: string; readonly left: { bytes: number } }

function packOne(tar: number, { name, at, left }: One): Brought | null {
  const target = linkAt(at)
  if (target !== null) {
    writeSync(tar, tarHeader({ path: name, kind: 'link', mode: 0o777, size: 0, target }, OWNER))
    return { path: name, size: 0, is: linkTo(target) }
  }
  let file: number
  try {
    file = openSync(at, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK)
  } catch (error) {
    if (isGone(error)) return null
    throw unreadable(name, error)
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) return null
    const { size, mode } = stats
    left.bytes -= size
    if (left.bytes < 0) throw cannot(`more than ${MOST.bytes / 1024 ** 2} MiB are not committed`, IGNORE)
    writeSync(tar, tarHeader({ path: name, kind: 'file', mode: mode & 0o100 ? 0o755 : 0o644, size, target: '' }, OWNER))
    const hasher = new Bun.CryptoHasher('sha256')
    for (let done = 0; done < size; ) {
      const piece = Buffer.alloc(Math.min(PIECE, size - done))
      const count = readSync(file, piece, 0, piece.length, done)
      if (count === 0) throw cannot(`${nameInside(name)} has changed while it was read`, 'try again')
      for (let put = 0; put < count; ) put += writeSync(tar, piece, put, count - put)
      hasher.update(piece.subarray(0, count))
      done += count
    }
    writeSync(tar, filling(size))
    return { path: name, size, is: hasher.digest('hex') }
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

const IGNORE = 'commit them or add them to .gitignore, or leave out --dirty'
const lastLine = (text: string): string => printableOutput(text).trim().split('\n').at(-1)?.slice(0, 300) ?? ''
const unreadable = (name: string, error: unknown): PaudeError =>
  cannot(`${shown(name)} cannot be read (${(error as { code?: string }).code})`, 'make it readable for you, or leave out --dirty')
const cannot = (why: string, hint: string): PaudeError =>
  new PaudeError('refused', `what is not committed cannot be brought: ${why}`, { hint })
