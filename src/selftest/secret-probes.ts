import { API_KEY } from '../credentials/providers.ts'
import { broken, every, type Facts, held, notApplicable, nothing, type Probe, type Verdict, type Want, when } from './probe.ts'

const witnessed =
  (judge: Probe['judge']) =>
  (facts: Facts, want: Want): Verdict =>
    facts['witness.reason'] ? notApplicable(facts['witness.reason']) : judge(facts, want)

/** The session is given a made-up credential; these look for it everywhere. */
export const secretProbes: readonly Probe[] = [
  {
    id: 'S01',
    area: 'secrets',
    claim: 'The sandbox holds a placeholder instead of the credential',
    judge: when('box.variable', (value, { placeholder }) => placeholder !== '' && value === placeholder),
  },
  {
    id: 'S02',
    area: 'secrets',
    claim: 'The credential is in no environment in the sandbox',
    judge: searched('box.secret.environments'),
  },
  {
    id: 'S03',
    area: 'secrets',
    claim: 'The credential is in no command line in the sandbox',
    judge: searched('box.secret.words'),
  },
  { id: 'S04', area: 'secrets', claim: 'The credential is in no file that the sandbox can read', judge: filesSearched },
  {
    id: 'S05',
    area: 'secrets',
    claim: 'The credential is not in the folder shared with the proxy',
    judge: when('box.secret.link', nothing),
  },
  {
    id: 'S06',
    area: 'secrets',
    claim: 'The credential is not in what the engine shows of sandbox, proxy and HOME (inspect, labels)',
    judge: absent('outside.secret.inspect'),
  },
  { id: 'S07', area: 'secrets', claim: "The credential is not in the engine's logs", judge: absent('outside.secret.logs') },
  {
    id: 'S08',
    area: 'secrets',
    claim: "The credential is not in the session's folder on this machine",
    judge: absent('outside.secret.folder'),
  },
  {
    id: 'S09',
    area: 'secrets',
    claim: 'The credential is in no command line on this machine',
    judge: absent('outside.secret.words'),
  },
  {
    id: 'S10',
    area: 'secrets',
    claim: 'The provider gets the real credential (control)',
    judge: witnessed(when('witness.credential', (value) => value === 'real')),
  },
  {
    id: 'S11',
    area: 'secrets',
    claim: 'The proxy adds the credential only to the API paths of the provider',
    judge: (facts, want) =>
      every(['box.provider.other', 'witness.strays'], (value, _, key) => value === (key === 'witness.strays' ? '0' : '403'))(
        facts,
        want,
      ),
  },
  {
    id: 'S12',
    area: 'secrets',
    claim: 'No environment variable of yours is in the sandbox, except those that paude sets',
    judge: variables,
  },
]

/** A search counts only if it finds what it must. */
function searched(key: string) {
  return (facts: Facts, want: Want): Verdict =>
    Number(facts['box.secret.control'] ?? 0) > 0
      ? when(key, nothing)(facts, want)
      : broken('the search did not find the placeholder either')
}

function filesSearched(facts: Facts, want: Want): Verdict {
  return Number(facts['box.secret.files.control'] ?? 0) > 0
    ? when('box.secret.files', nothing)(facts, want)
    : broken('the search did not find the placeholder either')
}

/** `N places searched` when it was nowhere, else where it was found. */
function absent(key: string) {
  return (facts: Facts): Verdict => {
    const seen = facts[key]
    if (seen === undefined) return broken(`${key} was not observed`)
    if (seen.startsWith('not applicable: ')) return notApplicable(seen.slice('not applicable: '.length))
    return /^[1-9]\d* searched$/.test(seen) ? held(seen) : broken(seen)
  }
}

function variables(facts: Facts, want: Want): Verdict {
  const names = (facts['box.variables'] ?? '').split(' ').filter((name) => name !== '')
  if (!names.includes(API_KEY.variable)) return broken('box.variables was not observed')
  const strangers = names.filter((name) => !want.variables.includes(name) && !ENGINE.has(name))
  return strangers.length > 0 ? broken(strangers.join(', ')) : held(`${names.length} variables, all known`)
}

/** Set by engines, images and shells. */
const ENGINE = new Set([
  'PATH',
  'HOSTNAME',
  'HOME',
  'TERM',
  'container',
  'PWD',
  'OLDPWD',
  'SHLVL',
  '_',
  'LANG',
  'DISABLE_AUTOUPDATER',
])

const CANARIES_OF_ALL = [
  ...['tcp-direct', 'tcp-ipv6', 'metadata', 'dns-tcp', 'dns-udp', 'dns-embedded'],
  ...['connect-literal', 'connect-port', 'http-unlisted', 'help-page'],
]
const CANARIES = [...CANARIES_OF_ALL, 'host-gateway', 'interfaces']
const CANARIES_OF_PODS = [...CANARIES_OF_ALL, 'api-server', 'neighbour', 'node']

/** A canary that is missing has not sung. */
function sung(names: readonly string[]) {
  const keys = names.map((name) => `canary.${name}`)
  return (facts: Facts, want: Want): Verdict =>
    facts['box.refused'] ? broken(facts['box.refused']) : every(keys, (value) => !value.startsWith('BROKEN'))(facts, want)
}

/** What the box found before the agent was started. */
export const canaryProbes: readonly Probe[] = [
  {
    id: 'K01',
    area: 'network',
    claim: 'The canaries could not get out before the agent was started',
    judge: sung(CANARIES),
    inPod: { judge: sung(CANARIES_OF_PODS) },
  },
]
