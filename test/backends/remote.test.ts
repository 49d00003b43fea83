import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need } from '../../src/backends/backend.ts'
import { noEngine, pickBackend, wantedRemote } from '../../src/backends/pick.ts'
import { backendAt } from '../../src/backends/registry.ts'
import { handleOfSpec } from '../../src/box/handle.ts'
import { isRemoteAddress, type Remote } from '../../src/box/remote.ts'
import type { SessionSpec } from '../../src/box/spec.ts'
import { parseConfig } from '../../src/config/files/parse.ts'
import { readHost } from '../../src/host.ts'
import { resumePlan, startPlan } from '../../src/session/life/plans.ts'
import { type Machine, makeMachine } from '../support/machine.ts'
import { cases, SECRETS } from '../support/specs.ts'

const REMOTE = { name: 'build', at: 'ssh://ada@build.example.org' }
const SAID = { name: 'build', engine: 'docker', at: REMOTE.at, known: '', identity: '' } as const
const VOLUMES = '/srv/docker/volumes'
const PODMAN = { name: 'build', at: 'ssh://ada@build.example.org/run/podman/podman.sock', identity: '/home/ada/.ssh/id' }

/** docker and podman of another machine, and the words that send their clients there. */
const places = [
  { engine: 'docker', remote: REMOTE, words: ['--host=ssh://ada@build.example.org'] },
  { engine: 'podman', remote: PODMAN, words: [`--url=${PODMAN.at}`, `--identity=${PODMAN.identity}`] },
] as const
const far = backendAt('docker', REMOTE)

/** A clone with a credential and the user's own set-up of the agent, on that machine. */
function farSpec(remote: Remote): SessionSpec {
  const { spec } = cases['credential'] as (typeof cases)[string]

  return {
    ...spec,
    init: '',

    imported: { kind: 'gather', store: '/home/ada/.cache/paude/own', name: 'new', files: [], texts: {}, users: '/home/ada/x' },
    transport: {
      kind: 'volume',
      volume: { name: 'paude-bcd234-workspace', root: spec.workspace, image: spec.image, uid: 1000, gid: 1000, selinux: false },
      fill: { from: ['/bin/sh', '-c', 'tar'], script: 'cat', words: [], packs: '' },
    },
    own: {
      kind: 'oci',
      extraFlags: [],
      sharedMemory: 64 * 1024 ** 2,
      link: 'volume',
      selinux: false,
      remote: { ...remote, volumes: VOLUMES, rootless: false },
    },
  }
}

/** All lists of words in a plan that call an engine, wherever they stand. */
function callsIn(value: unknown): readonly (readonly string[])[] {
  if (Array.isArray(value))
    return ['docker', 'podman'].includes(value[0]) && value.every((word) => typeof word === 'string')
      ? [value]
      : value.flatMap(callsIn)
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(callsIn) : []
}

/** As docker's list of volumes has it. */
const volumeRow = (session: string) =>
  `${JSON.stringify([`${session}-files`, session, 'files', '2026-01-02T03:04:05.000Z', ''])}\n`

describe.each(places)('a session on $engine of another machine', ({ engine, remote, words: there }) => {
  const spec = farSpec(remote)
  const far = backendAt(engine, remote)
  const box = handleOfSpec(spec)
  const stages = { stages: '0 0123456789ab\n', '0123456789ab/squid.conf': 'acl all\n' }
  const plans = {
    start: startPlan(far, spec, { attached: true }),
    resume: resumePlan(far, box, { attached: true, credential: null, imported: spec.imported }),
    stop: far.life.stop(box, 10),
    remove: far.life.remove(box),
    change: need(far, 'wall').change(box, { stages: stages.stages, files: stages }),
    keep: need(far, 'wall').keep(box, stages),
    others: [
      far.life.state(box).argv,
      far.life.remains(box),
      far.life.signal(box, 'TERM'),
      need(far, 'terminal').rejoin?.(box),
      need(far, 'inside').exec(box, ['true'], { part: 'agent', terminal: false, stdin: false, folder: '' }),
      need(far, 'ports').relay(box, { port: 80, name: 'x' }),
      need(far, 'wall').requests(box, { follow: true }),
      need(far, 'wall').there?.(box),
      ...far.inventory.told(box),
      ...far.inventory.sessions(() => [box]).map(({ argv }) => argv),
      ...far.inventory.parts(() => [box]).map(({ argv }) => argv),
      ...far.inventory.volumes(() => [box]).map(({ argv }) => argv),
      far.health.version({} as never).argv,
      far.health.info?.argv,
      far.health.far?.argv,
    ],
  }

  test.each(Object.entries(plans))('is spoken to over there alone: %s', (_, plan) => {
    const calls = callsIn(plan)
    expect(calls.length).toBeGreaterThan(0)
    for (const call of calls) expect(call.slice(0, there.length + 1)).toEqual([engine, ...there])
  })

  test.each(Object.entries(plans))('mounts nothing of this machine: %s', (_, plan) => {
    const words = callsIn(plan).flat()
    const sources = words.flatMap((word) => /^--mount=type=bind,(?:")?src=([^,]+)/.exec(word)?.[1] ?? [])
    for (const source of sources) expect(source).toStartWith(`${VOLUMES}/paude-bcd234-files/_data/`)
    expect(words.filter((word) => word.startsWith('--volume=') || word === '-v')).toEqual([])
    // What the client itself reads and sends is all that names a folder of the session here.
    const named = words.filter((word) => word.includes(spec.folder))
    expect(named.filter((word) => !word.startsWith('--security-opt=seccomp='))).toEqual([])
    // docker's client sends what podman's service reads where it is.
    if (engine === 'podman') expect(named).toEqual([])
  })

  test('shows the proxy its policy read-only, and has a helper change it', () => {
    const proxy = callsIn(plans.start).find((call) => call.includes('/usr/lib/paude/proxy'))
    expect(proxy).toContain(`--mount=type=bind,src=${VOLUMES}/paude-bcd234-files/_data/policy,dst=/paude/policy,ro`)
    const [lay, take] = plans.change
    expect(lay?.kind === 'exec' && lay.argv).toContain('--mount=type=volume,src=paude-bcd234-files,dst=/paude/files')
    expect(lay?.kind === 'exec' && lay.argv).toContain('--network=none')
    expect(take?.kind === 'exec' && take.argv).toContain('/usr/lib/paude/policy')
  })

  test('makes its HOME while the files of the session are on their way', () => {
    const step = plans.start.find((one) => one.kind === 'together')
    const lanes = step?.kind === 'together' ? step.lanes.map((lane) => callsIn(lane)) : []
    const laneOf = (fits: (call: readonly string[]) => boolean) => lanes.findIndex((calls) => calls.some(fits))
    const home = laneOf((call) => call.some((word) => word.includes(spec.homeVolume)))
    expect(home).toBeGreaterThanOrEqual(0)
    expect(laneOf((call) => call.at(-1) === '-s')).not.toBe(home)
    // It has no file of the session, which may not be there yet.
    expect(JSON.stringify(lanes[home])).not.toContain('paude-bcd234-files')
  })

  test('gives the credential to nothing but the stdin of its proxy', () => {
    const holders = plans.start.flatMap(function walk(step): readonly unknown[] {
      const {
        stdin,
        lanes = [],
        trailing = [],
      } = step as { stdin?: unknown; lanes?: (typeof plans.start)[]; trailing?: typeof plans.start }
      return [
        ...(typeof stdin === 'object' ? [(step as { argv: readonly string[] }).argv.at(-1)] : []),
        ...[...lanes, trailing].flatMap((lane) => lane.flatMap(walk)),
      ]
    })
    expect(holders).toEqual(['/usr/lib/paude/secret'])
    expect(JSON.stringify(plans.start)).not.toContain(SECRETS.credential)
  })

  test('leaves nothing over there', () => {
    const removed = callsIn(plans.remove).flatMap((call) => (call.includes('rm') ? call.slice(there.length + 2) : []))
    for (const part of ['', '-proxy', '-link', '-workspace', '-files', '-imported'])
      expect(removed).toContain(`paude-bcd234${part}`)
  })

  test('has a user that is nobody of this machine', () => {
    expect(far.user({ ...readHost(), uid: 0, gid: 0 })).toEqual({ uid: 1000, gid: 1000 })
  })
})

describe('docker of another machine', () => {
  const box = handleOfSpec(farSpec(REMOTE))

  test('is told apart from what others have there', () => {
    const rows = `${volumeRow('paude-bcd234')}${volumeRow('paude-zzzzzz')}`
    const found = far.inventory.volumes(() => [box]).flatMap(({ parse }) => parse(rows))
    expect(found.map(({ reference }) => reference)).toEqual(['paude-bcd234-files'])
  })

  test('is reached by a context where the configuration names one', () => {
    expect(backendAt('docker', { name: 'lab', at: 'lab' }).health.far?.argv.slice(0, 2)).toEqual(['docker', '--context=lab'])
  })

  test('is said not to answer where an older client says so among facts that it does not have', () => {
    const errors = [
      'error during connect: Get "http://x/info": command [ssh] has exited, stderr=ssh: connect to host build: refused\n',
    ]
    const silent = JSON.stringify({ ServerErrors: errors, OSType: '', DockerRootDir: '' })
    expect(() => far.health.far?.parse(silent)).toThrow('docker@build does not answer: ssh: connect to host build: refused')
  })
})

describe('podman of another machine', () => {
  const spec = farSpec(PODMAN)
  const far = backendAt('podman', PODMAN)
  const calls = callsIn(startPlan(far, spec, { attached: true }))
  const at = (word: string) => calls.findIndex((call) => call.includes(word))

  test('has its filter for system calls there, which one helper brings that has the engine’s own', () => {
    const filter = `--security-opt=seccomp=${VOLUMES}/paude-bcd234-files/_data/seed/seccomp.json`
    const made = calls.filter((call) => call.includes('--cap-drop=ALL'))
    expect(made.filter((call) => !call.includes(filter)).map((call) => call.at(-1))).toEqual(['-s'])
    expect(JSON.stringify(startPlan(far, spec, { attached: true }))).toContain('cat >seed/seccomp.json')
  })

  test('makes its volumes with their labels before a container mounts them', () => {
    const created = calls.filter((call) => call.includes('volume') && call.includes('create'))
    expect(created.map((call) => call.at(-1)).toSorted()).toEqual([
      ...['paude-bcd234-files', 'paude-bcd234-imported', 'paude-bcd234-link', 'paude-bcd234-workspace'],
      spec.homeVolume,
    ])
    const last = calls.findLastIndex((call) => created.includes(call) && call.at(-1) !== spec.homeVolume)
    expect(at('-s')).toBeGreaterThan(last)
  })

  test.each([true, false])(
    'has the user of an image without a mapping, and sets up its proxy where that may be: rootless %p',
    (rootless) => {
      const own = { ...spec.own, remote: { ...PODMAN, volumes: VOLUMES, rootless } } as SessionSpec['own']
      const words = callsIn(startPlan(far, { ...spec, own }, { attached: true })).flat()
      expect(words).not.toContain('--userns=keep-id')
      expect(words.some((word) => word.startsWith('--sysctl=net.ipv4.neigh'))).toBe(!rootless)
    },
  )

  test('tells a start where its volumes are, and that it has no answer', () => {
    const info = { host: { arch: 'arm64', security: { rootless: true } }, store: { volumePath: '/srv/volumes' } }
    expect(far.health.far?.parse(JSON.stringify(info))).toEqual({
      ...{ engine: '', volumes: '/srv/volumes', arch: 'arm64', selinux: false, rootless: true },
    })
    const stderr = 'Error: failed to connect: ssh: handshake failed: knownhosts: key mismatch'
    const { message } = far.health.explain({ argv: ['podman', 'info'], code: 125, stdout: '', stderr })
    expect(message).toBe('podman@build does not answer: ssh: handshake failed: knownhosts: key mismatch')
  })
})

describe('where a start goes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-remote-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const machine = (env: Record<string, string>) => ({
    ...readHost(),
    home: folder,
    env: { PATH: folder, DOCKER_CONFIG: join(folder, 'docker'), ...env },
  })
  beforeAll(() => {
    writeFileSync(join(folder, 'docker'), '')
    rmSync(join(folder, 'docker'))
    const key = new Bun.CryptoHasher('sha256').update('lab').digest('hex')
    const place = join(folder, 'docker/contexts/meta', key)
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'meta.json'), JSON.stringify({ Endpoints: { docker: { Host: 'ssh://lab.example.org' } } }))
  })

  test.each([
    [{ DOCKER_HOST: 'ssh://ada@build.example.org' }, 'ssh://ada@build.example.org'],
    [{ DOCKER_HOST: 'tcp://127.0.0.1:2375' }, 'tcp://127.0.0.1:2375'],
    [{ DOCKER_CONTEXT: 'lab' }, 'lab'],
    [{ DOCKER_HOST: '10.9.9.9:2375' }, 'tcp://10.9.9.9:2375'],
    [{ DOCKER_HOST: ' ssh://ada@build.example.org' }, 'ssh://ada@build.example.org'],
    [{ DOCKER_HOST: 'unix:///var/run/docker.sock' }, null],
    [{}, null],
  ])('docker by name with %j goes to %j', (env, at) => {
    expect(wantedRemote(machine(env as Record<string, string>), { backend: 'docker', remotes: [] })?.at ?? null).toBe(at)
  })

  test('auto never goes to another machine, and says how to', async () => {
    writeFileSync(join(folder, 'docker-client'), '')
    const host = machine({ DOCKER_HOST: 'ssh://ada@build.example.org', PATH: join(folder, 'bin') })
    mkdirSync(join(folder, 'bin'), { recursive: true })
    writeFileSync(join(folder, 'bin/docker'), '#!/bin/sh\n', { mode: 0o755 })
    expect(wantedRemote(host, { backend: 'auto', remotes: [] })).toBeNull()
    await expect(pickBackend(host, 'auto')).rejects.toMatchObject({
      code: 'backend-missing',
      message: 'the client of docker is set to another machine, which is never taken by itself',
    })
    expect((await pickBackend(host, 'docker')).remote).toEqual({ name: '', at: 'ssh://ada@build.example.org' })
    // Nor where a project says docker, which names no machine.
    const said = { backend: 'docker', remotes: [], byProject: true } as const
    expect(wantedRemote(host, said)).toBeNull()
    await expect(pickBackend(host, said)).rejects.toMatchObject({
      hint: expect.stringContaining('name it: paude --backend docker'),
    })
    // Nor does this machine take the place of another one.
    expect(await noEngine(host, { backend: 'docker@build', remotes: [SAID] })).toBeNull()
  })

  describe('podman', () => {
    const wanted = (host: ReturnType<typeof machine>) => wantedRemote(host, { backend: 'podman', remotes: [] })
    const set = (env: Record<string, string>) => machine({ CONTAINERS_CONF: join(folder, 'none'), ...env })
    const conf = (text: string) => {
      const file = join(folder, 'containers.conf')
      writeFileSync(file, text)
      return { CONTAINERS_CONF: file }
    }
    const NAMED = `[engine]\nactive_service = "lab"\n[engine.service_destinations.lab]\nuri = "${PODMAN.at}"\nidentity = "/k"\n`
    const LAB = { name: '', at: PODMAN.at, identity: '/k' }

    test('goes by name where its client does, without a password', () => {
      const env = { CONTAINER_HOST: PODMAN.at.replace('ada@', 'ada:secret@'), CONTAINER_SSHKEY: '/k' }
      expect(wanted(set(env))).toEqual(LAB)
      expect(wanted(set({ CONTAINER_HOST: 'unix:///run/podman/podman.sock' }))).toBeNull()
      expect(wanted(set({ ...conf(NAMED), CONTAINER_CONNECTION: 'lab' }))).toEqual(LAB)
    })

    test('takes its default connection only where its client does', () => {
      expect(wanted(set(conf(NAMED)))).toBeNull()
      expect(wanted(set(conf(NAMED.replace('[engine]', '[engine]\nremote = true'))))).toEqual(LAB)
      const mac = { ...set(conf(NAMED)), platform: 'darwin' as const }
      expect(wanted(mac)).toEqual(LAB)
      // The virtual machine of a Mac is no other machine.
      const own = { ...set(conf(NAMED.replace('build.example.org', '127.0.0.1:50000'))), platform: 'darwin' as const }
      expect(wanted(own)).toBeNull()
      const json = join(folder, 'connections.json')
      const connections = { lab: { URI: PODMAN.at, Identity: '/k' } }
      writeFileSync(json, JSON.stringify({ Connection: { Default: 'lab', Connections: connections } }))
      expect(wanted({ ...set({ PODMAN_CONNECTIONS_CONF: json }), platform: 'darwin' })).toEqual(LAB)
    })

    test('is never taken by itself, nor by the word of a project', async () => {
      mkdirSync(join(folder, 'only'), { recursive: true })
      writeFileSync(join(folder, 'only/podman'), '#!/bin/sh\n', { mode: 0o755 })
      const host = set({ CONTAINER_HOST: PODMAN.at, PATH: join(folder, 'only') })
      const isNotTaken = { message: 'the client of podman is set to another machine, which is never taken by itself' }
      await expect(pickBackend(host, 'auto')).rejects.toMatchObject(isNotTaken)
      await expect(pickBackend(host, { backend: 'podman', remotes: [], byProject: true })).rejects.toMatchObject(isNotTaken)
    })

    test('is not reached on a machine whose key nobody knows', async () => {
      const said = { name: 'build', engine: 'podman', at: PODMAN.at, known: '', identity: '~/.ssh/id' } as const
      const asked = { backend: 'podman@build', remotes: [said] } as const
      const host = set({ PATH: join(folder, 'only') })
      mkdirSync(join(folder, '.ssh'), { recursive: true })
      const known = (text: string) => writeFileSync(join(folder, '.ssh/known_hosts'), `${text} ssh-ed25519 AAAA\n`)
      known('other.example.org')
      await expect(pickBackend(host, asked)).rejects.toMatchObject({
        message: expect.stringContaining('known_hosts does not name'),
      })
      known('other.example.org,build.example.org')
      expect((await pickBackend(host, asked)).remote).toEqual({ name: 'build', at: PODMAN.at, identity: join(folder, '.ssh/id') })
      const salt = Buffer.from('salt of twenty bytes')
      const hash = new Bun.CryptoHasher('sha1', salt).update('build.example.org').digest('base64')
      known(`|1|${salt.toString('base64')}|${hash}`)
      expect((await pickBackend(host, asked)).name).toBe('podman')
      const port = { ...said, at: PODMAN.at.replace('org/', 'org:2222/') }
      await expect(pickBackend(host, { ...asked, remotes: [port] })).rejects.toMatchObject({
        message: expect.stringContaining('ssh -p 2222 build.example.org'),
      })
    })

    test('is one thing, and docker another', async () => {
      const said = { name: 'build', engine: 'docker', at: REMOTE.at, known: '', identity: '' } as const
      await expect(pickBackend(set({}), { backend: 'podman@build', remotes: [said] })).rejects.toMatchObject({
        message: 'the remote "build" in your config.toml is docker, not podman',
      })
    })
  })

  test('a name that nobody has given is an error that says where to write it', async () => {
    await expect(pickBackend(machine({}), { backend: 'docker@lab', remotes: [] })).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('write [remotes.lab] with host = "ssh://you@HOST" there'),
    })
  })
})

describe('[remotes]', () => {
  const read = (text: string, layer: 'user' | 'project' | 'managed' = 'user') =>
    parseConfig({ layer, file: '/c.toml', text }).sources[0]?.values

  test('is the user’s own', () => {
    const text = '[remotes.build]\nhost = "ssh://ada@build.example.org:2222"\n[remotes.lab]\ncontext = "lab"\n'
    expect(read(`backend = "docker@build"\n${text}`)).toEqual({
      backend: 'docker@build',
      remotes: [
        { name: 'build', engine: 'docker', at: 'ssh://ada@build.example.org:2222', known: '', identity: '' },
        { name: 'lab', engine: 'docker', at: '', known: 'lab', identity: '' },
      ],
    })
    expect(() => read(text, 'project')).toThrow('remotes')
    expect(() => read('backend = "docker@build"\n', 'project')).toThrow('not allowed in this file')
  })

  test.each([
    'ssh://-oProxyCommand=touch',
    'ssh://ada:secret@build.example.org',
    'ssh://build.example.org/x y',
    'unix:///var/run/docker.sock',
    'build.example.org',
    '--host=x',
  ])('%s is no address of a machine', (text) => {
    expect(isRemoteAddress(text)).toBe(false)
    expect(() => read(`[remotes.x]\nhost = ${JSON.stringify(text)}\n`)).toThrow('must have an address in host')
  })

  test('tells the engines apart', () => {
    const at = PODMAN.at
    expect(
      read(`[remotes.a]\nengine = "podman"\nhost = "${at}"\nidentity = "~/.ssh/id"\n[remotes.b]\nconnection = "b"\n`),
    ).toEqual({
      remotes: [
        { name: 'a', engine: 'podman', at, known: '', identity: '~/.ssh/id' },
        { name: 'b', engine: 'podman', at: '', known: 'b', identity: '' },
      ],
    })
    expect(() => read('[remotes.a]\nengine = "podman"\nhost = "ssh://build.example.org"\n')).toThrow('path of a socket')
    expect(() => read('[remotes.a]\nengine = "podman"\nhost = "ssh://a:b@build.example.org/x"\n')).toThrow('path of a socket')
    expect(() => read('[remotes.a]\nengine = "podman"\ncontext = "x"\n')).toThrow('of docker')
    expect(() => read('[remotes.a]\nhost = "ssh://x"\nidentity = "/k"\n')).toThrow('of podman')
  })

  test('needs one of host and context', () => {
    expect(() => read('[remotes.x]\n')).toThrow('needs one of host, context and connection')
  })
})

describe('verbs', () => {
  let machine: Machine
  beforeAll(() => {
    machine = makeMachine(['docker'])
    machine.set('say', 'info', JSON.stringify({ DockerRootDir: '/srv/docker', OSType: 'linux', Architecture: 'x86_64' }))
    machine.write(
      join(machine.home, '.config/paude/config.toml'),
      '[remotes.build]\nhost = "ssh://ada@build.example.org"\n\n[workspace]\nmode = "none"\n',
    )
  })
  afterAll(() => machine.dispose())
  const listed = (id: string) =>
    `${JSON.stringify(['running', 'Up 2 seconds', id, '', 'claude', machine.project, '2026-01-02T03:04:05.000Z', 'restricted'])}\n`

  test('find a session again where its record says that it is, and name a machine that does not answer', async () => {
    const id = await machine.detached('--backend=docker@build')
    const before = machine.calls().length
    machine.set('say', 'list', listed(id))
    const list = await machine.paude(['sessions', '--json'])
    expect(JSON.parse(list.stdout)).toMatchObject([{ id, backend: 'docker', remote: REMOTE }])
    expect((await machine.paude(['stop', id])).code).toBe(0)
    const calls = machine.calls().slice(before)
    const stop = calls.find((call) => call.includes('stop') && call.includes(id))
    expect(stop?.slice(0, 2)).toEqual(['docker', '--host=ssh://ada@build.example.org'])

    writeFileSync(
      join(machine.room, 'fake/fail-far'),
      'error during connect: stderr=ssh: connect to host build.example.org: refused\n',
    )
    const dead = await machine.paude(['sessions'])
    expect(dead.code).toBe(0)
    expect(dead.stderr).toContain('docker@build does not answer: ssh: connect to host build.example.org: refused')
    const doctor = await machine.paude(['backends'])
    expect(doctor.stdout).toMatch(/^docker@build +not running/m)
    rmSync(join(machine.room, 'fake/fail-far'))

    // Of a start that was killed its folder and this volume are left.
    const record = join(machine.folderOf(id), 'session.json')
    writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), starter: '' }))
    machine.set('say', 'list', '')
    machine.set('say', 'parts', '')
    machine.set('say', 'volumes', volumeRow(id))
    const orphans = await machine.paude(['rm', '--orphans', '--dry-run'])
    expect(orphans.stdout).toMatch(
      new RegExp(`--host=ssh://ada@build.example.org \\\\\\s+volume \\\\\\s+rm \\\\\\s+--force \\\\\\s+${id}-files`),
    )
    machine.set('say', 'list', listed(id))

    const reach = await machine.paude(['network', 'allow', 'host.paude.internal:3000', '--session', id])
    expect([reach.code, reach.stderr]).toEqual([1, expect.stringContaining('docker@build cannot reach ports of this machine')])
    const fork = await machine.paude(['fork', id])
    expect(fork.stderr).toContain('is on another machine, where paude copies no conversation')
  })

  test('start nothing on another machine by the word of a project', async () => {
    const file = join(machine.project, 'paude.toml')
    writeFileSync(file, 'backend = "docker"\n')
    expect((await machine.paude(['trust', '--yes'])).code).toBe(0)
    const before = machine.calls().length
    const env = { DOCKER_HOST: 'ssh://evil.example.org' }
    const { code, stderr } = await machine.paude(['--detach'], { env })
    rmSync(file)
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('is never taken by itself')])
    expect(code).toBeGreaterThan(0)
    expect(machine.calls().slice(before)).toEqual([])
  })

  test('never speak of a session of this machine to another one', async () => {
    const id = await machine.detached('--backend=docker')
    const before = machine.calls().length
    for (const words of [
      ['stop', id],
      ['start', id],
      ['exec', id, '--', 'true'],
      ['rm', '--force', id],
    ]) {
      const { code, stderr } = await machine.paude(words, { env: { DOCKER_HOST: 'ssh://evil.example.org' } })
      expect(stderr).toContain('this is for docker of this machine, and its client is set to another one')
      expect(code).toBeGreaterThan(0)
    }
    expect(machine.calls().slice(before)).toEqual([])
    expect((await machine.paude(['rm', '--force', id])).code).toBe(0)
  })

  test('wait a few seconds for a machine that is silent', async () => {
    writeFileSync(join(machine.room, 'fake/hang-far'), '')
    const { code, stderr } = await machine.paude(['sessions'])
    rmSync(join(machine.room, 'fake/hang-far'))
    expect([code, stderr]).toEqual([0, expect.stringContaining('docker@build has not answered within 5 s')])
  }, 60_000)

  test('that need this machine refuse another one by name', async () => {
    for (const verb of ['selftest', 'demo']) {
      const { code, stderr } = await machine.paude(['--backend=docker@build', verb])
      expect(code).not.toBe(0)
      expect(stderr).toContain(`paude ${verb} does not work on docker@build, which is on another machine`)
    }
    const bound = await machine.paude(['--backend=docker@build', '--workspace=bind', '-p', 'hi'])
    expect(bound.stderr).toContain('docker@build cannot mount your folder')
    expect(bound.stderr).toContain('use --workspace clone')
  })

  test('take a clone where nobody said how the project comes in', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), '[remotes.build]\nhost = "ssh://ada@build.example.org"\n')
    const { stderr } = await machine.paude(['--backend=docker@build', '-p', 'hi'])
    // The folder is no repository.
    expect(stderr).toContain('--workspace none')
  })
})
