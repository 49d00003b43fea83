import { parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { addEntry, editableFile, save } from '../config-file.ts'
import type { Context } from '../context.ts'

export type Scope = 'user' | 'project'

/** Writes entries into the list of the user's or the project's file, for the starts to come. Returns the file. */
export function addToScope(
  { host }: Context,
  scope: Scope,
  { verb, entries }: { readonly verb: 'allow' | 'deny'; readonly entries: readonly string[] },
): string {
  for (const entry of entries) verb === 'allow' ? parseEntry(entry, '') : parseDenyEntry(entry, '')
  const editable = editableFile(host, scope === 'project')
  const text = entries.reduce((before, entry) => addEntry({ ...editable, text: before }, `network.${verb}`, entry), editable.text)
  if (text !== editable.text) save(editable, text)
  return editable.file
}
