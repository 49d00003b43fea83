import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DEVCONTAINER } from '../../config/sections/general.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import { look, realPath } from '../../workspace/paths.ts'
import { type ProjectFile, readProjectFile } from '../project.ts'

/** A devcontainer.json as it was read, and the folder that it is about. */
export type Found = { readonly file: ProjectFile; readonly folder: string }

/**
 * The devcontainer.json of the nearest of these folders, given from the top level down. `name` is `use` for the one there is, or that of
 * a folder in .devcontainer. null when there is none; several without a name are refused.
 */
export function findDevcontainer(folders: readonly string[], name: string): Found | null {
  if (!DEVCONTAINER.test(name))
    throw new PaudeError('usage', `not the name of a folder in .devcontainer: ${shown(name)}`, {
      hint: 'write --devcontainer=NAME',
    })
  for (const folder of folders.toReversed()) {
    const file = name === 'use' ? onlyOne(folder) : named(folder, name)
    if (file !== null) return { file, folder }
  }
  return null
}

function onlyOne(folder: string): ProjectFile | null {
  const plain = read(join(folder, '.devcontainer/devcontainer.json')) ?? read(join(folder, '.devcontainer.json'))
  if (plain !== null) return plain
  const names = namesIn(folder)
  if (names.length > 1)
    throw new PaudeError(
      'ambiguous',
      `${shown(join(folder, '.devcontainer'))} has several configurations: ${shown(names.join(', '))}`,
      {
        hint: `paude --devcontainer=${shown(names[0] ?? '')}`,
      },
    )
  return names[0] === undefined ? null : named(folder, names[0])
}

const named = (folder: string, name: string): ProjectFile | null => read(join(folder, '.devcontainer', name, 'devcontainer.json'))

/** Names of the configurations in folders of their own. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, '.devcontainer'))
      .filter((name) => look(join(folder, '.devcontainer', name, 'devcontainer.json')) !== null)
      .toSorted()
  } catch {
    return []
  }
}

/** A link on the way leads where the project's own path does not tell. */
function read(path: string): ProjectFile | null {
  const above = dirname(path)
  const real = realPath(above)
  if (real !== null && real !== above && look(path) !== null)
    throw new PaudeError('refused', `${shown(path)} is behind a symbolic link, so paude does not read it`, {
      hint: 'replace the link by the file, or start without --devcontainer',
    })
  return readProjectFile(path)
}
