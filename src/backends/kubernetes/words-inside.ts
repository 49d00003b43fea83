import type { Place } from '../../box/cluster.ts'
import type { Argv } from '../../plan/plan.ts'
import { kubectl, parts } from './names.ts'

type Streams = { readonly stdin?: boolean; readonly terminal?: boolean; readonly part?: 'agent' | 'proxy' }

/** A further program in a pod of a session. */
export const inPod = (
  place: Place | undefined,
  id: string,
  words: readonly string[],
  { stdin = false, terminal = false, part = 'agent' }: Streams = {},
): Argv =>
  kubectl(
    place,
    'exec',
    ...(stdin ? ['--stdin'] : []),
    ...(terminal ? ['--tty'] : []),
    '--quiet',
    part === 'agent' ? `job/${id}` : `deployment/${parts(id).proxy}`,
    `--container=${part}`,
    '--',
    ...words,
  )

/** The same in a folder: kubectl takes none. */
export const inFolder = (folder: string, words: readonly string[]): readonly string[] =>
  folder === '' ? words : ['/bin/sh', '-c', 'cd -- "$1" && shift && exec "$@"', 'sh', folder, ...words]

/** A script that works on a workspace, without what the agent's HOME or the image says of git. */
export const scriptWords = (script: string, words: readonly string[], root: string): readonly string[] =>
  inFolder(root, [
    'env',
    ...['HOME=/tmp', 'LC_ALL=C', 'GIT_CONFIG_NOSYSTEM=1', 'GIT_CONFIG_COUNT=1'],
    ...['GIT_CONFIG_KEY_0=safe.directory', 'GIT_CONFIG_VALUE_0=*'],
    ...['/bin/sh', '-c', script, 'sh', ...words],
  ])
