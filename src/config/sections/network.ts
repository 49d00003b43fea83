import { REFERENCE } from '../../credentials/schema.ts'
import { oneWord, row, takenBy, text, texts } from '../../key.ts'
import { findGroup, parseDenyEntry, requireEntry } from '../../network/groups.ts'
import { heldEntry, parseExcept, readUsualPort } from '../../network/pattern.ts'
import { heldAddress, readBandwidth, readNameServer, readUpstream } from '../../network/ways.ts'
import { refuseProviderLogin } from '../keys/variable-name.ts'

const NO_PORT = 'must be 1 to 65535'

/** `[network]`: the wall, and how the proxy itself gets out. Who chooses that or the name server sees what is asked for. */
export const network = {
  network: oneWord(['restricted', 'ask', 'open', 'none', 'record'], {
    key: 'network.mode',
    meaning:
      'restricted: only the allowlist; ask: a request for any other host waits 60 s for your key; none: no network; open: no wall. Record mode is for one start and cannot be set in a file',
    initial: 'restricted',
    schema: (v) => v.picklist(['restricted', 'ask', 'open', 'none']),
    rule: { order: ['none', 'restricted', 'ask', 'record', 'open'] },
    onHost: true,
    withoutBox: 'closes',
    flags: [
      {
        name: 'network',
        rank: 40,
        valueHint: 'MODE',
        description:
          'restricted: only the allowlist (default); ask: any other host waits for your key; record: every public host, recorded; open: no wall; none: no network',
      },
    ],
  }),
  networkAllow: row({
    key: 'network.allow',
    meaning: 'Hosts to allow: example.org, *.example.org, example.org:8443, name@10.0.0.0/8, or a group like @github',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    read: requireEntry,
    held: heldEntry,
    flags: [
      {
        name: 'network-allow',
        rank: 40,
        commas: true,
        valueHint: 'HOST',
        description: 'Allow a host: example.org, *.example.org, example.org:8443, host.paude.internal:3000, or a group: @github',
      },
    ],
  }),
  /** Wins over every allow. */
  networkDeny: row({
    key: 'network.deny',
    meaning: 'Hosts to deny; a denial wins over every entry that allows the host',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'closes',
    withoutBox: 'closes',
    read: (entry) => parseDenyEntry(entry, ''),
    held: heldEntry,
    flags: [
      {
        name: 'network-deny',
        rank: 40,
        commas: true,
        valueHint: 'HOST',
        description: 'Deny a host, even if something allows it: example.org, *.example.org, example.org:8443',
      },
    ],
  }),
  /** With or without `@`. */
  networkGroups: row({
    key: 'network.groups',
    meaning: 'Groups of hosts to allow, each for one tool (paude network groups)',
    initial: [] as readonly string[],
    schema: (v) =>
      v.array(
        v.pipe(
          v.string(),
          v.check((name) => /^@?[a-z][a-z0-9-]*$/.test(name), 'must be the name of a group, like "@github"'),
        ),
      ),
    rule: 'adds',
    read: findGroup,
    flags: [
      {
        name: 'network-group',
        rank: 40,
        commas: true,
        valueHint: 'NAME',
        description: 'Allow the hosts that a tool needs: github, npm, pypi, … (paude network groups)',
      },
    ],
  }),
  /** Of the hosts that are allowed without one; empty for 80 and 443. */
  networkPorts: row({
    key: 'network.ports',
    meaning: 'Ports of allowed hosts without a port of their own, instead of 80 and 443',
    initial: [] as readonly string[],
    schema: (v) =>
      v.pipe(
        v.array(v.pipe(v.number(), v.integer(NO_PORT), v.minValue(1, NO_PORT), v.maxValue(65_535, NO_PORT), v.transform(String))),
        v.minLength(1, 'must name at least one port'),
      ),
    rule: 'adds',
    withoutBox: 'closes',
    read: readUsualPort,
    flags: [
      {
        name: 'network-port',
        rank: 40,
        commas: true,
        valueHint: 'N',
        description: 'Port of allowed hosts without a port of their own, instead of 80 and 443',
      },
    ],
  }),
  upstreamProxy: row({
    key: 'network.upstream_proxy',
    meaning: 'Proxy for all traffic: http://HOST:PORT or https://HOST:PORT',
    initial: '',
    schema: text,
    rule: 'differs',
    withoutBox: 'closes',
    read: readUpstream,
    held: heldAddress,
  }),
  upstreamCredentials: row({
    key: 'network.upstream_credentials',
    meaning: 'Where NAME:PASSWORD of that proxy is: env:NAME or file:PATH',
    initial: '',
    schema: (v) => v.pipe(text(v), v.regex(REFERENCE, 'must say where NAME:PASSWORD is: "env:NAME" or "file:/path"')),
    rule: 'differs',
    withoutBox: 'closes',
    read: refuseProviderLogin,
  }),
  upstreamExcept: row({
    key: 'network.upstream_except',
    meaning: 'Hosts to reach without that proxy; .example.org includes every host below it',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    read: parseExcept,
    held: (entry) => heldEntry(entry.replace(/^\./, '*.')).replace(/^\*\./, entry.startsWith('.') ? '.' : '*.'),
  }),
  dns: row({
    key: 'network.dns',
    meaning: "Addresses of name servers, instead of the engine's",
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    withoutBox: 'closes',
    read: readNameServer,
  }),
  ip: oneWord(['any', 'ipv4'], {
    key: 'network.ip',
    meaning: 'any: IPv4 or IPv6, the first answer wins; ipv4: IPv4 only',
    initial: 'any',
    rule: 'differs',
    withoutBox: 'closes',
  }),
  bandwidth: row({
    key: 'network.bandwidth',
    meaning: 'Limit of incoming bytes per second, like 500k or 5m, or none for no limit',
    initial: '',
    schema: (v) => v.pipe(text(v), v.check(takenBy(readBandwidth), 'must be bytes per second like "500k" or "5m", or "none"')),
    rule: { limit: readBandwidth },
    withoutBox: 'closes',
  }),
  /** How the proxy gets at the request it puts the credential in. */
  inject: oneWord(['bump', 'base-url'], {
    key: 'network.inject',
    meaning: 'How the proxy adds the credential: bump inside the TLS tunnel, base-url at an address of the sandbox',
    initial: 'bump',
    rule: 'differs',
    flags: [
      {
        name: 'inject',
        rank: 45,
        valueHint: 'WAY',
        description:
          "How the proxy adds the credential: inside the TLS tunnel (default), or at a base URL on the sandbox's loopback",
      },
    ],
  }),
}
