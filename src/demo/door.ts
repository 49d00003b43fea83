import { BlockList } from 'node:net'
import type { networkInterfaces } from 'node:os'

/** Where the model API listens, and whom it answers. */
export type Door = {
  readonly hostname: string
  /** Whether an address of a caller is that of the box's proxy. */
  readonly admits: (peer: string) => boolean
}

/** This machine as the choice of a door sees it. */
export type Machine = {
  /** Its names in a hosts file, the best first. */
  readonly names: readonly string[]
  readonly interfaces: ReturnType<typeof networkInterfaces>
  /** Whether an interface is a bridge, behind which are containers alone. */
  readonly isBridge: (name: string) => boolean
}

/** Loopback: where the engine is a machine of its own, that machine hands connections on to it. */
export const LOOPBACK: Door = { hostname: '127.0.0.1', admits: () => true }

/**
 * The door for a proxy that has this hosts file. Engines that run as root name the address of their bridge there; rootless ones
 * name one of the machine's own, and its connections come from that same address.
 */
export function doorFor(hosts: string, { names, interfaces, isBridge }: Machine): Door {
  const own = Object.entries(interfaces).flatMap(([name, list = []]) =>
    list.flatMap(({ address, cidr, internal, family }) => (internal || family !== 'IPv4' ? [] : [{ name, address, cidr }])),
  )
  const found = candidates(hosts, names).flatMap((candidate) => own.find(({ address }) => address === candidate) ?? [])[0]
  if (found === undefined) return LOOPBACK
  const allowed = new BlockList()
  allowed.addAddress(found.address)
  const [network = '', bits = ''] = found.cidr?.split('/') ?? []
  if (isBridge(found.name) && bits !== '') allowed.addSubnet(network, Number(bits))
  return { hostname: found.address, admits: (peer) => allowed.check(peer) }
}

/** Addresses under the machine's names first. Behind them the box's own: pasta gives it the machine's. */
function candidates(hosts: string, names: readonly string[]): readonly string[] {
  const rows = hosts.split('\n').map((line) => line.trim().split(/\s+/))
  const named = names.flatMap((name) => rows.filter(([, ...called]) => called.includes(name)))
  return [...named, ...rows].map(([address = '']) => address)
}
