import { isAbsolute, join } from 'node:path'
import { onEveryEngine } from '../../backends/keys.ts'
import { hashOf } from '../../config/files/hash.ts'
import type { Layer, Source } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import { findProgram, type Host } from '../../host.ts'
import { shown } from '../../text.ts'
import { below } from '../../workspace/paths.ts'
import { writableFolders } from '../../workspace/workspace.ts'
import { refuseInside } from '../project.ts'
import { readEnvironment } from './environment.ts'
import { expand, type Scope, scopeOf } from './expand.ts'
import type { Found } from './find.ts'
import { ignoredKeys } from './ignored.ts'
import { parseJsonc } from './jsonc.ts'
import { readLifecycle } from './lifecycle.ts'
import { readMounts } from './mounts.ts'
import { readPorts } from './ports.ts'
import { readRecipe } from './recipe.ts'
import { readRunArgs } from './run-args.ts'
import { checkDevcontainer, type Devcontainer } from './schema.ts'

/** A devcontainer.json as a layer of settings, and what of it has no effect. `root` is the top level of the project. */
export function readDevcontainer(
  { file: { file, text }, folder }: Found,
  { root, host }: { readonly root: string; readonly host: Pick<Host, 'home' | 'user' | 'env'> },
): { readonly source: Source; readonly ignored: readonly string[] } {
  const found = checkDevcontainer({ file, text }, parseJsonc(file, text))
  refuseCompose({ file, folder }, found)
  const id = hashOf(file).slice(0, 32)
  const place = placeInBox(found, { folder, root, scope: scopeOf({ file, folder, inBox: folder, id }, host) })
  const scope = scopeOf({ file, folder, inBox: place.folder, id }, host)
  const recipe = readRecipe(found, root, scope)
  if (recipe !== null && Object.keys(recipe.features).length > 0) requireDevcontainerCli(file, host)
  const variables = readEnvironment(found, scope)
  const mounts = readMounts(found.mounts ?? [], scope)
  const { ports, ignored: strange } = readPorts(found)
  const { flags, ignored } = readRunArgs(found, scope)
  const image = recipe?.reference ?? (found.image === undefined ? undefined : expand(found.image, 'image', scope))
  const lifecycle = [...variables.exports, ...readLifecycle(found, place.folder, scope)]
  const values: Layer = {
    ...(image === undefined ? {} : { image }),
    ...(recipe === null ? {} : { imageBuild: recipe }),
    ...(variables.env.length > 0 ? { env: variables.env } : {}),
    ...(variables.references.length > 0 ? { references: variables.references } : {}),
    ...(mounts.mount.length > 0 ? { mount: mounts.mount } : {}),
    ...(flags.length > 0 ? onEveryEngine(flags) : {}),
    ...(lifecycle.length > 0 ? { lifecycle } : {}),
    ...(ports.length > 0 ? { forwardPorts: ports } : {}),
  }
  const places = Object.fromEntries(Object.keys(values).map((key) => [key, file]))
  const source: Source = { layer: 'project', values, places }
  refuseInside(source, file, { writable: writableFolders(root, host), home: host.home })
  return {
    source,
    ignored: [...ignoredKeys(found), ...place.ignored, ...variables.ignored, ...mounts.ignored, ...strange, ...ignored],
  }
}

/** The project keeps its own path, so a working directory elsewhere means nothing. */
function placeInBox(
  { workspaceFolder }: Devcontainer,
  { folder, root, scope }: { readonly folder: string; readonly root: string; readonly scope: Scope },
): { readonly folder: string; readonly ignored: readonly string[] } {
  if (workspaceFolder === undefined) return { folder, ignored: [] }
  const wanted = expand(workspaceFolder, 'workspaceFolder', scope)
  if (isAbsolute(wanted) && below(root, wanted) && !wanted.split('/').includes('..')) return { folder: wanted, ignored: [] }
  return { folder, ignored: [`workspaceFolder (the project is mounted at its own path)`] }
}

function refuseCompose({ file, folder }: Pick<Scope, 'file'> & Pick<Found, 'folder'>, { dockerComposeFile }: Devcontainer): void {
  if (dockerComposeFile !== undefined)
    throw new PaudeError('unsupported', `${shown(file)}: dockerComposeFile needs more containers than a box has`, {
      hint: `write a configuration with image or build into ${shown(join(folder, '.devcontainer'))}/NAME, and say --devcontainer=NAME`,
    })
}

function requireDevcontainerCli(file: string, host: Pick<Host, 'env'>): void {
  if (findProgram(host, 'devcontainer') === null)
    throw new PaudeError('unsupported', `${shown(file)}: features are put on by the devcontainer CLI, which is not in PATH`, {
      hint: 'install @devcontainers/cli, or build an image with them and name it with --image',
    })
}
