import { isAbsolute, join } from 'node:path'
import { onEveryEngine } from '../../backends/keys.ts'
import { hashOf } from '../../config/files/hash.ts'
import type { Layer, Source } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { hasControl, isTooLong, shown } from '../../text.ts'
import { below } from '../../workspace/paths.ts'
import { writableFolders } from '../../workspace/workspace.ts'
import { type ProjectFile, refuseInside } from '../project.ts'
import { withService } from './compose.ts'
import { readEnvironment } from './environment.ts'
import { expandOr, type Heard, type Left, scopeOf } from './expand.ts'
import type { Found } from './find.ts'
import { ignoredKeys } from './ignored.ts'
import { parseJsonc } from './jsonc.ts'
import { readLifecycle } from './lifecycle.ts'
import { readMounts } from './mounts.ts'
import { readPorts } from './ports.ts'
import { readImage, readRecipe } from './recipe.ts'
import { readRunArgs } from './run-args.ts'
import { checkDevcontainer, type Devcontainer, faulty } from './schema.ts'

/** A devcontainer.json as a layer of settings, what of it has no effect, and the compose files that it is read with. */
type Read = {
  readonly source: Source
  readonly ignored: readonly string[]
  readonly parts: NonNullable<ProjectFile['parts']>
}

/** Reads a devcontainer.json with the files that it names. `root` is the top level of the project. */
export function readDevcontainer(
  { file: { file, text }, folder }: Found,
  { root, host }: { readonly root: string; readonly host: Pick<Host, 'home' | 'user' | 'env'> },
): Read {
  const written = checkDevcontainer({ file, text }, parseJsonc(file, text))
  const id = hashOf(file).slice(0, 32)
  const ignored: string[] = [...ignoredKeys(written)]
  const left: Left = (what) => ignored.push(what)
  const faults: PaudeError[] = []
  const tried = tryingAll(faults)
  const outer = scopeOf({ file, folder, inBox: folder, id }, host)
  const { found, parts } = tried(() => withService(written, root, { scope: outer, left }), { found: written, parts: [] })
  const place = tried(() => placeInBox(found, { folder, root, heard: { scope: outer, left } }), {
    folder,
    links: [],
    unreached: false,
  })
  if (place.unreached) left('workspaceFolder (the project is mounted at its own path)')
  const scope = scopeOf({ file, folder, inBox: place.folder, id }, host)
  const heard = { scope, left }
  const recipe = tried(() => readRecipe(found, root, heard), null)
  const { flags, env } = tried(() => readRunArgs(found, scope, left), { flags: [], env: {} })
  const variables = tried(() => readEnvironment(found, env, scope), { env: [], references: [], exports: [], ignored: [] })
  const mounts = tried(() => readMounts(found.mounts ?? [], { root, host }, heard), [])
  const { ports, ignored: strange } = readPorts(found)
  const image = tried(() => recipe?.reference ?? readImage(found, scope), undefined)
  const lifecycle = [...variables.exports, ...tried(() => readLifecycle(found, place.folder, heard), [])]
  if (faults.length > 0) throw together(file, faults)
  // Without commands, and unless it is named, nobody looks for the project there.
  const named = found.workspaceFolder?.startsWith('/workspaces/') === true
  const links = named || lifecycle.some(({ kind }) => kind === 'run') ? place.links : []
  const values: Layer = {
    ...(image === undefined ? {} : { image }),
    ...(recipe === null ? {} : { imageBuild: recipe }),
    ...(variables.env.length > 0 ? { env: variables.env } : {}),
    ...(variables.references.length > 0 ? { references: variables.references } : {}),
    ...(mounts.length > 0 ? { mount: mounts } : {}),
    ...(flags.length > 0 ? onEveryEngine(flags) : {}),
    ...(lifecycle.length > 0 ? { lifecycle } : {}),
    ...(links.length > 0 ? { workspaceLinks: links } : {}),
    ...(ports.length > 0 ? { forwardPorts: ports } : {}),
  }
  const places = Object.fromEntries(Object.keys(values).map((key) => [key, file]))
  const source: Source = { layer: 'project', values, places }
  refuseInside(source, file, { writable: writableFolders(root, host), home: host.home })
  return { source, ignored: [...ignored, ...variables.ignored, ...strange], parts }
}

/** Goes on where a part cannot be read, so that all such parts are told at once. */
const tryingAll =
  (faults: PaudeError[]) =>
  <T>(read: () => T, without: T): T => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof PaudeError)) throw error
      faults.push(error)
      return without
    }
  }

function together(file: string, faults: readonly PaudeError[]): PaudeError {
  const [first] = faults
  if (first !== undefined && faults.length === 1) return first
  return faulty(
    file,
    faults.map(({ message }) => ({ message: message.replace(`${shown(file)}: `, '') })),
  )
}

type Place = {
  /** Where commands run: the project keeps its own path. */
  readonly folder: string
  /** What the file, or a tool that reads it, calls that folder. */
  readonly links: NonNullable<Layer['workspaceLinks']>
  /** Whether the folder that the file names is none of these. */
  readonly unreached: boolean
}

/** The usual name in /workspaces leads to the project, and that which the file has in its stead. */
function placeInBox(
  { workspaceFolder }: Devcontainer,
  { folder, root, heard }: { readonly folder: string; readonly root: string; readonly heard: Heard },
): Place {
  const usual = folder.split('/').at(-1) ?? ''
  const link = (name: string) => ({ kind: 'link' as const, name, folder })
  // There already, on a machine that has its projects there.
  const links = below('/workspaces', root) || below(root, '/workspaces') ? [] : [link(usual)]
  if (workspaceFolder === undefined) return { folder, links, unreached: false }
  const wanted = expandOr(workspaceFolder, 'workspaceFolder', heard)
  if (wanted === null) return { folder, links, unreached: false }
  if (isTooLong(wanted)) return { folder, links, unreached: true }
  const parts = wanted.split('/').filter((part) => part !== '' && part !== '.')
  if (isAbsolute(wanted) && below(root, wanted) && !parts.includes('..')) return { folder: wanted, links, unreached: false }
  const [top, name = '', ...inner] = parts
  if (top !== 'workspaces' || name === '' || parts.includes('..') || hasControl(wanted) || links.length === 0)
    return { folder, links, unreached: true }
  return { folder: join(folder, ...inner), links: name === usual ? links : [...links, link(name)], unreached: false }
}
