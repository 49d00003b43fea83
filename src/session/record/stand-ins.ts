import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LEAVING_LIST, LIST, STAND_INS, type StandIn } from '../../box/stand-ins.ts'
import type { Host } from '../../host.ts'
import type { Guards } from '../../workspace/guard.ts'
import { entriesOf, look, readSmall } from '../../workspace/paths.ts'
import { folderNames, sessionFolder } from './store.ts'

/** Whether what paude put there is still that, and nothing more. */
export function isAsMade({ kind, path }: Pick<StandIn, 'kind' | 'path'>): boolean {
  const [there, content] = [look(path), STAND_INS[kind]]
  return content === null
    ? there?.isDirectory() === true && entriesOf(path).length === 0
    : there?.isFile() === true && readSmall(path) === content
}

/**
 * What sessions list as put into projects by paude, also those that are being removed. To be read before the project is looked at: a
 * session whose list is gone by then has taken everything away.
 */
export const listedStandIns = (host: Host): ReadonlySet<string> =>
  new Set(folderNames(host).flatMap((id) => [LIST, LEAVING_LIST].flatMap((name) => listOf(join(sessionFolder(host, id), name)))))

/** What stands in for another session is one for this session too: else it would go with that one, if it has not gone already. */
export function withStandInsOfOthers<G extends Guards>(listed: ReadonlySet<string>, guards: G): G {
  const isTheirs = (path: string) => listed.has(path) && (look(path) === null || isAsMade({ kind: kindOf(path), path }))
  const ours = listed.size === 0 ? [] : guards.protectedPaths.filter(isTheirs)
  if (ours.length === 0) return guards
  const others = (paths: readonly string[]) => paths.filter((path) => !ours.includes(path))
  return {
    ...guards,
    protectedPaths: others(guards.protectedPaths),
    copiedPaths: others(guards.copiedPaths),
    standIns: [...guards.standIns, ...ours].sort(),
  }
}

/** What a path would be as a stand-in: a folder of hooks may have any name. */
export const kindOf = (path: string): StandIn['kind'] =>
  (['config.worktree', 'commondir'] as const).find((kind) => path.endsWith(`/${kind}`)) ?? 'hooks'

function listOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
