import { dirname, join, relative, resolve } from 'node:path'
import { PaudeError } from '../errors.ts'
import { hasControl, shown } from '../text.ts'
import { foldedName } from './folded-name.ts'
import type { Area, Guards } from './guard.ts'
import { below, look, realPath } from './paths.ts'
import { matcher } from './walk.ts'

/** Each is a volume of the engine, and a project's file may name them. */
const MOST = 20

/** Where the box has volumes in place of folders of the project, or a refusal: a volume in the wrong place would hide a guard. */
export function overlayPaths({ root, directory, list, git }: Area, words: readonly string[]): readonly string[] {
  const paths = [...new Set(words.map((word) => resolve(root, word)))].sort()
  if (paths.length > MOST)
    throw new PaudeError('refused', `workspace.overlay has ${paths.length} folders, more than ${MOST}`, {
      hint: 'each is a volume: name only folders that tools fill',
    })
  for (const path of paths) {
    const fault =
      wordFault(path, root, list) ??
      placeFault(path) ??
      (below(path, directory) ? 'you are in it' : null) ??
      ([git?.gitDirectory, git?.repository].some((place) => place !== undefined && below(path, place))
        ? 'it holds git data of the project'
        : null) ??
      (paths.some((other) => other !== path && below(other, path)) ? 'it is in another overlay' : null)
    if (fault !== null) throw refused(path, root, fault)
  }
  return paths
}

/** Refuses one where configuration, or you, say that something is guarded. */
export function requireUnguarded(root: string, overlays: readonly string[], guards: Guards): void {
  const { protectedPaths, standIns, named, socketPaths } = guards
  const guarded = [...protectedPaths, ...standIns, ...named, ...socketPaths]
  const wrong = overlays.find((path) => guarded.some((place) => below(place, path)))
  if (wrong !== undefined) throw refused(wrong, root, 'it is a guarded path')
}

function wordFault(path: string, root: string, list: Area['list']): string | null {
  if (path === root || !below(root, path)) return 'it is not a folder in the project'
  if (hasControl(path)) return 'it has control characters'
  const match = matcher(list)
  const names = relative(root, path).split('/')
  if (names.some((name) => foldedName(name) === '.git')) return 'it is git data'
  const hit = names.map((name, at) => match(name, names[at - 1] ?? '')).find((one) => one?.listed.severity === 'severe')
  return hit === undefined || hit === null ? null : `${hit.listed.path} is a guarded path`
}

/** The engine follows links on the way, and makes folders that are missing as root's. */
function placeFault(path: string): string | null {
  const folder = dirname(path)
  const [above, there] = [realPath(folder), look(path)]
  if (above === null) return `${shown(folder)} does not exist`
  if (above !== folder) return `${shown(folder)} is a link, or has one above it`
  if (there?.isSymbolicLink()) return 'it is a link'
  return there === null || there.isDirectory() ? null : 'it is not a folder'
}

const refused = (path: string, root: string, fault: string): PaudeError =>
  new PaudeError('refused', `workspace.overlay cannot have ${shown(relative(root, path) || path)}: ${fault}`, {
    hint: 'name a folder that tools fill, such as node_modules, .venv or target',
  })

/** Folders that tools fill with programs which both sides would run. */
const FILLED = ['node_modules', '.venv', 'venv']

/** Those of a project that no overlay has. */
export const sharedFolders = (root: string, overlays: readonly string[]): readonly string[] =>
  FILLED.filter((name) => look(join(root, name))?.isDirectory() && !overlays.includes(join(root, name)))
