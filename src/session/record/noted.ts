import { join } from 'node:path'
import { NOTED } from '../../box/lay-out.ts'
import { openWritten } from './out.ts'

/** Bytes of it that are read; the proxy keeps it smaller. */
const MOST = 4 * 1024 ** 2

/** What stands in it; '' where there is none, as in sessions of an older paude. */
export function readNoted(folder: string): string {
  const file = openWritten(join(folder, NOTED))
  if (file === null) return ''
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for (let piece = file.read(); piece.length > 0 && size < MOST; piece = file.read()) {
      pieces.push(piece.slice())
      size += piece.length
    }
  } finally {
    file.close()
  }
  return Buffer.concat(pieces).toString('utf8')
}
