import { join } from 'node:path'
import type { Config, Settings, Source } from '../config/keys/settings.ts'
import type { Context } from '../context.ts'
import { PaudeError } from '../errors.ts'
import { firstOf, printable, shown } from '../text.ts'
import { look } from '../workspace/paths.ts'
import { projectFolders } from '../workspace/workspace.ts'
import type { ProjectFile } from './project.ts'

/**
 * The devcontainer.json that the user wants to count here, as one more file of the project, and a sentence about what of it has no effect;
 * null without the wish, or where there is none.
 */
export async function wantedDevcontainer(
  host: Context['host'],
  { settings: { devcontainer, projectConfig }, origins }: Config,
): Promise<{ readonly file: ProjectFile; readonly sources: readonly Source[]; readonly ignored: string } | null> {
  if (devcontainer === 'off' || projectConfig === 'ignore') return null
  const folders = projectFolders(host)
  const [root] = folders
  if (root === undefined) return null
  const [{ findDevcontainer }, { readDevcontainer }] = await Promise.all([
    import('./devcontainer/find.ts'),
    import('./devcontainer/read.ts'),
  ])
  const found = findDevcontainer(folders, devcontainer)
  if (found === null) {
    // In the user's file it is a wish for all projects, of which many have none.
    if (devcontainer === 'use' && origins.devcontainer.every(({ layer }) => layer === 'user')) return null
    throw missing(root, devcontainer)
  }
  const { source, ignored, parts } = readDevcontainer(found, { root, host })
  return {
    file: { ...found.file, parts },
    sources: [source],
    ignored: ignored.length === 0 ? '' : `${shown(found.file.file)}: ignored: ${printable(firstOf(ignored))}`,
  }
}

/** The flag that makes the same file count. */
export const devcontainerFlag = ({ devcontainer }: Settings): string =>
  devcontainer === 'use' ? '--devcontainer' : `--devcontainer=${devcontainer}`

/** The devcontainer.json of the project here that a start would be offered, and the top level of the project; null for none, or several. */
export async function offeredDevcontainer(
  host: Context['host'],
): Promise<{ readonly file: string; readonly root: string } | null> {
  const folders = projectFolders(host)
  const [root] = folders
  // Most projects have none, and then nothing need be loaded.
  const any = folders.some((folder) => ['.devcontainer', '.devcontainer.json'].some((name) => look(join(folder, name)) !== null))
  if (root === undefined || !any) return null
  const { findDevcontainer } = await import('./devcontainer/find.ts')
  try {
    const found = findDevcontainer(folders, 'use')
    return found === null ? null : { file: found.file.file, root }
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** What is said of a devcontainer.json that nobody wants to count here; '' where there is none. */
export async function unusedDevcontainer(host: Context['host']): Promise<string> {
  const { findDevcontainer } = await import('./devcontainer/find.ts')
  try {
    const found = findDevcontainer(projectFolders(host), 'use')
    return found === null ? '' : `${shown(found.file.file)} is used only with --devcontainer: paude --devcontainer trust`
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    return error.code === 'ambiguous' ? `${error.message}; one is used only with --devcontainer: ${error.hint} trust` : ''
  }
}

function missing(root: string, name: string): PaudeError {
  const what = name === 'use' ? 'devcontainer.json' : `.devcontainer/${shown(name)}/devcontainer.json`
  return new PaudeError('not-found', `${shown(root)} has no ${what}`, {
    hint: name === 'use' ? 'leave --devcontainer out' : 'paude --devcontainer',
  })
}
