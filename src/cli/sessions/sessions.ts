import { backendNames } from '../../backends/names.ts'
import { backends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import { isUp } from '../../box/handle.ts'
import type { Security } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { listSessions } from '../../session/life/find.ts'
import { withNewExecutables } from '../../session/life/new-executables.ts'
import { modeOf, type SessionRecord } from '../../session/record/record.ts'
import { readRecords } from '../../session/record/store.ts'
import { json, readTail } from '../args.ts'
import { only } from '../front-flags.ts'
import { answerLines } from '../streams/output.ts'
import { verb } from '../verb.ts'
import { type ActiveRow, withNews } from './activity.ts'
import { MARK, ordered, sessionTable } from './session-table.ts'

export default verb({
  description: 'List sessions on every usable engine',
  front: { takes: only('--watch', 'detach-keys', 'profile'), acts: '--watch' },
  examples: [
    ['paude sessions', `every session on ${backendNames.join(' and ')}`],
    ['paude sessions -q --running', 'only ids: paude stop $(paude sessions -q --running)'],
    ["paude sessions --json | jq -r '.[].id'", 'their ids, for scripts'],
  ],
  args: {
    json,
    all: { type: 'boolean', letter: 'a', description: 'No effect: the list always has ended sessions' },
    running: { type: 'boolean', description: 'Show only sessions that run' },
    quiet: { type: 'boolean', letter: 'q', description: 'Print only ids' },
    limit: { type: 'string', letter: 'n', valueHint: 'NUMBER', description: 'Show only the newest N' },
    watch: { type: 'boolean', description: 'Keep the list up to date; on a terminal, keys attach, stop and reply' },
  },
  async run(context, { json, watch, quiet, ...given }) {
    const limit = readTail(given.limit, '--limit')
    if (quiet && json) throw new PaudeError('usage', '--quiet and --json cannot be combined', { hint: 'leave one of them out' })
    const narrowing = quiet ? '--quiet' : limit !== undefined ? '--limit' : given.running ? '--running' : ''
    if (watch && narrowing !== '')
      throw new PaudeError('usage', `--watch and ${narrowing} cannot be combined`, {
        hint: 'leave one of them out',
      })
    if (watch) {
      const { watchSessions } = await import('./watch.ts')
      return await watchSessions(context, { json: json === true })
    }
    const { sessions, failures } = await listSessions(context)
    for (const { error } of failures) context.warn(lacking(error, 'paude cannot show its sessions'))
    const wanted = sessions.filter((session) => !given.running || isUp(session)).slice(0, limit)
    const rows = await withNews(context.host, withNewExecutables(context.host, wanted))
    if (json) context.answer(JSON.stringify(await withRecord(context, rows), null, 2))
    else if (quiet)
      answerLines(
        context,
        rows.map(({ id }) => id),
      )
    else if (rows.length === 0) context.note(given.running ? 'no session is running' : 'no sessions; to start one here: paude')
    else context.answer(sessionTable(context.host, ordered(context.host, rows)))
    if (!json && !quiet)
      for (const { id, name, kind, alarm } of rows)
        if (kind === 'review') context.warn(`${name || id} is paused: ${alarm}; paude review ${name || id}`)
    if (!json && !quiet && rows.some(({ planted, alarm }) => planted.length > 0 || alarm !== ''))
      context.note(`${MARK} marks sessions that changed files which this machine may run; to see them: paude review SESSION`)
    return failures.length > 0 && failures.length === Object.keys(backends).length ? 1 : 0
  },
})

/** With the revision of the policy that holds now, '' where none is known, and what of the hardening holds, null where nobody can tell. */
async function withRecord(
  { host }: Context,
  rows: readonly ActiveRow[],
): Promise<
  readonly (ActiveRow & {
    readonly revision: string
    readonly security: Security | null
    readonly workspaceMode: ReturnType<typeof modeOf> | null
    /** Folders of the project in whose place it has volumes. */
    readonly overlays: SessionRecord['overlays']
    /** Further repositories that it has. */
    readonly repos: readonly { readonly root: string; readonly readOnly: boolean }[]
  })[]
> {
  // Policies are of no concern to the table, and cost its start some milliseconds.
  const { policyNow } = await import('../../session/resolve/policy.ts')
  const records = new Map(readRecords(host).map((record) => [record.id, record]))
  return rows.map((row) => {
    const record = records.get(row.id)
    return {
      ...row,
      revision: record === undefined || record.network === 'none' ? '' : policyNow(record, Date.now() / 1000).revision,
      security: record?.security ?? null,
      workspaceMode: record === undefined ? null : modeOf(record),
      overlays: record?.overlays ?? [],
      repos: (record?.repos ?? []).map(({ root, readOnly }) => ({ root, readOnly })),
    }
  })
}
