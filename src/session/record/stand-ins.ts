import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LIST, STAND_INS, type StandIn } from '../../box/stand-ins.ts'
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

/** What stands in for another session is one for this session too: else it would go with that one. */
export function withStandInsOfOthers<G extends Guards>(host: Host, guards: G): G {
  const likely = guards.protectedPaths.filter((path) => isAsMade({ kind: kindOf(path), path }))
  if (likely.length === 0) return guards
  const listed = new Set(folderNames(host).flatMap((id) => listOf(sessionFolder(host, id))))
  const ours = likely.filter((path) => listed.has(path))
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

function listOf(folder: string): readonly string[] {
  try {
    return readFileSync(join(folder, LIST), 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
