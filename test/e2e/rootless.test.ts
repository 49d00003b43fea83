import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chownSync, rmSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { tryDoor } from './demo-door.ts'
import { binary, cleanUp, makeProject, poll, type Ran, start } from './support.ts'

setDefaultTimeout(300_000) // ms: the user's own engine builds both images first

/** An ordinary user whose podman works; '' where none could be set up. */
const user = process.env['PAUDE_TEST_USER'] ?? ''
if (user === '') console.log('rootless podman is not tested: no user with a working rootless podman (PAUDE_TEST_USER)')
const asUser = user === '' ? test.skip : test
afterAll(cleanUp)

/** An ordinary user's rootless docker, as USER:SOCKET. */
const [dockerUser = '', dockerSocket = ''] = (process.env['PAUDE_TEST_ROOTLESS_DOCKER'] ?? '').split(':')
if (dockerUser === '') console.log('rootless docker is not tested: no user with a rootless daemon (PAUDE_TEST_ROOTLESS_DOCKER)')
const withDocker = dockerUser === '' ? test.skip : test

/** Runs words as that user, in a project of the user's own; `meanwhile` looks at what they do. */
async function runAs(
  words: readonly string[],
  meanwhile?: (stderr: () => string) => Promise<unknown>,
  { name = user, more = [] as readonly string[] } = {},
): Promise<Ran> {
  const number = (flag: string) => Number(Bun.spawnSync(['id', flag, name]).stdout.toString())
  const [uid, gid] = [number('--user'), number('--group')]
  const project = makeProject({ git: false })
  chownSync(project, uid, gid)
  const passed = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_registry'].flatMap((name) =>
    process.env[name] ? [`${name}=${process.env[name]}`] : [],
  )
  const env = [
    `HOME=/home/${name}`,
    `USER=${name}`,
    `XDG_RUNTIME_DIR=/run/user/${uid}`,
    `PATH=${process.env['PATH']}`,
    ...passed,
    ...more,
  ]
  const running = start(
    ['runuser', `--user=${name}`, '--', 'env', '--ignore-environment', `--chdir=${project}`, ...env, ...words],
    { cwd: project },
  )
  await meanwhile?.(running.stderr)
  const ran = await running.done
  const owner = statSync(join(project, 'made'), { throwIfNoEntry: false })?.uid
  rmSync(project, { recursive: true, force: true })
  if (owner !== undefined) expect(owner).toBe(uid)
  return ran
}

asUser('rootless: a command runs as the caller, without privileges, and what it writes is the caller’s', async () => {
  const ran = await runAs([
    binary,
    '--backend',
    'podman',
    'run',
    '--',
    'sh',
    '-c',
    'touch made; id -u; grep CapEff /proc/self/status',
  ])
  expect(ran.stderr).not.toContain('refused')
  expect(ran.stdout).toMatch(/^[1-9]\d*\nCapEff:\s+0000000000000000\n$/)
  expect(ran.code).toBe(0)
})

asUser(
  'rootless: Claude works behind the wall, every claim of the demo holds, and its API answers no other address',
  async () => {
    const ran = await runAs([binary, '--backend', 'podman', 'demo'], tryDoor)
    expect(ran.stdout).not.toContain('NOT AS CLAIMED')
    expect(ran.stdout.match(/^✓ /gm)?.length).toBe(4)
    expect(ran.code).toBe(0)
  },
)

asUser('rootless: nothing is left of either', async () => {
  // What has ended is taken away behind the back of its caller.
  const left = async () => (await runAs(['podman', 'ps', '--all', '--quiet', '--filter=label=paude.id'])).stdout.trim()
  await poll('nothing is left', async () => (await left()) === '').catch(() => undefined)
  expect(await left()).toBe('')
})

const onDocker = (socket: string, ...words: readonly string[]) =>
  runAs([binary, '--backend', 'docker', ...words], undefined, { name: dockerUser, more: [`DOCKER_HOST=unix://${socket}`] })

withDocker('rootless docker: root of a box behind the wall is the caller outside, and owns what the caller owns', async () => {
  const script = 'touch made; cat /proc/self/uid_map; grep CapEff /proc/self/status; curl -sS http://paude.internal/'
  const { stdout, code } = await onDocker(dockerSocket, 'run', '--network=restricted', '--', 'sh', '-c', script)
  const uid = Bun.spawnSync(['id', '--user', dockerUser]).stdout.toString().trim()
  expect(stdout).toMatch(new RegExp(`^ +0 +${uid} +1\\n`))
  expect(stdout).toMatch(/^CapEff:\s+0000000000000000$/m)
  expect(stdout).toContain('this session may reach only these hosts:')
  expect(code).toBe(0)
})

withDocker(
  'rootless docker: the demo is refused at once, and the self-test calls what needs this machine not applicable',
  async () => {
    const demo = await onDocker(dockerSocket, 'demo')
    expect([demo.code, demo.stdout]).toEqual([125, ''])
    expect(demo.stderr).toContain(
      'cannot reach this machine, where the scripted model is: rootless docker has a network of its own',
    )
    const { stdout } = await onDocker(dockerSocket, 'selftest', '--json')
    const { probes } = JSON.parse(stdout) as { probes: { id: string; result: string; observed: string }[] }
    const aside = probes.filter(({ observed }) => observed.includes('a network of its own')).map(({ id, result }) => [id, result])
    expect(aside.map(([, result]) => result)).toEqual(aside.map(() => 'not applicable'))
    expect(aside.map(([id]) => id)).toEqual(expect.arrayContaining(['P02', 'P18', 'P19', 'S10']))
    // Limits need control groups of version 2.
    expect(probes.filter(({ id, result }) => result === 'BROKEN' && id !== 'R05')).toEqual([])
  },
)

withDocker('rootless docker: a socket of the caller that leads to the engine of root starts no agent', async () => {
  const path = join(dockerSocket, '../paude-test-relay.sock')
  const relay = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: '/var/run/docker.sock', allowHalfOpen: true })
    client.pipe(engine).pipe(client)
    for (const end of [client, engine]) end.on('error', () => void [client, engine].map((one) => one.destroy()))
  })
  await new Promise<void>((listening) => void relay.listen(path, listening))
  try {
    const { uid } = statSync(dockerSocket)
    chownSync(path, uid, uid)
    const ran = await onDocker(path, 'run', '--', 'sh', '-c', 'echo started')
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 125, stdout: '' })
    expect(ran.stderr).toContain('the engine does not run as you')
  } finally {
    relay.close()
    rmSync(path, { force: true })
  }
})
