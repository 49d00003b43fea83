import type { Context } from '../../context.ts'
import { clock } from '../../network/clock.ts'
import { type AuditEntry, readAudit } from '../../sinks/audit.ts'
import { firstOf, jsonLine, printable } from '../../text.ts'
import { latest, readSince, readTail, recent } from '../args.ts'
import { READS } from '../front-flags.ts'
import { fit, table, tilde } from '../streams/table.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Show who started which session, and who changed what it may reach',
  details:
    'Starts, ends, network changes and approvals on this machine, the oldest first. They are kept when the session is removed.',
  front: READS,
  examples: [
    ['paude audit --since 1d', 'of the last day'],
    ['paude audit fix-login', 'of one session, even if it was removed'],
    ['paude audit --json | jq -r \'select(.event == "allow") | .entries[]\'', 'every host that was allowed later, for scripts'],
  ],
  args: {
    session: { type: 'positional', description: 'Session (default: all)', offers: 'sessions' },
    ...recent,
    json: { type: 'boolean', description: 'Print one JSON object per line' },
  },
  run(context, given) {
    const [tail, since] = [readTail(given.tail), readSince(given.since)]
    const all = readAudit(context.host).filter((entry) => given.session === undefined || isOf(entry, given.session))
    const entries = latest(all, { tail, since }, ({ at }) => at)
    if (given.json) for (const entry of entries) context.answer(jsonLine(entry))
    else if (entries.length === 0) context.note('the audit log has no such entry')
    else context.answer(auditTable(context, entries))
    return 0
  },
})

const isOf = ({ session = '', name = '' }: AuditEntry, word: string): boolean =>
  session === word || name === word || (word !== '' && session.startsWith(`paude-${word}`))

const auditTable = ({ host }: Pick<Context, 'host'>, entries: readonly AuditEntry[]): string =>
  table(
    ['TIME', 'USER', 'EVENT', 'SESSION', 'WORKSPACE', 'WHAT'],
    entries.map((entry) => [
      clock(Date.parse(entry.at)),
      printable(entry.user),
      entry.event,
      printable(entry.name || entry.session || '-'),
      printable(entry.workspace === undefined ? '-' : tilde(entry.workspace, host.home)),
      printable(whatOf(entry)),
    ]),
    { ...fit(host), same: ['USER'], spare: ['USER', 'WORKSPACE'] },
  )

function whatOf({
  event,
  agent,
  backend,
  network,
  reach = [],
  entries = [],
  gained = [],
  lost = [],
  ...entry
}: AuditEntry): string {
  const place = `${agent ?? ''} on ${backend ?? 'this machine'}`
  switch (event) {
    case 'start':
    case 'continue':
      return `${place}, ${networkText(network, reach)}`
    case 'recreate':
      return [
        `${place}, ${networkText(network, reach)}`,
        ...(gained.length === 0 ? [] : [`gained ${firstOf(gained)}`]),
        ...(lost.length === 0 ? [] : [`lost ${firstOf(lost)}`]),
      ].join('; ')
    case 'host':
      return `${agent ?? ''} without a sandbox`
    case 'failed':
      return entry.reason ?? ''
    case 'allow':
    case 'deny':
    case 'unset':
      return `${firstOf(entries)}${entry.until === undefined ? '' : ` until ${clock(Date.parse(entry.until))}`}`
    case 'trust':
    case 'untrust':
      return [entry.file ?? '', ...(entry.keys === undefined ? [] : [firstOf(entry.keys)])].join(': ')
    case 'end':
      return `exit code ${entry.code ?? ''}`
    case 'stop':
    case 'remove':
      return '-'
  }
}

/** Places that a line names. */
const MOST_NAMED = 4

const networkText = (network = '', reach: readonly string[]): string =>
  reach.length === 0 ? `network ${network}` : `network ${network}: ${firstOf(reach, MOST_NAMED)}`
