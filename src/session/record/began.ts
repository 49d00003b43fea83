import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { FILLED } from '../../box/spec.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import type { Brought } from '../../workspace/brought.ts'
import { look, readSmall } from '../../workspace/paths.ts'
import { isObjectName } from '../../workspace/ref-name.ts'

/** File of a session's folder with what its clone got that was not committed. No box reaches it. */
const BROUGHT = 'brought.json'

export const broughtFile = (folder: string): string => join(folder, BROUGHT)

const List = v.array(v.object({ path: v.string(), size: v.number(), is: v.string() }))

/** What a clone got that was not committed; nothing where it got none. One that cannot be read is told: what it says may be lost. */
export function readBrought(folder: string): readonly Brought[] {
  const path = broughtFile(folder)
  if (look(path) === null) return []
  try {
    return v.parse(List, JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    throw new PaudeError('refused', `${shown(path)} cannot be read`, { hint: 'it says what the clone began with' })
  }
}

/** Commit with what a clone had at its start that was not committed; '' where it had no such thing. The filling named it, before any agent was there. */
export const readBegan = (folder: string): string => filledWords(folder)[0]

/** The same, and the moment in which git had written all files of a clone: seconds as the clone's file system has them, '' where it is not known. */
export function filledWords(folder: string): readonly [began: string, filled: string] {
  const words = readSmall(join(folder, FILLED))?.trim().split('\n').at(-1)?.split(' ') ?? []
  return [words.find(isObjectName) ?? '', words.find((word) => /^\d{1,12}\.\d{1,12}$/.test(word)) ?? '']
}
