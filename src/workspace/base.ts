import { join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { GitLayout } from './git-layout.ts'
import { bytesInPlace } from './inode.ts'
import { isObjectName } from './ref-name.ts'
import { readPeeled, readRef } from './refs.ts'

/** Where a clone or a worktree begins: a commit, and the branch of the project that has it, '' for none. */
export type Base = { readonly commit: string; readonly branch: string }

/** Folders below refs/ in which git itself looks for a name, in its order; only what is in `heads` is a branch of yours. */
const PLACES = ['', 'tags/', 'heads/', 'remotes/'] as const

/** What a name means in a repository, read as data: no git runs there. */
export function readBase(git: Pick<GitLayout, 'repository'>, name: string): Base {
  if (isObjectName(name)) return { commit: name, branch: '' }
  for (const place of PLACES) {
    const ref = `refs/${place}${name}`
    const object = readPeeled(git, ref) ?? readRef(git, ref)
    if (object !== null) return { commit: peeled(git, object), branch: place === 'heads/' ? name : '' }
  }
  throw new PaudeError('not-found', `the project has no branch, tag or remote branch ${JSON.stringify(name)}`, {
    hint: /^[0-9a-f]{4,63}$/.test(name) ? 'write the whole commit id: git rev-parse' : 'git branch --all, git tag',
  })
}

/** Tags on tags that are followed, and bytes of one. */
const MOST = { tags: 5, bytes: 1024 ** 2 } as const

/** The commit behind an annotated tag that is an object of its own; what is in a pack is taken for a commit, which git looks at later. */
function peeled({ repository }: Pick<GitLayout, 'repository'>, object: string): string {
  let name = object
  for (let depth = 0; depth < MOST.tags; depth++) {
    const target = targetOf(join(repository, 'objects', name.slice(0, 2), name.slice(2)))
    if (target === null) return name
    name = target
  }
  return name
}

/** What a loose tag names; null for another object, and where there is none. */
function targetOf(path: string): string | null {
  const packed = bytesInPlace(path, MOST.bytes)
  if (packed === null) return null
  try {
    // Imported above it would cost every start 4 ms.
    const { inflateSync } = process.getBuiltinModule('node:zlib')
    const text = inflateSync(packed, { maxOutputLength: MOST.bytes }).toString('latin1')
    const [, target = ''] = /^tag \d+\0object ([0-9a-f]+)\n/.exec(text) ?? []
    return isObjectName(target) ? target : null
  } catch {
    return null
  }
}
