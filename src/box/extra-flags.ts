import { sizeInBytes } from './limits.ts'

/** Flags of an engine that open nothing. Everything else is refused: a new release may add flags that nobody here has heard of. */
const HARMLESS = [
  ...['blkio-weight', 'cpu-period', 'cpu-quota', 'cpu-shares', 'cpuset-cpus', 'cpuset-mems'],
  ...['label', 'memory-reservation', 'memory-swappiness', 'shm-size', 'ulimit'],
] as const

/** Why well-known ones are not among them. */
const REASONS: Readonly<Record<string, string>> = {
  privileged: 'removes the isolation of the sandbox',
  'cap-add': 'gives the agent privileges',
  'security-opt': 'loosens the hardening; [security] has the keys for what you can give up',
  device: 'gives the sandbox a device of this machine',
  gpus: 'gives the sandbox devices of this machine',
  network: 'bypasses the allowlist',
  net: 'bypasses the allowlist',
  publish: 'lets others connect to the sandbox',
  'publish-all': 'lets others connect to the sandbox',
  volume: 'bypasses the checks of mounts; use the key mounts',
  mount: 'bypasses the checks of mounts; use the key mounts',
  'volumes-from': 'adds the mounts of another container',
  tmpfs: 'can hide what paude mounts',
  env: 'puts values on the command line; use the key env',
  'env-file': 'reads a file of this machine into the sandbox',
  user: 'changes the user of the agent',
  userns: 'loosens the hardening',
  pid: 'shows the processes of this machine',
  ipc: 'shares memory with this machine',
  uts: 'shares the hostname of this machine',
  cgroupns: 'shows the control groups of this machine',
  'cgroup-parent': 'escapes the limits',
  runtime: 'replaces the runtime of the engine',
  sysctl: 'changes kernel settings',
  entrypoint: 'replaces the program that checks the wall',
  'add-host': 'changes how names resolve',
  dns: 'bypasses the proxy',
  'pids-limit': 'has a key of its own; use limits.pids',
  memory: 'has a key of its own; use limits.memory',
  cpus: 'has a key of its own; use limits.cpus',
  platform: 'chooses another architecture than that of this machine',
  'group-add': 'adds groups to the agent',
  pull: 'has a key of its own; use image.pull',
  isolation: 'works on Windows only',
}

/** What the engines' short flags stand for. */
const SHORT: Readonly<Record<string, string>> = {
  ...{ p: 'publish', P: 'publish-all', v: 'volume', e: 'env', u: 'user', m: 'memory' },
  ...{ c: 'cpu-shares', l: 'label' },
}

/** `name` is the flag without its value; '' where `why` is a whole sentence. */
export type Objection = { readonly name: string; readonly why: string }

/** Why a further flag is refused, or null for a harmless one. */
export function extraFlagFault(flag: string): string | null {
  const objection = extraFlagObjection(flag)
  if (objection === null) return null
  return objection.name === '' ? objection.why : `${objection.name} is refused: ${objection.why}`
}

/** The same in parts, for files whose flags are left out instead of refused. */
export function extraFlagObjection(flag: string): Objection | null {
  const [, letter] = /^-([A-Za-z])/.exec(flag) ?? []
  if (letter !== undefined) return shortObjection(letter)
  const [, name = '', value] = /^--([a-z][a-z-]*)(?:=(.*))?$/s.exec(flag) ?? []
  if (name === '') return { name: '', why: `${JSON.stringify(flag)} is not a flag; write each as one word, like "--shm-size=1g"` }
  const reason = reasonOf(name)
  if (reason !== undefined) return { name: `--${name}`, why: `it ${reason}` }
  if (!HARMLESS.some((known) => flag.startsWith(`--${known}=`)) || !value) return { name: `--${name}`, why: ONLY }
  if (name === 'label' && /^paude(\.|=|$)/.test(value))
    return { name: '--label=paude…', why: 'paude finds its sandboxes by these labels' }
  if (name === 'shm-size' && sharedSize(flag) === null)
    return {
      name: '',
      why: `--shm-size=${JSON.stringify(value)} is not a size; write a number and a unit, like --shm-size=1g`,
    }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are refused
  return /[\u0000-\u001f\u007f]/.test(value) ? { name: `--${name}`, why: 'control characters in its value' } : null
}

/** Bytes of the box's shared memory: what the last of these flags says, else as much as the engines give. */
export const sharedMemory = (flags: readonly string[]): number =>
  flags.map(sharedSize).findLast((size) => size !== null) ?? 64 * 1024 ** 2

/** Bytes of a `--shm-size=`; null for another flag and for no size. 0 would be no limit. */
function sharedSize(flag: string): number | null {
  const [, text] = /^--shm-size=(.*)$/s.exec(flag) ?? []
  if (text === undefined) return null
  return (/^\d{1,15}$/.test(text) ? Number(text) : sizeInBytes(text)) || null
}

/** All of them: of what is harmless too only the whole word is read, so that there is one way to say it. */
function shortObjection(letter: string): Objection {
  const name = Object.hasOwn(SHORT, letter) ? (SHORT[letter] ?? '') : ''
  const reason = reasonOf(name)
  if (reason !== undefined) return { name: `-${letter}`, why: `it ${reason}` }
  return { name: `-${letter}`, why: HARMLESS.some((known) => known === name) ? `write --${name}=` : ONLY }
}

const reasonOf = (name: string): string | undefined => (Object.hasOwn(REASONS, name) ? REASONS[name] : undefined)

/** Said of a flag that nobody here has heard of. */
export const ONLY = `paude allows only these: ${HARMLESS.map((known) => `--${known}=`).join(', ')}`
