import { dirname, join, resolve } from 'node:path'
import { hashOf } from '../config/files/hash.ts'
import type { Parsed } from '../config/files/parse.ts'
import { entryText } from '../config/keys/entry-text.ts'
import type { Layer, Settings, Source } from '../config/keys/settings.ts'
import type { Reference } from '../credentials/source.ts'
import { PaudeError } from '../errors.ts'
import { firstOf, isTooLong, shown } from '../text.ts'
import { parseRepository } from '../workspace/further.ts'
import { mountWord, parseMount, plainMount, shortest } from '../workspace/mount.ts'
import { below, realFuture } from '../workspace/paths.ts'
import { readCertificates } from './project-certificates.ts'
import { readStranger } from './stranger-file.ts'

/** A project's own file as it was read, once: what is judged, shown and approved are the same bytes. */
export type ProjectFile = {
  readonly file: string
  readonly text: string
  readonly hash: string
  /** Other files of the project that say what it means. */
  readonly parts?: readonly Pick<ProjectFile, 'file' | 'hash'>[]
}

/** The older tool's file first: a paude.toml beside it has the last word. */
const PROJECT_FILES = ['paude.json', 'paude.toml'] as const

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
  const content = readStranger(file, MOST, (fault) => refused(file, fault))
  return content === null ? null : { file, text: utf8(file, content), hash: hashOf(content) }
}

export type Around = {
  /** What lies below these is the agent's to change. */
  readonly writable: readonly string[]
  readonly home: string
  readonly profile: string
  readonly note: (text: string) => void
}

/** The sources of a file, with its paths made absolute: they are meant from where it lies. */
export async function parseProjectFile({ file, text }: ProjectFile, around: Around): Promise<Parsed> {
  const { sources, profiles } = file.endsWith('.json') ? await older(file, text, around) : await own(file, text, around)
  const absolute = sources.map((source) => rooted(source, file, around))
  for (const source of absolute) refuseInside(source, file, around)
  return { sources: absolute, profiles }
}

const own = async (file: string, text: string, { profile }: Around): Promise<Parsed> =>
  (await import('../config/files/parse.ts')).parseConfig({ layer: 'project', file, text }, profile)

async function older(file: string, text: string, { note }: Around): Promise<Parsed> {
  const { sources, unknown } = (await import('./older.ts')).parseOlder(file, text)
  if (unknown.length > 0) note(`${shown(file)}: ignored: ${shown(firstOf(unknown))}`)
  return { sources, profiles: [] }
}

/** Places outside of the project that its file names: the sources of mounts, and files of secrets. */
export const outerPlaces = (source: Source, home: string): readonly string[] => namedPlaces(source, home).map(([, path]) => path)

const namedPlaces = ({ values }: Source, home: string): readonly (readonly [keyof Settings, string])[] => [
  ...(values.mount ?? []).map((word) => ['mount', parseMount(word, { cwd: '/', home }).source] as const),
  ...(values.repos ?? []).map((word) => ['repos', parseRepository(word, { cwd: '/', home }).source] as const),
  ...referring(values).flatMap(([key, word]) =>
    word.startsWith('file:') ? [[key, word.slice('file:'.length).replace(/^~(?=\/)/, home)] as const] : [],
  ),
]

/** Every word that says where a secret lies, with the setting that has it. */
const referring = ({ references = [], upstreamCredentials = '' }: Layer): readonly (readonly [keyof Settings, string])[] => [
  ...references.flatMap(({ source }) =>
    typeof source === 'object' && !Array.isArray(source) ? [] : [source].flat().map((word) => ['references', word] as const),
  ),
  ['upstreamCredentials', upstreamCredentials],
]

function rooted(source: Source, file: string, { home }: Around): Source {
  const { values, places } = source
  const folder = dirname(file)
  refusePaths(source, file)
  const from = (path: string) => resolve(folder, path.replace(/^~(?=\/)/, home))
  const certificates = (values.caFile ?? []).map((named) => from(entryText(named)))
  const place = places.caFile ?? file
  const changed: Layer = {
    ...(values.mount && {
      mount: values.mount.map((word) => plainMount(/^[/~]/.test(word) ? word : `${mountWord(folder)}/${word}`)),
    }),
    ...(values.repos && {
      repos: values.repos.map((word) => plainMount(/^[/~]/.test(word) ? word : `${mountWord(folder)}/${word}`)),
    }),
    ...(values.references && { references: values.references.map(plainReference) }),
    ...(values.upstreamCredentials && { upstreamCredentials: plainWord(values.upstreamCredentials) }),
    ...(values.caFile && {
      caFile: readCertificates(certificates, (path, fault) => refused(place, `names ${shown(path)}, which ${fault}`)),
    }),
    ...(values.overlay && { overlay: values.overlay.map(from) }),
    // A certificate of the project holds as it was approved, so no box may change it.
    ...((values.protect || values.caFile) && { protect: [...(values.protect ?? []).map(from), ...certificates] }),
  }
  const further = values.protect || !values.caFile ? {} : { protect: place }
  return { layer: 'project', values: { ...values, ...changed }, places: { ...places, ...further } }
}

const plainReference = ({ name, source }: Reference): Reference => ({
  name,
  source: typeof source === 'string' ? plainWord(source) : source,
})

/** Where a secret lies, with its path as it is followed. */
const plainWord = (word: string): string => (word.startsWith('file:') ? `file:${shortest(word.slice('file:'.length))}` : word)

/** A way that leads upwards means something else in every checkout, and what it means is not to be read from the file. */
function refusePaths({ values, places }: Source, file: string): void {
  const paths = [
    ...(['mount', 'repos', 'caFile', 'protect', 'overlay'] as const).flatMap((key) =>
      (values[key] ?? []).map((named) => [key, entryText(named)] as const),
    ),
    ...referring(values),
  ]
  for (const [key, path] of paths) {
    if (isTooLong(path))
      throw refused(
        places[key] ?? file,
        `has a path of ${path.length} characters, too long for any system: ${shown(path.slice(0, 60))}…`,
      )
    if (path.split(/[/:]/).includes('..')) throw refused(places[key] ?? file, `has a path with ..: ${shown(path)}`)
  }
}

/** What lies in the project the agent can replace by a link to anything, and no approval would notice. */
export function refuseInside(source: Source, file: string, { writable, home }: Pick<Around, 'writable' | 'home'>): void {
  let named: ReturnType<typeof namedPlaces>
  try {
    named = namedPlaces(source, home)
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    throw new PaudeError('config', `${shown(source.places.mount ?? file)}: ${error.message}`, { hint: error.hint })
  }
  const inside = named.find(([, path]) => writable.some((place) => below(place, path) || below(place, realFuture(path))))
  if (inside !== undefined)
    throw refused(
      source.places[inside[0]] ?? file,
      `names ${shown(inside[1])}, which is in the project or its git data, where the agent can change it`,
    )
}

function utf8(file: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw refused(file, 'is not UTF-8')
  }
}

const refused = (file: string, fault: string): PaudeError =>
  new PaudeError('refused', `${shown(file)} ${fault}, so paude does not read it`, {
    hint: 'correct it, or start without the file: paude --ignore-project-config',
  })
