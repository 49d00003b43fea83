import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../host.ts'
import { type Plan, remove, type Step, write } from '../plan/plan.ts'

/** The paude that stays with a session in the foreground and removes it at its end. */
export type Owner = Pick<Host, 'process' | 'processSpace'>

/** Its file in the session's folder. */
export const OWNER_FILE = 'owner'

const ownerFile = (folder: string): string => join(folder, OWNER_FILE)

/** Text of the file in the session's folder that names its owner. */
export const ownerText = ({ process, processSpace }: Owner): string => `${process}\n${processSpace}\n`

export const owned = (folder: string, text: string): Step => write(ownerFile(folder), text)

/** From now on the session goes on by itself: you detached from it, or attached to it again. */
export const released = (folder: string): Plan => [remove(ownerFile(folder))]

/** null for a session that goes on by itself. */
export function readOwner(folder: string): Owner | null {
  try {
    const [process = '', processSpace = ''] = readFileSync(ownerFile(folder), 'utf8').split('\n')
    return process === '' ? null : { process, processSpace }
  } catch {
    return null
  }
}
