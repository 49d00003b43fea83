import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { need } from '../../src/backends/backend.ts'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import { clusterSpec } from '../../src/backends/kubernetes/make.ts'
import { agentJob, lookPod } from '../../src/backends/kubernetes/pods.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import type { Host } from '../../src/host.ts'
import type { Argv, Gather, Plan } from '../../src/plan/plan.ts'
import { giveUpload } from '../../src/session/copy/upload.ts'
import { resumePlan, startPlan } from '../../src/session/life/plans.ts'
import type { Found } from '../../src/session/record/found.ts'
import { startsOf } from '../support/specs.ts'

/** Where nothing of this machine is mounted: your own set-up and what you send go through a program of the pod. */
const PNG = Buffer.from('\x89PNG\r\n\x1a\n-', 'latin1')
const spec = startsOf(kubernetes)['plain']?.spec ?? fail()
const host = { uid: 1000, gid: 1000 } as unknown as Host

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-carried-'))
  for (const name of ['paude/seed', 'paude/imported', 'paude/uploads', 'store/new/skills/one'])
    mkdirSync(join(room, name), { recursive: true })
  writeFileSync(join(room, 'store/new/CLAUDE.md'), 'mine\n', { mode: 0o600 })
  writeFileSync(join(room, 'store/new/skills/one/run.sh'), 'echo hi\n')
  chmodSync(join(room, 'store/new/skills/one/run.sh'), 0o700)
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const gather = (name: string): Gather => ({ kind: 'gather', store: join(room, 'store'), name, files: [], texts: {}, users: '/u' })

/** What a program of the pod is called with, on a folder of this machine in place of the pod. */
const inRoom = (argv: Argv): string[] =>
  argv.slice(argv.indexOf('--') + 1).map((word) => word.replaceAll('/paude/', `${room}/paude/`))

const streamIn = (plan: Plan) => plan.flatMap((step) => (step.kind === 'pipe' && step.from.includes('tar') ? [step] : []))[0]

/** Carries such a step out. */
function carry(plan: Plan): void {
  const step = streamIn(plan) ?? fail()
  const from = Bun.spawnSync([...step.from])
  const to = Bun.spawnSync(inRoom(step.to), { stdin: from.stdout })
  expect([from.exitCode, to.exitCode, to.stderr.toString()]).toEqual([0, 0, ''])
}

const brought = (spec: SessionSpec) => ({ ...spec, imported: gather('new') })

test('a set-up of your own comes into the pod before the agent begins, and nowhere else', () => {
  const plan = startPlan(kubernetes, brought(spec), { attached: true })
  const at = plan.findIndex((step) => step === streamIn(plan))
  expect(at).toBeGreaterThan(plan.findIndex((step) => JSON.stringify(step).includes('as they were sent')))
  expect(at).toBe(plan.length - 2)
  expect(plan.findIndex(({ kind }) => kind === 'gather')).toBeGreaterThan(-1)
  expect(streamIn(startPlan(kubernetes, spec, { attached: true }))).toBeUndefined()

  const volumes = (made: unknown) => JSON.stringify(made).match(/"mountPath":"\/paude\/imported"/g)?.length ?? 0
  expect([volumes(agentJob(clusterSpec(brought(spec)))), volumes(agentJob(clusterSpec(spec)))]).toEqual([1, 0])
  expect(volumes(lookPod(clusterSpec(brought(spec)), 1))).toBe(0)
})

test('the copy of a later start has the name that the session knows', () => {
  writeFileSync(join(room, 'paude/seed/imported'), 'first\n')
  carry(
    resumePlan(
      kubernetes,
      { ...handleOfSpec(spec), cluster: { context: 'one', namespace: 'paude' } },
      {
        attached: true,
        credential: null,
        imported: gather('new'),
      },
    ),
  )
  expect(readdirSync(join(room, 'paude/imported'))).toEqual(['first'])
  expect(readFileSync(join(room, 'paude/imported/first/CLAUDE.md'), 'utf8')).toBe('mine\n')
  expect(statSync(join(room, 'paude/imported/first/skills/one/run.sh')).mode & 0o777).toBe(0o700)
})

const session = (exec: (words: readonly string[]) => Argv): Found =>
  ({
    backend: {
      ...kubernetes,
      inside: { ...need(kubernetes, 'inside'), exec: (_: unknown, words: readonly string[]) => exec(words) },
    },
    handle: handleOfSpec(spec),
    record: { id: spec.id, name: '' },
  }) as unknown as Found

test('a file that you send lies in the pod under a name that needs no quotes and replaces no other', async () => {
  const found = session((words) => inRoom(['--', ...words]) as unknown as Argv)
  const places = [
    await giveUpload(host, found, { name: 'a b\u001b.png', bytes: PNG }),
    await giveUpload(host, found, { name: '../../x', bytes: Buffer.from('two') }),
  ]
  expect(places[0]).toMatch(/^\/paude\/uploads\/[0-9a-z]+-a_b_\.png$/)
  expect(places[1]).toMatch(/^\/paude\/uploads\/[0-9a-z]+-\.\._\.\._x$/)
  const uploads = join(room, 'paude/uploads')
  expect(readdirSync(uploads).toSorted()).toEqual(places.map((place) => basename(place)).toSorted())
  expect(readFileSync(join(uploads, basename(places[0] ?? '')))).toEqual(PNG)
})

test('a transfer that is cut is told, and no path is typed', async () => {
  const cut = session(() => ['sh', '-c', 'echo into; head -c 100 >/dev/null; echo "the stream was reset" >&2; exit 1'])
  const given = giveUpload(host, cut, { name: 'a.png', bytes: PNG })
  expect(given).rejects.toThrow('the stream was reset')
  await given.catch(() => undefined)
})

test('what you send outlives the pod, and the pod that shows a workspace does not have it', () => {
  const mounts = (made: unknown) => JSON.stringify(made).match(/"mountPath":"\/paude\/uploads","subPath":"uploads"/g)?.length ?? 0
  expect(mounts(agentJob(clusterSpec(spec)))).toBe(1)
  expect(mounts(agentJob(clusterSpec({ ...spec, agent: 'command' })))).toBe(0)
  expect(mounts(lookPod(clusterSpec(spec), 1))).toBe(0)
})

function fail(): never {
  throw new Error('there is no such part')
}
