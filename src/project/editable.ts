import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { begun, type Editable, keepSchema, readText, save } from '../config/files/edit.ts'
import { configFile } from '../config/layers/load.ts'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { withLock } from '../run/lock.ts'
import { requirePrivate, stateFolder } from '../state.ts'
import { projectFolders } from '../workspace/workspace.ts'
import { readProjectFile } from './project.ts'

/** The user's file, or the nearest of the project's; where there is none, the one that would be made. */
export function editableFile(host: Host, project: boolean): Editable {
  if (!project) {
    const file = configFile(host)
    if (file === '')
      throw new PaudeError('config', 'HOME is not set, so there is no place for a config.toml', { hint: 'export HOME' })
    return { layer: 'user', file, text: readText(file) }
  }
  const folders = projectFolders(host)
  const files = folders.map((folder) => join(folder, 'paude.toml'))
  const found = files.toReversed().flatMap((file) => readProjectFile(file) ?? [])[0]
  const [first] = files
  if (first === undefined)
    throw new PaudeError('refused', 'the current directory no longer exists', { hint: 'cd into a project' })
  return { layer: 'project', file: found?.file ?? first, text: found?.text ?? '' }
}

/** What is said of a change behind its sentence. */
export const trustNote = ({ layer, trusted }: Pick<Editable, 'layer'> & { readonly trusted: boolean }): string =>
  layer === 'project' && !trusted ? '; it waits for your approval: paude trust' : ''

/** Changes a file while no other paude changes one; `textOf` gets it as it is by now, and null from it changes nothing. `text` is the one before, `written` the one after. */
export async function changeFile(
  host: Host,
  project: boolean,
  textOf: (editable: Editable) => string | null,
): Promise<Editable & { readonly changed: boolean; readonly written: string }> {
  requirePrivate(host)
  // Not beside the file: a project could keep it taken.
  mkdirSync(stateFolder(host), { recursive: true, mode: 0o700 })
  return await withLock(host, { path: join(stateFolder(host), 'config.lock'), what: 'the configuration' }, async () => {
    const editable = editableFile(host, project)
    const text = textOf(editable)
    if (text === null || text === editable.text) return { ...editable, changed: false, written: editable.text }
    const whole = begun(editable, text)
    save(editable, whole)
    await keepSchema({ ...editable, text: whole })
    return { ...editable, changed: true, written: whole }
  })
}
