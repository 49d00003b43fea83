import { dirname, resolve } from 'node:path'
import { hashOf } from '../../config/files/hash.ts'
import { PaudeError } from '../../errors.ts'
import { BASE } from '../../image/build.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import { IMAGE } from '../../image/reference.ts'
import { isTooLong, quoted, shown } from '../../text.ts'
import { below, look, realPath } from '../../workspace/paths.ts'
import { readProjectFile } from '../project.ts'
import { expand, expandOr, type Heard, type Scope } from './expand.ts'
import { readFeatures } from './features.ts'
import type { Devcontainer } from './schema.ts'

/** How the image is made; null where one is taken as it is, or none is said. `root` bounds what may be read. */
export function readRecipe(found: Devcontainer, root: string, { scope, left }: Heard): ImageBuild | null {
  const { build = {} } = found
  const name = build.dockerfile ?? found.dockerFile
  const features = readFeatures(found, root, { scope, left })
  if (name === undefined && features.length === 0) return null
  const place = (path: string, key: string) => {
    const found = resolve(dirname(scope.file), expand(path, key, scope))
    if (isTooLong(found)) throw refused(scope, `${key} is too long for a path: ${shown(found.slice(0, 60))}…`)
    return found
  }
  const dockerfile = name === undefined ? null : readDockerfile(place(name, 'build.dockerfile'), root, scope)
  const context = place(build.context ?? found.context ?? '.', 'build.context')
  const args = Object.entries(build.args ?? {}).flatMap(([key, value]) => {
    const filled = expandOr(value, `build.args.${key}`, { scope, left })
    return filled === null ? [] : [[key, filled] as const]
  })
  const recipe = {
    kind: 'build' as const,
    file: scope.file,
    dockerfile,
    context: dockerfile === null ? '' : realContext(context, root, scope),
    target: expand(build.target ?? '', 'build.target', scope),
    args: Object.fromEntries(dockerfile === null ? [] : args),
    base: dockerfile === null ? baseOf(found, scope) : '',
    features,
    user: found.remoteUser ?? found.containerUser ?? 'root',
  }
  return { ...recipe, reference: `localhost/paude/devcontainer:${hashOf(JSON.stringify(recipe)).slice(0, 32)}` }
}

/** Read once: what is judged and approved is what is built. */
function readDockerfile(path: string, root: string, scope: Scope): NonNullable<ImageBuild['dockerfile']> {
  if (!below(root, path) || realPath(dirname(path)) !== dirname(path))
    throw refused(scope, `build.dockerfile is outside the project: ${shown(path)}`)
  const file = readProjectFile(path)
  if (file === null)
    throw new PaudeError('not-found', `${shown(scope.file)}: build.dockerfile: ${shown(path)} does not exist`, {
      hint: 'name a Dockerfile of the project, or start without the file: paude --devcontainer=off',
    })
  return { path, text: file.text, hash: file.hash }
}

/** Where the context really is. */
function realContext(path: string, root: string, scope: Scope): string {
  const real = realPath(path)
  if (real === null || !look(real)?.isDirectory())
    throw new PaudeError('not-found', `${shown(scope.file)}: build.context: ${shown(path)} is not a folder`, {
      hint: 'name a folder of the project, or start without the file: paude --devcontainer=off',
    })
  if (!below(root, real)) throw refused(scope, `build.context is outside the project: ${shown(real)}`)
  return real
}

/** What features are put on where there is no Dockerfile: the image that is named, else what paude's own begins with. */
const baseOf = (found: Devcontainer, scope: Scope): string => readImage(found, scope) ?? BASE

/** The image that is named; undefined where none is. */
export function readImage({ image }: Devcontainer, scope: Scope): string | undefined {
  if (image === undefined) return undefined
  const reference = expand(image, 'image', scope)
  if (!IMAGE.test(reference)) throw refused(scope, `image is not an image reference: ${quoted(reference)}`)
  return reference
}

const refused = ({ file }: Scope, fault: string): PaudeError =>
  new PaudeError('refused', `${shown(file)}: ${fault}`, {
    hint: 'correct it, or start without the file: paude --devcontainer=off',
  })
