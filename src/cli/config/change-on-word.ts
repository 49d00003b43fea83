import { join } from 'node:path'
import type { Editable } from '../../config/files/edit.ts'
import { hashOf } from '../../config/files/hash.ts'
import { readVariables } from '../../config/layers/read-flags.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { changeFile } from '../../project/editable.ts'
import { approvalOf, type Project, readProject } from '../../project/judge.ts'
import { type Asked, approve, isApproved, revoke } from '../../project/trust.ts'
import { noteWritten } from '../../session/record/written.ts'
import { trustFolder } from '../../state.ts'
import { fingerprint } from '../../workspace/fingerprints.ts'
import { projectFolders } from '../../workspace/workspace.ts'

/** `text` is the one before. `trusted` says that nothing of the project's file waits for your approval. */
export type Change = Editable & { readonly changed: boolean; readonly trusted: boolean }

type Around = Pick<Context, 'host' | 'flags'>

/**
 * Changes a file because you asked for it. In each profile where you had approved a project's file as it was, or it needed no approval,
 * the change is approved too: for exactly the bytes that paude wrote, in place of exactly the bytes that were approved.
 */
export async function changeOnYourWord(
  around: Around,
  project: boolean,
  textOf: (editable: Editable) => string | null,
): Promise<Change> {
  const { host, flags } = around
  if (!project) return { ...(await changeFile(host, false, textOf)), trusted: true }
  const folder = trustFolder(host)
  const before = await judgements(around)
  let looked = ''
  let removes = false
  const change = await changeFile(host, true, (editable) => {
    looked = fingerprint(editable.file)
    const text = textOf(editable)
    removes = text === null
    return text
  })
  await noteWritten(host, { file: change.file, before: looked, text: removes ? null : change.written })
  // Read again: a box may have written in between, and that is nobody's word.
  const after = await judgements(around)
  // What you took out must not hold again because a box restores the old content.
  if (change.changed) revoke(folder, change.file)
  let trusted = false
  for (const [profile, judged] of after) {
    // A profile that the change brings was no profile before.
    const then = at(before.has(profile) ? before.get(profile) : before.get(''), change.file, change.text)
    const now = at(judged, change.file, change.written)
    if (!then?.holds || now === undefined || !namesTheSame(then.asked, now.asked)) continue
    if (change.changed && now.asked.items.length > 0) approve(folder, now.asked, new Date())
    trusted ||= profile === (flags.profile ?? readVariables(host.env).profile ?? '')
  }
  return { ...change, trusted }
}

/** `holds`: it was approved as it is, or needs no approval. */
type Judgement = { readonly asked: Asked; readonly holds: boolean }
type Judgements = ReadonlyMap<string, Judgement>

/** By profile, by path; nothing for a profile under which the project cannot be read. */
async function judgements({ host, flags }: Around): Promise<ReadonlyMap<string, Judgements>> {
  const read = (profile: string) => judge({ host, flags: { ...flags, profile } })
  const plain = await read('')
  const found = new Map<string, Judgements>()
  for (const profile of plain === null ? [] : ['', ...plain.profiles])
    found.set(profile, await judgementsOf(host, await read(profile)))
  return found
}

async function judgementsOf(host: Context['host'], project: Project | null): Promise<Judgements> {
  const found = new Map<string, Judgement>()
  // Every folder of the project may have a file that is not there yet.
  if (project !== null) for (const folder of projectFolders(host)) found.set(join(folder, 'paude.toml'), missing)
  for (const judged of project?.judged ?? []) {
    const asked = await approvalOf(judged, host)
    found.set(judged.file.file, { asked, holds: asked.items.length === 0 || isApproved(trustFolder(host), asked) })
  }
  return found
}

const missing: Judgement = { asked: { file: '', hash: hashOf(''), items: [], before: {}, also: {} }, holds: true }

/** null where a file of the project cannot be read: then nothing is approved. */
async function judge({ host, flags }: Around): Promise<Project | null> {
  try {
    const project = await readProject({ host, note: () => undefined }, flags)
    return project.base.settings.projectConfig === 'ask' ? project : null
  } catch (error) {
    if (error instanceof PaudeError) return null
    throw error
  }
}

/** What was judged of a file, when that was this very text. */
function at(judged: Judgements | undefined, file: string, text: string): Judgement | undefined {
  const found = judged?.get(file)
  return found?.asked.hash === hashOf(text) ? found : undefined
}

/** Whether the certificates and places that both name are what they were. */
const namesTheSame = (then: Asked, now: Asked): boolean =>
  Object.entries(now.also).every(([path, content]) => (then.also[path] ?? content) === content)
