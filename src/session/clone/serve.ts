import { join, resolve } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { patiently } from '../../run/patience.ts'
import { nameInside, shown } from '../../text.ts'
import { commonOf, hashSize } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { type Executed, writeOwnRef } from '../../workspace/incoming.ts'
import { realPath } from '../../workspace/paths.ts'
import { readRef } from '../../workspace/refs.ts'
import type { Found } from '../record/found.ts'
import { existing, fetchObjects, type Opened } from './fetch.ts'
import type { ClonedRef } from './look.ts'
import { branchOf, refOf } from './names.ts'
import { chosen, openClone } from './pull.ts'

/** Seconds that looking and fetching may last. */
const PATIENCE = 30 * 60

export type Talk = {
  /** What git says, line by line. */
  readonly lines: AsyncIterable<string>
  readonly say: (text: string) => void
  /** Gets what this machine acts on once it is merged. */
  readonly told: (executed: readonly Executed[]) => void
}

/**
 * Speaks for the clone of a session with a git of yours, as gitremote-helpers(7) has it. What git gets passed the checks of `paude pull`;
 * git writes the refs itself.
 */
export async function serveClone(context: Context, found: Found, talk: Talk): Promise<void> {
  let listening: Promise<Opened> | null = null
  const opened = () => {
    listening ??= patiently(PATIENCE, (signal) => openClone(context, found, signal), late(found))
    return listening
  }
  const leave = async () => {
    const left = listening
    listening = null
    await left?.then(({ listening: { leave: end } }) => end())
  }
  try {
    await answerGit(context, found, { opened, leave, ...talk })
  } finally {
    await leave()
  }
}

type Answering = Talk & { readonly opened: () => Promise<Opened>; readonly leave: () => Promise<void> }

async function answerGit(context: Context, found: Found, { opened, leave, lines, say, told }: Answering): Promise<void> {
  const batch: string[] = []
  const named = new Set<string>()
  const unnamed = (executed: readonly Executed[]) => executed.filter(({ path }) => !named.has(path) && named.add(path))
  for await (const line of lines) {
    const [word = ''] = line.split(' ')
    if (line === '' && batch.length === 0) return
    if (line === '') {
      const asked = batch.splice(0)
      const pushed = asked.flatMap((one) => /^push \+?[^:]*:(.+)$/.exec(one)?.[1] ?? [])
      if (pushed.length > 0) say(`${pushed.map((ref) => `error ${ref} ${NO_PUSH(found)}\n`).join('')}\n`)
      else {
        told(unnamed(await fetchAsked(context, found, { asked, opened: await opened() })))
        // It sends once.
        await leave()
        say('\n')
      }
    } else if (word === 'capabilities') say('fetch\npush\noption\nobject-format\n\n')
    else if (word === 'option') say(`${answerOf(line)}\n`)
    else if (word === 'list') {
      if (line === 'list') told(unnamed(await lookAtHere(context, found, await opened())))
      say(listing(found, await opened()))
    } else if (word === 'fetch' || word === 'push') batch.push(line)
    else throw new PaudeError('usage', `git asks for ${nameInside(word)}, which paude does not know`, { hint: pullOf(found) })
  }
}

const NO_PUSH = ({ record }: Found): string => `paude push ${record.name || record.id} brings your commit in, as host/BRANCH`
const pullOf = ({ record }: Found): string => `paude pull ${record.name || record.id}`
const late = (found: Found) => () => `the fetch from session ${found.record.id} did not end`

/** git says the first two always, and does without the next; any other changes what is fetched. */
function answerOf(line: string): string {
  const [, name = ''] = line.split(' ')
  if (['verbosity', 'progress', 'object-format'].includes(name)) return 'ok'
  if (['followtags', 'check-connectivity', 'cloning', 'force', 'atomic', 'dry-run'].includes(name)) return 'unsupported'
  // An answer would not do: of some options git goes on without.
  throw new PaudeError('unsupported', `paude does not know the option ${nameInside(name)} of git`, { hint: 'leave it out' })
}

function listing(found: Found, { git, work }: Opened): string {
  const heads = chosen(work, undefined, found)
  const own = `heads/${branchOf(found.record)}`
  return [
    `:object-format ${hashSize(git) === 32 ? 'sha256' : 'sha1'}`,
    ...heads.map(({ name, commit }) => `${commit} refs/${name}`),
    ...(heads.some(({ name }) => name === own) ? [`@refs/${own} HEAD`] : []),
  ]
    .map((line) => `${line}\n`)
    .concat('\n')
    .join('')
}

type Asked = { readonly asked: readonly string[]; readonly opened: Opened }

async function fetchAsked(context: Context, found: Found, { asked, opened }: Asked): Promise<readonly Executed[]> {
  requireSame(context, found, opened.git)
  const heads = chosen(opened.work, undefined, found)
  const commits = asked.map((line) => line.split(' ')[1] ?? '')
  const unknown = commits.find((commit) => heads.every((head) => head.commit !== commit))
  if (unknown !== undefined)
    throw new PaudeError('not-found', `the clone has no branch at ${nameInside(unknown)}`, { hint: pullOf(found) })
  return await bring(context, found, { ...opened, heads: heads.filter(({ commit }) => commits.includes(commit)) })
}

/** git does not ask for what it has already, as after a fetch that was broken off, and writes the refs nevertheless. */
async function lookAtHere(context: Context, found: Found, opened: Opened): Promise<readonly Executed[]> {
  const { git, store, work } = opened
  const heads = chosen(work, undefined, found).filter(({ name, commit }) => readRef(git, refFor(found, name)) !== commit)
  const commits = heads.map(({ commit }) => commit)
  const here = await patiently(PATIENCE, (signal) => existing(store, commits, signal), late(found))
  return await bring(context, found, { ...opened, heads: heads.filter(({ commit }) => here.includes(commit)) })
}

const refFor = ({ record }: Found, name: string): string => refOf(record, name.replace(/^heads\//, ''))

type Bringing = Opened & { readonly heads: readonly ClonedRef[] }

/** Brings the objects of branches, and gives a name to what their refs lose once git writes them. */
async function bring(context: Context, found: Found, { heads, ...opened }: Bringing): Promise<readonly Executed[]> {
  if (heads.length === 0) return []
  const news = heads.map(({ name, commit }) => {
    const ref = refFor(found, name)
    return { branch: name.replace(/^heads\//, ''), ref, commit, before: readRef(opened.git, ref) }
  })
  const one = (signal: AbortSignal) => fetchObjects(context, found, { ...opened, signal, news })
  const { brought, executed } = await patiently(PATIENCE, one, late(found))
  for (const { old, before } of brought) if (old !== null && before !== null) writeOwnRef(opened.git, old, before)
  return executed
}

/** Objects go where the session began, so git has to be asked there. */
function requireSame({ host }: Context, found: Found, { repository }: GitLayout): void {
  const asked = realPath(resolve(host.cwd, host.env['GIT_DIR'] ?? join(host.cwd, '.git')))
  if (asked !== null && realPath(commonOf(asked)) === repository) return
  const { workspace } = found.record
  throw new PaudeError(
    'refused',
    `session ${found.record.id} has a clone of ${shown(workspace)}, and git asks from another repository`,
    {
      hint: `git -C ${shown(workspace)} fetch`,
    },
  )
}
