import { isAbsolute, join, normalize, resolve } from 'node:path'
import { PaudeError } from '../errors.ts'
import { hasControl, isTooLong, shown } from '../text.ts'
import { below, entriesOf, look, overlap, realPath } from './paths.ts'
import { objectToMount, type Surroundings } from './places.ts'
import type { Workspace } from './workspace.ts'

/** A further place of the host in the box; both paths absolute. */
export type Mount = { readonly source: string; readonly target: string; readonly readOnly: boolean }

/** What the box needs to be a machine; a mount over or below them would replace parts of the wall. */
const BOX_TREES = [
  ...['/proc', '/sys', '/dev', '/run', '/var/run', '/etc', '/usr', '/bin', '/sbin', '/boot', '/paude'],
  ...['/lib', '/lib32', '/lib64', '/libx32'],
]

/** May hold mounts but not be one. */
const BOX_FOLDERS = ['/', '/tmp', '/var', '/var/tmp', '/var/lib', '/home', '/root', '/opt', '/srv', '/mnt', '/media']

/** Folder entries looked at in search of sockets; what lies deeper in a larger tree is not found. */
const SEARCH_LIMIT = 5_000

/** Reads `SRC[:DST][:rw|:ro]`; a colon in a path is written `\:`. Without DST the place keeps its own path. */
export function parseMount(text: string, { cwd, home }: { readonly cwd: string; readonly home: string }): Mount {
  if (isTooLong(text)) throw refused(`${text.slice(0, 60)}…`, 'the path is too long')
  const { mode, words } = modeOf(text)
  const [given = '', target, ...rest] = words
  if (!given || target === '' || rest.length > 0)
    throw new PaudeError('usage', `not a mount: ${shown(text)}`, {
      hint: 'write SRC[:DST][:rw|:ro]; write a colon in a path as \\:',
    })
  refuseControl(text)
  const expanded = expand(given, home)
  if (cwd === '' && !isAbsolute(expanded)) throw refused(given, 'the current directory no longer exists')
  const source = resolve(cwd, expanded)
  if (target !== undefined) requireMountTarget(target)
  return { source, target: target ?? realPath(source) ?? source, readOnly: mode !== 'rw' }
}

/** The words of a mount, without the one that says whether the box may write; null where none does. */
export function modeOf(text: string): { readonly mode: 'rw' | 'ro' | null; readonly words: readonly string[] } {
  const words = split(text)
  const last = words.at(-1)
  const mode = words.length > 1 && (last === 'rw' || last === 'ro') ? last : null
  return { mode, words: mode ? words.slice(0, -1) : words }
}

/** The same mount with its source in its shortest form, so that what is shown is what is mounted. */
export function plainMount(text: string): string {
  const [given = '', ...rest] = split(text)
  const plain = shortest(given)
  return plain === given ? text : [plain, ...rest].map(mountWord).join(':')
}

/** A path without what leads nowhere: `//`, `/./` and a slash at its end. */
export function shortest(path: string): string {
  const plain = path === '' ? path : normalize(path).replace(/(?<=[^~])\/$/, '')
  // Without its slash it would no longer be the home.
  return plain === '~' && path !== '~' ? '~/' : plain
}

/** A path as a word of the mount grammar: `parseMount` reads it back unchanged. */
export const mountWord = (path: string): string => path.replace(/[\\:]/g, '\\$&')

/** The mount with the real path of its source, or the reason why it is refused. */
export function checkMount(mount: Mount, host: Surroundings): Mount {
  refuseControl(mount.source)
  const source = realPath(mount.source)
  const kind = source && look(source)
  if (!source || !kind)
    throw new PaudeError('not-found', `cannot mount ${shown(mount.source)}: it does not exist`, {
      hint: 'create it, or leave the mount out',
    })
  refuseControl(source)
  const objection = kind.isSocket() ? `${shown(source)} is a unix socket` : objectToMount(source, host)
  if (objection) throw refused(mount.source, objection)
  if (!kind.isFile() && !kind.isDirectory()) throw refused(mount.source, `${shown(source)} is neither a file nor a folder`)
  const socket = kind.isDirectory() ? findSocket(source) : null
  if (socket) throw refused(mount.source, `${shown(socket)} is a unix socket, which would give access to what listens there`)
  requireMountTarget(mount.target)
  return { ...mount, source }
}

/** Refuses mounts that would hide the project, or open from another side what is read-only in it. */
export function checkTogether(mounts: readonly Mount[], { root, git, protectedPaths, pinnedPaths }: Workspace): void {
  const places = [root, ...(git?.commonDirectory ? [git.commonDirectory] : [])]
  const targets = new Set<string>()
  for (const { source, target, readOnly } of mounts) {
    if (targets.has(target)) throw refused(source, `another mount already uses ${shown(target)}`)
    targets.add(target)
    if (places.some((place) => below(target, place))) throw refused(source, `${shown(target)} would hide the project`)
    if ([...protectedPaths, ...pinnedPaths].some((path) => below(target, path) || below(path, target)))
      throw refused(source, `${shown(target)} would hide guarded paths of the project`)
    if (!readOnly && protectedPaths.some((path) => overlap(source, path)))
      throw refused(source, `a writable mount would open guarded paths in ${shown(root)}`)
  }
}

function refused(source: string, reason: string): PaudeError {
  return new PaudeError('refused', `cannot mount ${shown(source)}: ${reason}`, {
    hint: 'mount a folder with only the files that the agent needs',
  })
}

/** At colons that are not escaped; `\:` is a colon, `\\` a backslash, any other backslash itself. */
function split(text: string): readonly string[] {
  const words = ['']
  for (const [token] of text.matchAll(/\\[\\:]|./gsu))
    if (token === ':') words.push('')
    else words.push(`${words.pop() ?? ''}${token.length > 1 && token.startsWith('\\') ? token.slice(1) : token}`)
  return words
}

function expand(source: string, home: string): string {
  if (source !== '~' && !source.startsWith('~/')) return source
  if (!isAbsolute(home))
    throw new PaudeError('usage', `cannot expand ${shown(source)}: HOME is not set`, { hint: 'write the path in full' })
  return join(home, source.slice(1))
}

export function requireMountTarget(target: string): void {
  const hint = 'name a path in the sandbox: SRC:/data/NAME'
  const fault = targetFault(target)
  if (fault) throw new PaudeError('refused', `cannot mount at ${shown(target)}: ${fault}`, { hint })
}

function targetFault(target: string): string | null {
  if (hasControl(target)) return 'it has control characters'
  if (!isAbsolute(target)) return 'not an absolute path'
  const plain = normalize(target)
  if (plain !== target || (plain.endsWith('/') && plain !== '/')) return 'not in its shortest form'
  return BOX_FOLDERS.includes(target) || BOX_TREES.some((tree) => below(tree, target))
    ? 'the sandbox needs this path itself'
    : null
}

function refuseControl(path: string): void {
  if (hasControl(path))
    throw new PaudeError('refused', `cannot mount ${shown(path)}: it has control characters`, {
      hint: 'rename it, or mount the folder above it',
    })
}

/** A unix socket somewhere below, nearest first. Links are not followed: in the box they lead elsewhere. */
function findSocket(folder: string): string | null {
  const waiting = [folder]
  let seen = 0
  for (const path of waiting) {
    for (const entry of entriesOf(path)) {
      if (entry.isSocket()) return join(path, entry.name)
      if (entry.isDirectory()) waiting.push(join(path, entry.name))
      if (++seen >= SEARCH_LIMIT) return null
    }
  }
  return null
}
