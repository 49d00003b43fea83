import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../../config/files/replace-file.ts'
import type { Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'

/** What one round of renewing leaves to the next one of the same shell: no value, no words of a program. */
export type Rounds = {
  readonly owner: string
  /** Whether this is the first. */
  isNew: boolean
  /** Milliseconds since 1970 at which each source is due. */
  due: Readonly<Record<string, number>>
  /** For each session, the looks in a row that no engine answered. */
  readonly silent: Record<string, number>
  /** For each place of a login, what was handed over last. */
  readonly handed: Record<string, string>
}

/** Enough of it to see whether it is the same. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

export const newRounds = (owner: string): Rounds => ({ owner, isNew: true, due: {}, silent: {}, handed: {} })

const fileOf = (host: Pick<Host, 'env' | 'home'>): string => join(stateFolder(host), 'renewer.json')

/** Those of another shell count for nothing. */
export function readRounds(host: Pick<Host, 'env' | 'home'>, owner: string): Rounds {
  try {
    const read = JSON.parse(readFileSync(fileOf(host), 'utf8')) as Rounds
    return read.owner === owner ? { ...newRounds(owner), ...read } : newRounds(owner)
  } catch {
    return newRounds(owner)
  }
}

export const writeRounds = (host: Pick<Host, 'env' | 'home'>, rounds: Rounds): void =>
  replaceFile(fileOf(host), JSON.stringify(rounds), {
    mode: 0o600,
    folderMode: 0o700,
    hint: 'check the permissions of the state folder',
  })

export const dropRounds = (host: Pick<Host, 'env' | 'home'>): void => rmSync(fileOf(host), { force: true })
