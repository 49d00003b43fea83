import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { agentNames } from '../../agents/names.ts'
import type { Backend } from '../../backends/backend.ts'
import { backendNames } from '../../backends/names.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends, backends } from '../../backends/registry.ts'
import { type Handle, type Part, placeOf } from '../../box/handle.ts'
import { titleOf } from '../../box/remote.ts'
import { removed } from '../../box/stand-ins.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { isUnanswered, PaudeError } from '../../errors.ts'
import { isAlive } from '../../host.ts'
import type { Plan } from '../../plan/plan.ts'
import { askAll, captureOnce, refusedIsNull } from '../../run/ask.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { boxesOf } from '../record/boxes.ts'
import { backendOf, enginesOf } from '../record/engines.ts'
import { knownMark } from '../record/home-owner.ts'
import { homeVolume } from '../record/id.ts'
import { handleOf, type SessionRecord } from '../record/record.ts'
import { allRecords, folderNames, sessionFolder } from '../record/store.ts'
import { carryOut } from './carry-out.ts'
import { removePlan } from './plans.ts'
import { isBeingRemoved, isForsaken } from './remover.ts'

/** Milliseconds for which parts may be without an agent, and a folder without session.json: a start makes those last. */
const STARTING = 60_000

/** Something that no session owns any more, or a session that no paude sees to: its output is read by nobody, and nothing would remove it. */
export type Orphan = {
  readonly backend: Backend
  readonly reference: string
  readonly why: string
  readonly shared?: Part['shared']
  /** That of yours, where nothing else says that it is yours. */
  readonly mark?: string
  /** A clone's volume, or what leads to it: nobody looked into it. */
  readonly mayHoldWork?: true
} & (
  | { readonly kind: 'container' | 'volume' | 'folder' }
  | { readonly kind: 'session'; readonly handle: Handle; readonly record: SessionRecord }
)

/**
 * Parts without their agent, link volumes without a session, folders without a box, and sessions whose paude was killed in the
 * foreground, on every usable engine. `unreached` is called for each that should answer and does not.
 */
export async function findOrphans(
  context: Context,
  settings: Settings,
  unreached: (error: PaudeError) => void = () => undefined,
): Promise<readonly Orphan[]> {
  const { host } = context
  const answers = await Promise.all(
    enginesOf(host).map(async (backend) => {
      const boxes = placesToLook(host, backend, settings)
      const [ofParts, ofVolumes] = [backend.inventory.parts(boxes), backend.inventory.volumes(boxesOf(host, backend))]
      // One that tells nothing says nothing of what is lost either.
      if (ofParts.length === 0 || (await usable(host, backend)) !== 'yes') return null
      try {
        const effects = context.effects(backend)
        const [containers, volumes] = await Promise.all([
          askAll(ofParts, effects, captureOnce),
          askAll(ofVolumes, effects, captureOnce),
        ])
        return { backend, containers, volumes }
      } catch (error) {
        if (error instanceof PaudeError && isUnanswered(error)) unreached(error)
        return null
      }
    }),
  )
  const reached = answers.flatMap((answer) => (answer === null ? [] : [answer]))
  // A session that is being started right now has a folder and perhaps a proxy, but no agent yet; one that is being removed, no agent any more.
  const records = allRecords(host)
  const starting = records.flatMap(({ id, starter }) => (isAlive(starter) || isBeingRemoved(sessionFolder(host, id)) ? [id] : []))
  const ours = new Set(records.map(({ id }) => id))
  const mark = knownMark(host)
  const isOurs = ({ session, shared }: Part) =>
    shared === undefined || ours.has(session) || (mark !== '' && shared.owner === mark)
  const orphan = (backend: Backend, part: Part, why: string) => ({
    ...orphanOf(backend, part, why),
    ...(part.shared === undefined || ours.has(part.session) ? {} : { mark }),
  })
  // Of another user's start only the labels can be seen; what bears our own mark would have its record here.
  const isOld = ({ session, created, shared }: Part) =>
    ours.has(session) || shared !== undefined || !(Date.now() - Date.parse(created) < STARTING)
  const abandoned = (part: Part) => !agents.has(part.session) && isOurs(part) && isOld(part)
  const anew = new Set(records.filter((record) => isMadeAnew(context, record)).map(({ id }) => id))
  // What a start needs is there: the agent, or a workspace to which it makes one.
  const isThere = ({ role, session }: Part) => role === 'agent' || (role === 'workspace' && anew.has(session))
  const agents = new Set([
    ...starting,
    ...reached.flatMap(({ containers }) => containers.flatMap((part) => (isThere(part) ? [part.session] : []))),
  ])
  const parts = reached.flatMap(({ backend, containers, volumes }) => [
    ...containers
      .filter((part) => part.role !== 'agent' && part.role !== 'workspace' && abandoned(part))
      .map((part) => orphan(backend, part, 'its agent no longer exists')),
    ...volumes
      .filter((part) => ['link', 'files'].includes(part.role) && abandoned(part))
      .map((part) => orphan(backend, part, 'its session no longer exists')),
    // A cluster tells of its own.
    ...containers
      .filter((part) => part.role === 'workspace' && abandoned(part))
      .map((part) => ({
        ...orphan(backend, part, 'its agent no longer exists'),
        mayHoldWork: true as const,
      })),
    ...containers
      .filter((part) => part.role === 'agent' && part.shared !== undefined && !part.running)
      .filter((part) => !ours.has(part.session) && isOurs(part))
      .map((part) => ({
        ...orphan(backend, part, 'this machine has no record of it any more'),
        ...(part.kind === 'volume' ? { mayHoldWork: true as const } : {}),
      })),
    ...volumes
      .filter((part) => part.role === 'workspace' && abandoned(part) && !ours.has(part.session))
      .map((part) => ({ ...orphan(backend, part, 'its session no longer exists'), mayHoldWork: true as const })),
  ])
  const boxes = new Set(
    reached.flatMap(({ backend, containers }) =>
      containers.flatMap((part) => (isThere(part) ? [keyOf(backend, part.session)] : [])),
    ),
  )
  return [
    ...records.filter((record) => boxes.has(keyOf(backendOf(record), record.id))).flatMap((record) => forsaken(context, record)),
    ...parts,
    ...lostFolders(context, agents, new Set(reached.map(({ backend }) => backend))),
  ]
}

/** Whether a start makes the agent of a session anew, so that one that is not there is no loss. */
function isMadeAnew({ host }: Context, record: SessionRecord): boolean {
  const { anew } = backendOf(record).life
  return anew !== null && existsSync(join(sessionFolder(host, record.id), anew))
}

/** A session in the foreground whose paude is gone without a word. */
function forsaken({ host }: Context, record: SessionRecord): readonly Orphan[] {
  const folder = sessionFolder(host, record.id)
  if (!isForsaken(host, record)) return []
  const [backend, handle] = [backendOf(record), handleOf(record, folder)]
  return [{ backend, kind: 'session', reference: record.id, why: 'its paude process was killed', handle, record }]
}

/** A folder is lost when its engine answered and does not know the session. */
function lostFolders({ host }: Context, agents: ReadonlySet<string>, reached: ReadonlySet<Backend>): readonly Orphan[] {
  const records = new Map(allRecords(host).map((record) => [record.id, record]))
  return folderNames(host).flatMap((id): readonly Orphan[] => {
    const record = records.get(id)
    const backend = record === undefined ? backends[backendNames[0]] : backendOf(record)
    // What a cluster does not tell of may be in another one that the same context meant before.
    const mayHoldWork = record !== undefined && (record.clone !== undefined || backend.files.way === 'carried')
    if (agents.has(id) || (record !== undefined && !reached.has(backend))) return []
    if (record === undefined && isFresh(sessionFolder(host, id))) return []
    return [
      {
        backend,
        kind: 'folder',
        reference: sessionFolder(host, id),
        why: record === undefined ? 'its session.json is not readable' : 'its containers no longer exist',
        ...(mayHoldWork ? { mayHoldWork } : {}),
      },
    ]
  })
}

const keyOf = ({ name, remote }: Backend, session: string): string => `${titleOf(name, remote)} ${session}`

function isFresh(folder: string): boolean {
  try {
    return Date.now() - statSync(folder).mtimeMs < STARTING
  } catch {
    return true
  }
}

const orphanOf = (backend: Backend, { kind, reference, shared }: Part, why: string): Orphan => ({
  ...{ backend, kind, reference, why },
  ...(shared === undefined ? {} : { shared }),
})

/** Where the sessions are that are known, and where a start would make one now: the record of a session may be what is lost. */
const placesToLook = (host: Context['host'], backend: Backend, settings: Settings) => (): readonly Pick<Handle, 'cluster'>[] => [
  ...boxesOf(host, backend)(),
  ...(settings.backend === backend.name ? [placeOf(backend.own(settings, host))] : []),
]

/** One plan a backend. */
export function removeOrphans(orphans: readonly Orphan[]): readonly { readonly backend: Backend; readonly plan: Plan }[] {
  const owners = [...new Set(orphans.map(({ backend }) => backend))]
  return owners.map((backend) => {
    const own = orphans.filter((orphan) => orphan.backend === backend)
    return {
      backend,
      plan: [
        ...own.flatMap((one) => (one.kind === 'session' ? removePlan(backend, one.handle, { home: false }) : [])),
        ...backend.inventory.removeParts(
          own.flatMap(({ kind, reference, shared, mark }) =>
            kind === 'container' || kind === 'volume' ? [{ kind, reference, shared, mark }] : [],
          ),
        ),
        ...own.flatMap(({ kind, reference }) => (kind === 'folder' ? [removed(reference)] : [])),
      ],
    }
  })
}

/** Removes the volumes of the project in this directory, which has no session: HOME, one an agent, and overlays, on every engine that keeps one. */
export async function removeHome(context: Context, dryRun: boolean): Promise<number> {
  const { host } = context
  const { root } = findWorkspace(host, { force: true })
  // Those of a release that wrote no labels.
  const names = agentNames.map((agent) => homeVolume(root, agent))
  const kept = await Promise.all(
    allBackends.map(async (backend) => {
      if ((await usable(host, backend)) !== 'yes') return []
      const volumes = await askAll(backend.inventory.volumes(boxesOf(host, backend)), context.effects(backend)).catch(
        refusedIsNull,
      )
      return (volumes ?? []).flatMap(({ reference, role, workspace }) =>
        names.includes(reference) || (workspace === root && ['home', 'overlay'].includes(role))
          ? [{ backend, name: reference }]
          : [],
      )
    }),
  )
  if (kept.flat().length === 0)
    throw new PaudeError('not-found', `${root} has neither a session nor a HOME volume`, {
      hint: 'paude sessions',
    })
  for (const { backend, name } of kept.flat()) {
    await carryOut(context, backend, { plan: backend.life.removeHomes({}, [name]), dryRun })
    if (!dryRun) context.answer(name)
  }
  return 0
}
