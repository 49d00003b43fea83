import type { Editable } from '../../config/files/edit.ts'
import { hashOf } from '../../config/files/hash.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { changeFile } from '../../project/editable.ts'
import { approvalOf, askedOf, type Judged, type Project, readProject } from '../../project/judge.ts'
import { approve, isApproved } from '../../project/trust.ts'
import { trustFolder } from '../../state.ts'

/** `text` is the one before. `trusted` says that nothing of the project's file waits for your approval. */
export type Change = Editable & { readonly changed: boolean; readonly trusted: boolean }

/**
 * Changes a file because you asked for it. When you had approved a project's file as it was, or it needed no approval, the change is
 * approved too: for exactly the bytes that paude wrote, in place of exactly the bytes that were approved.
 */
export async function changeOnYourWord(
  context: Context,
  project: boolean,
  textOf: (editable: Editable) => string | null,
): Promise<Change> {
  const { host } = context
  if (!project) return { ...(await changeFile(host, false, textOf)), trusted: true }
  const before = await judge(context)
  const change = await changeFile(host, true, textOf)
  if (!change.changed || !stood(context, before, change)) return { ...change, trusted: false }
  // Read again: a box may have written in between, and that is nobody's word.
  const judged = at(await judge(context), change.file)
  if (judged === undefined || judged.file.hash !== hashOf(change.written)) return { ...change, trusted: false }
  if (judged.items.length > 0) approve(trustFolder(host), await approvalOf(judged, host), new Date())
  return { ...change, trusted: true }
}

/** null where a file of the project cannot be read: then nothing is approved. */
async function judge({ host, flags }: Context): Promise<Project | null> {
  try {
    const project = await readProject({ host, note: () => undefined }, flags)
    return project.base.settings.projectConfig === 'ask' ? project : null
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

const at = (project: Project | null, path: string): Judged | undefined => project?.judged.find(({ file }) => file.file === path)

/** Whether the file, as it was when paude changed it, waited for nothing. */
function stood({ host }: Context, before: Project | null, { file, text }: Editable): boolean {
  const judged = at(before, file)
  if (judged === undefined) return before !== null && text === ''
  return judged.file.hash === hashOf(text) && (judged.items.length === 0 || isApproved(trustFolder(host), askedOf(judged, host)))
}
