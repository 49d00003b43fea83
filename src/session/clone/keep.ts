import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { isUnanswered, PaudeError } from '../../errors.ts'
import { patiently } from '../../run/patience.ts'
import { printInto } from '../../run/to-file.ts'
import { stateFolder } from '../../state.ts'
import { firstOf, nameInside, shown } from '../../text.ts'
import { goneFrom } from '../../workspace/brought.ts'
import { readBegan, readBrought } from '../record/began.ts'
import type { Found } from '../record/found.ts'
import { modeOf } from '../record/record.ts'
import { configChanges } from '../record/shadows.ts'
import { bundleWorktree, dropPipes, worktreeWork } from '../worktree/work.ts'
import script from './bundle.sh' with { type: 'text' }
import { insideOf } from './inside.ts'
import { lookIntoClone, unsaved } from './look.ts'

/** Bytes of a bundle that is kept. */
const MOST_BYTES = 8 * 1024 ** 3

/** The first line of a bundle: what comes is the box's word. */
const BEGINS = ['# v2 git bundle\n', '# v3 git bundle\n']

/** What of a session's clone or worktree is nowhere else, in words; none for a session in your folder. */
export async function unsavedWork(context: Context, found: Found, signal?: AbortSignal): Promise<readonly string[]> {
  if (found.record.worktree !== undefined) {
    const changes = configChanges(found.record, found.handle.folder).filter(({ isHereToo }) => !isHereToo)
    return await worktreeWork(
      context,
      found,
      changes.map(({ path }) => path),
    )
  }
  if (found.record.clone === undefined) return []
  const gone = goneFrom(found.record.workspace, readBrought(found.handle.folder))
  const look = async () => {
    const inside = await insideOf(context, found)
    return unsaved(await lookIntoClone(context, found, { inside, ...(signal === undefined ? {} : { signal }) }))
  }
  const lines = await look().catch((error: unknown) => {
    // Its box may have ended between the two calls; a second look goes by a helper then.
    if (error instanceof PaudeError && error.code === 'command-failed') return look()
    throw error
  })
  return gone.length === 0
    ? lines
    : [...lines, `came from your folder, not committed, and is not so there now: ${firstOf(gone.map(nameInside))}`]
}

/** Refuses to remove a session whose clone holds work that is nowhere else; with `force` that is kept as a bundle, with `discard` it goes. */
export async function requireSaved(
  context: Context,
  found: Found,
  { force, discard }: { readonly force: boolean; readonly discard: boolean },
): Promise<void> {
  const { id, name, clone, worktree, workspace, cluster, volume } = found.record
  const word = name || id
  // A record always has its volume, and labels do not tell of it.
  if (cluster !== undefined && volume === undefined && !discard)
    throw new PaudeError(
      'refused',
      `only its labels in the namespace ${cluster.namespace} tell of session ${id}: it may be another person's, or hold unsaved work`,
      { hint: `paude rm --discard ${id} removes it anyway` },
    )
  if ((clone === undefined && worktree === undefined) || discard) return
  if (force) await dropPipes(context, found)
  const lines = await patiently(0, (signal) => unsavedWork(context, found, signal)).catch((error: unknown) => {
    // One that cannot be asked cannot remove it either.
    if (!(error instanceof PaudeError) || error.code === 'interrupted' || isUnanswered(error)) throw error
    throw new PaudeError('refused', `paude cannot tell what removing session ${id} would lose: ${error.message}`, {
      hint: `paude rm --discard ${id} removes it anyway`,
    })
  })
  if (lines.length === 0) return
  if (!force)
    throw new PaudeError('refused', `the ${modeOf(found.record)} of session ${word} holds unsaved work\n${listed(lines)}`, {
      hint: `${clone === undefined ? `commit it in ${shown(workspace)}` : `paude diff ${word} shows it, paude pull ${word} brings its commits`}, paude rm --force ${word} keeps all of it as a bundle`,
    })
  context.note(`kept the unsaved work of session ${word}: ${await keepBundle(context, found)} (git clone reads it)`)
}

export const listed = (lines: readonly string[], most = 10): string =>
  [...lines.slice(0, most), ...(lines.length > most ? [`and ${lines.length - most} more`] : [])]
    .map((line) => `  ${line}`)
    .join('\n')

/** Keeps all commits of a clone or worktree, and what is not committed. Returns the file. */
async function keepBundle(context: Context, found: Found): Promise<string> {
  const { id, name } = found.record
  const folder = join(stateFolder(context.host), 'kept')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${name || id}-${Date.now()}.bundle`)
  if (
    found.record.worktree !== undefined
      ? await bundleWorktree(context, found, path)
      : await bundleInto(context, found, { path, after: '', most: MOST_BYTES })
  )
    return path
  throw new PaudeError('refused', `the work of session ${id} could not be kept in ${folder}, so the session stays`, {
    hint: `${found.record.clone === undefined ? 'commit it' : `paude pull ${id} brings its commits`}, paude rm --discard ${id} removes it anyway`,
  })
}

/** Writes a bundle of all that a clone holds into a file; `after` are lines of sh that run where the clone is. Returns whether it could. */
export async function bundleInto(
  context: Context,
  found: Found,
  { path, after, most }: { readonly path: string; readonly after: string; readonly most: number },
): Promise<boolean> {
  const inside = await insideOf(context, found)
  // An interruption ends the helper too, which else would go on writing.
  return await patiently(0, (signal) =>
    printInto(path, inside(`${script}${after}`, [readBegan(found.handle.folder)], { writes: true, signal }), {
      most,
      begins: BEGINS,
      signal,
    }),
  )
}
