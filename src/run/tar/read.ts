const BLOCK = 512

/** Bytes of a record that says more of the next entry, such as a long path. */
const MOST_RECORD = 64 * 1024

/** Bytes behind the end that are taken: some programs fill up their last record, and would end of a broken pipe. */
const MOST_FILLING = 64 * 1024

export type TarHeader = {
  /** As it is written there. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link' | 'hard link' | 'other'
  readonly mode: number
  readonly size: number
  /** Where a link leads. */
  readonly target: string
}

/** Takes the content of an entry, piece by piece. */
export type Sink = (part: Uint8Array) => void | Promise<void>

type Reading = {
  /** Told of each entry; null for one whose content is not wanted. */
  readonly entry: (header: TarHeader) => Sink | null
  /** Makes the error of what is wrong: `is a broken archive`. */
  readonly fault: (what: string) => Error
  readonly most: { readonly entries: number; readonly bytes: number }
}

/** Reads a tar stream that a stranger may have written. It judges no name: who takes the entries does. */
export async function readTar(chunks: AsyncIterable<Uint8Array>, { entry, fault, most }: Reading): Promise<void> {
  const source = takeFrom(chunks)
  let [entries, bytes] = [0, 0]
  let more: More = {}
  const content = async (size: number, sink: Sink) => {
    bytes += size
    if (bytes > most.bytes) throw fault(`holds more than ${most.bytes / 1024 ** 2} MiB`)
    if (!(await source.take(size, sink))) throw broken(fault)
    const filling = (BLOCK - (size % BLOCK)) % BLOCK
    if (!(await source.take(filling, ignore))) throw broken(fault)
  }
  for (;;) {
    const block = await source.whole(BLOCK)
    // Some programs leave the end out.
    if (block === null) break
    if (block.every((byte) => byte === 0)) break
    if (++entries > most.entries) throw fault(`holds more than ${most.entries} files`)
    const { type, ...header } = readHeader(block, fault)
    if (RECORDS.includes(type)) {
      if (header.size > MOST_RECORD) throw broken(fault)
      const parts: Uint8Array[] = []
      await content(header.size, (part) => void parts.push(part.slice()))
      more = { ...more, ...recordOf(type, Buffer.concat(parts)) }
      continue
    }
    const size = HAS_CONTENT.test(type) ? (more.size ?? header.size) : 0
    if (!Number.isSafeInteger(size) || size < 0) throw broken(fault)
    const sink = entry({ ...header, ...more, size, kind: KINDS[type] ?? 'other' })
    more = {}
    await content(size, sink ?? ignore)
  }
  await source.take(MOST_FILLING, ignore)
}

type More = { readonly path?: string; readonly target?: string; readonly size?: number }

const ignore = (): void => undefined
const broken = (fault: Reading['fault']): Error => fault('is a broken archive')

const KINDS: Readonly<Record<string, TarHeader['kind']>> = {
  '': 'file',
  '0': 'file',
  '1': 'hard link',
  '2': 'link',
  '5': 'folder',
}

/** What these say in their size is not behind them. */
const HAS_CONTENT = /^[^1-6]?$/

/** For the next entry: by POSIX, and GNU's long path and long target. `g` holds for all, and says nothing that is wanted. */
const RECORDS = ['x', 'g', 'L', 'K']

function recordOf(type: string, content: Uint8Array): More {
  switch (type) {
    case 'L':
      return { path: text(content) }
    case 'K':
      return { target: text(content) }
    case 'x': {
      const { path, linkpath: target, size } = paxRecords(content)
      return {
        ...(path === undefined ? {} : { path }),
        ...(target === undefined ? {} : { target }),
        ...(size === undefined ? {} : { size: /^\d+$/.test(size) ? Number(size) : Number.NaN }),
      }
    }
    default:
      return {}
  }
}

/** Records of `LENGTH KEY=VALUE`; of one that is wrong nothing is taken. */
function paxRecords(content: Uint8Array): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [, key = '', value = ''] of new TextDecoder().decode(content).matchAll(/(?:^|\n)\d+ ([\w.]+)=([^\n]*)(?=\n)/g))
    found[key] = value
  return found
}

function readHeader(block: Uint8Array, fault: Reading['fault']) {
  const field = (from: number, length: number) => text(block.subarray(from, from + length))
  const number = (from: number, length: number) => Number.parseInt(field(from, length).trim() || '0', 8)
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  const [mode, size] = [number(100, 8), number(124, 12)]
  if (number(148, 8) !== sum || !Number.isSafeInteger(size) || size < 0) throw broken(fault)
  const prefix = field(257, 5) === 'ustar' ? field(345, 155) : ''
  return {
    path: prefix === '' ? field(0, 100) : `${prefix}/${field(0, 100)}`,
    type: field(156, 1),
    mode: Number.isSafeInteger(mode) ? mode : 0o600,
    size,
    target: field(157, 100),
  }
}

const text = (field: Uint8Array): string => {
  const end = field.indexOf(0)
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end))
}

/** Hands out so many bytes of a stream; how it is cut into chunks is nobody's business. */
function takeFrom(chunks: AsyncIterable<Uint8Array>) {
  const source = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array(0)
  /** Whether there was as much. */
  const take = async (count: number, sink: Sink): Promise<boolean> => {
    for (let left = count; left > 0; ) {
      if (rest.length === 0) {
        const { done, value } = await source.next()
        if (done === true) return false
        rest = value
      }
      const part = rest.subarray(0, left)
      rest = rest.subarray(part.length)
      left -= part.length
      await sink(part)
    }
    return true
  }
  return {
    take,
    whole: async (count: number): Promise<Uint8Array | null> => {
      const bytes = new Uint8Array(count)
      let at = 0
      const complete = await take(count, (part) => {
        bytes.set(part, at)
        at += part.length
      })
      return complete ? bytes : null
    },
  }
}
