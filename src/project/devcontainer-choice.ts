import { join } from 'node:path'
import { hashOf } from '../config/files/hash.ts'
import type { Parsed } from '../config/files/parse.ts'
import { replaceFile } from '../config/files/replace-file.ts'
import type { Host } from '../host.ts'
import { stateFolder } from '../state.ts'
import { readSmall } from '../workspace/paths.ts'

/** What you said when a project's devcontainer.json was offered; `told` where nobody could be asked. */
export type Choice = 'use' | 'off' | 'told'

/** Where the choice for a project is kept: outside of it, since its file is not to say so itself. */
export const choiceFile = (host: Host, root: string): string =>
  join(stateFolder(host), 'devcontainers', hashOf(root).slice(0, 32))

/** null where nothing was said yet. */
export function readChoice(host: Host, root: string): Choice | null {
  const said = readSmall(choiceFile(host, root))?.split('\n')[0]
  return said === 'use' || said === 'off' || said === 'told' ? said : null
}

/** Keeps the choice; the project stands behind it for whoever looks into the folder. */
export function keepChoice(host: Host, root: string, choice: Choice): void {
  const hint = 'check the permissions of the state folder'
  replaceFile(choiceFile(host, root), `${choice}\n${root}\n`, { mode: 0o600, folderMode: 0o700, hint })
}

/** Your files with the choice before them: what they say, or a flag, comes later and holds. */
export function withChoice(user: Parsed, host: Host, root: string | undefined): Parsed {
  if (root === undefined || readChoice(host, root) !== 'use') return user
  const place = choiceFile(host, root)
  return {
    ...user,
    sources: [{ layer: 'user', values: { devcontainer: 'use' }, places: { devcontainer: place } }, ...user.sources],
  }
}
