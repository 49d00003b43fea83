import { mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as v from 'valibot'
import { shadowPlace } from '../../box/spec.ts'
import { SHADOWS } from '../../box/stand-ins.ts'
import type { CopyTree } from '../../plan/plan.ts'
import { layTree, packTree } from '../../run/lay-tree.ts'
import { secret } from '../../secret.ts'
import { firstOf, isTooLong, nameInside, UNSEEN } from '../../text.ts'
import { foldedName } from '../../workspace/folded-name.ts'
import { bareRepositories } from '../../workspace/landing.ts'
import { ancestors, realPath } from '../../workspace/paths.ts'
import { type Bounds, isTrees, type Leaf, leafOf, readTree, type Tree } from '../../workspace/tree.ts'
import type { SessionRecord } from './record.ts'

/** A file of the agents' configuration that a session changed in its shadow: at the start, on this machine now, and in the shadow. */
export type ConfigChange = {
  readonly path: string
  /** `unknown` where its folder cannot be looked into: it may be as it was. */
  readonly state: 'new' | 'changed' | 'removed' | 'unknown'
  readonly was: Leaf | null
  readonly here: Leaf | null
  readonly now: Leaf | null
  /** Somebody else changed it too, on this machine. */
  readonly isHereToo: boolean
  /** Why it stays in the session, as the end of a sentence; '' where it can be brought back. */
  readonly fault: string
  /** The file that says how its shadow began, and its name there. */
  readonly kept: { readonly file: string; readonly name: string }
}

/** What is looked at of all of them: a box may have filled them. */
const MOST = { names: 5_000, bytes: 32 * 1024 ** 2 } as const
/** Bytes that are kept of a session that is gone. */
const MOST_KEPT = 4 * 1024 ** 2

/** What a session changed of its agents' configuration, and what this machine does not have. `folder` is the session's, or that of what is kept of it. */
export function configChanges({ shadows }: Pick<SessionRecord, 'shadows'>, folder: string): readonly ConfigChange[] {
  const base = realPath(folder)
  if (base === null) return []
  const left = [{ ...MOST }, { ...MOST }] as const
  return shadows.flatMap((path, n) => changesOf(path, shadowPlace(base, n), left)).toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Says how many files it changed, and how to see them; null for none. */
export function configSentence(
  { id, workspace }: Pick<SessionRecord, 'id' | 'workspace'>,
  changes: readonly ConfigChange[],
): string | null {
  // A folder that cannot be looked into counts once, as itself.
  const known = changes.filter(({ state }) => state !== 'unknown')
  if (known.length === 0) return null
  const count = known.length === 1 ? '1 file' : `${known.length} files`
  const names = (of: readonly ConfigChange[]) =>
    firstOf(
      of.map(({ path }) => nameInside(relative(workspace, path))),
      3,
    )
  const kept = new Set(keepable(known))
  const lost = known.filter((one) => !kept.has(one))
  return [
    `${count} of the agents' configuration changed in the sandbox only: ${names(known)}`,
    ...(lost.length === 0 ? [] : [`paude keeps no copy of ${names(lost)} when the session goes`]),
    `to see: paude config-changes ${id}`,
  ].join('; ')
}

function changesOf(path: string, place: string, [one, other]: readonly [Bounds, Bounds]): readonly ConfigChange[] {
  const before = leaves(readPacked(`${place}.was`))
  const after = leaves(readTree(place, one))
  const mine = leaves(readTree(path, other))
  const bare = bareRepositories([...after.keys(), ...mine.keys()])
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name) => {
    const one = { was: before.get(name) ?? null, now: leafOf(after, name), here: leafOf(mine, name) }
    if (isSame(one.was, one.now) || isSame(one.now, one.here)) return []
    const folded = name.split('/').map(foldedName).join('/')
    return [
      {
        ...one,
        path: join(path, name),
        state: one.was === null ? 'new' : one.now === null ? 'removed' : after.has(name) ? 'changed' : 'unknown',
        isHereToo: !isSame(one.was, one.here),
        fault: bare.some((folder) => folded.startsWith(folder))
          ? 'git could take its folder for a repository'
          : faultOf(name, one),
        kept: { file: `${place}.was`, name },
      } as const,
    ]
  })
}

/** How a shadow began; nothing where that was not kept. */
function readPacked(file: string): Tree {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => {
        if (line === '') return []
        const { content, ...leaf } = v.parse(Packed, JSON.parse(line))
        return [{ ...leaf, content: Buffer.from(content, 'base64') }]
      })
  } catch {
    return []
  }
}

const Packed = v.object({
  path: v.string(),
  kind: v.picklist(['folder', 'file', 'link']),
  mode: v.number(),
  content: v.string(),
})

/** From now on a shadow began as it is at this change: somebody brought it back. */
export function keepAsBegun({ kept: { file, name }, now }: Pick<ConfigChange, 'kept' | 'now'>): void {
  const rest = readPacked(file).filter(({ path }) => path !== name)
  packTree(file, plain(now === null ? rest : [...rest, now]))
}

/** Leaves as a plan has them, without what no copy can have. Of a link the content is text. */
export const plain = (tree: Tree): CopyTree['leaves'] =>
  tree.flatMap(({ kind, content, ...leaf }) =>
    kind === 'other' || kind === 'closed'
      ? []
      : [{ ...leaf, kind, content: secret(content.toString(kind === 'link' ? 'utf8' : 'latin1')) }],
  )

type Leaves = ReadonlyMap<string, Leaf>

/** All but folders, which are nothing by themselves; working trees count as one thing. */
const leaves = (tree: Tree): Leaves =>
  new Map(tree.flatMap((leaf) => (leaf.kind === 'folder' && !isTrees(leaf.path) ? [] : [[leaf.path, leaf] as const])))

/** Nothing that was not read is the same as anything. */
function isSame(one: Leaf | null, other: Leaf | null): boolean {
  if (one === null || other === null) return one === other
  if (one.kind !== other.kind || one.kind === 'closed') return false
  return one.content.equals(other.content) && (one.kind !== 'file' || isExecutable(one) === isExecutable(other))
}

export const isExecutable = ({ mode }: Leaf): boolean => (mode & 0o100) !== 0

function faultOf(name: string, { now, here }: Pick<ConfigChange, 'now' | 'here'>): string {
  if (name.split('/').some((part) => foldedName(part) === '.git')) return 'git would obey it'
  if (isTrees(name)) return 'working trees stay in the session; commit what is in them'
  if (name.includes('\ufffd') || name.replace(UNSEEN, '') !== name) return 'its name has characters that you cannot see'
  switch (now?.kind) {
    case 'link':
      return `it is a link to ${now.content.toString()}`
    case 'closed':
      return 'it is too large, or cannot be read'
    case 'folder':
    case 'other':
      return 'it is neither a file nor a folder'
  }
  return here === null || here.kind === 'file' ? '' : 'on this machine it is not a plain file, or cannot be read'
}

/** Those that paude keeps of a session that goes. */
function keepable(changes: readonly ConfigChange[]): readonly ConfigChange[] {
  let left = MOST_KEPT
  return changes.filter(({ now, was, fault }) => {
    left -= (now?.content.length ?? 0) + (was?.content.length ?? 0)
    return fault === '' && left >= 0
  })
}

/** Keeps of a session that goes what it changed, so that it can still be brought back. Nothing else of its shadows is kept. */
export function keepShadows(record: Pick<SessionRecord, 'shadows'>, folder: string, to: string): void {
  const changes = keepable(configChanges(record, folder)).filter(({ path }) => !isTooLong(join(to, SHADOWS, path)))
  mkdirSync(join(to, SHADOWS), { mode: 0o700 })
  for (const [n, path] of record.shadows.entries()) {
    const mine = changes.filter((one) => one.path === path || one.path.startsWith(`${path}/`))
    const side = (which: 'was' | 'now') =>
      mine.flatMap((one) => (one[which] === null ? [] : [{ ...one[which], path: relative(path, one.path) }]))
    packTree(`${shadowPlace(to, n)}.was`, plain(side('was')))
    layTree(shadowPlace(to, n), plain(withFolders(side('now'))))
  }
}

/** With the folders on the way to them. */
function withFolders(files: Tree): Tree {
  const above = files.flatMap(({ path }) =>
    path === ''
      ? []
      : ancestors(`/${path}`)
          .slice(1)
          .map((one) => one.slice(1)),
  )
  return [
    ...[...new Set(above)].sort().map((path) => ({ path, kind: 'folder', mode: 0o700, content: Buffer.alloc(0) }) as const),
    ...files,
  ]
}
