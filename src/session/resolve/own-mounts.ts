import { join, relative } from 'node:path'
import type { Mount } from '../../box/spec.ts'
import type { StandIn } from '../../box/stand-ins.ts'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Host } from '../../host.ts'
import type { Guards } from '../../workspace/guard.ts'
import { type Listed, listWith, readAddition } from '../../workspace/listed.ts'
import { checkMount, checkTogether, parseMount } from '../../workspace/mount.ts'
import { look } from '../../workspace/paths.ts'
import { guardMount, type Workspace } from '../../workspace/workspace.ts'
import { kindOf, withStandInsOfOthers } from '../record/stand-ins.ts'

/** A place that somebody asked for, with what in it must not change; null where the box cannot write. */
export type OwnMount = { readonly mount: Mount; readonly guards: Guards | null }

/** The mounts that somebody asked for, each held against this machine. */
export const ownMounts = (host: Host, { settings, origins }: Config): readonly Mount[] =>
  settings.mount.map((text, at) => asSaid('mounts', origins.mount[at], () => checkMount(parseMount(text, host), host)))

/** The same, each looked through as the project is. */
export const guardedMounts = (host: Host, config: Config, listed: ReadonlySet<string>): readonly OwnMount[] =>
  ownMounts(host, config).map((mount, at) => ({
    mount,
    guards:
      mount.readOnly || look(mount.source)?.isDirectory() !== true
        ? null
        : withStandInsOfOthers(
            listed,
            asSaid('mounts', config.origins.mount[at], () => guardMount(mount.source, host, guardList(config))),
          ),
  }))

/** A mount and, behind it, what of it must stay in its place and as it is. Nothing of it is copied: its configuration is read-only. */
export function withGuards({ mount, guards }: OwnMount): readonly (Mount & { readonly file: boolean })[] {
  const at = inBox(mount)
  const inside = (paths: readonly string[], readOnly: boolean) =>
    paths.map((source) => ({ source, target: at(source), readOnly, file: look(source)?.isFile() === true }))
  return [
    { ...mount, file: look(mount.source)?.isFile() === true },
    ...inside(guards?.pinnedPaths ?? [], false),
    ...inside(guards?.protectedPaths ?? [], true),
  ]
}

export const mountStandIns = ({ mount, guards }: OwnMount): readonly StandIn[] =>
  guards === null ? [] : standInsOf(guards, inBox(mount))

/** What is missing in git data, and sockets; `at` is where the box has a path. */
export const standInsOf = (
  { standIns, socketPaths }: Pick<Guards, 'standIns' | 'socketPaths'>,
  at: (path: string) => string,
): readonly StandIn[] => [
  ...standIns.map((path) => ({ kind: kindOf(path), path, target: at(path) })),
  ...socketPaths.map((path) => ({ kind: 'socket', path, target: at(path) }) as const),
]

/** What is guarded in any folder: a project's file may only add to it. */
export const guardList = ({ settings, origins }: Config): readonly Listed[] =>
  listWith(settings.guard.map((text, at) => readAddition(text, origins.guard[at]?.layer !== 'project')))

const inBox =
  ({ source, target }: Mount) =>
  (path: string): string =>
    join(target, relative(source, path))

/** Which one is wrong is found out only where one is: one more each time, so that it is the last that is refused. */
export function requireTogether(own: readonly Mount[], { origins }: Pick<Config, 'origins'>, workspace: Workspace): void {
  try {
    checkTogether(own, workspace)
  } catch (error) {
    for (const at of own.keys()) asSaid('mounts', origins.mount[at], () => checkTogether(own.slice(0, at + 1), workspace))
    throw error
  }
}
