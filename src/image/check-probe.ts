import type { Check, CheckedImage } from './checked.ts'
import type { Install } from './install.ts'
import { PROBE_HOME, type Probe } from './probed.ts'

type Wanted = Pick<CheckedImage, 'agent' | 'install'>

/** What the container of the probe showed. */
export function checkProbe(probe: Probe, { agent, install }: Wanted): readonly Check[] {
  if (probe['sh'] !== 'ok')
    return [
      row(
        'K9',
        'shell',
        'error',
        false,
        'no POSIX shell at /bin/sh, or it does not run here',
        'use a base image with a shell; distroless images cannot run an agent',
      ),
    ]
  if (probe['end'] !== 'ok')
    return [
      row(
        'K9',
        'shell',
        'error',
        false,
        'the shell stopped before the end of the check',
        'check whether /bin/sh is a POSIX shell',
      ),
    ]
  return [
    row('K9', 'shell', 'error', true, '/bin/sh works', ''),
    ...agentChecks(probe, { agent, install }),
    ...toolChecks(probe, install),
    home(probe),
    ...hardening(probe),
    certificates(probe),
    ...trust(probe),
    terminal(probe),
  ]
}

function agentChecks(probe: Probe, { agent, install }: Wanted): readonly Check[] {
  const path = probe['agent'] ?? ''
  if (path === '') return [missingAgent(probe, { agent, install })]
  const present = row('K5', agent, 'error', true, path, '')
  const code = probe['agent-code'] ?? ''
  const output = probe['agent-output'] ?? ''
  if (code !== '0')
    return [
      present,
      row(
        'K6',
        `${agent} --version`,
        'error',
        false,
        `${code === '124' ? 'no answer within 20 s' : `exit code ${code}`}${output === '' ? '' : `: ${output}`}`,
        brokenAgent(probe, install),
      ),
    ]
  return [
    present,
    row('K6', `${agent} --version`, 'error', true, output, ''),
    ...(install === null ? [] : [version(output, install)]),
    row('K17', 'unknown uid', 'warning', true, `${agent} runs as a user without a passwd entry`, ''),
    row('K32', 'read-only root', 'warning', true, `${agent} runs with writable /tmp and HOME only`, ''),
  ]
}

function missingAgent(probe: Probe, { agent, install }: Wanted): Check {
  const elsewhere = probe['agent-elsewhere'] ?? ''
  const found =
    elsewhere === ''
      ? `no ${agent} in PATH (${probe['path']})`
      : `${elsewhere} is not executable for every user, or not in PATH (${probe['path']})`
  if (install !== null) {
    const libraries = probe['libraries-missing'] ?? ''
    if (libraries !== '')
      return row(
        'K5',
        agent,
        'error',
        false,
        `${install.title} cannot be added: missing ${libraries}`,
        installs(probe, install.libraries),
      )
    return row(
      'K5',
      agent,
      'note',
      false,
      `${found}; paude adds ${install.title} ${install.version} in a small image of its own`,
      '',
    )
  }
  return row(
    'K5',
    agent,
    'error',
    false,
    found,
    elsewhere === ''
      ? `install ${agent} into a folder in PATH`
      : `RUN chmod a+rx ${elsewhere} && ln -s ${elsewhere} /usr/local/bin/`,
  )
}

function brokenAgent(probe: Probe, install: Install | null): string {
  const output = probe['agent-output'] ?? ''
  if ((probe['libraries-missing'] ?? '') !== '') return installs(probe, install?.libraries ?? probe['libraries-missing'] ?? '')
  if (probe['libc'] === 'musl') return "use the agent's musl build: glibc programs do not run on Alpine"
  if (/\bnode\b.*(not found|No such file)/i.test(output)) return installs(probe, 'nodejs')
  if (/permission denied|EACCES/i.test(output)) return 'install it where every user can read it, not below /root'
  if (/read-only file system|EROFS/i.test(output)) return 'it can write only to HOME and /tmp'
  return 'it must run as any user, with a read-only root and without a network'
}

/** Only the first two numbers count: paude's flags do not change within them. */
function version(output: string, { version: tested }: Install): Check {
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)\.\d+/.exec(output)?.slice(1) ?? []).map(Number)
  const [testedMajor = 0, testedMinor = 0] = tested.split('.').map(Number)
  const ok = major > testedMajor || (major === testedMajor && minor >= testedMinor)
  return row(
    'K7',
    'version',
    'warning',
    ok,
    ok ? 'recent enough' : `older than ${tested}, the release that paude is tested with`,
    ok ? '' : `install ${tested}`,
  )
}

function toolChecks(probe: Probe, install: Install | null): readonly Check[] {
  const missing = probe['tools-missing'] ?? ''
  const tool = (id: Check['id'], name: string, severity: Check['severity'], loss: string): Check => {
    const path = probe[name] ?? ''
    return row(id, name, severity, path !== '', path === '' ? loss : path, path === '' ? installs(probe, name) : '')
  }
  return [
    tool(
      'K8',
      'bash',
      install?.needsBash ? 'error' : 'warning',
      `only sh: ${install?.needsBash ? `${install.title} cannot run commands` : 'hooks fall back to sh'}`,
    ),
    tool('K10', 'curl', 'warning', 'an agent needs it to fetch files'),
    row(
      'K11',
      'basic tools',
      'error',
      missing === '',
      missing === '' ? 'all there' : `missing: ${missing}`,
      missing === '' ? '' : installs(probe, 'coreutils'),
    ),
    tool('K12', 'tar', 'warning', 'paude cannot copy files in and out'),
    tool('K13', 'git', 'warning', 'sessions start, but git does not work in them'),
    ...(probe['git'] === undefined ? [] : [gitVersion(probe)]),
  ]
}

/** GIT_CONFIG_COUNT, which tells git to trust the mounted project, came with 2.31. */
function gitVersion(probe: Probe): Check {
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(probe['git-version'] ?? '')?.slice(1) ?? []).map(Number)
  const ok = major > 2 || (major === 2 && minor >= 31)
  return row(
    'K14',
    'git version',
    'warning',
    ok,
    probe['git-version'] ?? '',
    ok ? '' : 'install git 2.31 or later; older releases reject the owner of the mounted project',
  )
}

function home(probe: Probe): Check {
  const writable = probe['home-writable'] === 'yes'
  const kept = probe['home'] === PROBE_HOME
  if (writable && kept) return row('K16', 'HOME', 'error', true, 'the agent can keep its settings', '')
  return row(
    'K16',
    'HOME',
    'error',
    false,
    kept ? `cannot make a folder in HOME: ${probe['home-writable']}` : `HOME became ${probe['home']}`,
    'do not set HOME',
  )
}

function hardening(probe: Probe): readonly Check[] {
  const held = /^0*$/.test(probe['capabilities'] ?? '') && probe['no-new-privileges'] !== '0' && probe['root-writable'] === 'no'
  const sudo = probe['sudo'] ?? ''
  return [
    row(
      'K33',
      'hardening',
      'error',
      held,
      held ? 'no capabilities, no new privileges, root read-only' : 'the engine did not drop the privileges',
      held ? '' : 'paude doctor',
    ),
    row(
      'K33',
      'sudo',
      'warning',
      sudo === '',
      sudo === '' ? 'none' : `${sudo} cannot work in a session`,
      sudo === '' ? '' : 'install what you need during the image build',
    ),
  ]
}

function certificates(probe: Probe): Check {
  const file = probe['ca'] ?? ''
  return row(
    'K23',
    'CA bundle',
    'error',
    file !== '',
    file === '' ? 'none found: HTTPS will fail' : file,
    file === '' ? installs(probe, 'ca-certificates') : '',
  )
}

/** Programs that have to trust the certificates of a session, each with the variable that names them. Those that could not be tried are left out. */
const TRUST = { curl: 'CURL_CA_BUNDLE', git: 'GIT_SSL_CAINFO', node: 'NODE_EXTRA_CA_CERTS', python: 'SSL_CERT_FILE' } as const

function trust(probe: Probe): readonly Check[] {
  const tried = Object.entries(TRUST).filter(([program]) => probe[`trust-${program}`] !== undefined)
  const deaf = tried.filter(([program]) => probe[`trust-${program}`] !== 'yes')
  return [
    ...(tried.length > deaf.length
      ? [
          row(
            'K24',
            'CA variables',
            'warning',
            true,
            `obeyed by ${tried
              .filter((one) => !deaf.includes(one))
              .map(([program]) => program)
              .join(', ')}`,
            '',
          ),
        ]
      : []),
    ...deaf.map(([program, variable]) =>
      row(
        'K24',
        `CA variable of ${program}`,
        'warning',
        false,
        `${program} ignores ${variable}: it does not trust a proxy that adds a credential, nor your own certificates`,
        `install the ${program} of the distribution, or add your certificates in the image build`,
      ),
    ),
    ...(probe['node-version'] === undefined ? [] : [nodeVersion(probe['node-version'])]),
  ]
}

/** Those that go through the proxy of the environment when they are asked to: since 22.21 and 24.0. */
function nodeVersion(said: string): Check {
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(said)?.slice(1) ?? []).map(Number)
  const ok = major >= 24 || (major === 22 && minor >= 21)
  return row(
    'K24',
    'node version',
    'warning',
    ok,
    ok ? said : `${said}: its own fetch ignores the proxy variables, so it reaches nothing`,
    ok ? '' : 'install Node 24 or later',
  )
}

function terminal(probe: Probe): Check {
  const file = probe['terminfo'] ?? ''
  const fix = installs(probe, base(probe) === 'apk' ? 'ncurses-terminfo-base' : 'ncurses-base')
  return row(
    'K34',
    'terminfo',
    'warning',
    file !== '',
    file === '' ? 'xterm-256color is unknown, so less and vi do not work well' : file,
    file === '' ? fix : '',
  )
}

const row = (id: Check['id'], title: string, severity: Check['severity'], ok: boolean, message: string, fix: string): Check => ({
  id,
  title,
  severity,
  ok,
  message,
  fix,
})

/** A line for the Dockerfile, in the words of the image's distribution. */
function installs(probe: Probe, packages: string): string {
  switch (base(probe)) {
    case 'apk':
      return `RUN apk add --no-cache ${packages}`
    case 'apt-get':
      return `image.packages = ${JSON.stringify(packages.split(' '))}, or RUN apt-get update && apt-get install --yes --no-install-recommends ${packages}`
    case 'dnf':
      return `RUN dnf install --assumeyes ${packages}`
    case 'unknown':
      return `install ${packages}`
  }
}

function base(probe: Probe): 'apk' | 'apt-get' | 'dnf' | 'unknown' {
  const families = (probe['os'] ?? '').split(' ')
  if (families.includes('alpine')) return 'apk'
  if (families.some((family) => /^(debian|ubuntu)$/.test(family))) return 'apt-get'
  return families.some((family) => /^(fedora|rhel|centos|amzn)$/.test(family)) ? 'dnf' : 'unknown'
}
