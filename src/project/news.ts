import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashOf } from '../config/files/hash.ts'
import type { Host } from '../host.ts'
import { stateFolder } from '../state.ts'

/** Whether a sentence is said for the first time on this machine; from then on it is not. Where nothing can be kept it always is. */
export function isNews(host: Pick<Host, 'env' | 'home'>, sentence: string): boolean {
  const folder = join(stateFolder(host), 'told')
  const file = join(folder, hashOf(sentence))
  if (existsSync(file)) return false
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, '', { mode: 0o600 })
  } catch {
    // It is said again.
  }
  return true
}
