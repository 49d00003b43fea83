import type { Cluster } from '../../box/cluster.ts'
import type { Query } from '../../plan/query.ts'
import { firstOf } from '../../text.ts'
import { type Check, ok, problem, warning } from '../check.ts'
import { kubectl } from './names.ts'
import { missingRights, rightsText } from './rights.ts'

/** What a cluster is asked besides whether it answers. A question that your rights do not cover gives no check. */
export const clusterChecks = (cluster: Cluster): readonly Query<readonly Check[]>[] => {
  const asked = (...words: readonly string[]) => kubectl(cluster, '--request-timeout=10s', ...words)
  return [
    { argv: asked('version', '--output=json'), parse: skewChecks },
    { argv: asked('auth', 'can-i', '--list', '--no-headers'), parse: rightChecks },
    { argv: asked('get', 'storageclasses', '--output=json'), parse: (stdout) => storageChecks(stdout, cluster.storageClass) },
    { argv: asked('get', 'networkpolicies', '--output=json'), parse: (stdout) => policyChecks(stdout, cluster.namespace) },
    {
      argv: asked('get', 'nodes', '--output=jsonpath={.items[*].status.nodeInfo.architecture}'),
      parse: (stdout) => nodeChecks(stdout, { here: HERE, chosen: cluster.nodeSelector['kubernetes.io/arch'] ?? '' }),
    },
    { argv: asked('get', 'namespace', cluster.namespace, '--output=json'), parse: namespaceChecks },
  ]
}

/** The processor of images that are built here, as a node tells its own. */
const HERE = process.arch === 'x64' ? 'amd64' : process.arch

/** Images that are built on this machine run on nodes of its processor alone. `chosen` is what the node selector names, '' for none. */
export function nodeChecks(
  stdout: string,
  { here, chosen }: { readonly here: string; readonly chosen: string },
): readonly Check[] {
  const there = [...new Set(stdout.split(' ').filter((one) => one !== ''))].toSorted()
  const used = there.filter((one) => chosen === '' || one === chosen)
  if (there.length === 0) return []
  if (used.length === 1 && used[0] === here) return [ok('nodes', `${here}, like this machine`)]
  return used.includes(here)
    ? [
        warning(
          'nodes',
          `of ${firstOf(there)}, and images that are built here are for ${here} alone`,
          `kubernetes.node_selector = ["kubernetes.io/arch=${here}"]`,
        ),
      ]
    : [
        problem(
          'nodes',
          used.length === 0
            ? `none is of ${chosen}, which kubernetes.node_selector names (there are: ${firstOf(there)})`
            : `of ${firstOf(used)}, and images that are built here are for ${here}`,
          used.length === 0
            ? 'correct kubernetes.node_selector'
            : 'start from a machine like the nodes, or build the images there',
        ),
      ]
}

/** How far client and server may be apart, in minor versions. */
const SKEW = 1

/** Of `kubectl version --output=json`. */
export function skewChecks(stdout: string): readonly Check[] {
  const { clientVersion, serverVersion } = JSON.parse(stdout) as Partial<
    Record<'clientVersion' | 'serverVersion', { readonly gitVersion?: string }>
  >
  const [client, server] = [clientVersion?.gitVersion ?? '', serverVersion?.gitVersion ?? '']
  const [one, other] = [minorOf(client), minorOf(server)]
  if (one === null || other === null) return []
  return Math.abs(one - other) <= SKEW
    ? [ok('kubectl', `${client}, for a cluster of ${server}`)]
    : [
        warning(
          'kubectl',
          `${client} is ${Math.abs(one - other)} versions away from the cluster's ${server}`,
          `install kubectl 1.${other}`,
        ),
      ]
}

const minorOf = (version: string): number | null => {
  const [, minor] = /^v?1\.(\d+)\./.exec(version) ?? []
  return minor === undefined ? null : Number(minor)
}

export function rightChecks(table: string): readonly Check[] {
  const missing = missingRights(table)
  return missing.length === 0
    ? [ok('rights in the cluster', 'all that a session needs')]
    : [problem('rights in the cluster', `missing: ${rightsText(missing)}`, 'paude kubernetes rbac prints the Role to ask for')]
}

type Listed<T> = { readonly items?: readonly T[] }
type Named = { readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> } }

/** `wanted` is '' for the default class. */
export function storageChecks(stdout: string, wanted: string): readonly Check[] {
  const { items = [] } = JSON.parse(stdout) as Listed<Named>
  const names = items.map(({ metadata }) => metadata.name)
  const usual = items.find(({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true')
  const fix = 'list them: kubectl get storageclass; then set kubernetes.storage_class'
  if (wanted !== '')
    return names.includes(wanted)
      ? [ok('storage of the cluster', wanted)]
      : [problem('storage of the cluster', `there is no storage class ${wanted}`, fix)]
  return usual === undefined
    ? [problem('storage of the cluster', `no storage class is the default one (there are: ${firstOf(names) || 'none'})`, fix)]
    : [ok('storage of the cluster', usual.metadata.name)]
}

type Policy = {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: {
    readonly podSelector?: {
      readonly matchLabels?: Readonly<Record<string, string>>
      readonly matchExpressions?: readonly unknown[]
    }
    readonly egress?: readonly unknown[]
    readonly ingress?: readonly unknown[]
  }
}

/** Policies add up, so one of others that selects every pod of the namespace lets the agents through where it allows something. */
export function policyChecks(stdout: string, namespace: string): readonly Check[] {
  const { items = [] } = JSON.parse(stdout) as Listed<Policy>
  const wide = items.filter(isWide).map(({ metadata }) => metadata.name)
  return wide.length === 0
    ? [ok('network policies', `none of ${namespace} opens the wall`)]
    : [
        problem(
          'network policies',
          `${firstOf(wide)} of the namespace ${namespace} ${wide.length === 1 ? 'allows' : 'allow'} traffic of every pod, so of agents too`,
          'give the sessions a namespace of their own: kubernetes.namespace',
        ),
      ]
}

/** Not paude's, for pods without naming a label they must have, and with something that it allows. */
function isWide({ metadata, spec = {} }: Policy): boolean {
  const { podSelector = {}, egress = [], ingress = [] } = spec
  const ours = Object.keys(metadata.labels ?? {}).some((name) => name.startsWith('paude.'))
  // An expression may select by absence, so it may fit any pod.
  const chosen = Object.keys(podSelector.matchLabels ?? {}).length > 0
  return !ours && !chosen && egress.length + ingress.length > 0
}

/** The level that a namespace enforces makes no session weaker; without one, others of it may. */
export function namespaceChecks(stdout: string): readonly Check[] {
  const { metadata } = JSON.parse(stdout) as {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  }
  const level = metadata.labels?.['pod-security.kubernetes.io/enforce'] ?? ''
  return level === 'restricted'
    ? [ok('namespace', `${metadata.name}, which admits restricted pods alone`)]
    : [
        warning(
          'namespace',
          `${metadata.name} admits ${level === '' ? 'any pod' : `pods of the level ${level}`}`,
          `kubectl label namespace ${metadata.name} --overwrite pod-security.kubernetes.io/enforce=restricted`,
        ),
      ]
}
