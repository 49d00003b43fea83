/** Flags of an engine that open nothing. Everything else is refused: a new release may add flags that nobody here has heard of. */
const HARMLESS = [
  ...['blkio-weight', 'cpu-period', 'cpu-quota', 'cpu-shares', 'cpuset-cpus', 'cpuset-mems'],
  ...['label', 'memory-reservation', 'memory-swappiness', 'shm-size', 'ulimit'],
] as const

/** Why well-known ones are not among them. */
const REASONS: Readonly<Record<string, string>> = {
  privileged: 'takes every wall around the box away',
  'cap-add': 'gives back a privilege',
  'security-opt': 'loosens the hardening; what of it can be given up stands in [security]',
  device: 'hands a device of this machine to the box',
  gpus: 'hands devices of this machine to the box',
  network: 'goes round the allowlist',
  net: 'goes round the allowlist',
  publish: 'lets others reach into the box',
  volume: 'is not checked as mounts are; write mounts',
  v: 'is not checked as mounts are; write mounts',
  mount: 'is not checked as mounts are; write mounts',
  'volumes-from': 'brings in mounts of another container',
  tmpfs: 'can hide what paude mounts',
  env: 'would put values into argv; write env',
  'env-file': 'reads a file of this machine into the box',
  user: 'changes who the agent is',
  userns: 'loosens the hardening',
  pid: 'shows the processes of this machine',
  ipc: 'shares memory with this machine',
  uts: 'shares the name of this machine',
  cgroupns: 'shows the control groups of this machine',
  'cgroup-parent': 'escapes the limits',
  runtime: 'replaces the program that makes the box',
  sysctl: 'changes the kernel of the box',
  entrypoint: 'replaces what proves the wall',
  'add-host': 'changes what names mean',
  dns: 'goes round the proxy',
  'pids-limit': 'is a limit of its own; write limits.pids',
  memory: 'is a limit of its own; write limits.memory',
  cpus: 'is a limit of its own; write limits.cpus',
}

/** Why a further flag is refused, or null for a harmless one. */
export function extraFlagFault(flag: string): string | null {
  const [, name = '', value] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(flag) ?? []
  if (name === '') return `${JSON.stringify(flag)} is not a flag; write each as one word, like "--shm-size=1g"`
  const reason = Object.hasOwn(REASONS, name) ? REASONS[name] : undefined
  if (reason !== undefined) return `--${name} is refused: it ${reason}`
  if (!HARMLESS.some((known) => flag.startsWith(`--${known}=`)) || !value)
    return `--${name} is refused: only these are known to open nothing: ${HARMLESS.map((known) => `--${known}=`).join(', ')}`
  if (name === 'label' && /^paude(\.|=|$)/.test(value)) return '--label=paude… is refused: by these labels paude knows its boxes'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are refused
  return /[\u0000-\u001f\u007f]/.test(value) ? `--${name} is refused: control characters in its value` : null
}
