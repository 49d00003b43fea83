import { dirname, join, resolve } from 'node:path'
import { hashOf } from '../../config/files/hash.ts'
import { PaudeError } from '../../errors.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import { IMAGE } from '../../image/reference.ts'
import { isTooLong, shown } from '../../text.ts'
import { below, look, realPath } from '../../workspace/paths.ts'
import { readProjectFile } from '../project.ts'
import { expand, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** How the image is made; null where one is taken as it is, or none is said. `root` bounds what may be read. */
export function readRecipe(found: Devcontainer, root: string, scope: Scope): ImageBuild | null {
  const { build = {}, features = {} } = found
  const name = build.dockerfile ?? found.dockerFile
  if (name === undefined && Object.keys(features).length === 0) return null
  if (name === undefined) requireBase(found, scope)
  refuseLocal(features, scope)
  const place = (path: string, key: string) => {
    const found = resolve(dirname(scope.file), expand(path, key, scope))
    if (isTooLong(found)) throw refused(scope, `${key} is longer than any path: ${shown(found.slice(0, 60))}…`)
    return found
  }
  const dockerfile = name === undefined ? null : readDockerfile(place(name, 'build.dockerfile'), root, scope)
  const context = place(build.context ?? found.context ?? '.', 'build.context')
  const recipe = {
    kind: 'build' as const,
    file: scope.file,
    dockerfile,
    context: dockerfile === null ? '' : realContext(context, root, scope),
    target: expand(build.target ?? '', 'build.target', scope),
    args: Object.fromEntries(
      Object.entries(build.args ?? {}).map(([key, value]) => [key, expand(value, `build.args.${key}`, scope)]),
    ),
    base: dockerfile === null ? expand(found.image ?? '', 'image', scope) : '',
    features,
  }
  return { ...recipe, reference: `localhost/paude/devcontainer:${hashOf(JSON.stringify(recipe)).slice(0, 12)}` }
}

/** Read once: what is judged and approved is what is built. */
function readDockerfile(path: string, root: string, scope: Scope): NonNullable<ImageBuild['dockerfile']> {
  if (!below(root, path) || realPath(dirname(path)) !== dirname(path))
    throw refused(scope, `build.dockerfile leads out of the project: ${shown(path)}`)
  const file = readProjectFile(path)
  if (file === null)
    throw new PaudeError('not-found', `${shown(scope.file)}: build.dockerfile: ${shown(path)} is not there`, {
      hint: 'name a Dockerfile of the project, or go on without it: paude --devcontainer=off',
    })
  return { path, text: file.text, hash: file.hash }
}

/** Where the context really is. */
function realContext(path: string, root: string, scope: Scope): string {
  const real = realPath(path)
  if (real === null || !look(real)?.isDirectory())
    throw new PaudeError('not-found', `${shown(scope.file)}: build.context: ${shown(path)} is no folder`, {
      hint: 'name a folder of the project, or go on without it: paude --devcontainer=off',
    })
  if (!below(root, real)) throw refused(scope, `build.context leads out of the project: ${shown(real)}`)
  return real
}

/** The devcontainer CLI hands it on as a word of its own. */
function requireBase({ image = '' }: Devcontainer, scope: Scope): void {
  if (!IMAGE.test(expand(image, 'image', scope)))
    throw new PaudeError('config', `${shown(scope.file)}: features need an image or a build to be put on`, {
      hint: 'write image or build',
    })
}

/** Features are taken from where they are published: those of the project are code that nothing pins. */
function refuseLocal(features: Readonly<Record<string, unknown>>, scope: Scope): void {
  const local = Object.keys(features).find((name) => name.startsWith('.') || name.startsWith('/'))
  if (local !== undefined) throw refused(scope, `features: ${shown(join(local))} lies in the project, which is not supported`)
}

const refused = ({ file }: Scope, fault: string): PaudeError =>
  new PaudeError('refused', `${shown(file)}: ${fault}`, { hint: 'correct it, or go on without it: paude --devcontainer=off' })
