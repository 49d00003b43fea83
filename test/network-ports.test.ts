import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readPorts } from '../src/network/pattern.ts'
import { type Machine, makeMachine } from './support/machine.ts'

// The real program, with engines that answer what real ones were recorded to say.
let machine: Machine
beforeEach(() => {
  machine = makeMachine()
})
afterEach(() => machine.dispose())

const userFile = () => join(machine.home, '.config/paude/config.toml')
const projectFile = () => join(machine.project, 'paude.toml')
const user = (text: string) => machine.write(userFile(), `[network]\n${text}\n`)
const project = (text: string) => machine.write(projectFile(), `[network]\n${text}\n`)
const listed = async (...flags: readonly string[]) => {
  const { stdout } = await machine.paude([...flags, 'network', 'list', '--json'])
  const { entries } = JSON.parse(stdout) as { entries: readonly { host: string; ports: readonly number[] }[] }
  return Object.fromEntries(entries.map(({ host, ports }) => [host, ports]))
}

describe('hosts that are written without a port', () => {
  test('are reached at 80 and 443 where nobody says otherwise', async () => {
    user('allow = ["a.example"]')
    expect(await listed()).toMatchObject({ 'a.example': [80, 443] })
  })

  test('are reached at what all layers say together, and at nothing else', async () => {
    user('allow = ["a.example"]\nports = [8443, 443]')
    expect(await listed()).toMatchObject({ 'a.example': [443, 8443] })
    expect(await listed('--network-port', '9000,443', '--network-port=9001')).toMatchObject({
      'a.example': [443, 8443, 9000, 9001],
    })
    const { stdout } = await machine.paude(['network', 'list', '--json'], { env: { PAUDE_NETWORK_PORT: '22' } })
    expect(stdout.replace(/\s/g, '')).toContain('"ports":[22,443,8443]')
  })

  test('do not change those that have one, groups, the provider, or what is denied', async () => {
    user('allow = ["a.example:5000", "@github"]\ngroups = ["@npm"]\ndeny = ["no.example"]\nports = [8443]')
    expect(await listed()).toMatchObject({
      'a.example': [5000],
      'api.github.com': [443],
      '*.npmjs.org': [443],
      'api.anthropic.com': [443],
      'no.example': [],
    })
  })

  test('are judged by why as they are listed', async () => {
    user('allow = ["a.example"]\nports = [8443]')
    const why = (url: string) => machine.paude(['network', 'why', url])
    expect(await why('https://a.example')).toMatchObject({
      code: 1,
      stdout: `blocked: https to a.example:443, since port 443 is not open: a.example:8443 (requested by ${userFile()}:2)\n`,
    })
    expect((await why('https://b.example')).stderr).toContain('paude network allow b.example:443 --user')
  })

  test('are listed with their ports where 80 and 443 are not what goes without saying', async () => {
    user('allow = ["a.example:80", "a.example:443"]\nports = [8443]')
    expect((await machine.paude(['network', 'list'])).stdout).toContain('a.example:80,443')
  })

  test('reach the proxy with them', async () => {
    user('allow = ["a.example"]')
    const { stdout } = await machine.paude(['--network-port=8443', '--dry-run=full', '-p', 'x'])
    expect(stdout.split('\n').filter((line) => /^acl \S+ port /.test(line))).toContainEqual(
      expect.stringMatching(/^acl \S+ port 8443$/),
    )
  })
})

describe('a session', () => {
  const start = async (...flags: readonly string[]) => (await machine.paude([...flags, '--detach', '-p', 'x'])).stdout.trim()
  const entries = async (id: string) =>
    (
      JSON.parse((await machine.paude(['network', 'list', id, '--json'])).stdout) as {
        entries: readonly { host: string; ports: readonly number[] }[]
      }
    ).entries.map(({ host, ports }) => `${host}:${ports}`)

  test('takes what is allowed later as its start would have taken it', async () => {
    const told = await start('--network-port=8443,443')
    await machine.paude(['network', 'allow', 'a.example', 'b.example:22', '@debian', '--session', told])
    const begun = await start('--network-port=8443,443', '--network-allow=a.example,b.example:22,@debian')
    expect((await entries(told)).toSorted()).toEqual((await entries(begun)).toSorted())
    expect(await entries(told)).toContain('a.example:443,8443')
    // The same permissions are the same policy.
    const folder = (id: string) => join(machine.home, '.local/state/paude/sessions', id)
    const revision = (id: string) =>
      (JSON.parse(readFileSync(join(folder(id), 'session.json'), 'utf8')) as { revision: string }).revision
    expect(revision(told)).toBe(revision(begun))
    expect(readdirSync(join(folder(told), 'policy'))).toContain(revision(told))
  })

  test('keeps its ports when the files say others', async () => {
    const id = await start('--network-port=8443')
    user('ports = [9000]')
    await machine.paude(['network', 'allow', 'a.example', '--session', id])
    expect(await entries(id)).toContain('a.example:8443')
  })
})

describe('a project', () => {
  const opens = async () =>
    (await machine.paude(['trust'])).stderr.split('\n').flatMap((line) => /^ {2}\+ (.*?) {3}#/.exec(line)?.[1] ?? [])

  test('narrows the ports unasked, and opens a further one with the word of the user alone', async () => {
    user('allow = ["a.example"]')
    project('ports = [443]')
    expect(await listed()).toMatchObject({ 'a.example': [443] })
    project('ports = [443, 8443]')
    expect(await opens()).toEqual(['network.ports = 8443'])
    expect((await machine.paude(['--dry-run', '-p', 'x'])).code).toBe(125)
    await machine.paude(['trust', '--yes'])
    expect(await listed()).toMatchObject({ 'a.example': [443, 8443] })
  })

  test('opens none with ports of the user, and one that the user has taken out', async () => {
    user('allow = ["a.example"]\nports = [8443]')
    project('ports = [8443]')
    expect(await opens()).toEqual([])
    project('ports = [443, 8443]')
    expect(await opens()).toEqual(['network.ports = 443'])
  })

  test('is asked about a host that means more ports than the user has there', async () => {
    user('allow = ["a.example:443"]')
    project('allow = ["a.example"]')
    expect(await opens()).toEqual(['network.allow = a.example'])
    user('allow = ["a.example:443"]\nports = [443]')
    expect(await opens()).toEqual([])
  })

  test('gets no port by `restrict` that the user does not have', async () => {
    machine.write(userFile(), '[network]\nallow = ["a.example"]\n[security]\nproject_config = "restrict"\n')
    project('ports = [8443]')
    expect(await listed()).toMatchObject({ 'a.example': [80, 443] })
  })
})

describe('what is no port', () => {
  test('is refused behind the flag', async () => {
    const { code, stderr } = await machine.paude(['--network-port=8443,http', '-p', 'x'])
    expect([code, stderr]).toEqual([125, expect.stringContaining('invalid port "http"')])
    for (const port of ['0', '65536', '080', '1-9', '-1', '8443.0', '']) expect(() => readPorts([port])).toThrow('invalid port')
  })
})

describe('paude config', () => {
  const config = (...words: readonly string[]) => machine.paude(['config', ...words])

  test.each([
    ['8443', 'ports = [8443]'],
    ['80,8443', 'ports = [80, 8443]'],
    ['[22]', 'ports = [22]'],
  ])('set writes %s as numbers, and get tells them', async (word, line) => {
    expect(await config('set', 'network.ports', word)).toMatchObject({ code: 0 })
    expect(readFileSync(userFile(), 'utf8')).toContain(line)
    expect((await config('get', 'network.ports', '--json')).stdout).toBe(`${JSON.stringify(JSON.parse(line.slice(8)))}\n`)
    expect((await config('get', 'network')).stdout).toContain(`ports = ${JSON.stringify(JSON.parse(line.slice(8)))}`)
  })

  test('set refuses what is no port, and says which', async () => {
    const { code, stderr } = await config('set', 'network.ports', '80,99999')
    expect([code, stderr]).toEqual([2, expect.stringContaining('network.ports.1 must be 1 to 65535')])
  })
})
