import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, makeMachine } from '../support/machine.ts'
import { programLine } from '../support/program.ts'

let machine: Machine
let file: string
beforeEach(() => {
  machine = makeMachine()
  file = join(machine.project, '.devcontainer/devcontainer.json')
  put({ image: 'example.org/team/box:1', postCreateCommand: 'npm ci && sudo apt-get install jq' })
})
afterEach(() => machine.dispose())

const put = (content: object) => machine.write(file, JSON.stringify(content))
const created = () => machine.calls().filter(([, verb]) => verb === 'create')
const usesIt = async () => (await machine.paude(['--dry-run=full', '-p', 'x'])).stdout.includes('npm ci')
const start = (...flags: string[]) => machine.paude([...flags, '-p', 'x'])

describe('a devcontainer.json that nobody has decided about', () => {
  test('is told of at the first start alone where nobody can be asked, and not used', async () => {
    const first = await start()
    expect([first.code, first.stderr.includes(`${file} is not used; to review and use it: paude --devcontainer trust`)]).toEqual([
      0,
      true,
    ])
    expect((await start()).stderr).not.toContain('is not used')
    expect(await usesIt()).toBe(false)
  })

  test('is not told of where the user or a flag has decided, or nothing is started', async () => {
    expect((await machine.paude(['--dry-run', '-p', 'x'])).stderr).not.toContain('is not used')
    expect((await machine.paude(['run', '--', 'true'])).stderr).not.toContain('is not used')
    expect((await start('--devcontainer=off')).stderr).not.toContain('is not used')
    machine.write(join(machine.home, '.config/paude/config.toml'), 'devcontainer = "off"\n')
    expect((await start()).stderr).not.toContain('is not used')
  })

  test('that does not count where projects are ignored is not told of', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), '[security]\nproject_config = "ignore"\n')
    expect((await start()).stderr).not.toContain('is not used')
  })
})

const script = Bun.which('script')
describe.skipIf(script === null)('on a terminal', () => {
  async function answered(word: string): Promise<readonly [code: number, screen: string]> {
    const child = Bun.spawn([script ?? '', '-qec', `${programLine} --detach -p x`, '/dev/null'], {
      env: { ...machine.env, TERM: 'dumb', SHELL: '/bin/sh' },
      cwd: machine.project,
      stdin: Buffer.from(word),
      stdout: 'pipe',
    })
    return [await child.exited, (await child.stdout.text()).replaceAll('\r\n', '\n')]
  }

  test('it is shown and asked about once; a yes approves it and holds for this project', async () => {
    const [code, screen] = await answered('y\n')
    expect(screen).toContain('+ lifecycle = postCreateCommand: npm ci && sudo apt-get install jq')
    expect(screen).toContain('its commands need @npm, which the network does not allow yet: paude init')
    expect(screen).toContain(
      'sudo, apt-get cannot install packages in a sandbox, since its root is read-only; use image.packages',
    )
    expect(screen).toContain('use it in this project from now on? [y/N] ')
    expect([code, created().length, await usesIt()]).toEqual([0, 1, true])
    const [, again] = await answered('')
    expect(again).not.toContain('[y/N]')
    // What looks at the project sees the same as a start.
    expect((await machine.paude(['status'])).stdout).toContain('example.org/team/box:1')
    expect((await machine.paude(['--devcontainer=off', '--dry-run=full', '-p', 'x'])).stdout).not.toContain('npm ci')
  })

  test('a yes to many things is asked for with their number and the dangerous keys, which stand last', async () => {
    mkdirSync(join(machine.home, 'data'))
    const variables = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`A${at}`, '1']))
    put({
      mounts: [{ source: '${localEnv:HOME}/data', target: '/data', type: 'bind' }],
      containerEnv: { TOKEN: '${localEnv:GITHUB_TOKEN}', ...variables },
    })
    const [, screen] = await answered('n\n')
    expect(screen).toContain('use it in this project from now on, all 302 of these, 2 of them dangerous: env, mounts? [y/N] ')
    const asked = screen.split('\npaude: use it in this project')[0] ?? ''
    const last = asked.trimEnd().split('\n').slice(-2).join('\n')
    expect([last.includes('+ mounts = '), last.includes('+ env = TOKEN')]).toEqual([true, true])
  })

  test('other content than was agreed to is asked about all the same', async () => {
    await answered('y\n')
    put({ image: 'example.org/evil:1' })
    expect(await machine.paude(['-p', 'x'])).toMatchObject({ code: 125, stderr: expect.stringContaining('is not trusted') })
  })

  test.each(['n\n', '\n', 'yup\n', '\u0004'])('everything but yes is no, for the starts to come too: %j', async (word) => {
    const [code, screen] = await answered(word)
    expect([code, created().length, await usesIt()]).toEqual([0, 1, false])
    expect(screen).toContain('paude does not use it here')
    expect((await answered(''))[1]).not.toContain('[y/N]')
    await machine.paude(['trust', '--revoke'])
    expect((await answered('y\n'))[1]).toContain('[y/N]')
    expect(await usesIt()).toBe(true)
  })

  test('one that cannot be used ends no start', async () => {
    machine.write(file, '{ "image": 3 }')
    const [code, screen] = await answered('')
    expect([code, created().length]).toEqual([0, 1])
    expect(screen).toContain('image must be a string, found 3; paude starts without it')
  })

  test('one that nobody could read before a yes ends no start either', async () => {
    put({ postCreateCommand: `echo ${'x'.repeat(9000)}` })
    const [code, screen] = await answered('y\n')
    expect([code, created().length]).toEqual([0, 1])
    expect(screen).toContain('paude starts without it')
    expect(await usesIt()).toBe(false)
  })

  test('what a project puts where choices are kept is none of them', async () => {
    machine.write(join(machine.project, '.local/state/paude/devcontainers/x'), 'use\n')
    expect(await usesIt()).toBe(false)
  })
})
