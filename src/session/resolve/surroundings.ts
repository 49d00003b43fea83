import { basename } from 'node:path'
import type { ExtensionPolicy, Imports } from '../../agents/imports.ts'
import type { Backend, Far } from '../../backends/backend.ts'
import type { Own } from '../../box/spec.ts'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { type Imported, lookOwn, lookPolicy } from '../../imports/look.ts'
import type { Uncommitted } from '../../plan/plan.ts'
import type { Secret } from '../../secret.ts'
import { type CloneSource, readCloneSource } from '../../workspace/clone-source.ts'
import type { Further } from '../../workspace/further.ts'
import { type Identity, readIdentity } from '../../workspace/identity.ts'
import { type Shadowed, withAgentConfig } from '../../workspace/shadow.ts'
import type { Store } from '../../workspace/sterile-git.ts'
import { readUncommitted } from '../../workspace/uncommitted.ts'
import { findWorkspace, type Workspace } from '../../workspace/workspace.ts'
import { storeOf } from '../clone/store.ts'
import { homeOwner, ownerMark } from '../record/home-owner.ts'
import { listedStandIns, withStandInsOfOthers } from '../record/stand-ins.ts'
import { furtherRepositories } from './further.ts'
import { type OverlaidFolder, overlaidFolders, overlaysHere } from './overlays.ts'
import { guardedMounts, guardList, type OwnMount } from './own-mounts.ts'

/** What a start must know of the machine and the project. */
export type Surroundings = {
  readonly workspace: Shadowed
  /** Folders in whose place the box has a volume. */
  readonly overlays: readonly OverlaidFolder[]
  /** Further repositories. */
  readonly repos: readonly Further[]
  /** Further places that somebody asked for. */
  readonly mounts: readonly OwnMount[]
  readonly identity: Identity
  /** PEM text, '' for none. */
  readonly extraCa: string
  /** Variables whose values lie elsewhere. */
  readonly references: Readonly<Record<string, Secret>>
  /** What the backend alone is told. */
  readonly own: Own
  /** Whose HOME it is, where volumes of others are beside it; '' elsewhere. */
  readonly homeOwner: string
  /** What a clone of the project is made of; null where the project itself is mounted. */
  readonly clone: (CloneSource & { readonly store: Store; readonly uncommitted: Uncommitted | null }) | null
  /** Your own set-up of the agent, where it comes in. */
  readonly imported: Imported | null
  /** What plugins and servers it may have; absent where nobody restricts them. */
  readonly extensions?: ExtensionPolicy | undefined
}

/** `imports` is how the set-up of the agent comes in, null where none does; `makesWorktree` leaves a missing `commondir` missing, `makesConfig` shadows a missing folder of the agent's. */
type Wanted = {
  readonly backend: Backend
  /** The machine that it is on, where that is another one. */
  readonly far?: Far | null
  readonly imports: Imports | null
  readonly makesWorktree: boolean
  readonly makesConfig: boolean
}

/** Looks at machine and project. No engine is asked, and no program runs but those that references name. */
export async function lookAround(
  host: Host,
  config: Config,
  { backend, far = null, imports, makesWorktree, makesConfig }: Wanted,
): Promise<Surroundings> {
  const listed = listedStandIns(host)
  const overlay = overlaysHere(config)
  const found = withStandInsOfOthers(listed, findWorkspace(host, { ...config.settings, overlay, list: guardList(config) }))
  const { agentConfig } = config.settings
  // A working tree in a copy of `.claude` would go with the session.
  const how = makesWorktree && agentConfig === 'shadow' ? 'read-only' : agentConfig
  const workspace = withAgentConfig(makesWorktree ? withoutCommondir(found) : found, how, makesConfig)
  const [extraCa, references] = [certificatesOf(host, config), await followed(host, config)]
  const own = ownOf(backend, { settings: config.settings, host, far })
  const mounts = guardedMounts(host, config, listed)
  const repos = furtherRepositories(host, config, { listed, project: workspace })
  const clone = elsewhere(far, () => lookAtClone(host, config, workspace))
  const place = { rules: config.settings, project: workspace.root }
  const imported = imports === null || config.settings.importConfig !== 'on' ? null : lookOwn(host, imports, place)
  const extensions = imports === null ? undefined : lookPolicy({ imports, imported }, place)
  return {
    workspace,
    overlays: overlaidFolders(workspace, listed),
    repos,
    mounts,
    identity: readIdentity(workspace.git, host, workspace.root),
    references,
    extraCa,
    own,
    homeOwner: own.kind === 'kubernetes' || far !== null ? homeOwner(host) : '',
    clone,
    imported,
    extensions,
  }
}

type Where = { readonly settings: Config['settings']; readonly host: Host; readonly far: Far | null }

const ownOf = (backend: Backend, { settings, host, far }: Where): Own => {
  const own = backend.own(settings, host)
  if (own.kind === 'oci' && backend.remote !== null && far !== null)
    return {
      ...own,
      selinux: far.selinux,
      remote: {
        ...backend.remote,
        ...(far.engine === '' ? {} : { engine: far.engine }),
        volumes: far.volumes,
        rootless: far.rootless,
      },
    }
  return own.kind === 'kubernetes' ? { ...own, owner: ownerMark(host) } : own
}

/** Only a clone is made of what is committed, so only there the flag says more. In a file it waits for one. */
export function refuseDirty({ settings: { workspaceMode, dirty }, origins }: Pick<Config, 'settings' | 'origins'>): void {
  if (workspaceMode === 'clone' || dirty === 'false' || origins.dirty.every(({ layer }) => layer !== 'flag')) return
  throw new PaudeError('usage', `--dirty needs a clone, but the workspace is ${workspaceMode}`, {
    hint: 'paude --workspace clone --dirty',
  })
}

/** Only a clone and a worktree begin somewhere. In a file it waits for one. */
export function refuseBase({ settings: { workspaceMode, dirty, base }, origins }: Pick<Config, 'settings' | 'origins'>): void {
  if (base === '') return
  if (workspaceMode === 'clone' && dirty === 'true')
    throw new PaudeError('usage', '--dirty and a base cannot be combined', {
      hint: 'your changes belong to the commit that you are on: leave one of them out',
    })
  if (workspaceMode === 'clone' || workspaceMode === 'worktree' || origins.base.every(({ layer }) => layer !== 'flag')) return
  throw new PaudeError('usage', `--base needs a clone or a worktree, but the workspace is ${workspaceMode}`, {
    hint: `paude --workspace clone --base ${base}`,
  })
}

/** Of another machine no folder here can be the workspace, so no hint may say so. */
function elsewhere<T>(far: Far | null, look: () => T): T {
  try {
    return look()
  } catch (error) {
    if (far === null || !(error instanceof PaudeError)) throw error
    const hint = error.hint.replace('--workspace bind', '--workspace none for an empty folder')
    throw new PaudeError(error.code, error.message, { hint, cause: error })
  }
}

function lookAtClone(host: Host, { settings, origins }: Config, { root, git }: Workspace): Surroundings['clone'] {
  refuseDirty({ settings, origins })
  refuseBase({ settings, origins })
  if (settings.workspaceMode !== 'clone') return null
  const isDirty = settings.dirty === 'true'
  const source = readCloneSource({ root, git, isDirty, base: settings.base })
  const uncommitted = isDirty && git !== null ? readUncommitted(root, git, host) : null
  return { ...source, store: storeOf(host, source), uncommitted }
}

/** The guard is lifted for this session alone, and what appears there is named at its end. */
function withoutCommondir(workspace: Workspace): Workspace {
  const isCommondir = (path: string) => basename(path) === 'commondir'
  const { standIns, watchedPaths } = workspace
  return {
    ...workspace,
    standIns: standIns.filter((path) => !isCommondir(path)),
    watchedPaths: [...watchedPaths, ...standIns.filter(isCommondir)].sort(),
  }
}

/** As PEM text. Each is looked at alone only where something is wrong: that is told with its place. */
export function certificatesOf(host: Pick<Host, 'platform'>, { settings: { caFile }, origins }: Config): string {
  try {
    return extraCaCertificates(host, caFile)
  } catch (error) {
    for (const [at, file] of caFile.entries())
      asSaid('image.ca_files', origins.caFile[at], () => extraCaCertificates(host, [file]))
    throw error
  }
}

async function followed(
  host: Host,
  { settings, origins }: Config,
  run?: () => Promise<string>,
): Promise<Surroundings['references']> {
  if (settings.references.length === 0) return {}
  const { readReferences } = await import('./references.ts')
  return await readReferences(
    settings,
    host,
    origins.references.map(({ place }) => place),
    run,
  )
}

/** Refuses what `[env]` refers to as a start does, and runs no program for it. */
export async function requireReferences(host: Host, config: Config): Promise<void> {
  await followed(host, config, async () => '-')
}

/** The project and the further repositories. */
export const workspacesOf = ({ workspace, repos }: Pick<Surroundings, 'workspace' | 'repos'>): readonly Workspace[] => [
  workspace,
  ...repos.map((one) => one.workspace),
]
