import { copyAt, type Overlay, overlayAt, shadowAt } from '../../box/spec.ts'
import { mountedStandIns, type StandIn, standInAt } from '../../box/stand-ins.ts'
import { PaudeError } from '../../errors.ts'
import { quote } from '../../plan/shell.ts'
import { shown } from '../../text.ts'
import { inodeOf } from '../../workspace/inode.ts'

type Place = { readonly source: string; readonly target: string }

const CHANGED = "fail 'the project changed while it was mounted, so the agent was not started; check it and start again'"

/**
 * Shell lines by which the box finds out, before the agent runs, whether each mount shows what was looked at. The engine looks
 * the paths up again, and whoever writes in the project may have put a link there meanwhile. A copy is in the box twice: there, and
 * where nobody can put a link.
 */
export function mountCheck(
  mounts: readonly Place[],
  {
    copies,
    shadows,
    standIns,
    overlays,
  }: {
    readonly copies: readonly string[]
    readonly shadows: readonly string[]
    readonly standIns: readonly StandIn[]
    readonly overlays: readonly Overlay[]
  },
): string {
  if (mounts.length === 0) return ''
  const inodes = mounts.map(({ source }) => {
    const inode = inodeOf(source)
    if (inode === null)
      throw new PaudeError('refused', `cannot mount ${shown(source)}: it no longer exists, or its path now has a link`, {
        hint: 'check what changed in the project before you start again',
      })
    return inode
  })
  // One stat for all: each program that the box runs here is a wait before the agent.
  const pairs: readonly (readonly [shown: string, meant: string])[] = [
    ...copies.map((path, n) => [path, copyAt(n)] as const),
    ...shadows.map((path, n) => [path, shadowAt(n)] as const),
    ...mountedStandIns(standIns).map(({ target, kind }) => [target, standInAt(kind)] as const),
    ...overlays.map(({ path }, n) => [path, overlayAt(n)] as const),
  ]
  const asked = [...mounts.map(({ target }) => target), ...pairs.flat()]
  return [
    `found=$(stat -c %d:%i -- ${words(asked)}) || fail 'the mounts cannot be checked: stat failed'`,
    'set -- $found',
    ...inodes.map((inode, n) => `[ "\${${n + 1}}" = ${quote(inode)} ] || ${CHANGED}`),
    ...pairs.map((_, n) => {
      const first = inodes.length + 2 * n + 1
      return `[ "\${${first}}" = "\${${first + 1}}" ] || ${CHANGED}`
    }),
    'unset found',
    'set --',
    '',
  ].join('\n')
}

const words = (paths: readonly string[]): string => paths.map(quote).join(' ')
