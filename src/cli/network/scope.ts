import { PaudeError } from '../../errors.ts'
import { parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { addEntry, changeFile, type Editable, editableFile, removeEntry } from '../config-file.ts'
import type { Context } from '../context.ts'

export type Scope = 'user' | 'project'

export type ScopeWord = { readonly verb: 'allow' | 'deny' | 'unset'; readonly entries: readonly string[] }

/** Refuses what could not be written, before anything else is done about it. */
export const insistOnScope = ({ host }: Context, scope: Scope, word: ScopeWord): void =>
  void scopeText(editableFile(host, scope === 'project'), word)

/** Entries into the list of the user's or the project's file, or out of its lists, for the starts to come. */
export const editScope = ({ host }: Context, scope: Scope, word: ScopeWord): Promise<Editable> =>
  changeFile(host, scope === 'project', (editable) => scopeText(editable, word))

function scopeText(editable: Editable, { verb, entries }: ScopeWord): string {
  if (verb !== 'unset') {
    for (const entry of entries) verb === 'allow' ? parseEntry(entry, '') : parseDenyEntry(entry, '')
    return entries.reduce((before, entry) => addEntry({ ...editable, text: before }, `network.${verb}`, entry), editable.text)
  }
  return entries.reduce((before, entry) => {
    const after = LISTS.reduce((one, key) => removeEntry({ ...editable, text: one }, key, entry), before)
    if (after !== before) return after
    throw new PaudeError('not-found', `${editable.file} says nothing about ${entry}`, {
      hint: 'paude network list --origin tells who asked for what',
    })
  }, editable.text)
}

const LISTS = ['network.allow', 'network.deny', 'network.groups'] as const
