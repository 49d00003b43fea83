import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Plan, write } from '../../plan/plan.ts'

/** Notes in a session's folder what the user wants of it: a machine that goes down leaves the same traces as `paude stop`. */
export const noteIntent = (folder: string, state: 'running' | 'stopped'): Plan => [write(join(folder, 'wanted'), `${state}\n`)]

/** Whether the user stopped it. */
export function isStopped(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'wanted'), 'utf8').trim() === 'stopped'
  } catch {
    return false
  }
}
