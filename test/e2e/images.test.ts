import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { BASE } from '../../src/image/build.ts'
import {
  containersOf,
  describeEach,
  engine,
  environment,
  gatewayOf,
  isFirst,
  lines,
  makeProject,
  paude,
  put,
  type RunOptions,
  root,
  serveApi,
  sessionIds,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(600_000) // ms: the image of five languages is built once on a machine

const FIVE = ['nodejs', 'npm', 'python3', 'python3-pip', 'python3-venv', 'golang', 'cargo', 'rustc', 'default-jdk', 'maven']

/** Builds and runs a program in each language; none of them may ask the network. */
const PROGRAMS = `set -e
node -e 'console.log("node works")'; npm --version >/dev/null
python3 -m venv /tmp/venv && /tmp/venv/bin/pip --version >/dev/null && /tmp/venv/bin/python -c 'print("python works")'
mkdir /tmp/go && cd /tmp/go && printf 'package main\\nfunc main() { println("go works") }\\n' >main.go && go mod init x 2>/dev/null && go run . 2>&1
cd /tmp && cargo new --quiet --vcs none rust && cd rust && cargo run --quiet --offline
cd /tmp && echo 'class A { public static void main(String[] a) { System.out.println("java works"); } }' >A.java && javac A.java && java A
mvn --version >/dev/null && echo maven works
`

describeEach('images', (backend) => {
  const tag = `paude-e2e-images-${process.pid}`
  const made: string[] = []
  const api = serveApi()
  const terminals = makeTerminals()
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { ...api.env, PAUDE_BACKEND: backend, ...env },
  })
  const run = async (words: readonly string[], given?: RunOptions) => await paude(words, options(given))

  /** A project whose file says this, and is trusted. */
  const project = async (toml: string) => {
    const cwd = makeProject()
    put(join(cwd, 'paude.toml'), toml)
    expect((await run(['trust', '--yes'], { cwd })).code).toBe(0)
    return cwd
  }
  const build = async (name: string, dockerfile: string) => {
    const child = Bun.spawn([backend, 'build', `--tag=${name}`, '-'], {
      stdin: new Blob([dockerfile]),
      stdout: 'ignore',
      stderr: 'ignore',
    })
    expect(await child.exited).toBe(0)
    made.push(name)
  }
  /** Names on stdout that the file of tests must take away again. */
  const keep = (stdout: string) => {
    made.unshift(...lines(stdout).filter((name) => /\/(tools|claude):/.test(name)))
    return stdout
  }
  const built = async () =>
    new Set(
      lines((await engine(backend, ['image', 'ls', '--filter=label=paude.image', '--format={{.Repository}}:{{.Tag}}'])).stdout),
    )

  let before = new Set<string>()
  beforeAll(async () => {
    expect((await run(['image', 'build'])).code).toBe(0)
    before = await built()
  })
  afterAll(async () => {
    api.stop()
    await terminals.stop()
    for (const name of made) if (!before.has(name)) await engine(backend, ['image', 'rm', '--force', name])
  })

  // What is in these images is the same on every engine.
  const inside = test.skipIf(!isFirst(backend))
  inside("Debian's packages of five languages work in a sandbox", async () => {
    const cwd = await project(`image.packages = ${JSON.stringify(FIVE)}\n`)
    const { code, stdout, stderr } = await run(['run', '--', 'bash', '-c', PROGRAMS], { cwd })
    expect(stderr).not.toContain('error')
    expect({ code, lines: lines(stdout) }).toEqual({
      code: 0,
      lines: ['node works', 'python works', 'go works', 'Hello, world!', 'java works', 'maven works'],
    })
  })

  inside(
    'a tool is installed by mise, works in a sandbox for every user, and a project’s mise.toml does not get in its way',
    async () => {
      const mirror = serveNode()
      try {
        const name = `localhost/${tag}:mirror`
        const at = `http://${await gatewayOf(backend)}:${mirror.port}/`
        await build(name, `FROM ${BASE}\nENV MISE_USE_VERSIONS_HOST=0 MISE_NODE_MIRROR_URL=${at}\nUSER 65534\n`)
        const cwd = await project(`image.ref = "${name}"\nimage.tools = ["node@24"]\n`)
        put(join(cwd, 'mise.toml'), '[tools]\nnode = "99"\n')
        const first = await run(['image', 'build'], { cwd })
        expect([first.code, first.stderr]).toEqual([0, expect.stringContaining('installing node@24')])
        keep(first.stdout)
        const { code, stdout } = await run(['run', '--', 'sh', '-c', 'node --version && npm --version && id -u'], { cwd })
        expect({ code, stdout }).toEqual({ code: 0, stdout: `v24.1.0\n11.0.0\n${process.getuid?.()}\n` })
        const other = await project(`image.ref = "${name}"\nimage.tools = ["node@99"]\n`)
        const failed = await run(['image', 'build'], { cwd: other })
        expect(failed.code).toBe(1)
        expect(failed.stderr).toContain('paude: mise could not install node@99')
      } finally {
        await mirror.stop(true)
      }
    },
  )

  test('a further image downloads nothing; what is not as it came is fetched again', async () => {
    const name = `localhost/${tag}:further`
    await build(name, `FROM ${BASE}\nRUN touch /etc/further\n`)
    const downloads = join(root, `cache-${backend}/paude/downloads`)
    cpSync(join(environment()['XDG_CACHE_HOME'] ?? '', 'paude/downloads'), downloads, { recursive: true })
    const [program = ''] = await Array.fromAsync(new Bun.Glob('claude-code-*[0-9]').scan(downloads))
    // Whichever paude has filled the cache of this machine.
    Bun.spawnSync(['sh', '-c', 'sha256sum "$1" >"$1.sha256"', 'sh', program], { cwd: downloads })
    const env = { BUN_CONFIG_REGISTRY: 'http://127.0.0.1:1', XDG_CACHE_HOME: join(root, `cache-${backend}`) }
    const cwd = await project(`image.ref = "${name}"\n`)
    const { code, stdout, stderr } = await run(['image', 'build'], { cwd, env })
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('fetching')])
    expect(stderr).toContain(`adding Claude Code`)
    keep(stdout)

    appendFileSync(join(downloads, program), 'x')
    const again = await run(['image', 'build', '--no-cache'], { cwd, env })
    expect([again.code, again.stdout]).toEqual([1, ''])
    expect(again.stderr).toContain('fetching Claude Code')
  })

  test('a name that docker knows is enough, and what paude adds is said once', async () => {
    const [short, full] = [`${tag}:24-trixie`, `docker.io/library/${tag}:24-trixie`]
    await build(full, `FROM ${BASE}\nRUN touch /etc/short\n`)
    const first = await run(['--image', short, '-p', 'SAY hi'])
    expect([first.code, first.stdout.trim()]).toEqual([0, 'hi'])
    expect(first.stderr).toMatch(/adding Claude Code \d+\.\d+\.\d+ to \S*24-trixie/)
    const second = await run(['--image', short, '-p', 'SAY hi'])
    expect([second.code, second.stderr.includes('adding')]).toEqual([0, false])
    keep([...(await built())].filter((one) => !before.has(one) && one.includes('/claude:')).join('\n'))
  })

  test("paude's own image passes its check and a trial, which leaves nothing", async () => {
    const before = sessionIds()
    const { code, stdout } = await paude(['--backend', backend, 'image', 'check', '--trial', '--json'], options())
    const { checks } = JSON.parse(stdout) as { checks: { id: string; ok: boolean; message: string }[] }
    expect({ code, wrong: checks.filter(({ ok }) => !ok) }).toEqual({ code: 0, wrong: [] })
    expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['K14', 'K15', 'K39', 'K40']))
    for (const id of sessionIds()) if (!before.includes(id)) expect(await containersOf(backend, id)).toEqual([])
  })

  test('an image without apt is refused with a sentence before anything is built', async () => {
    const name = `localhost/${tag}:bare`
    await build(name, `FROM ${BASE}\nRUN rm /usr/bin/apt-get\n`)
    const cwd = await project(`image.ref = "${name}"\nimage.packages = ["tree"]\n`)
    const { code, stderr } = await run(['run', '--', 'true'], { cwd })
    expect(code).toBe(125)
    expect(stderr).toContain(`${name} has no apt-get`)
    expect(stderr).not.toContain('installing')
  })

  test('a package that there is not fails with its name, after the end of the log, and keeps no container', async () => {
    const cwd = await project('image.packages = ["paude-no-such-package"]\n')
    const containers = async () =>
      new Set(lines((await engine(backend, ['ps', '--all', '--quiet', ...(backend === 'podman' ? ['--external'] : [])])).stdout))
    const earlier = await containers()
    const { code, stdout, stderr } = await run(['run', '--', 'true'], { cwd })
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain('the end of its output:')
    const said = stderr.slice(stderr.lastIndexOf('paude: '))
    expect(said).toStartWith(
      'paude: the distribution of the image has no package paude-no-such-package\n  → correct image.packages, use image.tools, or choose another base with image.base',
    )
    // What the builder keeps is named by a command that removes it.
    expect(said).toMatch(new RegExp(`image\\.base(?:; the steps that worked stay .*: ${backend} image rm [0-9a-f]+)?\\n$`))
    expect([...(await containers())].filter((id) => !earlier.has(id))).toEqual([])
  })

  describe('a build', () => {
    const left = async () =>
      new Set(
        lines((await engine(backend, ['image', 'ls', '--quiet', '--filter=dangling=true', '--filter=label=paude.stage'])).stdout),
      )

    // podman has one builder, and the legacy one of docker is the same with 0.
    test.each(backend === 'docker' ? ['', '1'] : [''])('leaves no stage behind, with DOCKER_BUILDKIT=%j', async (kit) => {
      const earlier = await left()
      const env = kit === '' ? {} : { DOCKER_BUILDKIT: kit }
      const { code, stderr } = await run(['image', 'build', '--no-cache'], { env })
      expect(code).toBe(0)
      expect(lines(stderr)).toEqual([
        expect.stringContaining('building the image with'),
        'paude: building the image of the proxy',
      ])
      expect([...(await left())].filter((id) => !earlier.has(id))).toEqual([])
    })

    test('moves one line on a terminal, with the step it has reached', async () => {
      const cwd = await project('image.packages = ["tree"]\n')
      const window = await terminals.open({
        cwd,
        env: { ...options().env, XDG_CACHE_HOME: environment()['XDG_CACHE_HOME'] ?? '' } as Record<string, string>,
      })
      const { code, screen } = await window.run(`${join(root, 'bin/paude')} image build`, 300)
      expect(code).toBe(0)
      expect(screen).toMatch(/paude: installing tree, with the network of the engine: \d+ s\n/)
      expect(screen).not.toMatch(/Step|STEP|apt-get/)
      expect(window.bytes()).toContain('\r\u001b[K')
      expect(window.bytes()).toMatch(/installing tree, with the network of the engine \(\d+ of \d+\)/)
      keep(screen.split('\n').find((line) => line.includes('/tools:')) ?? '')
      await window.close()
    })
  })
})

/** As much of a mirror of Node's releases as mise asks for; node and npm only tell a version. */
function serveNode(): ReturnType<typeof Bun.serve> {
  const folder = join(root, 'mirror')
  const name = `node-v24.1.0-linux-${process.arch}`
  put(join(folder, name, 'bin/node'), '#!/bin/sh\ncase $1 in *.js) exec sh "$@" ;; *) echo v24.1.0 ;; esac\n')
  put(join(folder, name, 'lib/node_modules/npm/bin/npm-cli.js'), 'echo 11.0.0\n')
  put(join(folder, name, 'bin/npm'), '')
  Bun.spawnSync(['chmod', '0755', join(folder, name, 'bin/node'), join(folder, name, 'bin/npm')])
  Bun.spawnSync(['tar', '-czf', `${name}.tar.gz`, name], { cwd: folder })
  const archive = Bun.file(join(folder, `${name}.tar.gz`))
  return Bun.serve({
    hostname: '0.0.0.0',
    port: 0,
    fetch: async ({ url }) => {
      switch (new URL(url).pathname) {
        case '/index.json':
          return Response.json([{ version: 'v24.1.0', date: '2026-05-01', files: [`linux-${process.arch}`], lts: false }])
        case `/v24.1.0/${name}.tar.gz`:
          return new Response(archive)
        case '/v24.1.0/SHASUMS256.txt':
          return new Response(`${new Bun.CryptoHasher('sha256').update(await archive.bytes()).digest('hex')}  ${name}.tar.gz\n`)
        default:
          return new Response('', { status: 404 })
      }
    },
  })
}
