import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { clock } from '../../network/clock.ts'
import { renderPlan } from '../../plan/render.ts'
import { findSession, listSessions, type Row } from '../../session/life/find.ts'
import { removePlan } from '../../session/life/plans.ts'
import { removeSession } from '../../session/life/removal.ts'
import { backendOf } from '../../session/record/engines.ts'
import { forgetPast, type Past, pastSessions } from '../../session/record/past.ts'
import { lastSignOf, startOf } from '../../session/record/started.ts'
import { readRecords, sessionFolder } from '../../session/record/store.ts'
import { printable, shown } from '../../text.ts'
import { dryRun, readSince } from '../args.ts'
import { PLANS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { confirmRemoval } from './confirm-removal.ts'
import { homeGoes, noteHomeGone } from './home-goes.ts'
import { ago } from './session-table.ts'

export default verb({
  description: 'Remove every session that has ended',
  details: 'Running sessions, projects and HOME volumes stay. On a terminal it asks first.',
  front: PLANS,
  examples: [
    ['paude prune', 'show the sessions to remove, and ask'],
    ['paude prune --force', 'without a question, for scripts'],
    ['paude prune --older-than 7d', 'only sessions that did nothing for a week'],
    ['paude prune --records', 'also the records of removed sessions (--last)'],
  ],
  args: {
    force: { type: 'boolean', letter: 'f', description: 'Do not ask' },
    'older-than': {
      type: 'string',
      valueHint: 'TIME',
      description: 'Only sessions that did nothing for this long, and records this old: 12h, 7d, or a time like 2026-01-31T09:00',
    },
    records: { type: 'boolean', description: 'Also remove the records of removed sessions: logs, events, network logs' },
    'dry-run': dryRun,
  },
  async run(context, given) {
    const { sessions, failures } = await listSessions(context)
    for (const { error } of failures) context.warn(`${error.message}: paude removed none of its sessions`)
    // Those of this state folder: an engine may have sessions of others as well.
    const own = new Set(readRecords(context.host).map(({ id }) => id))
    const before = readSince(given['older-than'], Date.now(), '--older-than')
    const isOld = (time: string) => before === '' || time < before
    const ended = sessions.filter(
      (row) => row.status === 'exited' && own.has(row.id) && isOld(lastSignOf(sessionFolder(context.host, row.id), row)),
    )
    const past = given.records ? pastSessions(context.host).filter((one) => isOld(one.ended)) : []
    if (ended.length + past.length === 0) {
      context.note(`nothing to remove: no session has ended${before === '' ? '' : ` and did nothing since ${clock(before)}`}`)
      return 0
    }
    if (given['dry-run']) {
      for (const row of ended) {
        const found = await findSession(context, row.id)
        context.answer(renderPlan(removePlan(backendOf(row), found.handle, { home: await homeGoes(context, found) })))
      }
      for (const { folder } of past) context.answer(`rm -rf ${folder}`)
      return 0
    }
    const lines = [...ended.map((row) => endedLine(context, row)), ...past.map(pastLine)]
    if (!given.force && !confirmRemoval(context, lines, 'paude prune --force')) return 1
    let worst = 0
    for (const { id } of ended)
      try {
        const found = await findSession(context, id)
        const home = await homeGoes(context, found)
        await removeSession(context, found, { force: false, home })
        if (home) noteHomeGone(context, found.handle.homeVolume)
      } catch (error) {
        if (!(error instanceof PaudeError) || error.code === 'interrupted') throw error
        context.warn(`${id}: ${error.message}`)
        worst = 1
      }
    // With those that have just been added.
    const added = new Set(ended.map(({ id }) => id))
    for (const one of given.records ? pastSessions(context.host) : [])
      if (isOld(one.ended) || added.has(one.record.id)) forgetPast(one)
    return worst
  },
})

const endedLine = ({ host }: Context, { id, name, exitCode, created, workspace }: Row): string =>
  `  ${id}${name === '' ? '' : ` (${printable(name)})`}  exited ${exitCode ?? ''}, started ${ago(startOf(sessionFolder(host, id), { created }))}  ${shown(workspace)}`

const pastLine = ({ record: { id, workspace }, ended }: Past): string =>
  `  ${id}  record of a session that ended ${ago(ended)}  ${shown(workspace)}`
