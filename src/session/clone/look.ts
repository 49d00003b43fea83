import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import { openDialogue } from '../../run/dialogue.ts'
import { capture, type Outcome } from '../../run/process.ts'
import { nameInside, printableOutput } from '../../text.ts'
import { readGit } from '../../workspace/git.ts'
import { isObjectName } from '../../workspace/ref-name.ts'
import { readRef, readRefsBelow } from '../../workspace/refs.ts'
import { filledWords } from '../record/began.ts'
import type { Found } from '../record/found.ts'
import { type Inside, requireClone } from './inside.ts'
import script from './look.sh' with { type: 'text' }
import { branchOf, refOf, remoteOf } from './names.ts'
import send from './out.sh' with { type: 'text' }
import ownIndex from './own-index.sh' with { type: 'text' }

/** Milliseconds in which a clone has to say what it holds, and characters that are read of that. */
const PATIENCE = 60_000
const MOST = 4 * 1024 ** 2

/** A ref of a clone. All of it is the box's word. */
export type ClonedRef = {
  /** Below refs/: `heads/paude/fix-login`, `stash`; or HEAD where that is on no branch. Any text. */
  readonly name: string
  readonly commit: string
  /** Commits that this machine does not have. */
  readonly ahead: number
}

/** What a clone holds that is nowhere else. */
export type Work = {
  readonly refs: readonly ClonedRef[]
  /** Lines of `git status --porcelain`, the first of them, and how many there are. */
  readonly changes: readonly string[]
  readonly changed: number
  /** Repositories in the clone with commits that their remotes do not have, or changes. */
  readonly within: readonly { readonly path: string; readonly ahead: number; readonly changed: number }[]
}

/** Commits of a clone that this machine has: the one it began with, and those of its branches that were brought here. */
export function knownCommits(context: Pick<Context, 'host'>, { record }: Pick<Found, 'record'>): readonly string[] {
  const { base } = requireClone({ record })
  const { git } = readGit(record.workspace, context.host)
  if (git === null) return [base]
  const own = readRef(git, refOf(record, branchOf(record)))
  return [...new Set([base, ...(own === null ? [] : [own]), ...readRefsBelow(git, `refs/remotes/${remoteOf(record)}`)])]
}

type Asked = { readonly inside: Inside; readonly signal?: AbortSignal }

/** Asks a clone what it holds. */
export async function lookIntoClone(context: Context, found: Found, { inside, signal }: Asked): Promise<Work> {
  const late = AbortSignal.timeout(PATIENCE)
  const ended = signal === undefined ? late : AbortSignal.any([late, signal])
  const outcome = await capture(inside(ownIndex + script, wordsOf(context, found), { signal: ended }), {
    most: MOST,
    signal: ended,
  })
  signal?.throwIfAborted()
  return workIn(found, outcome.stdout, outcome)
}

/** A clone that was looked into and listens still. */
export type Listening = {
  readonly work: Work
  /** Has it send a pack of what commits reach, but for what those with ^ reach, into a program. Once. */
  readonly send: (words: readonly string[], to: Argv, signal: AbortSignal) => Promise<Outcome>
  /** How the sending ended. */
  readonly sent: Promise<Outcome>
  /** Lets it go, whether it sent something or not, and waits until nothing of paude is left there. */
  readonly leave: () => Promise<void>
}

/** Asks a clone what it holds and, in the same call, for what of that is fetched. */
export async function listenToClone(context: Context, found: Found, { inside, signal }: Required<Asked>): Promise<Listening> {
  const life = new AbortController()
  const argv = inside(ownIndex + script + send, wordsOf(context, found), { stdin: true, signal: life.signal })
  const { said, outcome, pour, dismiss } = await during(AbortSignal.any([AbortSignal.timeout(PATIENCE), signal]), life, () =>
    openDialogue(argv, { last: 'end', most: MOST, signal: life.signal }),
  )
  signal.throwIfAborted()
  const isWhole = said.split('\n').includes('end')
  return {
    work: workIn(found, said, isWhole ? { code: 0, stderr: '' } : await outcome),
    send: (words, to, ended) => during(ended, life, () => pour(words.map((word) => `${word}\n`).join(''), to)),
    sent: outcome,
    leave: dismiss,
  }
}

/** The end of a wait ends what goes on in the clone. */
async function during<T>(signal: AbortSignal, life: AbortController, act: () => Promise<T>): Promise<T> {
  const end = () => life.abort(signal.reason)
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  try {
    return await act()
  } finally {
    signal.removeEventListener('abort', end)
  }
}

const wordsOf = (context: Context, found: Found): readonly string[] => [
  ...filledWords(found.handle.folder),
  ...knownCommits(context, found),
]

function workIn({ record: { id } }: Found, said: string, { code, stderr }: Pick<Outcome, 'code' | 'stderr'>): Work {
  const lines = said.split('\n')
  if (code === 0 && lines.includes('end')) return readWork(lines)
  throw new PaudeError('command-failed', `the clone of session ${id} cannot be read: ${reason(code, stderr)}`, {
    hint: `paude exec ${id} -- git status`,
  })
}

function reason(code: number, stderr: string): string {
  const last = printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return last || (code === 65 ? 'it holds no git repository any more' : `exit code ${code}`)
}

/** Pure: the lines of look.sh. What is none of them is passed over. */
function readWork(lines: readonly string[]): Work {
  const refs = lines.flatMap((line): readonly ClonedRef[] => {
    const [, commit = '', ahead = '', full = ''] = /^ref ([0-9a-f]+) (\d{1,9}) (refs\/.+|HEAD)$/.exec(line) ?? []
    const name = full.replace(/^refs\//, '')
    return isObjectName(commit) ? [{ name, commit, ahead: Number(ahead) }] : []
  })
  const changes = lines.flatMap((line) => (line.startsWith('change ') ? [line.slice('change '.length)] : []))
  const changed = lines.reduce((sum, line) => sum + (/^\d{1,9}$/.test(line) ? Number(line) : 0), 0)
  const within = lines.flatMap((line) => {
    const [, ahead, count, path] = /^within (\d{1,9}) (\d{1,9}) (.+)$/.exec(line) ?? []
    return path === undefined ? [] : [{ path, ahead: Number(ahead), changed: Number(count) }]
  })
  return { refs, changes, changed: Math.max(changed, changes.length), within }
}

/** Work that would be lost with a clone, in words; none where nothing would be. */
export function unsaved({ refs, changes, changed, within }: Work): readonly string[] {
  return [
    ...refs
      .filter(({ ahead }) => ahead > 0)
      .map(({ name, ahead }) => `${nameInside(name.replace(/^heads\//, ''))}: ${commitsIn(ahead)}`),
    ...within.map(
      ({ path, ahead, changed: count }) =>
        `${nameInside(path)}, a repository of its own: ${ahead > 0 ? commitsIn(ahead) : `${count === 1 ? '1 file' : `${count} files`} not committed`}`,
    ),
    ...(changed === 0
      ? []
      : [
          `not committed: ${changes
            .slice(0, 3)
            .map((line) => nameInside(line.slice(3)))
            .join(', ')}${changed > 3 ? ` and ${changed - 3} more` : ''}`,
        ]),
  ]
}

const commitsIn = (ahead: number): string => (ahead === 1 ? '1 commit' : `${ahead} commits`)
