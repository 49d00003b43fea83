import { constants } from 'node:os'
import { PaudeError } from '../errors.ts'
import type { Argv } from '../plan/plan.ts'
import { printableOutput } from '../text.ts'
import { everything, folderFor, inherited, locate, yours } from './environment.ts'
import { SIGNALS, within } from './patience.ts'
import { byWay } from './ways.ts'

/** What is left of a program that ran to its end. `code` is 128 + n after signal n. */
export type Outcome = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Seconds without a word after which it was ended. */
  readonly silent?: number
}

export type ProcessOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly folder?: string
  /** It gets what an agent without a box inherits. */
  readonly yours?: true
  /** Takes both streams as they come, as safe text, for the progress of builds and pulls. */
  readonly said?: ((text: string) => void) | undefined
  /** Takes stdout as it comes, as it is. */
  readonly heard?: ((text: string) => void) | undefined
  /** Ends the program when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Seconds without a word after which it is ended. */
  readonly silence?: number | undefined
  /** Characters of stdout and of stderr that are kept, for programs whose output is the box's word. */
  readonly most?: number
}

/** In place of an exit code: the user has left a terminal that is held, and the agent goes on. */
export const LEFT = -1

/** Exit code of a program that was ended by SIGKILL, as a limit of memory does. */
export const KILLED = 137

/** The same of one that was asked to end. */
export const TERMINATED = 143

/** A program that was started with our own streams. */
export type Attached = { readonly exited: Promise<number>; readonly kill: (signal: NodeJS.Signals) => void }

// Bun.spawn, not zx: 1 instead of 3 ms a call, no bash needed, and the terminal, signals and streams of the agent stay ours.

/** Runs a program and keeps what it says. It gets a session of its own: the terminal's Ctrl-C must not cut an engine call in half. */
export async function capture(argv: Argv, options: ProcessOptions = {}): Promise<Outcome> {
  const child = start(argv, {
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    env: options.yours ? { ...yours(), ...options.env } : inherited(argv[0], { more: options.env }),
    stdin: options.stdin === undefined ? 'ignore' : new Blob([options.stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  const end = () => killGroup(child.pid, 'SIGKILL')
  options.signal?.addEventListener('abort', end)
  if (options.signal?.aborted) end()
  const { silence } = options
  const timer = silence === undefined ? null : timeSilence(silence, end)
  const hear = timer?.hear
  try {
    const [stdout, stderr] = await Promise.all([
      options.heard !== undefined
        ? readHeard(child.stdout, options.heard, hear)
        : options.most === undefined
          ? readAll(child.stdout, options.said, hear)
          : readStart(child.stdout, options.most, hear),
      options.most === undefined || options.said !== undefined
        ? readAll(child.stderr, options.said, hear)
        : readStart(child.stderr, options.most, hear),
    ])
    const code = await exitOf(child)
    return { code, stdout, stderr, ...(silence !== undefined && code !== 0 && timer?.isOver() ? { silent: silence } : {}) }
  } finally {
    options.signal?.removeEventListener('abort', end)
    timer?.stop()
  }
}

/** Calls `end` once nothing was heard for so many seconds. */
function timeSilence(seconds: number, end: () => void) {
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    end()
  }, seconds * 1000)
  return { hear: () => void (isOver || timer.refresh()), isOver: () => isOver, stop: () => clearTimeout(timer) }
}

/** Characters that are kept of what the ends of a pipe say: one of them may be a box. */
const MOST_SAID = 64 * 1024

/** What such an end says. */
export const readSaid = (stream: unknown): Promise<string> => readStart(stream, MOST_SAID)

/** Both ends of a pipe that ran to their end, each with what it said on stderr. `stdout` is the one of `to`. */
export type Piping = { readonly from: Outcome; readonly to: Outcome }

/** Runs one program's stdout into another's stdin. When either ends early the other is not left waiting. */
export async function connect(from: Argv, to: Argv, signal?: AbortSignal): Promise<Piping> {
  const source = start(from, { env: inherited(from[0]), stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', detached: true })
  if (!(source.stdout instanceof ReadableStream)) throw new Error(`${from[0]} has no pipe`)
  let sink: Bun.Subprocess
  try {
    sink = start(to, { env: inherited(to[0]), stdin: source.stdout, stdout: 'pipe', stderr: 'pipe', detached: true })
  } catch (error) {
    killGroup(source.pid, 'SIGKILL')
    throw error
  }
  const end = () => [source, sink].forEach(({ pid }) => void killGroup(pid, 'SIGKILL'))
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  // Our own process moves the bytes, so a source without a reader would wait for ever and hear of no broken pipe.
  // One that was read to its end may still be ending.
  void sink.exited.then(async (code) => {
    if (code === 0) await within(LAST_WORDS, source.exited)
    killGroup(source.pid, 'SIGPIPE')
  })
  try {
    const ends = [source.stderr, sink.stdout, sink.stderr].map(readSaid)
    const [fromError = '', toOut = '', toError = ''] = await Promise.all(ends)
    return {
      from: { code: await exitOf(source), stdout: '', stderr: fromError },
      to: { code: await exitOf(sink), stdout: toOut, stderr: toError },
    }
  } finally {
    signal?.removeEventListener('abort', end)
  }
}

/** Takes what a program prints in place of one of our streams. */
export type Shown = (bytes: Uint8Array) => void

/**
 * Starts a program on our own streams. Without a terminal it leaves our process group, so that paude alone forwards signals.
 * `more` are variables besides what such a program inherits; `instead` are variables on top of all that we inherited, for the one program that runs in our place; `of` says what that is.
 * `show` takes what it prints in place of a stream; in place of both, `show.stdout` takes all of it, in order.
 */
export function attach(
  argv: Argv,
  {
    stdin,
    terminal,
    folder,
    more,
    instead,
    of = everything,
    show = {},
  }: {
    stdin: boolean
    terminal: boolean
    folder?: string
    more?: Readonly<Record<string, string>>
    instead?: Record<string, string>
    of?: (more: Readonly<Record<string, string>>) => Record<string, string | undefined>
    show?: { readonly stdout?: Shown; readonly stderr?: Shown }
  },
): Attached {
  const both = show.stdout !== undefined && show.stderr !== undefined
  const child = start(both ? inOneStream(byWay(argv)) : argv, {
    ...(folder === undefined ? {} : { cwd: folder }),
    env: instead === undefined ? inherited(argv[0], { more }) : of(instead),
    stdin: stdin ? 'inherit' : 'ignore',
    stdout: show.stdout === undefined ? 'inherit' : 'pipe',
    stderr: show.stderr === undefined || both ? 'inherit' : 'pipe',
    detached: !terminal,
  })
  const moved = Promise.all([move(child.stdout, show.stdout), move(child.stderr, show.stderr)])
  const exited = exitOf(child).then(async (code) => {
    await within(LAST_WORDS, moved)
    return code
  })
  return { exited, kill: (signal) => child.kill(signal) }
}

/** Milliseconds after a program's end in which what it printed is awaited: another one may still have its streams. */
export const LAST_WORDS = 2000

/** Two pipes would lose the order of what is printed on both. */
function inOneStream([name, ...words]: Argv): Argv {
  return ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', locate(name) ?? missing(name), ...words]
}

async function move(stream: unknown, show: Shown | undefined): Promise<void> {
  if (show === undefined || !(stream instanceof ReadableStream)) return
  for await (const chunk of stream) show(chunk)
}

/** A program whose streams are ours to move; in a session of its own, it hears of our end by them alone. */
export type Piped = {
  /** Waits until there is room for more. */
  readonly write: (bytes: Uint8Array) => Promise<void>
  readonly end: () => void
  readonly stdout: ReadableStream<Uint8Array>
  readonly stderr: ReadableStream<Uint8Array>
  readonly exited: Promise<number>
  readonly kill: () => void
}

/** Starts a program between pipes. */
export function pipe(argv: Argv): Piped {
  const child = start(argv, { env: inherited(argv[0]), stdin: 'pipe', stdout: 'pipe', stderr: 'pipe', detached: true })
  const { stdin, stdout, stderr } = child
  if (typeof stdin !== 'object' || !(stdout instanceof ReadableStream) || !(stderr instanceof ReadableStream))
    throw new Error(`${argv[0]} has no pipes`)
  return {
    write: async (bytes) => {
      await stdin.write(bytes)
      await stdin.flush()
    },
    // It fails where the program is gone already.
    end: () => void Promise.resolve(stdin.end()).catch(() => undefined),
    stdout,
    stderr,
    exited: exitOf(child),
    kill: () => killGroup(child.pid, 'SIGKILL'),
  }
}

/**
 * Starts a program that outlives us, in a session of its own, and waits until it has printed a line.
 * `keep` names withheld variables that it inherits all the same, `env` is added. Returns that line, or what it said on stderr when it ended
 * before.
 */
export async function startBehind(
  argv: Argv,
  { keep, env: more }: { readonly keep: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<{ readonly line: string } | { readonly line: null; readonly stderr: string }> {
  const child = start(argv, {
    env: inherited(argv[0], { more, keep }),
    cwd: '/',
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  if (!(child.stdout instanceof ReadableStream)) return { line: null, stderr: '' }
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (!text.includes('\n')) {
    const { value, done } = await reader.read()
    if (done) return { line: null, stderr: (await readAll(child.stderr)).trim() }
    text += decoder.decode(value, { stream: true })
  }
  // Neither it nor what it still says keeps us.
  await reader.cancel()
  if (child.stderr instanceof ReadableStream) await child.stderr.cancel()
  child.unref()
  return { line: text.split('\n')[0] ?? '' }
}

/**
 * Starts a program that hears of our end by its stdin, however that comes, and outlives us in a session of its own, with the environment of
 * `like`. `close` tells it now; only who asks for `exited` waits for it, and `whenGone` does not keep us.
 */
export function onOurEnd(
  argv: Argv,
  like: string,
): { readonly close: () => void; readonly exited: () => Promise<number>; readonly whenGone: (then: () => void) => void } {
  const child = start(argv, {
    env: inherited(like),
    cwd: '/',
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
  })
  child.unref()
  const { stdin } = child
  return {
    close: () => void (typeof stdin === 'object' && stdin.end()),
    exited: () => {
      child.ref()
      return exitOf(child)
    },
    whenGone: (then) => void child.exited.then(then),
  }
}

/** Starts a program whose stdout is read line by line as it comes. A signal that ends paude ends it too, and so does `stop`. */
export async function* lines(argv: Argv, stop?: AbortSignal): AsyncGenerator<string> {
  const child = start(argv, { env: inherited(argv[0]), stdin: 'ignore', stdout: 'pipe', stderr: 'ignore', detached: true })
  const end = () => killGroup(child.pid, 'SIGKILL')
  const onSignal = (signal: NodeJS.Signals) => {
    end()
    forget()
    process.kill(process.pid, signal)
  }
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  stop?.addEventListener('abort', end)
  let rest = ''
  const decoder = new TextDecoder()
  try {
    if (!(child.stdout instanceof ReadableStream)) return
    for await (const chunk of child.stdout) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      yield* parts
    }
    if (rest !== '') yield rest
  } finally {
    stop?.removeEventListener('abort', end)
    forget()
    end()
  }
}

/** Changes a setting of our own terminal, which stty takes from its stdin. */
export const setTerminal = (setting: string): void =>
  void Bun.spawnSync(['stty', setting], { env: inherited('stty'), stdin: 'inherit', stdout: 'ignore', stderr: 'ignore' })

type SpawnOptions = Parameters<typeof Bun.spawn>[1]

function start(argv: Argv, options: NonNullable<SpawnOptions>): Bun.Subprocess {
  const [name, ...words] = byWay(argv)
  const program = locate(name) ?? missing(name)
  try {
    return Bun.spawn([program, ...words], { argv0: name, ...folderFor(name), ...options })
  } catch (cause) {
    const { code } = cause as { code?: string }
    if (code === 'ENOENT')
      throw new PaudeError('command-not-found', `${argv[0]} was not found`, { hint: `install ${argv[0]} or correct PATH`, cause })
    if (code === 'E2BIG')
      throw new PaudeError('command-failed', `the arguments of ${argv[0]} are too long for this system`, {
        hint: 'pass a long prompt on stdin',
        cause,
      })
    throw new PaudeError('not-executable', `${argv[0]} cannot be started: ${(cause as Error).message}`, { cause })
  }
}

function missing(name: string): never {
  throw new PaudeError('command-not-found', `${name} was not found`, { hint: `install ${name} or correct PATH` })
}

async function exitOf(child: Bun.Subprocess): Promise<number> {
  const code = await child.exited
  if (child.signalCode === null) return code
  return 128 + (constants.signals[child.signalCode as keyof typeof constants.signals] ?? 0)
}

/** Whole text of a stream; of one that is listened to as it comes, the end. */
async function readAll(stream: unknown, said?: (text: string) => void, hear?: () => void): Promise<string> {
  if (!(stream instanceof ReadableStream)) return ''
  if (said === undefined && hear === undefined) return await new Response(stream).text()
  let text = ''
  for await (const piece of pieces(stream, hear)) {
    // A Dockerfile of the project's chooses what stands there.
    said?.(printableOutput(piece))
    // It holds the reason of a failure.
    text = said === undefined ? text + piece : (text + piece).slice(-20_000)
  }
  return text
}

async function readHeard(stream: unknown, heard: (text: string) => void, hear?: () => void): Promise<string> {
  let text = ''
  for await (const piece of pieces(stream, hear)) {
    heard(piece)
    text += piece
  }
  return text
}

/** The first characters of a stream; the rest is taken and forgotten. */
async function readStart(stream: unknown, most: number, hear?: () => void): Promise<string> {
  let text = ''
  for await (const piece of pieces(stream, hear)) if (text.length < most) text += piece
  return text.slice(0, most)
}

/** A stream as text, as it comes; `hear` is called with each piece. */
async function* pieces(stream: unknown, hear?: () => void): AsyncGenerator<string> {
  if (!(stream instanceof ReadableStream)) return
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    hear?.()
    yield decoder.decode(chunk, { stream: true })
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {}
}
