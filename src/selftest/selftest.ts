import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type Backend, type Engine, need } from '../backends/backend.ts'
import { NETWORK_NAMES } from '../box/environment.ts'
import { copiedOf, copyAt, mountsOf, shadowAt, shadowedOf } from '../box/spec.ts'
import { takesUploads, UPLOADS_AT } from '../box/uploads.ts'
import type { Config } from '../config/keys/settings.ts'
import { API_KEY } from '../credentials/providers.ts'
import { type Ending, interrupted } from '../errors.ts'
import type { Host } from '../host.ts'
import { HOST_NAME } from '../network/names.ts'
import type { Plan } from '../plan/plan.ts'
import { ask } from '../run/ask.ts'
import type { Effects } from '../run/effects.ts'
import { execute } from '../run/execute.ts'
import { SIGNALS } from '../run/patience.ts'
import { removePlan } from '../session/life/plans.ts'
import { givenUp } from '../session/resolve/security.ts'
import { judge, KNOWN_AFTER, type Row } from './judge.ts'
import { lookFromInside, lookFromOutside, lookFromProxy, neighbourNamespaces, waitForWall } from './observe.ts'
import { type Facts, type Want, words } from './probe.ts'
import { type Images, type Made, makeProject, makeSession, PIDS } from './sessions.ts'
import { openWitness, type Witness } from './witness.ts'
import { openWitnessBeside } from './witness-beside.ts'

export type Trial = {
  readonly host: Host
  readonly config: Config
  readonly backend: Backend
  readonly images: Images
  readonly version: string
  readonly effects: Effects
  /** Told the claims of each area once they are judged, while the rest is still being tried. */
  readonly onArea?: ((rows: readonly Row[]) => void) | undefined
  /** Changes the plan of the session under test: the tests break the wall with it. */
  readonly alter?: (plan: Plan) => Plan
}

export type Report = {
  readonly engine: Engine
  readonly started: string
  readonly rows: readonly Row[]
  readonly facts: Facts
  readonly want: Want
}

/** Starts a session and a neighbour, tries every way out, takes all of it away again and says what was seen. */
export async function selfTest(trial: Trial): Promise<Report> {
  const { backend, effects } = trial
  const started = new Date().toISOString()
  const engine = await ask(backend.health.version(trial.config.settings), effects)
  const project = makeProject()
  const interruption = listen()
  const made: Made[] = []
  const witnesses: Witness[] = []
  try {
    const { facts, want } = await observe(trial, { project, made, witnesses, check: interruption.check })
    return { engine, started, rows: judge(facts, want), facts, want }
  } finally {
    effects.moving.show('removing both sessions')
    for (const witness of witnesses) witness.close()
    await Promise.allSettled(made.map(({ handle }) => execute(removePlan(backend, handle, { home: true }), effects)))
    rmSync(project.root, { recursive: true, force: true })
    effects.moving.clear()
    interruption.stop()
  }
}

type Bench = {
  readonly project: ReturnType<typeof makeProject>
  readonly made: Made[]
  readonly witnesses: Witness[]
  readonly check: () => void
}

/** Without a server beside the session its allowlist names this machine, also where no proxy gets there: the rest of the claims needs none. */
const naming = (trial: Trial): Trial => ({
  ...trial,
  backend: { ...trial.backend, can: { ...trial.backend.can, hostPorts: true } },
})

async function observe(
  asked: Trial,
  { project, made, witnesses, check }: Bench,
): Promise<{ readonly facts: Facts; readonly want: Want }> {
  const trial = naming(asked)
  const { backend, effects, alter = (plan) => plan } = trial
  const { beside, apart } = need(backend, 'wall')
  const credential = `${API_KEY.shape}selftest-${randomBytes(24).toString('hex')}`
  const start = async (session: Made, plan: Plan) => {
    check()
    await execute(plan, effects)
    made.push(session)
    check()
  }
  await execute(trial.images.first, effects)
  effects.moving.show('starting a neighbour')
  // The neighbour goes first: only a proxy that runs tells by which address the engine knows this machine.
  const neighbour = await makeSession({
    ...trial,
    folder: project.neighbour,
    ...(beside === null
      ? { allow: [`${HOST_NAME}:9`], provider: `http://${HOST_NAME}:9` }
      : { allow: [], provider: 'https://selftest.example.org' }),
    credential: `${credential}-neighbour`,
  })
  await start(neighbour, neighbour.plan)
  effects.moving.show('starting the session under test')
  const [nearby, spaces] = await Promise.all([lookFromProxy(backend, neighbour, ''), neighbourNamespaces(backend, neighbour)])
  const witness =
    beside === null
      ? await openWitness(nearby['proxy.host'] ?? '', apart(trial.host))
      : await openWitnessBeside(beside, neighbour, { domains: words(nearby['proxy.domains'] ?? ''), effects })
  witnesses.push(witness)
  const session = await makeSession({
    ...trial,
    folder: project.folder,
    allow: witness.allow,
    credential,
    provider: `http://${witness.providerHost}:${witness.provider}`,
  })
  await start(session, [...(beside?.admit(neighbour.handle, session.spec.id) ?? []), ...alter(session.plan)])
  const want = wanted(backend, session, witness)
  const { canaries, fault } = await waitForWall(backend, session)
  if (fault !== '') return { facts: { ...canaries, 'box.refused': fault }, want }
  effects.moving.show('trying every way out of the sandbox')
  const proxy = await lookFromProxy(backend, session, nearby['proxy.address'] ?? '')
  check()
  const inside = await lookFromInside(backend, session, {
    reached: async (stage, facts) => {
      const known = KNOWN_AFTER[stage] ?? []
      const rows = judge({ ...canaries, ...proxy, ...spaces, ...facts, ...(await witness.facts(credential)) }, want)
      trial.onArea?.(rows.filter(({ area }) => known.includes(area)))
      effects.moving.show('trying every way out')
    },
    witness,
    credential,
    placeholder: want.placeholder,
    outside: project.outside,
    resolver: proxy['proxy.resolver'] ?? '',
    neighbour: { id: neighbour.spec.id, address: nearby['proxy.address'] ?? '' },
    ownProxy: proxy['proxy.address'] ?? '',
  })
  check()
  effects.moving.show('looking at the sandbox from outside')
  const outside = await lookFromOutside(backend, session, credential)
  return { facts: { ...canaries, ...proxy, ...spaces, ...inside, ...outside, ...(await witness.facts(credential)) }, want }
}

/** What the session was made to be, from its own spec. */
export function wanted(
  backend: Pick<Backend, 'name' | 'inside' | 'can'>,
  { spec, host }: Pick<Made, 'spec' | 'host'>,
  { token, host: name }: Pick<Witness, 'token' | 'host'>,
): Want {
  const { brings } = need(backend, 'inside')
  const isPod = backend.can.isolation === 'pod'
  const isMachine = backend.can.isolation === 'vm'
  const mounts = mountsOf(spec)
  const { user, workspace, out, security } = spec
  const outFiles = out.map((name) => `/paude/out/${name}`)
  const copied = copiedOf(spec.transport)
  const shadowed = shadowedOf(spec.transport)
  const copies = [...copied, ...copied.map((_, n) => copyAt(n))]
  const shadows = [...shadowed, ...shadowed.map((_, n) => shadowAt(n))]
  const own = [
    '/paude/init',
    '/paude/seed',
    ...(takesUploads(spec) ? [UPLOADS_AT] : []),
    '/paude/link',
    '/etc/passwd',
    '/etc/group',
    '/etc/resolv.conf',
    '/etc/hosts',
    '/etc/hostname',
    '/tmp',
    '/run',
    user.home,
    ...Object.keys(spec.system),
    ...outFiles,
    ...(copies.length === 0 ? [] : ['/paude/bin', ...copies]),
    ...shadows,
    ...(spec.transport.kind === 'volume' ? [spec.transport.volume.root] : []),
  ]
  return {
    ...user,
    // What is written in a pod or a volume of a virtual machine is not on this machine.
    owner: isPod || isMachine ? '' : `${host.uid}:${host.gid}`,
    pids: PIDS,
    workspace,
    mounts: ['/', ...own, ...[...mounts, ...spec.standIns].map(({ target }) => target), ...brings.mounts],
    writable: [
      // The engine makes these files for each session, and a read-only root makes them read-only too (some mount the second).
      ...(security.readOnlyRoot ? [] : ['/', '/etc/hostname', '/run/.containerenv']),
      ...[user.home, '/tmp', '/run', ...outFiles, ...copies, ...shadows, ...(brings.writable ?? [])],
      // The volume of the workspace has all of these.
      ...(spec.transport.kind === 'volume' ? [spec.transport.volume.root, '/paude/out', UPLOADS_AT] : []),
      ...mounts.filter(({ readOnly }) => !readOnly).map(({ target }) => target),
    ],
    givenUp: givenUp(security),
    variables: [...Object.keys(spec.environment), ...NETWORK_NAMES, ...brings.variables],
    placeholder: spec.environment[API_KEY.variable] ?? '',
    token,
    host: name,
    isPod,
    isMachine,
  }
}

/** Signals wait for the next check, so that nothing interrupts the clean-up. */
function listen(): { readonly check: () => void; readonly stop: () => void } {
  let came: Ending | null = null
  const note = (signal: Ending) => {
    came = signal
  }
  for (const signal of SIGNALS) process.on(signal, note)
  return {
    check: () => {
      if (came !== null) throw interrupted(came)
    },
    stop: () => {
      for (const signal of SIGNALS) process.off(signal, note)
    },
  }
}
