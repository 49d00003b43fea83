import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { folder, write } from '../../plan/plan.ts'
import { execute } from '../../run/execute.ts'
import { capture } from '../../run/process.ts'
import { printableOutput } from '../../text.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { bySeverity, type Executed, executedHere, type Obeyed, placePack } from '../../workspace/incoming.ts'
import {
  type Entry,
  isLink,
  linksOut,
  maybeRepositories,
  readRaw,
  readTree,
  repositoriesAmong,
} from '../../workspace/incoming-tree.ts'
import { gitIn, type Store } from '../../workspace/sterile-git.ts'
import type { Found } from '../record/found.ts'
import type { Clone } from './inside.ts'
import { knownCommits, type Listening, type Work } from './look.ts'
import { sessionWord } from './names.ts'

/** Bytes of a pack that is taken. */
const MOST_BYTES = 2 * 1024 ** 3
/** Characters of the list of changed files that is looked through. */
const MOST_NAMES = 64 * 1024 ** 2
/** Folders that are looked into as repositories, and links that are read: what is not read counts as leading out. */
const MOST_FOLDERS = 500
const MOST_LINKS = 5_000

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

export type News = Omit<Brought, 'commits' | 'old'>

/** A clone that was looked into, and the repository that gets what it has. */
export type Opened = {
  readonly git: GitLayout
  readonly store: Store
  readonly clone: Clone
  readonly work: Work
  readonly listening: Listening
  readonly obeyed: Obeyed
  readonly signal: AbortSignal
}

type Fetching = Opened & { readonly news: readonly News[] }

/** What came: its objects are in the project, and no ref leads to them yet. */
export type Fetched = { readonly brought: readonly Brought[]; readonly executed: readonly Executed[] }

/** Fetches into a folder beside the store first: what does not pass there never reaches the project. */
export async function fetchObjects(context: Context, found: Found, fetching: Fetching): Promise<Fetched> {
  const { git, store, clone, news, obeyed, signal } = fetching
  const incoming = join(store.folder, `incoming-${process.pid}`)
  try {
    const lines = `${join(git.repository, 'objects')}\n`
    const plan = [
      ...['pack', 'info'].map((name) => folder(join(incoming, name))),
      write(join(incoming, 'info/alternates'), lines),
    ]
    await execute(plan, context.effects(found.backend))
    const tips = [...new Set(news.map(({ commit }) => commit))]
    const known = knownCommits(context, found)
    const all = await existing(store, [...known, ...tips], signal)
    const here = known.filter((one) => all.includes(one))
    const pack = tips.every((tip) => all.includes(tip)) ? null : await fetchPack(found, { ...fetching, incoming, here, tips })
    const say = async (words: readonly string[], most = MOST_NAMES, stdin = '') => {
      const outcome = await capture(gitIn(store, words, incoming), { signal, most, stdin })
      signal.throwIfAborted()
      if (outcome.code !== 0) throw refusal(found, outcome.stderr)
      return outcome.stdout
    }
    const not = here.length === 0 ? [] : ['--not', ...here]
    const word = sessionWord(found.record)
    const base = here.includes(clone.base) ? clone.base : null
    // Side by side: each start of git counts, and nothing is placed unless all of them end well.
    const [brought, entries] = await Promise.all([
      countEach(news, { word, here, not, say }),
      changedEntries(say, base, tips),
      say(['rev-list', '--objects', '--quiet', ...tips, ...not]),
    ])
    const links = entries.filter(isLink)
    const asked = links.slice(0, MOST_LINKS).map(({ blob }) => `${blob}\n`)
    const [repositories, targets] = await Promise.all([
      repositoriesIn(say, entries, tips),
      asked.length === 0 ? '' : say(['cat-file', '--batch'], MOST_NAMES, asked.join('')),
    ])
    const paths = entries.map(({ path }) => path)
    const executed = bySeverity([...executedHere(paths, obeyed), ...repositories, ...linksOut(links, Buffer.from(targets))])
    signal.throwIfAborted()
    if (pack !== null) placePack(git, pack)
    return { brought, executed }
  } finally {
    rmSync(incoming, { recursive: true, force: true })
  }
}

type Counting = {
  readonly word: string
  readonly here: readonly string[]
  readonly not: readonly string[]
  readonly say: Say
}

/** What each branch brings, and where the commits go that it no longer has. */
async function countEach(news: readonly News[], { word, here, not, say }: Counting): Promise<readonly Brought[]> {
  const brought: Brought[] = []
  for (const one of news) {
    const commits = Number(await say(['rev-list', '--count', one.commit, ...not]))
    const isLost = one.before !== null && here.includes(one.before) && !(await reaches(one.commit, one.before, say))
    brought.push({ ...one, commits, old: isLost ? `refs/paude/old/${word}/${one.before}` : null })
  }
  return brought
}

type Say = (words: readonly string[], most?: number, stdin?: string) => Promise<string>

/** Whether a commit has another one in its history: then nothing but what it reaches itself is left of that. */
const reaches = async (commit: string, other: string, say: Say): Promise<boolean> =>
  (await say(['rev-list', '--max-count=1', other, '--not', commit])) === ''

/** What branches change; all that they have where nobody knows what they began with. */
async function changedEntries(say: Say, base: string | null, tips: readonly string[]): Promise<readonly Entry[]> {
  const words = base === null ? ['ls-tree', '-r', '-z'] : ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', base]
  const all: Entry[][] = []
  let left = MOST_NAMES
  for (const tip of tips) {
    const text = await say([...words, tip], left)
    left -= text.length
    if (left <= 0)
      throw new PaudeError('refused', 'these branches change too many files to name those that this machine would run', {
        hint: 'nothing was brought; --branch BRANCH brings one alone',
      })
    all.push([...(base === null ? readTree(text) : readRaw(text))])
  }
  return all.flat()
}

/** Folders of the branches that git takes for a repository, among those in which something changed. */
async function repositoriesIn(say: Say, entries: readonly Entry[], tips: readonly string[]): Promise<readonly Executed[]> {
  const folders = maybeRepositories(entries.map(({ path }) => path))
  if (folders.length > MOST_FOLDERS)
    throw new PaudeError('refused', 'these branches have too many folders that may be repositories of their own', {
      hint: 'nothing was brought; --branch BRANCH brings one alone',
    })
  if (folders.length === 0) return []
  const inside = folders.map((folder) => `${folder}/`)
  const texts = await Promise.all(tips.map((tip) => say(['ls-tree', '-z', '--name-only', '--full-tree', tip, '--', ...inside])))
  return repositoriesAmong(folders, [...new Set(texts.flatMap((text) => text.split('\0')))])
}

type Incoming = Fetching & { readonly incoming: string; readonly here: readonly string[]; readonly tips: readonly string[] }

/** The pack that came. */
async function fetchPack(found: Found, { store, listening, tips, incoming, here, signal }: Incoming): Promise<string | null> {
  const taken = gitIn(store, ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${MOST_BYTES}`], incoming)
  const to = await listening.send([...tips, ...here.map((commit) => `^${commit}`)], taken, signal)
  signal.throwIfAborted()
  if (to.code !== 0) {
    const from = await listening.sent
    throw refusal(found, from.code !== 0 && from.code < 128 ? from.stderr : to.stderr)
  }
  const name = readdirSync(join(incoming, 'pack')).find((one) => /^pack-[0-9a-f]{40,64}\.pack$/.test(one))
  return name === undefined ? null : join(incoming, 'pack', name)
}

/** Those of some commits that the project has. */
export async function existing(store: Store, commits: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
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
  return new PaudeError('refused', `what the clone of session ${record.id} sent does not pass git's check: ${faultIn(stderr)}`, {
    hint: `nothing was brought; paude exec ${record.id} -- git fsck lists all faults, paude diff ${record.id} shows the work as text`,
  })
}

/** The object and its fault as index-pack names them, in the line before its last one; else its last line. */
function faultIn(stderr: string): string {
  const lines = printableOutput(stderr).trim().split('\n')
  const said = lines.findLast((line) => line.startsWith('error: object ')) ?? lines.at(-1) ?? ''
  return said.replace(/^error: /, '').slice(0, 300)
}
