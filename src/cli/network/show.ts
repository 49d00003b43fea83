import { lookup } from 'node:dns/promises'
import type { Context } from '../../context.ts'
import { ASK_SECONDS, isAskable } from '../../network/ask.ts'
import { clock } from '../../network/clock.ts'
import { carriesPlain, decide, entryFor, pattern, plainEntry, readTarget, type Target } from '../../network/decide.ts'
import { findGroup, groups } from '../../network/groups.ts'
import { isBound } from '../../network/inject.ts'
import { NOT_TLS } from '../../network/log.ts'
import { HOST_NAME } from '../../network/names.ts'
import { verdictSentence } from '../../network/sentence.ts'
import { within } from '../../run/patience.ts'
import { findSession } from '../../session/life/find.ts'
import type { SessionRecord } from '../../session/record/record.ts'
import { printable } from '../../text.ts'
import { json as jsonFlag, revision, session } from '../args.ts'
import { LOOKS, READS } from '../front-flags.ts'
import { bold, green, red } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { policyHere } from './policy-here.ts'
import { readRequests } from './requests.ts'

export const showGroups = verb({
  description: 'List the groups of hosts, or the hosts of one',
  front: READS,
  args: { name: { type: 'positional', description: 'Group', offers: 'group-names' }, json: jsonFlag },
  examples: [['paude network groups github', 'its hosts, with the reason for each']],
  run(context, { name, json }) {
    const chosen = name === undefined ? groups() : [findGroup(name)]
    if (json) context.answer(JSON.stringify(name === undefined ? chosen : chosen[0], null, 2))
    else if (name === undefined)
      context.answer(
        table(
          ['GROUP', 'HOSTS', 'FOR'],
          groups().map((group) => [`@${group.name}`, String(group.hosts.length), group.what]),
          fit(context.host),
        ),
      )
    else
      for (const { name: found, what, hosts } of chosen) {
        const rows = table(
          ['HOST', 'WHY'],
          hosts.map(({ host, why }) => [host, why]),
          fit(context.host),
        )
        context.answer(`${bold(`@${found}`)}: ${what}\n${rows}`)
      }
    return 0
  },
})

export const showList = verb({
  description: 'List what a session can reach; without a session, what a start here can reach',
  front: LOOKS,
  args: { session, origin: { type: 'boolean', description: 'Show the origin of each entry' }, verbose: revision, json: jsonFlag },
  examples: [['paude network list --origin', 'with the origin of each entry']],
  async run(context, { session: word, json, origin, verbose }) {
    const { record, policy } = await policyHere(context, word)
    const entries = [
      ...policy.deny.map((one) => ({ ...one, verb: 'deny' as const, privateRange: '' })),
      ...policy.allow.map((one) => ({ ...one, verb: 'allow' as const })),
    ].map(({ verb, host, ports, privateRange, why, ...rest }) => ({ verb, host, ports, privateRange, ...rest, why }))
    if (json) {
      context.answer(
        JSON.stringify({ session: record?.id ?? null, mode: policy.mode, revision: policy.revision, entries }, null, 2),
      )
      return 0
    }
    context.note(`${MODES[policy.mode]}${verbose ? `; policy ${policy.revision || 'unknown'}` : ''}`)
    if (policy.injections.some(isBound))
      context.note(`also requests that credentials are meant for: paude credentials${record === null ? '' : ` ${record.id}`}`)
    const rows = entries.map(({ verb, privateRange, why, ...one }) => [
      verb === 'allow' ? green(verb) : red(verb),
      `${pattern(one, policy.ports)}${privateRange === '' ? '' : `@${privateRange}`}`,
      ...(origin ? [printable(why)] : []),
    ])
    if (rows.length > 0) context.answer(table(['', 'HOST', ...(origin ? ['BECAUSE'] : [])], rows, fit(context.host)))
    return 0
  },
})

const MODES = {
  restricted: 'restricted: only these',
  ask: 'ask: these; a request for any other host waits for your key in paude network watch',
  record: 'record: every public host, and these',
  open: 'open: every host except denied ones',
} as const

export const showWhy = verb({
  description: 'Show which entry decides about an address; exit code 0 for allowed, 1 for blocked',
  front: LOOKS,
  args: { url: { type: 'positional', description: 'Address', required: true }, session, json: jsonFlag },
  examples: [['paude network why https://example.org/x', 'the entry, and its origin']],
  async run(context, { url, session: word, json }) {
    const target = readTarget(url)
    const { record, policy } = await policyHere(context, word)
    const byName = decide(policy, target, null)
    // What is blocked by its name is looked up by nobody.
    const addresses = byName.decision === 'allowed' ? await addressesOf(target) : null
    const verdict = decide(policy, target, addresses)
    const tunnel = carriesPlain(policy, target) ? 'anything' : 'tls'
    const cut =
      verdict.decision === 'allowed' && tunnel === 'tls' && record !== null ? await lastCut(context, record, target) : null
    if (json)
      context.answer(
        JSON.stringify(
          { session: record?.id ?? null, revision: policy.revision, ...target, ...verdict, addresses, tunnel, cut },
          null,
          2,
        ),
      )
    else {
      const { decision, rule } = verdict
      const colour = decision === 'allowed' ? green : red
      context.answer(printable(verdictSentence(target, verdict)).replace(decision, colour))
      const scope = record === null ? ' --user' : ` --session ${record.id}`
      if (decision === 'blocked' && rule === 'not on the allowlist')
        context.note(
          `to allow it: paude network allow ${entryFor(target, policy.ports)}${scope}${policy.mode === 'ask' && isAskable(target.host) ? `; while paude network watch is open, a request for it waits up to ${ASK_SECONDS} s for your key` : ''}`,
        )
      const place = `${printable(target.host)}:${target.port}`
      const opening = `to allow it: paude network allow ${printable(plainEntry(target))}${scope}`
      if (cut !== null)
        context.note(`at ${clock(cut)} the proxy cut a tunnel (CONNECT) to ${place}, since it carried no TLS; ${opening}`)
      else if (decision === 'allowed' && tunnel === 'tls' && target.scheme === 'http' && target.port !== 80)
        context.note(`the proxy cuts a tunnel (CONNECT) with this request, since it carries no TLS; ${opening}`)
    }
    return verdict.decision === 'allowed' ? 0 : 1
  },
})

/** ISO time of the last tunnel to this place that was cut for want of TLS; null where the log has none, or cannot be read. */
async function lastCut(context: Context, { id }: SessionRecord, { host, port }: Target): Promise<string | null> {
  const requests = await findSession(context, id)
    .then((found) => readRequests({ ...context, note: () => undefined }, found))
    .catch(() => [])
  return requests.findLast((one) => one.rule === NOT_TLS && one.host === host && one.port === port)?.time ?? null
}

/** As this machine resolves it, which may differ from what the proxy is told; null where only the proxy knows. */
async function addressesOf({ host, scheme }: Target): Promise<readonly string[] | null> {
  if (host === HOST_NAME || (scheme === 'http' && host === 'paude.internal')) return null
  const found = await within(
    3000,
    lookup(host.replace(/^\[|\]$/g, ''), { all: true }).catch(() => []),
  )
  return (found ?? []).map(({ address }) => address)
}
