import { inside, NEVER_RANGES, PRIVATE_RANGES, readRange } from '../../network/ranges.ts'
import { PORTS } from './names.ts'
import type { Manifest } from './object.ts'
import { object } from './object.ts'
import type { Spec } from './pods.ts'

/**
 * The walls that stay in the namespace when a session goes: whatever becomes of the policies of a session, its pods have no more than these.
 * No agent reaches anything or is reached; every proxy reaches names and the public internet.
 */
export const standing = (): readonly Manifest[] => [
  policy('paude-agents', { 'paude.role': 'agent' }, {}),
  policy('paude-looks', { 'paude.role': 'look' }, {}),
  policy('paude-proxies', { 'paude.role': 'proxy' }, { egress: [names, world('0.0.0.0/0'), world('::/0')] }),
]

/** The one way of an agent, and who may use it. A session without a network has none. */
export function ways({
  id,
  network,
  own: {
    cluster: { egressCidrs },
  },
}: Spec): readonly Manifest[] {
  if (network.mode === 'none') return []
  const of = (role: string) => ({ 'paude.id': id, 'paude.role': role })
  const ports = [PORTS.proxy, PORTS.roots, PORTS.baseUrl].map((port) => ({ protocol: 'TCP', port }))
  // Private addresses that a name of the allowlist declares; squid lets nothing else there.
  const opened = network.policy.allow.filter(({ privateRange }) => privateRange !== '')
  return [
    policy(`${id}-agent`, of('agent'), { egress: [{ to: [pods(of('proxy'))], ports }] }, id),
    policy(
      `${id}-proxy`,
      of('proxy'),
      {
        ingress: [{ from: [pods(of('agent'))], ports }],
        egress: [
          ...opened.map(({ privateRange, ports: own }) => ({
            to: [block(privateRange, NEVER_RANGES)],
            ports: own.map((port) => ({ protocol: 'TCP', port })),
          })),
          // For hosts that the allowlist gets later; squid still decides by name, port and range.
          ...egressCidrs.map((cidr) => ({
            to: [block(cidr, NEVER_RANGES)],
            ports: [{ protocol: 'TCP', port: 1, endPort: 65_535 }],
          })),
        ],
      },
      id,
    ),
  ]
}

/** Whoever has a way to the pod may use it; it has none itself. */
export const open = (name: string, matchLabels: Readonly<Record<string, string>>, id: string): Manifest =>
  policy(name, matchLabels, { ingress: [{}] }, id)

/** One more way of the proxy of a session: to these pods, as a part of the session `id`. */
export const waysTo = (
  matchLabels: Readonly<Record<string, string>>,
  { id, session }: { readonly id: string; readonly session: string },
): Manifest =>
  policy(`${session}-beside`, { 'paude.id': session, 'paude.role': 'proxy' }, { egress: [{ to: [pods(matchLabels)] }] }, id)

type Rules = { readonly ingress?: readonly unknown[]; readonly egress?: readonly unknown[] }

/** Both ways are closed but for these rules. */
const policy = (name: string, matchLabels: Readonly<Record<string, string>>, { ingress = [], egress = [] }: Rules, id = '') =>
  object('networking.k8s.io/v1', 'NetworkPolicy', {
    name,
    labels: id === '' ? {} : { 'paude.id': id },
    spec: { podSelector: { matchLabels }, policyTypes: ['Ingress', 'Egress'], ingress, egress },
  })

const pods = (matchLabels: Readonly<Record<string, string>>) => ({ podSelector: { matchLabels } })

/** Clusters have their resolvers in one of these namespaces, or on an address of the node. */
const names = {
  to: [
    ...['kube-system', 'openshift-dns'].map((name) => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    })),
    { ipBlock: { cidr: '169.254.20.10/32' } },
  ],
  ports: [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ protocol, port }))),
}

/** All of it but what is this cluster's own, or nobody's: nodes, pods, services and metadata have private or link-local addresses. */
const world = (cidr: string) => ({ to: [block(cidr, [...NEVER_RANGES, ...PRIVATE_RANGES])] })

/** A range without what of these lies in it. */
function block(cidr: string, never: readonly string[]) {
  const outer = readRange(cidr)
  const except = never.filter((text) => {
    const range = readRange(text)
    return outer !== null && range !== null && inside(range, outer)
  })
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } }
}
