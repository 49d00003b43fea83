import { posix } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { hasControl, isTooLong, shown } from '../../text.ts'
import type { Found } from '../record/found.ts'
import { boxHome } from '../resolve/box-home.ts'

/** One side of a copy, as it was written. */
export type Side =
  | { readonly kind: 'here'; readonly path: string }
  | { readonly kind: 'stream' }
  /** '' for the session of this directory. */
  | { readonly kind: 'box'; readonly session: string; readonly path: string }

/** `SESSION:PATH`, `-` or a path of this machine; one with a colon in its name is written `./a:b`. */
export function readSide(text: string): Side {
  if (text === '-') return { kind: 'stream' }
  const [, session, path] = /^([^/:.][^/:]*|):(.*)$/s.exec(text) ?? []
  if (session === undefined || path === undefined) return { kind: 'here', path: text }
  return { kind: 'box', session, path }
}

/** The absolute path in a box that somebody means; a slash at its end stays, and says that it is a folder. */
export function pathInBox(text: string, { handle }: Pick<Found, 'handle'>, host: Host): string {
  if (hasControl(text) || isTooLong(text))
    throw new PaudeError('usage', `not a path: ${shown(text.slice(0, 200))}`, { hint: 'write SESSION:PATH' })
  const home = boxHome(host)
  const full = text === '~' || text.startsWith('~/') ? posix.join(home, text.slice(1)) : posix.resolve(handle.directory, text)
  const path = posix.normalize(text.endsWith('/') && !full.endsWith('/') ? `${full}/` : full)
  if (path === '/') throw new PaudeError('usage', 'cannot copy / itself', { hint: 'name a file or folder of the sandbox' })
  return path
}
