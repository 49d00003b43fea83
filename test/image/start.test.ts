import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'

// The real program, with an engine that answers what a real one was recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
})
afterEach(() => machine.dispose())

const TOOLS = /localhost\/paude\/tools(?:-custom)?:[0-9a-f]{32}/
const recorded = (name: string) => readFileSync(join(import.meta.dir, '../fixtures', name), 'utf8')
const configure = (text: string) => machine.write(join(machine.home, '.config/paude/config.toml'), text)
const dry = async (...words: readonly string[]) => await machine.paude([...words, '--dry-run=full', '-p', 'x'])
const traits = (found: object) =>
  machine.write(
    join(machine.home, '.cache/paude/image-traits.json'),
    JSON.stringify({ 'docker sha256:1': found, 'docker sha256:2': found }),
  )

describe('tools on top of the image', () => {
  test('are built when they are missing, after the image below them, and the sandbox is made of them', async () => {
    configure('[image]\npackages = ["nodejs"]\ntools = ["go@1.24"]\n')
    const { code, stdout } = await dry()
    const name = TOOLS.exec(stdout)?.[0] ?? 'none'
    expect(code).toBe(0)
    expect(stdout).toContain(`    ${name} \\\n`)
    const order = ['--tag=localhost/paude/claude:', `--build-arg=BASE=localhost/paude/claude:`, `--tag=localhost/paude/proxy:`]
    const places = order.map((words) => stdout.indexOf(words))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((one, other) => one - other))
    expect(stdout).toContain('/mise-linux-')
  })

  test('are on top of an image of yours too, and another one when that has changed', async () => {
    configure('[image]\nref = "my/box:1"\npackages = ["nodejs"]\n')
    machine.set('say', 'image-inspect', 'sha256:1')
    traits({ claude: true, musl: false, apt: true })
    const { code } = await machine.paude(['-p', 'x'])
    const made = () =>
      machine
        .calls()
        .filter(([, verb]) => verb === 'create')
        .flatMap((words) => words.filter((word) => TOOLS.test(word)))
    expect([code, made().length]).toEqual([0, 1])
    machine.set('say', 'image-inspect', 'sha256:2')
    await machine.paude(['-p', 'x'])
    expect(new Set(made()).size).toBe(2)
  })

  test('are refused for an image without apt, before anything is made', async () => {
    configure('[image]\nref = "my/box:1"\npackages = ["nodejs"]\n')
    machine.set('say', 'image-inspect', 'sha256:1')
    traits({ claude: true, musl: false, apt: false })
    const { code, stderr } = await machine.paude(['run', '--', 'true'])
    expect(code).toBe(125)
    expect(stderr).toContain('paude: my/box:1 has no apt-get')
    expect(machine.calls().some(([, verb]) => verb === 'create' || verb === 'build')).toBe(false)
  })

  test('have an image looked into again that was when paude did not look for apt', async () => {
    configure('[image]\nref = "my/box:1"\npackages = ["nodejs"]\n')
    machine.set('say', 'image-inspect', 'sha256:1')
    traits({ claude: true, musl: false })
    // The image says nothing here, and so has no apt.
    expect((await machine.paude(['-p', 'x'])).stderr).toContain('has no apt-get')
    expect(machine.calls().filter(([, verb]) => verb === 'run')).toHaveLength(1)
  })

  test('are named by status', async () => {
    configure('[image]\nvariant = "full"\ntools = ["go"]\n')
    expect((await machine.paude(['status'])).stdout).toContain(', with the full set of tools and go')
  })
})

test.each([[['--image=my/box:1', '-p', 'x']], [['image', 'check', 'my/box:1']]])(
  'an image whose shell does not answer is left at Ctrl-C, and so is its container: %j',
  async (words) => {
    machine.set('say', 'image-inspect', words.includes('check') ? recorded('docker/image-inspect-ours.json') : 'sha256:1')
    machine.program(
      'docker',
      `#!/bin/sh\ncase "$*" in run*paude-probe*) echo "$*" >"$FAKE/probed"; kill -INT "$PPID"; exec cat /dev/zero ;; esac\nexec "\${PATH#*:}/docker" "$@"\n`,
    )
    const { code } = await machine.paude(words, { alone: true })
    const [, name = 'none'] = / --name=(\S+)/.exec(readFileSync(join(machine.room, 'fake/probed'), 'utf8')) ?? []
    expect(code).toBe(130)
    expect(machine.calls().filter(([, verb]) => verb === 'rm')).toEqual([['docker', 'rm', '--force', '--volumes', name]])
  },
)

test('downloads of images that no start here would build are stale', async () => {
  const folder = join(machine.home, '.cache/paude/downloads')
  const names = ['claude-code-linux-x64-2.1.329', 'claude-code-linux-x64-1.0.0', 'mise-linux-x64-2026.9.15'].map((name) =>
    name.replace('x64', process.arch),
  )
  for (const name of names) for (const end of ['', '.sha256']) machine.write(join(folder, `${name}${end}`), '')
  const stale = async () =>
    (await machine.paude(['image', 'rm', '--stale', '--dry-run'])).stdout
      .split('\n')
      .filter((line) => line.includes(`${folder}/`))
  const removed = (...kept: readonly string[]) =>
    names
      .filter((name) => !kept.includes(name))
      .flatMap((name) => [name, `${name}.sha256`])
      .map((name) => `rm -rf -- ${join(folder, name)}`)
      .toSorted()
  expect((await stale()).toSorted()).toEqual(removed(names[0] ?? ''))
  configure('image.tools = ["go"]\n')
  expect((await stale()).toSorted()).toEqual(removed(names[0] ?? '', names[2] ?? ''))
})
