import { expect, test } from 'bun:test'
import { usualSettings } from '../../src/backends/keys.ts'
import { clusterOf } from '../../src/backends/kubernetes/cluster.ts'
import { explain } from '../../src/backends/kubernetes/explain.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { clusterSpec } from '../../src/backends/kubernetes/make.ts'
import { agentJob, lookPod, proxyDeployment } from '../../src/backends/kubernetes/pods.ts'
import { ways } from '../../src/backends/kubernetes/policies.ts'
import { readEgress } from '../../src/backends/kubernetes/words.ts'
import type { Cluster } from '../../src/box/cluster.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { tokenWarning } from '../../src/session/resolve/security.ts'
import { startsOf } from '../support/specs.ts'
import { flat } from '../support/steps.ts'

/** What opens something in a cluster, or changes its pods: `service_account`, `egress_cidrs` and `pod_patch`. */
const plain = clusterSpec(startsOf(kubernetes)['plain']?.spec ?? fail())

const specWith = (cluster: Partial<Cluster>) => ({
  ...plain,
  own: { ...plain.own, cluster: { ...plain.own.cluster, ...cluster } },
})

type Pod = {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken: boolean
  readonly initContainers: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string }[]
  readonly [field: string]: unknown
}
type Container = {
  readonly name: string
  readonly env?: readonly unknown[]
  readonly volumeMounts: readonly { readonly name: string }[]
}

const podOf = (made: unknown): Pod =>
  (made as { readonly spec: { readonly template: { readonly spec: Pod } } }).spec.template.spec
const mountedBy = (containers: readonly Container[], volume: string) =>
  containers.filter(({ volumeMounts }) => volumeMounts.some(({ name }) => name === volume)).map(({ name }) => name)

const patched = (...entries: readonly unknown[]) =>
  clusterOf({
    ...usualSettings,
    kubernetesPodPatch: entries.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
  }).podPatch
const added = (path: string, value: unknown) => ({ op: 'add', path, value })
const volume = (source: object, name = 'data') => added('/spec/volumes/-', { name, ...source })
const mount = (value: object) => added('/spec/containers/0/volumeMounts/-', { name: 'data', ...value })

test('without an account nothing of a pod has a token; with one, the agent alone has it', () => {
  const none = podOf(agentJob(plain))
  expect([none.serviceAccountName, none.automountServiceAccountToken]).toEqual([undefined, false])
  expect(JSON.stringify(none)).not.toContain('serviceAccountToken":')

  const spec = specWith({ serviceAccount: 'agents' })
  const pod = podOf(agentJob(spec))
  // The cluster itself would mount it in the proof of the wall too.
  expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual(['agents', false])
  expect(mountedBy([...pod.initContainers, ...pod.containers], 'account')).toEqual(['agent'])
  for (const other of [podOf(proxyDeployment(spec)), lookPod(spec, 1)['spec'] as Pod]) {
    expect(other.serviceAccountName).toBeUndefined()
    expect(other.automountServiceAccountToken).toBe(false)
    expect(JSON.stringify(other)).not.toContain('serviceAccountToken":')
  }
})

test('an account is recorded with its session and told at every start', () => {
  expect(handleOfSpec(specWith({ serviceAccount: 'agents' })).account).toBe('agents')
  expect(handleOfSpec(plain).account).toBeUndefined()
  expect(tokenWarning('agents')).toContain('service account agents')
  expect(tokenWarning()).toBeNull()
})

const asSent = (plan: Plan) =>
  flat(plan).flatMap((step) =>
    step.kind === 'until' && step.title.includes('as they were sent') ? [new RegExp(step.ready, 'm')] : [],
  )[0] ?? fail()

test('a session without an account goes on to refuse a token, and one with an account refuses all but tokens', () => {
  const spec = specWith({ serviceAccount: 'agents' })
  const [strict, loose] = [asSent(kubernetes.life.make(plain, undefined)), asSent(kubernetes.life.make(spec, undefined))]
  const again = asSent(kubernetes.life.wake(handleOfSpec(spec), null))
  const answer = (role: 'agent' | 'proxy', volumes: string, token = 'false') =>
    `[${role} with=${role === 'agent' ? 'agent proof' : 'proxy '}  host= token=${token} volumes=${volumes} privileged=]`
  const token = '{"serviceAccountToken":{"expirationSeconds":3600,"path":"token"}}'
  const rest = [
    '{"configMap":{"items":[{"key":"ca.crt","path":"ca.crt"}],"name":"kube-root-ca.crt"}}',
    '{"downwardAPI":{"items":[{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"},"path":"namespace"}]}}',
  ].join(' ')
  const cloud = '{"serviceAccountToken":{"audience":"sts.example.org","expirationSeconds":86400,"path":"token"}}'
  for (const pattern of [loose, again]) {
    for (const good of ['', `${token} ${rest}`, `${cloud} ${token} ${rest}`])
      expect(pattern.test(`${answer('agent', good)}${answer('proxy', '')}`), good).toBe(true)
    for (const bad of [
      answer('agent', `${token} {"secret":{"name":"other"}}`),
      answer('agent', `{"secret":{"name":"other"}} ${token}`),
      answer('agent', `${token} ${rest} /var/run`),
      answer('agent', `${token} /var/run`),
      answer('agent', `${token} secrets-store.csi.k8s.io`),
      answer('agent', token, 'true'),
    ])
      expect(pattern.test(`${bad}${answer('proxy', '')}`), bad).toBe(false)
    expect(pattern.test(`${answer('agent', '')}${answer('proxy', token)}`)).toBe(false)
  }
  expect(strict.test(`${answer('agent', '')}${answer('proxy', '')}`)).toBe(true)
  expect(strict.test(`${answer('agent', token)}${answer('proxy', '')}`)).toBe(false)
})

test('an account that is not there is told by name', () => {
  const said = explain({
    argv: ['kubectl', '--context=team', '--namespace=paude', 'apply'],
    code: 1,
    stdout: '',
    stderr: 'error looking up service account paude/agents: serviceaccount "agents" not found',
  })
  expect(said.message).toBe('the namespace has no service account agents')
  expect(said.hint).toContain('--namespace=paude get serviceaccounts')
})

test('a further range is private, narrow, and nothing of the node itself', () => {
  expect(readEgress('10.20.30.0/24')).toBe('10.20.30.0/24')
  expect(readEgress('10.96.0.1/32')).toBe('10.96.0.1/32')
  expect(readEgress('10.20.16.0/20')).toBe('10.20.16.0/20')
  expect(readEgress('fd00:1:2::/64')).toBe('fd00:1:2::/64')
  for (const entry of [
    '169.254.169.254/32',
    '169.254.0.0/16',
    '127.0.0.0/8',
    '127.0.0.1/32',
    '0.0.0.0/0',
    '::/0',
    '::1/128',
    'fe80::/64',
    '::ffff:169.254.169.254/128',
    '64:ff9b::a9fe:a9fe/128',
    '100.100.100.200/32',
    '168.63.129.16/32',
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    // All pods of a cluster, or all services.
    '10.244.0.0/16',
    '10.20.0.0/19',
    'fd00:1:2::/63',
    '10.0.0.0/8',
    '172.16.0.0/12',
    '10.20.30.1/24',
    'fc00::/7',
    '8.8.8.0/24',
    '10.20.30.0',
    '10.20.30.0/33',
    '010.020.030.0/24',
    'gateway.example.org',
    '',
  ])
    expect(() => readEgress(entry), entry).toThrow(/kubernetes\.egress_cidrs/)
})

test('a further range is a way out of the proxy alone, by TCP', () => {
  const spec = specWith({ egressCidrs: ['10.20.30.0/24'] })
  const [agent, proxy] = ways(spec).map(
    (one) => (one as unknown as { readonly spec: { readonly egress: readonly unknown[] } }).spec,
  )
  expect(JSON.stringify(agent)).not.toContain('10.20.30')
  expect(proxy?.egress).toEqual([
    { to: [{ ipBlock: { cidr: '10.20.30.0/24' } }], ports: [{ protocol: 'TCP', port: 1, endPort: 65_535 }] },
  ])
  const around = ways(specWith({ egressCidrs: ['100.100.96.0/20'] }))
  expect(JSON.stringify(around)).toContain('{"cidr":"100.100.96.0/20","except":["100.100.100.200/32"]}')
  // It leaves the API server out where it was not named.
  expect(podOf(proxyDeployment(spec)).containers[0]?.env).toEqual([{ name: 'PAUDE_EGRESS', value: '10.20.30.0/24' }])
  expect(ways({ ...spec, network: { mode: 'none' } })).toEqual([])
})

test("a patch adds what chooses a node, and volumes that are nobody else's", () => {
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } }
  const spec = specWith({
    podPatch: patched(
      added('/spec/priorityClassName', 'batch'),
      added('/spec/affinity', affinity),
      added('/spec/hostUsers', false),
      added('/spec/tolerations/-', { key: 'spot', operator: 'Exists', tolerationSeconds: 60 }),
      volume({ emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } }, 'shm'),
      added('/spec/containers/0/volumeMounts/-', { name: 'shm', mountPath: '/dev/shm' }),
      volume({ persistentVolumeClaim: { claimName: 'team-cache' } }),
      mount({ mountPath: '/cache', readOnly: true }),
    ),
  })
  const pod = podOf(agentJob(spec))
  expect(pod).toMatchObject({ priorityClassName: 'batch', affinity, hostUsers: false })
  expect(pod['tolerations']).toEqual([{ key: 'spot', operator: 'Exists', tolerationSeconds: 60 }])
  expect(pod.volumes.slice(-2).map(({ name }) => name)).toEqual(['shm', 'data'])
  expect(mountedBy([...pod.initContainers, ...pod.containers], 'shm')).toEqual(['agent'])
  // What was there stays, in its order.
  const before = podOf(agentJob(plain))
  expect(pod.volumes.slice(0, -2)).toEqual(before.volumes as never)
  expect(pod.containers[0]?.volumeMounts.slice(0, -2)).toEqual(before.containers[0]?.volumeMounts as never)
  expect(pod.initContainers).toEqual(before.initContainers as never)
  expect(podOf(proxyDeployment(spec))).toEqual(podOf(proxyDeployment(plain)) as never)
})

test.each<readonly [what: string, change: unknown]>([
  ['a privilege', added('/spec/containers/0/securityContext/privileged', true)],
  ['a capability', added('/spec/containers/0/securityContext', { capabilities: { add: ['SYS_ADMIN'] } })],
  ['another user', { op: 'replace', path: '/spec/securityContext/runAsUser', value: 0 }],
  ['the whole pod', { op: 'replace', path: '', value: {} }],
  ['the whole spec', { op: 'replace', path: '/spec', value: {} }],
  ['the network of the node', added('/spec/hostNetwork', true)],
  ['the processes of the node', added('/spec/hostPID', true)],
  ['memory of the node', added('/spec/hostIPC', true)],
  ['the users of the node', added('/spec/hostUsers', true)],
  ['a node by its name', added('/spec/nodeName', 'control-plane')],
  ['a token', added('/spec/automountServiceAccountToken', true)],
  ['another account', added('/spec/serviceAccountName', 'admin')],
  ['another account, by its old name', added('/spec/serviceAccount', 'admin')],
  ['a container', added('/spec/containers/-', { name: 'evil', image: 'evil' })],
  ['a container before the proof', added('/spec/initContainers/0', { name: 'evil', image: 'evil' })],
  ['no proof', { op: 'remove', path: '/spec/initContainers/0' }],
  ['another image', { op: 'replace', path: '/spec/containers/0/image', value: 'evil' }],
  ['another first program', { op: 'replace', path: '/spec/containers/0/command', value: ['/bin/sh'] }],
  ['a program at its start', added('/spec/containers/0/lifecycle', { postStart: { exec: { command: ['evil'] } } })],
  [
    'a variable of a Secret',
    added('/spec/containers/0/env/-', { name: 'A', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }),
  ],
  ['variables of a Secret', added('/spec/containers/0/envFrom', [{ secretRef: { name: 'a' } }])],
  ['a resolver', added('/spec/dnsConfig', { nameservers: ['10.96.0.10'] })],
  ['names', added('/spec/hostAliases', [{ ip: '10.0.0.1', hostnames: ['api.example.org'] }])],
  ['a label by which policies select', added('/metadata/labels/paude.role', 'proxy')],
  ['an annotation', added('/metadata/annotations/sidecar.istio.io~1inject', 'true')],
  ['a move', { op: 'move', from: '/spec/volumes/7', path: '/spec/volumes/-' }],
  ['a copy', { op: 'copy', from: '/spec/initContainers', path: '/spec/affinity' }],
  ['a test alone', { op: 'test', path: '/spec/affinity', value: {} }],
  ['a from that is left over', { ...added('/spec/affinity', {}), from: '/spec' }],
  ['another spelling of a place', added('/spec/host~0Network', true)],
  ['a place with a slash too many', added('/spec/affinity/', {})],
  ['the prototype', added('/__proto__/hostNetwork', true)],
  ['a name of the prototype', added('constructor', true)],
  ['no value', { op: 'add', path: '/spec/affinity' }],
  ['an entry that is not there yet', { op: 'replace', path: '/spec/volumes/-', value: { name: 'a', emptyDir: {} } }],
  ['a priority of the cluster', added('/spec/priorityClassName', 'system-node-critical')],
  ['every taint', added('/spec/tolerations/-', { operator: 'Exists' })],
  ['every taint, by an empty key', added('/spec/tolerations/-', { key: '', operator: 'Exists' })],
  ['a folder of the node', volume({ hostPath: { path: '/' } })],
  ['a Secret', volume({ secret: { secretName: 'paude-abcdef-credential' } })],
  ['a projected token', volume({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } })],
  ['what a driver fetches', volume({ csi: { driver: 'secrets-store.csi.k8s.io' } })],
  ['a share of the network', volume({ nfs: { server: '10.0.0.1', path: '/' } })],
  ['an image as a volume', volume({ image: { reference: 'evil' } })],
  ['the claim of another session', volume({ persistentVolumeClaim: { claimName: 'paude-abcdef-workspace' } })],
  ['HOME of another project', volume({ persistentVolumeClaim: { claimName: 'paude-home-claude-0123456789abcdef' } })],
  ['the policy of another session', volume({ configMap: { name: 'paude-abcdef-policy' } })],
  [
    'a copy of a claim',
    volume({ ephemeral: { volumeClaimTemplate: { spec: { dataSource: { kind: 'PersistentVolumeClaim', name: 'paude-a' } } } } }),
  ],
  ['one volume of the cluster', volume({ ephemeral: { volumeClaimTemplate: { spec: { volumeName: 'pv-1' } } } })],
  ['two sources', volume({ emptyDir: {}, hostPath: { path: '/' } })],
  ['no source', volume({})],
  ['a source that is no table', volume({ emptyDir: [] })],
  ['a volume of paude', volume({ emptyDir: {} }, 'kit')],
  ['a mount of a Secret of the session', mount({ name: 'seed', mountPath: '/cache' })],
  ['a mount of the way out', mount({ name: 'way', mountPath: '/cache' })],
  ['a mount over the first program', mount({ mountPath: '/paude/kit' })],
  ['a mount over all of it', mount({ mountPath: '/' })],
  ['a mount over the settings', mount({ mountPath: '/etc/claude-code' })],
  ['a mount that hides the token', mount({ mountPath: '/var' })],
  ['a mount over libraries', mount({ mountPath: '/libx32' })],
  ['a mount over other libraries', mount({ mountPath: '/lib32/a' })],
  ['a mount over processes', mount({ mountPath: '/proc' })],
  ['a mount by a detour', mount({ mountPath: '/cache/../paude' })],
  ['a mount with two slashes', mount({ mountPath: '//paude' })],
  ['a mount that spreads', mount({ mountPath: '/cache', mountPropagation: 'Bidirectional' })],
  ['a folder above the volume', mount({ mountPath: '/cache', subPath: '../..' })],
  ['a path made of variables', mount({ mountPath: '/cache', subPathExpr: '$(A)' })],
  ['devices', added('/spec/containers/0/volumeDevices', [{ name: 'data', devicePath: '/dev/sda' }])],
  ['claims of devices', added('/spec/resourceClaims', [{ name: 'gpu' }])],
  ['a list', [added('/spec/affinity', {})]],
  ['no JSON', '{op: add}'],
  ['a text', '"add"'],
])('a patch is refused: %s', (_, change) => {
  expect(() => patched(change)).toThrow(/kubernetes\.pod_patch/)
})

function fail(): never {
  throw new Error('there is no such part')
}
