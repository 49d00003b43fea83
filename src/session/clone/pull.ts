import { readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { folder, write } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { patiently } from '../../run/patience.ts'
import { capture, connect } from '../../run/process.ts'
import { nameInside, printableOutput, shown } from '../../text.ts'
import { readStoreSource } from '../../workspace/clone-source.ts'
import { readGit } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { configured } from '../../workspace/guard.ts'
import { type Executed, executedHere, type Obeyed, placePack, writeOwnRef } from '../../workspace/incoming.ts'
import { below } from '../../workspace/paths.ts'
import { isRefName } from '../../workspace/ref-name.ts'
import { readRef, readRefsBelow } from '../../workspace/refs.ts'
import { gitIn, type Store } from '../../workspace/sterile-git.ts'
import type { Found } from '../record/found.ts'
import { guardList } from '../resolve/own-mounts.ts'
import { type Clone, type Inside, insideOf, requireClone } from './inside.ts'
import { type ClonedRef, knownCommits, lookIntoClone, remoteOf, sessionWord, type Work } from './look.ts'
import script from './out.sh' with { type: 'text' }
import { storeOf, storePlan } from './store.ts'

/** Bytes of a pack, and branches, that one pull takes; seconds that it may last. */
const MOST_BYTES = 2 * 1024 ** 3
const MOST_BRANCHES = 100
const PATIENCE = 30 * 60
/** Characters of the names of changed files that are looked through. */
const MOST_NAMES = 64 * 1024 ** 2

/** A branch that was brought, as a ref of the project. */
export type Brought = {
  readonly branch: string
  readonly ref: string
  readonly before: string | null
  readonly commit: string
  readonly commits: number
  /** Where the commits stay that the ref had before and its new ones do not reach; null where nothing is lost. */
  readonly old: string | null
}

export type Pulled = {
  readonly brought: readonly Brought[]
  /** Paths of what was brought that this machine may run once they are checked out. */
  readonly executed: readonly Executed[]
  readonly work: Work
}

/**
 * Brings the branches of a clone into the project, as refs of their own: objects that pass git's check, and no checkout, merge or hook.
 * `branch` takes one alone.
 */
export const pullSession = (context: Context, found: Found, branch: string | undefined): Promise<Pulled> =>
  patiently(
    PATIENCE,
    (signal) => pull(context, found, { branch, signal }),
    () => `the pull from session ${found.record.id} did not end`,
  )

async function pull(
  context: Context,
  found: Found,
  { branch, signal }: { readonly branch: string | undefined; readonly signal: AbortSignal },
): Promise<Pulled> {
  const { record } = found
  const clone = requireClone(found)
  const { git } = readGit(record.workspace, context.host)
  if (git === null)
    throw new PaudeError('not-found', `${shown(record.workspace)} is not a git repository now`, {
      hint: `paude rm --force ${record.id} keeps what the clone holds as a bundle`,
    })
  const list = guardList(await loadConfig(context.host, context.flags))
  const root = record.workspace
  const named = configured({ root, ...git }, context.host).paths.flatMap((path) =>
    path !== root && below(root, path) ? [relative(root, path)] : [],
  )
  const source = readStoreSource(git)
  const store = storeOf(context.host, source)
  await execute(storePlan(store, source), context.effects(found.backend))
  const inside = await insideOf(context, found)
  const work = await lookIntoClone(context, found, { inside, signal })
  const wanted = chosen(work, branch, found).map(({ name, commit }) => {
    const short = name.replace(/^heads\//, '')
    const ref = `refs/remotes/${remoteOf(record)}/${short}`
    return { branch: short, ref, commit, before: readRef(git, ref) }
  })
  const news = wanted.filter(({ commit, before }) => commit !== before)
  if (news.length === 0) return { brought: [], executed: [], work }
  requireRoom(git, news)
  const fetched = await fetchInto(context, found, { git, store, inside, clone, news, obeyed: { list, named }, signal })
  return { ...fetched, work }
}

type News = Omit<Brought, 'commits' | 'old'>
type Fetching = {
  readonly git: GitLayout
  readonly store: Store
  readonly inside: Inside
  readonly clone: Clone
  readonly news: readonly News[]
  readonly obeyed: Obeyed
  readonly signal: AbortSignal
}

/** Refuses a ref whose name is a folder of another one's, before anything of it is here. */
function requireRoom(git: GitLayout, news: readonly News[]): void {
  for (const { ref } of news) {
    const above = ref.split('/').flatMap((_, at, names) => (at > 3 ? [names.slice(0, at).join('/')] : []))
    const taken = above.find((one) => readRef(git, one) !== null || news.some((other) => other.ref === one))
    const inside = readRefsBelow(git, ref).length > 0
    if (taken === undefined && !inside) continue
    const kept = taken ?? ref
    throw new PaudeError('refused', `git cannot have ${nameInside(kept)} and a ref below it`, {
      hint: 'nothing was brought: --branch BRANCH brings one, git branch --delete --remotes removes one that was brought before',
    })
  }
}

/** The branches to bring: those with work, or the one that was named. */
function chosen({ refs }: Work, branch: string | undefined, { record }: Found): readonly ClonedRef[] {
  // HEAD of a remote is a pointer of git's own, also on file systems that ignore case.
  const heads = refs.filter(({ name }) => isRefName(name) && name.startsWith('heads/') && !/^heads\/head(\/|$)/i.test(name))
  if (branch !== undefined) {
    const one = heads.find(({ name }) => name === `heads/${branch}`)
    if (one !== undefined) return [one]
    throw new PaudeError('not-found', `the clone of session ${record.id} has no branch ${nameInside(branch)}`, {
      hint: `it has ${heads
        .slice(0, 5)
        .map(({ name }) => nameInside(name.slice('heads/'.length)))
        .join(', ')}`,
    })
  }
  if (heads.length > MOST_BRANCHES)
    throw new PaudeError('refused', `the clone of session ${record.id} has ${heads.length} branches`, {
      hint: `at most ${MOST_BRANCHES} come at once: paude pull ${record.id} --branch NAME brings one`,
    })
  return heads
}

/** Fetches into a folder beside the store first: what does not pass there never reaches the project. */
async function fetchInto(context: Context, found: Found, fetching: Fetching): Promise<Omit<Pulled, 'work'>> {
  const { git, store, clone, news, obeyed, signal } = fetching
  const incoming = join(store.folder, `incoming-${process.pid}`)
  try {
    const lines = `${join(git.repository, 'objects')}\n`
    const plan = [
      ...['pack', 'info'].map((name) => folder(join(incoming, name))),
      write(join(incoming, 'info/alternates'), lines),
    ]
    await execute(plan, context.effects(found.backend))
    const here = await existing(store, knownCommits(context, found), signal)
    const pack = await fetchPack(found, { ...fetching, incoming, here })
    const say = async (words: readonly string[], most = MOST_NAMES) => {
      const outcome = await capture(gitIn(store, words, incoming), { signal, most })
      signal.throwIfAborted()
      if (outcome.code !== 0) throw refusal(found, outcome.stderr)
      return outcome.stdout
    }
    const tips = news.map(({ commit }) => commit)
    const not = here.length === 0 ? [] : ['--not', ...here]
    await say(['rev-list', '--objects', '--quiet', ...tips, ...not])
    const brought: Brought[] = []
    for (const one of news) {
      const commits = Number(await say(['rev-list', '--count', one.commit, ...not]))
      const isLost = one.before !== null && here.includes(one.before) && !(await reaches(one.commit, one.before, say))
      brought.push({ ...one, commits, old: isLost ? `refs/paude/old/${sessionWord(found.record)}/${one.before}` : null })
    }
    const base = here.includes(clone.base) ? clone.base : null
    const executed = executedHere(await changedPaths(say, base, [...new Set(tips)]), obeyed)
    signal.throwIfAborted()
    if (pack !== null) placePack(git, pack)
    for (const { ref, before, commit, old } of brought) {
      if (old !== null && before !== null) writeOwnRef(git, old, before)
      writeOwnRef(git, ref, commit)
    }
    const own = brought.find(({ branch }) => branch === clone.branch)
    if (own !== undefined) writeOwnRef(git, `refs/remotes/${remoteOf(found.record)}/HEAD`, `ref: ${own.ref}`)
    return { brought, executed }
  } finally {
    rmSync(incoming, { recursive: true, force: true })
  }
}

type Say = (words: readonly string[], most?: number) => Promise<string>

/** Whether a commit has another one in its history: then nothing but what it reaches itself is left of that. */
const reaches = async (commit: string, other: string, say: Say): Promise<boolean> =>
  (await say(['rev-list', '--max-count=1', other, '--not', commit])) === ''

/** Paths that branches change; all that they have where nobody knows what they began with. */
async function changedPaths(say: Say, base: string | null, tips: readonly string[]): Promise<readonly string[]> {
  const words = base === null ? ['ls-tree', '-r', '-z', '--name-only'] : ['diff-tree', '-r', '-z', '--name-only', base]
  let [all, left] = ['', MOST_NAMES]
  for (const tip of tips) {
    const text = await say([...words, tip], left)
    left -= text.length
    if (left <= 0)
      throw new PaudeError('refused', 'these branches change too many files to name those that this machine would run', {
        hint: 'nothing was brought; --branch BRANCH brings one alone',
      })
    all += text
  }
  return all.split('\0').filter(Boolean)
}

type Incoming = Fetching & { readonly incoming: string; readonly here: readonly string[] }

/** The pack that came, or null where nothing had to come. */
async function fetchPack(found: Found, { store, inside, news, incoming, here, signal }: Incoming): Promise<string | null> {
  const tips = [...new Set(news.map(({ commit }) => commit))]
  if ((await existing(store, tips, signal)).length === tips.length) return null
  const taken = gitIn(store, ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${MOST_BYTES}`], incoming)
  const sent = inside(script, [...tips, ...here.map((commit) => `^${commit}`)], { signal })
  const { from, to } = await connect(sent, taken, signal)
  signal.throwIfAborted()
  if (to.code !== 0) throw refusal(found, from.code !== 0 && from.code < 128 ? from.stderr : to.stderr)
  const name = readdirSync(join(incoming, 'pack')).find((one) => /^pack-[0-9a-f]{40,64}\.pack$/.test(one))
  return name === undefined ? null : join(incoming, 'pack', name)
}

/** Those of some commits that the project has. */
async function existing(store: Store, commits: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  if (commits.length === 0) return []
  const { stdout } = await capture(gitIn(store, ['cat-file', '--batch-check']), {
    stdin: commits.map((commit) => `${commit}^{commit}\n`).join(''),
    signal,
  })
  signal.throwIfAborted()
  const answers = stdout.split('\n')
  return commits.filter((_, at) => / commit \d+$/.test(answers[at] ?? ''))
}

function refusal({ record }: Found, stderr: string): PaudeError {
  const last = printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return new PaudeError('refused', `what the clone of session ${record.id} sent does not pass git's check: ${last}`, {
    hint: `nothing was brought; paude diff ${record.id} shows the work as text`,
  })
}
