import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../src/backends/check.ts'
import type { Status } from '../src/cli/machine/look-status.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const OPEN = '[network]\nallow = ["evil.example.org"]\n'
const projectFile = () => join(machine.project, 'paude.toml')
const userFile = () => join(machine.home, '.config/paude/config.toml')
const status = async (...flags: string[]): Promise<Status> =>
  JSON.parse((await machine.paude([...flags, 'status', '--json'])).stdout) as Status
const engineCalls = () => machine.calls()

describe('status', () => {
  test('says which engine a start takes, and who said so', async () => {
    expect((await status()).backend).toEqual({ name: 'docker', why: 'the first usable one', fix: '' })
    expect((await status('--backend', 'podman')).backend).toMatchObject({ name: 'podman', why: 'chosen by --backend' })
    machine.write(userFile(), 'backend = "podman"\n')
    expect((await status()).backend).toMatchObject({ name: 'podman', why: `chosen by ${userFile()}:1` })
  })

  test('names the release of the agent, or the image that has it', async () => {
    expect((await status('--agent-version', '2.1.300')).agent).toBe('Claude Code 2.1.300')
    expect((await status('--image', 'registry.example.org/box:1')).agent).toBe('Claude Code in registry.example.org/box:1')
  })

  test('asks each engine who it is and for its sessions, once', async () => {
    await machine.paude(['status'])
    expect(
      engineCalls()
        .map(([program, verb]) => `${program} ${verb}`)
        .toSorted(),
    ).toEqual(['docker ps', 'docker version', 'podman ps', 'podman version'])
  })

  test('asks each engine for its images as well with --all', async () => {
    await machine.paude(['status', '--all'])
    const asked = engineCalls().map(([program, verb]) => `${program} ${verb}`)
    expect(asked.toSorted()).toEqual([
      'docker image',
      'docker ps',
      'docker version',
      'podman image',
      'podman ps',
      'podman version',
    ])
  })

  test('says of the HOME volumes that they are not counted, where there is an engine to have them', async () => {
    machine.set('fail', 'podman-version', 'Error: Cannot connect to Podman')
    const { stdout } = await machine.paude(['status', '--all'])
    expect(stdout).toContain('HOME volumes on docker: not counted; to see their size: docker system df --verbose\n')
    expect(stdout).not.toContain('HOME volumes on podman')
  })

  test('says what is wrong with an engine, and what to type', async () => {
    machine.set('fail', 'podman-version', 'Error: Cannot connect to Podman')
    const { engines, backend } = await status()
    expect(backend.name).toBe('docker')
    expect(engines.find(({ name }) => name === 'podman')).toMatchObject({
      state: 'not running',
      fix: 'podman info',
    })
  })

  test('lists the images of a start, and what it would not use', async () => {
    const { images } = await status('--backend', 'docker')
    const docker = images.filter(({ backend }) => backend === 'docker')
    expect(docker.filter(({ wanted, built }) => wanted && !built).map(({ reference }) => reference.split(':')[0])).toContain(
      'localhost/paude/proxy',
    )
    expect(docker.filter(({ wanted }) => !wanted)).toContainEqual({
      backend: 'docker',
      reference: 'localhost/paude/claude:2.1.329-5c5eb8326cf1',
      size: 501_000_000,
      created: '2026-11-21T10:19:02.000Z',
      built: true,
      wanted: false,
    })
  })

  test('with an image of yours, names what a start takes: that image while it is missing or has the agent, else the one made of it', async () => {
    const REF = 'registry.example.org/box:1'
    const wanted = async () =>
      (await status('--image', REF)).images
        .filter((image) => image.wanted && image.backend === 'docker')
        .map(({ reference, built }) => `${reference.replace(/[0-9a-f]{32}$/, 'HASH')} ${built ? 'there' : 'missing'}`)
    const doctor = async () => {
      const { stdout } = await machine.paude(['--image', REF, 'doctor', '--json'])
      return (
        (JSON.parse(stdout) as { check: string; detail: string }[]).find(({ check }) => check === 'images on docker')?.detail ??
        ''
      )
    }
    machine.set('fail', 'image-inspect', 'Error: No such image')
    expect(await wanted()).toEqual([`${REF} missing`, 'localhost/paude/proxy:HASH missing'])
    expect(await doctor()).toBe('built at the first start on docker')
    // What is to be made is made by the engine of a start.
    for (const [engine, other] of [
      ['docker', 'podman'],
      ['podman', 'docker'],
    ]) {
      const { stdout } = await machine.paude(['--backend', engine ?? '', '--image', REF, 'status', '--all'])
      expect(stdout).toContain(`${REF} on ${engine}: built or fetched at the next start`)
      expect(stdout).not.toContain(`on ${other}: built`)
    }

    machine.unset('fail', 'image-inspect')
    machine.set('say', 'image-inspect', 'sha256:1')
    expect(await wanted()).toEqual([`${REF} there`, 'localhost/paude/proxy:HASH missing'])
    const traits = (found: object) =>
      machine.write(join(machine.home, '.cache/paude/image-traits.json'), JSON.stringify({ 'docker sha256:1': found }))
    traits({ claude: false, musl: true })
    const [thin] = await wanted()
    expect(thin).toMatch(/^localhost\/paude\/claude-custom:.*HASH missing$/)
    traits({ claude: true, musl: true })
    expect(await wanted()).toEqual([`${REF} there`, 'localhost/paude/proxy:HASH missing'])
  })

  test("tells whether the project's own file is trusted, before and after", async () => {
    machine.write(projectFile(), OPEN)
    const found = async () => (await status()).files.find(({ layer }) => layer === 'project')
    expect(await found()).toEqual({
      layer: 'project',
      file: projectFile(),
      state: 'untrusted',
      opens: ['network.allow = evil.example.org'],
      fix: 'paude trust',
    })
    expect((await machine.paude(['status'])).stdout).toContain('→ paude trust\n')
    await machine.paude(['trust', '--yes'])
    expect((await found())?.state).toBe('trusted')
    machine.write(userFile(), '[security]\nproject_config = "restrict"\n')
    expect((await found())?.state).toBe('restricted')
    machine.write(projectFile(), '[limits]\nmemory = "1g"\n')
    expect(await found()).toMatchObject({ state: 'read', opens: [] })
  })

  test("goes on over a broken file of the project's, says what is wrong and exits with 1", async () => {
    machine.write(projectFile(), 'memory = ')
    const { code, stdout } = await machine.paude(['status', '--json'])
    expect(code).toBe(1)
    expect((JSON.parse(stdout) as Status).fault).toContain(`${projectFile()}:1: not valid TOML`)
  })

  test("goes on over a broken file of the user's own, with one row that says what is wrong and what to do", async () => {
    machine.write(userFile(), 'bad toml')
    machine.write(projectFile(), OPEN)
    const { code, stdout } = await machine.paude(['status', '--all'])
    expect(code).toBe(1)
    expect(stdout).toContain(`broken: ${userFile()}:1: not valid TOML`)
    expect(stdout.match(/broken/g)).toHaveLength(1)
    expect(stdout).toContain('→ correct that line\n')
    expect(stdout).toContain(`${userFile()}: not read\n`)
    for (const row of ['engines ', 'images ', 'sessions ', 'disk ']) expect(stdout).toContain(`\n${row}`)
    expect(await status()).toMatchObject({ fix: 'correct that line', files: [{ layer: 'user', state: 'unread' }] })
    expect((await machine.paude(['status', '--json'], { env: { PAUDE_NETWORK: 'oops' } })).code).toBe(2)
  })

  test('without an engine it says what to install, and exits with 1', async () => {
    const bare = makeMachine([])
    try {
      const { code, stdout } = await bare.paude(['status'])
      expect(code).toBe(1)
      expect(stdout).toContain('backend   none: no container engine was found')
      expect(stdout).toContain('→ install one: sudo apt install podman')
    } finally {
      bare.dispose()
    }
  })

  test('shows nothing of a project that a terminal acts on', async () => {
    machine.write(projectFile(), '[env]\nNAME = "\\u001b]0;owned\\u0007"\n')
    expect((await machine.paude(['status'])).stdout).not.toContain('\u001b]0;')
  })
})

describe('doctor', () => {
  // No name is looked up.
  const env = { ANTHROPIC_API_KEY: 'sk-ant-test', ANTHROPIC_BASE_URL: 'http://host.paude.internal:1' }
  const doctor = (...flags: string[]) => machine.paude(['doctor', ...flags], { env })
  const check = async (name: string): Promise<Check | undefined> =>
    (JSON.parse((await doctor('--json')).stdout) as readonly Check[]).find((one) => one.check === name)

  test("names a project's file that waits for trust, and one that is broken", async () => {
    expect(await check('project')).toMatchObject({ state: 'ok' })
    machine.write(projectFile(), OPEN)
    expect(await check('project')).toMatchObject({ state: 'warning', fix: 'paude trust' })
    machine.write(projectFile(), 'memory = ')
    expect(await check('project')).toMatchObject({ state: 'problem' })
  })

  test("names a broken file of the user's own among its checks, and goes on with the rest", async () => {
    const whole = JSON.parse((await doctor('--json')).stdout) as readonly Check[]
    machine.write(userFile(), 'bad toml')
    const { code, stdout } = await doctor('--json')
    const checks = JSON.parse(stdout) as readonly Check[]
    expect(code).toBe(1)
    expect(checks.filter(({ state }) => state === 'problem')).toEqual([
      {
        check: 'configuration',
        state: 'problem',
        detail: expect.stringContaining(`${userFile()}:1: not valid TOML`),
        fix: 'correct that line',
      },
    ])
    expect(checks.map(({ check }) => check.replace('configuration', 'project'))).toEqual(whole.map(({ check }) => check))
  })

  test('knows the key for the proxy of this machine', async () => {
    const proxied = async () => {
      const { stdout } = await machine.paude(['doctor', '--json'], { env: { ...env, HTTPS_PROXY: 'http://proxy.example:8080' } })
      return (JSON.parse(stdout) as readonly Check[]).find((one) => one.check === 'proxy of this machine')
    }
    const fix = (await proxied())?.fix ?? ''
    expect(fix).toBe('paude config set network.upstream_proxy http://proxy.example:8080')
    expect((await machine.paude(fix.split(' ').slice(1))).code).toBe(0)
    expect(await proxied()).toMatchObject({ state: 'ok' })
    machine.write(userFile(), '[network]\nupstream_except = ["a.example"]\n')
    expect(await proxied()).toMatchObject({ state: 'problem', detail: 'network.upstream_proxy is missing' })
  })

  test('starts a sandbox and removes it where it is told to try, and says how that failed', async () => {
    const tried = async (...flags: string[]) => {
      const { stdout } = await doctor('--json', ...flags)
      return (JSON.parse(stdout) as readonly Check[]).find((one) => one.check === 'a start, tried')
    }
    expect(await tried()).toBeUndefined()
    expect(await tried('--try')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^docker started a sandbox behind a wall/),
    })
    expect(readdirSync(join(machine.home, '.local/state/paude/sessions'))).toEqual([])
    machine.set('code', 'agent', '3')
    expect(await tried('--try')).toMatchObject({ state: 'problem', detail: 'a sandbox on docker ended with exit code 3' })
    machine.set('fail', 'create', 'Error response from daemon: something odd\n')
    expect(await tried('--try')).toMatchObject({ state: 'problem', detail: expect.stringContaining('something odd') })
    expect(readdirSync(join(machine.home, '.local/state/paude/sessions'))).toEqual([])
  })

  test('every check that is not in order has a fix, which stands below it', async () => {
    const { stdout } = await doctor('--json')
    const faulty = (JSON.parse(stdout) as readonly Check[]).filter(({ state }) => state !== 'ok')
    expect(faulty.length).toBeGreaterThan(2)
    expect(faulty.filter(({ fix }) => fix === '')).toEqual([])
    const shown = (await doctor()).stdout
    for (const { fix } of faulty) expect(shown).toContain(`\n  → ${fix}\n`)
  })
})

describe('image rm', () => {
  const removed = () =>
    engineCalls().flatMap(([program, verb, what, name]) => (`${verb} ${what}` === 'image rm' ? [`${program} ${name}`] : []))

  test('takes only what paude has built', async () => {
    for (const name of ['debian:trixie-slim', 'localhost/paude/claude', '--stale-not']) {
      const { code, stdout } = await machine.paude(['image', 'rm', '--', name])
      expect([code, stdout]).toEqual([1, ''])
    }
    expect(removed()).toEqual([])
  })

  test('takes it from the engines that have it, or from the one that is named', async () => {
    const name = 'localhost/paude/claude:2.1.329-f03a02f6093e'
    await machine.paude(['image', 'rm', name])
    expect(removed().toSorted()).toEqual([`docker ${name}`, `podman ${name}`])
    await machine.paude(['--backend', 'podman', 'image', 'rm', name])
    expect(removed().filter((call) => call === `docker ${name}`)).toHaveLength(1)
  })

  test('--stale takes all that a start would not use, and --dry-run only shows it', async () => {
    const { stdout, stderr } = await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale', '--dry-run'])
    expect(stderr).toContain('another project builds its image again at its next start')
    expect(stdout).toContain('\ndocker image rm localhost/paude/claude:2.1.329-5c5eb8326cf1\n')
    expect(removed()).toEqual([])
    await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale'])
    expect(removed()).toHaveLength(stdout.match(/docker image rm/g)?.length ?? 0)
  })

  test('--stale leaves what a container uses, by its name or its id, and says so', async () => {
    const name = 'localhost/paude/claude:2.1.329-5c5eb8326cf1'
    for (const used of [name, 'sha256:6f0ff65fc8ca1c843b49318e916f4239ab4090fef0fc96121522a7eca9427d22']) {
      machine.set('say', 'used', `debian:trixie\n${used}\n`)
      const dry = await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale', '--dry-run'])
      expect(dry.stdout).not.toContain(name)
      expect(dry.stderr).toContain(`docker keeps ${name}: a container uses it\n`)
      const { code, stderr } = await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale'])
      expect([code, stderr.includes(`docker keeps ${name}: a container uses it`)]).toEqual([0, true])
    }
    expect(removed()).not.toContain(`docker ${name}`)
  })

  test('--stale also takes what was built on images of yours, under the names of an older paude too', async () => {
    const tags = [`claude-custom:2.1.329-${'0'.repeat(32)}`, `tools-custom:${'1'.repeat(32)}`, `tools:${'2'.repeat(12)}`]
    const row = (name: string) => {
      const [repository, tag] = name.split(':')
      return `${JSON.stringify({ Repository: `localhost/paude/${repository}`, Tag: tag, ID: 'sha256:1', Size: '1MB', CreatedAt: '2026-11-21 10:00:00 +0000 UTC' })}\n`
    }
    machine.set('say', 'image-ls', tags.map(row).join(''))
    const { stdout } = await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale', '--dry-run'])
    for (const tag of tags) expect(stdout).toContain(`docker image rm localhost/paude/${tag}\n`)
  })

  test("--stale spares the image of a project's own recipe, which only its name takes away", async () => {
    const name = 'localhost/paude/devcontainer:0123456789ab'
    machine.set(
      'say',
      'image-ls',
      `${JSON.stringify({ Repository: name.split(':')[0], Tag: '0123456789ab', ID: 'sha256:1', Size: '1MB', CreatedAt: '2026-11-21 10:00:00 +0000 UTC' })}\n`,
    )
    expect((await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale', '--dry-run'])).stdout).toBe('')
    expect((await machine.paude(['--backend', 'docker', 'image', 'rm', name])).stdout).toBe(`docker ${name}\n`)
  })

  test('what the engine keeps, since a container needs it, is said', async () => {
    machine.set('fail', 'image-rm', 'Error: conflict: unable to remove, container 0123 is using its referenced image')
    const name = 'localhost/paude/claude:2.1.329-f03a02f6093e'
    const { code, stdout, stderr } = await machine.paude(['--backend', 'docker', 'image', 'rm', name])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`docker keeps ${name}`)
    expect((await machine.paude(['--backend', 'docker', 'image', 'rm', '--stale'])).code).toBe(0)
  })

  test('a broken project file says nothing of what may go', async () => {
    machine.write(projectFile(), 'memory = ')
    expect((await machine.paude(['image', 'rm', '--stale'])).code).toBe(2)
    expect(removed()).toEqual([])
  })
})
