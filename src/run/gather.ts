import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { holdsSecret } from '../credentials/looks-secret.ts'
import { PaudeError } from '../errors.ts'
import type { Gather, OwnFile } from '../plan/plan.ts'
import { shown } from '../text.ts'

/** Milliseconds for which a copy is kept that no session names: a start that chose it may be under way. */
const YOUNG = 60 * 60 * 1000

/**
 * Makes the copy, unless it is there. What has not changed since the last one is the same file. Returns the files that were left out
 * since they hold a secret.
 */
export function gather({ store, name, files, texts, users }: Gather): readonly string[] {
  const [to, marks] = [join(store, name), join(store, `${name}.json`)]
  if (existsSync(to)) {
    utimesSync(to, new Date(), new Date())
    return []
  }
  mkdirSync(store, { recursive: true, mode: 0o700 })
  const draft = join(store, `.${name}.${process.pid}`)
  rmSync(draft, { recursive: true, force: true })
  const made = new Set<string>()
  const inPlace = (path: string) => {
    const folder = dirname(join(draft, path))
    if (!made.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    made.add(folder)
    return join(draft, path)
  }
  const before = lastCopy(store)
  const secrets = files.flatMap((file) => (bring(file, inPlace(file.path), before) ? [] : [file.path]))
  for (const [path, text] of Object.entries(texts)) {
    const file = inPlace(path)
    rmSync(file, { force: true })
    writeFileSync(file, text, { mode: 0o600 })
  }
  const copied = files.filter(({ path }) => !secrets.includes(path))
  writeFileSync(marks, JSON.stringify(Object.fromEntries(copied.map((file) => [file.path, markOf(file)]))), { mode: 0o600 })
  try {
    renameSync(draft, to)
  } catch (error) {
    // Another start was faster with the same copy.
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
  dropOld(dirname(store), name, users)
  return secrets
}

type Copy = { readonly folder: string; readonly marks: Readonly<Record<string, string>> }

const markOf = ({ mark, executable }: OwnFile): string => `${mark}${executable ? 'x' : ''}`

/** False where it holds a secret. */
function bring(file: OwnFile, to: string, before: Copy | null): boolean {
  if (before?.marks[file.path] === markOf(file))
    try {
      linkSync(join(before.folder, file.path), to)
      return true
    } catch {
      // Copied anew below.
    }
  const bytes = contentOf(file)
  if (holdsSecret(bytes.toString('latin1'))) return false
  writeFileSync(to, bytes, { mode: 0o600 })
  if (file.executable) chmodSync(to, 0o700)
  return true
}

/** Of the very file that was looked at: whoever writes beside it may have put a link there since. */
function contentOf({ source, mark }: OwnFile): Buffer {
  const changed = new PaudeError('refused', `${shown(source)} changed while it was copied`, { hint: 'start again' })
  let handle: number
  try {
    handle = openSync(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    throw changed
  }
  try {
    const { dev, ino, size, mtimeMs } = fstatSync(handle)
    const real = process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${handle}`) : realpathSync(source)
    if (`${dev}:${ino}:${size}:${mtimeMs}` !== mark || real !== source) throw changed
    return readFileSync(handle)
  } finally {
    closeSync(handle)
  }
}

function lastCopy(store: string): Copy | null {
  const lists = readdirSync(store).filter((name) => name.endsWith('.json'))
  const [last] = lists.toSorted((one, other) => statSync(join(store, other)).mtimeMs - statSync(join(store, one)).mtimeMs)
  if (last === undefined) return null
  try {
    return { folder: join(store, last.slice(0, -5)), marks: JSON.parse(readFileSync(join(store, last), 'utf8')) }
  } catch {
    return null
  }
}

/** Removes copies, also of other rules, that no session names and no start can have chosen just now. */
function dropOld(stores: string, name: string, users: string): void {
  const named = new Set([name, ...namesIn(users).map((session) => textOf(join(users, session, 'seed/imported')))])
  for (const store of namesIn(stores).map((one) => join(stores, one))) {
    const copies = namesIn(store).flatMap((one) => (one.endsWith('.json') ? [one.slice(0, -5)] : []))
    const old = copies.filter((copy) => !named.has(copy) && !isYoung(join(store, copy)))
    for (const copy of old)
      for (const path of [join(store, `${copy}.json`), join(store, copy)]) rmSync(path, { recursive: true, force: true })
    if (old.length > 0 && old.length === copies.length) rmSync(store, { recursive: true, force: true })
  }
}

const isYoung = (copy: string): boolean => existsSync(copy) && Date.now() - statSync(copy).mtimeMs < YOUNG

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
