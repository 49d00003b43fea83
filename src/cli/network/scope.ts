import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { addToList } from '../../config/edit.ts'
import { configFile } from '../../config/load.ts'
import { PaudeError } from '../../errors.ts'
import { parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { write } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import type { Context } from '../context.ts'

export type Scope = 'user' | 'project'

/** Writes entries into the list of the user's or the project's file, for the starts to come. Returns the file. */
export async function addToScope(
  context: Context,
  scope: Scope,
  { verb, entries }: { readonly verb: 'allow' | 'deny'; readonly entries: readonly string[] },
): Promise<string> {
  for (const entry of entries) verb === 'allow' ? parseEntry(entry, '') : parseDenyEntry(entry, '')
  const file = scope === 'user' ? userFile(context) : projectFile(context)
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const mode = existsSync(file) ? lstatSync(file).mode & 0o777 : scope === 'user' ? 0o600 : 0o644
  const after = entries.reduce((text, entry) => addToList(text, `network.${verb}`, entry), before)
  if (after === before) return file
  mkdirSync(dirname(file), { recursive: true })
  await execute([write(file, after, mode)], { note: context.note, explain: unexplained, hold: unexplained, progress: false })
  return file
}

/** A file that is kept elsewhere stays where it is kept. */
function userFile({ host }: Context): string {
  const file = configFile(host)
  if (file === '')
    throw new PaudeError('config', 'HOME is not set, so there is no file of yours', { hint: 'export HOME, or XDG_CONFIG_HOME' })
  return existsSync(file) ? realpathSync(file) : file
}

/** What stands in the project was put there by anybody, so no link is followed. */
function projectFile({ host }: Context): string {
  const file = join(findWorkspace(host, { force: false }).root, 'paude.toml')
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile())
    throw new PaudeError('refused', `${file} is no plain file`, { hint: 'look at what it is before you write there' })
  return file
}

/** No program is run here. */
function unexplained(): never {
  throw new Error('writing a file runs no program')
}
