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
  return [
    `expected=${quote(inodes.join('\n'))}`,
    `found=$(stat -c %d:%i -- ${words(mounts.map(({ target }) => target))}) || fail 'the mounts cannot be checked: stat failed'`,
    `[ "$found" = "$expected" ] || ${CHANGED}`,
    ...sameAs(
      copies,
      copies.map((_, n) => copyAt(n)),
    ),
    ...sameAs(
      shadows,
      shadows.map((_, n) => shadowAt(n)),
    ),
    ...sameAs(
      mountedStandIns(standIns).map(({ target }) => target),
      mountedStandIns(standIns).map(({ kind }) => standInAt(kind)),
    ),
    ...sameAs(
      overlays.map(({ path }) => path),
      overlays.map((_, n) => overlayAt(n)),
    ),
    'unset expected found',
    '',
  ].join('\n')
}

const words = (paths: readonly string[]): string => paths.map(quote).join(' ')

const sameAs = (shownPaths: readonly string[], meant: readonly string[]): readonly string[] =>
  meant.length === 0
    ? []
    : [`[ "$(stat -c %d:%i -- ${words(shownPaths)})" = "$(stat -c %d:%i -- ${words(meant)})" ] || ${CHANGED}`]
