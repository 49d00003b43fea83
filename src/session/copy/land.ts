import { basename, dirname, join, resolve } from 'node:path'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { layItems } from '../../run/tar/lay.ts'
import type { Item } from '../../run/tar/receive.ts'
import { nameInside, shown } from '../../text.ts'
import { bareRepositories, linkOutOf, obeyedBy } from '../../workspace/landing.ts'
import type { Listed } from '../../workspace/listed.ts'
import { look, realPath } from '../../workspace/paths.ts'
import { writableFolders } from '../../workspace/workspace.ts'
import { pastSessions } from '../record/past.ts'
import { readRecords } from '../record/store.ts'

/** Where something of a box ends on this machine: real path of a folder, and what it is called there. */
export type Landing = { readonly folder: string; readonly name: string }

/** Where a path leads; a folder that is there gets it under its own name. Nothing of this is up to a box, also where it writes. */
export function landingOf(
  text: string,
  name: string,
  { host, force }: { readonly host: Host; readonly force: boolean },
): Landing {
  if (host.cwd === '' && !text.startsWith('/'))
    throw new PaudeError('refused', 'the current directory no longer exists', { hint: 'write the path in full' })
  const full = resolve(host.cwd, text)
  refuseStrangersLink(host, full)
  const isFolder = look(realPath(full) ?? full)?.isDirectory() === true
  const folder = realPath(isFolder ? full : dirname(full))
  if (folder === null || (text.endsWith('/') && !isFolder))
    throw new PaudeError('not-found', `there is no folder ${shown(isFolder || text.endsWith('/') ? full : dirname(full))}`, {
      hint: 'mkdir -p makes it',
    })
  const landing = { folder, name: isFolder ? name : basename(full) }
  const target = join(folder, landing.name)
  const there = look(target)
  if (there?.isSymbolicLink())
    throw new PaudeError('refused', `${shown(target)} is a link`, { hint: 'write the path that it leads to' })
  if (there !== null && !force)
    throw new PaudeError('refused', `${shown(target)} exists already`, { hint: '--force replaces files and fills folders up' })
  return landing
}

/**
 * The link by which a path leaves a folder that a session could write in, now or earlier; null for none. Sessions in the foreground leave no
 * record, so the repository around the path counts too.
 */
export function strangersLink(host: Host, path: string): string | null {
  const records = [...readRecords(host), ...pastSessions(host).map(({ record }) => record)]
  const places = records.flatMap(({ workspace, mounts }) => [
    ...writableFolders(workspace, host),
    // Which of them are writable no record tells.
    ...mounts.map(({ source }) => source),
  ])
  return linkOutOf([...new Set([...places, ...repositoryAround(path)])], path)
}

/** Refuses a path that such a link leads elsewhere. */
export function refuseStrangersLink(host: Host, path: string): void {
  const link = strangersLink(host, path)
  if (link !== null)
    throw new PaudeError('refused', `${shown(link)} is a link that leads out of a project, and an agent may have made it`, {
      hint: 'write the path that you mean in full',
    })
}

function repositoryAround(path: string): readonly string[] {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    const real = look(join(folder, '.git')) === null ? null : realPath(folder)
    if (real !== null) return [real]
  }
  return []
}

type Land = {
  /** What is guarded in any folder. */
  readonly list: readonly Listed[]
  readonly items: readonly Item[]
  readonly spool: number
  readonly landing: Landing
  readonly host: Host
  readonly force: boolean
  readonly fault: (what: string) => Error
}

/** Makes what came out of a box on this machine, unless a program of this machine would act on any of it by itself. */
export function land({ list, items, spool, landing: { folder, name }, host, force, fault }: Land): void {
  const root = join(folder, name)
  const obeyedAt = obeyedBy(host, list)
  for (const { path } of items) {
    const obeyed = obeyedAt(join(root, path))
    if (obeyed === null || (force && !obeyed.final)) continue
    throw new PaudeError(
      'refused',
      `will not write ${nameInside(path === '' ? name : join(name, path))}, because of ${obeyed.name}: ${obeyed.why}`,
      { hint: obeyed.final ? 'copy what you need without it' : 'look at it in the sandbox first, then use --force' },
    )
  }
  const [bare] = bareRepositories(items.map(({ path }) => path))
  if (bare !== undefined && !force)
    throw new PaudeError(
      'refused',
      `will not write ${nameInside(join(name, bare))}, because git would take it for a repository and obey its configuration`,
      {
        hint: 'look at it in the sandbox first, then use --force',
      },
    )
  layItems({ items, spool, parent: folder, name, force, fault })
}
