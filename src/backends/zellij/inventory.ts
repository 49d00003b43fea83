import type { Handle, Listed, State } from '../../box/handle.ts'
import type { Query } from '../../plan/query.ts'
import { RUN } from './place.ts'

/** Reads what `session.sh state` prints. */
export function stateOf(stdout: string): State {
  const [status = '', code = ''] = stdout.trim().split(' ')
  switch (status) {
    case 'running':
    case 'created':
      return { status, exitCode: 0 }
    case 'exited': {
      if (/^\d+$/.test(code)) return { status, exitCode: Number(code) }
      break
    }
  }
  throw new Error(`unknown state: ${stdout}`)
}

/** Prints for each folder of a session how it stands, and beneath that its record, as an array of JSON. */
const LIST = `PATH=/usr/bin:/bin:$PATH
printf '['
comma=
for folder in "$@"; do
  [ -e "$folder/${RUN}/session.sh" ] && [ -e "$folder/session.json" ] || continue
  state=$(/bin/sh "$folder/${RUN}/session.sh" state "\${folder##*/}") || continue
  printf '%s{"state":"%s","record":' "$comma" "$state"
  cat "$folder/session.json"
  printf '}'
  comma=,
done
echo ']'`

type Row = {
  readonly state: string
  readonly record: Pick<Listed, 'id' | 'name' | 'agent' | 'workspace' | 'created' | 'network'>
}

/** Sessions that this machine has folders of: zellij itself knows none of them by name. */
export function sessions(boxes: () => readonly Handle[]): readonly Query<readonly Listed[]>[] {
  const folders = boxes().map(({ folder }) => folder)
  if (folders.length === 0) return []
  return [
    {
      argv: ['/bin/sh', '-c', LIST, 'sh', ...folders],
      parse: (stdout) => (JSON.parse(stdout) as readonly Row[]).map(listed),
    },
  ]
}

function listed({ state, record: { id, name, agent, workspace, created, network } }: Row): Listed {
  const { status, exitCode } = stateOf(state)
  return { id, name, agent, workspace, created, network, status, exitCode: status === 'exited' ? exitCode : null, homeVolume: '' }
}
