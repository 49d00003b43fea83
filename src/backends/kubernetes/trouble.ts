import { PaudeError } from '../../errors.ts'
import { printable, shortened } from '../../text.ts'
import { explainWords, type Where } from './explain.ts'

/** What is read of `kubectl get pods --output=json`. */
export type Pod = {
  readonly metadata: { readonly name: string }
  readonly status?: {
    readonly phase?: string
    /** `Evicted` and the like: the pod as a whole has failed. */
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly Condition[]
    readonly initContainerStatuses?: readonly Container[]
    readonly containerStatuses?: readonly Container[]
  }
}

type Condition = { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }
type Container = {
  readonly name: string
  readonly image?: string
  readonly state?: State
  readonly lastState?: State
}
type State = {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: { readonly reason?: string; readonly message?: string; readonly exitCode?: number }
}

/** What is read of `kubectl get events --output=json`. */
export type Event = { readonly reason?: string; readonly message?: string; readonly type?: string }

/** Why a session does not come up or has ended; `final` when waiting will not help. */
export type Trouble = { readonly error: PaudeError; readonly final: boolean }

type Told = Where & { readonly pods: readonly Pod[]; readonly events: readonly Event[] }

/** The gravest thing that the cluster tells of the pods of a session; null when it tells nothing bad. */
export function troubleOf(told: Told): Trouble | null {
  const found = [...told.pods.flatMap((pod) => ofPod(pod, told)), ...told.events.flatMap((event) => ofEvent(event, told))]
  return found.find(({ final }) => final) ?? found[0] ?? null
}

function ofPod({ metadata, status = {} }: Pod, where: Where): readonly Trouble[] {
  const { reason = '', message = '', conditions = [], initContainerStatuses = [], containerStatuses = [] } = status
  if (reason === 'Evicted') return [final('disk-full', `the node had to evict the pod: ${said(message)}`, EVICTED)]
  if (reason === 'NodeLost' || reason === 'NodeShutdown' || reason === 'Terminated')
    return [final('backend-down', `the node of the pod ${metadata.name} is gone`, 'paude start brings it up again')]
  const unscheduled = conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  return [
    ...[...initContainerStatuses, ...containerStatuses].flatMap((container) => ofContainer(container, where)),
    ...(unscheduled === undefined ? [] : [unschedulable(unscheduled.message ?? '', where)]),
  ]
}

function ofContainer({ name, image = '', state = {}, lastState = {} }: Container, where: Where): readonly Trouble[] {
  const { reason = '', message = '' } = state.waiting ?? {}
  switch (reason) {
    case 'InvalidImageName':
      return [final('usage', `not the name of an image: ${said(image)}`, 'correct image.ref')]
    case 'ErrImageNeverPull':
      return [
        final(
          'image-missing',
          `the node does not have the image ${said(image)}, and paude lets it fetch none by that name`,
          'say where nodes pull images from: paude config set kubernetes.registry registry.example.org/team; or name one in a registry with --image',
        ),
      ]
    case 'ImagePullBackOff':
    case 'ErrImagePull':
      return [{ error: notPulled(image, message), final: reason === 'ImagePullBackOff' }]
    case 'CreateContainerConfigError':
    case 'CreateContainerError':
    case 'RunContainerError':
      return [final('command-failed', `the node cannot start the container ${name}: ${said(message)}`, describe(where))]
  }
  if (state.terminated?.reason === 'StartError') return [notStarted(name, image, state.terminated.message ?? '')]
  const killed = [state, lastState].some(({ terminated }) => terminated?.reason === 'OOMKilled')
  return killed ? [final('command-failed', `the container ${name} used more memory than it may and was ended`, MEMORY)] : []
}

function notStarted(name: string, image: string, message: string): Trouble {
  const [, program] = /exec: "([^"]+)": (?:executable file not found|stat [^\n]*no such file)/.exec(message) ?? []
  if (program !== undefined)
    return final(
      'command-not-found',
      `the image ${said(image)} has no program ${said(program)}`,
      'check the name and the tag in image.ref',
    )
  return /exec format error/.test(message)
    ? final(
        'unsupported',
        `the image ${said(image)} is for another processor than the node's`,
        'choose nodes with kubernetes.node_selector',
      )
    : final(
        'command-failed',
        `the node cannot start the container ${name}: ${said(message)}`,
        'check the name and the tag in image.ref',
      )
}

function notPulled(image: string, message: string): PaudeError {
  const name = said(image)
  const more = { cause: new Error(message) }
  if (/unauthorized|authentication required|authorization failed|pull access denied|403 Forbidden|no basic auth/i.test(message))
    return new PaudeError('registry', `the registry wants a login for ${name}`, {
      hint: 'name a Secret with the login in kubernetes.pull_secrets; some registries also answer so for an unknown name',
      ...more,
    })
  if (/not found|manifest unknown|name unknown|does not exist/i.test(message))
    return new PaudeError('image-missing', `the registry has no image ${name}`, {
      hint: 'check the name and the tag in image.ref',
      ...more,
    })
  if (/no match for platform|no matching manifest/i.test(message))
    return new PaudeError('unsupported', `the image ${name} is not made for the processor of the node`, {
      hint: 'use an image for it, or choose nodes with kubernetes.node_selector = ["kubernetes.io/arch=amd64"]',
      ...more,
    })
  if (/x509: /.test(message))
    return new PaudeError('registry', `the nodes do not trust the certificate of the registry of ${name}`, {
      hint: 'its certificate belongs on the nodes: ask the administrator of the cluster',
      ...more,
    })
  return new PaudeError('registry', `the nodes cannot fetch the image ${name}${message === '' ? '' : `: ${said(message)}`}`, {
    hint: 'check the name in image.ref; the nodes of the cluster must reach the registry',
    ...more,
  })
}

function unschedulable(message: string, where: Where): Trouble {
  // What follows tells the same of other pods that could have made room.
  const why = said(message.replace(/ preemption: [\s\S]*/, ''))
  const [, leaving] = /persistentvolumeclaim "([^"]+)" is being deleted/.exec(message) ?? []
  if (leaving !== undefined)
    return final(
      'refused',
      `the volume ${leaving} is being deleted, which takes until no session uses it`,
      'stop the sessions of this project, then start again: paude sessions',
    )
  if (/unbound immediate PersistentVolumeClaims|persistentvolumeclaim "[^"]+" not found/.test(message))
    return soon(
      'backend-down',
      `the volume of the session is not there yet: ${why}`,
      `${describe(where, 'persistentvolumeclaims')}; or set kubernetes.storage_class`,
    )
  if (/volume node affinity conflict/.test(message))
    return soon('backend-down', `the volume of the session is on a node that cannot take the pod: ${why}`, describe(where))
  if (/Insufficient (\S+?)[,.]/.test(message))
    return soon(
      'backend-down',
      `no node has room for the pod: ${why}`,
      'lower kubernetes.requests, limits.cpus or limits.memory, or stop a session: paude sessions',
    )
  if (/didn't match Pod's node affinity\/selector/.test(message))
    return soon('config', `no node fits kubernetes.node_selector: ${why}`, 'see their labels: kubectl get nodes --show-labels')
  if (/untolerated taint/.test(message))
    return soon('config', `every node refuses the pod by a taint: ${why}`, 'name the taint in kubernetes.tolerations')
  return soon('backend-down', `no node takes the pod: ${why}`, describe(where))
}

function ofEvent({ reason = '', message = '' }: Event, where: Where): readonly Trouble[] {
  switch (reason) {
    // A controller was refused what it makes for us: quota, Pod Security, a webhook.
    case 'FailedCreate': {
      const error = explainWords(message, where)
      return [{ error: error ?? failed(`the cluster cannot make the pod: ${said(message)}`, where), final: error !== null }]
    }
    case 'FailedBinding':
      return /no storage class is set/.test(message) ? [final('config', 'the cluster has no default storage class', CLASSES)] : []
    case 'ProvisioningFailed':
      return /storageclass\S* "([^"]+)" not found/.test(message)
        ? [final('config', `the cluster has no storage class ${/storageclass\S* "([^"]+)"/.exec(message)?.[1] ?? ''}`, CLASSES)]
        : [
            soon(
              'backend-down',
              `the volume of the session cannot be made: ${said(message)}`,
              describe(where, 'persistentvolumeclaims'),
            ),
          ]
    case 'FailedMount':
    case 'FailedAttachVolume':
      return [soon('backend-down', `a volume of the session cannot be mounted: ${said(message)}`, describe(where))]
    case 'FailedCreatePodSandBox':
      return [soon('backend-down', `the node cannot set up the pod: ${said(message)}`, describe(where))]
  }
  return []
}

const CLASSES = 'list them: kubectl get storageclass; then set kubernetes.storage_class'
const MEMORY = 'raise it with --memory, or limits.memory'
const EVICTED = 'set kubernetes.requests, such as memory=2Gi and ephemeral-storage=5Gi; paude start brings the session up again'

const describe = ({ context, namespace }: Where, kind = 'pods'): string =>
  `see the events: kubectl${context === '' ? '' : ` --context=${context}`}${namespace === '' ? '' : ` --namespace=${namespace}`} describe ${kind} --selector=paude.id`

/** Words of the cluster within a sentence. */
const said = (message: string): string => shortened(printable(message.replaceAll(/\s*\n\s*/g, ' ').trim()), 300)

const failed = (message: string, where: Where) => new PaudeError('command-failed', message, { hint: describe(where) })

const final = (code: PaudeError['code'], message: string, hint: string): Trouble => ({
  error: new PaudeError(code, message, { hint }),
  final: true,
})
const soon = (code: PaudeError['code'], message: string, hint: string): Trouble => ({
  error: new PaudeError(code, message, { hint }),
  final: false,
})
