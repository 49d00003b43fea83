import { expect, test } from 'bun:test'
import { kubernetes } from '../../src/backends/kubernetes/kubernetes.ts'
import type { Context } from '../../src/context.ts'
import { readHost } from '../../src/host.ts'
import { requireSaved } from '../../src/session/clone/keep.ts'
import { found, type Row, recordOf } from '../../src/session/life/find.ts'
import { removePlan } from '../../src/session/life/plans.ts'

const row: Row = {
  ...{
    backend: 'kubernetes',
    id: 'paude-bcd234',
    name: '',
    agent: 'claude',
    workspace: '/workspaces/app',
    network: 'restricted',
  },
  ...{ status: 'exited', exitCode: 0, created: '2026-01-02T03:04:05.000Z' },
  homeVolume: 'paude-home-claude-0123456789abcdef',
  cluster: { context: 'one', namespace: 'team' },
}
const context = { host: readHost() } as Context

test('what is removed of a session without a record is removed where the session was found', () => {
  const { handle } = found(context, recordOf(row))
  expect(handle).toMatchObject({ link: 'service', homeVolume: row.homeVolume, cluster: row.cluster })
  const calls = removePlan(kubernetes, handle, { home: true }).flatMap((step) =>
    step.kind === 'exec' ? [step.argv.join(' ')] : [],
  )
  expect(calls.length).toBeGreaterThan(2)
  for (const call of calls) expect(call).toStartWith('kubectl --context=one --namespace=team ')
})

test('it is not removed without --discard: it may be of another person, or hold work', async () => {
  const one = found(context, recordOf(row))
  for (const force of [false, true])
    await expect(requireSaved(context, one, { force, discard: false })).rejects.toThrow(
      /namespace team tell of session paude-bcd234/,
    )
  await requireSaved(context, one, { force: false, discard: true })
})

test('an engine on this machine has one place, so nothing more is asked of a session without a record', async () => {
  const { cluster: _, homeVolume: __, ...local } = row
  const one = found(context, recordOf({ ...local, backend: 'docker' }))
  expect(one.handle.link).toBe('gate')
  await requireSaved(context, one, { force: false, discard: false })
})
