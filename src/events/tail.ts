import { readPiece } from './file.ts'
import { LONGEST } from './read.ts'

export type News = {
  /** Whole lines, each byte one character. */
  readonly lines: string
  /** Whether anything was there to read: then there may be more. */
  readonly more: boolean
}

/** Reads a record on from where it was read to the last time, so many bytes at a time; from the beginning when the box has emptied it. */
export function openTail(folder: string, most?: number): () => News {
  let offset = 0
  let rest = ''
  return () => {
    let piece = readPiece(folder, offset, most)
    if (piece.size < offset) {
      offset = 0
      rest = ''
      piece = readPiece(folder, offset, most)
    }
    offset += piece.bytes.length
    const text = rest + piece.bytes
    // Every record ends its line; what has no end yet is not whole.
    const end = text.lastIndexOf('\n') + 1
    rest = text.slice(end).slice(0, LONGEST * 2)
    return { lines: text.slice(0, end), more: piece.bytes !== '' }
  }
}
