import { describe, expect, test } from 'bun:test'
import { usualSettings } from '../../src/backends/keys.ts'
import { clusterOf } from '../../src/backends/kubernetes/cluster.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { standing, ways } from '../../src/backends/kubernetes/policies.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import { PRIVATE_RANGES } from '../../src/network/ranges.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { SECRETS, startsOf } from '../support/specs.ts'

/** Nobody is root there: `user` of the backend says so. */
const starts = Object.entries(startsOf(kubernetes))
  .map(([name, { spec }]) => [name, spec] as const)
  .filter(([, { user }]) => user.uid > 0)
const plain = starts.find(([name]) => name === 'plain')?.[1] ?? fail()

type Part = { readonly [key: string]: unknown }
type Sent = {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Part }
  readonly data?: Part
  readonly spec?: Part
  readonly stringData?: Part
}

/** What a plan sends to a cluster. */
const sent = (plan: Plan): readonly Sent[] =>
  plan.flatMap((step) => {
    if (step.kind !== 'exec' || step.stdin === undefined) return []
    const text = typeof step.stdin === 'string' ? step.stdin : step.stdin.reveal()
    return (JSON.parse(text) as { readonly items: readonly Sent[] }).items
  })

const made = (spec: SessionSpec) => sent(kubernetes.life.make(spec, undefined))

type Pod = {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: Part & {
    readonly securityContext: Part
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
    readonly volumes: readonly Part[]
  }
}
type Container = Part & {
  readonly name: string
  readonly securityContext: Part
  readonly env?: readonly Part[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
}

const podsOf = (spec: SessionSpec): readonly Pod[] =>
  made(spec).flatMap((one) => (one.spec?.['template'] === undefined ? [] : [one.spec['template'] as Pod]))
const agentOf = (spec: SessionSpec): Pod =>
  podsOf(spec).find(({ metadata }) => metadata.labels['paude.role'] === 'agent') ?? fail()

describe.each(starts)('the pods of a session (%s)', (_, spec) => {
  test('have nothing of the cluster and no more of the node than they must', () => {
    for (const { spec: pod } of podsOf(spec)) {
      for (const never of [
        'hostNetwork',
        'hostPID',
        'hostIPC',
        'shareProcessNamespace',
        'serviceAccountName',
        'hostAliases',
        'nodeName',
        'priorityClassName',
      ])
        expect(pod, never).not.toHaveProperty(never)
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(pod.securityContext['runAsUser']).toBeGreaterThan(0)
      for (const volume of pod.volumes)
        expect(Object.keys(volume).filter((kind) => kind !== 'name')[0]).toMatch(
          /^(emptyDir|secret|configMap|persistentVolumeClaim)$/,
        )
      for (const { securityContext, ...container } of [...(pod.initContainers ?? []), ...pod.containers]) {
        expect(securityContext).toMatchObject({ capabilities: { drop: ['ALL'] } })
        expect(securityContext).not.toHaveProperty('privileged')
        for (const never of ['ports', 'volumeDevices', 'lifecycle', 'livenessProbe', 'envFrom'])
          expect(container).not.toHaveProperty(never)
      }
    }
  })

  test('give the credential to the proxy alone, and keep every secret out of all that is no Secret', () => {
    const credential = `${spec.id}-credential`
    for (const pod of podsOf(spec))
      expect(JSON.stringify(pod).includes(credential)).toBe(
        pod.metadata.labels['paude.role'] === 'proxy' && spec.network.mode !== 'none' && spec.network.credential !== null,
      )
    const open = JSON.stringify(made(spec).filter(({ kind }) => kind !== 'Secret'))
    for (const secret of Object.values(SECRETS)) expect(open).not.toContain(secret)
    const plans = kubernetes.life.make(spec, undefined)
    for (const step of plans) if (step.kind === 'exec') expect(step.argv.join(' ')).not.toMatch(/REAL/)
  })

  test('are found by labels that nobody else can set, and have a wall before they are there', () => {
    const all = made(spec)
    const at = (kind: string) => all.findIndex((one) => one.kind === kind)
    expect(at('NetworkPolicy')).toBeGreaterThanOrEqual(0)
    expect(at('NetworkPolicy')).toBeLessThan(at('Job'))
    for (const { metadata } of podsOf(spec)) expect(metadata.labels).toMatchObject({ 'paude.id': spec.id })
  })
})

test('a value of a variable is no reference to another, which may be a secret', () => {
  const environment = { HOME: '/home/ada', A: '$(TOKEN)', B: '$$(TOKEN)', C: 'cost $5' }
  const [agent] = agentOf({ ...plain, environment }).spec.containers
  const value = (name: string) => agent?.env?.find((one) => one['name'] === name)?.['value']
  // A cluster reads two of them as one.
  const read = (text: unknown) => String(text).replaceAll('$$', '$')
  for (const name of ['A', 'B', 'C'] as const) {
    expect(read(value(name))).toBe(environment[name])
    expect(String(value(name)).replaceAll('$$', '')).not.toMatch(/\$\(/)
  }
})

test('what a project says of variables does not reach the proof of the wall', () => {
  const { spec: pod } = agentOf({
    ...plain,
    environment: {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: '1',
      PAUDE_NODE: '127.0.0.1',
      LD_PRELOAD: '/x.so',
    },
  })
  const [proof] = pod.initContainers ?? []
  expect(proof?.['image']).toBe(plain.proxyImage)
  expect(proof?.env?.map(({ name }) => name)).toEqual(['PAUDE_NODE'])
  // Only what holds no file of the image or of the project.
  expect(proof?.volumeMounts.map(({ name }) => name).toSorted()).toEqual(['kit', 'link', 'tmp', 'way'])
})

test('labels and annotations of the configuration replace none of paude', () => {
  const own = {
    ...plain.own,
    cluster: { ...clusterOf(usualSettings), labels: { 'paude.role': 'proxy', 'paude.id': 'other', team: 'web' } },
  }
  const labels = podsOf({ ...plain, own } as SessionSpec).map(({ metadata }) => metadata.labels)
  expect(labels.map((one) => [one['paude.id'], one['paude.role']])).toEqual([
    [plain.id, 'proxy'],
    [plain.id, 'agent'],
  ])
})

test('the agent writes neither where its first program nor where its way out is', () => {
  const [agent] = agentOf(plain).spec.containers
  const writable = agent?.volumeMounts.filter((one) => !('readOnly' in one)).map(({ mountPath }) => mountPath)
  expect(writable?.filter((path) => /^\/(etc|paude\/(?!out))/.test(path))).toEqual([])
})

type Rule = { readonly to?: readonly Part[]; readonly from?: readonly Part[]; readonly ports?: readonly Part[] }
type Policy = {
  readonly podSelector: Part
  readonly policyTypes: readonly string[]
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}
const specsOf = (all: readonly { readonly metadata: { readonly name: string } }[]) =>
  new Map(all.map((one) => [one.metadata.name, (one as unknown as { readonly spec: Policy }).spec]))

test('without the policies of its session, an agent reaches nothing and a proxy nothing of the cluster', () => {
  const policies = specsOf(standing())
  expect(policies.get('paude-agents')).toEqual({
    podSelector: { matchLabels: { 'paude.role': 'agent' } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [],
    egress: [],
  })
  const { ingress, egress } = policies.get('paude-proxies') ?? fail()
  expect(ingress).toEqual([])
  const blocks = egress.flatMap(({ to = [], ports }) =>
    to.flatMap((one) => ('ipBlock' in one ? [{ block: one['ipBlock'] as { cidr: string; except?: string[] }, ports }] : [])),
  )
  // Every block without ports leaves out what is private: nodes, pods, services, metadata.
  const open = blocks.filter(({ ports }) => ports === undefined)
  expect(open.map(({ block }) => block.cidr)).toEqual(['0.0.0.0/0', '::/0'])
  const excepted = open.flatMap(({ block }) => block.except ?? [])
  for (const range of [...PRIVATE_RANGES, '169.254.0.0/16', '127.0.0.0/8', '10.0.0.0/8', 'fe80::/10', 'fc00::/7'])
    expect(excepted).toContain(range)
  for (const { ports } of egress.filter(({ to = [] }) => to.some((one) => !('ipBlock' in one))))
    expect(ports?.every(({ port }) => port === 53 || port === 5353)).toBe(true)
})

test('the policies of a session open three ports of its own proxy, and what its allowlist declares', () => {
  const policies = specsOf(ways(plain))
  const agent = policies.get(`${plain.id}-agent`) ?? fail()
  expect(agent.ingress).toEqual([])
  expect(agent.egress.map(({ to }) => to)).toEqual([
    [{ podSelector: { matchLabels: { 'paude.id': plain.id, 'paude.role': 'proxy' } } }],
  ])
  expect(agent.egress[0]?.ports?.length).toBe(3)
  const proxy = policies.get(`${plain.id}-proxy`) ?? fail()
  expect(proxy.ingress.map(({ from }) => from)).toEqual([
    [{ podSelector: { matchLabels: { 'paude.id': plain.id, 'paude.role': 'agent' } } }],
  ])
  expect(proxy.egress).toEqual([])
  expect(ways({ ...plain, network: { mode: 'none' } })).toEqual([])
})

test('a start asks whether its pod is as it was sent before anything of the agent begins', () => {
  const plan = kubernetes.life.make(plain, undefined)
  const index = plan.findIndex((step) => step.kind === 'until' && step.title.includes('as it was sent'))
  const step = plan[index]
  if (step?.kind !== 'until') return fail()
  expect(plan.findIndex((one) => 'argv' in one && one.argv.includes('begin'))).toBe(-1)
  const [ready, never] = [new RegExp(step.ready, 'm'), new RegExp(step.never?.pattern ?? fail(), 'm')]
  const good = 'with=agent proof  host= token=false volumes= privileged=\n'
  expect(ready.test(good)).toBe(true)
  for (const changed of [
    'with=agent istio-proxy proof  host= token=false volumes= privileged=',
    'with=agent proof istio-init  host= token=false volumes= privileged=',
    'with=agent proof debugger host= token=false volumes= privileged=',
    'with=agent proof  host=true token=false volumes= privileged=',
    'with=agent proof  host= token= volumes= privileged=',
    'with=agent proof  host= token=true volumes= privileged=',
    'with=agent proof  host= token=false volumes=map[serviceAccountToken:map[path:token]] privileged=',
    'with=agent proof  host= token=false volumes=/var/run privileged=',
    'with=agent proof  host= token=false volumes= privileged=true',
  ]) {
    expect(ready.test(`${changed}\n`), changed).toBe(false)
    expect(never.test(`${changed}\n`), changed).toBe(true)
  }
})

function fail(): never {
  throw new Error('the plan has no such part')
}
