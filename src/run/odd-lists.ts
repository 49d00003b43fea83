import { relative } from 'node:path'
import { capture } from './process.ts'

/** Milliseconds that a look through a working tree may take, and characters that are read of it. */
const PATIENCE = 60_000
const MOST = 4 * 1024 ** 2

/** Which lists are odd: other things than files, and with `most` also files of more bytes. */
type Odd = { readonly names: readonly string[]; readonly most?: number }

/**
 * Lists of git's in the folders of a working tree (`.gitignore`, `.gitattributes`) that are none, as paths in it: git opens them, and
 * would wait for ever for what a pipe says. It follows no link to one.
 */
export async function oddLists(root: string, { names, most }: Odd): Promise<readonly string[]> {
  const named = ['(', ...names.flatMap((name, at) => [...(at === 0 ? [] : ['-o']), '-name', name]), ')']
  const large = most === undefined ? [] : ['-o', '-type', 'f', '-size', `+${most}c`]
  const odd = ['(', '!', '-type', 'f', '!', '-type', 'd', '!', '-type', 'l', ...large, ')']
  const argv = ['find', root, '-name', '.git', '-prune', '-o', ...named, ...odd, '-print0'] as const
  const { stdout } = await capture(argv, { signal: AbortSignal.timeout(PATIENCE), most: MOST })
  return stdout.split('\0').flatMap((path) => (path === '' ? [] : [relative(root, path)]))
}
