import { relative } from 'node:path'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { execute } from '../../run/execute.ts'
import { patiently } from '../../run/patience.ts'
import { nameInside, shown } from '../../text.ts'
import { readStoreSource } from '../../workspace/clone-source.ts'
import { readGit } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { configured } from '../../workspace/guard.ts'
import { writeOwnRef } from '../../workspace/incoming.ts'
import { below } from '../../workspace/paths.ts'
import { isRefName } from '../../workspace/ref-name.ts'
import { readRef, readRefsBelow } from '../../workspace/refs.ts'
import type { Found } from '../record/found.ts'
import { guardList } from '../resolve/own-mounts.ts'
import { type Fetched, fetchObjects, type News, type Opened } from './fetch.ts'
import { insideOf, requireClone } from './inside.ts'
import { type ClonedRef, listenToClone, type Work } from './look.ts'
import { refOf } from './names.ts'
import { storeOf, storePlan } from './store.ts'

/** Branches that one pull takes, and seconds that it may last. */
const MOST_BRANCHES = 100
const PATIENCE = 30 * 60

export type Pulled = Fetched & { readonly work: Work }

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
  const opened = await openClone(context, found, signal)
  try {
    return await bringFrom(context, found, { branch, opened })
  } finally {
    await opened.listening.leave()
  }
}

async function bringFrom(
  context: Context,
  found: Found,
  { branch, opened }: { readonly branch: string | undefined; readonly opened: Opened },
): Promise<Pulled> {
  const { git, work } = opened
  const wanted = chosen(work, branch, found).map(({ name, commit }) => {
    const short = name.replace(/^heads\//, '')
    const ref = refOf(found.record, short)
    return { branch: short, ref, commit, before: readRef(git, ref) }
  })
  const news = wanted.filter(({ commit, before }) => commit !== before)
  if (news.length === 0) return { brought: [], executed: [], work }
  requireRoom(git, news)
  const fetched = await fetchObjects(context, found, { ...opened, news })
  for (const { ref, before, commit, old } of fetched.brought) {
    if (old !== null && before !== null) writeOwnRef(git, old, before)
    writeOwnRef(git, ref, commit)
  }
  return { ...fetched, work }
}

/** Looks into a clone, which listens until it is left, and at the repository that its commits would come into. */
export async function openClone(context: Context, found: Found, signal: AbortSignal): Promise<Opened> {
  const { record } = found
  const clone = requireClone(found)
  const { git } = readGit(record.workspace, context.host)
  if (git === null)
    throw new PaudeError('not-found', `${shown(record.workspace)} is not a git repository now`, {
      hint: `paude rm --force ${record.id} keeps what the clone holds as a bundle`,
    })
  // The engine answers while the rest is read.
  const asked = insideOf(context, found)
  asked.catch(() => undefined)
  const list = guardList(await loadConfig(context.host, context.flags))
  const root = record.workspace
  const named = configured({ root, ...git }, context.host).paths.flatMap((path) =>
    path !== root && below(root, path) ? [relative(root, path)] : [],
  )
  const source = readStoreSource(git)
  const store = storeOf(context.host, source)
  await execute(storePlan(store, source), context.effects(found.backend))
  const listening = await listenToClone(context, found, { inside: await asked, signal })
  return { git, store, clone, listening, work: listening.work, obeyed: { list, named }, signal }
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
export function chosen({ refs }: Pick<Work, 'refs'>, branch: string | undefined, { record }: Found): readonly ClonedRef[] {
  const heads = headsOf({ refs })
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

/** The branches of a clone. HEAD of a remote is a pointer of git's own, also on file systems that ignore case. */
const headsOf = ({ refs }: Pick<Work, 'refs'>): readonly ClonedRef[] =>
  refs.filter(({ name }) => isRefName(name) && name.startsWith('heads/') && !/^heads\/head(\/|$)/i.test(name))
