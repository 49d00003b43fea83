import { resolve } from 'node:path'
import type { Backend } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/names.ts'
import { usable } from '../../backends/pick.ts'
import { allBackends, backends } from '../../backends/registry.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { askAll } from '../../run/ask.ts'
import { carryOut } from '../../session/life/carry-out.ts'
import { boxesOf } from '../../session/record/boxes.ts'
import { homeVolume } from '../../session/record/id.ts'
import { readRecords } from '../../session/record/store.ts'
import { shown } from '../../text.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { dryRun, json } from '../args.ts'
import { PLANS, READS } from '../front-flags.ts'
import { fit, table } from '../streams/table.ts'
import { topic, verb } from '../verb.ts'

/** A volume with the agent's HOME of one project. */
type Home = {
  readonly volume: string
  readonly backend: BackendName
  /** The folder that it belongs to; '' where no label says so. */
  readonly project: string
  /** Sessions that use it, running or not: as long as one is there, the engine does not let go of it. */
  readonly sessions: readonly string[]
}

export default topic({
  description: "Show and remove the agents' HOME volumes",
  examples: [
    ['paude home ls', 'all of them, and which are in use'],
    ['paude home rm', 'the one of the project in this directory'],
  ],
  verbs: {
    ls: verb({
      description: 'List the HOME volumes of all projects',
      details: 'They hold settings, logins and conversations of the agent. To tell their size, the engine reads every file.',
      front: READS,
      args: { json },
      examples: [['paude home ls --json', 'for scripts']],
      async run(context, given) {
        const homes = await listHomes(context)
        if (given.json) context.answer(JSON.stringify(homes, null, 2))
        else if (homes.length === 0) context.note('no project has a HOME volume yet')
        else
          context.answer(
            table(
              ['VOLUME', 'BACKEND', 'IN USE', 'PROJECT'],
              homes.map(({ volume, backend, sessions, project }) => [
                volume,
                backend,
                sessions.length === 0 ? 'no' : sessions.length === 1 ? (sessions[0] ?? '') : `${sessions.length} sessions`,
                project === '' ? '-' : shown(project),
              ]),
              fit(context.host),
            ),
          )
        return 0
      },
    }),
    rm: verb({
      description: 'Remove HOME volumes that no session uses',
      details: 'This deletes settings, logins and conversations of the agent.',
      front: PLANS,
      args: {
        homes: { type: 'positional', many: true, description: 'Volumes, or project folders (default: this directory)' },
        'dry-run': dryRun,
      },
      examples: [
        ['paude home rm ~/code/old-project', 'by the folder of the project'],
        ['paude home rm paude-home-claude-57cd0a70cbac52f7', 'by the name of the volume'],
      ],
      async run(context, given) {
        const all = await listHomes(context)
        const words = given.homes.length > 0 ? given.homes : [findWorkspace(context.host, { force: true }).root]
        const chosen = words.map((word) => {
          const fitting = all.filter(
            ({ volume, project }) => volume === word || (project !== '' && project === resolve(context.host.cwd, word)),
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
        for (const { backend, volume } of doomed) {
          const owner = backends[backend]
          const isDry = given['dry-run'] === true
          await carryOut(context, owner, { plan: owner.life.removeHomes({}, [volume]), dryRun: isDry })
          if (!isDry) context.answer(volume)
        }
        return 0
      },
    }),
  },
})

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
    const uses = [
      ...sessions.map(({ id, workspace, agent }) => ({ id, volume: homeVolume(workspace, agent) })),
      ...records.map(({ id, homeVolume: volume }) => ({ id, volume })),
    ]
    return volumes
      .filter(({ role }) => role === 'home')
      .map(({ reference, workspace }) => ({
        volume: reference,
        backend: backend.name,
        project: workspace,
        sessions: [...new Set(uses.filter(({ volume }) => volume === reference).map(({ id }) => id))],
      }))
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    context.warn(`${error.message}: paude cannot show its HOME volumes`)
    return []
  }
}
