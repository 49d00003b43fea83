import type { SessionSpec } from '../../box/spec.ts'
import { exec } from '../../plan/plan.ts'
import type { Beside } from '../backend.ts'
import { clusterSpec } from './make.ts'
import { applying, kubectl, PORTS, parts } from './names.ts'
import { listText, type Manifest, marked, object } from './object.ts'
import { confined, HARDENED, labelsOf, plain, pulled } from './pods.ts'
import { open, waysTo } from './policies.ts'

/** Places of a pod that are none of an engine's boxes: what `pods.ts` mounts for its first program, and what the node adds. */
export const BROUGHT = ['/paude/kit', '/paude/way', '/paude/out', '/dev/termination-log']

/** Every pod is told where the API server is. */
export const SERVICE_VARIABLES = [
  ...['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTPS', 'PORT'],
  ...['PORT_443_TCP', 'PORT_443_TCP_ADDR', 'PORT_443_TCP_PORT', 'PORT_443_TCP_PROTO'],
].map((name) => `KUBERNETES_${name}`)

const namesOf = (id: string) => [parts(id).beside, `${parts(id).beside}-provider`] as const

const besideOf = (id: string) => ({ 'paude.id': id, 'paude.role': 'beside' })

type Program = Parameters<Beside['serve']>[1]

/** The server of the self-test: a pod that everybody may reach, so that only their own walls keep agents from it. */
export const beside: Beside = {
  serve: (spec, program) => {
    const { cluster } = clusterSpec(spec).own
    return [
      exec(applying(cluster), {
        stdin: listText(
          marked(clusterSpec(spec).own.owner, [
            open(parts(spec.id).beside, besideOf(spec.id), spec.id),
            ...services(spec, program),
            pod(spec, program),
          ]),
        ),
      }),
      exec(kubectl(cluster, 'wait', `pod/${parts(spec.id).beside}`, '--for=condition=Ready', '--timeout=120s'), { takes: 120 }),
    ]
  },
  admit: ({ cluster, id, mark = '' }, session) => [
    exec(applying(cluster), { stdin: listText(marked(mark, [waysTo(besideOf(id), { id, session })])) }),
  ],
  addresses: ({ cluster, id }) => ({
    argv: kubectl(
      cluster,
      ...['get', `pod/${parts(id).beside}`, ...namesOf(id).map((name) => `service/${name}`)],
      '--output=jsonpath={.items[*].status.podIP} {.items[*].spec.clusterIP}',
    ),
    parse: (stdout) => {
      const [own = '', ...names] = stdout.trim().split(' ')
      return { own, names }
    },
  }),
  hosts: ({ cluster, id }, domains) => {
    const services = `${cluster?.namespace ?? ''}.svc`
    const domain = domains.find((one) => one.startsWith(`${services}.`)) ?? `${services}.cluster.local`
    const [server, provider] = namesOf(id)
    return [`${server}.${domain}`, `${provider}.${domain}`]
  },
  printed: ({ cluster, id }) => kubectl(cluster, 'logs', parts(id).beside),
  ports: { neighbour: PORTS.proxy, own: PORTS.closed },
  governor: { address: 'KUBERNETES_SERVICE_HOST', port: 'KUBERNETES_SERVICE_PORT' },
}

/** A proxy never speaks to addresses of its own network, where the pod may be: its Service has one of another. */
const services = ({ id }: SessionSpec, { ports }: Program): readonly Manifest[] =>
  namesOf(id).map((name) =>
    object('v1', 'Service', {
      name,
      labels: { 'paude.id': id },
      spec: {
        selector: besideOf(id),
        ports: ports.map((port) => ({ name: `p${port}`, port, targetPort: port, protocol: 'TCP' })),
      },
    }),
  )

const pod = (session: SessionSpec, { words, ports }: Program): Manifest => {
  const spec = clusterSpec(session)
  return object('v1', 'Pod', {
    name: parts(spec.id).beside,
    labels: { ...spec.own.cluster.labels, ...labelsOf(spec, 'beside') },
    spec: {
      ...confined(spec, spec.user),
      restartPolicy: 'Never',
      // Of a self-test that was killed.
      activeDeadlineSeconds: 1800,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'beside',
          ...pulled(spec.image),
          command: words.map(plain),
          ports: ports.map((containerPort) => ({ containerPort, protocol: 'TCP' })),
          securityContext: HARDENED,
          resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '128Mi' } },
        },
      ],
    },
  })
}
