import { oneWord, row, takenBy, text, texts } from '../../key.ts'
import { readChange } from './pod-patch.ts'
import {
  bytesOf,
  readAnnotation,
  readContext,
  readEgress,
  readLabel,
  readLimit,
  readName,
  readRegistry,
  readRequest,
  readSelector,
  readToleration,
} from './words.ts'

/** A name of the cluster's; '' leaves it to the cluster, or to kubectl. */
const named = (key: string, meaning: string, facts: { readonly danger?: string; readonly initial?: string } = {}) =>
  row({
    key: `kubernetes.${key}`,
    meaning,
    initial: '',
    schema: text,
    rule: 'differs',
    read: (value) => readName(value, key),
    ...facts,
  })

const listed = (key: string, meaning: string, read: (entry: string) => unknown, facts: { readonly danger?: string } = {}) =>
  row({
    key: `kubernetes.${key}`,
    meaning,
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    lines: true,
    read,
    ...facts,
  })

const sized = (key: string, meaning: string, initial: string) =>
  row({
    key: `kubernetes.${key}`,
    meaning,
    initial,
    schema: (v) => v.pipe(text(v), v.check(takenBy(bytesOf), 'must be a size like "10Gi"')),
    rule: { limit: bytesOf },
    withoutBox: 'free',
  })

/** `[kubernetes]`: which cluster, and what the pods of a session get of it. */
export const kubernetesKeys = {
  kubernetesContext: row({
    key: 'kubernetes.context',
    meaning: 'Context of your kubeconfig that names the cluster (default: the current one)',
    initial: '',
    schema: text,
    rule: 'differs',
    read: readContext,
    danger: 'that cluster gets your files and your credential',
  }),
  kubernetesNamespace: named('namespace', 'Namespace of the sessions; it must exist', {
    initial: 'paude',
    danger: 'those who may read its Secrets get your credential',
  }),
  kubernetesRegistry: row({
    key: 'kubernetes.registry',
    meaning:
      'Place in a registry, like registry.example.org/team, to which paude pushes its own images for the nodes (default: they have them already)',
    initial: '',
    schema: text,
    rule: 'own',
    read: readRegistry,
    notIn: { project: 'the proxy, which has your credential, runs an image from there' },
  }),
  kubernetesPullSecrets: listed('pull_secrets', 'Secrets of the namespace with logins of image registries', (value) =>
    readName(value, 'pull_secrets'),
  ),
  kubernetesStorageClass: named('storage_class', 'Storage class of the volumes (default: the one of the cluster)'),
  kubernetesHomeSize: sized(
    'home_size',
    "Size of the volume with the agent's HOME, which your sessions of a project share",
    '5Gi',
  ),
  kubernetesWorkspaceSize: sized('workspace_size', 'Size of the volume with the workspace of a session', '10Gi'),
  kubernetesRetention: oneWord(['keep', 'delete'], {
    key: 'kubernetes.retention',
    meaning:
      "What becomes of the volume with the agent's HOME when paude rm or paude prune removes the last session that has it: keep, or delete, with settings and conversations",
    initial: 'keep',
    rule: 'own',
    withoutBox: 'free',
    notIn: { project: 'it decides what of yours is deleted' },
  }),
  kubernetesRequests: listed('requests', 'What a node must have free for the sandbox, like cpu=500m or memory=1Gi', readRequest),
  kubernetesLimits: listed(
    'limits',
    'Further limits of the sandbox, like ephemeral-storage=10Gi or nvidia.com/gpu=1; cores and memory have limits.cpus and limits.memory',
    readLimit,
  ),
  kubernetesNodeSelector: listed('node_selector', 'Labels that the node of a session must have, like disk=ssd', readSelector),
  kubernetesTolerations: listed(
    'tolerations',
    'Taints of nodes that a session tolerates, like dedicated=agents:NoSchedule',
    readToleration,
  ),
  kubernetesRuntimeClass: named('runtime_class', 'Runtime class of the sandbox, such as gvisor', {
    danger: 'replaces the runtime that isolates the sandbox',
  }),
  kubernetesLabels: listed('labels', 'Further labels of the pods, like team=web; only plain names', readLabel, {
    danger: 'network policies of the namespace may select it',
  }),
  kubernetesAnnotations: listed('annotations', 'Further annotations of the pods, harmless ones only', readAnnotation),
  kubernetesServiceAccount: named(
    'service_account',
    'Service account whose token the agent gets, for workload identity (default: no token)',
    { danger: 'the agent can do what that account may, in the cluster and in your cloud' },
  ),
  kubernetesEgressCidrs: listed(
    'egress_cidrs',
    'Private ranges that the proxy may reach, like 10.20.30.0/24; the allowlist still names each host and its range',
    readEgress,
    { danger: 'reaches a private network' },
  ),
  kubernetesPodPatch: listed('pod_patch', "Operations of a JSON patch for the agent's pod, harmless ones only", readChange, {
    danger: 'changes the pod of the agent itself',
  }),
}
