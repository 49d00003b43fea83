import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { agentOfRecord } from '../../agents/registry.ts'
import { isolates } from '../../backends/pick.ts'
import { isUp, type State } from '../../box/handle.ts'
import { titleOf } from '../../box/remote.ts'
import { COPIES, copiedOf, shadowedOf } from '../../box/spec.ts'
import { SHADOWS } from '../../box/stand-ins.ts'
import { UPLOADS } from '../../box/uploads.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Plan } from '../../plan/plan.ts'
import { renderFolded, renderPlan } from '../../plan/render.ts'
import { ask, refusedIsNull } from '../../run/ask.ts'
import { execute } from '../../run/execute.ts'
import { LEFT } from '../../run/process.ts'
import { shown } from '../../text.ts'
import { clearAlarm } from '../record/alarm.ts'
import { audit } from '../record/audited.ts'
import type { Found } from '../record/found.ts'
import { conversationOf } from '../record/out.ts'
import type { SessionRecord } from '../record/record.ts'
import { configChanges } from '../record/shadows.ts'
import type { Again } from '../resolve/wish.ts'
import type { Made } from '../worktree/make.ts'
import { reachChanges, reached } from './box-changes.ts'
import { gitNews } from './copies.ts'
import { requireFreeHome } from './home-free.ts'
import { warnOfMemory } from './memory-end.ts'
import { type KeptFiles, recreatePlan } from './plans.ts'
import type { Prepared } from './prepare.ts'
import { keepBefore } from './removal.ts'

/** Refuses a session that has no conversation to go on with, or whose box its backend makes anew at every start. */
export function requireRecreatable({ backend, handle, record }: Found): void {
  const { id } = record
  if (agentOfRecord(record) === null)
    throw new PaudeError('unsupported', `session ${id} runs a command, not an agent`, { hint: 'paude run starts another one' })
  if (!existsSync(join(handle.folder, 'session.json')))
    throw new PaudeError('unsupported', `the folder of session ${id} is lost, so paude does not know how it was made`, {
      hint: `paude rm ${id}, and start a new one`,
    })
  if (!record.terminal)
    throw new PaudeError('unsupported', `session ${id} has no screen: a new sandbox would only ask its prompt again`, {
      hint: `paude fork ${id} copies its conversation into a new sandbox`,
    })
  if (!isolates(backend))
    throw new PaudeError('unsupported', `session ${id} has no sandbox, since it runs on ${backend.name}`, {
      hint: `paude start ${id} continues its conversation`,
    })
  if (backend.life.anew !== null || backend.remote !== null)
    throw new PaudeError('unsupported', `paude cannot recreate a session on ${titleOf(backend.name, backend.remote)}`, {
      hint:
        backend.remote === null
          ? `paude fork ${id} copies its conversation into a new sandbox`
          : `paude pull ${id}, paude rm ${id}, and start a new one`,
    })
}

/** How a session is now; null where its box is gone, which is no obstacle. Refuses one that lives unless it is to be stopped. */
export async function stateBefore(context: Context, found: Found, force: boolean): Promise<State | null> {
  const state = await ask(found.backend.life.state(found.handle), context.effects(found.backend)).catch(refusedIsNull)
  if (state !== null && isUp(state) && !force)
    throw new PaudeError('refused', `session ${found.record.id} is running`, {
      hint: `paude stop ${found.record.id}, or paude recreate --force ${found.record.id}`,
    })
  return state
}

/** What of a session is not of its box. */
export const againOf = ({ record, handle }: Pick<Found, 'record' | 'handle'>): Again => ({
  id: record.id,
  name: record.name,
  directory: record.directory,
  homeVolume: record.homeVolume,
  conversation: conversationOf(handle.folder, record),
  ...(record.volume === undefined ? {} : { volume: record.volume }),
  ...(record.clone === undefined ? {} : { clone: record.clone }),
})

/** The working tree that it is in, as if it had just been made. */
export const madeOf = ({ id, worktree, workspace, directory }: SessionRecord): Made | null =>
  worktree === undefined ? null : { id, worktree, folder: workspace, directory }

/** Files and folders of a session's folder that a new box goes on with. Refuses where it could not, and something would be lost. */
export function keptFiles(
  { record, handle }: Pick<Found, 'record' | 'handle'>,
  { spec, around }: Pick<Prepared, 'spec' | 'around'>,
): KeptFiles {
  const { id, workspace } = record
  const { folder } = handle
  if (around.workspace.root !== workspace)
    throw new PaudeError(
      'refused',
      `${shown(record.directory)} is now in the project ${shown(around.workspace.root)}, not in ${shown(workspace)}`,
      {
        hint: `paude fork ${id} copies its conversation into a new sandbox`,
      },
    )
  const changes = configChanges(record, folder)
  if (changes.length > 0 && !Bun.deepEquals(record.shadows, shadowedOf(spec.transport)))
    throw new PaudeError(
      'refused',
      `session ${id} changed the agents' configuration of the project in its sandbox only, and a new sandbox would not have that`,
      {
        hint: `paude config-changes ${id} shows it, paude sync-config ${id} brings it here`,
      },
    )
  const news = gitNews(record, folder)
  if (news.length > 0 && !Bun.deepEquals(record.copies, copiedOf(spec.transport)))
    throw new PaudeError('refused', `${news[0]?.sentence ?? ''}; a new sandbox would not have that`, {
      hint: 'set it up on this machine first, or put the repository back as it was',
    })
  const there = (names: readonly string[]) => names.map((name) => join(folder, name)).filter((path) => existsSync(path))
  return {
    folders: there(['', 'out', UPLOADS]),
    files: [
      ...there(spec.out.map((name) => join('out', name))),
      ...(changes.length > 0 ? [join(folder, SHADOWS)] : []),
      ...(news.length > 0 ? [join(folder, COPIES)] : []),
    ],
  }
}

type Recreation = {
  readonly keeps: KeptFiles
  /** How the session was before it was stopped. */
  readonly state: State | null
  readonly attached: boolean
}

/** The plan of it, for --dry-run. */
export function shownRecreation({
  found,
  prepared,
  keeps,
}: {
  readonly found: Found
  readonly prepared: Prepared
  readonly keeps: KeptFiles
}): string {
  const { backend, spec, images, config } = prepared
  const render = config.settings.dryRun === 'full' ? renderPlan : renderFolded
  return render([...images.first, ...recreatePlan(backend, spec, { box: found.handle, keeps, attached: false })], [], '')
}

/** Makes the box anew and starts its agent. What is lost of the old one is its log, which is kept to be read. Returns the exit code. */
export async function recreateSession(
  context: Context,
  found: Found,
  { prepared, keeps, state, attached }: Recreation & { readonly prepared: Prepared },
): Promise<number> {
  const { backend, spec, images } = prepared
  const effects = context.effects(backend)
  await requireFreeHome(context, backend, found.record)
  // Images that cannot be had leave the session as it was.
  await execute(images.first, effects)
  await keepBefore(context, found, state)
  const { record } = prepared
  await audit(context, record, { event: 'recreate', reach: [...reached(record)], ...reachChanges(found.record, record) })
  clearAlarm(spec.folder)
  const plan: Plan = recreatePlan(backend, spec, { box: found.handle, keeps, attached, rescue: images.rescue })
  context.moving.show(`starting a sandbox on ${backend.name}`)
  const code = await execute(plan, effects).catch((error: unknown) => {
    context.warn(
      `session ${spec.id} has no sandbox now; its conversation${found.record.clone === undefined ? ' and HOME' : ', HOME and clone'} are kept: to try again: paude recreate ${spec.id}`,
    )
    throw error
  })
  context.moving.clear()
  if (!attached) {
    context.answer(spec.id)
    return code
  }
  if (code !== LEFT) {
    await warnOfMemory(context, { ...found, record }, code)
    return code
  }
  context.note(`detached; the session keeps running: paude attach ${spec.id}`)
  return 0
}
