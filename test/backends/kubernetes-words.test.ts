import { expect, test } from 'bun:test'
import { backendKeys } from '../../src/backends/keys.ts'
import { clusterOf, placeOf, resourcesOf, runtimeOf, whereWords } from '../../src/backends/kubernetes/cluster.ts'
import {
  bytesOf,
  readAnnotation,
  readContext,
  readLabel,
  readLimit,
  readName,
  readRequest,
  readSelector,
  readToleration,
} from '../../src/backends/kubernetes/words.ts'
import { danger } from '../../src/project/risk.ts'

const nothingSaid = Object.fromEntries(Object.entries(backendKeys).map(([name, { initial }]) => [name, initial])) as Parameters<
  typeof clusterOf
>[0]

test('a label of the pods has no domain, which controllers of a cluster act on', () => {
  expect(readLabel('team=web')).toEqual({ name: 'team', value: 'web' })
  for (const entry of [
    'sidecar.istio.io/inject=true',
    'azure.workload.identity/use=true',
    'pod-security.kubernetes.io/enforce=privileged',
    'paude.session=paude-abcdef',
    'PAUDE=x',
    'team',
    '=web',
    'team=a b',
    'team=a"b',
    `team=${'x'.repeat(64)}`,
    '__proto__=x',
  ])
    expect(() => readLabel(entry), entry).toThrow(/kubernetes\.labels/)
})

test('an annotation with a domain is one that is known to open nothing', () => {
  expect(readAnnotation('cluster-autoscaler.kubernetes.io/safe-to-evict=false').value).toBe('false')
  expect(readAnnotation('owner=the web team').value).toBe('the web team')
  for (const entry of [
    'k8s.v1.cni.cncf.io/networks=other',
    'container.apparmor.security.beta.kubernetes.io/agent=unconfined',
    'vault.hashicorp.com/agent-inject=true',
    'iam.amazonaws.com/role=admin',
    'io.kubernetes.cri-o.userns-mode=auto',
    'paude.directory=/',
    'owner=a\nb',
    'owner=\u001b[31m',
  ])
    expect(() => readAnnotation(entry), entry).toThrow(/kubernetes\.annotations/)
})

test('names, sizes and quantities are what the API server takes, and none is a flag', () => {
  expect(readName('team-a.agents', 'namespace')).toBe('team-a.agents')
  for (const name of ['-n', '--all-namespaces', 'Team', 'a/b', '../x', 'a b', '', `a${'b'.repeat(254)}`])
    expect(() => readName(name, 'namespace'), name).toThrow(/kubernetes\.namespace/)
  expect(readContext('arn:aws:eks:eu-west-1:1:cluster/one')).toContain('eks')
  for (const context of ['--kubeconfig=/x', 'a\nb']) expect(() => readContext(context)).toThrow(/kubernetes\.context/)
  expect(bytesOf('10Gi')).toBe(10 * 1024 ** 3)
  for (const size of ['10', '0Gi', 'Gi', '-1Gi', '1e9Gi', '']) expect(() => bytesOf(size), size).toThrow(/not a size/)
  expect(readRequest('cpu=500m')).toEqual({ name: 'cpu', value: '500m' })
  expect(readLimit('nvidia.com/gpu=1')).toEqual({ name: 'nvidia.com/gpu', value: '1' })
  for (const entry of ['cpu', 'cpu=', 'cpu=lots', 'a/b/c=1', 'cpu=-1']) expect(() => readRequest(entry), entry).toThrow()
  expect(() => readLimit('memory=4Gi')).toThrow(/a key of its own/)
  expect(readSelector('kubernetes.io/arch=arm64').name).toBe('kubernetes.io/arch')
})

test('a toleration is read as kubectl writes a taint', () => {
  expect(readToleration('dedicated=agents:NoSchedule')).toEqual({
    key: 'dedicated',
    operator: 'Equal',
    value: 'agents',
    effect: 'NoSchedule',
  })
  expect(readToleration('spot')).toEqual({ key: 'spot', operator: 'Exists' })
  // An empty key would tolerate every taint.
  for (const entry of [':NoSchedule', '=x', '', 'a:Always']) expect(() => readToleration(entry), entry).toThrow()
})

test('what nobody said is nothing in a pod', () => {
  const cluster = clusterOf(nothingSaid)
  expect({ ...placeOf(cluster), ...runtimeOf(cluster) }).toEqual({})
  expect(whereWords(cluster)).toEqual(['--namespace=paude'])
  expect(resourcesOf(cluster, { cpus: 0, memory: 0 })).toEqual({ requests: {}, limits: {} })
})

test('every key reaches the pod', () => {
  const cluster = clusterOf({
    ...nothingSaid,
    kubernetesContext: 'one',
    kubernetesNamespace: 'agents',
    kubernetesPullSecrets: ['login'],
    kubernetesRequests: ['cpu=500m'],
    kubernetesLimits: ['nvidia.com/gpu=1'],
    kubernetesNodeSelector: ['disk=ssd'],
    kubernetesTolerations: ['spot'],
    kubernetesRuntimeClass: 'gvisor',
    kubernetesLabels: ['team=web'],
    kubernetesAnnotations: ['owner=me'],
  })
  expect({ ...placeOf(cluster), ...runtimeOf(cluster) }).toEqual({
    imagePullSecrets: [{ name: 'login' }],
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'spot', operator: 'Exists' }],
    runtimeClassName: 'gvisor',
  })
  expect(whereWords(cluster)).toEqual(['--context=one', '--namespace=agents'])
  expect(resourcesOf(cluster, { cpus: 1.5, memory: 2 ** 30 })).toEqual({
    requests: { cpu: '500m' },
    limits: { 'nvidia.com/gpu': '1', cpu: '1500m', memory: '1073741824' },
  })
  expect([cluster.labels, cluster.annotations]).toEqual([{ team: 'web' }, { owner: 'me' }])
})

test('a project that chooses the cluster is told as dangerous', () => {
  expect(danger({ key: 'kubernetes.context', value: 'elsewhere' })).toContain('your credential')
  expect(danger({ key: 'kubernetes.node_selector', value: 'a=b' })).toBe('')
})
