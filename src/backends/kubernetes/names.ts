import type { Place } from '../../box/cluster.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import { programs } from '../names.ts'
import { whereWords } from './cluster.ts'

/** Names of a session's objects. The Job of the agent bears the bare id. */
export const parts = (id: string) => ({
  agent: id,
  beside: `${id}-beside`,
  proxy: `${id}-proxy`,
  credential: `${id}-credential`,
  environment: `${id}-env`,
  look: `${id}-look`,
  policy: `${id}-policy`,
  seed: `${id}-seed`,
  way: `${id}-way`,
  workspace: `${id}-workspace`,
})

/** Where a pod has its first program, which its proof copies out of the proxy's image. */
export const INIT = '/paude/kit/init'

/** Ports of the proxy's pod (squid/proxy.cfg): requests, the certificates that a box trusts, requests at a base URL, and one that no policy opens. */
export const PORTS = { proxy: 3132, roots: 3133, baseUrl: 3134, closed: 3135 } as const

/** A call of kubectl where a session is. */
export const kubectl = (place: Place | undefined, ...words: readonly string[]): Argv => [
  programs.kubernetes,
  ...whereWords(place ?? nowhere()),
  ...words,
]

/** Another cluster would answer that there is nothing of the session, as if it were removed. */
function nowhere(): never {
  throw new PaudeError('refused', 'the record of this session does not say where it is, and paude guesses no cluster', {
    hint: 'list what is in a namespace: kubectl get jobs --all-namespaces --selector=paude.role=agent',
  })
}

/**
 * What a session is made of besides its Job and its HOME, as kubectl names several kinds, in the order in which they go: a Deployment that
 * outlives its pod makes another one.
 */
export const REST = 'deployment,service,configmap,secret,networkpolicy,persistentvolumeclaim,pod'

/** The same but for what keeps its pods closed in. */
export const REST_BUT_POLICIES = REST.replace('networkpolicy,', '')

/** Label of what a start makes: whose it is. */
export const OWNER = 'paude.owner'

/** Of all objects of a session, but for its HOME. */
export const ofSession = (id: string): string => `--selector=paude.id=${id}`

/** Makes or changes what stdin describes. */
export const applying = (place: Place | undefined): Argv =>
  kubectl(place, 'apply', '--server-side', '--field-manager=paude', '--filename=-')
