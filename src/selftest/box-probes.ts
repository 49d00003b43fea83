import {
  broken,
  every,
  type Facts,
  held,
  notApplicable,
  nothing,
  type Probe,
  refused,
  unlessGivenUp,
  unreachable,
  type Verdict,
  type Want,
  when,
  withPerl,
  words,
} from './probe.ts'

const zero = (value: string): boolean => /^0+$/.test(value)

export const capabilityProbes: readonly Probe[] = [
  {
    id: 'C01',
    area: 'capabilities',
    claim: 'The agent has no capabilities and cannot get any: all five sets are empty',
    judge: every(['box.status.CapInh', 'box.status.CapPrm', 'box.status.CapEff', 'box.status.CapBnd', 'box.status.CapAmb'], zero),
  },
  {
    id: 'C02',
    area: 'capabilities',
    claim: 'The proxy has no capabilities either',
    judge: every(['proxy.status.CapEff', 'proxy.status.CapBnd'], zero),
  },
  {
    id: 'C03',
    area: 'capabilities',
    claim: 'No program in the sandbox or the proxy can gain privileges (no_new_privs)',
    judge: unlessGivenUp(
      'security.no_new_privileges',
      every(['box.status.NoNewPrivs', 'proxy.status.NoNewPrivs'], (value) => value === '1'),
      every(['proxy.status.NoNewPrivs'], (value) => value === '1'),
    ),
    inMachine:
      'this test is started in the running sandbox, where the engine has no such switch; the agent gets it from process 1',
  },
  {
    id: 'C04',
    area: 'capabilities',
    claim: 'System calls are filtered in the sandbox and the proxy (seccomp mode 2)',
    judge: unlessGivenUp(
      'security.seccomp',
      every(['box.status.Seccomp', 'proxy.status.Seccomp'], (value) => value === '2'),
      every(['proxy.status.Seccomp'], (value) => value === '2'),
    ),
    inPod: { judge: unlessOff },
  },
  {
    id: 'C05',
    area: 'capabilities',
    claim: 'A setuid program of the image runs as the agent, not as its owner',
    judge: unlessGivenUp('security.no_new_privileges', setuid),
  },
  { id: 'C06', area: 'capabilities', claim: 'Mounting and chroot are refused', judge: every(['box.privilege.'], refused) },
  { id: 'C07', area: 'capabilities', claim: 'Making device nodes is refused', judge: every(['box.mknod.'], refused) },
  {
    id: 'C08',
    area: 'capabilities',
    claim: 'Only the standard device nodes exist',
    judge: when('box.devices', (value) => words(value).length > 0 && words(value).every((path) => DEVICES.has(path))),
  },
  {
    id: 'C09',
    area: 'capabilities',
    claim: 'The agent cannot read the log and memory of the kernel',
    judge: every(['box.kernel.'], refused),
  },
  { id: 'C10', area: 'capabilities', claim: 'The agent cannot load kernel modules', judge: when('box.modules', refused) },
  {
    id: 'C11',
    area: 'capabilities',
    claim: 'The proxy runs as an unprivileged user of its own',
    judge: every(['proxy.uid'], (value) => value === '13'),
  },
  {
    id: 'C12',
    area: 'capabilities',
    claim: 'No socket reaches the host of a virtual machine (vsock) or the ciphers of the kernel (alg)',
    judge: unlessGivenUp('security.seccomp', withPerl('box.family.', refused)),
  },
  {
    id: 'C13',
    area: 'capabilities',
    claim: 'The agent cannot make a setuid or setgid program: these bits are refused, other modes are not',
    judge: unlessGivenUp('security.seccomp', modes),
  },
]

/** `engine` is the profile of the node's own runtime, which still is a filter. */
function unlessOff(facts: Facts, want: Want): Verdict {
  const givenUp = want.givenUp.filter((one) => one !== 'security.seccomp = engine')
  return unlessGivenUp(
    'security.seccomp',
    every(['box.status.Seccomp', 'proxy.status.Seccomp'], (value) => value === '2'),
  )(facts, { ...want, givenUp })
}

const DEVICES = new Set(['console', 'full', 'null', 'ptmx', 'random', 'tty', 'urandom', 'zero'].map((name) => `/dev/${name}`))

function setuid(facts: Facts, want: Want): Verdict {
  const seen = facts['box.setuid.program']
  if (seen === undefined) return broken('box.setuid.program was not observed')
  if (seen === 'done') return broken('it ran as its owner')
  return want.uid === 0
    ? notApplicable('you are root, so a setuid program of root gains nothing')
    : /nothing of another user/.test(seen)
      ? notApplicable('the image has no setuid program')
      : held(seen.slice('refused: '.length))
}

function modes(facts: Facts, want: Want): Verdict {
  const found = facts['box.mode.found']
  if (found === undefined || !nothing(found)) return broken(found === undefined ? 'box.mode.found was not observed' : found)
  if (facts['box.mode.plain'] !== 'done') return broken(`an ordinary mode: ${facts['box.mode.plain'] ?? 'not observed'}`)
  return every(['box.mode-bits.'], refused)(facts, want)
}

export const mountProbes: readonly Probe[] = [
  {
    id: 'M01',
    area: 'mounts',
    claim: 'Only the mounts that paude requested exist',
    judge: mounts((target, _, want) => want.mounts.includes(target)),
  },
  {
    id: 'M02',
    area: 'mounts',
    claim: 'Of the mounts, only project, HOME, /tmp and /run are writable',
    judge: mounts((target, options, want) => options.includes('ro') || want.writable.includes(target)),
  },
  {
    id: 'M03',
    area: 'mounts',
    claim: '/tmp and /run ignore setuid bits and device nodes',
    judge: mounts(
      (target, options) => !['/tmp', '/run'].includes(target) || (options.includes('nosuid') && options.includes('nodev')),
    ),
    inPod: 'volumes of a cluster have no such mount options; C03 shows that no program gains privileges',
  },
]

/** Every mount outside of the kernel's own trees. */
function mounts(good: (target: string, options: readonly string[], want: Want) => boolean) {
  return (facts: Facts, want: Want): Verdict => {
    const rows = words(facts['box.mounts'] ?? '').map((row) => row.split('|') as [string, string])
    const ours = rows.filter(([target]) => !/^\/(proc|sys|dev)(\/|$)/.test(target))
    if (!ours.some(([target]) => target === '/')) return broken('box.mounts was not observed')
    const bad = ours.filter(([target, options = '']) => !good(target, options.split(','), want))
    return bad.length > 0
      ? broken(bad.map(([target, options]) => `${target} (${options})`).join(', '))
      : held(`${ours.length} mounts`)
  }
}

export const processProbes: readonly Probe[] = [
  {
    id: 'R01',
    area: 'process',
    claim: 'The sandbox has its own process, IPC, mount and hostname namespaces',
    judge: namespaces(
      'outside.namespace.',
      ['pid', 'ipc', 'mnt', 'uts', 'net'],
      notApplicable('the engine runs on another machine or in a virtual one'),
    ),
    inPod: {
      claim: 'The sandbox is in no process, IPC or hostname namespace of its node',
      judge: namespaces('outside.namespace.', ['pid', 'ipc', 'uts'], broken('no namespaces to compare with')),
    },
  },
  {
    id: 'R02',
    area: 'process',
    claim: 'The agent cannot see processes of the proxy or of this machine',
    judge: when('box.commands', (value) => words(value).length > 0 && words(value).every((name) => COMMANDS.includes(name))),
    inPod: { claim: 'The agent cannot see processes of the proxy or of its node' },
  },
  {
    id: 'R03',
    area: 'process',
    claim: 'The agent cannot list the keys of the kernel',
    judge: when(
      'box.keys',
      (value) => value === '0' || value === '',
      (value) => `${value || 0} keys`,
    ),
  },
  {
    id: 'R04',
    area: 'process',
    claim: 'The agent cannot see shared memory of others',
    judge: every(['box.ipc', 'box.shm'], (value) => value === '0' || nothing(value)),
  },
  {
    id: 'R05',
    area: 'process',
    claim: 'The number of processes is limited, and a fork bomb stops there',
    judge: when(
      'box.pids.started',
      (value, { pids }) => /refused/.test(value) && Number.parseInt(value, 10) < pids,
      (value) => `${value.replace(/,/, ' started,')}`,
    ),
    inPod: 'a cluster limits the number of processes on its nodes, not for a session',
    inMachine: 'nothing limits the number of processes but the memory of the virtual machine',
  },
]

/** What may run in the box besides the backend's own: the agent, and the probes themselves. */
const COMMANDS = ['sh', 'bash', 'sleep', 'timeout', 'tr', 'cat', 'init']

/** Compares the box's namespaces with those of somebody else; `absent` is the verdict when that one shows none. */
function namespaces(other: string, names: readonly string[], absent: Verdict) {
  return (facts: Facts): Verdict => {
    if (!names.some((name) => facts[`${other}${name}`])) return absent
    const shared = names.filter((name) => {
      const [own, theirs] = [facts[`box.namespace.${name}`], facts[`${other}${name}`]]
      return !own || !theirs || own === theirs
    })
    return shared.length > 0 ? broken(`shared or not observed: ${shared.join(', ')}`) : held(`${names.join(', ')} differ`)
  }
}

const unreached = (value: string): boolean => /unreachable|refused|no route|cannot assign|no answer/i.test(value)

const noWay = (value: string, want: Want): boolean => /unreachable|cannot assign/i.test(value) || unreachable(value, want)

export const neighbourProbes: readonly Probe[] = [
  {
    id: 'B01',
    area: 'neighbours',
    claim: 'The agent cannot reach the proxy of another session by its address',
    judge: when('box.neighbour.direct', noWay),
  },
  {
    id: 'B02',
    area: 'neighbours',
    claim: 'The agent cannot reach its own proxy by its address',
    judge: when('box.proxy.direct', noWay),
    inPod: { claim: 'The agent cannot reach its own proxy at a port that no policy opens' },
  },
  {
    id: 'B03',
    area: 'neighbours',
    claim: 'The proxy refuses to connect to another session or to itself by address',
    judge: every(
      ['box.connect.neighbour', 'box.get.neighbour', 'box.connect.own'],
      (value) => value === '403' || value === '400',
    ),
  },
  {
    id: 'B04',
    area: 'neighbours',
    claim: 'The proxy itself cannot reach the proxy of another session',
    judge: when('proxy.neighbour', unreached),
  },
  {
    id: 'B05',
    area: 'neighbours',
    claim: 'Two sessions share no network, process or IPC namespace',
    judge: namespaces('neighbour.namespace.', ['net', 'pid', 'ipc'], broken('the neighbour was not observed')),
  },
  {
    id: 'B06',
    area: 'neighbours',
    claim: 'No file of another session is mounted',
    judge: when(
      'box.mount.names',
      (value) => value.trim() === '0',
      (value) => `${value.trim()} mounts`,
    ),
  },
]
