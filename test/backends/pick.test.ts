import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend, Reach } from '../../src/backends/backend.ts'
import { pickAutomatically, usable } from '../../src/backends/pick.ts'
import { allBackends } from '../../src/backends/registry.ts'
import { type Host, readHost } from '../../src/host.ts'

let folder = ''
let host: Host
let server: ReturnType<typeof Bun.listen> | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paude-pick-'))
  host = { ...readHost(), env: { PATH: folder } }
  server = Bun.listen({ unix: join(folder, 'alive.sock'), socket: { data: () => undefined } })
})
afterEach(() => {
  server?.stop(true)
  rmSync(folder, { recursive: true, force: true })
})

const [real = never()] = allBackends

/** A backend whose program is installed unless it is called `missing`. */
function made(program: string, reach: (folder: string) => Reach, isolation: Backend['can']['isolation'] = 'container'): Backend {
  if (program !== 'missing') {
    writeFileSync(join(folder, program), '#!/bin/sh\nexit 1\n')
    chmodSync(join(folder, program), 0o755)
  }
  return { ...real, program, can: { ...real.can, isolation }, health: { ...real.health, reach: () => reach(folder) } }
}
const inPath = (): Reach => ({ look: 'program' })
const socket =
  (name: string) =>
  (at: string): Reach => ({ look: 'socket', path: join(at, name) })
const file =
  (name: string) =>
  (at: string): Reach => ({ look: 'file', path: join(at, name) })

test.each([
  ['a program that is there', 'here', inPath, 'yes'],
  ['a program that is not', 'missing', inPath, 'missing'],
  ['a socket where somebody answers', 'here', socket('alive.sock'), 'yes'],
  ['a socket where nobody does', 'here', socket('dead.sock'), 'down'],
  ['a socket that nobody can use without the program', 'missing', socket('alive.sock'), 'missing'],
  ['a file that is there', 'here', file('here'), 'yes'],
  ['a file that is not', 'here', file('nowhere'), 'down'],
] as const)('%s', async (_, program, reach, expected) => {
  expect(await usable(host, made(program, reach))).toBe(expected)
})

describe('auto', () => {
  test('takes the first that answers', async () => {
    const [dead, alive, other] = [made('one', socket('dead.sock')), made('two', socket('alive.sock')), made('three', inPath)]
    expect(await pickAutomatically(host, [dead, alive, other])).toBe(alive)
  })

  test('names the socket of another engine where the one that is looked for does not answer', async () => {
    mkdirSync(join(folder, '.colima/default'), { recursive: true })
    writeFileSync(join(folder, '.colima/default/docker.sock'), '')
    await expect(pickAutomatically({ ...host, home: folder }, [made('one', socket('dead.sock'))])).rejects.toMatchObject({
      code: 'backend-down',
      hint: expect.stringContaining(
        `there is a socket of colima: export DOCKER_HOST=unix://${folder}/.colima/default/docker.sock`,
      ),
    })
  })

  test('never takes one that does not isolate', async () => {
    const bare = made('bare', inPath, 'none')
    const isolated = made('isolated', inPath)
    expect(await pickAutomatically(host, [bare, isolated])).toBe(isolated)
    expect(pickAutomatically(host, [bare])).rejects.toThrow('no container engine was found')
  })

  test('says how to start what is down', async () => {
    const { mend } = real.health
    const error = await pickAutomatically(host, [made('one', socket('dead.sock'))]).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'backend-down', hint: `start it: ${mend.down}` })
  })
})

function never(): never {
  throw new Error('there is no backend')
}
