import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import { realPath } from './paths.ts'

/** Bytes of an object's name: SHA-1 or SHA-256. The index itself does not say which. */
export type HashSize = 20 | 32

/** One entry. `name` has one character a byte, since names need not be UTF-8. */
export type IndexEntry = {
  readonly mode: number
  readonly id: string
  readonly stage: number
  readonly name: string
  /** Of the file when it was last looked at: seconds since 1970, nanoseconds after them, and the low 32 bits of its bytes. */
  readonly time: number
  readonly nanoseconds: number
  readonly size: number
  /** git does not look at the file: it is assumed unchanged, or outside of a sparse checkout. */
  readonly isUnseen: boolean
  /** `git add --intent-to-add`: a name without content. */
  readonly isIntent: boolean
}

/** The entries of an index, or half a sentence on why they cannot be read. */
export type Index = { readonly entries: readonly IndexEntry[] } | { readonly fault: string }

/** Half a million entries are some 50 MiB. */
const MOST_BYTES = 64 * 1024 ** 2
/** Bytes of all names together: version 4 says a long name with few bytes. */
const MOST_NAMES = 128 * 1024 ** 2
/** No system takes a longer path. */
const LONGEST_NAME = 4096

const FORMAT = 0o170000
/** A repository inside the project: a submodule, or anything that was registered as one. */
export const isGitlink = ({ mode }: IndexEntry): boolean => (mode & FORMAT) === 0o160000
/** A folder of a sparse index: what it holds stands in an object and not in the index. */
export const isClosedFolder = ({ mode }: IndexEntry): boolean => (mode & FORMAT) === 0o040000

/**
 * Reads an index as git does, a split one with its shared part. Needs no configuration and no object, follows no link, waits for no
 * pipe and never throws: a box may have written every byte. Without the file there are no entries.
 */
export function readIndex(path: string, hash: HashSize): Index {
  try {
    if (realPath(dirname(path)) !== dirname(path)) return { fault: 'its folder is gone or was replaced by a link' }
    const bytes = readPlain(path)
    if (bytes === null) return { entries: [] }
    const own = parse(bytes, hash)
    return { entries: own.link === null ? own.entries : joined(own.entries, own.link, { folder: dirname(path), hash }) }
  } catch (error) {
    if (error instanceof PaudeError) return { fault: error.message }
    if (error instanceof RangeError) return { fault: CUT }
    return { fault: `it cannot be read (${(error as { code?: string }).code ?? 'unknown'})` }
  }
}

const CUT = 'it is cut short'
const ENDS = 'its entries do not end where it says'
const broken = (fault: string): PaudeError => new PaudeError('refused', fault)

/** null when nothing is there. */
function readPlain(path: string): Buffer | null {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT') return null
    throw code === 'ELOOP' ? broken('it is a link') : error
  }
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw broken('it is not a plain file')
    if (stats.size > MOST_BYTES) throw broken(`it is larger than ${MOST_BYTES / 1024 ** 2} MiB`)
    const bytes = Buffer.alloc(stats.size)
    let size = 0
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = readSync(file, bytes, size, bytes.length - size, null)
    return bytes.subarray(0, size)
  } finally {
    closeSync(file)
  }
}

type Parsed = { readonly entries: readonly IndexEntry[]; readonly link: Buffer | null }
/** Where each entry begins; negative where its name does not stand there in full. Plain numbers: there may be a million. */
type Places = readonly number[]

function parse(bytes: Buffer, hash: HashSize): Parsed {
  const end = bytes.length - hash
  if (end < 12) throw broken(CUT)
  if (bytes.toString('latin1', 0, 4) !== 'DIRC') throw broken('it is not a git index')
  const version = bytes.readUInt32BE(4)
  if (version < 2 || version > 4) throw broken(`its version ${version} is not one of 2, 3 and 4`)
  const count = bytes.readUInt32BE(8)
  // A count that lies is found out before anything is made of it.
  if (count * (42 + hash) > end) throw broken(CUT)
  const entries: IndexEntry[] = []
  const places: number[] = []
  let at = 12
  let previous = ''
  let names = 0
  while (entries.length < count) {
    const { entry, whole, next } = parseEntry(bytes, { at, hash, previous, packed: version === 4 })
    if (next > end) throw broken(CUT)
    names += entry.name.length
    if (names > MOST_NAMES) throw broken('its names are too long')
    entries.push(entry)
    places.push(whole ? at : -at)
    previous = entry.name
    at = next
  }
  return { entries, link: parseExtensions(bytes, { from: at, end, hash, places, packed: version === 4 }) }
}

function parseEntry(
  bytes: Buffer,
  {
    at,
    hash,
    previous,
    packed,
  }: { readonly at: number; readonly hash: HashSize; readonly previous: string; readonly packed: boolean },
): { readonly entry: IndexEntry; readonly whole: boolean; readonly next: number } {
  const mode = bytes.readUInt32BE(at + 24)
  const flags = bytes.readUInt16BE(at + 40 + hash)
  const fixed = 42 + hash + (flags & 0x4000 ? 2 : 0)
  const further = flags & 0x4000 ? bytes.readUInt16BE(at + 42 + hash) : 0
  const prefix = packed ? readVarint(bytes, at + fixed) : { value: 0, next: at + fixed }
  if (prefix.value > previous.length) throw broken('a name in it refers to more of the previous name than exists')
  const kept = packed ? previous.slice(0, previous.length - prefix.value) : ''
  const from = prefix.next
  const length = flags & 0xfff
  // What does not fit in these bits ends at the first NUL.
  const to = length === 0xfff ? bytes.indexOf(0, from) : from + length - kept.length
  if (to < from || to >= bytes.length) throw broken(CUT)
  if (kept.length + to - from > LONGEST_NAME) throw broken(`a name in it is longer than ${LONGEST_NAME} bytes`)
  const name = kept + bytes.toString('latin1', from, to)
  if (bytes[to] !== 0 || name.includes('\0')) throw broken('a name in it does not end where it should')
  return {
    entry: {
      ...{ mode, id: bytes.toString('hex', at + 40, at + 40 + hash), stage: (flags >> 12) & 3, name },
      ...{ time: bytes.readUInt32BE(at + 8), nanoseconds: bytes.readUInt32BE(at + 12), size: bytes.readUInt32BE(at + 36) },
      ...{ isUnseen: (flags & 0x8000) !== 0 || (further & 0x4000) !== 0, isIntent: (further & 0x2000) !== 0 },
    },
    whole: kept === '',
    next: packed ? to + 1 : at + ((fixed + name.length + 8) & ~7),
  }
}

/** git's own number of several bytes, in which each further byte adds one. */
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let byte = bytes.readUInt8(at++)
  let value = byte & 127
  while (byte & 128) {
    if (value > LONGEST_NAME) throw broken('a name in it refers to more of the previous name than exists')
    byte = bytes.readUInt8(at++)
    value = (value + 1) * 128 + (byte & 127)
  }
  return { value, next: at }
}

/**
 * Reads what follows the entries. Returns what `link` says of a shared index, or null. With several threads git starts from tables of
 * offsets, so a table that disagrees with the entries would show git another index than this one.
 */
function parseExtensions(
  bytes: Buffer,
  {
    from,
    end,
    hash,
    places,
    packed,
  }: { readonly from: number; readonly end: number; readonly hash: HashSize; readonly places: Places; readonly packed: boolean },
): Buffer | null {
  let link: Buffer | null = null
  let at = from
  // git looks for this one at a fixed place, whatever extension seems to hold those bytes.
  const last = end - 12 - hash
  if (last >= from && bytes.toString('latin1', last, last + 4) === 'EOIE' && bytes.readUInt32BE(last + 8) !== from)
    throw broken(ENDS)
  while (at + 8 <= end) {
    const signature = bytes.toString('latin1', at, at + 4)
    const next = at + 8 + bytes.readUInt32BE(at + 4)
    if (next > end) throw broken(CUT)
    const body = bytes.subarray(at + 8, next)
    if (signature === 'link') link = body
    else if (signature === 'EOIE' && body.readUInt32BE(0) !== from) throw broken(ENDS)
    else if (signature === 'IEOT' && !isTableOf(body, places, packed)) throw broken('its table of entries is wrong')
    else if (!/^[A-Z]/.test(signature) && signature !== 'sdir') throw broken('it has an extension that paude does not know')
    at = next
  }
  return link
}

/** Whether blocks of entries, each an offset and a number, lie where the table says. */
function isTableOf(table: Buffer, places: Places, packed: boolean): boolean {
  if (table.readUInt32BE(0) !== 1) return false
  let nth = 0
  for (let at = 4; at + 8 <= table.length; at += 8) {
    const place = places[nth] ?? 0
    if (Math.abs(place) !== table.readUInt32BE(at) || (packed && place < 0)) return false
    nth += table.readUInt32BE(at + 4)
  }
  return nth === places.length
}

/** The shared part of a split index, without what was deleted, with what was replaced and added. */
function joined(
  own: readonly IndexEntry[],
  link: Buffer,
  { folder, hash }: { readonly folder: string; readonly hash: HashSize },
): readonly IndexEntry[] {
  const base = link.toString('hex', 0, hash)
  if (base.length !== hash * 2) throw broken(CUT)
  if (/^0+$/.test(base)) return own
  const bytes = readPlain(join(folder, `sharedindex.${base}`))
  if (bytes === null) throw broken('its shared part is missing')
  const shared = parse(bytes, hash)
  if (shared.link !== null) throw broken('its shared part has a shared part itself')
  if (link.length === hash) return merged(shared.entries, own)
  const deleted = readBits(link, hash, shared.entries.length)
  const replaced = readBits(link, deleted.next, shared.entries.length)
  const places = [...replaced.set]
  const news = new Map(places.map((place, nth) => [place, own[nth]]))
  const kept = shared.entries.flatMap((entry, place) => {
    if (deleted.set.has(place)) return []
    if (!news.has(place)) return [entry]
    const replacing = news.get(place)
    if (replacing?.name !== '') throw broken('it replaces entries that its shared part does not have')
    return [{ ...replacing, name: entry.name }]
  })
  return merged(kept, own.slice(places.length))
}

/** In git's order; of two with one name and stage the later one. */
function merged(before: readonly IndexEntry[], added: readonly IndexEntry[]): readonly IndexEntry[] {
  const all = new Map([...before, ...added].map((entry) => [`${entry.name}\0${entry.stage}`, entry]))
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.stage - b.stage))
}

/** The set bits of a bitmap as EWAH packs it, in order, and where it ends. A bit at `most` or above is a fault. */
function readBits(bytes: Buffer, at: number, most: number): { readonly set: ReadonlySet<number>; readonly next: number } {
  const words = bytes.readUInt32BE(at + 4)
  const next = at + 8 + words * 8 + 4
  if (next > bytes.length) throw broken(CUT)
  const set = new Set<number>()
  const add = (bit: number) => {
    if (bit >= most) throw broken('it changes entries that its shared part does not have')
    set.add(bit)
  }
  let bit = 0
  for (let word = 0; word < words; ) {
    const [high, low] = wordAt(bytes, at + 8 + word++ * 8)
    const run = ((low >>> 1) + (high & 1) * 2 ** 31) * 64
    if (low & 1) for (let n = 0; n < run; n++) add(bit + n)
    bit += run
    const last = word + (high >>> 1)
    if (last > words) throw broken(CUT)
    for (; word < last; bit += 64) {
      const [upper, lower] = wordAt(bytes, at + 8 + word++ * 8)
      for (let n = 0; n < 64; n++) if (((n < 32 ? lower : upper) >>> (n % 32)) & 1) add(bit + n)
    }
  }
  return { set, next }
}

const wordAt = (bytes: Buffer, at: number): readonly [high: number, low: number] => [
  bytes.readUInt32BE(at),
  bytes.readUInt32BE(at + 4),
]
