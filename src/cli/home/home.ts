import { relative, resolve } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/names.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends, backends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { askAll } from '../../run/ask.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { boxesOf } from '../../session/record/boxes.ts'
import { type FolderState, folderState } from '../../session/record/folder-state.ts'
import { homeVolume } from '../../session/record/id.ts'
import { readRecords } from '../../session/record/store.ts'
import { shown } from '../../text.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { dryRun, json } from '../args.ts'
import { canAsk } from '../config/start-config.ts'
import { PLANS, READS } from '../front-flags.ts'
import { confirmRemoval } from '../sessions/confirm-removal.ts'
import { fit, table } from '../streams/table.ts'
import { topic, verb } from '../verb.ts'

/** A volume with the agent's HOME of one project, or with what stands in the place of a folder there. */
type Home = {
  readonly volume: string
  readonly role: string
  readonly backend: BackendName
  /** The folder that it belongs to; '' where no label says so. */
  readonly project: string
  /** Of an overlay: the folder in whose place it is; '' for HOME, and where no session here has it. */
  readonly folder: string
  /** Sessions that use it, running or not: as long as one is there, the engine does not let go of it. */
  readonly sessions: readonly string[]
}

export default topic({
  description: "Show and remove the agents' HOME volumes",
  examples: [
    ['paude home ls', 'all of them, and which are in use'],
    ['paude home rm', 'the one of the project in this directory'],
    ['paude home rm --deleted', 'those of folders that were deleted'],
  ],
  verbs: {
    ls: verb({
      description: 'List the HOME volumes and the overlays of all projects',
      details:
        'A HOME holds settings, logins and conversations of the agent, an overlay what a folder such as node_modules has in the sandbox. ' +
        'To tell their size, the engine reads every file.',
      front: READS,
      args: { json },
      examples: [['paude home ls --json', 'for scripts']],
      async run(context, given) {
        const homes = await listHomes(context)
        if (given.json) context.answer(JSON.stringify(homes, null, 2))
        else if (homes.length === 0) context.note('no project has a volume yet')
        else
          context.answer(
            table(
              ['VOLUME', 'KIND', 'BACKEND', 'IN USE', 'PROJECT'],
              homes.map(({ volume, role, folder, backend, sessions, project }) => [
                volume,
                folder === '' ? role : `${role} of ${shown(relative(project, folder))}`,
                backend,
                sessions.length === 0 ? 'no' : sessions.length === 1 ? (sessions[0] ?? '') : `${sessions.length} sessions`,
                project === '' ? '-' : shown(project),
              ]),
              { ...fit(context.host), whole: ['VOLUME'] },
            ),
          )
        return 0
      },
    }),
    rm: verb({
      description: 'Remove HOME volumes that no session uses',
      details:
        'This deletes settings, logins and conversations of the agent. On a terminal it asks first; --deleted and --all always do. They leave a volume whose folder is not yours, ' +
        'or may still exist somewhere: name it to remove it.',
      front: PLANS,
      args: {
        homes: { type: 'positional', many: true, description: 'Volumes, or project folders (default: this directory)' },
        deleted: { type: 'boolean', description: 'Remove the volumes of folders that were deleted' },
        all: { type: 'boolean', description: 'Remove the volumes of all your projects' },
        force: { type: 'boolean', letter: 'f', description: 'Do not ask' },
        'dry-run': dryRun,
      },
      examples: [
        ['paude home rm ~/code/old-project', 'by the folder of the project'],
        ['paude home rm paude-home-claude-57cd0a70cbac52f7', 'by the name of the volume, also of an overlay'],
        ['paude home rm --deleted', 'those of folders that were deleted'],
        ['paude home rm --all --force', 'those of all your projects, without a question'],
      ],
      async run(context, given) {
        const { deleted = false, all: every = false, force = false, 'dry-run': isDry = false } = given
        if ([deleted, every, given.homes.length > 0].filter(Boolean).length > 1)
          throw new PaudeError('usage', 'paude home rm takes either names, --deleted or --all', { hint: 'leave the others out' })
        const listed = await listHomes(context)
        if (deleted || every) return await removeUnused(context, listed, { every, force, isDry })
        const words = given.homes.length > 0 ? given.homes : [findWorkspace(context.host, { force: true }).root]
        const chosen = words.map((word) => {
          const place = resolve(context.host.cwd, word)
          const fitting = listed.filter(
            (home) => home.volume === word || (isHome(home) && home.project !== '' && home.project === place),
          )
          if (fitting.length === 0)
            throw new PaudeError('not-found', `${shown(word)} has no HOME volume`, { hint: 'paude home ls' })
          return fitting
        })
        // All are judged before the first one goes.
        const doomed = [...new Set(chosen.flat())]
        const used = doomed.find(({ sessions }) => sessions.length > 0)
        if (used !== undefined)
          throw new PaudeError('refused', `${used.volume} is in use by ${used.sessions.join(', ')}`, {
            hint: `paude rm ${used.sessions.join(' ')} first`,
          })
        // In a script the words are enough, as for any command that removes what it is told.
        if (!isDry && !force && canAsk(context) && !confirmRemoval(context, doomed.map(lineOf), 'paude home rm --force')) return 1
        await removeHomes(context, doomed, isDry)
        return 0
      },
    }),
  },
})

const isHome = ({ role }: Home): boolean => role === 'home'

/** What is on a cluster belongs to no folder of this machine. */
const stateOf = ({ host }: Context, { backend, project }: Home): FolderState =>
  backends[backend].can.isolation === 'pod' ? 'unsure' : folderState(host, project)

/** Of those with a folder of this user, or with one that was deleted. Those that a session uses stay, and are named. */
async function removeUnused(
  context: Context,
  homes: readonly Home[],
  { every, force, isDry }: { readonly every: boolean; readonly force: boolean; readonly isDry: boolean },
): Promise<number> {
  const { own = [], deleted = [], unsure = [] } = Object.groupBy(homes, (home) => stateOf(context, home))
  const meant = every ? [...own, ...deleted] : deleted
  const unused = meant.filter(({ sessions }) => sessions.length === 0)
  for (const { volume, sessions } of meant)
    if (sessions.length > 0) context.note(`${volume} stays: ${sessions.join(', ')} uses it`)
  if (unsure.length > 0)
    context.note(
      `${unsure.length} stay${unsure.length === 1 ? 's' : ''}, whose folder is not yours or may still be there: paude home ls, then paude home rm VOLUME`,
    )
  if (unused.length === 0) {
    context.note('no volume to remove')
    return 0
  }
  if (!isDry && !force && !confirmRemoval(context, unused.map(lineOf), `paude home rm ${every ? '--all' : '--deleted'} --force`))
    return 1
  await removeHomes(context, unused, isDry)
  return 0
}

const lineOf = ({ volume, project }: Home): string => `  ${shown(volume)}  ${shown(project)}`

async function removeHomes(context: Context, homes: readonly Home[], isDry: boolean): Promise<void> {
  for (const { backend, volume } of homes) {
    const owner = backends[backend]
    await carryOut(context, owner, { plan: owner.life.removeHomes({}, [volume]), dryRun: isDry })
    if (!isDry) context.answer(volume)
  }
}

/** Two calls an engine, side by side. */
async function listHomes(context: Context): Promise<readonly Home[]> {
  const answers = await Promise.all(allBackends.map((backend) => homesOf(context, backend)))
  return answers.flat().toSorted((a, b) => (a.project < b.project ? -1 : 1))
}

async function homesOf(context: Context, backend: Backend): Promise<readonly Home[]> {
  const boxes = boxesOf(context.host, backend)
  if (backend.inventory.volumes(boxes).length === 0 || (await usable(context.host, backend)) !== 'yes') return []
  const effects = context.effects(backend)
  try {
    const [volumes, sessions] = await Promise.all([
      askAll(backend.inventory.volumes(boxes), effects),
      askAll(backend.inventory.sessions(boxes), effects),
    ])
    const records = readRecords(context.host).filter((record) => record.backend === backend.name)
    const folders = new Map(records.flatMap(({ overlays }) => overlays.map(({ volume, path }) => [volume, path] as const)))
    const uses = [
      ...sessions.map(({ id, workspace, agent }) => ({ id, workspace, volume: homeVolume(workspace, agent) })),
      ...records.map(({ id, workspace, homeVolume: volume }) => ({ id, workspace, volume })),
    ]
    return volumes
      .filter(({ role }) => role === 'home' || role === 'overlay')
      .map(({ reference, workspace, role }) => ({
        volume: reference,
        role,
        backend: backend.name,
        project: workspace,
        folder: folders.get(reference) ?? '',
        sessions: [
          ...new Set(
            (role === 'home'
              ? uses.filter(({ volume }) => volume === reference)
              : uses.filter((use) => use.workspace === workspace)
            ).map(({ id }) => id),
          ),
        ],
      }))
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    context.warn(lacking(error, 'paude cannot show its HOME volumes'))
    return []
  }
}
