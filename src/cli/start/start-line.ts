import { providerOf } from '../../config/keys/provider.ts'
import { keysTitle } from '../../hold/keys.ts'
import { groupEntry } from '../../network/groups.ts'
import { ofProviders } from '../../network/reach.ts'
import type { Prepared } from '../../session/life/prepare.ts'
import { printable } from '../../text.ts'

type Started = Pick<Prepared, 'backend' | 'config' | 'record' | 'run' | 'spec'>

/** What holds in a session, in one line before its screen: where it runs, what it may reach, and how to leave it. */
export const startLine = (started: Started): string =>
  [`sandbox on ${started.backend.name}`, cloneText(started), networkText(started), credentialsText(started), leaveText(started)]
    .filter((part) => part !== '')
    .join(' · ')

const cloneText = ({ record }: Started): string =>
  record.worktree !== undefined
    ? `worktree on ${record.worktree.branch}`
    : record.clone !== undefined
      ? `clone on ${record.clone.branch}`
      : record.volume === undefined
        ? ''
        : 'an empty folder'

function networkText({ config: { settings }, run, spec }: Started): string {
  switch (spec.network.mode) {
    case 'none':
      return 'no network'
    case 'open':
      return 'network: open'
    case 'record':
      return 'network: every public host, recorded'
    case 'ask':
    case 'restricted': {
      const [first] = ofProviders(spec.network.policy.injections)
      const provider = run.kind === 'agent' ? providerOf(settings) : null
      const host = first?.host ?? hostOf(settings.baseUrl || (provider?.address.usual ?? ''))
      const usual = provider !== null && hostOf(provider.address.usual) === host
      const model = usual ? [provider.title] : provider === null && first === undefined ? [] : [host]
      const asks = spec.network.mode === 'ask' ? '; others wait for your key in paude network watch' : ''
      return `network: ${entriesText([...model, ...settings.networkGroups.map(groupEntry), ...settings.networkAllow])}${asks}`
    }
  }
}

/** '' for what is no address. */
const hostOf = (address: string): string => URL.parse(address)?.hostname ?? ''

/** The names of those for hosts of the user's choice. */
function credentialsText({ record: { credentials } }: Started): string {
  const names = new Set(credentials.flatMap(({ bound }) => (bound === undefined ? [] : [printable(bound.name)])))
  return names.size === 0 ? '' : `credentials: ${[...names].join(', ')}`
}

/** The line stands above a screen, so it names a few entries and counts the rest. */
const MOST_NAMED = 3

function entriesText(entries: readonly string[]): string {
  const named = entries.slice(0, entries.length > MOST_NAMED + 1 ? MOST_NAMED : entries.length).map(printable)
  if (named.length < entries.length) return `${named.join(', ')} and ${entries.length - named.length} more entries`
  return named.length === 1 ? `${named[0]} only` : named.join(', ') || 'nothing'
}

const leaveText = ({ config: { settings }, spec }: Started): string =>
  spec.terminal && settings.detachKeys !== 'none' ? `${keysTitle(settings.detachKeys)} detaches` : ''
