import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { UPLOADS, UPLOADS_AT } from '../../box/uploads.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { NO_LINK, openFolder, wayTo } from '../../run/held-folder.ts'
import { filling, TAR_END, tarHeader } from '../../run/tar/write.ts'
import { isTooLong, shown } from '../../text.ts'
import { below, realPath } from '../../workspace/paths.ts'
import type { Found } from '../record/found.ts'
import { putIn } from './box.ts'
import { strangersLink } from './land.ts'

/** Bytes of one file, and of all that a session has got. */
const MOST_BYTES = 100 * 1024 ** 2
const MOST_OF_ALL = 1024 ** 3
const MOST_FILES = 1000

/** Something that is to be uploaded. */
export type Upload = { readonly name: string; readonly bytes: Uint8Array }

/** Ending of an image that models read, by what the file begins with; null for anything else. */
export function imageKind(bytes: Uint8Array): '.png' | '.jpg' | '.gif' | '.webp' | null {
  const begin = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  if (begin.startsWith('\x89PNG\r\n\x1a\n')) return '.png'
  if (begin.startsWith('\xff\xd8\xff')) return '.jpg'
  if (/^GIF8[79]a/.test(begin)) return '.gif'
  return /^RIFF.{4}WEBP/s.test(begin) ? '.webp' : null
}

/** Reads a file that the user named. A link of a project that leads out of it is not followed: whoever writes there chose where it leads. */
export function readUpload(host: Host, text: string): Upload {
  const full = resolve(host.cwd, text)
  const refused = (why: string, hint: string) => new PaudeError('refused', `${shown(full)} ${why}`, { hint })
  if (isTooLong(full)) throw new PaudeError('usage', 'no system takes so long a path', { hint: 'write a path of this machine' })
  const link = strangersLink(host, full)
  if (link !== null)
    throw refused(`is reached by ${shown(link)}, a link that leads out of a project`, 'write the path that you mean in full')
  const real = realPath(full)
  if (real === null) throw new PaudeError('not-found', `nothing is at ${shown(full)}`, { hint: 'write a path of this machine' })
  let folder: number | null = null
  let file: number | null = null
  try {
    folder = openFolder(dirname(real))
    file = openSync(`${wayTo(folder, dirname(real))}/${basename(real)}`, constants.O_RDONLY | NO_LINK | constants.O_NONBLOCK)
    const stats = fstatSync(file)
    if (!stats.isFile()) throw refused('is not a file', 'paude cp copies a folder')
    if (stats.size > MOST_BYTES) throw refused(`is larger than ${MOST_BYTES / 1024 ** 2} MiB`, 'paude cp copies it')
    const bytes = Buffer.alloc(stats.size)
    let done = 0
    for (let count = 1; count > 0 && done < bytes.length; done += count)
      count = readSync(file, bytes, done, bytes.length - done, done)
    return { name: basename(full), bytes: bytes.subarray(0, done) }
  } catch (cause) {
    if (cause instanceof PaudeError) throw cause
    throw new PaudeError('refused', `cannot read ${shown(full)} (${(cause as { code?: string }).code})`, { cause })
  } finally {
    for (const descriptor of [file, folder]) if (descriptor !== null) closeSync(descriptor)
  }
}

/** The same of an image, which is known by its content and not by its name. */
export function requireImage(upload: Upload, what: string): Upload {
  if (imageKind(upload.bytes) !== null) return upload
  throw new PaudeError('refused', `${what} is not a PNG, JPEG, GIF or WebP`, { hint: 'paude send --file sends any file' })
}

/** Puts a file where the box of a session reads it: into the session's folder, or through a program of the box. Returns its path there. */
export async function giveUpload(host: Host, found: Found, upload: Upload): Promise<string> {
  switch (found.backend.files.way) {
    case 'carried':
      return await carryUpload(host, found, upload)
    case 'mounted':
      return keepUpload(found, upload)
    case 'here':
      throw new PaudeError('unsupported', `session ${found.handle.id} runs on this machine, so its agent reads your files`, {
        hint: 'name the path of the file in what you send',
      })
  }
}

/** The moment comes first, since nobody here knows what is there already. */
async function carryUpload(host: Host, found: Found, { name, bytes }: Upload): Promise<string> {
  const called = `${Date.now().toString(36)}-${plainName(name, bytes)}`
  const file = { kind: 'file', path: called, size: bytes.length, mode: 0o600, target: '' } as const
  const stream = () => [tarHeader(file, found.backend.user(host)), bytes, filling(bytes.length), TAR_END]
  return await putIn(found, { path: UPLOADS_AT, name: called, force: false, stream })
}

/** The same for a box that mounts that folder. */
export function keepUpload({ handle: { id, folder } }: Pick<Found, 'handle'>, { name, bytes }: Upload): string {
  const place = join(folder, UPLOADS)
  if (!existsSync(place))
    throw new PaudeError(
      'unsupported',
      `session ${id} takes no files this way: it runs on a cluster, or one command, or an older paude started it`,
      {
        hint: `paude cp FILE ${id}:/tmp copies one into it`,
      },
    )
  const before = readdirSync(place)
  const size = before.reduce((sum, one) => sum + (statSync(join(place, one), { throwIfNoEntry: false })?.size ?? 0), 0)
  if (before.length >= MOST_FILES || size + bytes.length > MOST_OF_ALL)
    throw new PaudeError('refused', `session ${id} has got ${MOST_FILES} files or 1 GiB already`, {
      hint: `remove what it no longer needs below ${place}`,
    })
  for (let number = before.length + 1; ; number++) {
    const called = `${number}-${plainName(name, bytes)}`
    try {
      writeFileSync(join(place, called), bytes, { mode: 0o600, flag: 'wx' })
      return `${UPLOADS_AT}/${called}`
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
}

/** A name that no agent and no shell has to quote; an image gets the ending that agents know it by. */
function plainName(name: string, bytes: Uint8Array): string {
  const kind = imageKind(bytes)
  const end = kind !== null && !/^\.(png|jpe?g|gif|webp)$/i.test(extname(name)) ? kind : extname(name)
  const stem = name.slice(0, name.length - extname(name).length)
  const plain = (text: string) => text.normalize('NFC').replace(/[^\w.-]+/g, '_')
  return `${plain(stem).slice(0, 60) || 'file'}${plain(end).slice(0, 12)}`
}

/**
 * What is typed in place of a paste that is nothing but paths of image files of this machine: their paths in the box. null for any other
 * paste, for files that the box sees anyway, and where something is in the way: then the paste is what it was.
 */
export function dropped(host: Host, { handle, record }: Pick<Found, 'handle' | 'record'>, text: string): string | null {
  const words = pathWords(text)
  if (words === null || words.length > 20) return null
  try {
    const uploads = words.map((word) => {
      const real = realPath(word)
      if (real === null || below(record.workspace, real)) throw new Error('not to be copied')
      return requireImage(readUpload(host, word), word)
    })
    return uploads.map((upload) => keepUpload({ handle }, upload)).join(' ')
  } catch {
    return null
  }
}

/** Absolute paths as terminals write files that are dropped on them: quoted, with backslashes, or as addresses. */
export function pathWords(text: string): readonly string[] | null {
  const words = [...text.trim().matchAll(/'([^']*)'|"([^"]*)"|((?:\\.|[^\s'"\\])+)|(\S)/gs)].map(([, single, double, bare]) => {
    const plain = single ?? double ?? bare?.replace(/\\(.)/gs, '$1') ?? ''
    if (!plain.startsWith('file:///')) return plain
    try {
      return decodeURIComponent(new URL(plain).pathname)
    } catch {
      return ''
    }
  })
  return words.length > 0 && words.every((word) => word.startsWith('/') && !/[\0\n]/.test(word)) ? words : null
}
