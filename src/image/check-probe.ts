import type { Check, CheckedImage } from './checked.ts'
import type { Install } from './install.ts'
import { PROBE_HOME, type Probe } from './probed.ts'

type Wanted = Pick<CheckedImage, 'agent' | 'install'>

/** What the container of the probe showed. */
export function checkProbe(probe: Probe, { agent, install }: Wanted): readonly Check[] {
  if (probe['sh'] !== 'ok')
    return [
      {
        id: 'K9',
        title: 'shell',
        severity: 'error',
        ok: false,
        message: 'no POSIX shell at /bin/sh, or it does not run here',
        fix: 'use a base image with a shell; distroless images cannot run an agent',
      },
    ]
  if (probe['end'] !== 'ok')
    return [
      {
        id: 'K9',
        title: 'shell',
        severity: 'error',
        ok: false,
        message: 'the shell stopped before the end of the check',
        fix: 'check whether /bin/sh is a POSIX shell',
      },
    ]
  return [
    { id: 'K9', title: 'shell', severity: 'error', ok: true, message: '/bin/sh works', fix: '' },
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
  const present: Check = { id: 'K5', title: agent, severity: 'error', ok: true, message: path, fix: '' }
  const code = probe['agent-code'] ?? ''
  const output = probe['agent-output'] ?? ''
  if (code !== '0')
    return [
      present,
      {
        id: 'K6',
        title: `${agent} --version`,
        severity: 'error',
        ok: false,
        message: `${code === '124' ? 'no answer within 20 s' : `exit code ${code}`}${output === '' ? '' : `: ${output}`}`,
        fix: brokenAgent(probe, install),
      },
    ]
  return [
    present,
    { id: 'K6', title: `${agent} --version`, severity: 'error', ok: true, message: output, fix: '' },
    ...(install === null ? [] : [version(output, install)]),
    {
      id: 'K17',
      title: 'unknown uid',
      severity: 'warning',
      ok: true,
      message: `${agent} runs as a user without a passwd entry`,
      fix: '',
    },
    {
      id: 'K32',
      title: 'read-only root',
      severity: 'warning',
      ok: true,
      message: `${agent} runs with writable /tmp and HOME only`,
      fix: '',
    },
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
      return {
        id: 'K5',
        title: agent,
        severity: 'error',
        ok: false,
        message: `${install.title} cannot be added: missing ${libraries}`,
        fix: installs(probe, install.libraries),
      }
    return {
      id: 'K5',
      title: agent,
      severity: 'note',
      ok: false,
      message: `${found}; paude adds ${install.title} ${install.version} in a small image of its own`,
      fix: '',
    }
  }
  return {
    id: 'K5',
    title: agent,
    severity: 'error',
    ok: false,
    message: found,
    fix:
      elsewhere === ''
        ? `install ${agent} into a folder in PATH`
        : `RUN chmod a+rx ${elsewhere} && ln -s ${elsewhere} /usr/local/bin/`,
  }
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
  return {
    id: 'K7',
    title: 'version',
    severity: 'warning',
    ok,
    message: ok ? 'recent enough' : `older than ${tested}, the release that paude is tested with`,
    fix: ok ? '' : `install ${tested}`,
  }
}

function toolChecks(probe: Probe, install: Install | null): readonly Check[] {
  const missing = probe['tools-missing'] ?? ''
  const tool = ({
    id,
    name,
    severity,
    loss,
  }: Pick<Check, 'id' | 'severity'> & { readonly name: string; readonly loss: string }): Check => {
    const path = probe[name] ?? ''
    return {
      id,
      title: name,
      severity,
      ok: path !== '',
      message: path === '' ? loss : path,
      fix: path === '' ? installs(probe, name) : '',
    }
  }
  return [
    tool({
      id: 'K8',
      name: 'bash',
      severity: install?.needsBash ? 'error' : 'warning',
      loss: `only sh: ${install?.needsBash ? `${install.title} cannot run commands` : 'hooks fall back to sh'}`,
    }),
    tool({ id: 'K10', name: 'curl', severity: 'warning', loss: 'an agent needs it to fetch files' }),
    {
      id: 'K11',
      title: 'basic tools',
      severity: 'error',
      ok: missing === '',
      message: missing === '' ? 'all there' : `missing: ${missing}`,
      fix: missing === '' ? '' : installs(probe, 'coreutils'),
    },
    tool({ id: 'K12', name: 'tar', severity: 'warning', loss: 'paude cannot copy files in and out' }),
    tool({ id: 'K13', name: 'git', severity: 'warning', loss: 'sessions start, but git does not work in them' }),
    ...(probe['git'] === undefined ? [] : [gitVersion(probe)]),
  ]
}

/** GIT_CONFIG_COUNT, which tells git to trust the mounted project, came with 2.31. */
function gitVersion(probe: Probe): Check {
  const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(probe['git-version'] ?? '')?.slice(1) ?? []).map(Number)
  const ok = major > 2 || (major === 2 && minor >= 31)
  return {
    id: 'K14',
    title: 'git version',
    severity: 'warning',
    ok,
    message: probe['git-version'] ?? '',
    fix: ok ? '' : 'install git 2.31 or later; older releases reject the owner of the mounted project',
  }
}

function home(probe: Probe): Check {
  const writable = probe['home-writable'] === 'yes'
  const kept = probe['home'] === PROBE_HOME
  if (writable && kept)
    return { id: 'K16', title: 'HOME', severity: 'error', ok: true, message: 'the agent can keep its settings', fix: '' }
  return {
    id: 'K16',
    title: 'HOME',
    severity: 'error',
    ok: false,
    message: kept ? `cannot make a folder in HOME: ${probe['home-writable']}` : `HOME became ${probe['home']}`,
    fix: 'do not set HOME',
  }
}

function hardening(probe: Probe): readonly Check[] {
  const held = /^0*$/.test(probe['capabilities'] ?? '') && probe['no-new-privileges'] !== '0' && probe['root-writable'] === 'no'
  const sudo = probe['sudo'] ?? ''
  return [
    {
      id: 'K33',
      title: 'hardening',
      severity: 'error',
      ok: held,
      message: held ? 'no capabilities, no new privileges, root read-only' : 'the engine did not drop the privileges',
      fix: held ? '' : 'paude doctor',
    },
    {
      id: 'K33',
      title: 'sudo',
      severity: 'warning',
      ok: sudo === '',
      message: sudo === '' ? 'none' : `${sudo} cannot work in a session`,
      fix: sudo === '' ? '' : 'install what you need during the image build',
    },
  ]
}

function certificates(probe: Probe): Check {
  const file = probe['ca'] ?? ''
  return {
    id: 'K23',
    title: 'CA bundle',
    severity: 'error',
    ok: file !== '',
    message: file === '' ? 'none found: HTTPS will fail' : file,
    fix: file === '' ? installs(probe, 'ca-certificates') : '',
  }
}

/** Programs that have to trust the certificates of a session, each with the variable that names them. Those that could not be tried are left out. */
const TRUST = { curl: 'CURL_CA_BUNDLE', git: 'GIT_SSL_CAINFO', node: 'NODE_EXTRA_CA_CERTS', python: 'SSL_CERT_FILE' } as const

function trust(probe: Probe): readonly Check[] {
  const tried = Object.entries(TRUST).filter(([program]) => probe[`trust-${program}`] !== undefined)
  const deaf = tried.filter(([program]) => probe[`trust-${program}`] !== 'yes')
  const obeying = tried.filter((one) => !deaf.includes(one)).map(([program]) => program)
  const message = `obeyed by ${obeying.join(', ')}`
  const obeyed: Check = { id: 'K24', title: 'CA variables', severity: 'warning', ok: true, message, fix: '' }
  return [
    ...(obeying.length > 0 ? [obeyed] : []),
    ...deaf.map(
      ([program, variable]): Check => ({
        id: 'K24',
        title: `CA variable of ${program}`,
        severity: 'warning',
        ok: false,
        message: `${program} ignores ${variable}: it does not trust a proxy that adds a credential, nor your own certificates`,
        fix: `install the ${program} of the distribution, or add your certificates in the image build`,
      }),
    ),
    ...(probe['node-version'] === undefined ? [] : [nodeVersion(probe['node-version'])]),
  ]
}

/** Those that go through the proxy of the environment when they are asked to: since 22.21 and 24.0. */
function nodeVersion(said: string): Check {
  const [major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(said)?.slice(1) ?? []).map(Number)
  const ok = major >= 24 || (major === 22 && minor >= 21)
  return {
    id: 'K24',
    title: 'node version',
    severity: 'warning',
    ok,
    message: ok ? said : `${said}: its own fetch ignores the proxy variables, so it reaches nothing`,
    fix: ok ? '' : 'install Node 24 or later',
  }
}

function terminal(probe: Probe): Check {
  const file = probe['terminfo'] ?? ''
  const fix = installs(probe, base(probe) === 'apk' ? 'ncurses-terminfo-base' : 'ncurses-base')
  return {
    id: 'K34',
    title: 'terminfo',
    severity: 'warning',
    ok: file !== '',
    message: file === '' ? 'xterm-256color is unknown, so less and vi do not work well' : file,
    fix: file === '' ? fix : '',
  }
}

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
