import { PaudeError } from '../../errors.ts'
import { quote } from '../../plan/shell.ts'
import { shown } from '../../text.ts'
import { inodeOf } from '../../workspace/inode.ts'

type Place = { readonly source: string; readonly target: string }

/**
 * Shell lines by which the box finds out, before the agent runs, whether each mount shows what was looked at. The engine looks
 * the paths up again, and whoever writes in the project may have put a link there meanwhile.
 */
export function mountCheck(mounts: readonly Place[]): string {
  if (mounts.length === 0) return ''
  const inodes = mounts.map(({ source }) => {
    const inode = inodeOf(source)
    if (inode === null)
      throw new PaudeError('refused', `cannot mount ${shown(source)}: it is gone, or a link stands on the way to it now`, {
        hint: 'look at what changed in the project before you start again',
      })
    return inode
  })
  return [
    `expected=${quote(inodes.join('\n'))}`,
    `found=$(stat -c %d:%i -- ${mounts.map(({ target }) => quote(target)).join(' ')}) || fail 'what is mounted cannot be checked: stat failed'`,
    `[ "$found" = "$expected" ] || fail 'the project changed while it was mounted, so the agent was not started; look at it and start again'`,
    'unset expected found',
    '',
  ].join('\n')
}
