import { readSync } from 'node:fs'
import type { Item } from './receive.ts'

const BLOCK = 512
const PIECE = 1024 ** 2

export type Owner = { readonly uid: number; readonly gid: number }

/** What stands before the content of an entry. Long names go before it as GNU's tar writes them: busybox knows no other way. */
export function tarHeader(item: Omit<Item, 'at'>, { uid, gid }: Owner): Buffer {
  const path = `${item.path === '' ? '.' : item.path}${item.kind === 'folder' ? '/' : ''}`
  const type = item.kind === 'folder' ? '5' : item.kind === 'link' ? '2' : '0'
  const own = { uid, gid, mode: item.mode, size: item.kind === 'file' ? item.size : 0, target: item.target, type }
  return Buffer.concat([...longName('L', path), ...longName('K', item.target), block({ ...own, path })])
}

/** What fills up the last block of a content. */
export const filling = (size: number): Uint8Array => new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK)

export const TAR_END = new Uint8Array(2 * BLOCK)

/** Items whose contents lie in a spool, as a tar stream. `under` is put before each path. */
export function* packed(
  items: readonly Item[],
  spool: number,
  { under, owner }: { readonly under: string; readonly owner: Owner },
) {
  for (const item of items) {
    const path = [under, item.path].filter(Boolean).join('/')
    yield tarHeader({ ...item, path }, owner)
    if (item.kind !== 'file') continue
    yield* contentOf(item, spool)
    yield filling(item.size)
  }
  yield TAR_END
}

/** The content of an item, piece by piece. */
export function* contentOf({ at, size }: Pick<Item, 'at' | 'size'>, spool: number): Generator<Uint8Array> {
  for (let done = 0; done < size; ) {
    const piece = Buffer.alloc(Math.min(PIECE, size - done))
    const count = readSync(spool, piece, 0, piece.length, at + done)
    if (count === 0) throw new Error('the spool is shorter than it was')
    yield piece.subarray(0, count)
    done += count
  }
}

function longName(type: 'L' | 'K', name: string): readonly Buffer[] {
  const bytes = Buffer.from(`${name}\0`)
  if (bytes.length <= 100) return []
  const header = block({ path: '././@LongLink', type, size: bytes.length, mode: 0, uid: 0, gid: 0, target: '' })
  return [header, bytes, Buffer.from(filling(bytes.length))]
}

type Block = Owner & {
  readonly path: string
  readonly type: string
  readonly size: number
  readonly mode: number
  readonly target: string
}

function block({ path, type, size, mode, uid, gid, target }: Block): Buffer {
  const header = Buffer.alloc(BLOCK)
  const number = (value: number, at: number, digits: number) => header.write(`${value.toString(8).padStart(digits, '0')}\0`, at)
  header.set(Buffer.from(path).subarray(0, 100), 0)
  number(mode, 100, 7)
  number(Math.min(uid, 0o7777777), 108, 7)
  number(Math.min(gid, 0o7777777), 116, 7)
  number(size, 124, 11)
  number(Math.floor(Date.now() / 1000), 136, 11)
  header.write(type, 156)
  header.set(Buffer.from(target).subarray(0, 100), 157)
  header.write('ustar  \0', 257)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
