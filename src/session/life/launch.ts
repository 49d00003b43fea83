import type { Backend } from '../../backends/backend.ts'
import type { Handle } from '../../box/handle.ts'
import { titleOf } from '../../box/remote.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { keepBounded } from '../../events/file.ts'
import type { Request } from '../../network/log.ts'
import type { Plan } from '../../plan/plan.ts'
import type { Effects } from '../../run/effects.ts'
import { execute } from '../../run/execute.ts'
import { LEFT } from '../../run/process.ts'
import { printable } from '../../text.ts'
import { audit } from '../record/audited.ts'
import type { Found } from '../record/found.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { renewals } from '../record/renewals.ts'
import { readRecords } from '../record/store.ts'
import { watchHere } from './alarm-here.ts'
import { reached } from './box-changes.ts'
import { clearFailed } from './clone-end.ts'
import { ensureRenewer, wakeRenewer } from './ensure-renewer.ts'
import { finishSession } from './finish.ts'
import type { Prepared } from './prepare.ts'
import { watchProvider } from './provider-watch.ts'
import { clearForsaken, goesOn, startRemover } from './remover.ts'
import type { Review } from './review.ts'

export type Launch = Pick<Prepared, 'backend' | 'spec' | 'record'> & {
  /** What holds in the session, in one line. */
  readonly holds: string
  /** What every start here needs, carried out by itself: it stays when this one fails. */
  readonly first: Plan
  readonly plan: Plan
  /** Takes all of it away again. */
  readonly removal: Plan
  /** Whether paude ends only when all of it is gone. */
  readonly waits: boolean
  /** Whether it goes as well when you leave it. */
  readonly throwAway: boolean
  /** Looked at before a session in the background is said to be there; what it throws takes the session back. */
  readonly check?: ((backend: Backend, handle: Handle) => Promise<void>) | undefined
  /** Decides what becomes of what the session left in the project. */
  readonly onFindings?: ((review: Review) => void | Promise<void>) | undefined
  /** Told what the session asked the proxy for, before everything is removed. */
  readonly onEnd?: ((requests: readonly Request[]) => void) | undefined
  /** Looks at a session without a screen while its agent has our streams. Returns how to stop. */
  readonly look?: ((found: Found) => () => void) | undefined
}

/** Starts a session in the background and answers with its id. */
export async function launchDetached(
  context: Context,
  { backend, spec, record, first, plan, removal, check }: Launch,
): Promise<number> {
  clearForsaken(context.host)
  const effects = context.effects(backend)
  await execute(first, effects)
  await audit(context, record, { event: 'start', reach: [...reached(record)] })
  context.moving.show(starting(backend))
  const found = { backend, record, handle: handleOf(record, spec.folder) }
  const code = await execute(plan, effects).catch(async (error: unknown) => {
    await auditFailure(context, record, error)
    await clearFailed(context, found, removal)
    throw error
  })
  await ensureRenewer(context, record)
  await check?.(backend, found.handle).catch(async (error: unknown) => {
    await auditFailure(context, record, error)
    await execute(removal, effects)
    throw error
  })
  context.answer(spec.id)
  return code
}

/** Starts a session and stays with it until it ends, or until the user leaves it. */
export async function launchAttached(context: Context, launch: Launch): Promise<number> {
  const { backend, spec, record, first, plan, removal, waits, throwAway, onEnd, onFindings, look, holds } = launch
  const found = { backend, record, handle: handleOf(record, spec.folder) }
  // A session with a screen has a holder that sees to it.
  const unwatch = spec.terminal ? () => undefined : keepBounded(spec.folder)
  const looks: (() => void)[] = []
  const unlook = () => looks.splice(0).forEach((stop) => void stop())
  let told = ''
  const began = () => {
    const tell = (fault: string) => {
      told = fault
      if (fault !== '') context.warn(printable(fault))
    }
    void ensureRenewer(context, record).catch(() => undefined)
    looks.push(
      watchProvider(found, tell),
      watchHere(context, found, { owns: true }),
      ...(look === undefined ? [] : [look(found)]),
    )
  }
  const effects = context.effects(backend)
  // From here on the terminal is the agent's: only a screen of its own leaves room for a line above it.
  const handOver = () => {
    context.moving.clear()
    if (spec.terminal && context.host.terminal.stderr) context.note(holds)
  }
  clearForsaken(context.host)
  await execute(first, effects)
  await audit(context, record, { event: 'start', reach: [...reached(record)] })
  context.moving.show(starting(backend))
  const remover = startRemover({ backend, box: found.handle, removal, goesOn: goesOn(record) })
  try {
    const handing: Effects = {
      ...effects,
      began,
      attach: (step) => {
        handOver()
        return effects.attach(step)
      },
      hold: (step) => {
        handOver()
        return effects.hold(step)
      },
    }
    return await execute(plan, handing, (code) => {
      unlook()
      // What it needs on this machine ends with this paude, so it does not go on without.
      if (code === LEFT && throwAway) return remover.gone().then(() => 0)
      return finishSession(context, { ...found, spec, code, remover, waits, throwAway, onEnd, onFindings, told })
    })
  } catch (error) {
    await auditFailure(context, record, error)
    await clearFailed(context, found, removal)
    throw error
  } finally {
    unlook()
    unwatch()
    if (renewals(record).length > 0) wakeRenewer(context.host)
  }
}

const auditFailure = (context: Context, record: SessionRecord, error: unknown): Promise<void> =>
  audit(context, record, { event: 'failed', reason: error instanceof PaudeError ? error.code : 'bug' })

const starting = ({ name, remote }: Backend): string => `starting a sandbox on ${titleOf(name, remote)}`

export function refuseTakenName({ host }: Context, name: string): void {
  const other = name === '' ? undefined : readRecords(host).find((record) => record.name === name)
  if (other !== undefined)
    throw new PaudeError('name-taken', `a session named ${name} already exists: ${other.id}`, {
      hint: `continue it: paude start ${name}; or remove it: paude rm ${name}`,
    })
}
