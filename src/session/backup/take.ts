import { closeSync, fstatSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type AgentName, isAgent } from '../../agents/names.ts'
import { agents } from '../../agents/registry.ts'
import { isUp } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { portEntries } from '../../network/pattern.ts'
import { ask } from '../../run/ask.ts'
import type { Item } from '../../run/tar/receive.ts'
import { contentOf, filling, TAR_END, tarHeader } from '../../run/tar/write.ts'
import { bundleInto } from '../clone/keep.ts'
import { takeOut } from '../copy/box.ts'
import { withSpool } from '../copy/spool.ts'
import type { Found } from '../record/found.ts'
import { conversationOf } from '../record/out.ts'
import { modeOf } from '../record/record.ts'
import { boxHome } from '../resolve/box-home.ts'
import clean from './clean.sh' with { type: 'text' }
import { BUNDLE, HOME, MANIFEST, type Manifest, MOST } from './manifest.ts'
import { placeIn, placesOf } from './places.ts'

/** A file of a backup, and where its content is. */
type Part = { readonly name: string; readonly at: number; readonly size: number; readonly spool: number }

/** Writes a backup of a session that does not run, piece by piece. Returns what it says of itself. */
export async function takeBackup(context: Context, found: Found, write: (piece: Uint8Array) => void): Promise<Manifest> {
  const { handle, record } = found
  const { agent } = record
  if (!isAgent(agent))
    throw new PaudeError(
      'unsupported',
      record.recipe === undefined
        ? `session ${record.id} runs a command, not an agent, so it has no conversation`
        : `paude cannot back up a conversation of ${agent}`,
    )
  const { conversation: kind, title } = agents[agent]
  const state = await ask(found.backend.life.state(handle), context.effects(found.backend))
  // A transcript that is being written, and a clone that changes, would not fit together.
  if (isUp(state))
    throw new PaudeError('refused', `session ${record.id} is running`, {
      hint: `paude stop ${record.id}; paude start ${record.id} continues it afterwards`,
    })
  const conversation = kind === null ? '' : conversationOf(handle.folder, record)
  if (conversation !== '' && kind?.files.length === 0)
    throw new PaudeError('unsupported', `paude cannot back up a conversation of ${title}`, {
      hint: `start it again when you need it: paude start ${record.id}`,
    })
  const home = boxHome(context.host)
  const places = kind === null || conversation === '' ? [] : placesOf(kind, conversation, record.directory)
  return await withSpools(handle.folder, places.length, async (spools) => {
    const all = await conversationParts(found, { home, places, spools })
    // A name that no restore would take back stays away.
    const renamed = { from: conversation, to: conversation, directory: record.directory }
    const kept = kind === null ? [] : all.filter(({ name }) => placeIn(kind, name, renamed) !== null)
    if (kept.length < all.length)
      context.warn(`not in the backup, because of unusual names: ${all.length - kept.length} of the files of the conversation`)
    const bundle = record.clone === undefined ? null : await bundlePart(context, found)
    try {
      const parts = [...kept, ...(bundle === null ? [] : [bundle])]
      const manifest = manifestOf(context, found, { agent, conversation: kept.length === 0 ? '' : conversation, parts })
      for (const piece of archive(manifest, parts, context.host)) write(piece)
      return manifest
    } finally {
      if (bundle !== null) closeSync(bundle.spool)
    }
  })
}

const withSpools = <T>(folder: string, count: number, use: (spools: readonly number[]) => Promise<T>): Promise<T> =>
  count === 0 ? use([]) : withSpool(folder, (one) => withSpools(folder, count - 1, (others) => use([one, ...others])))

/** Links and what is no file stay away: nothing that is restored may lead elsewhere. */
async function conversationParts(
  found: Found,
  { home, places, spools }: { readonly home: string; readonly places: readonly string[]; readonly spools: readonly number[] },
): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (const [at, place] of places.entries()) {
    const spool = spools[at] ?? -1
    const items = await homeItems(found, join(home, place), spool)
    for (const item of items)
      if (item.kind === 'file') parts.push({ ...item, spool, name: HOME + [place, item.path].filter(Boolean).join('/') })
  }
  const bytes = parts.reduce((sum, { size }) => sum + size, 0)
  if (parts.length > MOST.files || bytes > MOST.home)
    throw new PaudeError(
      'refused',
      `the conversation of session ${found.record.id} has ${parts.length} files and ${bytes} bytes`,
      {
        hint: `a backup takes ${MOST.files} files and ${MOST.home / 1024 ** 2} MiB of it`,
      },
    )
  return parts
}

/** What an engine says of a path that is not there. */
const MISSING = /no such|not find|not be found|does not exist/i

async function homeItems(found: Found, path: string, spool: number): Promise<readonly Item[]> {
  try {
    return (await takeOut(found, { path, spool, running: false })).items
  } catch (error) {
    // Not every conversation has all of them.
    if (error instanceof PaudeError && error.code === 'command-failed' && MISSING.test(error.message)) return []
    throw error
  }
}

async function bundlePart(context: Context, found: Found): Promise<Part> {
  const path = join(found.handle.folder, `bundle-${crypto.randomUUID().slice(0, 8)}`)
  try {
    if (!(await bundleInto(context, found, { path, after: clean, most: MOST.bundle })))
      throw new PaudeError('command-failed', `the clone of session ${found.record.id} could not be bundled`, {
        hint: `paude start ${found.record.id}, and paude exec ${found.record.id} -- git fsck; a shallow clone has no bundle`,
      })
    const spool = openSync(path, 'r')
    return { name: BUNDLE, at: 0, size: fstatSync(spool).size, spool }
  } finally {
    rmSync(path, { force: true })
  }
}

function manifestOf(
  { version }: Pick<Context, 'version'>,
  { record }: Found,
  { agent, conversation, parts }: { readonly agent: AgentName; readonly conversation: string; readonly parts: readonly Part[] },
): Manifest {
  const { id, name, workspace, clone, network, allow, deny } = record
  const mode = modeOf(record)
  return {
    v: 1,
    version,
    made: new Date().toISOString(),
    session: { id, name, agent, workspace, mode: mode === 'worktree' ? 'bind' : mode, conversation },
    policy: {
      network,
      allow: allow.flatMap(portEntries),
      deny: deny.flatMap(({ host, ports }) => (ports.length === 0 ? [host] : ports.map((port) => `${host}:${port}`))),
    },
    clone: clone === undefined ? null : { base: clone.base, branch: clone.branch },
    files: parts.map((part) => ({ name: part.name, size: part.size, sha256: hashOf(part) })),
  }
}

function hashOf(part: Part): string {
  const hash = new Bun.CryptoHasher('sha256')
  for (const piece of contentOf(part, part.spool)) hash.update(piece)
  return hash.digest('hex')
}

/** The manifest first, so that all of it is known before anything is taken. */
function* archive(manifest: Manifest, parts: readonly Part[], owner: { readonly uid: number; readonly gid: number }) {
  const header = (path: string, size: number) => tarHeader({ path, kind: 'file', mode: 0o600, size, target: '' }, owner)
  const text = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`)
  yield header(MANIFEST, text.length)
  yield text
  yield filling(text.length)
  for (const part of parts) {
    yield header(part.name, part.size)
    yield* contentOf(part, part.spool)
    yield filling(part.size)
  }
  yield TAR_END
}
