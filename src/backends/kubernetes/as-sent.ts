import type { Place } from '../../box/cluster.ts'
import type { Plan } from '../../plan/plan.ts'
import { kubectl, ofSession } from './names.ts'

/**
 * What must not be in a pod of ours, a line a pod. Controllers of a cluster change pods on their way: a further container would share the
 * agent's network and volumes, and a token or a folder of the node would be what the pod was made without.
 */
const ADDED = [
  '{range .items[*]}',
  'with={.spec.containers[*].name} {.spec.initContainers[*].name} {.spec.ephemeralContainers[*].name}',
  ' host={.spec.hostNetwork}{.spec.hostPID}{.spec.hostIPC}{.spec.shareProcessNamespace}',
  ' token={.spec.automountServiceAccountToken}',
  ' volumes={.spec.volumes[*].projected.sources[*]}{.spec.volumes[*].hostPath.path}{.spec.volumes[*].csi.driver}',
  ' privileged={.spec.containers[*].securityContext.privileged}{.spec.containers[*].securityContext.capabilities.add}',
  '{"\\n"}{end}',
].join('')

const AS_SENT = '^with=agent proof *host= *token=false *volumes= *privileged= *$'

/** Ends a start whose agent's pod is not the one that was sent. Its first program waits meanwhile, so nothing of the agent has run. */
export const asSent = (place: Place | undefined, id: string): Plan[number] => ({
  kind: 'until',
  ask: kubectl(place, 'get', 'pods', `${ofSession(id)},paude.role=agent`, `--output=jsonpath=${ADDED}`),
  ready: AS_SENT,
  never: {
    pattern: '^with=',
    message: "a controller of the cluster changed the agent's pod: it added a container, a token, a folder or a privilege",
    hint: `see what: kubectl get pods --selector=paude.id=${id} --output=yaml; give the sessions a namespace without injection: kubernetes.namespace`,
  },
  title: "the agent's pod is as it was sent",
  every: 0.3,
  most: 10,
})
