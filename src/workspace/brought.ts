import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { join } from 'node:path'

/** A file or link that a clone began with and that was not committed: a hash of its bytes, or where it leads. */
export type Brought = { readonly path: string; readonly size: number; readonly is: string }

export const linkTo = (target: string): string => `-> ${target}`

const PIECE = 1024 ** 2

/** Those of them that a folder does not have as they were. */
export const goneFrom = (root: string, brought: readonly Brought[]): readonly string[] =>
  brought.filter(({ path, size, is }) => stateOf(join(root, path), size) !== is).map(({ path }) => path)

/** A file of another size is not read: it may be of any. */
function stateOf(path: string, size: number): string {
  let file: number
  try {
    return linkTo(readlinkSync(path))
  } catch {
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    } catch {
      return ''
    }
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile() || stats.size !== size) return ''
    const hasher = new Bun.CryptoHasher('sha256')
    const piece = Buffer.alloc(Math.min(PIECE, size))
    for (let at = 0; at < size; ) {
      const count = readSync(file, piece, 0, Math.min(piece.length, size - at), at)
      if (count === 0) return ''
      hasher.update(piece.subarray(0, count))
      at += count
    }
    return hasher.digest('hex')
  } catch {
    return ''
  } finally {
    closeSync(file)
  }
}
