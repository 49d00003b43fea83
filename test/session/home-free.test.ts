import { afterEach, beforeEach, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apple } from '../../src/backends/apple/apple.ts'
import type { Backend } from '../../src/backends/backend.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import type { Status } from '../../src/box/handle.ts'
import type { Context } from '../../src/context.ts'
import { PaudeError } from '../../src/errors.ts'
import { readHost } from '../../src/host.ts'
import { requireFreeHome } from '../../src/session/life/home-free.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

const OTHER = 'paude-bcd234'
let machine: Machine
let record: Pick<SessionRecord, 'id' | 'homeVolume'>
beforeEach(async () => {
  machine = makeMachine(['docker'])
  const id = await machine.detached()
  const file = join(machine.folderOf(id), 'session.json')
  const written = { ...JSON.parse(readFileSync(file, 'utf8')), backend: 'apple' }
  writeFileSync(file, JSON.stringify(written))
  record = { id, homeVolume: written.homeVolume }
})
afterEach(() => machine.dispose())

/** Starts a session with this HOME while the one of the machine is as said; null: its sandbox is gone. */
const starts = (backend: Backend, status: Status | null, { id = OTHER, homeVolume = record.homeVolume } = {}) =>
  requireFreeHome(
    {
      host: { ...readHost(), home: machine.home, env: machine.env },
      effects: () => ({ explain: () => new PaudeError('command-failed', 'gone') }),
    } as unknown as Context,
    {
      ...backend,
      life: {
        ...backend.life,
        state: () => ({ argv: [status === null ? 'false' : 'true'], parse: () => ({ status: status ?? 'exited', exitCode: 0 }) }),
      } as Backend['life'],
    },
    { id, homeVolume },
  )

test('a backend that gives HOME to one session at a time refuses a second one, by the name of the first and what to do', async () => {
  const error = await starts(apple, 'running').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining(`session ${record.id} is running`) })
  expect(error).toMatchObject({ hint: `stop it first: paude stop ${record.id}` })
})

test('nothing is refused where HOME is free, is another one, is its own, or is shared', async () => {
  await expect(starts(apple, 'exited')).resolves.toBeUndefined()
  await expect(starts(apple, null)).resolves.toBeUndefined()
  await expect(starts(apple, 'running', { id: OTHER, homeVolume: 'paude-home-of-another-project' })).resolves.toBeUndefined()
  await expect(starts(apple, 'running', { id: OTHER, homeVolume: '' })).resolves.toBeUndefined()
  await expect(starts(apple, 'running', record)).resolves.toBeUndefined()
  await expect(starts(docker, 'running')).resolves.toBeUndefined()
})
