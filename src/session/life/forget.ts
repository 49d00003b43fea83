import { titleOf } from '../../box/remote.ts'
import type { Context } from '../../context.ts'
import { type ErrorCode, isUnanswered, PaudeError } from '../../errors.ts'
import { endHolder, holderMark } from '../../hold/end.ts'
import type { Plan } from '../../plan/plan.ts'
import { commandLine } from '../../plan/shell.ts'
import { ask } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { shown } from '../../text.ts'
import { dropCloneRemote } from '../clone/remote.ts'
import { audit } from '../record/audited.ts'
import { calledOn } from '../record/called.ts'
import type { Found } from '../record/found.ts'
import { readNoted } from '../record/noted.ts'
import { keepRead } from './finish.ts'
import { removePlan } from './plans.ts'

/**
 * Removes what this machine has of a session whose cluster or other machine does not answer, and says what may be left there. One that answers
 * is asked to remove the session itself.
 */
export async function forgetSession(context: Context, found: Found): Promise<void> {
  const { backend, handle, record } = found
  const { id, cluster, remote } = record
  if (cluster === undefined && remote === undefined)
    throw new PaudeError('refused', `session ${id} is on this machine, so nothing of it would be left elsewhere`, {
      hint: `paude rm ${id}`,
    })
  const effects = context.effects(backend)
  await requireSilent(found, context)
  const holder = holderMark(handle.folder)
  const requests = readNoted(handle.folder)
  keepRead(context, { record, folder: handle.folder, requests, code: null, review: false })
  await execute(forgetPlan(found), effects)
  await audit(context, record, { event: 'remove' })
  dropCloneRemote(context, record)
  await endHolder(holder)
  context.warn(
    `removed on this machine alone. If ${placeOf(found)} comes back, the session may still run there; this removes it: ${removePlan(
      backend,
      handle,
      { home: false },
    )
      .flatMap((step) => (step.kind === 'exec' ? [commandLine(step.argv)] : []))
      .join('; ')}`,
  )
  context.answer(calledOn(context.host, record))
}

/** What of a removal is on this machine. */
export const forgetPlan = ({ backend, handle }: Found): Plan =>
  removePlan(backend, handle, { home: false }).filter(({ kind }) => kind === 'remove')

/** No kubeconfig has the context any more, or there is no client. */
const NOBODY: readonly ErrorCode[] = ['config', 'backend-missing', 'command-not-found']

const isNobody = (error: PaudeError): boolean => isUnanswered(error) || NOBODY.includes(error.code)

/** An error of a removal, with the way that is left where the cluster or the other machine does not answer. */
export function orLocally({ record: { id, cluster, remote } }: Found, error: unknown): unknown {
  if (!(error instanceof PaudeError) || !isNobody(error) || (cluster === undefined && remote === undefined)) return error
  const { code, message, hint, signal, cause } = error
  const local = `if it is gone for good: paude rm --local ${id}`
  return new PaudeError(code, message, { hint: hint === '' ? local : `${hint}; ${local}`, signal, cause })
}

/** Ends where somebody answers for the session. */
async function requireSilent({ backend, handle }: Found, context: Context): Promise<void> {
  const error = await ask(backend.life.state(handle), context.effects(backend)).then(
    () => null,
    (reason: unknown) => {
      if (reason instanceof PaudeError) return reason
      throw reason
    },
  )
  if (error !== null && isNobody(error)) return
  const name = titleOf(backend.name, backend.remote)
  throw new PaudeError('refused', `${name} answers, so session ${handle.id} can be removed wholly`, {
    hint: `paude rm ${handle.id}`,
  })
}

const placeOf = ({ backend, record: { cluster } }: Found): string =>
  cluster === undefined
    ? titleOf(backend.name, backend.remote)
    : `the cluster of the context ${shown(cluster.context)} (namespace ${shown(cluster.namespace)})`
