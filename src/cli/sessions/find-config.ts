import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { findSession } from '../../session/life/find.ts'
import { readKept } from '../../session/record/kept.ts'
import { findPast } from '../../session/record/past.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { type ConfigChange, configChanges } from '../../session/record/shadows.ts'
import { risksOfChange } from './config-text.ts'

export type Risky = ConfigChange & { readonly risks: readonly string[] }
/** `folder` is the session's, or that of what is kept of it. */
export type FoundConfig = { readonly record: SessionRecord; readonly folder: string; readonly changes: readonly Risky[] }

/** Changes of the agents' configuration of a session, or of one that is gone. */
export async function findConfig(context: Context, word: string | undefined, last: boolean): Promise<FoundConfig> {
  const { record, folder } = last ? findPast(context.host, word) : await look(context, word)
  return { record, folder, changes: riskyChanges(record, folder) }
}

/** The changes, each with what it makes this machine do. */
export function riskyChanges(record: SessionRecord, folder: string): readonly Risky[] {
  const named = readKept(folder)?.named ?? []
  return configChanges(record, folder).map((change) => ({ ...change, risks: risksOfChange(record, change, named) }))
}

/** Of a session in the foreground only the record is left when its end names the command. */
async function look(
  context: Context,
  word: string | undefined,
): Promise<{ readonly record: SessionRecord; readonly folder: string }> {
  try {
    const { record, handle } = await findSession(context, word)
    return { record, folder: handle.folder }
  } catch (error) {
    if (!(error instanceof PaudeError) || error.code !== 'not-found') throw error
    try {
      return findPast(context.host, word)
    } catch {
      throw error
    }
  }
}
