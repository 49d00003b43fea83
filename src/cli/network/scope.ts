import { addEntry, type Editable, entriesAt, removeEntry } from '../../config/files/edit.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { canonical } from '../../network/changes.ts'
import { groupEntry, parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { placeOf } from '../../network/pattern.ts'
import { quote } from '../../plan/shell.ts'
import { changeFile, editableFile } from '../../project/editable.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { shown } from '../../text.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { type Change, changeOnYourWord } from '../config/change-on-word.ts'

export type Scope = 'user' | 'project'

export type ScopeWord = { readonly verb: 'allow' | 'deny' | 'unset'; readonly entries: readonly string[] }

/** Refuses what is no host and no group. To take something back, it need not be one. */
export function requireEntries(verb: ScopeWord['verb'], entries: ScopeWord['entries']): void {
  if (verb !== 'unset') for (const entry of entries) verb === 'allow' ? parseEntry(entry, '') : parseDenyEntry(entry, '')
}

/** Refuses what could not be written, before anything else is done about it. */
export const requireScope = ({ host }: Context, scope: Scope, word: ScopeWord): void =>
  void scopeText(editableFile(host, scope === 'project'), word)

/** Refuses to write into the paude.toml here what was asked for in another project: its agent chose the host. */
export function requireItsProject({ host }: Context, { id, workspace }: Pick<SessionRecord, 'id' | 'workspace'>): void {
  const [here = ''] = projectFolders(host)
  if (here !== workspace)
    throw new PaudeError('refused', `session ${id} works in ${shown(workspace)}, but the project here is ${shown(here)}`, {
      hint: `cd ${shown(quote(workspace))}, or leave --project out`,
    })
}

/** Entries into the list of the user's or the project's file, or out of its lists, for the starts to come. */
export const editScope = (context: Context, scope: Scope, word: ScopeWord): Promise<Change> =>
  changeOnYourWord(context, scope === 'project', (editable) => scopeText(editable, word))

/** The same for hosts that the agent asked for: they wait for your approval. */
export const draftScope = async ({ host }: Context, scope: Scope, word: ScopeWord): Promise<Change> => ({
  ...(await changeFile(host, scope === 'project', (editable) => scopeText(editable, word))),
  trusted: scope === 'user',
})

/** Whether the list of denials of that file has such an entry outside of a profile, so that `unset` takes it out. */
export const denies = ({ host }: Context, scope: Scope, entry: string): boolean =>
  entriesAt(editableFile(host, scope === 'project'), 'network.deny').some((one) => isSame('network.deny', one, entry))

function scopeText(editable: Editable, { verb, entries }: ScopeWord): string {
  requireEntries(verb, entries)
  return entries.reduce((text, entry) => said({ ...editable, text }, verb, entry), editable.text)
}

/** A later word takes the place of the earlier one, as in a session: an entry of both lists would be denied. */
function said(before: Editable, verb: ScopeWord['verb'], entry: string): string {
  switch (verb) {
    case 'allow':
      return addEntry({ ...before, text: without(before, ['network.deny'], entry) }, 'network.allow', entry)
    case 'deny':
      return addEntry({ ...before, text: without(before, ['network.allow', 'network.groups'], entry) }, 'network.deny', entry)
    case 'unset': {
      const after = without(before, LISTS, entry)
      if (after !== before.text) return after
      throw new PaudeError('not-found', `${before.file} has no entry for ${entry}`, {
        hint: 'paude network list --origin',
      })
    }
  }
}

const LISTS = ['network.allow', 'network.deny', 'network.groups'] as const
type List = (typeof LISTS)[number]

/** The text without an entry in these lists, however it is spelled there. */
const without = (editable: Editable, lists: readonly List[], entry: string): string =>
  lists.reduce(
    (text, list) =>
      entriesAt({ ...editable, text }, list)
        .filter((one) => isSame(list, one, entry))
        .reduce((before, one) => removeEntry({ ...editable, text: before }, list, one), text),
    editable.text,
  )

function isSame(list: List, written: string, entry: string): boolean {
  const verb = list === 'network.deny' ? 'deny' : 'allow'
  const meant = (word: string) => {
    try {
      return canonical(list === 'network.groups' ? groupEntry(word) : list === 'network.deny' ? placeOf(word) : word, verb)
    } catch {
      // What nothing can be made of is taken out by its very letters.
      return null
    }
  }
  if (written === entry) return true
  if (list === 'network.groups' && !entry.startsWith('@')) return false
  const [one, other] = [meant(written), meant(entry)]
  return one !== null && other !== null && placeOf(one) === placeOf(other)
}
