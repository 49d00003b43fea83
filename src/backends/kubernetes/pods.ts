import { networkEnvironment } from '../../box/environment.ts'
import type { OwnOf, SessionSpec } from '../../box/spec.ts'
import { takesUploads, UPLOADS, UPLOADS_AT } from '../../box/uploads.ts'
import { placeOf, resourcesOf, runtimeOf } from './cluster.ts'
import { INIT, PORTS, parts } from './names.ts'
import { type Manifest, object } from './object.ts'
import { changedPod } from './pod-patch.ts'

/** A session on a cluster. */
export type Spec = SessionSpec & { readonly own: OwnOf<'kubernetes'> }

/** Labels by which sessions are found; what is no plain word stands in annotations. */
export const labelsOf = (
  { id, agent, homeVolume }: Spec,
  role: 'agent' | 'proxy' | 'look' | 'beside',
): Readonly<Record<string, string>> => ({
  'paude.id': id,
  'paude.role': role,
  'paude.agent': agent,
  ...(homeVolume === '' || role !== 'agent' ? {} : { 'paude.home': homeVolume }),
})

/** What a list of sessions shows of one. */
export const annotationsOf = ({ name, workspace, network, version, created }: Spec) => ({
  'paude.name': name,
  'paude.workspace': workspace,
  'paude.network': network.mode,
  'paude.version': version,
  'paude.created': created,
})

/** What every pod of ours has: nothing of the cluster, and no more of the node than it must. */
export const confined = (spec: Spec, user: { readonly uid: number; readonly gid: number }) => ({
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: user.uid,
    runAsGroup: user.gid,
    fsGroup: user.gid,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  },
  ...placeOf(spec.own.cluster),
})

export const HARDENED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
} as const

/** Kubernetes reads `$(NAME)` in a value as another variable. */
export const plain = (text: string): string => text.replaceAll('$', '$$$$')

/** An image and who may bring it. To a node, `localhost/` is its own port 80: whatever answers there could be the image that gets the credential. */
export const pulled = (image: string) => ({ image, imagePullPolicy: image.startsWith('localhost/') ? 'Never' : 'IfNotPresent' })

type Volume = Readonly<Record<string, unknown>> & { readonly name: string }
type Mounted = { readonly name: string; readonly mountPath: string; readonly subPath?: string; readonly readOnly?: true }

/**
 * The agent's Job. A Job and nothing that starts pods again: an agent that has ended stays ended, with its exit code and its log, and one
 * whose node goes comes up elsewhere. Its proof runs before the first program of its image, in the same network.
 */
export function agentJob(spec: Spec): Manifest {
  const labels = labelsOf(spec, 'agent')
  const { cluster } = spec.own
  return object('batch/v1', 'Job', {
    name: parts(spec.id).agent,
    labels,
    annotations: annotationsOf(spec),
    spec: {
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] },
      template: changedPod(
        {
          metadata: { labels: { ...cluster.labels, ...labels }, annotations: cluster.annotations },
          spec: {
            ...confined(spec, spec.user),
            ...runtimeOf(cluster),
            ...(cluster.serviceAccount === '' ? {} : { serviceAccountName: cluster.serviceAccount }),
            restartPolicy: 'Never',
            terminationGracePeriodSeconds: spec.grace,
            hostname: 'paude',
            // Nobody listens there: names are the proxy's business.
            dnsPolicy: 'None',
            dnsConfig: { nameservers: ['127.0.0.1'] },
            initContainers: [proof(spec, spec.network.mode)],
            containers: [agent(spec)],
            volumes: volumesOf(spec),
          },
        },
        cluster.podPatch,
      ),
    },
  })
}

/** Runs the canaries until the policies hold, and ends the pod where they do not. */
const proof = (spec: Spec, mode: Spec['network']['mode']) => ({
  name: 'proof',
  ...pulled(spec.proxyImage),
  command: [
    '/usr/lib/paude/init',
    'prove',
    mode === 'ask' ? 'restricted' : mode,
    ...(mode === 'none' ? [] : ['/paude/way/proxy']),
  ],
  env: [{ name: 'PAUDE_NODE', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }],
  securityContext: HARDENED,
  resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '64Mi' } },
  volumeMounts: [
    { name: 'kit', mountPath: '/paude/kit' },
    { name: 'link', mountPath: '/paude/link' },
    { name: 'tmp', mountPath: '/paude/tmp' },
    ...(mode === 'none' ? [] : [{ name: 'way', mountPath: '/paude/way', readOnly: true }]),
  ],
})

function agent(spec: Spec) {
  const { security, network } = spec
  const injectsAtBaseUrl = network.mode !== 'none' && network.policy.injections.some(({ way }) => way === 'base-url')
  return {
    name: 'agent',
    ...pulled(spec.image),
    command: [INIT],
    args: [
      '--pod',
      ...(network.mode === 'none' ? [] : ['--way=/paude/way/proxy']),
      ...(injectsAtBaseUrl ? ['--base-url'] : []),
      '--',
      '/bin/sh',
      // A clone has its folders once it is filled, which is later.
      ...['-c', plain('cd -- "$1" && exec /bin/sh /paude/seed/entry.sh'), 'sh', plain(spec.directory)],
    ],
    workingDir: spec.transport.kind === 'volume' ? spec.transport.volume.root : spec.directory,
    env: [
      ...Object.entries({ ...spec.environment, ...networkEnvironment(spec) }).map(([name, value]) => ({
        name,
        value: plain(value),
      })),
      ...Object.keys(spec.secretEnvironment).map((name) => ({
        name,
        valueFrom: { secretKeyRef: { name: parts(spec.id).environment, key: name } },
      })),
    ],
    stdin: spec.terminal,
    tty: spec.terminal,
    securityContext: {
      ...HARDENED,
      allowPrivilegeEscalation: !security.noNewPrivileges,
      readOnlyRootFilesystem: security.readOnlyRoot,
      ...(security.seccomp === 'off' ? { seccompProfile: { type: 'Unconfined' } } : {}),
    },
    resources: resourcesOf(spec.own.cluster, spec.limits),
    volumeMounts: mountsOf(spec),
  }
}

function mountsOf(spec: Spec): readonly Mounted[] {
  const { user, transport, network } = spec
  const seed = (place: string, file: string): Mounted => ({ name: 'seed', mountPath: place, subPath: file, readOnly: true })
  return [
    { name: 'tmp', mountPath: '/tmp', subPath: 'tmp' },
    { name: 'run', mountPath: '/run' },
    { name: 'home', mountPath: user.home },
    ...(spec.workspaces ? [{ name: 'workspaces', mountPath: '/workspaces' }] : []),
    ...(transport.kind === 'volume'
      ? [
          { name: 'workspace', mountPath: transport.volume.root, subPath: 'work' },
          { name: 'workspace', mountPath: '/paude/out', subPath: 'out' },
          ...(takesUploads(spec) ? [{ name: 'workspace', mountPath: UPLOADS_AT, subPath: UPLOADS }] : []),
        ]
      : []),
    ...(spec.imported === null ? [] : [{ name: 'imported', mountPath: '/paude/imported' }]),
    { name: 'kit', mountPath: '/paude/kit', readOnly: true },
    { name: 'link', mountPath: '/paude/link', readOnly: true },
    { name: 'seed', mountPath: '/paude/seed', readOnly: true },
    ...(network.mode === 'none' ? [] : [{ name: 'way', mountPath: '/paude/way', readOnly: true } as const]),
    ...(spec.own.cluster.serviceAccount === '' ? [] : [{ name: 'account', mountPath: ACCOUNT, readOnly: true } as const]),
    seed('/etc/passwd', 'passwd'),
    seed('/etc/group', 'group'),
    seed('/etc/hosts', 'hosts'),
    ...Object.entries(spec.system).map(([place, name]) => seed(place, name)),
  ]
}

const empty = (name: string, sizeLimit: string, medium = ''): Volume => ({
  name,
  emptyDir: { sizeLimit, ...(medium === '' ? {} : { medium }) },
})

function volumesOf(spec: Spec): readonly Volume[] {
  const names = parts(spec.id)
  const claim = (name: string, claimName: string): Volume => ({ name, persistentVolumeClaim: { claimName } })
  return [
    empty('tmp', '2Gi'),
    empty('run', '16Mi'),
    spec.homeVolume === '' ? empty('home', '256Mi') : claim('home', spec.homeVolume),
    ...(spec.workspaces ? [empty('workspaces', '1Mi')] : []),
    ...(spec.transport.kind !== 'volume'
      ? []
      : [
          goesWithPod(spec) ? empty('workspace', spec.own.cluster.workspaceSize) : claim('workspace', spec.transport.volume.name),
        ]),
    ...(spec.imported === null ? [] : [empty('imported', '128Mi')]),
    empty('kit', '16Mi'),
    empty('link', '16Mi'),
    { name: 'seed', secret: { secretName: names.seed, defaultMode: 0o644 } },
    ...(spec.network.mode === 'none' ? [] : [{ name: 'way', configMap: { name: names.way } }]),
    ...(spec.own.cluster.serviceAccount === '' ? [] : [account]),
  ]
}

/** Whether nothing needs the workspace after the pod: an empty one of a command in the foreground. To make a claim takes a second or more. */
export const goesWithPod = ({ agent, owner, transport }: Spec): boolean =>
  agent === 'command' && owner !== '' && transport.kind === 'volume' && transport.fill === null && transport.kept === undefined

/** Where libraries look for the token of a pod. */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The token as a cluster itself would mount it, but in the agent's container alone: the proof of the wall does without. */
const account: Volume = {
  name: 'account',
  projected: {
    sources: [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
    ],
  },
}

/** Shows the workspace of a session that does not run to scripts of paude's own: without any network, and gone after so many seconds. */
export const lookPod = (spec: Spec, seconds: number): Manifest =>
  object('v1', 'Pod', {
    name: parts(spec.id).look,
    labels: { ...spec.own.cluster.labels, ...labelsOf(spec, 'look') },
    spec: {
      ...confined(spec, spec.user),
      ...runtimeOf(spec.own.cluster),
      restartPolicy: 'Never',
      activeDeadlineSeconds: seconds,
      terminationGracePeriodSeconds: 1,
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['127.0.0.1'] },
      initContainers: [proof(spec, 'none')],
      containers: [
        {
          name: 'look',
          ...pulled(spec.image),
          // Nobody begins it, so it only waits.
          command: [INIT, '--pod', '--', '/bin/true'],
          securityContext: HARDENED,
          resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '2Gi' } },
          volumeMounts: mountsOf(spec).filter(
            ({ name, subPath }) => ['tmp', 'kit'].includes(name) || (name === 'workspace' && subPath === 'work'),
          ),
        },
      ],
      volumes: volumesOf(spec).filter(({ name }) => ['tmp', 'kit', 'link', 'workspace'].includes(name)),
    },
  })

/** The user of the proxy's image. */
const PROXY_USER = { uid: 13, gid: 13 }

/** The proxy's pod: the only one of a session with a way out, and with the credential. */
export function proxyDeployment(spec: Spec): Manifest {
  const labels = labelsOf(spec, 'proxy')
  const names = parts(spec.id)
  const { network } = spec
  const { egressCidrs } = spec.own.cluster
  const hasCredential = network.mode !== 'none' && network.credential !== null
  return object('apps/v1', 'Deployment', {
    name: names.proxy,
    labels,
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { 'paude.id': spec.id, 'paude.role': 'proxy' } },
      template: {
        metadata: { labels },
        spec: {
          ...confined(spec, PROXY_USER),
          terminationGracePeriodSeconds: 2,
          containers: [
            {
              name: 'proxy',
              ...pulled(spec.proxyImage),
              command: ['/usr/lib/paude/proxy'],
              ...(egressCidrs.length === 0 ? {} : { env: [{ name: 'PAUDE_EGRESS', value: egressCidrs.join(' ') }] }),
              securityContext: HARDENED,
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
              volumeMounts: [
                { name: 'tmp', mountPath: '/tmp' },
                { name: 'run', mountPath: '/run' },
                { name: 'link', mountPath: '/paude/link' },
                { name: 'policy', mountPath: '/paude/policy' },
                { name: 'given', mountPath: '/paude/given', readOnly: true },
                ...(hasCredential ? [{ name: 'credential', mountPath: '/paude/credential', readOnly: true }] : []),
              ],
            },
          ],
          volumes: [
            empty('tmp', '16Mi'),
            // Keys of the session's authority lie there.
            empty('run', '16Mi', 'Memory'),
            empty('link', '4Mi'),
            empty('policy', '16Mi'),
            { name: 'given', configMap: { name: names.policy } },
            ...(hasCredential ? [{ name: 'credential', secret: { secretName: names.credential, defaultMode: 0o440 } }] : []),
          ],
        },
      },
    },
  })
}

/** The proxy's address, which stays when its pod is another one. */
export const proxyService = (spec: Spec): Manifest =>
  object('v1', 'Service', {
    name: parts(spec.id).proxy,
    labels: labelsOf(spec, 'proxy'),
    spec: {
      selector: { 'paude.id': spec.id, 'paude.role': 'proxy' },
      ports: Object.entries(PORTS).map(([name, port]) => ({
        name: name.toLowerCase(),
        port,
        targetPort: port,
        protocol: 'TCP',
      })),
    },
  })

/** A volume that outlives the pods. */
export const claim = (
  spec: Spec,
  {
    name,
    size,
    labels,
    annotations = { 'paude.workspace': spec.workspace, 'paude.created': spec.created },
  }: {
    readonly name: string
    readonly size: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  },
): Manifest =>
  object('v1', 'PersistentVolumeClaim', {
    name,
    labels,
    annotations,
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(spec.own.cluster.storageClass === '' ? {} : { storageClassName: spec.own.cluster.storageClass }),
    },
  })
