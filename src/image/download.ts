import { join } from 'node:path'
import type { Host } from '../host.ts'
import { type Argv, exec, folder, guard, type Plan, write } from '../plan/plan.ts'
import type { Tree } from './install.ts'

/** Programs that come from npm, a file each, or a tree of folders. */
export type Download = {
  readonly title: string
  /** Package of npm that holds it. */
  readonly package: string
  readonly version: string
  /** Its path in the package. */
  readonly program: string
  /** Further programs of the package, by their names in the build's context. */
  readonly also?: Readonly<Record<string, string>>
  readonly tree?: Tree
  readonly libc: 'glibc' | 'musl'
}

export type Downloading = {
  readonly download: Download
  readonly host: Pick<Host, 'self' | 'env' | 'platform'>
  /** As node names it. */
  readonly arch: string
  /** A file of certificates to trust besides the public ones; '' for none. */
  readonly extraCa: string
  /** Absolute; what is fetched stays below it. */
  readonly cache: string
  /** Absolute, for this build alone. */
  readonly work: string
  /** The build's context, in which the program or the tree is called `download`. */
  readonly to: string
}

/** Folder of programs that were fetched, below the cache folder. */
export const downloadsFolder = (cache: string): string => join(cache, 'downloads')

/** Names of what a download has there: its programs and their checksums. */
export const downloadNames = (download: Download): readonly string[] => [
  ...programsOf(download).map(({ kept }) => kept),
  `${downloadName(download)}.sha256`,
]

const downloadName = ({ package: name, version, tree }: Download): string =>
  [`${name.split('/').at(-1)}-${version}`, ...(tree?.packages ?? []).map((one) => one.replaceAll(/[@/]/g, '-'))].join('+')

/** Each program: its name in a build's context, its path in the package, and its name in the cache. */
const programsOf = (download: Download) =>
  Object.entries({ [FIRST]: download.program, ...download.also }).map(([name, path]) => ({
    name,
    path,
    kept: `${downloadName(download)}${name.slice(FIRST.length)}`,
  }))

const FIRST = 'download'

/**
 * Brings programs to where a build wants it: from the cache where it is as it came, else from npm. npm's client checks what
 * comes against the registry's checksum; ours, written then, is checked before each use.
 */
export function downloadSteps({ download, host, arch, extraCa, cache, work, to }: Downloading): Plan {
  const programs = programsOf(download)
  const fetching = join(work, 'fetch')
  // In the folder itself: a cache that was copied must not vouch for the file that it was copied from.
  const inFolder = (script: string): Argv => [
    'sh',
    '-c',
    `cd "$1" && ${script}`,
    'sh',
    downloadsFolder(cache),
    ...programs.map(({ kept }) => kept),
  ]
  return [
    // Not a step that is taken back: what is in it serves the next try.
    exec(['mkdir', '-p', '-m', '0700', downloadsFolder(cache)]),
    guard(inFolder(`${sum(host)} --check --status "$2.sha256"`), [
      folder(fetching),
      write(join(fetching, 'package.json'), '{}\n', 0o644),
      fetchStep({ download, host, arch, extraCa }, { fetching, packages: join(work, 'packages') }),
      ...programs.map(({ path, kept }) =>
        exec(keepWords(download, join(fetching, 'node_modules'), { path, to: join(downloadsFolder(cache), kept) })),
      ),
      exec(inFolder(`${sum(host)} -- ${programs.map((_, at) => `"$${at + 2}"`).join(' ')} >"$2.sha256"`)),
    ]),
    ...programs.flatMap(({ name, kept }) => layOut(download, join(downloadsFolder(cache), kept), join(to, name))),
  ]
}

/** One file a program, so that a checksum vouches for all of it: a tree is kept packed. */
const keepWords = ({ package: name, tree }: Download, fetched: string, { path, to }: { path: string; to: string }): Argv =>
  tree === undefined
    ? ['mv', '-f', '--', join(fetched, name, path), to]
    : ['tar', '-c', '-f', to, '-C', fetched, ...tree.folders.map((one) => `./${one}`)]

/** As the build reads it. */
const layOut = ({ tree }: Download, kept: string, to: string): Plan =>
  tree === undefined
    ? // A link: nothing writes to it.
      [exec(['ln', '--', kept, to])]
    : [
        folder(to),
        exec(['tar', '-x', '-f', kept, '-C', to]),
        // The image keeps the modes, whatever the caller's mask is: the agent's user must read them.
        exec(['chmod', '-R', 'go-w,a+rX', to]),
      ]

/** macOS has no sha256sum of its own on every release. */
const sum = ({ platform }: Pick<Host, 'platform'>): string => (platform === 'darwin' ? 'shasum -a 256' : 'sha256sum')

/**
 * paude is a complete bun when BUN_BE_BUN is set: the package comes with the host's client configuration, network and CA, its
 * integrity is checked, and neither configuration nor credentials get near the image, which copies the one program.
 */
function fetchStep(
  { download, host, arch, extraCa }: Pick<Downloading, 'download' | 'host' | 'arch' | 'extraCa'>,
  { fetching, packages }: { readonly fetching: string; readonly packages: string },
): Plan[number] {
  // bun trusts these besides the public ones; a file of the caller's own for this very purpose stays.
  const trusted = extraCa === '' || host.env['NODE_EXTRA_CA_CERTS'] ? {} : { NODE_EXTRA_CA_CERTS: extraCa }
  const argv = [
    'add',
    '--ignore-scripts',
    '--exact',
    '--no-save',
    // The container's platform, not the host's: bun skips packages of another one.
    '--os=linux',
    `--cpu=${arch}`,
    `--libc=${download.libc}`,
    `${download.package}@${download.version}`,
    ...(download.tree?.packages ?? []),
  ]
  return exec([host.self, ...argv], {
    title: `fetching ${download.title} ${download.version}`,
    // Its own cache, outside the context and for this fetch alone: what is kept is the program.
    env: { BUN_BE_BUN: '1', BUN_INSTALL_CACHE_DIR: packages, ...trusted },
    folder: fetching,
  })
}
