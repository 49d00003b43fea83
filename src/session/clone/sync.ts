import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { withLock } from '../../run/lock.ts'
import { patiently, within } from '../../run/patience.ts'
import { LAST_WORDS, type Piped, pipe, readSaid } from '../../run/process.ts'
import { mayHoldSecrets } from '../../run/snapshot.ts'
import { type Taken, takeSome } from '../../run/tar/some.ts'
import { TAR_END, tarHeader } from '../../run/tar/write.ts'
import { printableOutput } from '../../text.ts'
import { readBegan } from '../record/began.ts'
import type { Found } from '../record/found.ts'
import { readSynced, type Synced, writeSynced } from '../record/synced.ts'
import { insideOf, requireSyncable } from './inside.ts'
import script from './sync.sh' with { type: 'text' }
import { type Differing, type Here, lookHere, MOST_BYTES, notRead, stateOf } from './sync-here.ts'

/** Seconds that one sync may last. */
const PATIENCE = 30 * 60
/** Times that a clone may change while files come in. */
const TRIES = 3

export type SyncResult = {
  readonly sent: readonly string[]
  readonly removed: readonly string[]
  /** What the agent changed, too, so that it stays as it is. */
  readonly refused: readonly { readonly path: string; readonly why: string }[]
  readonly leftOut: Here['leftOut']
  /** Of what was sent. */
  readonly secrets: readonly string[]
  readonly folders: Here['folders']
}

type Options = {
  /** Also over what the agent changed. */
  readonly force: boolean
  /** Sends nothing, and returns what would be sent. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal | undefined
}

/** Brings the files of the project that differ into a clone: all of them at once, or none. */
export async function syncSession(context: Context, found: Found, options: Options): Promise<SyncResult> {
  const { id } = requireSyncable(found)
  const lock = { path: join(found.handle.folder, 'sync.lock'), what: `the files of session ${id}` }
  const stream = { isWhole: false }
  return await withLock(context.host, lock, () =>
    patiently(PATIENCE, (interrupted) => {
      const signal = options.signal === undefined ? interrupted : AbortSignal.any([interrupted, options.signal])
      return syncUntilStill(context, found, { ...options, signal, stream })
    }).catch((error: unknown) => {
      if (!(error instanceof PaudeError) || (error.code !== 'interrupted' && error.code !== 'timeout')) throw error
      throw new PaudeError(error.code, `${error.message}, and ${left(stream)}`, { signal: error.signal, cause: error })
    }),
  )
}

/** What a sync that was cut has done. */
const left = ({ isWhole }: Stream): string => (isWhole ? 'some files may be in the clone already' : 'the clone is as it was')

/** Whether all of the files may have reached the clone. */
type Stream = { isWhole: boolean }

type Syncing = Options & { readonly signal: AbortSignal; readonly stream: Stream }

/** Again where the agent changed one of the files meanwhile. */
async function syncUntilStill(context: Context, found: Found, options: Syncing): Promise<SyncResult> {
  for (let tries = TRIES; tries > 0; tries--) {
    const result = await syncOnce(context, found, options)
    if (result === null) continue
    // A file in place of a folder, which goes with its last file.
    const isFreed = result.removed.length > 0 && result.refused.some(({ why }) => why === FOLDER_THERE) && !options.dryRun
    const second = isFreed ? await syncOnce(context, found, options) : null
    if (second === null) return result
    const { sent, removed, secrets } = result
    return {
      ...second,
      sent: [...sent, ...second.sent],
      removed: [...removed, ...second.removed],
      secrets: [...secrets, ...second.secrets],
    }
  }
  throw new PaudeError('refused', `the agent of session ${found.record.id} goes on to change files that are to be synced`, {
    hint: 'sync again later; its clone is as it was',
  })
}

async function syncOnce(context: Context, found: Found, options: Syncing): Promise<SyncResult | null> {
  const { clone } = requireSyncable(found)
  const { folder } = found.handle
  const known = readSynced(folder)
  const here = await lookHere(context, found, { base: clone.base, known, signal: options.signal })
  const told = { leftOut: here.leftOut, folders: here.folders }
  const nothing: SyncResult = { sent: [], removed: [], refused: [], secrets: [], ...told }
  if (here.differing.length === 0) return nothing
  const inside = await insideOf(context, found, { believes: true })
  const words = [readBegan(folder) || clone.base, options.dryRun ? 'look' : '']
  const program = pipe(inside(script, words, { writes: true, stdin: true, signal: options.signal }))
  const talk = talkWith(program, found, options)
  try {
    const { send, remove, settled, refused } = decide(here.differing, await talk.look(here.differing), { known, ...options })
    const planned: SyncResult = { ...nothing, sent: send, removed: remove.paths, refused, secrets: send.filter(mayHoldSecrets) }
    if (options.dryRun) return planned
    const taken = send.length + remove.paths.length === 0 ? [] : await talk.put(here, { send, remove: remove.lines })
    if (taken === null) return null
    await writeSynced(folder, {
      synced: {
        ...known.synced,
        ...Object.fromEntries(settled),
        ...Object.fromEntries(remove.paths.map((path) => [path, ''])),
        ...Object.fromEntries(taken.map((one) => [one.path, stateOf(one, here.hasher)])),
      },
      read: here.read,
    })
    return { ...planned, sent: taken.map(({ path }) => path) }
  } finally {
    await talk.end()
  }
}

/** What a clone has at a path now, and the object that it began with there. */
type There = { readonly kind: string; readonly id: string; readonly base: string }

type Decided = {
  readonly send: readonly string[]
  /** `lines` has folders and links that are in the way, too. */
  readonly remove: { readonly paths: readonly string[]; readonly lines: readonly string[] }
  /** What is in the clone already as it is here. */
  readonly settled: readonly (readonly [path: string, state: string])[]
  readonly refused: SyncResult['refused']
}

/** What of the differences goes into a clone: never over what its agent changed, unless `force` says so. */
export function decide(
  differing: readonly Differing[],
  there: readonly There[],
  { known, force }: { readonly known: Pick<Synced, 'synced'>; readonly force: boolean },
): Decided {
  const rows = differing.map((one, at) => ({ ...one, there: there[at] ?? { kind: 'o', id: '', base: '' } }))
  const free = new Set(rows.filter((row) => row.here === '' && isUntouched(row, known)).map(({ path }) => path))
  const judged = rows.map((row) => ({ ...row, why: isSettled(row) || force ? '' : objection(row, { known, free }) }))
  const going = judged.filter((row) => row.why === '' && !isSettled(row))
  const removed = going.filter(({ here }) => here === '')
  return {
    send: going.filter(({ here }) => here !== '').map(({ path }) => path),
    remove: {
      paths: removed.map(({ path }) => path),
      lines: going.filter(({ here, there: { kind } }) => here === '' || kind === 'd' || kind === 'o').map(({ path }) => path),
    },
    settled: judged.filter(isSettled).map(({ path, here }) => [path, here] as const),
    refused: judged.filter(({ why }) => why !== '').map(({ path, why }) => ({ path, why })),
  }
}

const FOLDER_THERE = 'a folder is there in the clone'

type Row = Differing & { readonly there: There }

const MODES: Readonly<Record<string, string>> = { f: '100644', x: '100755', l: '120000' }

/** Whether the clone has it as it is here; nothing where a folder is, or a link leads, is nothing. */
const isSettled = ({ here, there: { kind, id } }: Row): boolean =>
  here === '' ? ['-', 'd', 'w'].includes(kind) : here === `${MODES[kind]} ${id}`

/** Whether the clone has what it got, so that nobody changed it there. */
const isUntouched = ({ path, there: { kind, id, base } }: Row, { synced }: Pick<Synced, 'synced'>): boolean => {
  const before = synced[path]?.split(' ')[1] ?? (synced[path] === '' ? '' : base)
  return before === '' ? kind === '-' : kind in MODES && id === before
}

function objection(
  row: Row,
  { known, free }: { readonly known: Pick<Synced, 'synced'>; readonly free: ReadonlySet<string> },
): string {
  const { path, here, there } = row
  if (isUntouched(row, known)) return ''
  switch (there.kind) {
    case 'w':
      // What is in the way goes with this sync.
      return isBelowOne(path, free) ? '' : 'the agent replaced its folder by a link or file'
    case 'd':
      return FOLDER_THERE
    case '-':
      return 'the agent removed it'
    default:
      return here === '' ? 'removed here, and changed by the agent' : 'changed here and by the agent'
  }
}

const isBelowOne = (path: string, places: ReadonlySet<string>): boolean =>
  path.split('/').some((_, at, parts) => at > 0 && places.has(parts.slice(0, at).join('/')))

type Talk = {
  readonly look: (differing: readonly Differing[]) => Promise<readonly There[]>
  /** Returns what was taken; null where the clone has changed since the look. */
  readonly put: (
    here: Here,
    what: { readonly send: readonly string[]; readonly remove: readonly string[] },
  ) => Promise<readonly Taken[] | null>
  readonly end: () => Promise<void>
}

/** Characters of a line that a clone may say: a kind and an object. */
const LONGEST = 100

/** The script where the clone is. All that it says is the sandbox's word. */
function talkWith(program: Piped, { record }: Found, { signal, stream }: Pick<Syncing, 'signal' | 'stream'>): Talk {
  signal.addEventListener('abort', program.kill)
  const said = readSaid(program.stderr)
  const next = linesOf(program.stdout)
  stream.isWhole = false
  const failed = async (): Promise<PaudeError> => {
    program.end()
    await within(LAST_WORDS, program.exited)
    program.kill()
    const code = await program.exited
    signal.throwIfAborted()
    if (code === 67)
      return new PaudeError('not-found', `the image of session ${record.id} has no tar`, { hint: 'add tar to the image' })
    const last =
      printableOutput(await said)
        .trim()
        .split('\n')
        .at(-1)
        ?.slice(0, 300) ?? ''
    // Codes of the script itself, before it puts anything in place.
    if (code >= 65 && code <= 75) stream.isWhole = false
    return new PaudeError(
      'command-failed',
      `the sync of session ${record.id} was cut, and ${left(stream)}${last === '' ? '' : `: ${last}`}`,
      {
        hint: `paude sync ${record.id} goes on`,
      },
    )
  }
  const write = async (bytes: Uint8Array | string): Promise<void> => {
    signal.throwIfAborted()
    await program.write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes).catch(async () => {
      throw await failed()
    })
  }
  return {
    look: async (differing) => {
      await write(`${differing.map(({ path }) => `${path}\n`).join('')}\n`)
      const take = async (pattern: RegExp): Promise<RegExpExecArray> => {
        const found = pattern.exec((await next()) ?? '')
        if (found === null) throw await failed()
        return found
      }
      const kinds: RegExpExecArray[] = []
      for (const _ of differing) kinds.push(await take(/^([fxldow-]) ([0-9a-f]{40,64}|-)$/))
      const bases: RegExpExecArray[] = []
      for (const _ of differing) bases.push(await take(/^blob ([0-9a-f]{40,64})$|/))
      await take(/^end$/)
      return kinds.map(([, kind = '', id = ''], at) => ({ kind, id, base: bases[at]?.[1] ?? '' }))
    },
    put: async ({ root, hasher }, { send, remove }) => {
      await write(`${remove.map((path) => `${path}\n`).join('')}\n`)
      const taking = takeSome(send, { root, under: 'new', most: MOST_BYTES, hasher, fault: notRead })
      let piece = taking.next()
      for (; !piece.done; piece = taking.next()) await write(piece.value)
      stream.isWhole = true
      await write(tarHeader({ path: 'whole', kind: 'file', mode: 0o600, size: 0, target: '' }, { uid: 0, gid: 0 }))
      await write(TAR_END)
      program.end()
      const answer = await next()
      if (answer === 'moved') return null
      if (answer !== 'put' || (await program.exited) !== 0) throw await failed()
      return piece.value
    },
    end: async () => {
      signal.removeEventListener('abort', program.kill)
      program.end()
      await within(LAST_WORDS, program.exited)
      program.kill()
    },
  }
}

/** Gives one line of a stream after the other; null at its end, and for one that is too long. */
function linesOf(stream: ReadableStream<Uint8Array>): () => Promise<string | null> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  return async () => {
    for (;;) {
      const at = text.indexOf('\n')
      if (at !== -1) {
        const line = text.slice(0, at)
        text = text.slice(at + 1)
        return line
      }
      if (text.length > LONGEST) return null
      const { value, done } = await reader.read()
      if (done) return null
      text += decoder.decode(value, { stream: true })
    }
  }
}
