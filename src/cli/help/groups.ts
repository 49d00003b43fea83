import type { FlagName } from '../../config/keys/own-flags.ts'

/** Verbs by what they are for. The first help shows `first`; those that stand nowhere come last. */
const GROUPS = [
  {
    title: 'Work',
    first: ['run', 'attach', 'shell'],
    more: ['fork', 'send', 'paste', 'screen', 'output', 'logs', 'events', 'exec', 'cp', 'forward'],
  },
  {
    title: 'Sessions',
    first: ['sessions', 'start', 'stop', 'rm'],
    more: ['recreate', 'wait', 'up', 'checkpoint', 'checkpoints', 'rollback', 'backup', 'restore', 'prune'],
  },
  { title: 'Network', first: ['network'], more: [] },
  {
    title: 'Setup',
    first: ['login', 'init', 'config', 'doctor'],
    more: ['trust', 'untrust', 'logout', 'credentials', 'image', 'home', 'plugins', 'notify', 'service', 'completion'],
  },
  { title: 'Look', first: [], more: ['status', 'audit', 'agents', 'backends', 'selftest', 'demo', 'version', 'help'] },
] as const satisfies readonly { readonly title: string; readonly first: readonly string[]; readonly more: readonly string[] }[]

export type Group = { readonly title: string; readonly names: readonly string[] }

/** The twelve verbs of the first help. */
export const firstVerbs: readonly Group[] = GROUPS.flatMap(({ title, first }) =>
  first.length === 0 ? [] : [{ title, names: first }],
)

/** Every verb, in groups. */
export function allVerbs(names: readonly string[]): readonly Group[] {
  const groups = GROUPS.map(({ title, first, more }) => ({ title, names: [...first, ...more] as readonly string[] }))
  const grouped = groups.flatMap((group) => group.names)
  const rest = names.filter((name) => !grouped.includes(name))
  return rest.length === 0 ? groups : [...groups, { title: 'More', names: rest }]
}

/** The flags of the first help, each in words that fit its one line. */
export const FIRST_FLAGS = {
  'network-allow': 'Allow one more host, or a group like @github',
  image: 'Image of the sandbox (default: built from Debian)',
  devcontainer: "Use the project's devcontainer.json",
  mount: 'Mount a file or folder, read-only unless :rw',
  env: 'Set an environment variable; without a value, pass yours',
  'session-name': 'Name of the session',
  detach: 'Start in the background and print the session id',
  'dry-run': 'Print the script that would run, and run nothing',
} as const satisfies Partial<Record<FlagName, string>>
