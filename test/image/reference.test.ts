import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/layers/load.ts'
import { readHost } from '../../src/host.ts'
import { IMAGE } from '../../src/image/reference.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

test.each([
  'debian',
  'my/box:1',
  'docker.io/library/debian:trixie-slim',
  'localhost:5000/a/b__c.d-e:Tag_1.2',
  'Registry.Example.org/team/image',
  `debian@sha256:${'0123456789abcdef'.repeat(4)}`,
  `sha256:${'ab'.repeat(32)}`,
  'a1b2c3d4e5f6',
])('%s is the name of an image', (name) => expect(IMAGE.test(name)).toBe(true))

test.each(['--format={{.Id}}', '-x', '', 'Debian', 'a//b', 'a/', 'a:', 'a:b:c', 'a b', 'a\nb', 'a@sha256:12', 'a..b', '_a'])(
  '%j is none',
  (name) => expect(IMAGE.test(name)).toBe(false),
)

test('a verb of ours may take back the image that a file says', async () => {
  const { settings } = await loadConfig({ ...readHost(), env: { PAUDE_IMAGE: 'my/box:1' }, home: '', cwd: '/' }, { image: '' })
  expect(settings.image).toBe('')
})

describe('a name that no engine takes', () => {
  let machine: Machine
  beforeEach(() => {
    machine = makeMachine(['docker'])
  })
  afterEach(() => machine.dispose())
  const NAMES = ['--format={{json .Config.Env}}', 'Debian']

  test.each<[string, (name: string) => Promise<{ code: number; stderr: string }>]>([
    ['paude image check', (name) => machine.paude(['image', 'check', '--', name])],
    ['--image with status', (name) => machine.paude([`--image=${name}`, 'status'])],
    ['--image with doctor', (name) => machine.paude([`--image=${name}`, 'doctor'])],
    ['--image with a start', (name) => machine.paude([`--image=${name}`, '-p', 'x'])],
    ['--image with --dry-run', (name) => machine.paude([`--image=${name}`, '--dry-run', '-p', 'x'])],
    ['PAUDE_IMAGE', (name) => machine.paude(['status'], { env: { PAUDE_IMAGE: name } })],
    [
      'a file',
      (name) => {
        machine.write(join(machine.home, '.config/paude/config.toml'), `[image]\nref = ${JSON.stringify(name)}\n`)
        return machine.paude(['--dry-run', '-p', 'x'])
      },
    ],
  ])('reaches none of them from %s', async (_, act) => {
    for (const name of NAMES) {
      const { code, stderr } = await act(name)
      expect(code).not.toBe(0)
      expect(stderr).toContain('not an image reference')
      expect(machine.calls().flat()).not.toContain(name)
    }
  })
})
