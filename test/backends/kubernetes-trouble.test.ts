import { expect, test } from 'bun:test'
import { type Event, type Pod, troubleOf } from '../../src/backends/kubernetes/trouble.ts'
import type { ErrorCode } from '../../src/errors.ts'
import recorded from '../fixtures/kubernetes/pods.json'

const where = { context: 'one', namespace: 'paude' }
const told = (pods: readonly Pod[], events: readonly Event[] = []) => troubleOf({ ...where, pods, events })
const waiting = (reason: string, message = '', image = 'registry.example.org/team/agent:1'): Pod => ({
  metadata: { name: 'one' },
  status: { phase: 'Pending', containerStatuses: [{ name: 'agent', image, state: { waiting: { reason, message } } }] },
})
const unscheduled = (message: string): Pod => ({
  metadata: { name: 'one' },
  status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] },
})

type Case = readonly [what: string, trouble: ReturnType<typeof told>, code: ErrorCode, message: RegExp, final: boolean]

const cases: readonly Case[] = [
  [
    'a name that is none',
    told([waiting('InvalidImageName', '', 'Bad Name')]),
    'usage',
    /not the name of an image: Bad Name/,
    true,
  ],
  [
    'an image that must not be pulled',
    told([waiting('ErrImageNeverPull')]),
    'image-missing',
    /node does not have the image/,
    true,
  ],
  ['a registry without a login', told([waiting('ImagePullBackOff', 'pull access denied')]), 'registry', /wants a login/, true],
  ['an unknown tag', told([waiting('ErrImagePull', 'agent:1: not found')]), 'image-missing', /has no image .*agent:1/, false],
  ['another processor', told([waiting('ErrImagePull', 'no match for platform in manifest')]), 'unsupported', /processor/, false],
  [
    'a strange certificate',
    told([waiting('ErrImagePull', 'x509: unknown authority')]),
    'registry',
    /trust the certificate/,
    false,
  ],
  ['a registry out of reach', told([waiting('ErrImagePull', 'dial tcp: i/o timeout')]), 'registry', /cannot fetch/, false],
  [
    'a missing Secret',
    told([waiting('CreateContainerConfigError', 'secret "a" not found')]),
    'command-failed',
    /secret "a"/,
    true,
  ],
  [
    'too little room',
    told([unscheduled('0/1 nodes are available: 1 Insufficient cpu.')]),
    'backend-down',
    /no node has room/,
    false,
  ],
  [
    'no node of that label',
    told([unscheduled("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")]),
    'config',
    /node_selector/,
    false,
  ],
  [
    'a taint',
    told([unscheduled('0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.')]),
    'config',
    /by a taint/,
    false,
  ],
  [
    'a claim that waits',
    told([unscheduled('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.')]),
    'backend-down',
    /the volume of the session is not there yet/,
    false,
  ],
  [
    'a claim that is going',
    told([unscheduled('0/1 nodes are available: persistentvolumeclaim "paude-home-claude-4c94" is being deleted.')]),
    'refused',
    /the volume paude-home-claude-4c94 is being deleted/,
    true,
  ],
  [
    'no default storage class',
    told(
      [unscheduled('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.')],
      [{ reason: 'FailedBinding', message: 'no persistent volumes available for this claim and no storage class is set' }],
    ),
    'config',
    /no default storage class/,
    true,
  ],
  [
    'an unknown storage class',
    told([], [{ reason: 'ProvisioningFailed', message: 'storageclass.storage.k8s.io "fast" not found' }]),
    'config',
    /no storage class fast$/,
    true,
  ],
  [
    'a quota',
    told(
      [],
      [
        {
          reason: 'FailedCreate',
          message: 'pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
        },
      ],
    ),
    'refused',
    /quota q .* pods=5 of pods=5/,
    true,
  ],
  [
    'the level of a namespace',
    told(
      [],
      [{ reason: 'FailedCreate', message: 'pods "a" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot' }],
    ),
    'refused',
    /level restricted:latest: runAsNonRoot/,
    true,
  ],
  [
    'memory',
    told([
      {
        metadata: { name: 'one' },
        status: {
          phase: 'Failed',
          containerStatuses: [{ name: 'agent', state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
        },
      },
    ]),
    'command-failed',
    /more memory than it may/,
    true,
  ],
  [
    'an eviction',
    told([{ metadata: { name: 'one' }, status: { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } }]),
    'disk-full',
    /evict the pod: low on memory/,
    true,
  ],
]

test.each(cases)('a pod that does not come up: %s', (_, trouble, code, message, final) => {
  expect(trouble?.error.code).toBe(code)
  expect(trouble?.error.message).toMatch(message)
  expect(trouble?.error.hint).not.toBe('')
  expect(trouble?.final).toBe(final)
})

/** What a cluster of 1.33 said of real pods. */
const seen: Readonly<Record<keyof typeof recorded, readonly [code: ErrorCode, message: RegExp, final: boolean]>> = {
  pull: ['registry', /cannot fetch the image registry\.invalid\/team\/agent:1: /, false],
  'pull-never': ['image-missing', /node does not have the image docker\.io\/kubetest\/none:1/, true],
  'image-name': ['usage', /not the name of an image: Bad Name/, true],
  'no-room': ['backend-down', /no node has room for the pod: 0\/1 nodes are available: 1 Insufficient cpu\.$/, false],
  'no-node': ['config', /no node fits kubernetes\.node_selector/, false],
  oom: ['command-failed', /used more memory than it may/, true],
  'no-secret': ['command-failed', /secret "none" not found/, true],
  root: ['command-failed', /image will run as root/, true],
  'no-program': ['command-not-found', /has no program \/no\/such$/, true],
  evicted: ['disk-full', /Usage of EmptyDir volume "d" exceeds the limit "1Mi"\.$/, true],
  'no-claim': ['backend-down', /"none" not found\.$/, false],
  'claim-no-default': ['config', /no default storage class/, true],
  'claim-no-class': ['config', /no storage class none$/, true],
  'job-quota': ['refused', /the quota small of the namespace/, true],
  'job-security': ['refused', /only pods of the level restricted:latest/, true],
}

test.each(Object.entries(recorded))('a real pod that does not come up: %s', (name, { pods, events }) => {
  const [code, message, final] = seen[name as keyof typeof recorded]
  const trouble = told(pods as readonly Pod[], events)
  expect(trouble?.error.code).toBe(code)
  expect(trouble?.error.message).toMatch(message)
  expect(trouble?.final).toBe(final)
})

test('a pod that comes up, or whose wait is ordinary, is no trouble', () => {
  const started: Pod = {
    metadata: { name: 'one' },
    status: { phase: 'Running', containerStatuses: [{ name: 'agent', state: {} }] },
  }
  expect(told([started, waiting('ContainerCreating'), waiting('PodInitializing'), { metadata: { name: 'new' } }])).toBeNull()
  expect(told([], [{ reason: 'WaitForFirstConsumer', message: 'waiting for first consumer' }, { reason: 'Pulled' }])).toBeNull()
})

test('words of a registry neither move the cursor nor fill the screen', () => {
  const { message = '' } = told([waiting('ErrImagePull', `\u001b[2J${'x'.repeat(5000)}`)])?.error ?? {}
  expect(message).not.toContain('\u001b')
  expect(message.length).toBeLessThan(600)
})

test('a node without an image that it may not fetch is told where images come from', () => {
  expect(told([waiting('ErrImageNeverPull')])?.error.hint).toContain('paude config set kubernetes.registry ')
})
