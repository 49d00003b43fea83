import { gunzipSync } from 'node:zlib'
import { plainPath, refuseBoth } from '../tar/path.ts'
import { readTar } from '../tar/read.ts'
import { unfit } from './registry.ts'

/** Bytes of all files, and how many there may be: a feature is some scripts. */
const MOST_BYTES = 256 * 1024 ** 2
const MOST_ENTRIES = 10_000

/**
 * Files of a tar archive, by path. Only files and folders are taken, and nothing that leads out: an archive that holds a link, a
 * device or `..` is refused whole. Read here and not by a library, since those extract more kinds than a feature has any use for.
 */
export async function readArchive(name: string, archive: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array[]>()
  const fault = (what: string) => unfit(name, what)
  await readTar(inOneChunk(unpacked(name, archive)), {
    fault,
    most: { entries: MOST_ENTRIES, bytes: MOST_BYTES },
    entry: ({ path, kind }) => {
      if (kind !== 'file' && kind !== 'folder') throw fault(`holds something that is neither a file nor a folder: ${path}`)
      const place = plainPath(path, fault)
      if (kind === 'folder' || place === '') return null
      const parts: Uint8Array[] = []
      files.set(place, parts)
      return (part) => void parts.push(part)
    },
  })
  refuseBoth(files.keys(), files.keys(), fault)
  return new Map([...files].map(([path, parts]) => [path, Buffer.concat(parts)]))
}

async function* inOneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function unpacked(name: string, archive: Uint8Array): Uint8Array {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) return archive
  try {
    return gunzipSync(archive, { maxOutputLength: MOST_BYTES })
  } catch {
    throw unfit(name, 'is a broken archive, or too large when unpacked')
  }
}
