import { join } from 'node:path'
import type { Host } from '../host.ts'
import { IN_FOLDERS } from './listed.ts'
import { below, inside, realFuture, realPath } from './paths.ts'
import { ownFolders } from './places.ts'

/** Why programs of this machine would act on what lies at a path. Final: not even with --force. */
export type Obeyed = { readonly name: string; readonly why: string; readonly final: boolean }

const UNSEEN_IN_NAMES = /\p{Default_Ignorable_Code_Point}/gu

/** A name as the least exact file system compares it: without case, without what it ignores, and by its short name. */
const fold = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(UNSEEN_IN_NAMES, '')
    .toLowerCase()
    .replace(/[. ]+$/, '')
    .replace(/^git~\d$/, '.git')

/** What is only shown at the end of a session, such as a Makefile, runs when somebody says so. */
const OBEYED = IN_FOLDERS.filter(({ severity }) => severity !== 'shown').map((one) => ({
  ...one,
  parts: one.path.split('/').map((part) => (part.startsWith('*') ? part : fold(part))),
}))

/** What a program of this machine would act on at an absolute path, by its words alone; null for nothing. */
export function obeyedAt(path: string, host: Pick<Host, 'home' | 'env'>): Obeyed | null {
  const names = path.split('/').map(fold)
  if (names.includes('.git')) return { name: '.git', why: 'git obeys what lies there', final: true }
  const own = ownFolders(host).find((folder) => inside(realFuture(folder), path))
  if (own !== undefined) return { name: own, why: 'paude keeps its own files there', final: true }
  const isHere = (parts: readonly string[], at: number) => parts.every((part, n) => fits(names[at + n] ?? '', part))
  const found = OBEYED.find(({ parts }) => names.some((_, at) => isHere(parts, at)))
  return found === undefined ? null : { name: found.path, why: `${found.tool} ${found.why}`, final: false }
}

const fits = (name: string, part: string): boolean =>
  part.startsWith('*') ? name.length >= part.length && name.endsWith(part.slice(1)) : name === part

/** Folders that could pass for a bare repository, whose configuration git would obey in them. Paths of files, relative to one place. */
export function bareRepositories(paths: Iterable<string>): readonly string[] {
  const all = new Set([...paths].map((path) => path.split('/').map(fold).join('/')))
  const above = (path: string) => path.slice(0, path.length - 'head'.length)
  return [...all]
    .filter((path) => path === 'head' || path.endsWith('/head'))
    .map(above)
    .filter((folder) => all.has(`${folder}config`))
}

/** The link by which a path leaves a place that a box writes in; null for none. Whoever put it there chose where the path ends. */
export function linkOutOf(places: readonly string[], path: string): string | null {
  let real = '/'
  for (const name of path.split('/').filter(Boolean)) {
    const at = join(real, name)
    const next = realPath(at)
    if (next === null) return null
    const from = places.find((place) => below(place, real))
    if (from !== undefined && !below(from, next)) return at
    real = next
  }
  return null
}
