import { literalPattern } from '../network/pattern.ts'
import { denied, every, type Facts, notApplicable, nothing, type Probe, type Verdict, type Want, when } from './probe.ts'

const denies = (id: string, claim: string, ...keys: readonly string[]): Probe => ({
  id,
  area: 'proxy',
  claim,
  judge: every(
    keys.map((key) => `box.${key}`),
    denied,
  ),
})
/** What needs the server beside the session, which some engines cannot reach. */
const witnessed =
  (judge: Probe['judge']) =>
  (facts: Facts, want: Want): Verdict =>
    facts['witness.reason'] ? notApplicable(facts['witness.reason']) : judge(facts, want)

export const proxyProbes: readonly Probe[] = [
  {
    id: 'P01',
    area: 'proxy',
    claim: 'The proxy answers with its help page (control)',
    judge: when('box.get.help', (value) => value === '200'),
  },
  {
    id: 'P02',
    area: 'proxy',
    claim: 'The agent reaches an allowed server on a port of this machine (control)',
    judge: witnessed(
      when(
        'box.get.allowed',
        (value, { token }) => value === token,
        (value) => (/^[0-9a-f]{16,}$/.test(value) ? 'its answer arrived' : value),
      ),
    ),
    inPod: { claim: 'The agent reaches an allowed server in another pod (control)' },
  },
  denies('P03', 'A host off the allowlist is refused over plain HTTP', 'get.unlisted'),
  denies('P04', 'A host off the allowlist is refused by CONNECT', 'connect.unlisted'),
  denies(
    'P05',
    'CONNECT to an IPv4 address is refused in every notation: dotted, decimal, hexadecimal, octal',
    'connect.dotted',
    'connect.decimal',
    'connect.hex',
    'connect.octal',
  ),
  denies(
    'P06',
    'CONNECT to an IPv6 address is refused, also to a mapped one',
    'connect.loopback6',
    'connect.mapped',
    'connect.literal6',
  ),
  {
    ...denies('P07', 'The address of this machine is refused even with the allowed port', 'connect.gateway'),
    inPod: { claim: 'The address of an allowed server is refused even with the allowed port' },
  },
  denies(
    'P08',
    'CONNECT to other ports of an allowed host is refused: 22, 25, 443, 8443',
    'connect.ssh',
    'connect.smtp',
    'connect.https',
    'connect.alternative',
  ),
  denies('P09', 'Plain HTTP to port 443 is refused', 'get.port443'),
  {
    ...denies('P10', 'An open port of this machine that is not allowed is refused', 'get.closed', 'connect.closed'),
    inPod: { claim: 'An open port of an allowed server that is not allowed is refused' },
  },
  denies('P11', 'A cloud metadata service is refused through the proxy', 'get.metadata', 'connect.metadata'),
  denies('P12', "The proxy's own loopback is refused as a target", 'get.self', 'connect.self', 'connect.localhost'),
  denies(
    'P13',
    'The cache manager is refused, by address, by path and by scheme',
    'get.manager',
    'get.manager.relative',
    'get.manager.scheme',
  ),
  denies('P14', 'TRACE and PURGE are refused', 'trace', 'purge'),
  denies('P15', 'The proxy does not fetch https:// URLs itself', 'get.https'),
  denies('P16', 'Other protocols through the proxy are refused (ftp)', 'get.ftp'),
  denies(
    'P17',
    'An allowed name as user, as Host header or with a dot does not allow another host',
    'get.userinfo',
    'get.header',
    'get.dot',
  ),
  {
    id: 'P18',
    area: 'proxy',
    claim: 'The upstream gets the allowed Host header, whatever the agent sends',
    judge: witnessed(
      when('witness.host', (value, { token, host }) => token !== '' && new RegExp(`^${literalPattern(host)}:\\d+$`).test(value)),
    ),
  },
  {
    id: 'P19',
    area: 'proxy',
    claim: 'A TLS tunnel to an allowed host passes (control)',
    judge: witnessed(
      when(
        'witness.tls.right',
        (value) => Number(value) > 0,
        (value) => `${value} TLS greetings arrived`,
      ),
    ),
  },
  {
    id: 'P20',
    area: 'proxy',
    claim: 'A tunnel with another host in its TLS greeting is cut before it arrives',
    judge: witnessed(
      when(
        'witness.tls.wrong',
        (value) => value === '0',
        (value) => `${value} arrived`,
      ),
    ),
  },
  {
    id: 'P21',
    area: 'proxy',
    claim: 'A tunnel without TLS is cut before it arrives',
    judge: witnessed(
      when(
        'witness.plain',
        (value) => value === '0',
        (value) => `${value} arrived`,
      ),
    ),
  },
  {
    id: 'P22',
    area: 'proxy',
    claim: 'The proxy does not reveal the sandbox to the upstream (Via, X-Forwarded-For)',
    judge: witnessed(when('witness.leaks', nothing)),
  },
]
