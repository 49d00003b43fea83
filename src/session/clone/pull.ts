import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
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
import { type Executed, executedHere, placePack, writeRemoteRef } from '../../workspace/incoming.ts'
import { readRef } from '../../workspace/refs.ts'
import { gitIn, type Store } from '../../workspace/sterile-git.ts'
import type { Found } from '../record/found.ts'
import { type Clone, type Inside, insideOf, requireClone } from './inside.ts'
import { type ClonedRef, knownCommits, lookIntoClone, remoteOf, type Work } from './look.ts'
import script from './out.sh' with { type: 'text' }
import { storeOf, storePlan } from './store.ts'

/** Bytes of a pack, and branches, that one pull takes; seconds that it may last. */
const MOST_BYTES = 2 * 1024 ** 3
const MOST_BRANCHES = 100
const PATIENCE = 30 * 60

/** A branch that was brought, as a ref of the project. */
export type Brought = {
  readonly branch: string
  readonly ref: string
  readonly before: string | null
  readonly commit: string
  readonly commits: number
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
export async function pullSession(context: Context, found: Found, branch: string | undefined): Promise<Pulled> {
  const { record } = found
  const clone = requireClone(found)
  const { git } = readGit(record.workspace, context.host)
  if (git === null)
    throw new PaudeError('not-found', `${shown(record.workspace)} is not a git repository now`, {
      hint: `paude rm --force ${record.id} keeps what the clone holds as a bundle`,
    })
  const source = readStoreSource(git)
  const store = storeOf(context.host, source)
  await execute(storePlan(store, source), context.effects(found.backend))
  const inside = await insideOf(context, found)
  const work = await lookIntoClone(context, found, inside)
  const wanted = chosen(work, branch, found).map(({ name, commit }) => {
    const short = name.replace(/^heads\//, '')
    const ref = `refs/remotes/${remoteOf(record)}/${short}`
    return { branch: short, ref, commit, before: readRef(git, ref) }
  })
  const news = wanted.filter(({ commit, before }) => commit !== before)
  if (news.length === 0) return { brought: [], executed: [], work }
  const fetched = await fetchInto(context, found, { git, store, inside, clone, news })
  return { ...fetched, work }
}

type News = Omit<Brought, 'commits'>
type Fetching = {
  readonly git: GitLayout
  readonly store: Store
  readonly inside: Inside
  readonly clone: Clone
  readonly news: readonly News[]
}

/** The branches to bring: those with work, or the one that was named. */
function chosen({ refs }: Work, branch: string | undefined, { record }: Found): readonly ClonedRef[] {
  // HEAD of a remote is a pointer of git's own, also on file systems that ignore case.
  const heads = refs.filter(({ name }) => name.startsWith('heads/') && !/^heads\/head(\/|$)/i.test(name))
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
  const { git, store, clone, news } = fetching
  const incoming = join(store.folder, `incoming-${process.pid}`)
  try {
    const lines = `${join(git.repository, 'objects')}\n`
    const plan = [
      ...['pack', 'info'].map((name) => folder(join(incoming, name))),
      write(join(incoming, 'info/alternates'), lines),
    ]
    await execute(plan, context.effects(found.backend))
    const here = await existing(store, knownCommits(context, found))
    const pack = await patiently(PATIENCE, (signal) => fetchPack(found, { ...fetching, incoming, here, signal }))
    const say = async (words: readonly string[]) => (await ofGit(found, gitIn(store, words, incoming))).stdout
    const tips = news.map(({ commit }) => commit)
    const not = here.length === 0 ? [] : ['--not', ...here]
    await say(['rev-list', '--objects', '--quiet', ...tips, ...not])
    const brought: Brought[] = []
    for (const one of news) brought.push({ ...one, commits: Number(await say(['rev-list', '--count', one.commit, ...not])) })
    const changed: string[] = []
    const base = here.includes(clone.base) ? clone.base : null
    for (const tip of tips) changed.push(...(await changedPaths(say, base, tip)))
    if (pack !== null) placePack(git, pack)
    for (const { ref, commit } of brought) writeRemoteRef(git, ref, commit)
    const own = brought.find(({ branch }) => branch === clone.branch)
    if (own !== undefined) writeRemoteRef(git, `refs/remotes/${remoteOf(found.record)}/HEAD`, `ref: ${own.ref}`)
    return { brought, executed: executedHere(changed) }
  } finally {
    rmSync(incoming, { recursive: true, force: true })
  }
}

type Say = (words: readonly string[]) => Promise<string>

/** Paths that a branch changes; all that it has where nobody knows what it began with. */
async function changedPaths(say: Say, base: string | null, tip: string): Promise<readonly string[]> {
  const words = base === null ? ['ls-tree', '-r', '-z', '--name-only', tip] : ['diff-tree', '-r', '-z', '--name-only', base, tip]
  return (await say(words)).split('\0').filter(Boolean)
}

type Incoming = Fetching & { readonly incoming: string; readonly here: readonly string[]; readonly signal: AbortSignal }

/** The pack that came, or null where nothing had to come. */
async function fetchPack(found: Found, { store, inside, news, incoming, here, signal }: Incoming): Promise<string | null> {
  const tips = [...new Set(news.map(({ commit }) => commit))]
  if ((await existing(store, tips)).length === tips.length) return null
  const taken = gitIn(store, ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${MOST_BYTES}`], incoming)
  const sent = inside(script, [...tips, ...here.map((commit) => `^${commit}`)])
  const { from, to } = await connect(sent, taken, signal)
  signal.throwIfAborted()
  if (to.code !== 0) throw refusal(found, from.code !== 0 && from.code < 128 ? from.stderr : to.stderr)
  const name = readdirSync(join(incoming, 'pack')).find((one) => /^pack-[0-9a-f]{40,64}\.pack$/.test(one))
  return name === undefined ? null : join(incoming, 'pack', name)
}

/** Those of some commits that the project has. */
async function existing(store: Store, commits: readonly string[]): Promise<readonly string[]> {
  if (commits.length === 0) return []
  const { stdout } = await capture(gitIn(store, ['cat-file', '--batch-check']), {
    stdin: commits.map((commit) => `${commit}^{commit}\n`).join(''),
  })
  const answers = stdout.split('\n')
  return commits.filter((_, at) => / commit \d+$/.test(answers[at] ?? ''))
}

async function ofGit(found: Found, argv: ReturnType<typeof gitIn>): ReturnType<typeof capture> {
  const outcome = await capture(argv, { signal: AbortSignal.timeout(PATIENCE * 1000), most: 64 * 1024 ** 2 })
  if (outcome.code !== 0) throw refusal(found, outcome.stderr)
  return outcome
}

function refusal({ record }: Found, stderr: string): PaudeError {
  const last = printableOutput(stderr).trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  return new PaudeError('refused', `what the clone of session ${record.id} sent does not pass git's check: ${last}`, {
    hint: `nothing was brought; paude diff ${record.id} shows the work as text`,
  })
}
