import type { Settings } from './settings.ts'

/** One flag of paude itself. Help, completion, environment twins and the README's table are made from this. */
export type OwnFlag = {
  readonly name: string
  readonly key: keyof Settings
  /** `list` may be repeated and takes commas where `commas` says so. */
  readonly type: 'switch' | 'value' | 'list'
  readonly valueHint?: string
  readonly values?: readonly string[]
  readonly commas?: boolean
  /** What a switch sets, when it is not true; what a value is without one, which then only `=` gives. */
  readonly sets?: string
  readonly description: string
  /** Named by another flag already, so without a variable of its own. */
  readonly alias?: true
}

export const ownFlags = [
  {
    name: 'backend',
    key: 'backend',
    type: 'value',
    valueHint: 'NAME',
    values: ['auto', 'docker', 'podman'],
    description: 'Engine that runs the box (default: auto, the first usable one)',
  },
  { name: 'detach', key: 'detach', type: 'switch', description: 'Start in the background and print the session id' },
  { name: 'bg', key: 'detach', type: 'switch', alias: true, description: "Same as --detach, by Claude's name for it" },
  { name: 'session-name', key: 'sessionName', type: 'value', valueHint: 'NAME', description: 'Name to call the session by' },
  {
    name: 'image',
    key: 'image',
    type: 'value',
    valueHint: 'REF',
    description: 'Image of the box (default: built here from Debian)',
  },
  {
    name: 'pull',
    key: 'pull',
    type: 'value',
    valueHint: 'WHEN',
    values: ['always', 'missing', 'never'],
    description: 'When to fetch or build images (default: missing)',
  },
  {
    name: 'agent-version',
    key: 'agentVersion',
    type: 'value',
    valueHint: 'X.Y.Z',
    description: 'Release of Claude Code in the image that is built here',
  },
  {
    name: 'network',
    key: 'network',
    type: 'value',
    valueHint: 'MODE',
    values: ['restricted', 'open', 'none', 'record'],
    description:
      'restricted: only the allowlist (default); record: every public host, written down; open: no wall; none: no network at all',
  },
  {
    name: 'network-allow',
    key: 'networkAllow',
    type: 'list',
    commas: true,
    valueHint: 'HOST',
    description: 'Allow a host: example.org, *.example.org, example.org:8443, host.paude.internal:3000, or a group: @github',
  },
  {
    name: 'network-deny',
    key: 'networkDeny',
    type: 'list',
    commas: true,
    valueHint: 'HOST',
    description: 'Deny a host, whatever allows it: example.org, *.example.org, example.org:8443',
  },
  {
    name: 'network-group',
    key: 'networkGroups',
    type: 'list',
    commas: true,
    valueHint: 'NAME',
    description: 'Allow what a tool needs: github, npm, pypi, … (paude network groups)',
  },
  {
    name: 'network-port',
    key: 'networkPorts',
    type: 'list',
    commas: true,
    valueHint: 'N',
    description: 'Port of the hosts that are allowed without one, in place of 80 and 443',
  },
  {
    name: 'allow-network',
    key: 'network',
    type: 'switch',
    sets: 'open',
    alias: true,
    description: 'Same as --network open: takes the wall away',
  },
  {
    name: 'inject',
    key: 'inject',
    type: 'value',
    valueHint: 'WAY',
    values: ['bump', 'base-url'],
    description: "How the credential is put in: inside the TLS tunnel (default), or at a base URL on the box's loopback",
  },
  { name: 'cpus', key: 'cpus', type: 'value', valueHint: 'N', description: 'Cores the box may use, like 2 or 1.5' },
  { name: 'memory', key: 'memory', type: 'value', valueHint: 'SIZE', description: 'Memory the box may use, like 4g or 512m' },
  {
    name: 'pids',
    key: 'pids',
    type: 'value',
    valueHint: 'N',
    description: 'Processes the box may have (default: 4096); none for no limit',
  },
  {
    name: 'read-only-root',
    key: 'readOnlyRoot',
    type: 'value',
    valueHint: 'BOOL',
    values: ['true', 'false'],
    description: "false: the box's own root file system can be written, until the box is gone (default: true)",
  },
  {
    name: 'no-new-privileges',
    key: 'noNewPrivileges',
    type: 'value',
    valueHint: 'BOOL',
    values: ['true', 'false'],
    description: 'false: setuid programs of the image work in the box, without capabilities (default: true)',
  },
  {
    name: 'seccomp',
    key: 'seccomp',
    type: 'value',
    valueHint: 'FILTER',
    values: ['default', 'engine', 'off'],
    description: "Filter of the box's system calls: paude's own, the engine's, or none (default: default)",
  },
  {
    name: 'timeout',
    key: 'timeout',
    type: 'value',
    valueHint: 'SECONDS',
    description: 'End the box in the foreground after this time, with exit code 124 (default: none)',
  },
  {
    name: 'mount',
    key: 'mount',
    type: 'list',
    valueHint: 'SRC[:DST][:rw]',
    description: 'Mount a file or folder, read-only unless :rw',
  },
  {
    name: 'env',
    key: 'env',
    type: 'list',
    valueHint: 'NAME[=VALUE]',
    description: "Set a variable in the box; without a value, the caller's",
  },
  {
    name: 'ca-file',
    key: 'caFile',
    type: 'list',
    valueHint: 'FILE',
    description: "Certificates to trust besides the public ones (default: the host's own additions)",
  },
  {
    name: 'detach-keys',
    key: 'detachKeys',
    type: 'value',
    valueHint: 'KEYS',
    description: 'Keys that leave a session and let it go on (default: ctrl-p,ctrl-q); none for no keys',
  },
  {
    name: 'scrollback',
    key: 'scrollback',
    type: 'value',
    valueHint: 'LINES',
    description: 'Lines kept of what has left the screen of a session (default: 2000)',
  },
  {
    name: 'devcontainer',
    key: 'devcontainer',
    type: 'value',
    sets: 'use',
    valueHint: 'NAME',
    description: "Take image and commands from the project's devcontainer.json, or from that of .devcontainer/NAME",
  },
  {
    name: 'profile',
    key: 'profile',
    type: 'value',
    valueHint: 'NAME',
    description: 'Take the keys below [profiles.NAME] of the files as well',
  },
  {
    name: 'ignore-project-config',
    key: 'projectConfig',
    type: 'switch',
    sets: 'ignore',
    description: "Start without the project's own paude.toml",
  },
  {
    name: 'force',
    key: 'force',
    type: 'switch',
    description: 'Start even in a folder that is too wide, like the home directory',
  },
  { name: 'dry-run', key: 'dryRun', type: 'switch', description: 'Print the script that would run, and run nothing' },
  {
    name: 'print-config',
    key: 'printConfig',
    type: 'switch',
    description: 'Print the effective settings with their origins, and run nothing',
  },
] as const satisfies readonly OwnFlag[]

/** What a file and a variable say, and no flag: Claude has an `--agent` of its own, and whether a box is needed is not said by the way. */
export const ownVariables = [
  { name: 'agent', key: 'agent', type: 'value', description: 'Agent that a start runs' },
  {
    name: 'fallback',
    key: 'fallback',
    type: 'value',
    values: ['none', 'host'],
    description: 'What a start does where no engine can be used',
  },
] as const satisfies readonly OwnFlag[]

/** Everything that a variable can say. */
export const twins: readonly OwnFlag[] = [...ownFlags, ...ownVariables]

/** A flag as it is typed: `--cpus N`, `--detach`, `--devcontainer[=NAME]`. */
export const flagWord = ({ name, type, sets, valueHint = 'VALUE' }: OwnFlag): string =>
  `--${name}${type === 'switch' ? '' : sets === undefined ? ` ${valueHint}` : `[=${valueHint}]`}`

/** The environment variable that says the same as a flag. */
export const variableOf = ({ name }: Pick<OwnFlag, 'name'>): string => `PAUDE_${name.toUpperCase().replaceAll('-', '_')}`
