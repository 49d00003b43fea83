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

/** Nothing else than what was sent, and all of it: a pod that is made later would not be compared. */
function asSentPattern({ account, link }: Pick<Handle, 'account' | 'link'>): string {
  const agent = `\\[agent with=agent proof${nothingElse(account === undefined ? '' : TOKENS)}\\]`
  const proxy = `\\[proxy with=proxy${nothingElse('')}\\]`
  const any = `(${agent}|${proxy})*`
  return link === 'none' ? `^(${agent})+$` : `^${any}(${agent}${any}${proxy}|${proxy}${any}${agent})${any}$`
}

/**
 * Waits until the pods are there, and ends a start whose pods are not those that were sent. A controller changes a pod while it is made, and
 * nothing of the agent runs before it is begun.
 */
export const asSent = (box: Pick<Handle, 'cluster' | 'id' | 'account' | 'link'>): Plan[number] => ({
  kind: 'until',
  // A pod that shows a workspace has no network and no credential.
  ask: kubectl(box.cluster, 'get', 'pods', `${ofSession(box.id)},paude.role!=look`, `--output=jsonpath=${ADDED}`),
  ready: asSentPattern(box),
  never: {
    pattern: box.link === 'none' ? '\\[agent ' : '\\[agent .*\\[proxy |\\[proxy .*\\[agent ',
    message: 'a controller of the cluster changed a pod of the session: it added a container, a token, a folder or a privilege',
    hint: `see what: kubectl get pods --selector=paude.id=${box.id} --output=yaml; give the sessions a namespace without injection: kubernetes.namespace`,
  },
  why: kubectl(box.cluster, 'get', 'events', `--field-selector=involvedObject.name=${box.id}`, '--output=json'),
  title: 'the cluster has made the pods of the session as they were sent',
  every: 0.3,
  most: 20,
})
