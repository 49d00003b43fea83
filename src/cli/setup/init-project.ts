import { addEntry, type Editable } from '../../config/files/edit.ts'
import { parseConfig } from '../../config/files/parse.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { findGroup, groupEntry } from '../../network/groups.ts'
import { editableFile } from '../../project/editable.ts'
import { changedLines, freshFile } from '../../project/init/draft.ts'
import { type Preset, presetFor } from '../../project/init/presets.ts'
import { type Proposal, propose } from '../../project/init/propose.ts'
import { type Found, lookProject } from '../../project/init/scan.ts'
import { printable } from '../../text.ts'
import { findWorkspace, projectFolders } from '../../workspace/workspace.ts'
import { changeOnYourWord } from '../config/change-on-word.ts'
import { configHere } from '../config/config-here.ts'
import { askAgain, canAsk, readAnswer } from '../config/start-config.ts'

export type Wish = {
  /** Groups as typed, with commas; undefined for those proposed. */
  readonly groups: string | undefined
  readonly sure: boolean
  readonly dryRun: boolean
}

/** Proposes groups for the project's file, shows it and writes it after a yes. What stands there already stays as it is. */
export async function initProject(context: Context, { groups, sure, dryRun }: Wish): Promise<void> {
  const { host, note, answer } = context
  const { settings } = (await configHere(context)).config
  // Where no session may start, nothing is to be set up.
  findWorkspace(host, { force: settings.force })
  const editable = editableFile(host, true)
  const found = lookProject(projectFolders(host))
  const proposed = propose(found)
  const chosen = groups === undefined ? proposed : readGroups(groups, proposed)
  // A new file says so itself.
  if (editable.text !== '')
    for (const { group, reasons } of chosen) if (reasons.length > 0) note(`${group}: ${printable(reasons.join(', '))}`)
  const draft = (some: readonly Proposal[]) => drafted(editable, some, presetHere(some, { found, settings, editable }))
  if (groups !== undefined && chosen.length === 0) {
    note(`you chose no group, so ${printable(editable.file)} ${editable.text === '' ? 'is not written' : 'does not change'}`)
    return
  }
  const text = dryRun ? draft(chosen) : agreed(context, { editable, chosen, proposed, sure, draft })
  if (text === null) return
  const unused = found.find(({ marker }) => marker.reads === 'devcontainer')?.name
  if (unused !== undefined && settings.devcontainer === 'off')
    note(`to use the image of ${printable(unused)} instead: paude --devcontainer`)
  if (dryRun) {
    answer(text)
    return
  }
  const checked = (now: Editable) => {
    if (now.text === editable.text && now.file === editable.file) return text
    throw new PaudeError('refused', `${printable(now.file)} has changed meanwhile, so nothing was written`, {
      hint: 'paude init',
    })
  }
  // --yes is an answer too: groups, packages and tools are those of paude's own tables, whatever the project says.
  const { trusted } = await changeOnYourWord(context, true, checked)
  answer(printable(editable.file))
  note(trusted ? 'next: paude' : 'it loosens the sandbox, so it waits for your approval: paude trust')
}

type Talk = {
  readonly editable: Editable
  readonly chosen: readonly Proposal[]
  readonly proposed: readonly Proposal[]
  readonly sure: boolean
  readonly draft: (chosen: readonly Proposal[]) => string | null
}

/** What the user agrees to write; null for nothing. An answer may name other groups, and then that is shown and asked. */
function agreed(context: Context, { editable, chosen, proposed, sure, draft }: Talk): string | null {
  const text = draft(chosen)
  if (text === null) {
    context.note(nothing(editable, chosen))
    return null
  }
  context.note(shownDraft(editable, text))
  if (sure) return text
  if (!canAsk(context))
    throw new PaudeError('refused', 'there is no terminal to ask on, so nothing was written', { hint: 'paude init --yes' })
  const said = askAgain(context, () => {
    const word = readAnswer(context, 'write it? [Y/n], or the groups to take, like npm,pypi: ', 'n')
    if (['', 'y', 'yes'].includes(word)) return 'yes'
    return ['n', 'no'].includes(word) ? 'no' : readGroups(word, proposed)
  })
  if (said === 'yes') return text
  if (said !== 'no') return agreed(context, { editable, chosen: said, proposed, sure, draft })
  context.note('nothing was written')
  return null
}

/** The tools for these groups; none for an image that nobody has looked into. */
function presetHere(
  chosen: readonly Proposal[],
  { found, settings, editable }: { readonly found: readonly Found[]; readonly settings: Settings; readonly editable: Editable },
): Preset {
  const written = parseConfig(editable).sources[0]?.values ?? {}
  const { image, imageBase, devcontainer } = { ...settings, ...written }
  if (image !== '' || imageBase !== '' || devcontainer !== 'off') return { packages: [], tools: [] }
  const groups = chosen.map(({ group }) => group)
  return presetFor(groups, found, {
    imageVariant: written.imageVariant ?? settings.imageVariant,
    imagePackages: [...settings.imagePackages, ...(written.imagePackages ?? [])],
    imageTools: [...settings.imageTools, ...(written.imageTools ?? [])],
  })
}

/** The file as it would be; null when it has all of it. Entries are added, never taken away. */
function drafted(editable: Editable, chosen: readonly Proposal[], { packages, tools }: Preset): string | null {
  const present = (parseConfig(editable).sources[0]?.values.networkGroups ?? []).map(groupEntry)
  const missing = chosen.filter(({ group }) => !present.includes(group))
  if (missing.length + packages.length + tools.length === 0) return null
  if (editable.text === '') return freshFile(missing, { packages, tools })
  const entries = [
    ...missing.map(({ group }) => ['network.groups', group] as const),
    ...packages.map((name) => ['image.packages', name] as const),
    ...tools.map((name) => ['image.tools', name] as const),
  ]
  return entries.reduce((text, [key, entry]) => addEntry({ ...editable, text }, key, entry), editable.text)
}

/** With or without `@`, commas between; `none` for no group. */
function readGroups(text: string, proposed: readonly Proposal[]): readonly Proposal[] {
  const words = text === 'none' ? [] : text.split(/[\s,]+/).filter((word) => word !== '')
  return [...new Set(words.map((word) => `@${word.replace(/^@/, '')}`))].map((group) => {
    findGroup(group)
    return proposed.find((one) => one.group === group) ?? { group, reasons: [] }
  })
}

const shownDraft = ({ file, text }: Editable, after: string): string => {
  const lines = text === '' ? after.trimEnd().split('\n') : changedLines(text, after)
  return [
    `${printable(file)} ${text === '' ? 'would be' : 'would change'}:`,
    ...lines.map((line) => `  ${printable(line)}`),
  ].join('\n')
}

const nothing = ({ file, text }: Editable, chosen: readonly Proposal[]): string =>
  chosen.length === 0
    ? 'this project needs no group of hosts, so it needs no paude.toml'
    : `${printable(file)} has ${text === '' ? 'nothing to add' : chosen.map(({ group }) => group).join(', ')} already`
