import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { writeWhole } from '../../hold/state-file.ts'

/** What appeared in the project of a session that runs, and what became of the session. */
const Shape = v.object({
  /** ISO time. */
  at: v.string(),
  does: v.picklist(['paused', 'stopped', 'told']),
  /** What appeared and who acts on it, as one line that is safe to show. */
  text: v.string(),
  paths: v.array(v.string()),
})
export type Alarm = v.InferOutput<typeof Shape>

const file = (folder: string): string => join(folder, 'alarm.json')

/** null when nothing appeared, or it was dealt with. */
export function readAlarm(folder: string): Alarm | null {
  try {
    const result = v.safeParse(Shape, JSON.parse(readFileSync(file(folder), 'utf8')))
    return result.success ? result.output : null
  } catch {
    return null
  }
}

/** Whether a session is paused because of what appeared. */
export const isPausedByAlarm = (folder: string): boolean => readAlarm(folder)?.does === 'paused'

export const noteAlarm = (folder: string, alarm: Alarm): void => writeWhole(file(folder), JSON.stringify(alarm))

export const clearAlarm = (folder: string): void => rmSync(file(folder), { force: true })

/** Marks of what a watch of this session told of: the next one tells nothing twice. */
const MARKS = 'alarm-told.json'

export function readTold(folder: string): Map<string, string> {
  try {
    const result = v.safeParse(v.record(v.string(), v.string()), JSON.parse(readFileSync(join(folder, MARKS), 'utf8')))
    return new Map(result.success ? Object.entries(result.output) : [])
  } catch {
    return new Map()
  }
}

export const noteTold = (folder: string, told: ReadonlyMap<string, string>): void =>
  writeWhole(join(folder, MARKS), JSON.stringify(Object.fromEntries(told)))
