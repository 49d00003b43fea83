import { gunzipSync } from 'node:zlib'
import { unfit } from './registry.ts'

/** Bytes of all files, and how many there may be: a feature is some scripts. */
const MOST_BYTES = 256 * 1024 ** 2
const MOST_ENTRIES = 10_000
const BLOCK = 512

/**
 * Files of a tar archive, by path. Only files and folders are taken, and nothing that leads out: an archive that holds a link, a
 * device or `..` is refused whole. Read here and not by a library, since those extract more kinds than a feature has any use for.
 */
export function readArchive(name: string, archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const bytes = unpacked(name, archive)
  const files = new Map<string, Uint8Array>()
  let long: string | null = null
  for (let at = 0, entries = 0; at + BLOCK <= bytes.length; entries++) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) break
    if (entries >= MOST_ENTRIES) throw unfit(name, `holds more than ${MOST_ENTRIES} files`)
    const { path, size, type } = readHeader(name, header)
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size)
    if (content.length < size) throw unfit(name, 'is a broken archive')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    switch (type) {
      case 'x':
        long = paxPath(content) ?? long
        break
      case 'L':
        long = text(content)
        break
      case 'g':
        break
      case '0':
      case '':
      case '5': {
        const place = plainPath(name, long ?? path)
        if (type !== '5' && place !== '') files.set(place, content)
        long = null
        break
      }
      default:
        throw unfit(name, `holds something that is neither a file nor a folder: ${long ?? path}`)
    }
  }
  refuseBoth(name, files.keys())
  return files
}

/** No path is a file and the folder of another. */
function refuseBoth(name: string, paths: Iterable<string>): void {
  // What lies in a folder follows it at once in this order.
  const sorted = [...paths].map((path) => path.replaceAll('/', '\0')).toSorted()
  const both = sorted.find((path, at) => sorted[at + 1]?.startsWith(`${path}\0`))
  if (both !== undefined) throw unfit(name, `holds a file and a folder of the same name: ${both.replaceAll('\0', '/')}`)
}

function unpacked(name: string, archive: Uint8Array): Uint8Array {
  if (archive[0] !== 0x1f || archive[1] !== 0x8b) return archive
  try {
    return gunzipSync(archive, { maxOutputLength: MOST_BYTES })
  } catch {
    throw unfit(name, 'is a broken archive, or too large when unpacked')
  }
}

function readHeader(name: string, header: Uint8Array): { readonly path: string; readonly size: number; readonly type: string } {
  const field = (from: number, length: number) => text(header.subarray(from, from + length))
  const number = (from: number, length: number) => Number.parseInt(field(from, length).trim() || '0', 8)
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  const size = number(124, 12)
  if (number(148, 8) !== sum || !Number.isSafeInteger(size) || size < 0) throw unfit(name, 'is a broken archive')
  const prefix = field(257, 5) === 'ustar' ? field(345, 155) : ''
  return { path: prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`, size, type: field(156, 1) }
}

/** Records of `LENGTH KEY=VALUE`; of one that is wrong nothing is taken. */
function paxPath(content: Uint8Array): string | null {
  const [, path] = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(new TextDecoder().decode(content)) ?? []
  return path ?? null
}

/** Without `./` in front; refused when it leads anywhere but into the feature's folder, or no file system takes it. */
function plainPath(name: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.some((part) => Buffer.byteLength(part) > 255)) throw unfit(name, 'holds a file whose name is too long')
  if (path.startsWith('/') || parts.includes('..') || /[\0\\\n]/.test(path) || Buffer.byteLength(path) > 1024)
    throw unfit(name, `holds a file outside its own folder: ${path}`)
  return parts.join('/')
}

const text = (field: Uint8Array): string => {
  const end = field.indexOf(0)
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end))
}
