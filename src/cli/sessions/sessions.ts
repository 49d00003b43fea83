import { backendNames } from '../../backends/names.ts'
import { backends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import { isUp } from '../../box/handle.ts'
import type { Security } from '../../box/spec.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { beginList, isOf, listSessions, usageOf, withMemoryEnds } from '../../session/life/find.ts'
import { modeOf, type SessionRecord } from '../../session/record/record.ts'
import { readRecords } from '../../session/record/store.ts'
import { printable } from '../../text.ts'
import { json, readTail } from '../args.ts'
import { only } from '../front-flags.ts'
import { answerLines } from '../streams/output.ts'
import { verb } from '../verb.ts'
import type { ActiveRow } from './activity.ts'
import type { Used } from './session-table.ts'

export default verb({
  description: 'List sessions on every usable engine',
  front: { takes: only('--watch', 'detach-keys', 'profile'), acts: '--watch' },
  examples: [
    ['paude sessions', `every session on ${backendNames.join(' and ')}`],
    ['paude sessions --stats', 'with the CPU and memory that each uses'],
    ['paude sessions --here', "those of this directory's project"],
    ['paude sessions -q --running', 'only ids, of yours alone: paude stop $(paude sessions -q --running)'],
    ["paude sessions --json | jq -r '.[] | select(.own) | .id'", 'ids of yours, for scripts'],
  ],
  args: {
    json,
    all: {
      type: 'boolean',
      letter: 'a',
      description: 'Ask every engine, also one that had no session within the hour; ended sessions are always listed',
    },
    here: { type: 'boolean', description: "Show only sessions of this directory's project" },
    running: { type: 'boolean', description: 'Show only sessions that run' },
    quiet: { type: 'boolean', letter: 'q', description: 'Print only ids, and only of sessions that have a record here: yours' },
    stats: { type: 'boolean', description: 'Also show what each running session uses: CPU, memory and processes' },
    limit: { type: 'string', letter: 'n', valueHint: 'NUMBER', description: 'Show only the newest N' },
    watch: { type: 'boolean', description: 'Keep the list up to date; on a terminal, keys attach, stop and reply' },
  },
  async run(context, { json, watch, quiet, stats, ...given }) {
    const limit = readTail(given.limit, '--limit')
    if (quiet && json) throw new PaudeError('usage', '--quiet and --json cannot be combined', { hint: 'leave one of them out' })
    if (quiet && stats) throw new PaudeError('usage', '--quiet and --stats cannot be combined', { hint: 'leave one of them out' })
    const narrowing = stats
      ? '--stats'
      : quiet
        ? '--quiet'
        : limit !== undefined
          ? '--limit'
          : given.running
            ? '--running'
            : given.here
              ? '--here'
              : ''
    if (watch && narrowing !== '')
      throw new PaudeError('usage', `--watch and ${narrowing} cannot be combined`, {
        hint: 'leave one of them out',
      })
    if (watch) {
      const { watchSessions } = await import('./watch.ts')
      return await watchSessions(context, { json: json === true })
    }
    const { list } = given.all ? { list: listSessions(context) } : await beginList(context)
    // Loaded while the engines answer.
    const [{ withNewExecutables }, { withNews }, { MARK, OTHERS, ordered, sessionTable }] = await Promise.all([
      import('../../session/life/new-executables.ts'),
      import('./activity.ts'),
      import('./session-table.ts'),
    ])
    const { sessions, failures } = await list
    for (const { error } of failures) context.warn(lacking(error, 'paude cannot show its sessions'))
    const narrowed = given.here ? hereOf(context.host) : quiet ? ownOf(context.host) : null
    const wanted = sessions
      .filter((session) => (!given.running || isUp(session)) && (narrowed === null || narrowed.has(session.id)))
      .slice(0, limit)
    const told = await withMemoryEnds(context, wanted)
    const news = await withNews(context.host, withNewExecutables(context.host, told))
    const rows = stats ? await withUsage(context, news) : news
    if (json) context.answer(JSON.stringify(await withRecord(context, rows), null, 2))
    else if (quiet)
      answerLines(
        context,
        rows.map(({ id }) => id),
      )
    else if (rows.length === 0) context.note(noneWords(given))
    else context.answer(sessionTable(context.host, ordered(context.host, rows)))
    if (!json && !quiet)
      for (const { id, name, kind, alarm } of rows)
        if (kind === 'review') context.warn(`${name || id} is paused: ${alarm}; paude review ${name || id}`)
    if (!json && !quiet && rows.some(({ planted, alarm }) => planted.length > 0 || alarm !== ''))
      context.note(`${MARK} marks sessions that changed files which this machine may run; to see them: paude review SESSION`)
    // A reader of a pipe has the mark itself.
    if (!json && !quiet && context.host.terminal.stderr && rows.some(({ own }) => !own))
      context.note(`sessions marked ${OTHERS} have no record on this account, so they are most likely another user's`)
    return sessions.length === 0 && new Set(failures.map(({ backend }) => backend)).size === Object.keys(backends).length ? 1 : 0
  },
})

/** Ids of yours: an engine that several users share has those of others as well, of which this state folder has no record. */
const ownOf = (host: Host): ReadonlySet<string> => new Set(readRecords(host).map(({ id }) => id))

const hereOf = (host: Host): ReadonlySet<string> =>
  new Set(
    readRecords(host)
      .filter((record) => isOf(host.cwd, record))
      .map(({ id }) => id),
  )

function noneWords({ here, running }: { readonly here?: boolean | undefined; readonly running?: boolean | undefined }): string {
  if (here) return `no session of this directory${running ? ' is running' : ''}; list all: paude sessions`
  return running ? 'no session is running' : 'no sessions; to start one here: paude'
}

/** With what each uses now; null where nobody can tell. An engine takes more than a second to measure it, so only who asks waits for that. */
async function withUsage(
  context: Context,
  rows: readonly ActiveRow[],
): Promise<readonly (ActiveRow & { readonly usage: Used | null })[]> {
  const { usage, failures } = await usageOf(context, rows)
  for (const failure of failures) context.warn(printable(failure))
  const limits = new Map(readRecords(context.host).map(({ id, limits: one }) => [id, one?.memory ?? 0]))
  return rows.map((row) => {
    const used = usage.get(row.id)
    if (used === undefined) return { ...row, usage: null }
    const { cpus, memory, processes } = used
    return { ...row, usage: { cpus, memory, memoryLimit: limits.get(row.id) ?? 0, processes } }
  })
}

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
    /** Of its box; null where nobody can tell. */
    readonly image: string | null
    readonly limits: SessionRecord['limits'] | null
    /** Places of this machine that it sees. */
    readonly mounts: SessionRecord['mounts']
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
      image: record?.image ?? null,
      limits: record?.limits ?? null,
      mounts: record?.mounts ?? [],
      repos: (record?.repos ?? []).map(({ root, readOnly }) => ({ root, readOnly })),
    }
  })
}
