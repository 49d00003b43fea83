import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../host.ts'
import { stateFolder } from '../../state.ts'
import { replaceFile } from '../files/replace-file.ts'

/** The login that an agent's own program keeps on this machine, and whether `paude login` was told to use it. */
export type OwnLogin = { readonly file: string; readonly isKept: boolean }

type Machine = Pick<Host, 'env' | 'home'>

/** That it is used, and where it is: no secret. */
const noteOf = (host: Machine, agent: string): string => join(stateFolder(host), 'logins', `${agent}.own.json`)

/** `usual` is where the program has it as things are now. */
export function readOwnLogin(host: Machine, agent: string, usual: string): OwnLogin {
  try {
    const { v, file } = JSON.parse(readFileSync(noteOf(host, agent), 'utf8')) as { v?: unknown; file?: unknown }
    if (v === 1 && typeof file === 'string' && file.startsWith('/')) return { file, isKept: true }
  } catch {
    // Nobody told to use it.
  }
  return { file: usual, isKept: false }
}

/** From now on, starts of the agent use it. */
export const keepOwnLogin = (host: Machine, agent: string, file: string): void =>
  replaceFile(noteOf(host, agent), `${JSON.stringify({ v: 1, file, since: new Date().toISOString() }, null, 2)}\n`, {
    mode: 0o600,
    folderMode: 0o700,
    hint: 'check the permissions of the state folder',
  })

/** From now on, none does. The login itself stays where it is. */
export const forgetOwnLogin = (host: Machine, agent: string): void => rmSync(noteOf(host, agent), { force: true })
