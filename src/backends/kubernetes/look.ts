import { join } from 'node:path'
import type { Place } from '../../box/cluster.ts'
import type { Argv } from '../../plan/plan.ts'
import { commandLine } from '../../plan/shell.ts'
import type { Volumes } from '../backend.ts'
import { programs } from '../names.ts'
import { kubectl, ofSession, parts } from './names.ts'
import { scriptWords } from './words-inside.ts'

/** File of a session's folder with the pod that shows the workspace of one that does not run. */
export const LOOK_FILE = 'look.json'

/** Seconds that such a pod lives: a look is often followed by another one. */
export const LOOK_SECONDS = 120

/** Makes that pod where it is not there, waits until its proof is done, and runs a script in it. It ends by itself. */
export const looking: Volumes = {
  run: ({ cluster, id, folder }, { root }, { script, words, stdin }) => {
    const { look } = parts(id)
    return [
      '/bin/sh',
      '-c',
      [
        'set -e',
        `${commandLine(ended(cluster, id))} >/dev/null 2>&1`,
        `${commandLine(kubectl(cluster, 'apply', '--server-side', '--field-manager=paude', `--filename=${join(folder, LOOK_FILE)}`))} >/dev/null`,
        `${commandLine(kubectl(cluster, 'wait', `pod/${look}`, '--for=condition=Ready', '--timeout=120s'))} >/dev/null`,
        'exec "$@"',
      ].join('\n'),
      'sh',
      ...kubectl(cluster, 'exec', ...(stdin ? ['--stdin'] : []), '--quiet', look, '--container=look', '--'),
      ...scriptWords(script, words, root),
    ]
  },
  // It ends by itself.
  end: () => [programs.kubernetes, 'version', '--client'],
}

/** One that has ended cannot be asked again. */
const ended = (place: Place | undefined, id: string): Argv =>
  kubectl(
    place,
    ...['delete', 'pod', `${ofSession(id)},paude.role=look`, '--field-selector=status.phase!=Running,status.phase!=Pending'],
    '--ignore-not-found',
  )

/** Its volume may be wanted on another node. */
export const removeLook = (place: Place | undefined, id: string): Argv =>
  kubectl(place, 'delete', 'pod', parts(id).look, '--ignore-not-found', '--grace-period=1')
