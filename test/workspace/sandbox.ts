import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PaudeError } from '../../src/errors.ts'

/** A real folder of its own with a HOME in it, and everything a test does to it. */
export type Sandbox = {
  readonly path: string
  readonly home: string
  readonly host: (cwd?: string) => { cwd: string; home: string; uid: number; env: Record<string, string | undefined> }
  /** Makes a folder with its parents; returns its path. */
  readonly folder: (...names: readonly string[]) => string
  /** Makes a file with its parents; returns its path. */
  readonly file: (name: string, content?: string) => string
  readonly remove: () => void
}

export function makeSandbox(): Sandbox {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'paude-workspace-')))
  const make = (name: string) => {
    mkdirSync(name, { recursive: true })
    return name
  }
  const home = make(join(path, 'home', 'me'))
  return {
    path,
    home,
    host: (cwd = home) => ({ cwd, home, uid: lstatSync(path).uid, env: {} }),
    folder: (...names) => make(join(path, ...names)),
    file: (name, content = '') => {
      const file = join(path, name)
      make(dirname(file))
      writeFileSync(file, content)
      return file
    },
    remove: () => {
      chmodSync(path, 0o700)
      rmSync(path, { recursive: true, force: true })
    },
  }
}

const FIXED = [
  'protocol.file.allow=always',
  'user.name=Test',
  'user.email=test@example.org',
  'init.defaultBranch=main',
  'maintenance.auto=false', // a process after each commit
].flatMap((setting) => ['-c', setting])

/** Runs git as nobody in particular: no configuration of the machine, a fixed author. */
export function git(cwd: string, ...words: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['git', ...FIXED, ...words], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
  })
  if (exitCode !== 0) throw new Error(`git ${words.join(' ')}: ${stderr.toString()}`)
  return stdout.toString()
}

/** A repository with one commit: git makes the first one, and all others are copies of its files, since each start of git takes its time. */
export function repository(path: string): string {
  original ??= makeOriginal()
  for (const { name, bytes } of original)
    if (bytes === null) mkdirSync(join(path, name), { recursive: true })
    else writeFileSync(join(path, name), bytes)
  return path
}

/** Folders without bytes, each before what is in it. */
type Files = readonly { readonly name: string; readonly bytes: Buffer | null }[]
let original: Files | null = null

function makeOriginal(): Files {
  const path = mkdtempSync(join(tmpdir(), 'paude-original-'))
  try {
    git(path, 'init', '--quiet', '--template=')
    mkdirSync(join(path, '.git/hooks'))
    writeFileSync(join(path, 'README'), 'hello\n')
    git(path, 'add', 'README')
    git(path, 'commit', '--quiet', '--message=first')
    return ['', ...readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()].map((name) => {
      const file = join(path, name)
      return { name, bytes: statSync(file).isDirectory() ? null : readFileSync(file) }
    })
  } finally {
    rmSync(path, { recursive: true })
  }
}

/** The PaudeError that an action throws, as code and message; fails when it throws none. */
export function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (error instanceof PaudeError) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('was not refused')
}
