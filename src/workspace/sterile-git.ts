import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'

/**
 * A bare repository of paude's own, which borrows the objects of a project's. The one place where git runs on this machine: under a
 * configuration that paude wrote, since an agent may have written that of the project.
 */
export type Store = {
  /** The host's git. */
  readonly git: string
  /** Where it lies. */
  readonly folder: string
}

/** The files of a store. Borrowed objects are looked up by name alone: no hook, filter or configuration comes with them. */
export const storeFiles = ({
  objects,
  sha256,
  shallow,
}: {
  readonly objects: string
  readonly sha256: boolean
  readonly shallow: string
}): Readonly<Record<string, string>> => ({
  HEAD: 'ref: refs/heads/none\n',
  config: `[core]\n\trepositoryformatversion = ${sha256 ? 1 : 0}\n\tbare = true\n${sha256 ? '[extensions]\n\tobjectformat = sha256\n' : ''}`,
  'objects/info/alternates': `${objects}\n`,
  ...(shallow === '' ? {} : { shallow }),
})

export function findGit(host: Pick<Host, 'env'>): string {
  const git = findProgram(host, 'git')
  if (git !== null) return git
  throw new PaudeError('command-not-found', 'git was not found on this machine, and a clone of the project needs it', {
    hint: 'install git, or say --workspace bind',
  })
}

/** Settings that no file of a store says, and that hold whatever its git was built with. */
const SETTINGS = {
  'core.hooksPath': '/dev/null',
  'protocol.allow': 'never',
  'gc.auto': '0',
  // Indexes of objects that an agent may have written: they could name other parents than the commits do.
  'core.commitGraph': 'false',
  'core.multiPackIndex': 'false',
}

/**
 * Words that run a program with the environment of a store's git and nothing else: no credential, no GIT_… of yours, no way to a network.
 * `objects` is a folder in place of the store's own, for what an agent sends.
 */
export const inStore = ({ git, folder }: Store, words: readonly string[], objects = ''): readonly [string, ...string[]] => [
  'env',
  '-i',
  `PATH=${[...new Set([dirname(git), '/usr/bin', '/bin'])].join(':')}`,
  'HOME=/nonexistent',
  'LC_ALL=C',
  'COPYFILE_DISABLE=1', // tar of macOS adds files of its own
  `GIT_DIR=${folder}`,
  // One object of a small pack may claim any size. Larger files are streamed; a clone of a long history needs more at once.
  ...(objects === '' ? [] : [`GIT_OBJECT_DIRECTORY=${objects}`, 'GIT_ALLOC_LIMIT=1g']),
  'GIT_CONFIG_NOSYSTEM=1',
  'GIT_CONFIG_GLOBAL=/dev/null',
  'GIT_ATTR_NOSYSTEM=1',
  'GIT_NO_LAZY_FETCH=1',
  'GIT_NO_REPLACE_OBJECTS=1',
  'GIT_TERMINAL_PROMPT=0',
  `GIT_CONFIG_COUNT=${Object.keys(SETTINGS).length}`,
  ...Object.entries(SETTINGS).flatMap(([key, value], n) => [`GIT_CONFIG_KEY_${n}=${key}`, `GIT_CONFIG_VALUE_${n}=${value}`]),
  ...words,
]

/** The same for one call of git. */
export const gitIn = (store: Store, words: readonly string[], objects = ''): readonly [string, ...string[]] =>
  inStore(store, [store.git, ...words], objects)

/** Where a store keeps packs that were made for clones. */
export const packsOf = ({ folder }: Store): string => join(folder, 'packs')
