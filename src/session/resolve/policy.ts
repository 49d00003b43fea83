import type { Network } from '../../box/spec.ts'
import { keyOf } from '../../config/keys/all.ts'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import { refuseProviderLogin } from '../../config/keys/variable-name.ts'
import type { Credential } from '../../credentials/credential.ts'
import { readSecret } from '../../credentials/reference.ts'
import type { Host } from '../../host.ts'
import type { Injection, Policy } from '../../network/allow.ts'
import { applied, stagesOf } from '../../network/changes.ts'
import type { Allow } from '../../network/entry.ts'
import { groupEntry, parseDenyEntry, parseEntry } from '../../network/groups.ts'
import type { Known } from '../../network/log.ts'
import { mergeAllows, mergeDenies, readPorts, USUAL_PORTS } from '../../network/pattern.ts'
import { revisionOf } from '../../network/revision.ts'
import { DIRECT, readWays, type Ways } from '../../network/ways.ts'
import { type Secret, secret } from '../../secret.ts'
import type { SessionRecord } from '../record/record.ts'

/** The policy of a start: what the agent needs and what the layers of the configuration say, each entry with its reason. */
export function startPolicy(
  { settings, origins }: Config,
  {
    session,
    needed,
    injections,
  }: { readonly session: string; readonly needed: readonly Allow[]; readonly injections: readonly Injection[] },
): Policy {
  const read = <T>(key: 'networkAllow' | 'networkDeny' | 'networkGroups', parse: (entry: string, why: string) => readonly T[]) =>
    settings[key].flatMap((entry, at) => {
      const origin = origins[key][at]
      const why = `requested by ${origin?.place || origin?.layer || 'default'}`
      return asSaid(keyOf(key), origin, () => parse(entry, why))
    })
  const ports = asSaid(keyOf('networkPorts'), origins.networkPorts[0], () => readPorts(settings.networkPorts))
  const allow = read('networkAllow', (entry, why) => parseEntry(entry, why, ports))
  const groups = read('networkGroups', (name, why) => parseEntry(groupEntry(name), why))
  const deny = read('networkDeny', parseDenyEntry)
  return {
    session,
    mode: settings.network === 'none' ? 'restricted' : settings.network,
    allow: mergeAllows([...needed, ...allow, ...groups]),
    deny: mergeDenies(deny),
    ports,
    ways: asSaid('network', (settings.upstreamCredentials === '' ? origins.upstreamExcept : origins.upstreamCredentials)[0], () =>
      readWays(settings),
    ),
    injections,
  }
}

/** The policy as session.json keeps it: what is said later is laid over it. */
export function policyRecord(
  network: Network,
): Pick<SessionRecord, 'allow' | 'deny' | 'ports' | 'injections' | 'ways' | 'revision' | 'changes' | 'settled'> {
  if (network.mode === 'none')
    return {
      ...{ allow: [], deny: [], ports: [...USUAL_PORTS], injections: [], ways: waysRecord(DIRECT) },
      ...{ revision: '', changes: [], settled: true },
    }
  const { allow, deny, ports, injections, ways } = network.policy
  return {
    allow: allow.map((one) => ({ ...one, ports: [...one.ports] })),
    deny: deny.map((one) => ({ ...one, ports: [...one.ports] })),
    ports: [...ports],
    injections: injections.map((one) => ({ ...one })),
    ways: waysRecord(ways),
    revision: revisionOf(network.policy),
    changes: [],
    settled: true,
  }
}

const waysRecord = ({ upstream, dns, ip, bandwidth }: Ways): SessionRecord['ways'] => ({
  upstream: upstream === null ? null : { ...upstream, except: [...upstream.except] },
  dns: [...dns],
  ip,
  bandwidth,
})

/** What the proxy is told on its stdin, a line each: the credentials in the order of their injections, an empty line for none, and the login of an upstream proxy. */
export function proxySecret(
  host: Pick<Host, 'env' | 'home' | 'uid'>,
  { credentials, ways: { upstream } }: { readonly credentials: readonly Pick<Credential, 'value'>[]; readonly ways: Ways },
): Secret | null {
  const values = credentials.map(({ value }) => value.reveal()).join('\n')
  if (upstream === null || upstream.credentials === '') return values === '' ? null : secret(values)
  refuseProviderLogin(upstream.credentials)
  const login = readSecret(upstream.credentials, host, 'network.upstream_credentials').reveal()
  const [name = '', ...rest] = login.split(':')
  const encoded = `${encodeURIComponent(name)}:${encodeURIComponent(rest.join(':'))}`
  return secret(`${values}\n${encoded}\n`)
}

/** The policy a session was started with. */
export const policyOf = ({ id, network, allow, deny, ports, injections, ways }: SessionRecord): Policy => ({
  session: id,
  // Where there is no network, nothing is allowed.
  mode: network === 'none' ? 'restricted' : network,
  allow,
  deny,
  ports,
  injections,
  ways,
})

/** The policy that holds now, with what was said since the start; its revision is '' where none is known. */
export function policyNow(record: SessionRecord, now: number): Policy & Pick<Known, 'revision' | 'held'> {
  const base = policyOf(record)
  const policy = applied(base, record.changes, now)
  return {
    ...policy,
    revision: record.revision === '' || !record.settled ? '' : revisionOf(policy),
    held: policiesHeld(base, [record.changes, ...(record.earlier ?? [])]),
  }
}

/** Finds the policy that a request was decided by. All that held are laid out at the first question: few ask one. */
function policiesHeld(base: Policy, changes: readonly SessionRecord['changes'][]): (revision: string) => Policy | null {
  let known: ReadonlyMap<string, Policy> | null = null
  return (revision) => {
    known ??= new Map([[], ...changes].flatMap((one) => stagesOf(base, one, 0)).map(({ policy }) => [revisionOf(policy), policy]))
    return known.get(revision) ?? null
  }
}
