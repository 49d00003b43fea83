import { PaudeError } from '../../errors.ts'
import { parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { addEntry, type Editable, editableFile, removeEntry } from '../config-file.ts'
import type { Context } from '../context.ts'

export type Scope = 'user' | 'project'

/** A file and what it shall say: written once nothing else stands against it. */
export type ScopeEdit = { readonly editable: Editable; readonly text: string }

/** Entries into the list of the user's or the project's file, or out of its lists, for the starts to come. */
export function editScope(
  { host }: Context,
  scope: Scope,
  { verb, entries }: { readonly verb: 'allow' | 'deny' | 'unset'; readonly entries: readonly string[] },
): ScopeEdit {
  const editable = editableFile(host, scope === 'project')
  if (verb !== 'unset') {
    for (const entry of entries) verb === 'allow' ? parseEntry(entry, '') : parseDenyEntry(entry, '')
    const text = entries.reduce(
      (before, entry) => addEntry({ ...editable, text: before }, `network.${verb}`, entry),
      editable.text,
    )
    return { editable, text }
  }
  const text = entries.reduce((before, entry) => {
    const after = LISTS.reduce((one, key) => removeEntry({ ...editable, text: one }, key, entry), before)
    if (after !== before) return after
    throw new PaudeError('not-found', `${editable.file} says nothing about ${entry}`, {
      hint: 'paude network list --origin tells who asked for what',
    })
  }, editable.text)
  return { editable, text }
}

const LISTS = ['network.allow', 'network.deny', 'network.groups'] as const
