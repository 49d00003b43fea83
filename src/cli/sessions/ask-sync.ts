import { relative } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { keepAnew } from '../../session/record/kept.ts'
import { pastSessions } from '../../session/record/past.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { keepAsBegun } from '../../session/record/shadows.ts'
import { shown } from '../../text.ts'
import { bringBack, type Plain } from '../../workspace/bring-back.ts'
import { ancestors, below } from '../../workspace/paths.ts'
import type { Leaf } from '../../workspace/tree.ts'
import { readAnswer } from '../config/start-config.ts'
import { configText } from './config-text.ts'
import { type FoundConfig, type Risky, riskyChanges } from './find-config.ts'

/** Shows one change after the other, and brings back what you say yes to. Returns 1 where one of these could not be brought back. */
export function askSync(context: Context, { record, folder, changes }: FoundConfig): number {
  let code = 0
  for (const [at, change] of changes.entries()) {
    context.note(configText(record, change, change.risks))
    if (change.fault !== '') continue
    const what = change.now === null ? 'remove your file' : change.here === null ? 'create it' : 'replace your file'
    const answer = readAnswer(context, `${at + 1} of ${changes.length}: ${what}? [y/N], or q to stop: `, 'q')
    if (answer === 'q' || answer === 'quit') return code
    if (['y', 'yes'].includes(answer)) code = Math.max(code, bring(context, { record, folder, changes: [change] }))
  }
  return code
}

/** Brings changes into the project; one that cannot be is told, and does not keep the others back. */
export function bring(context: Context, { record, folder, changes }: FoundConfig): number {
  let code = 0
  for (const change of changes) {
    const name = shown(relative(record.workspace, change.path))
    try {
      bringOne(record, folder, change)
      context.answer(name)
    } catch (error) {
      if (!(error instanceof PaudeError)) throw error
      context.warn(`${error.message}; ${error.hint}`)
      code = 1
    }
  }
  return code
}

function bringOne({ shadows }: SessionRecord, folder: string, change: Risky): void {
  const { path, here, now, fault } = change
  const place = shadows.find((one) => below(one, path))
  if (fault !== '' || place === undefined)
    throw new PaudeError('refused', `cannot bring back ${shown(path)}: ${shown(fault)}`, { hint: 'copy what you need: paude cp' })
  bringBack({ path, place, before: plain(here), after: plain(now) })
  // You meant it, so the review at the end does not name it.
  keepAnew(
    folder,
    ancestors(path).filter((one) => below(place, one)),
  )
  keepAsBegun(change)
}

const plain = (leaf: Leaf | null): Plain | null => (leaf === null ? null : { content: leaf.content, mode: leaf.mode })

/** What follows a session that was started with `--sync-claude-config`. */
export function syncAfter(context: Context, { id }: SessionRecord): void {
  // One that was detached from goes on: there is nothing of it yet.
  const past = pastSessions(context.host).find(({ record }) => record.id === id)
  if (past !== undefined) askSync(context, { ...past, changes: riskyChanges(past.record, past.folder) })
}
