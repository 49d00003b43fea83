import { describe, expect, test } from 'bun:test'
import { usualSettings } from '../../src/backends/keys.ts'
import { clusterOf } from '../../src/backends/kubernetes/cluster.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { clusterSpec } from '../../src/backends/kubernetes/make.ts'
import { standing, ways } from '../../src/backends/kubernetes/policies.ts'
import { RULES } from '../../src/backends/kubernetes/rights.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import { PRIVATE_RANGES } from '../../src/network/ranges.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { secret } from '../../src/secret.ts'
import { SECRETS, startsOf } from '../support/specs.ts'
import { flat } from '../support/steps.ts'

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
  flat(plan).flatMap((step) => {
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
    const plans = flat(kubernetes.life.make(spec, undefined))
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
  expect(writable?.filter((path) => /^\/(etc|paude\/(?!out|uploads))/.test(path))).toEqual([])
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
  for (const range of [
    ...PRIVATE_RANGES,
    '168.63.129.16/32',
    '169.254.0.0/16',
    '127.0.0.0/8',
    '10.0.0.0/8',
    'fe80::/10',
    'fc00::/7',
  ])
    expect(excepted).toContain(range)
  for (const { ports } of egress.filter(({ to = [] }) => to.some((one) => !('ipBlock' in one))))
    expect(ports?.every(({ port }) => port === 53 || port === 5353)).toBe(true)
})

test('the policies of a session open three ports of its own proxy, and what its allowlist declares', () => {
  const policies = specsOf(ways(clusterSpec(plain)))
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
  expect(ways(clusterSpec({ ...plain, network: { mode: 'none' } }))).toEqual([])
})

/** Steps of a plan that wait for an answer. */
const awaited = (plan: Plan) => flat(plan).flatMap((step) => (step.kind === 'until' ? [step] : []))

test('a start asks whether its pods are as they were sent before anything of the agent begins', () => {
  const plan = kubernetes.life.make(plain, undefined)
  const step = awaited(plan).find(({ title }) => title.includes('as they were sent')) ?? fail()
  expect(plan.findIndex((one) => 'argv' in one && one.argv.includes('begin'))).toBe(-1)
  const [ready, never] = [new RegExp(step.ready, 'm'), new RegExp(step.never?.pattern ?? fail(), 'm')]
  const [agent, proxy] = [
    '[agent with=agent proof  host= token=false volumes= privileged=]',
    '[proxy with=proxy   host= token=false volumes= privileged=]',
  ]
  for (const good of [`${agent}${proxy}`, `${proxy}${agent}`, `${agent}${proxy}${agent}`])
    expect(ready.test(good), good).toBe(true)
  // A pod that is made later would not be compared.
  for (const early of ['', agent, proxy]) {
    expect(ready.test(early), early).toBe(false)
    expect(never.test(early), early).toBe(false)
  }
  const alone = awaited(kubernetes.life.make({ ...plain, network: { mode: 'none' } }, undefined))[0] ?? fail()
  expect([agent, '', `${agent}${proxy}`].map((answer) => new RegExp(alone.ready, 'm').test(answer))).toEqual([true, false, false])
  // One good pod does not stand for another one.
  for (const changed of [
    '[agent with=agent istio-proxy proof  host= token=false volumes= privileged=]',
    '[agent with=agent proof istio-init  host= token=false volumes= privileged=]',
    '[agent with=agent proof debugger host= token=false volumes= privileged=]',
    '[agent with=agent proof  host=true token=false volumes= privileged=]',
    '[agent with=agent proof  host= token= volumes= privileged=]',
    '[agent with=agent proof  host= token=true volumes= privileged=]',
    '[agent with=agent proof  host= token=false volumes=map[serviceAccountToken:map[path:token]] privileged=]',
    '[agent with=agent proof  host= token=false volumes=/var/run privileged=]',
    '[agent with=agent proof  host= token=false volumes= privileged=true]',
    '[proxy with=proxy istio-proxy   host= token=false volumes= privileged=]',
    '[proxy with=agent proof  host= token=false volumes= privileged=]',
  ])
    for (const answer of [`${agent}${proxy}${changed}`, `${changed}${agent}${proxy}`, `${agent}${changed}${proxy}`]) {
      expect(ready.test(answer), answer).toBe(false)
      expect(never.test(answer), answer).toBe(true)
    }
})

test('a start reads of its pod how it stands, and no text that the configuration or the project wrote', () => {
  const [, runs] = awaited(kubernetes.life.make(plain, undefined))
  for (const { ask } of [runs ?? fail()]) {
    const [format = ''] = ask.filter((word) => word.startsWith('--output='))
    expect(format).toStartWith('--output=jsonpath=')
    for (const [, field = ''] of format.matchAll(/\{(\.[^}]*)\}/g)) expect(field).toMatch(/^\.status\./)
  }
  const [ready, never] = [new RegExp(runs?.ready ?? fail(), 'm'), new RegExp(runs?.never?.pattern ?? fail(), 'm')]
  expect(ready.test('phase=Running waits= \n')).toBe(true)
  for (const answer of ['phase=Pending waits= \n', 'phase=Pending waits=PodInitializing PodInitializing\n']) {
    expect(ready.test(answer), answer).toBe(false)
    expect(never.test(answer), answer).toBe(false)
  }
  for (const answer of [
    'phase=Failed waits= \n',
    'phase=Pending waits=ErrImageNeverPull PodInitializing\n',
    'phase=Pending waits= ImagePullBackOff\n',
  ])
    expect(never.test(answer), answer).toBe(true)
})

test('a node fetches nothing under a name that means its own port 80', () => {
  const policies = (spec: SessionSpec) =>
    podsOf(spec).flatMap(({ spec: pod }) =>
      [...(pod.initContainers ?? []), ...pod.containers].map((one) => [one['image'], one['imagePullPolicy']]),
    )
  for (const [image, policy] of policies({ ...plain, image: 'localhost/mine', proxyImage: 'localhost/paude/proxy:1' }))
    expect(policy, String(image)).toBe('Never')
  for (const [image, policy] of policies({ ...plain, image: 'localhost:5000/mine', proxyImage: 'registry.example.org/proxy:1' }))
    expect(policy, String(image)).toBe('IfNotPresent')
})

test('a session that starts again has a new pod for its proxy, which takes the credential of now', () => {
  const plan = flat(
    kubernetes.life.wake({ ...handleOfSpec(plain), cluster: { context: 'one', namespace: 'paude' } }, secret('new')),
  )
  const at = (pattern: RegExp) => plan.findIndex((step) => step.kind === 'exec' && pattern.test(step.argv.join(' ')))
  const told = plan.findIndex((step) => step.kind === 'exec' && step.stdin !== undefined)
  const steps = [told, at(/"replicas":0/), at(/wait pod .*paude\.role=proxy --for=delete/), at(/"replicas":1/)]
  expect(steps).not.toContain(-1)
  expect(steps).toEqual(steps.toSorted((one, other) => one - other))
})

test('a stop and a start need no right on a subresource that the Role of paude lacks', () => {
  const box = { ...handleOfSpec(plain), cluster: { context: 'one', namespace: 'paude' } }
  const calls = flat([...kubernetes.life.stop(box, 10), ...kubernetes.life.wake(box, null)]).flatMap((step) =>
    step.kind === 'exec' ? [step.argv] : [],
  )
  expect(calls.length).toBeGreaterThan(5)
  expect(RULES.flatMap(({ resources }) => resources)).not.toContain('deployments/scale')
  expect(calls.filter((argv) => argv.includes('scale'))).toEqual([])
})

test('nothing is asked or changed in a cluster for a session whose place is not known', () => {
  const box = { ...handleOfSpec(plain), cluster: undefined }
  for (const act of [
    () => kubernetes.life.remove(box),
    () => kubernetes.life.stop(box, 10),
    () => kubernetes.life.remains(box),
    () => kubernetes.life.state(box),
  ])
    expect(act).toThrow(/does not say where/)
})

test('a session that only its labels tell of is where it was found, with the HOME that they name', () => {
  const place = { context: 'one', namespace: 'team' }
  const [query] = kubernetes.inventory.sessions(() => [{ ...handleOfSpec(plain), cluster: place }])
  const job = made(plain).find(({ kind }) => kind === 'Job') ?? fail()
  const [found] = query?.parse(JSON.stringify({ items: [job] })) ?? []
  expect(found).toMatchObject({ id: plain.id, cluster: place, homeVolume: plain.homeVolume })
})

function fail(): never {
  throw new Error('the plan has no such part')
}
