import { join } from 'node:path'
import { folder, type Plan, removeAfter, type Step, write } from '../plan/plan.ts'

/**
 * Something harmless that is mounted read-only where the box could plant what this machine acts on, or over what leads out of it.
 * A mount needs a file or folder to lie on, so the harmless thing is on this machine too while the session exists.
 */
export type StandIn = {
  readonly kind: 'hooks' | 'config.worktree' | 'commondir' | 'socket' | 'overlay' | 'shadow'
  /** On this machine. */
  readonly path: string
  /** In the box. */
  readonly target: string
}

/** Those that are mounted themselves: on an overlay its volume is, on one of a shadow the shadow. */
export const mountedStandIns = <S extends Pick<StandIn, 'kind'>>(standIns: readonly S[]): readonly S[] =>
  standIns.filter(({ kind }) => kind !== 'overlay' && kind !== 'shadow')

/** By kind: null for an empty folder. git takes a `commondir` of `./` for the folder that it lies in, as without one; libgit2 1.9 finds no repository with `.` alone. */
export const STAND_INS: Readonly<Record<StandIn['kind'], string | null>> = {
  hooks: null,
  'config.worktree': '',
  commondir: './\n',
  socket: '',
  overlay: null,
  shadow: null,
}

/** Where the box has them besides, so that it can see that the one is the other. */
export const standInAt = (kind: StandIn['kind']): string => `/paude/seed/stand-ins/${kind}`

/** What is mounted. */
export const standInSource = (folder: string, kind: StandIn['kind']): string => join(folder, 'seed/stand-ins', kind)

/** Folder of a session's folder with what its box writes to in place of the project's own. */
export const SHADOWS = 'shadows'

/** File of a session's folder that names what may have to be taken away again, a path a line. */
export const LIST = 'stand-ins'
/** The same while they are being taken away. */
export const LEAVING_LIST = `${LIST}.old`

/** Lays out what is mounted, and says in the session's folder what is made on this machine before it is made. */
export function laidStandIns(place: string, standIns: readonly StandIn[]): Plan {
  if (standIns.length === 0) return []
  const kinds = (Object.keys(STAND_INS) as readonly StandIn['kind'][]).map((kind) => ({ kind, content: STAND_INS[kind] }))
  return [
    folder(join(place, 'seed/stand-ins'), 0o755),
    ...mountedStandIns(kinds).map(({ kind, content }) =>
      content === null ? folder(standInSource(place, kind), 0o755) : write(standInSource(place, kind), content, 0o644),
    ),
    write(join(place, LIST), standIns.map(({ path }) => `${path}\n`).join('')),
    placed(place, standIns),
  ]
}

/** Makes what is missing of them. */
export const placed = (place: string, standIns: readonly StandIn[]): Step => ({
  kind: 'place',
  things: standIns.map(({ kind, path }) => ({ path, content: STAND_INS[kind] })),
  undo: sweep(place),
})

/** Removes a session's folder, and what it put into the project where no other session has it. */
export const removed = (place: string): Step => removeAfter(place, sweep(place))

/**
 * Takes away what is as it was made, unless another session lists it. A link on the way to it, or something else in its place, is left
 * alone. The own list goes first: of two sessions that end together the later one takes it away.
 */
const sweep = (place: string) =>
  [
    '/bin/sh',
    '-c',
    [
      'PATH=$PATH:/usr/bin:/bin',
      'cd "$1" 2>/dev/null && own=$(pwd -P) || exit 0',
      // What the box closed there could not be removed.
      `[ ! -d ${SHADOWS} ] || chmod -R u+rwX ${SHADOWS} 2>/dev/null`,
      `mv ${LIST} ${LEAVING_LIST} 2>/dev/null`,
      `[ -e ${LEAVING_LIST} ] || exit 0`,
      `needed() { grep -qxF -e "$path" "$own"/../*/${LIST} 2>/dev/null; }`,
      'while IFS= read -r path; do',
      '  needed && continue',
      // From within the folder that was looked at: whoever puts a link in its place changes nothing of that.
      '  folder=$(dirname "$path") name=./$(basename "$path")',
      '  (cd -P "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] && [ ! -L "$name" ] || exit 0',
      // One that a start has listed meanwhile is put back: that start may have found it here.
      '  if [ -d "$name" ]; then rmdir "$name" 2>/dev/null && needed && mkdir "$name"',
      '  elif [ -f "$name" ] && { [ ! -s "$name" ] || cmp -s "$own/seed/stand-ins/commondir" "$name"; }; then',
      // Nothing is written where something is, also through a link.
      '    rm -f "$name" && needed && set -C && cat "$own/seed/stand-ins/$name" >"$name"',
      '  fi)',
      `done <${LEAVING_LIST}`,
      ':',
    ].join('\n'),
    'sh',
    place,
  ] as const
