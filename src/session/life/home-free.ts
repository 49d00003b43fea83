import type { Backend } from '../../backends/backend.ts'
import { isUp } from '../../box/handle.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { readRecords, sessionFolder } from '../record/store.ts'

/** Refuses to start an agent while another session has its HOME, on a backend that gives it to one at a time. */
export async function requireFreeHome(
  context: Pick<Context, 'host' | 'effects'>,
  backend: Backend,
  { id, homeVolume }: Pick<SessionRecord, 'id' | 'homeVolume'>,
): Promise<void> {
  const { can, life, name } = backend
  if (can.sharedHome || homeVolume === '') return
  const others = readRecords(context.host).filter(
    (other) => other.backend === name && other.homeVolume === homeVolume && other.id !== id,
  )
  for (const other of others) {
    const box = handleOf(other, sessionFolder(context.host, other.id))
    const state = await ask(life.state(box), context.effects(backend)).catch(refusedIsNull)
    if (state === null || !isUp(state)) continue
    const called = other.name || other.id
    throw new PaudeError(
      'refused',
      `session ${called} is running and has the HOME of this project, which ${name} gives to one session at a time`,
      {
        hint: `stop it first: paude stop ${called}`,
      },
    )
  }
}
