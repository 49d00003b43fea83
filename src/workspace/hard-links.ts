import { join } from 'node:path'
import { shown } from '../text.ts'
import { entriesOf, look } from './paths.ts'

/** Folders that package managers fill with further names of files that lie in their store. */
const FILLED = ['node_modules', '.venv', 'venv']
/** Names looked at in each of them: where one file has a second name, most have. */
const MOST_NAMES = 2_000

/**
 * Notes on files that have a second name, which may lie outside of the project: whoever writes to the one changes the other, and a guard
 * of one name guards no other.
 */
export function hardLinkNotes(root: string, repository: string | null): readonly string[] {
  const filled = FILLED.filter((name) => hasSecondName(join(root, name)))
  const packs = repository === null ? null : join(repository, 'objects/pack')
  return [
    ...filled.map(
      (name) =>
        `files of ${name} have a second name (hard links), as in the store of a package manager: what the agent writes there changes that too. Give the sandbox a volume there: --overlay ${name}; or install with copies: pnpm --package-import-method=copy, UV_LINK_MODE=copy`,
    ),
    ...(packs !== null && hasSecondName(packs)
      ? [
          `objects in ${shown(packs)} have a second name (hard links), as after a clone on this machine: git clone --no-hardlinks makes copies`,
        ]
      : []),
  ]
}

/** Depth first, since the files of a package lie deep. Bounded; no link is followed. */
function hasSecondName(folder: string): boolean {
  if (look(folder)?.isDirectory() !== true) return false
  const waiting = [folder]
  let names = 0
  for (let path = waiting.pop(); path !== undefined && names < MOST_NAMES; path = waiting.pop())
    for (const entry of entriesOf(path)) {
      if (++names > MOST_NAMES) break
      if (entry.isDirectory()) waiting.push(join(path, entry.name))
      else if (entry.isFile() && (look(join(path, entry.name))?.nlink ?? 1) > 1) return true
    }
  return false
}
