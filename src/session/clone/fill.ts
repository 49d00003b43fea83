import type { Fill } from '../../box/spec.ts'
import { PaudeError } from '../../errors.ts'
import type { CloneSource } from '../../workspace/clone-source.ts'
import { isRefName } from '../../workspace/ref-name.ts'
import { inStore, packsOf, type Store } from '../../workspace/sterile-git.ts'
import script from './fill.sh' with { type: 'text' }
import pack from './pack.sh' with { type: 'text' }

/**
 * How the volume of a clone is filled: a stream of packs, so that the engine may run anywhere. One that shares the files of this machine gets a
 * folder with links to these packs and nothing else, since its streams take longer than all of git's work.
 */
export function cloneFill(
  { commit, branch: host, sha256, shallow }: CloneSource,
  {
    store,
    root,
    directory,
    branch,
    uncommitted,
    packs,
  }: {
    readonly store: Store
    readonly root: string
    readonly directory: string
    readonly branch: string
    /** Folder with what is not committed; '' where that stays away. */
    readonly uncommitted: string
    readonly packs: string
  },
): Fill {
  if (host !== '' && !isRefName(host)) throw new PaudeError('refused', 'the name of the current branch is none that git takes')
  return {
    from: inStore(store, ['/bin/sh', '-c', pack, 'sh', store.git, packsOf(store), commit, uncommitted, packs]),
    script,
    packs,
    words: [root, directory, branch, host || 'HEAD', commit, sha256 ? 'sha256' : 'sha1', shallow],
  }
}
