import { dirname, join, resolve } from 'node:path'
import { CONFIG_LIMIT, type Setting, settings } from './git-config.ts'
import { environmentSettings, ownFiles, pathIn } from './identity.ts'
import { below, look, readSmall, realPath } from './paths.ts'
import type { Surroundings } from './places.ts'

/** A working tree and the two folders that git calls GIT_DIR and GIT_COMMON_DIR; the tree is the folder itself for a bare repository. */
export type Tree = { readonly root: string; readonly gitDirectory: string; readonly repository: string }

/** What the configuration of a tree names, of every scope. */
export type Named = {
  /** Included files, hook folders, and files that commands begin with or name; absolute, there or not. */
  readonly paths: readonly string[]
  /** Those of them from which git takes hooks. */
  readonly hooks: readonly string[]
  /** Its own configuration that is too large to be read: what it names is not known. */
  readonly tooLarge: string | null
}

/** Files that are read for one tree, and paths that are taken from them. */
const MOST_FILES = 100
const MOST_PATHS = 500

/** Reads configuration as git would, but every include whatever its condition: the box can make most of them true. No git is started. */
export function namedByConfig({ root, gitDirectory, repository }: Tree, { env, home }: Surroundings): Named {
  const repositoryFiles = [join(repository, 'config'), join(gitDirectory, 'config.worktree')]
  const tooLarge = repositoryFiles.find((file) => (look(file)?.size ?? 0) > CONFIG_LIMIT) ?? null
  const seen = new Set<string>()
  const [paths, hooks] = [new Set<string>(), new Set<string>()]
  const waiting = [...repositoryFiles, ...ownFiles(env, home)]
  const take = (all: readonly Setting[], folder: string) => {
    for (const { key, value } of all) {
      if (paths.size >= MOST_PATHS) return
      if (/^include(if\..*)?\.path$/s.test(key)) {
        const path = pathIn(value, folder, home)
        if (path === null) continue
        paths.add(resolve(path))
        waiting.push(resolve(path))
      } else
        for (const path of pathsIn(key, value, { root, home })) {
          paths.add(path)
          if (key === 'core.hookspath') hooks.add(path)
        }
    }
  }
  take(environmentSettings(env), root)
  for (const file of waiting) {
    const real = realPath(file)
    if (real === null || seen.has(real) || seen.size >= MOST_FILES || !mayRead(real, [root, repository, home])) continue
    seen.add(real)
    // What is empty by its size may be the kernel's, and never end.
    if (look(real)?.size) take(settings(readSmall(real, CONFIG_LIMIT) ?? ''), dirname(file))
  }
  return { paths: [...paths], hooks: [...hooks], tooLarge }
}

/** Nothing of what is read leaves this function but paths in the project. The machine's own files have no size that they could hide. */
const mayRead = (real: string, folders: readonly string[]): boolean =>
  real.startsWith('/etc/') || /\/etc\/gitconfig$/.test(real) || folders.some((folder) => folder !== '' && below(folder, real))

/** Keys whose value git starts, hands to a shell, or takes programs from. */
const PROGRAMS = new RegExp(
  `^(?:${[
    'alias\\..*|pager\\..*|hook\\..*\\.command|filter\\..*\\.(?:clean|smudge|process)',
    'diff\\.external|diff\\..*\\.(?:textconv|command)|merge\\..*\\.driver|(?:diff|merge|gui)tool\\..*\\.(?:cmd|path)',
    'core\\.(?:sshcommand|editor|pager|fsmonitor|askpass|gitproxy|alternaterefscommand|attributesfile)|sequence\\.editor',
    'credential\\.(?:.*\\.)?helper|gpg\\.(?:.*\\.)?(?:program|defaultkeycommand)|interactive\\.difffilter',
    'uploadpack\\.packobjectshook|remote\\..*\\.(?:uploadpack|receivepack)|submodule\\..*\\.update',
    'trailer\\..*\\.(?:command|cmd)|(?:browser|man)\\..*\\.(?:cmd|path)|tar\\..*\\.command|imap\\.tunnel|init\\.templatedir',
    'lfs\\.customtransfer\\..*\\.path|lfs\\.extension\\..*\\.(?:clean|smudge)|gc\\.recentobjectshook|svn\\.authorsprog',
    'sendemail\\.(?:.*\\.)?(?:tocmd|cccmd|headercmd|smtpserver|sendmailcmd)|instaweb\\.httpd|web\\.browser',
  ].join('|')})$`,
  's',
)

/**
 * Paths of the project in a value: the hook folder, and the words of a command that are files, or would be with a slash in them. A folder
 * among the words may be where the command goes (`cd tools && sh x`, `make -C tools`), so the others are looked for there too.
 */
function pathsIn(
  key: string,
  value: string,
  { root, home }: { readonly root: string; readonly home: string },
): readonly string[] {
  if (key === 'core.hookspath') {
    const path = pathIn(value, root, home)
    return path === null ? [] : [resolve(path)]
  }
  if (!PROGRAMS.test(key)) return []
  const words = value.match(/[^\s"'`;|&()<>=!{}]+/g) ?? []
  const places = [root, ...words.map((word) => resolve(root, word)).filter((path) => isFolderIn(root, path))]
  return words.flatMap((word, at) => {
    if (word.startsWith('~') || word.includes('%')) return []
    const isElsewhere = word.startsWith('/') && !below(root, word)
    // Behind $(git rev-parse --show-toplevel) a path of the project begins with a slash.
    const path = isElsewhere ? join(root, word) : resolve(root, word)
    const isMeant = look(path) === null && word.includes('/') && !isElsewhere && path !== root && below(root, path)
    const names = [isElsewhere ? `.${word}` : word, ...(words[at - 1] === '-m' ? moduleFiles(word) : [])]
    const files = places.flatMap((place) => names.map((name) => resolve(place, name)).filter((one) => isFileIn(root, one)))
    return isMeant ? [path, ...files] : files
  })
}

const isFolderIn = (root: string, path: string): boolean =>
  path !== root && below(root, path) && look(path)?.isDirectory() === true

const isFileIn = (root: string, path: string): boolean => below(root, path) && look(path)?.isDirectory() === false

/** Files that Python runs for `-m MODULE`. */
function moduleFiles(name: string): readonly string[] {
  const path = name.replaceAll('.', '/')
  return [`${path}.py`, `${path}/__main__.py`, `${path}/__init__.py`]
}
