import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { execute } from '../../run/execute.ts'
import { findOthers, MOST_OTHERS } from '../../run/others.ts'
import { capture } from '../../run/process.ts'
import { type Taken, takeSome } from '../../run/tar/some.ts'
import { hasControl, shown } from '../../text.ts'
import { readStoreSource } from '../../workspace/clone-source.ts'
import { hashSize, readGit } from '../../workspace/git.ts'
import { look } from '../../workspace/paths.ts'
import { gitIn, inStore, packsOf, type Store } from '../../workspace/sterile-git.ts'
import { readTree } from '../../workspace/uncommitted.ts'
import type { Found } from '../record/found.ts'
import type { Synced } from '../record/synced.ts'
import others from './others.sh' with { type: 'text' }
import { storeOf, storePlan } from './store.ts'

/** Bytes of the files that are read or sent at once. */
export const MOST_BYTES = 1024 ** 3

/** A path whose state differs from what the clone got: mode and object, '' for nothing. */
export type Differing = { readonly path: string; readonly here: string; readonly known: string }

/** What the project has, seen from a clone of it. */
export type Here = {
  readonly root: string
  readonly differing: readonly Differing[]
  /** Hashes contents as the repository does. */
  readonly hasher: (size: number) => Bun.CryptoHasher
  /** Folders with files that come along, '' for the root. */
  readonly folders: () => ReadonlySet<string>
  /** What stays away, and why. */
  readonly leftOut: readonly { readonly why: string; readonly path: string }[]
  /** What was read, for the next time. */
  readonly read: Synced['read']
}

/** Looks at the project by paude's own git, and reads only what changed since the last time. */
export async function lookHere(
  context: Context,
  { backend, record }: Found,
  { base, known, signal }: { readonly base: string; readonly known: Synced; readonly signal: AbortSignal },
): Promise<Here> {
  const root = record.workspace
  const { git } = readGit(root, context.host)
  if (git === null)
    throw new PaudeError('refused', `${shown(root)} is no longer a git repository`, { hint: `paude cp FILE ${record.id}:PATH` })
  const store = storeOf(context.host, readStoreSource(git))
  await execute(storePlan(store, readStoreSource(git)), context.effects(backend))
  const { uncommitted, same } = readTree({ root, git, host: context.host, what: 'the project cannot be synced' })
  const [found, began] = await Promise.all([
    othersOf(store, { root, base, uncommitted: { ...uncommitted, objects: '' }, signal }),
    treeOf(store, base, signal),
  ])
  const sha256 = hashSize(git) === 32
  const hasher = (size: number) => new Bun.CryptoHasher(sha256 ? 'sha256' : 'sha1').update(`blob ${size}\0`)
  const looked = readThese([...uncommitted.changed, ...found.names], { root, hasher, known })
  const now = new Map([...same, ...looked.states])
  const paths = new Set([...now.keys(), ...began.keys(), ...Object.keys(known.synced)])
  const differing = [...paths].flatMap((path) => {
    const before = known.synced[path] ?? began.get(path) ?? ''
    const here = now.get(path) ?? (isThere(root, path) ? before : '')
    return here === before ? [] : [{ path, here, known: before }]
  })
  return {
    root,
    hasher,
    differing: differing.filter(({ path }) => !hasControl(path)),
    folders: () => new Set([...now.keys()].flatMap(foldersAbove)),
    leftOut: [
      ...found.repositories.map((path) => ({ path, why: 'it is a repository of its own' })),
      ...[...uncommitted.unreadable, ...found.unreadable].map((path) => ({ path, why: 'its name is not UTF-8' })),
      ...differing.filter(({ path }) => hasControl(path)).map(({ path }) => ({ path, why: 'its name has control characters' })),
    ],
    read: looked.read,
  }
}

type Listing = {
  readonly root: string
  readonly base: string
  readonly uncommitted: Parameters<typeof findOthers>[0]['uncommitted']
  readonly signal: AbortSignal
}

async function othersOf(store: Store, { root, base, uncommitted, signal }: Listing) {
  const folder = mkdtempSync(join(packsOf(store), '.sync-'))
  try {
    const find = inStore(store, ['/bin/sh', '-c', others, 'sh', store.git, folder, base, root])
    return await findOthers({ root, folder, find, uncommitted }, signal)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Mode and object of each file of a commit. A name that is not UTF-8 is no path here. */
async function treeOf(store: Store, commit: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { code, stdout } = await capture(gitIn(store, ['ls-tree', '-r', '-z', '--full-tree', commit]), { signal })
  signal.throwIfAborted()
  if (code !== 0)
    throw new PaudeError('refused', `the project no longer has the commit that the clone began with (${commit.slice(0, 10)})`, {
      hint: 'fetch it again, or start a new session',
    })
  return new Map(
    stdout.split('\0').flatMap((line) => {
      const [, mode = '', id = '', path = ''] = /^(\d+) blob ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
      return path === '' || path.includes('\ufffd') ? [] : [[path, `${mode} ${id}`] as const]
    }),
  )
}

type Reading = Pick<Here, 'root' | 'hasher'> & { readonly known: Synced }

/** Mode and object of files, which are read where they look otherwise than the last time. */
function readThese(names: readonly string[], { root, hasher, known }: Reading) {
  if (names.length > MOST_OTHERS.files) throw tooMuch(`more than ${MOST_OTHERS.files} files`)
  const marks = new Map(names.map((name) => [name, markOf(join(root, name))]))
  const fresh = names.filter((name) => known.read[name]?.[0] !== marks.get(name))
  const taking = takeSome(fresh, { root, most: MOST_BYTES, hasher, fault: notRead })
  let next = taking.next()
  while (!next.done) next = taking.next()
  const states = new Map(next.value.map((one) => [one.path, stateOf(one, hasher)]))
  for (const name of names) {
    const before = known.read[name]
    if (before !== undefined && before[0] === marks.get(name)) states.set(name, before[1])
  }
  const read = Object.fromEntries([...states].map(([name, state]) => [name, [marks.get(name) ?? '', state] as [string, string]]))
  return { states, read }
}

function markOf(path: string): string {
  const stats = look(path)
  return stats === null ? '' : `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}:${stats.mode}`
}

/** Mode and object as git would have them. */
export const stateOf = ({ kind, mode, hash, target }: Taken, hasher: Here['hasher']): string =>
  kind === 'link'
    ? `120000 ${hasher(Buffer.byteLength(target)).update(target).digest('hex')}`
    : `${mode === 0o755 ? '100755' : '100644'} ${hash}`

/** Whether something is at a path that does not come along: it is ignored now, or no file. A folder in its place is not it. */
function isThere(root: string, path: string): boolean {
  const parts = path.split('/')
  for (let count = 1; count < parts.length; count++) if (!look(join(root, ...parts.slice(0, count)))?.isDirectory()) return false
  const kind = look(join(root, path))
  return kind !== null && !kind.isDirectory()
}

const foldersAbove = (path: string): readonly string[] =>
  path.split('/').map((_, count, parts) => parts.slice(0, count).join('/'))

/** The error of what cannot be read or sent. */
export const notRead = (what: string, path?: string): PaudeError =>
  path === undefined ? tooMuch(what) : cannot(`${shown(path)} ${what}`, 'make it readable for you, or try again')

const tooMuch = (what: string): PaudeError =>
  cannot(`${what} differ`, 'commit them and use paude push, or add them to .gitignore')
const cannot = (why: string, hint: string): PaudeError =>
  new PaudeError('refused', `the project cannot be synced: ${why}`, { hint })
