import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PaudeError } from '../errors.ts'
import { mountWord } from '../workspace/mount.ts'
import { shown } from '../workspace/paths.ts'
import { isMissing } from './missing.ts'
import type { Parsed } from './parse.ts'
import type { Layer, Source } from './settings.ts'

/** A project's own file as it was read, once: what is judged, shown and approved are the same bytes. */
export type ProjectFile = { readonly file: string; readonly text: string; readonly hash: string }

/** The older tool's file first: a paude.toml beside it has the last word. */
export const PROJECT_FILES = ['paude.json', 'paude.toml'] as const

/** Bytes of a file that is what it claims to be. */
const MOST = 64 * 1024

/**
 * The files of these folders, from the top level down. All of them count: were the nearest one alone to hold, a new file in a
 * subfolder could take back what the one at the top forbids.
 */
export const readProjectFiles = (folders: readonly string[]): readonly ProjectFile[] =>
  folders.flatMap((folder) => PROJECT_FILES.flatMap((name) => readProjectFile(join(folder, name)) ?? []))

/** Reads a file that a stranger may have put there; refuses what could be something else than it looks like. */
export function readProjectFile(file: string): ProjectFile | null {
  let handle: number
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (isMissing(error)) return null
    const { code } = error as { code?: string }
    throw refused(file, code === 'ELOOP' ? 'is a link' : `cannot be read (${code})`)
  }
  try {
    const stats = fstatSync(handle)
    if (!stats.isFile()) throw refused(file, 'is not a file')
    if ((stats.mode & 0o002) !== 0) throw refused(file, 'can be written by everybody on this machine')
    const bytes = Buffer.alloc(MOST + 1)
    const size = readSync(handle, bytes, 0, bytes.length, 0)
    if (size > MOST) throw refused(file, `is larger than ${MOST / 1024} KiB`)
    const content = bytes.subarray(0, size)
    return { file, text: utf8(file, content), hash: hashOf(content) }
  } finally {
    closeSync(handle)
  }
}

/** The sources of a file, with its paths made absolute: they are meant from where it lies. */
export async function parseProjectFile(
  { file, text }: ProjectFile,
  { profile, note }: { readonly profile: string; readonly note: (text: string) => void },
): Promise<Parsed> {
  if (file.endsWith('.json')) {
    const { sources, unknown } = (await import('./older.ts')).parseOlder(file, text)
    for (const key of unknown) note(`${shown(file)}: ${shown(key)} is not taken over`)
    return { sources: sources.map((source) => rooted(source, file)), profiles: [] }
  }
  const { sources, profiles } = (await import('./parse.ts')).parseConfig({ layer: 'project', file, text }, profile)
  return { sources: sources.map((source) => rooted(source, file)), profiles }
}

export const hashOf = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex')

function rooted(source: Source, file: string): Source {
  const { values, places } = source
  const folder = dirname(file)
  refuseDots(source, file)
  const from = (path: string) => (path.startsWith('~/') ? path : resolve(folder, path))
  const changed: Layer = {
    ...(values.mount && { mount: values.mount.map((word) => (/^[/~]/.test(word) ? word : `${mountWord(folder)}/${word}`)) }),
    ...(values.caFile && { caFile: values.caFile.map(from) }),
    ...(values.protect && { protect: values.protect.map(from) }),
  }
  return { layer: 'project', values: { ...values, ...changed }, places }
}

/** A way that leads upwards means something else in every checkout, and what it means is not to be read from the file. */
function refuseDots({ values, places }: Source, file: string): void {
  const paths = [
    ...(['mount', 'caFile', 'protect'] as const).flatMap((key) => (values[key] ?? []).map((path) => [key, path] as const)),
    ...(values.references ?? []).flatMap(({ source }) => [source].flat().map((word) => ['references', word] as const)),
  ]
  for (const [key, path] of paths)
    if (path.split(/[/:]/).includes('..')) throw refused(places[key] ?? file, `has a path with .. in it: ${shown(path)}`)
}

function utf8(file: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw refused(file, 'is not UTF-8')
  }
}

const refused = (file: string, fault: string): PaudeError =>
  new PaudeError('refused', `${shown(file)} ${fault}, so it is not read as configuration`, {
    hint: 'correct it, or go on without it: paude --ignore-project-config',
  })
