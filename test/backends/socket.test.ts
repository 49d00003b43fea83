import { afterAll, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { need } from '../../src/backends/backend.ts'
import { usualSettings } from '../../src/backends/keys.ts'
import { otherEngines, standIn } from '../../src/backends/oci/neighbours.ts'
import { dockerSocket, isRootless } from '../../src/backends/oci/socket.ts'
import { pickBackend } from '../../src/backends/pick.ts'
import { backends } from '../../src/backends/registry.ts'
import { readHost } from '../../src/host.ts'

const home = mkdtempSync(join(tmpdir(), 'paude-socket-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** A folder of docker's client, with contexts by name. */
function client(current: string, contexts: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(home, 'docker-'))
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ currentContext: current }))
  for (const [name, address] of Object.entries(contexts)) {
    const place = join(folder, 'contexts/meta', createHash('sha256').update(name).digest('hex'))
    mkdirSync(place, { recursive: true })
    writeFileSync(join(place, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker: { Host: address } } }))
  }
  return folder
}

const rootless = { rootless: 'unix:///run/user/1000/docker.sock', far: 'ssh://ada@far.example.org' }

test.each([
  ['nothing is said', {}, '/var/run/docker.sock'],
  ['a variable names it', { DOCKER_HOST: 'unix:///x/docker.sock' }, '/x/docker.sock'],
  ['a variable names another machine', { DOCKER_HOST: 'tcp://far.example.org:2376' }, null],
  ['the usual context is chosen', { DOCKER_CONFIG: client('default') }, '/var/run/docker.sock'],
  ['a context of this machine is chosen', { DOCKER_CONFIG: client('rootless', rootless) }, '/run/user/1000/docker.sock'],
  [
    'a variable chooses the context',
    { DOCKER_CONFIG: client('', rootless), DOCKER_CONTEXT: 'rootless' },
    '/run/user/1000/docker.sock',
  ],
  ['a context of another machine is chosen', { DOCKER_CONFIG: client('far', rootless) }, null],
  ['a context is chosen that is not there', { DOCKER_CONFIG: client('gone') }, null],
])('where docker listens: %s', (_, env, expected) => {
  expect(dockerSocket({ env, home })).toBe(expected)
})

test('an engine that docker’s client does not look for is told with what leads there', () => {
  const here = mkdtempSync(join(home, 'neighbours-'))
  const make = (path: string) => {
    mkdirSync(join(here, path, '..'), { recursive: true })
    writeFileSync(join(here, path), '')
    return join(here, path)
  }
  expect(otherEngines({ env: {}, home: here })).toBe('')
  const colima = make('.colima/default/docker.sock')
  const orb = make('.orbstack/run/docker.sock')
  const words = (title: string, path: string) => `there is a socket of ${title}: export DOCKER_HOST=unix://${path}`
  expect(otherEngines({ env: {}, home: here })).toBe(`${words('colima', colima)}; ${words('OrbStack', orb)}`)
  expect(otherEngines({ env: { DOCKER_HOST: `unix://${orb}` }, home: here })).toBe(words('colima', colima))
  const rootless = make('run/docker.sock')
  expect(otherEngines({ env: { XDG_RUNTIME_DIR: join(here, 'run') }, home: here })).toContain(words('rootless docker', rootless))
})

test('a docker that is podman is none', async () => {
  const folder = mkdtempSync(join(home, 'bin-'))
  const host = { ...readHost(), env: { PATH: folder } }
  const path = join(folder, 'docker')
  const isPodman = `is podman under another name here (${path}); use --backend podman`
  const put = (text: string) => writeFileSync(path, text, { mode: 0o755 })
  put('#!/bin/sh\n[ -e /etc/containers/nodocker ] || \\\necho "Emulate" >&2\nexec /usr/bin/podman "$@"\n')
  expect(standIn(host)).toBe(isPodman)
  await expect(pickBackend(host, 'docker')).rejects.toMatchObject({ message: `docker ${isPodman}` })
  put('#!/bin/sh\n# not podman\nexec /usr/bin/docker "$@"\n')
  expect(standIn(host)).toBe('')
  rmSync(path)
  // As one that may be run and not read.
  mkdirSync(path)
  expect(standIn(host)).toBe('')
  rmSync(path, { recursive: true })
  writeFileSync(join(folder, 'podman'), '', { mode: 0o755 })
  symlinkSync('podman', path)
  expect(standIn(host)).toBe(isPodman)
  expect((await pickBackend(host, 'auto')).name).toBe('podman')
})

// Root's own socket is that of no rootless engine, and who is not root can give none away.
const asRoot = process.getuid?.() === 0 && process.platform === 'linux' ? test : test.skip

asRoot('the user of a box is root where the daemon runs as the caller, and else the caller', () => {
  const [own, roots] = ['own.sock', 'roots.sock'].map((name) => join(home, name)) as [string, string]
  for (const path of [own, roots]) writeFileSync(path, '')
  chownSync(own, 1234, 1234)
  const user = (path: string, uid = 1234) => {
    const host = { ...readHost(), uid, gid: uid, env: { DOCKER_HOST: `unix://${path}` } }
    const answer = '{"Client":{"Version":"28.0.0"},"Server":{"Version":"28.0.0"}}'
    expect(backends.docker.health.brief(host, usualSettings).parse(answer).rootless).toBe(isRootless(host))
    expect(need(backends.docker, 'wall').apart(host) !== '').toBe(isRootless(host))
    return [isRootless(host), backends.docker.user(host)]
  }
  expect(user(own)).toEqual([true, { uid: 0, gid: 0 }])
  expect(user(roots)).toEqual([false, { uid: 1234, gid: 1234 }])
  expect(user(join(home, 'missing.sock'))).toEqual([false, { uid: 1234, gid: 1234 }])
  expect(user(own, 4321)).toEqual([false, { uid: 4321, gid: 4321 }])
  expect(user(roots, 0)).toEqual([false, { uid: 0, gid: 0 }])
})
