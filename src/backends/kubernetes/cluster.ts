import type { Cluster, Place } from '../../box/cluster.ts'
import type { BackendSettings } from '../keys.ts'
import { readChange } from './pod-patch.ts'
import {
  type Pair,
  readAnnotation,
  readEgress,
  readLabel,
  readLimit,
  readRequest,
  readSelector,
  readToleration,
} from './words.ts'

export const clusterOf = (settings: BackendSettings): Cluster => ({
  context: settings.kubernetesContext,
  namespace: settings.kubernetesNamespace,
  pullSecrets: settings.kubernetesPullSecrets,
  storageClass: settings.kubernetesStorageClass,
  homeSize: settings.kubernetesHomeSize,
  workspaceSize: settings.kubernetesWorkspaceSize,
  requests: table(settings.kubernetesRequests.map(readRequest)),
  limits: table(settings.kubernetesLimits.map(readLimit)),
  nodeSelector: table(settings.kubernetesNodeSelector.map(readSelector)),
  tolerations: settings.kubernetesTolerations.map(readToleration),
  runtimeClass: settings.kubernetesRuntimeClass,
  labels: table(settings.kubernetesLabels.map(readLabel)),
  annotations: table(settings.kubernetesAnnotations.map(readAnnotation)),
  serviceAccount: settings.kubernetesServiceAccount,
  egressCidrs: settings.kubernetesEgressCidrs.map(readEgress),
  podPatch: settings.kubernetesPodPatch.map(readChange),
})

const table = (pairs: readonly Pair[]): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map(({ name, value }) => [name, value]))

/** Where kubectl looks, before every verb. Nothing that it is told lies in the project. */
export const whereWords = ({ context, namespace }: Place): readonly string[] => [
  ...(context === '' ? [] : [`--context=${context}`]),
  `--namespace=${namespace}`,
]

/** Where a pod may run and who pulls its images: for `spec` of the agent's pod and of the proxy's. */
export const placeOf = ({ nodeSelector, tolerations, pullSecrets }: Cluster) => ({
  ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
  ...(tolerations.length === 0 ? {} : { tolerations }),
  ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
})

/** For `spec` of the agent's pod alone: the proxy runs no code of others. */
export const runtimeOf = ({ runtimeClass }: Cluster) => (runtimeClass === '' ? {} : { runtimeClassName: runtimeClass })

/** The `resources` of the agent's container. Cores and memory are the session's own limits; 0 is none. */
export function resourcesOf({ requests, limits }: Cluster, own: { readonly cpus: number; readonly memory: number }) {
  const most: Readonly<Record<string, string>> = {
    ...limits,
    ...(own.cpus > 0 ? { cpu: `${Math.ceil(own.cpus * 1000)}m` } : {}),
    ...(own.memory > 0 ? { memory: String(own.memory) } : {}),
  }
  return { requests, limits: most }
}
