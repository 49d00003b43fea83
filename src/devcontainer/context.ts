import { createHash, type Hash } from 'node:crypto'
import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { shown } from '../workspace/paths.ts'

/** What is still looked through: it takes a few seconds. */
const MOST_ENTRIES = 100_000
const MOST_BYTES = 512 * 1024 ** 2

/** A hash of all that a build may read of a folder: names, contents and links, which no engine follows. */
export function contextHash(folder: string): string {
  const hash = createHash('sha256')
  let [entries, bytes] = [0, 0]
  for (const [place, entry] of below(folder)) {
    hash.update(`${kindOf(entry)}\0${place}\0`)
    if (entry.isSymbolicLink()) hash.update(`${readlinkSync(place)}\0`)
    if (entry.isFile()) bytes += take(place, hash, MOST_BYTES - bytes)
    if (++entries > MOST_ENTRIES || bytes > MOST_BYTES)
      throw new PaudeError('refused', `${shown(folder)} holds too much for the context of a build that is to be trusted`, {
        hint: `write a folder with less than ${MOST_ENTRIES} files and 512 MiB into build.context`,
      })
  }
  return hash.digest('hex')
}

function* below(folder: string): Generator<readonly [place: string, entry: Dirent]> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const place = join(folder, entry.name)
    yield [place, entry]
    if (entry.isDirectory()) yield* below(place)
  }
}

const buffer = Buffer.alloc(256 * 1024)

/** Takes a file in and returns its size; one of more than `most` bytes is not read. */
function take(path: string, hash: Hash, most: number): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const claimed = fstatSync(file).size
    if (claimed > most) return claimed
    let size = 0
    for (let count = 1; count > 0 && size <= most; size += count) {
      count = readSync(file, buffer)
      hash.update(buffer.subarray(0, count))
    }
    hash.update(`\0${size}\0`)
    return size
  } finally {
    closeSync(file)
  }
}

const kindOf = (entry: Dirent): string =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'other'
