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
  readonly interfaces: ReturnType<typeof networkInterfaces>
  /** Whether an interface is a bridge, behind which are containers alone. */
  readonly isBridge: (name: string) => boolean
}

/** Loopback: where the engine is a machine of its own, that machine hands connections on to it. */
export const LOOPBACK: Door = { hostname: '127.0.0.1', admits: () => true }

/**
 * The door for a proxy that has this hosts file. Docker and podman as root name the address of their bridge there; rootless podman
 * names one of the machine's own, and its connections come from that same address.
 */
export function doorFor(hosts: string, { interfaces, isBridge }: Machine): Door {
  const own = Object.entries(interfaces).flatMap(([name, list = []]) =>
    list.flatMap(({ address, cidr, internal, family }) => (internal || family !== 'IPv4' ? [] : [{ name, address, cidr }])),
  )
  const found = candidates(hosts).flatMap((candidate) => own.find(({ address }) => address === candidate) ?? [])[0]
  if (found === undefined) return LOOPBACK
  const allowed = new BlockList()
  allowed.addAddress(found.address)
  const [network = '', bits = ''] = found.cidr?.split('/') ?? []
  if (isBridge(found.name) && bits !== '') allowed.addSubnet(network, Number(bits))
  return { hostname: found.address, admits: (peer) => allowed.check(peer) }
}

/** Addresses under the machine's names first. Behind them the box's own: pasta gives it the machine's. */
function candidates(hosts: string): readonly string[] {
  const rows = hosts.split('\n').map((line) => line.trim().split(/\s+/))
  const named = NAMES.flatMap((name) => rows.filter(([, ...names]) => names.includes(name)))
  return [...named, ...rows].map(([address = '']) => address)
}

/** In the order in which the proxy looks for them. */
const NAMES = ['host.paude.internal', 'host.containers.internal', 'host.docker.internal']
