import { dirname, resolve } from 'node:path'
import { foldedName } from './folded-name.ts'
import type { Executed } from './incoming.ts'
import { NEW_REPOSITORY } from './listed.ts'
import { below } from './paths.ts'

/** An entry of a tree that came: `mode` and `blob` as they are there, 000000 for one that is gone. */
export type Entry = { readonly path: string; readonly mode: string; readonly blob: string }

/** Reads `diff-tree -r -z --raw` between two trees. */
export function readRaw(text: string): readonly Entry[] {
  const words = text.split('\0')
  const entries: Entry[] = []
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [, mode, , blob] = words[at]?.split(' ') ?? []
    entries.push({ path: words[at + 1] ?? '', mode: mode ?? '', blob: blob ?? '' })
  }
  return entries
}

/** Reads `ls-tree -r -z`. */
export const readTree = (text: string): readonly Entry[] =>
  text.split('\0').flatMap((line) => {
    const [, mode = '', blob = '', path] = /^(\d{6}) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
    return path === undefined ? [] : [{ path, mode, blob }]
  })

/** Names that make a folder a git directory, or that git obeys in one, as some disks see them. */
const FILES: ReadonlySet<string> = new Set(['head', 'config', 'config.worktree', 'commondir'])
/** The same of folders, which may be links as well. */
const FOLDERS: ReadonlySet<string> = new Set(['objects', 'refs', 'hooks'])

/** Folders below the top in which something changed that counts in a git directory. */
export function maybeRepositories(paths: readonly string[]): readonly string[] {
  const found = new Set<string>()
  for (const path of paths) {
    const names = path.split('/')
    for (const [at, name] of names.entries())
      if (at > 0 && (FOLDERS.has(foldedName(name)) || (at === names.length - 1 && FILES.has(foldedName(name)))))
        found.add(names.slice(0, at).join('/'))
  }
  return [...found]
}

/** Those of some folders that git takes for a git directory, by the paths of what is in them. */
export function repositoriesAmong(folders: readonly string[], paths: readonly string[]): readonly Executed[] {
  const names = Map.groupBy(paths, dirname)
  const { severity, tool, why } = NEW_REPOSITORY
  return folders.flatMap((path) => {
    const inside = new Set((names.get(path) ?? []).map((one) => foldedName(one.slice(path.length + 1))))
    const isOne = inside.has('head') && (inside.has('commondir') || (inside.has('objects') && inside.has('refs')))
    return isOne ? [{ path, severity, tool, why }] : []
  })
}

export const isLink = ({ mode }: Entry): boolean => mode === '120000'

/** Links that lead out of the tree, by what `cat-file --batch` says of each in turn; one that cannot be read counts as such. */
export function linksOut(links: readonly Entry[], answers: Buffer): readonly Executed[] {
  let at = 0
  const next = (blob: string): string | null => {
    const end = answers.indexOf('\n', at)
    const [, size] = new RegExp(`^${blob} blob (\\d+)$`).exec(end < 0 ? '' : answers.toString('utf8', at, end)) ?? []
    const begin = end + 1
    at = size === undefined ? answers.length : begin + Number(size) + 1
    return size === undefined ? null : answers.toString('utf8', begin, at - 1)
  }
  return links.flatMap(({ path, blob }) => {
    const target = next(blob)
    if (target !== null && below('/tree', resolve('/tree', dirname(path), target))) return []
    const why = `follows it out of the project, to ${target ?? 'somewhere that paude cannot read'}`
    return [{ path, severity: 'warn', tool: 'any program', why } as const]
  })
}
