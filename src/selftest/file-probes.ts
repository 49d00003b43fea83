import {
  broken,
  every,
  type Facts,
  held,
  nothing,
  type Probe,
  refused,
  unlessGivenUp,
  type Verdict,
  type Want,
  when,
  words,
} from './probe.ts'

const NOT_MOUNTED = 'nothing of this machine is mounted in a pod'
const CLONED = 'the project is not mounted: the virtual machine has a volume with a clone'

export const fileProbes: readonly Probe[] = [
  {
    id: 'F01',
    area: 'files',
    claim: 'The root file system is read-only: /usr, /etc, /opt, /var and /paude refuse new files',
    judge: unlessGivenUp(
      'security.read_only_root',
      every(['box.write/usr', 'box.write/etc', 'box.write/opt', 'box.write/var', 'box.write/paude'], refused),
    ),
  },
  {
    id: 'F02',
    area: 'files',
    claim: 'The root file system of the proxy is read-only too',
    judge: every(['proxy.root'], (value) => value === 'ro'),
    inMachine: 'the engine finds its sockets only in a root file system that can be written; C11 shows that its user is not root',
  },
  {
    id: 'F03',
    area: 'files',
    claim: "The session's seed folder is read-only",
    judge: every(['box.write/paude/seed', 'box.open/paude/seed/'], refused),
  },
  {
    id: 'F04',
    area: 'files',
    claim: 'The folder shared with the proxy is read-only',
    judge: when('box.write/paude/link', refused),
  },
  {
    id: 'F05',
    area: 'files',
    claim: 'The agent cannot change passwd, group and resolv.conf',
    judge: every(['box.open/etc/passwd', 'box.open/etc/group', 'box.open/etc/resolv.conf'], refused),
  },
  {
    id: 'F06',
    area: 'files',
    claim: 'The agent cannot change kernel settings in /proc/sys',
    judge: every(
      ['kernel/core_pattern', 'net/ipv4/ip_forward', 'kernel/hostname'].map((name) => `box.open/proc/sys/${name}`),
      refused,
    ),
  },
  {
    id: 'F07',
    area: 'files',
    claim: 'The agent cannot write to /proc/sysrq-trigger and /sys',
    judge: every(['box.open/proc/sysrq-trigger', 'box.open/sys/'], refused),
  },
  {
    id: 'F08',
    area: 'files',
    claim: 'The agent cannot change control groups',
    judge: when('box.cgroup.writable', nothing),
  },
  {
    id: 'F09',
    area: 'files',
    claim: "The project's .git/hooks are read-only and cannot be moved; its .git/config is a copy that stays in the sandbox",
    judge: gitGuards,
    inPod: NOT_MOUNTED,
    inMachine: CLONED,
  },
  {
    id: 'F10',
    area: 'files',
    claim: "What the agent changes in the project's .claude stays in the sandbox",
    judge: shadow,
    inPod: NOT_MOUNTED,
    inMachine: CLONED,
  },
  {
    id: 'F11',
    area: 'files',
    claim: 'The agent can write to the project (control), as you',
    judge: project,
    inPod: { claim: 'The agent can write to its workspace (control)' },
    inMachine: { claim: 'The agent can write to its workspace (control)' },
  },
  {
    id: 'F12',
    area: 'files',
    claim: 'The agent does not see the resolver addresses: /etc/resolv.conf is empty',
    judge: when(
      'box.resolv',
      (value) => value.trim() === '0',
      (value) => `${value.trim()} bytes`,
    ),
    inPod: {
      claim: 'The only resolver in /etc/resolv.conf is 127.0.0.1, where nothing listens',
      judge: when('box.nameservers', (value) => value.trim() === '127.0.0.1'),
    },
  },
  {
    id: 'F13',
    area: 'files',
    claim: 'The agent cannot see a file beside the project',
    judge: when('box.outside', (value) => value === 'not there'),
  },
  {
    id: 'F14',
    area: 'files',
    claim: "The only socket is the proxy's: the agent cannot reach an engine",
    judge: when('box.sockets', (value) => words(value).every((path) => path === '/paude/link/proxy.sock')),
  },
  {
    id: 'F15',
    area: 'files',
    claim: 'The agent runs with your uid, and has a name and a home directory',
    judge: identity,
    inPod: { claim: 'The agent runs as an unprivileged user, and has a name and a home directory' },
  },
]

function project(facts: Facts, { uid, gid, owner }: Want): Verdict {
  const [write, inside, outside] = [facts['box.project.write'], facts['box.project.owner'], facts['outside.owner']]
  const good = write === 'done' && inside === `${uid}:${gid}` && outside === owner
  return (good ? held : broken)(`written: ${write ?? 'not observed'}; owner inside ${inside ?? '-'}, outside ${outside ?? '-'}`)
}

function shadow(facts: Facts): Verdict {
  const [made, write, outside] = [facts['box.project.claude'], facts['box.project.settings'], facts['outside.claude']]
  const good = made === 'done' && write === 'done' && outside === 'as it was'
  return (good ? held : broken)(
    `written: ${made ?? 'not observed'}, ${write ?? 'not observed'}; on this machine: ${outside ?? '-'}`,
  )
}

function gitGuards(facts: Facts, want: Want): Verdict {
  const fixed = every(['box.project.hook', 'box.project.git'], refused)(facts, want)
  const [write, outside] = [facts['box.project.config'], facts['outside.config']]
  if (fixed.result !== 'held' || (write === 'done' && outside === 'as it was')) return fixed
  return broken(`.git/config written: ${write ?? 'not observed'}; on this machine: ${outside ?? 'not observed'}`)
}

function identity(facts: Facts, { uid, gid, home }: Want): Verdict {
  const entry = (facts['box.passwd'] ?? '').split(':')
  const good = facts['box.uid'] === `${uid}:${gid}` && entry[2] === String(uid) && entry[5] === home && facts['box.home'] === home
  return (good ? held : broken)(
    `${facts['box.uid'] ?? '-'}, ${facts['box.passwd'] ?? 'no entry'}, HOME=${facts['box.home'] ?? '-'}`,
  )
}
