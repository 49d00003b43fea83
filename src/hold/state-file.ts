import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HoldState } from './place.ts'

/** Keeps the `state.json` of a session; what it returns writes a state, and says whether that is a new one. */
export function makeStateFile(folder: string): (state: HoldState) => boolean {
  let written = ''
  return (state) => {
    const text = JSON.stringify(state)
    if (text === written) return false
    written = text
    writeWhole(join(folder, 'state.json'), `${text}\n`)
    return true
  }
}

/** Nothing is written once the session's folder is gone. */
export function writeWhole(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch {}
}
