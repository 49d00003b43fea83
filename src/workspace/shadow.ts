import { basename, join, relative } from 'node:path'
import { shown } from '../text.ts'
import { mayStandIn, outermost, pins } from './guard.ts'
import { AGENT_FILES, AGENT_FOLDERS, AGENT_WORDS, CLAUDE_FOLDER, CLAUDE_TREES, severeNames } from './listed.ts'
import { ancestors, below, look, realPath } from './paths.ts'
import { type Bounds, isTrees, readTree, type Tree } from './tree.ts'
import type { Workspace } from './workspace.ts'

/** Where the box writes to a copy of its own in place of the project's file or folder. */
export type Shadow = {
  readonly path: string
  /** What it begins with; an empty folder where nothing is. */
  readonly tree: Tree
  /** Nothing is there: a mount needs a folder to lie on, so an empty one is made while the session exists. */
  readonly isMissing: boolean
}

export type AgentConfig = 'read-only' | 'shadow' | 'write-through'

export type Shadowed = Workspace & { readonly shadows: readonly Shadow[] }

/** What all copies of a session may hold at its start. What is more stays read-only, since each start reads and writes it. */
const MOST: Bounds = { names: 2_000, bytes: 16 * 1024 ** 2 }

/**
 * The project with what becomes of its agents' configuration. What you protect, and what git's configuration names, stays read-only.
 * `makes` says that a missing folder of the agent's is shadowed too.
 */
export function withAgentConfig(found: Workspace, how: AgentConfig, makes: boolean): Shadowed {
  const mine = found.protectedPaths.filter((path) => isAgents(path) && !found.named.includes(path))
  const words = wordsOf(found)
  switch (how) {
    case 'read-only':
      return { ...guarding(found, [...found.protectedPaths, ...words], []), shadows: [] }
    case 'write-through': {
      const standIns = found.standIns.filter((path) => !isAgents(path))
      const kept = [...found.protectedPaths.filter((path) => !mine.includes(path)), ...namedBelow(found, mine)]
      return { ...guarding({ ...found, standIns }, kept, []), shadows: [] }
    }
    case 'shadow':
      // The nearest first, so that a large one further down takes nothing from them.
      return shadowed(
        found,
        [...words, ...mine].toSorted((a, b) => a.split('/').length - b.split('/').length),
        makes,
      )
  }
}

const isAgents = (path: string): boolean => [...AGENT_FOLDERS, ...AGENT_FILES].includes(basename(path))

function shadowed(found: Workspace, wanted: readonly string[], makes: boolean): Shadowed {
  const left = { ...MOST }
  const notes: string[] = []
  const there = wanted.flatMap((path) => {
    const tree = copyable(path, found, left)
    if (tree === null)
      notes.push(
        `${shown(relative(found.root, path))} is too large or holds what cannot be copied, so it is read-only in the sandbox`,
      )
    return tree === null ? [] : [{ path, tree, isMissing: false }]
  })
  // An empty folder that another session has put there.
  const others = found.standIns.filter(isAgents)
  const own = join(found.directory, CLAUDE_FOLDER)
  const isTaken = [...found.protectedPaths, ...found.overlays].some((path) => below(path, own))
  const isSevere = severeNames(found.list).includes(CLAUDE_FOLDER)
  const mayMake = makes && isSevere && !isTaken && mayStandIn(own, found)
  const missing = mayMake ? [...new Set([...others, own])] : others
  const shadows = [...there, ...missing.map((path) => ({ path, tree: EMPTY, isMissing: true }))]
  const isOpen = (path: string) => shadows.every((one) => one.path !== path)
  const kept = [
    ...found.protectedPaths.filter(isOpen),
    ...wanted.filter(isOpen),
    ...namedBelow(
      found,
      shadows.map(({ path }) => path),
    ),
    ...shadows.flatMap(({ path, tree }) => tree.flatMap((leaf) => (isTrees(leaf.path) ? [join(path, leaf.path)] : []))),
  ]
  const standIns = found.standIns.filter(isOpen)
  return {
    ...guarding({ ...found, standIns, notes: [...found.notes, ...notes] }, kept, shadows),
    shadows,
  }
}

const EMPTY: Tree = [{ path: '', kind: 'folder', mode: 0o755, content: Buffer.alloc(0) }]

/** What a copy begins with; null where it cannot be as the original. */
function copyable(path: string, { walked, standIns }: Workspace, left: Bounds): Tree | null {
  const trees = join(path, CLAUDE_TREES)
  const inside = [...walked.repositories, ...standIns].filter((one) => below(path, one) && !below(trees, one))
  if (inside.length > 0) return null
  const tree = readTree(path, left)
  return tree.length === 0 || tree.some(({ kind }) => kind === 'closed') ? null : tree
}

/** Files that agents read from the project's top down to the working directory. Links keep leading to where they do. */
function wordsOf({ root, directory, protectedPaths }: Workspace): readonly string[] {
  const folders = ancestors(directory).filter((folder) => below(root, folder))
  return folders
    .flatMap((folder) => AGENT_WORDS.map((name) => join(folder, name)))
    .filter((path) => look(path)?.isFile() === true && !protectedPaths.some((one) => below(one, path)))
}

/** What stays as it is within places that the box writes to. */
const namedBelow = ({ named }: Workspace, places: readonly string[]): readonly string[] =>
  named.filter((path) => realPath(path) === path && places.some((place) => place !== path && below(place, path)))

/** The guards anew. What lies below a shadow is the box's own, so nothing of this machine may be mounted writable there. */
function guarding(found: Workspace, kept: readonly string[], shadows: readonly Shadow[]): Workspace {
  const isOurs = (path: string) => shadows.every((one) => !below(one.path, path))
  const protectedPaths = outermost(kept)
  const socketPaths = found.socketPaths.filter(isOurs)
  const places = [...protectedPaths, ...found.standIns, ...socketPaths, ...shadows.map(({ path }) => path), ...found.overlays]
  return {
    ...found,
    protectedPaths,
    socketPaths,
    pinnedPaths: pins(places, found).filter(isOurs),
    // A guard may be lost on the way: a rename on this machine takes away what is mounted on the old file.
    watchedPaths: [
      ...found.watchedPaths.filter((path) => shadows.every((one) => one.path !== path)),
      ...shadows.flatMap(({ path, isMissing }) => (isMissing || !isAgents(path) ? [] : [path])),
    ].sort(),
  }
}
