import { broken, every, held, notApplicable, nothing, type Probe, refused, unreachable, when, withPerl, words } from './probe.ts'

/** `00000000…:PORT` and the like: only 127.0.0.1 (0100007F) and ::1 are nobody else's. */
const onLoopback = (listener: string): boolean => /^([0-9A-F]{6}7F|0{24}01000000):/.test(listener)

export const networkProbes: readonly Probe[] = [
  {
    id: 'N01',
    area: 'network',
    claim: 'The agent cannot reach a routable IPv4 address by TCP',
    judge: every(
      ['192.0.2.1', '198.51.100.1', '203.0.113.1', '10.0.0.1'].map((address) => `box.tcp.${address}`),
      unreachable,
    ),
  },
  {
    id: 'N02',
    area: 'network',
    claim: 'The agent cannot reach an IPv6 address',
    judge: every(['box.tcp6.documentation', 'box.tcp6.local'], unreachable),
  },
  {
    id: 'N03',
    area: 'network',
    claim: 'The agent cannot reach an open port of this machine without the proxy',
    judge: every(['box.host.allowed', 'box.host.other'], unreachable),
    inPod: { claim: 'The agent cannot reach an open port of another pod without the proxy' },
  },
  {
    id: 'N04',
    area: 'network',
    claim: 'No connection from the sandbox reached this machine without the proxy',
    judge: when(
      'witness.closed',
      (value) => value === '0',
      (value) => `${value} connections`,
    ),
    inPod: { claim: 'No connection from the sandbox reached that pod without the proxy' },
  },
  {
    id: 'N05',
    area: 'network',
    claim: "The agent cannot reach this machine's own addresses",
    judge: (facts, want) =>
      Object.keys(facts).some((key) => key.startsWith('box.host.address.'))
        ? every(['box.host.address.'], unreachable)(facts, want)
        : notApplicable('this machine has no address of its own'),
    inPod: { claim: 'The agent cannot reach the API server of the cluster', judge: when('box.governor', unreachable) },
  },
  {
    id: 'N06',
    area: 'network',
    claim: 'The agent cannot reach a cloud metadata service directly',
    judge: when('box.metadata.tcp', unreachable),
  },
  {
    id: 'N07',
    area: 'network',
    claim: 'The agent cannot reach an outside DNS server, by UDP or TCP',
    judge: every(['box.dns.udp', 'box.dns.tcp'], unreachable),
    inPod: {
      claim: "The agent cannot reach the cluster's DNS server, by UDP or TCP",
      judge: (facts, want) => {
        const answered = when('box.dns.udp', (value) => ['nothing listens', 'no answer'].includes(value))(facts, want)
        return answered.result === 'held' ? when('box.dns.tcp', unreachable)(facts, want) : answered
      },
    },
  },
  {
    id: 'N08',
    area: 'network',
    claim: "The engine's embedded resolver (127.0.0.11) does not answer",
    judge: when('box.dns.embedded', (value) => value === 'nothing listens'),
  },
  { id: 'N09', area: 'network', claim: 'No name resolves in the sandbox', judge: when('box.names', nothing) },
  {
    id: 'N10',
    area: 'network',
    claim: 'No multicast leaves the sandbox',
    judge: when('box.udp.broadcast', unreachable),
    inPod: 'nothing answers multicast, so a pod that is closed looks like one that is not',
  },
  {
    id: 'N11',
    area: 'network',
    claim: 'The only network interface is loopback',
    judge: when('box.interfaces', (value) => words(value).length > 0 && words(value).every((name) => LOOPBACK.has(name))),
    inPod: 'a pod has an interface; its policies close it',
  },
  {
    id: 'N12',
    area: 'network',
    claim: 'The sandbox has no route',
    judge: every(['box.routes', 'box.routes6'], (value) => words(value).every((name) => name === 'lo')),
    inPod: 'a pod has routes; its policies close them',
  },
  {
    id: 'N13',
    area: 'network',
    claim: 'The only listener is the relay to the proxy, on loopback',
    judge: when(
      'box.listeners',
      (value) => words(value).join() === '0100007F:0C38',
      (value) => words(value).map(readableSocket).join(' ') || 'nothing',
    ),
  },
  {
    id: 'N14',
    area: 'network',
    claim: 'The agent cannot see abstract sockets of other programs',
    judge: when('box.abstract', nothing),
  },
  {
    id: 'N15',
    area: 'network',
    claim: 'Raw and packet sockets are refused',
    judge: withPerl('box.raw.', refused),
  },
  {
    id: 'N16',
    area: 'network',
    claim: 'If the agent can make a network namespace, it has only loopback',
    judge: (facts) => {
      const seen = facts['box.namespace.new']
      if (seen === undefined) return broken('box.namespace.new was not observed')
      if (/not permitted|failed|denied|no space/i.test(seen)) return held(seen.trim())
      return words(seen).length > 0 && words(seen).every((name) => LOOPBACK.has(name))
        ? held(`made; interfaces: ${seen.trim()}`)
        : broken(seen.trim() || 'no answer')
    },
  },
  {
    id: 'N18',
    area: 'network',
    claim: "squid listens on the proxy's own loopback only",
    judge: when(
      'proxy.listeners',
      (value) => words(value).length > 0 && words(value).every(onLoopback),
      (value) => words(value).map(readableSocket).join(' ') || 'nothing',
    ),
    inPod: 'it listens for the pod of the agent; B01 and B04 show that others do not reach it',
  },
  {
    id: 'N19',
    area: 'network',
    claim: 'The hosts file names no host outside the sandbox',
    judge: when('box.hosts', loopbackNames),
  },
]

/** The kernel puts some of its own into every namespace; without an address they lead nowhere. */
const LOOPBACK = new Set([
  'lo',
  'tunl0',
  'gre0',
  'gretap0',
  'erspan0',
  'ip_vti0',
  'ip6_vti0',
  'sit0',
  'ip6tnl0',
  'ip6gre0',
  'teql0',
])

/** Whether every address in a hosts file is loopback, unspecified or a multicast name of the standard file. */
function loopbackNames(text: string): boolean {
  const addresses = words(text).filter((word) => /^\d+\.\d+\.\d+\.\d+$|:/.test(word))
  return addresses.every((address) => /^127\.|^::1$|^f[ef]0[02]::\d$|^ff02::\d$/.test(address))
}

function readableSocket(socket: string): string {
  const [address = '', port = ''] = socket.split(':')
  if (address.length !== 8) return `[${address}]:${Number.parseInt(port, 16)}`
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(address.slice(at, at + 2), 16))
  return `${bytes.join('.')}:${Number.parseInt(port, 16)}`
}
