import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../src/backends/backend.ts'
import { backends } from '../src/backends/registry.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import { choosePrograms } from '../src/host.ts'
import { ownProgram } from '../src/run/own-program.ts'
import { removerScript } from '../src/session/life/remover.ts'
import { type Machine, makeMachine } from './support/machine.ts'

describe('a client of your own', () => {
  let machine: Machine
  let tools = ''
  let client = ''
  beforeAll(() => {
    machine = makeMachine(['docker'])
    tools = join(machine.room, 'tools')
    mkdirSync(tools)
    client = join(tools, 'mydocker')
    const usual =
      machine.env['PATH']
        ?.split(':')
        .map((folder) => join(folder, 'docker'))
        .find((path) => Bun.file(path).size > 0) ?? ''
    writeFileSync(client, `#!/bin/sh\necho "$@" >>${machine.room}/called\nexec ${usual} "$@"\n`, { mode: 0o755 })
  })
  afterAll(() => machine.dispose())
  afterEach(() => chmodSync(tools, 0o755))
  const say = (program: string) =>
    machine.write(join(machine.home, '.config/paude/config.toml'), `[docker]\nprogram = ${JSON.stringify(program)}\n`)
  const called = () => readFileSync(join(machine.room, 'called'), 'utf8')

  test('is called for all that an engine is asked', async () => {
    say(client)
    const id = await machine.detached('--backend=docker')
    expect(called()).toContain(`--name=${id} `)
    expect((await machine.paude(['stop', id])).code).toBe(0)
    expect(called()).toContain(`stop -t 10 ${id}`)
    expect((await machine.paude(['rm', '--force', id])).code).toBe(0)
    // Without the file the one in PATH is called.
    rmSync(join(machine.home, '.config/paude/config.toml'))
    const before = called()
    expect((await machine.paude(['sessions'])).code).toBe(0)
    expect(called()).toBe(before)
  })

  test('is refused where others could put another one in its place', async () => {
    say(client)
    chmodSync(tools, 0o777)
    const open = await machine.paude(['--backend=docker', '--detach'])
    expect(open.stderr).toContain(`docker.program names "${client}", and every user may write "${tools}"`)
    chmodSync(tools, 0o755)
    chmodSync(client, 0o757)
    expect((await machine.paude(['stop', 'x'])).stderr).toContain(`every user may write "${client}"`)
    chmodSync(client, 0o755)
    const ofProject = join(machine.project, 'docker')
    renameSync(client, ofProject)
    say(ofProject)
    const ofAgent = await machine.paude(['--backend=docker', '--detach'])
    renameSync(ofProject, client)
    expect(ofAgent.stderr).toContain('which is in the project: an agent may have written it')
    say('nowhere')
    expect((await machine.paude(['--backend=docker', '--detach'])).stderr).toContain('"nowhere", which is not a program in PATH')
    // What asks no engine goes on.
    expect((await machine.paude(['config', 'path'])).code).toBe(0)
  })

  test('may be a name in PATH', () => {
    const host = { env: { PATH: tools } }
    expect(ownProgram(host, { key: 'docker.program', said: 'mydocker' })).toBe(client)
  })
})

test('no project names a client', () => {
  const read = (layer: 'user' | 'project') =>
    parseConfig({ layer, file: '/c.toml', text: '[podman]\nprogram = "x"\n' }).sources[0]?.values
  expect(read('user')).toEqual({ podmanProgram: 'x' })
  expect(() => read('project')).toThrow('not allowed in this file')
})

test('what removes a session behind our back calls the same client', () => {
  choosePrograms({ docker: '/opt/my tools/docker' })
  const box = { id: 'paude-bcd234', folder: '/s', link: 'none' } as never
  const backend: Backend = backends.docker
  const script = removerScript({ backend, box, removal: backend.life.remove(box), goesOn: false })
  choosePrograms({})
  expect(script).toStartWith(`docker() { '/opt/my tools/docker' "$@"; }\n`)
  expect(removerScript({ backend, box, removal: backend.life.remove(box), goesOn: false })).not.toContain('docker() {')
})
