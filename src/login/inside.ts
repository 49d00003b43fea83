import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../config/files/replace-file.ts'
import type { Host } from '../host.ts'
import { stateFolder } from '../state.ts'

type Machine = Pick<Host, 'env' | 'home'>

const markOf = (host: Machine, home: string): string => join(stateFolder(host), 'logins', 'inside', home)

/** Whether you chose to log in inside the box of this project: what became of it lies in a HOME that only an engine can look into. */
export const isInside = (host: Machine, home: string): boolean => existsSync(markOf(host, home))

/** Remembers that choice, by the name of the project's HOME. */
export const chooseInside = (host: Machine, home: string): void =>
  replaceFile(markOf(host, home), '', { mode: 0o600, folderMode: 0o700, hint: 'check the permissions of the state folder' })
