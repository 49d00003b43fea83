import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isAlive } from '../host.ts'
import { holderFile } from './place.ts'

/** Makes this process the holder of a session; false when it has a living one, which the file names. */
export function claim(folder: string, mark: string): boolean {
  const path = holderFile(folder)
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, mark, { mode: 0o600 })
  try {
    for (let tries = 0; tries < 5; tries++) {
      try {
        linkSync(draft, path)
        return true
      } catch {
        if (isAlive(readFileSync(path, 'utf8'))) return false
        rmSync(path, { force: true })
      }
    }
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}
