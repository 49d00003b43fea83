import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from './errors.ts'
import type { Host } from './host.ts'

/** `$XDG_STATE_HOME/paude`; refuses when there is no place to keep state. */
export const stateFolder = (host: Pick<Host, 'env' | 'home'>): string => ownFolder(host, 'XDG_STATE_HOME', '.local/state')

/** `$XDG_CACHE_HOME/paude`. */
export const cacheFolder = (host: Host): string => ownFolder(host, 'XDG_CACHE_HOME', '.cache')

/** Where the user's word about projects is kept: outside of all of them. */
export const trustFolder = (host: Host): string => join(stateFolder(host), 'trust')

/** Refuses a state folder that others can write to: what lies there is mounted into boxes and decides what is removed. */
export function requirePrivate(host: Host): void {
  for (const folder of [
    stateFolder(host),
    ...['sessions', 'trust', 'kit', 'past', 'logins', 'imports', 'quarantine'].map((name) => join(stateFolder(host), name)),
  ]) {
    const stats = statsOf(folder)
    if (stats === null) continue
    const fault = !stats.isDirectory()
      ? 'is not a folder'
      : stats.uid !== host.uid
        ? 'belongs to another user'
        : (stats.mode & 0o022) !== 0
          ? 'is writable for other users'
          : null
    if (fault !== null)
      throw new PaudeError('refused', `the state folder ${folder} ${fault}`, {
        hint: `chmod 700 ${folder}, or move it away`,
      })
  }
}

/** Names of what lies in a folder; none where it is not there or cannot be read. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** null when nothing is there, or nothing that can be looked at: making it will say why. */
function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch {
    return null
  }
}

function ownFolder({ env, home }: Pick<Host, 'env' | 'home'>, variable: string, below: string): string {
  const named = env[variable]
  if (named?.startsWith('/')) return join(named, 'paude')
  if (home.startsWith('/')) return join(home, below, 'paude')
  throw new PaudeError('config', 'HOME is not set, so paude has no place for the state of sessions', {
    hint: `export HOME, or export ${variable} with an absolute path`,
  })
}
