import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.project, '.devcontainer/devcontainer.json')
})
afterEach(() => machine.dispose())

const SECRET = 'hunter2-REAL-devcontainer'
const env = { AWS_SECRET_ACCESS_KEY: SECRET }
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const put = (content: object, path = file) => machine.write(path, JSON.stringify(content))
const engineCalls = () => machine.calls().filter(([program]) => program !== 'git')
const dry = (...flags: string[]) => machine.paude([...flags, '--dry-run=full', '-p', 'x'], { env })
const trust = (...flags: string[]) => machine.paude([...flags, 'trust', '--yes'], { env })

const BUILD = { build: { dockerfile: 'Dockerfile', context: '..' }, postCreateCommand: 'make things' }

describe('the devcontainer.json of a project', () => {
  beforeEach(() => {
    put(BUILD)
    machine.write(join(machine.project, '.devcontainer/Dockerfile'), 'FROM base\nRUN true\n')
  })

  test('counts for nothing unless the user wants it', async () => {
    const { code, stdout, stderr } = await dry()
    expect([code, stdout.includes('devcontainer:'), stdout.includes('make things'), stderr]).toEqual([0, false, false, ''])
    configure('devcontainer = "off"\n')
    expect((await dry()).stdout).not.toContain('make things')
  })

  test('is never wanted by the project itself', async () => {
    machine.write(join(machine.project, 'paude.toml'), 'devcontainer = "use"\n')
    const { code, stderr } = await dry()
    expect([code, stderr]).toEqual([
      125,
      `paude: ${join(machine.project, 'paude.toml')}:1: devcontainer is not allowed in this file\n  → a project cannot decide whether it is used\n`,
    ])
  })

  test('does not start anything unless it is trusted, and tells what to type', async () => {
    for (const [words, set, hint] of [
      [['--devcontainer', '-p', 'x'], '', 'review and approve it: paude --devcontainer trust;'],
      [['-p', 'x'], 'devcontainer = "use"\n', 'review and approve it: paude trust;'],
    ] as const) {
      configure(set)
      const { code, stdout, stderr } = await machine.paude([...words], { env })
      expect([code, stdout]).toEqual([125, ''])
      expect(stderr).toContain(`${file} wants to loosen the sandbox and is not trusted: build = `)
      expect(stderr).toContain(', image.ref = localhost/paude/devcontainer:')
      expect(stderr).toContain(hint)
    }
    expect(engineCalls()).toEqual([])
  })

  test.each([
    [['--devcontainer=b'], 'paude --devcontainer=b trust'],
    [['--profile', 'ci', '--devcontainer=b'], 'paude --profile=ci --devcontainer=b trust'],
  ])('every command that tells of it with %j names the very command that trusts it', async (flags, typed) => {
    put(BUILD, join(machine.project, '.devcontainer/b/devcontainer.json'))
    machine.write(join(machine.project, '.devcontainer/b/Dockerfile'), 'FROM base\n')
    configure('[profiles.ci.limits]\nmemory = "1g"\n')
    expect((await machine.paude([...flags, 'status'])).stdout).toContain(`→ ${typed}\n`)
    expect((await machine.paude([...flags, 'doctor'])).stdout).toContain(`→ ${typed}\n`)
    expect((await machine.paude([...flags, '-p', 'x'])).stderr).toContain(`→ review and approve it: ${typed};`)
    expect((await machine.paude([...flags, 'trust'])).stderr).toContain(`→ ${typed} --yes\n`)
    expect((await machine.paude([...typed.split(' ').slice(1), '--yes'])).code).toBe(0)
    expect((await machine.paude([...flags, 'status'])).stdout).not.toContain('not trusted')
  })

  test('paude trust without the flag tells how it is trusted', async () => {
    expect((await machine.paude(['trust'])).stderr).toContain(
      `${file} is used only with --devcontainer: paude --devcontainer trust`,
    )
    rmSync(file)
    for (const name of ['a', 'b']) put(BUILD, join(machine.project, `.devcontainer/${name}/devcontainer.json`))
    expect((await machine.paude(['trust'])).stderr).toContain('paude --devcontainer=a trust')
    configure('devcontainer = "off"\n')
    expect((await machine.paude(['trust'])).stderr).toContain('paude --devcontainer=a trust')
  })

  test('builds its image and runs its commands once it is trusted, from the very text that was shown', async () => {
    expect((await trust('--devcontainer')).stdout).toBe(`${file}\n`)
    const { code, stdout } = await dry('--devcontainer')
    expect(code).toBe(0)
    expect(stdout).toContain('--file=-')
    expect(stdout).toContain('FROM base\nRUN true\n')
    expect(stdout).toContain('make things')
    machine.write(join(machine.project, '.devcontainer/Dockerfile'), 'FROM base\nRUN curl evil\n')
    expect((await dry('--devcontainer')).stderr).toContain('is not trusted')
  })

  test('is approved with the whole hash of its Dockerfile, of which the name of the image has but a part', async () => {
    const dockerfile = join(machine.project, '.devcontainer/Dockerfile')
    const hash = new Bun.CryptoHasher('sha256').update(readFileSync(dockerfile)).digest('hex')
    await trust('--devcontainer')
    const [approval] = JSON.parse((await machine.paude(['trust', '--list', '--json'])).stdout)
    expect(approval.also[dockerfile]).toBe(hash)
  })

  test('is asked again at every change of it', async () => {
    await trust('--devcontainer')
    put({ ...BUILD, postStartCommand: 'more' })
    expect((await dry('--devcontainer')).code).toBe(125)
  })

  test('builds of the files that were trusted alone, and asks again before a build when they changed', async () => {
    // No image is there on this machine: whoever wants it builds it.
    machine.set('fail', 'image-inspect', 'Error: No such image')
    await trust('--devcontainer')
    machine.write(join(machine.project, 'package.json'), '{"scripts":{"postinstall":"evil"}}')
    for (const words of [
      ['-p', 'x'],
      ['run', '--', 'true'],
    ]) {
      const { code, stderr } = await machine.paude(['--devcontainer', ...words], { env })
      expect([code, stderr]).toEqual([125, expect.stringContaining(`${machine.project} has changed since you approved it`)])
    }
    expect(engineCalls().filter(([, verb]) => verb === 'build')).toEqual([])
    await trust('--devcontainer')
    await machine.paude(['--devcontainer', 'run', '--', 'true'], { env })
    expect(engineCalls().filter(([, verb]) => verb === 'build')).toHaveLength(1)
  })

  test('is left out when the user bounds projects, or ignores them', async () => {
    for (const way of ['restrict', 'ignore']) {
      configure(`devcontainer = "use"\n[security]\nproject_config = "${way}"\n`)
      const { code, stdout, stderr } = await dry()
      expect([code, stdout.includes('localhost/paude/devcontainer')]).toEqual([0, false])
      expect(stderr.includes('ignored, since')).toBe(way === 'restrict')
    }
    configure('devcontainer = "use"\n')
    expect((await dry('--ignore-project-config')).stdout).not.toContain('localhost/paude/devcontainer')
    expect((await dry('--devcontainer=off')).stdout).not.toContain('localhost/paude/devcontainer')
  })

  test('does not replace the image that the user typed', async () => {
    await trust('--devcontainer')
    const { stdout } = await dry('--devcontainer', '--image', 'mine:1')
    expect(stdout).not.toContain('localhost/paude/devcontainer')
    expect(stdout).toContain('make things')
  })

  test('is taken by name, and missed only by who asked for it', async () => {
    put({ containerEnv: { WHICH: 'second' } }, join(machine.project, '.devcontainer/second/devcontainer.json'))
    expect((await dry('--devcontainer=second')).stderr).toContain('env = WHICH=second')
    expect((await dry('--devcontainer=third')).stderr).toContain('has no .devcontainer/third/devcontainer.json')
    expect((await dry('--devcontainer=../x')).stderr).toContain('not the name of a folder')
    const elsewhere = join(machine.home, 'plain')
    machine.write(join(elsewhere, 'README.md'), '')
    const there = (words: string[]) => machine.paude([...words, '--dry-run=full', '-p', 'x'], { cwd: elsewhere })
    expect((await there(['--devcontainer'])).stderr).toContain('has no devcontainer.json')
    configure('devcontainer = "use"\n')
    expect((await there([])).code).toBe(0)
  })
})

test('a secret of the caller needs trust by its name, reaches the sandbox, and no argv, screen or file', async () => {
  put({ remoteEnv: { KEY: '${localEnv:AWS_SECRET_ACCESS_KEY}', URL: 'https://${localEnv:AWS_SECRET_ACCESS_KEY}@x' } })
  machine.keepEnvironments()
  const refused = await machine.paude(['--devcontainer', '-p', 'x'], { env })
  expect(refused.stderr).toContain('KEY = env:AWS_SECRET_ACCESS_KEY, env = URL = https://${localEnv:AWS_SECRET_ACCESS_KEY}@x')
  const outcomes = [
    refused,
    await trust('--devcontainer'),
    await machine.paude(['--devcontainer', '--print-config', '-p', 'x'], { env }),
    await dry('--devcontainer'),
    await machine.paude(['--devcontainer', '-p', 'x'], { env }),
  ]
  expect(outcomes.map(({ code }) => code)).toEqual([125, 0, 0, 0, 0])
  const seen = [...outcomes.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...machine.calls().flat(), machine.kept()].join(
    '\n',
  )
  expect(seen).not.toContain(SECRET)
  const environments = readFileSync(join(machine.room, 'fake/environments'), 'utf8')
  for (const line of [`KEY=${SECRET}`, `URL=https://${SECRET}@x`]) expect(environments).toContain(line)
  expect(engineCalls().flat()).toContain('--env=KEY')
})

test('what opens the sandbox is left out by name, trusted or not', async () => {
  machine.write(join(machine.home, '.ssh/id'), '')
  const mounts = [`type=bind,source=${machine.home}/.ssh,target=/ssh`, 'type=bind,source=${localWorkspaceFolder}/x,target=/x']
  put({ containerEnv: { A: '1' }, runArgs: ['--privileged'], capAdd: ['NET_ADMIN'], mounts })
  const asked = await trust('--devcontainer')
  for (const words of ['--privileged', 'capAdd NET_ADMIN', 'which holds credentials', 'the project is mounted at its own path'])
    expect(asked.stderr).toContain(words)
  expect(asked.stderr).toContain('mounts[0] (/')
  expect(asked.stderr).not.toMatch(/(\/\S+): \1 /)
  expect(asked.stderr).not.toContain('+ mounts')
  const { code, stdout } = await dry('--devcontainer')
  expect(code).toBe(0)
  for (const word of ['--privileged', 'NET_ADMIN', 'dst=/ssh', 'dst=/x']) expect(stdout).not.toContain(word)
})

test('what has no effect is said again only when it changes, and whenever paude is asked', async () => {
  const said = async (...words: readonly string[]) =>
    (await machine.paude(['--devcontainer', ...words])).stderr.includes(': ignored: ')
  put({ appPort: 1 })
  expect([await said('-p', 'x'), await said('-p', 'x'), await said('trust'), await said('--dry-run', '-p', 'x')]).toEqual([
    ...[true, false, true, true],
  ])
  put({ appPort: 1, other: 2 })
  expect([await said('-p', 'x'), await said('-p', 'x')]).toEqual([true, false])
})

test('a mount that comes to be there later needs trust of its own', async () => {
  const place = join(machine.home, 'data')
  put({ containerEnv: { A: '1' }, mounts: [`type=bind,source=${place},target=/data`] })
  expect((await trust('--devcontainer')).stderr).toContain(`${place}: it does not exist`)
  expect((await dry('--devcontainer')).code).toBe(0)
  machine.write(join(place, 'file'), '')
  expect((await dry('--devcontainer')).stderr).toContain(`is not trusted: mounts = ${place}:/data:rw, env = A=1`)
})

test('one command in a sandbox has the variables, and runs none of the commands', async () => {
  put({ containerEnv: { A: '1', PATH: '/opt/tools:/usr/bin' }, postCreateCommand: 'make things' })
  await trust('--devcontainer')
  const { stdout } = await machine.paude(['--devcontainer', '--dry-run=full', 'run', '--', 'true'])
  expect(stdout).toContain('PATH=/opt/tools:/usr/bin\nexport PATH\n')
  expect(stdout).toContain('--env=A')
  expect(stdout).not.toContain('make things')
})

test('ports of the project are noted at the start and kept in the record, and nothing of this machine is opened', async () => {
  put({ forwardPorts: [3000, 'db:5432'] })
  const dry = await machine.paude(['--devcontainer', '--dry-run=full', '-p', 'x'])
  expect(dry.stdout).toContain('"forwardPorts": [\n    3000\n  ]')
  expect(dry.stdout).not.toContain('--publish')
  const { stderr } = await machine.paude(['--devcontainer', '-p', 'x'])
  expect(stderr).toMatch(/forwardPorts 3000: to use it on this machine: paude forward paude-\w{6}/)
  expect(stderr).toContain('forwardPorts[1] db:5432 (paude only forwards ports of the sandbox itself)')
  expect((await machine.paude(['--devcontainer', '--network', 'none', '-p', 'x'])).stderr).not.toContain('forwardPorts 3000')
})

test('is asked again at every change of its compose file, also of the folder in which its commands run', async () => {
  for (const name of ['a', 'b']) machine.write(join(machine.project, name, 'file'), '')
  const compose = join(machine.project, '.devcontainer/compose.yml')
  const write = (folder: string) => machine.write(compose, `services: {app: {working_dir: ${machine.project}/${folder}}}\n`)
  put({ dockerComposeFile: 'compose.yml', postCreateCommand: 'make things' })
  write('a')
  await trust('--devcontainer')
  const listed = async () => (await machine.paude(['trust', '--list'])).stdout
  expect([(await dry('--devcontainer')).code, await listed()]).toEqual([0, expect.stringContaining(' trusted ')])
  write('b')
  expect([(await dry('--devcontainer')).code, await listed()]).toEqual([125, expect.stringContaining(' changed ')])
})

test('what has no effect is said in ten entries at most', async () => {
  put({ containerEnv: { A: '1' }, ...Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`key${at}`, 1])) })
  await trust('--devcontainer')
  const { stderr } = await machine.paude(['--devcontainer', '-p', 'x'])
  expect(stderr).toContain(': ignored: key0, key1, key2, key3, key4, key5, key6, key7, key8, key9, and 290 more\n')
})

test('what has no effect is said once, on stderr', async () => {
  put({ containerEnv: { A: '1' }, appPort: 1, initializeCommand: 'touch pwned', 'bad\u001b[2Jkey': 1 })
  await trust('--devcontainer')
  const { stdout, stderr } = await machine.paude(['--devcontainer', '-p', 'x'])
  expect(stderr.match(/: ignored: /g)).toHaveLength(1)
  expect(stderr).toContain('appPort (use paude forward), initializeCommand (it would run on this machine)')
  expect(stdout + stderr).not.toContain('\u001b[2J')
  expect(existsSync(join(machine.project, 'pwned'))).toBe(false)
})
