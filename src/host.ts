import { accessSync, constants, existsSync, fstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** What the machine and the caller are like. Read once; everything after it is a decision on data. */
export type Host = {
  readonly cwd: string
  /** Absolute, or '' when the machine names none. */
  readonly home: string
  /** Mark of this very process, see processMark. */
  readonly process: string
  /** The space that process numbers count in: a container has one of its own. '' where /proc tells none. */
  readonly processSpace: string
  readonly uid: number
  readonly gid: number
  readonly user: string
  readonly platform: NodeJS.Platform
  readonly arch: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly terminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  /** Terminal size in cells; 80 × 24 when there is none. */
  readonly size: { readonly columns: number; readonly rows: number }
  /** Path of this very program, also as a compiled binary. */
  readonly self: string
  /** Words that call paude again: the compiled binary alone, else Bun and the source. */
  readonly again: readonly [string, ...string[]]
  /** Where root says what holds for everybody. Fixed: whoever may choose the environment may not choose this. */
  readonly managedFile: string
}

/** Reads the machine. The only place that touches process.env. */
export function readHost(): Host {
  const { env, platform, arch, execPath } = process
  const terminal = {
    stdin: isDevice(0) && process.stdin.isTTY === true,
    stdout: isDevice(1) && process.stdout.isTTY === true,
    stderr: isDevice(2) && process.stderr.isTTY === true,
  }
  return {
    cwd: currentDirectory(),
    home: env['HOME'] ?? safeHome(),
    process: processMark(process.pid),
    processSpace: processSpace(),
    uid: process.getuid?.() ?? 1000,
    gid: process.getgid?.() ?? 1000,
    user: env['USER'] || userName(process.getuid?.() ?? 1000),
    platform,
    arch,
    env,
    terminal,
    size: { columns: (terminal.stdout && process.stdout.columns) || 80, rows: (terminal.stdout && process.stdout.rows) || 24 },
    self: execPath,
    again: Bun.main.startsWith('/$bunfs/') ? [execPath] : [execPath, Bun.main],
    managedFile: '/etc/paude/managed.toml',
  }
}

/** Whether a descriptor may be a terminal. Asking the stream itself loads the runtime's sockets and streams, 4 ms of a start. */
function isDevice(descriptor: number): boolean {
  try {
    const found = fstatSync(descriptor)
    return found.isCharacterDevice() && found.rdev !== statSync('/dev/null').rdev
  } catch {
    return false
  }
}

/** What tells a living process from a later one with the same number: the number and, where /proc tells it, its start. '' when none lives. */
export function processMark(pid: number): string {
  try {
    if (!(pid > 0)) return ''
    process.kill(pid, 0)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EPERM') return ''
  }
  try {
    // The name in brackets may hold anything; field 22 is the start in ticks since boot.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    // One that has ended lies about until its parent asks for it.
    return fields[0] === 'Z' || fields[0] === 'X' ? '' : `${pid} ${fields[19]}`
  } catch {
    return String(pid)
  }
}

/** Whether the process of a mark still lives. */
export const isAlive = (mark: string): boolean => mark !== '' && processMark(Number.parseInt(mark, 10)) === mark

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** Programs that you chose in place of those in PATH, by name; an error where the choice cannot be followed. */
const chosen = new Map<string, string | Error>()

/** From now on these are meant by their names, and no others. */
export function choosePrograms(all: Readonly<Record<string, string | Error>>): void {
  chosen.clear()
  for (const [name, program] of Object.entries(all)) chosen.set(name, program)
}

/** The program that you chose for a name; null for the one in PATH. */
export function chosenProgram(name: string): string | null {
  const own = chosen.get(name) ?? null
  if (own instanceof Error) throw own
  return own
}

/** First executable of this name in PATH, or the one that was chosen in its place; null for none. */
export const findProgram = (host: Pick<Host, 'env'>, name: string): string | null => findPrograms(host, name).next().value ?? null

/** The executables of this name in PATH, in its order, looked for as they are asked for; none that the project under work could choose. */
export function* findPrograms({ env }: Pick<Host, 'env'>, name: string): Generator<string, undefined> {
  const own = chosenProgram(name)
  if (own !== null) {
    yield own
    return
  }
  const project = projectRoot(env)
  // As in a node_modules/.bin that npm, direnv and the like put into PATH: what the project brings runs in boxes alone.
  const isBrought = (path: string) => project !== null && (isBelow(project, path) || isBelow(project, realpathSync(path)))
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name)
    if (folder.startsWith('/') && isExecutable(path) && !isBrought(path)) yield path
  }
}

/** PATH without folders that the project under work could choose: for scripts, which look for programs themselves. */
export function ownPath({ env }: Pick<Host, 'env'>): string {
  const own = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/') && !isOfProject({ env }, folder))
  return own.join(delimiter)
}

/** Whether a file lies in the project under work, itself or where a link leads: what stands there may be an agent's. */
export function isOfProject({ env }: Pick<Host, 'env'>, path: string): boolean {
  const project = projectRoot(env)
  if (project === null) return false
  try {
    // The other one takes `..` after a link as a word, and the kernel goes up from where the link leads.
    return isBelow(project, path) || isBelow(project, realpathSync.native(path))
  } catch {
    return false
  }
}

/** Nearest folder with git data, else the directory itself; null where that is the home directory or above it, whose programs are the user's own. */
function projectRoot(env: Host['env']): string | null {
  const directory = currentDirectory()
  if (!directory.startsWith('/')) return null
  let root = directory
  for (let folder = directory; folder !== '/'; folder = dirname(folder))
    if (existsSync(join(folder, '.git'))) {
      root = folder
      break
    }
  return isBelow(root, env['HOME'] ?? safeHome()) ? null : root
}

const isBelow = (folder: string, path: string): boolean => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`)

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** '' when the directory was deleted under us; the commands that need one refuse with a sentence. */
function currentDirectory(): string {
  try {
    return realpathSync(process.cwd())
  } catch {
    return ''
  }
}

function safeHome(): string {
  try {
    return homedir()
  } catch {
    return ''
  }
}

/** The runtime calls a user `unknown` whose environment does not tell the name. */
function userName(uid: number): string {
  try {
    const { username } = userInfo()
    return username === '' || username === 'unknown' ? accountName(uid) : username
  } catch {
    return accountName(uid)
  }
}

/** The name that a file of accounts has for a uid, or the number itself. */
export function accountName(uid: number, accounts = '/etc/passwd'): string {
  try {
    const lines = readFileSync(accounts, 'utf8').split('\n')
    return lines.map((line) => line.split(':')).find(([, , number]) => number === String(uid))?.[0] || String(uid)
  } catch {
    return String(uid)
  }
}

/** Whether this user can write to what is at a path. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
