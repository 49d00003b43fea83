import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { PaudeError } from '../../errors.ts'
import { readTar, type TarHeader } from '../../run/tar/read.ts'
import { filling, TAR_END, tarHeader } from '../../run/tar/write.ts'
import { shown } from '../../text.ts'
import { BUNDLE, HOME, MANIFEST, Manifest, MOST } from './manifest.ts'

/** A backup that was checked: what it says, and where its content is now. */
export type Backup = {
  readonly manifest: Manifest
  /** A tar archive of what belongs below HOME, and the names in it. */
  readonly home: { readonly file: string; readonly names: readonly string[] }
  /** '' where it has no clone. */
  readonly bundle: string
}

/** Where a name of a backup is meant below HOME; null where it belongs to no conversation. */
type Place = (name: string, manifest: Manifest) => string | null

/**
 * Reads a backup that a stranger may have written into a folder of ours. Every entry has to be the file that the manifest names next, of its
 * size and content: so nothing comes twice, nothing is a link, and no name says where it goes.
 */
export async function readBackup(
  chunks: AsyncIterable<Uint8Array>,
  {
    folder,
    owner,
    place,
  }: { readonly folder: string; readonly owner: { readonly uid: number; readonly gid: number }; readonly place: Place },
): Promise<Backup> {
  const [home, bundle] = ['home.tar', BUNDLE].map((name) => join(folder, name)) as [string, string]
  const files = { home: openSync(home, 'wx', 0o600), bundle: openSync(bundle, 'wx', 0o600) }
  const names: string[] = []
  let manifest: Manifest | null = null
  let text = Buffer.alloc(0)
  let next = 0
  let ended: (() => void) | null = null
  const end = () => {
    ended?.()
    ended = null
  }
  const begin = (header: TarHeader) => {
    end()
    if (header.kind !== 'file') throw fault(`holds ${shown(header.path)}, which is not a plain file`)
    if (header.path === MANIFEST && manifest === null && next === 0) {
      if (header.size > MOST.manifest) throw fault('has a manifest that is too large')
      ended = () => {
        manifest = parseManifest(text)
      }
      return (part: Uint8Array) => {
        text = Buffer.concat([text, part])
      }
    }
    if (manifest === null) throw fault('does not begin with a manifest')
    const expected = manifest.files[next++]
    if (expected === undefined || expected.name !== header.path || expected.size !== header.size)
      throw fault(`holds ${shown(header.path)}, which is not what its manifest names there`)
    const to = expected.name === BUNDLE ? '' : place(expected.name, manifest)
    if (to === null) throw fault(`holds ${shown(expected.name)}, which belongs to no conversation`)
    const file = to === '' ? files.bundle : files.home
    if (to !== '') {
      names.push(to)
      write(file, tarHeader({ path: to, kind: 'file', mode: 0o600, size: header.size, target: '' }, owner))
    }
    const hash = new Bun.CryptoHasher('sha256')
    ended = () => {
      if (hash.digest('hex') !== expected.sha256) throw fault(`is damaged: ${shown(expected.name)} is not what its manifest says`)
      if (to !== '') write(file, filling(header.size))
    }
    return (part: Uint8Array) => {
      hash.update(part)
      write(file, part)
    }
  }
  try {
    const most = { entries: MOST.files + 2, bytes: MOST.home + MOST.bundle + MOST.manifest }
    await readTar(chunks, { entry: begin, fault, most })
    end()
    write(files.home, TAR_END)
  } finally {
    for (const file of Object.values(files)) closeSync(file)
  }
  const whole = manifest as Manifest | null
  if (whole === null) throw fault('does not begin with a manifest')
  if (next !== whole.files.length) throw fault('ends before its last file')
  return { manifest: whole, home: { file: home, names }, bundle: whole.clone === null ? '' : bundle }
}

function write(file: number, part: Uint8Array): void {
  for (let done = 0; done < part.length; ) done += writeSync(file, part, done)
}

function parseManifest(text: Buffer): Manifest {
  let found: unknown
  try {
    found = JSON.parse(text.toString())
  } catch {
    throw fault('has a manifest that is not JSON')
  }
  if (typeof found === 'object' && found !== null && 'v' in found && found.v !== 1)
    throw new PaudeError('unsupported', 'the backup is of another version than this paude reads', { hint: 'use a newer paude' })
  const { success, output, issues } = v.safeParse(Manifest, found)
  if (!success) throw fault(`has a manifest that is wrong at ${shown(v.getDotPath(issues[0]) ?? 'its top')}`)
  requireWhole(output)
  return output
}

/** What a schema cannot say: which files there may be. */
function requireWhole({ files, clone, session }: Manifest): void {
  const home = files.filter(({ name }) => name.startsWith(HOME))
  const others = files.filter((one) => !home.includes(one)).map(({ name }) => name)
  if (others.join() !== (clone === null ? '' : BUNDLE) || (clone === null) !== (session.mode !== 'clone'))
    throw fault('has a manifest that does not fit its workspace')
  if (new Set(files.map(({ name }) => name)).size !== files.length) throw fault('names a file twice')
  const bytes = home.reduce((sum, { size }) => sum + size, 0)
  if (home.length > MOST.files || bytes > MOST.home) throw fault('holds a conversation that is too large')
  if (files.some(({ name, size }) => name === BUNDLE && size > MOST.bundle)) throw fault('holds a workspace that is too large')
  if ((home.length === 0) !== (session.conversation === '')) throw fault('has a manifest that does not fit its conversation')
}

const fault = (what: string): PaudeError =>
  new PaudeError('refused', `the backup ${what}`, { hint: 'make it again: paude backup SESSION FILE' })
