import { backendNames } from '../../backends/names.ts'
import { backends } from '../../backends/registry.ts'
import type { Security } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { listSessions } from '../../session/life/find.ts'
import { withNewExecutables } from '../../session/life/new-executables.ts'
import { readRecords } from '../../session/record/store.ts'
import { json, readTail } from '../args.ts'
import { only } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { type ActiveRow, withNews } from './activity.ts'
import { MARK, ordered, sessionTable } from './session-table.ts'

export default verb({
  description: 'List sessions on every usable engine',
  front: { takes: only('--watch', 'detach-keys', 'profile'), acts: '--watch' },
  examples: [
    ['paude sessions', `every session on ${backendNames.join(' and ')}`],
    ['paude sessions -q', 'ids alone: paude stop $(paude sessions -q)'],
    ["paude sessions --json | jq -r '.[].id'", 'their ids, for scripts'],
  ],
  args: {
    json,
    all: { type: 'boolean', letter: 'a', description: 'No effect: ended sessions are always listed' },
    quiet: { type: 'boolean', letter: 'q', description: 'Only their ids' },
    limit: { type: 'string', letter: 'n', valueHint: 'NUMBER', description: 'Only so many, the newest' },
    watch: { type: 'boolean', description: 'Go on showing them; on a terminal, keys attach, stop and answer' },
  },
  async run(context, { json, watch, quiet, ...given }) {
    const limit = readTail(given.limit, '--limit')
    if (quiet && json)
      throw new PaudeError('usage', '--quiet and --json contradict each other', { hint: 'leave one of them out' })
    if (watch && (quiet || limit !== undefined))
      throw new PaudeError('usage', `--watch and ${quiet ? '--quiet' : '--limit'} contradict each other`, {
        hint: 'leave one of them out',
      })
    if (watch) {
      const { watchSessions } = await import('./watch.ts')
      return await watchSessions(context, { json: json === true })
    }
    const { sessions, failures } = await listSessions(context)
    for (const { error } of failures) context.warn(`${error.message}: its sessions are not shown`)
    const rows = await withNews(context.host, withNewExecutables(context.host, sessions.slice(0, limit)))
    if (json) context.answer(JSON.stringify(await withRecord(context, rows), null, 2))
    else if (quiet) context.answer(rows.map(({ id }) => `${id}\n`).join(''))
    else if (rows.length === 0) context.note('no sessions; paude starts one here')
    else context.answer(sessionTable(context.host, ordered(context.host, rows)))
    if (!json && !quiet && rows.some(({ planted }) => planted.length > 0))
      context.note(`${MARK} marks sessions that made or changed what this machine may run: paude sessions --json names it`)
    return failures.length > 0 && failures.length === Object.keys(backends).length ? 1 : 0
  },
})

/** With the revision of the policy that holds now, '' where none is known, and what of the hardening holds, null where nobody can tell. */
async function withRecord(
  { host }: Context,
  rows: readonly ActiveRow[],
): Promise<readonly (ActiveRow & { readonly revision: string; readonly security: Security | null })[]> {
  // Policies are of no concern to the table, and cost its start some milliseconds.
  const { policyNow } = await import('../../session/resolve/policy.ts')
  const records = new Map(readRecords(host).map((record) => [record.id, record]))
  return rows.map((row) => {
    const record = records.get(row.id)
    return {
      ...row,
      revision: record === undefined || record.network === 'none' ? '' : policyNow(record, Date.now() / 1000).revision,
      security: record?.security ?? null,
    }
  })
}
