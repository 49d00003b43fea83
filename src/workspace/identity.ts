import { dirname, isAbsolute, join } from 'node:path'
import { CONFIG_LIMIT, type Setting, setting, settings } from './git-config.ts'
import type { GitLayout } from './git-layout.ts'
import { below, look, readSmall, realFuture, realPath } from './paths.ts'
import type { Surroundings } from './places.ts'
import { wildmatch } from './wildmatch.ts'

export type Identity = { readonly name: string; readonly email: string }

/** Longest name or address that is passed on, in characters. */
const IDENTITY_LIMIT = 200

/** git itself follows no more includes in includes. */
const MOST_DEEP = 10
/** A project's configuration may include itself, and compare long patterns with long paths, as often as it likes. */
const MOST_FILES = 50
const MOST_STEPS = 1_000_000

/**
 * The name and address that `git config` would tell in the project; '' for what is not set. Files are read as text and no git is run: in a
 * project that a box has had, git does what the box's configuration says. That may choose the two texts, and nothing else.
 */
export function readIdentity(git: GitLayout | null, host: Surroundings, root: string): Identity {
  const all = allSettings(git, host, root)
  return { name: clean(setting(all, 'user.name') ?? ''), email: clean(setting(all, 'user.email') ?? '') }
}

/** Patterns of files that git ignores besides those in the tree: of `core.excludesFile`, or of its usual place, and of the repository. */
export function readExcludes(git: GitLayout, host: Surroundings, root: string): string {
  const { env, home } = host
  const value = setting(allSettings(git, host, root), 'core.excludesfile')
  const usual = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'git/ignore')
  const file = value === null ? usual : pathIn(value, root, home)
  return [...(file === null ? [] : [file]), join(git.repository, 'info/exclude')]
    .flatMap((path) => readConfig(path).split('\n'))
    .join('\n')
}

function allSettings(git: GitLayout | null, { env, home }: Surroundings, root: string): readonly Setting[] {
  const own = ownFiles(env, home)
  const theirs = git === null ? [] : repositoryFiles(git)
  const read = (urls: readonly string[]) => {
    const reading: Reading = { git, home, urls, left: { files: MOST_FILES, steps: MOST_STEPS } }
    return [
      ...own.flatMap((file) => settingsOf(file, reading, 0)),
      ...theirs.flatMap((file) => settingsOf(file, { ...reading, root }, 0)),
    ]
  }
  const remotes = read([]).flatMap(({ key, value }) => (/^remote\..*\.url$/s.test(key) ? [value] : []))
  return [...(remotes.length === 0 ? read([]) : read(remotes)), ...environmentSettings(env)]
}

/** The machine's and the user's, the weakest first. Where the machine's lies depends on who built git. */
export function ownFiles(env: Surroundings['env'], home: string): readonly string[] {
  const system = ['/etc/gitconfig', '/usr/local/etc/gitconfig', '/opt/homebrew/etc/gitconfig']
  const folder = env['XDG_CONFIG_HOME'] || (home && join(home, '.config'))
  return [
    ...(isTrue(env['GIT_CONFIG_NOSYSTEM']) ? [] : env['GIT_CONFIG_SYSTEM'] ? [env['GIT_CONFIG_SYSTEM']] : system),
    ...(env['GIT_CONFIG_GLOBAL'] === undefined
      ? [...(folder ? [join(folder, 'git/config')] : []), ...(home ? [join(home, '.gitconfig')] : [])]
      : [env['GIT_CONFIG_GLOBAL']]),
  ].filter(isAbsolute)
}

function repositoryFiles({ gitDirectory, repository }: GitLayout): readonly string[] {
  const file = join(repository, 'config')
  const own = isTrue(setting(settings(readConfig(file)), 'extensions.worktreeconfig') ?? '')
  return own ? [file, join(gitDirectory, 'config.worktree')] : [file]
}

const isTrue = (value: string | undefined): boolean => /^(true|yes|on|[1-9]\d*)$/i.test(value ?? '')

/** What `GIT_CONFIG_COUNT` and its company say. */
export function environmentSettings(env: Surroundings['env']): readonly Setting[] {
  const count = Math.min(Number(env['GIT_CONFIG_COUNT']) || 0, 1000)
  return [...Array(count).keys()].map((n) => ({
    key: (env[`GIT_CONFIG_KEY_${n}`] ?? '').toLowerCase(),
    value: env[`GIT_CONFIG_VALUE_${n}`] ?? '',
  }))
}

type Reading = {
  readonly git: GitLayout | null
  readonly home: string
  /** Set for the repository's own files, which a box may have written. */
  readonly root?: string
  /** Of the remotes, for the includes that depend on them. */
  readonly urls: readonly string[]
  /** What may still be read and compared, of all files together. */
  readonly left: { files: number; steps: number }
}

/** The settings of a file, each include in its place. */
function settingsOf(file: string, reading: Reading, depth: number): readonly Setting[] {
  if (isSpent(reading, depth)) return []
  reading.left.files--
  return settings(readConfig(file)).flatMap((one) => {
    const [, condition] = /^includeif\.(.*)\.path$/s.exec(one.key) ?? []
    const counts = condition === undefined ? one.key === 'include.path' : holds(condition, file, reading)
    const path = counts ? pathIn(one.value, dirname(file), reading.home) : null
    if (path === null) return [one]
    // In this order: to look where a path leads costs more than all else, and there can be as many as fit into the file.
    return isSpent(reading, depth + 1) || !mayInclude(path, reading) ? [] : settingsOf(path, reading, depth + 1)
  })
}

const isSpent = ({ left }: Reading, depth: number): boolean => depth > MOST_DEEP || left.files <= 0

/** A repository includes files of the project and of git's own places: any other would let a box ask for a file of yours. */
function mayInclude(path: string, { root, git, home }: Reading): boolean {
  if (root === undefined) return true
  const real = realPath(path)
  if (real === null) return false
  const folders = [root, ...(git === null ? [] : [dirname(git.repository)]), ...(home ? [join(home, '.config/git')] : [])]
  return folders.some((folder) => below(folder, real)) || (home !== '' && real.startsWith(join(home, '.gitconfig')))
}

/** What is empty by its size may be the kernel's, and never end. */
function readConfig(file: string): string {
  const real = realPath(file)
  return real !== null && look(real)?.size ? (readSmall(real, CONFIG_LIMIT) ?? '') : ''
}

/** An absolute path of a value; null for another user's home and the like. */
export function pathIn(value: string, folder: string, home: string): string | null {
  if (value.startsWith('~/')) return home ? join(home, value.slice(2)) : null
  return value === '' || /^(~|%\()/.test(value) ? null : isAbsolute(value) ? value : join(folder, value)
}

/** Whether the condition of an `includeIf` is met. One that is not known is not, as with git. */
function holds(condition: string, file: string, reading: Reading): boolean {
  const { git, urls } = reading
  const colon = condition.indexOf(':')
  const [kind, pattern] = [condition.slice(0, colon), condition.slice(colon + 1)]
  const fits = (glob: string, text: string, ignoreCase = false) => {
    reading.left.steps -= glob.length * text.length
    return reading.left.steps > 0 && wildmatch(glob, text, { ignoreCase })
  }
  switch (kind) {
    case 'gitdir':
    case 'gitdir/i':
      return (
        git !== null && folderPatterns(pattern, file, reading).some((glob) => fits(glob, git.gitDirectory, kind !== 'gitdir'))
      )
    case 'onbranch': {
      const branch = git && /^ref: refs\/heads\/(.+?)\s*$/.exec(readSmall(join(git.gitDirectory, 'HEAD')) ?? '')?.[1]
      return Boolean(branch) && fits(pattern.endsWith('/') ? `${pattern}**` : pattern, branch ?? '')
    }
    case 'hasconfig': {
      const [, glob] = /^remote\.\*\.url:(.*)$/s.exec(pattern) ?? []
      return glob !== undefined && urls.some((url) => fits(glob, url))
    }
    default:
      return false
  }
}

/** A pattern of `gitdir`, as written and with the links on its way followed. */
function folderPatterns(pattern: string, file: string, { home }: Reading): readonly string[] {
  const open = pattern.endsWith('/') ? `${pattern}**` : pattern
  if (open.startsWith('~/')) return [join(realFuture(home), open.slice(2))]
  if (open.startsWith('./')) return [join(dirname(realPath(file) ?? file), open.slice(2))]
  if (!isAbsolute(open)) return [`**/${open}`]
  const [plain = '/'] = /^[^*?[\\]*\//.exec(open) ?? []
  return [open, join(realFuture(plain), open.slice(plain.length))]
}

const clean = (text: string): string =>
  [...text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, '').trim()].slice(0, IDENTITY_LIMIT).join('')
