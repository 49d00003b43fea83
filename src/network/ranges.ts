/** A block of addresses; `bits` is 32 or 128. */
export type Range = { readonly base: bigint; readonly length: number; readonly bits: 32 | 128 }

/**
 * Never reachable through the proxy, whoever asks: this host, link-local, translation prefixes, multicast, reserved, and what clouds tell
 * their machines of themselves. Some of the last lie in public or private space.
 */
export const NEVER_RANGES = [
  '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.88.99.0/24 224.0.0.0/4 240.0.0.0/4',
  '::/128 ::1/128 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2002::/16 fe80::/10 fec0::/10 ff00::/8',
  // Azure, Alibaba, AWS, Google.
  '168.63.129.16/32 100.100.100.200/32 fd00:ec2::254/128 fd20:ce::254/128',
].flatMap((line) => line.split(' '))

/** Private use, carrier-grade NAT, benchmarking and documentation: reachable only by a name that declares its range. */
export const PRIVATE_RANGES = [
  '10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15',
  '192.0.2.0/24 198.51.100.0/24 203.0.113.0/24',
  'fc00::/7 2001:db8::/32',
].flatMap((line) => line.split(' '))

/** Reads a CIDR; null when it is none or has bits set behind its length. */
export function readRange(text: string): Range | null {
  const [, address, digits] = /^([0-9a-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(text) ?? []
  const read = address === undefined ? null : readAddress(address)
  const length = Number(digits)
  if (read === null || length > read.bits) return null
  return read.base & (size({ ...read, length }) - 1n) ? null : { ...read, length }
}

/** Canonical text of a range. */
export const rangeText = ({ base, length, bits }: Range): string => `${bits === 32 ? v4Text(base) : v6Text(base)}/${length}`

/** Whether `inner` lies inside `outer`, itself included. */
export const inside = (inner: Range, outer: Range): boolean =>
  inner.bits === outer.bits && inner.length >= outer.length && inner.base >= outer.base && inner.base < outer.base + size(outer)

/** Whether a range lies in one of these. */
export const isWithin = (range: Range, ranges: readonly string[]): boolean =>
  ranges.some((text) => {
    const outer = readRange(text)
    return outer !== null && inside(range, outer)
  })

/** Whether all of a range is never reachable. */
export const isNever = (range: Range): boolean => isWithin(range, NEVER_RANGES)

/** Whether an address lies in one of these ranges. */
export const isIn = (address: string, ranges: readonly string[]): boolean => {
  const read = readAddress(address)
  return read !== null && isWithin({ ...read, length: read.bits }, ranges)
}

/** The ranges of the list that stay when one is opened: a list to deny must be exact, for a name may have several addresses. */
export const withoutRange = (list: readonly string[], opened: string): readonly string[] => {
  const hole = readRange(opened)
  return hole === null
    ? list
    : list.flatMap((text) => (readRange(text) === null ? [text] : subtract(readRange(text) as Range, hole).map(rangeText)))
}

function subtract(range: Range, hole: Range): readonly Range[] {
  if (inside(range, hole)) return []
  if (!inside(hole, range)) return [range]
  const length = range.length + 1
  const low = { ...range, length }
  return [...subtract(low, hole), ...subtract({ ...low, base: range.base + size(low) }, hole)]
}

const size = ({ length, bits }: Range): bigint => 1n << BigInt(bits - length)

function readAddress(text: string): Pick<Range, 'base' | 'bits'> | null {
  if (!text.includes(':')) return readV4(text)
  const url = URL.parse(`http://[${text}]`)
  return url === null ? null : { base: readV6(url.hostname.slice(1, -1)), bits: 128 }
}

function readV4(text: string): Pick<Range, 'base' | 'bits'> | null {
  const bytes = text.split('.')
  if (bytes.length !== 4 || !bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)) return null
  return { base: bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n), bits: 32 }
}

/** Takes what the URL parser made: hexadecimal groups with at most one `::`. */
function readV6(canonical: string): bigint {
  const [head = '', tail] = canonical.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n)
}

const v4Text = (base: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (base >> shift) & 255n).join('.')

function v6Text(base: bigint): string {
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((base >> shift) & 65535n).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
