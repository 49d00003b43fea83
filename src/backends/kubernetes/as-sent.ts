import type { Handle } from '../../box/handle.ts'
import type { Plan } from '../../plan/plan.ts'
import { kubectl, ofSession } from './names.ts'

/**
 * What must not be in a pod of ours, a pair of brackets a pod and all on one line, since one good pod must not stand for another one.
 * Controllers of a cluster change pods on their way: a further container would share the agent's network and volumes or the proxy's
 * credential, and a token or a folder of the node would be what the pod was made without.
 */
const ADDED = [
  '{range .items[*]}',
  '[{.metadata.labels.paude\\.role}',
  ' with={.spec.containers[*].name} {.spec.initContainers[*].name} {.spec.ephemeralContainers[*].name}',
  ' host={.spec.hostNetwork}{.spec.hostPID}{.spec.hostIPC}{.spec.shareProcessNamespace}',
  ' token={.spec.automountServiceAccountToken}',
  ' volumes={.spec.volumes[*].projected.sources[*]} {.spec.volumes[*].hostPath.path} {.spec.volumes[*].csi.driver}',
  ' privileged={.spec.containers[*].securityContext.privileged}{.spec.containers[*].securityContext.capabilities.add}',
  ']{end}',
].join('')

/** Without a token, or with the sources of one: what a cloud's own controller adds for a service account is a further token. */
const nothingElse = (volumes: string): string => ` *host= *token=false volumes=${volumes} *privileged= *`
const TOKENS = '( *[{]"(serviceAccountToken|configMap|downwardAPI)":[^ ]*)*'

const asSentPattern = (hasToken: boolean): string =>
  `^(\\[agent with=agent proof${nothingElse(hasToken ? TOKENS : '')}\\]|\\[proxy with=proxy${nothingElse('')}\\])+$`

/** Ends a start whose pods are not those that were sent. The agent's first program waits meanwhile, so nothing of the agent has run. */
export const asSent = ({ cluster, id, account }: Pick<Handle, 'cluster' | 'id' | 'account'>): Plan[number] => ({
  kind: 'until',
  // A pod that shows a workspace has no network and no credential.
  ask: kubectl(cluster, 'get', 'pods', `${ofSession(id)},paude.role!=look`, `--output=jsonpath=${ADDED}`),
  ready: asSentPattern(account !== undefined),
  never: {
    pattern: '^\\[',
    message: 'a controller of the cluster changed a pod of the session: it added a container, a token, a folder or a privilege',
    hint: `see what: kubectl get pods --selector=paude.id=${id} --output=yaml; give the sessions a namespace without injection: kubernetes.namespace`,
  },
  title: 'the pods of the session are as they were sent',
  every: 0.3,
  most: 10,
})
