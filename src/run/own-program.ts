import { realpathSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host, isExecutable, isOfProject } from '../host.ts'
import { quoted } from '../text.ts'

/** The program that a key names, by its path; an error where it is none, or where others could put another one in its place. */
export function ownProgram(
  host: Pick<Host, 'env'>,
  { key, said }: { readonly key: string; readonly said: string },
): string | PaudeError {
  const path = said.startsWith('/') ? said : findProgram(host, said)
  if (path === null || !isExecutable(path))
    return new PaudeError(
      'backend-missing',
      `${key} names ${quoted(said)}, which is not a program ${path === null ? 'in PATH' : 'here'}`,
      {
        hint: 'correct it: paude config edit',
      },
    )
  const refuse = (why: string) =>
    new PaudeError('refused', `${key} names ${quoted(path)}, ${why}`, { hint: 'name a program that only you or root can write' })
  if (isOfProject(host, path)) return refuse('which is in the project: an agent may have written it')
  const open = [path, realpathSync(path)].map(openPlace).find((place) => place !== null)
  return open === undefined || open === null ? path : refuse(`and every user may write ${quoted(open)}`)
}

/** What of a path everybody may change: the file, its folder, or one above it in which files have no owners to keep them. */
function openPlace(path: string): string | null {
  const STICKY = 0o1000
  const isOpen = (place: string, isAbove: boolean) => {
    const { mode } = statSync(place)
    return (mode & 0o002) !== 0 && !(isAbove && (mode & STICKY) !== 0)
  }
  if (isOpen(path, false)) return path
  if (isOpen(dirname(path), false)) return dirname(path)
  for (let folder = dirname(dirname(path)); ; folder = dirname(folder)) {
    if (isOpen(folder, true)) return folder
    if (folder === '/') return null
  }
}
