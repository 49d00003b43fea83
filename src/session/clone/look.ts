import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { capture } from '../../run/process.ts'
import { nameInside, printableOutput } from '../../text.ts'
import { readGit } from '../../workspace/git.ts'
import { isObjectName } from '../../workspace/ref-name.ts'
import { readRef, readRefsBelow } from '../../workspace/refs.ts'
import { readBegan } from '../record/began.ts'
import type { Found } from '../record/found.ts'
import { type Inside, requireClone } from './inside.ts'
import script from './look.sh' with { type: 'text' }
import { branchOf, refOf, remoteOf } from './names.ts'
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

/** Asks a clone what it holds. */
export async function lookIntoClone(
  context: Context,
  found: Found,
  { inside, signal }: { readonly inside: Inside; readonly signal?: AbortSignal },
): Promise<Work> {
  const late = AbortSignal.timeout(PATIENCE)
  const ended = signal === undefined ? late : AbortSignal.any([late, signal])
  const words = [readBegan(found.handle.folder), ...knownCommits(context, found)]
  const argv = inside(ownIndex + script, words, { signal: ended })
  const { code, stdout, stderr } = await capture(argv, { most: MOST, signal: ended })
  signal?.throwIfAborted()
  const lines = stdout.split('\n')
  if (code !== 0 || !lines.includes('end'))
    throw new PaudeError('command-failed', `the clone of session ${found.record.id} cannot be read: ${reason(code, stderr)}`, {
      hint: `paude exec ${found.record.id} -- git status`,
    })
  return readWork(lines)
}

function reason(code: number, stderr: string): string {
  const last = printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return last || (code === 65 ? 'it holds no git repository any more' : `exit code ${code}`)
}

/** Pure: the lines of look.sh. What is none of them is passed over. */
export function readWork(lines: readonly string[]): Work {
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
