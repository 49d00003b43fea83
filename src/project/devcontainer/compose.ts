import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { faultOf } from '../../config/files/faults.ts'
import { PaudeError } from '../../errors.ts'
import { shown } from '../../text.ts'
import { below, realPath } from '../../workspace/paths.ts'
import { readProjectFile } from '../project.ts'
import { expand, type Heard, type Left, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

const texts = v.array(v.string())
const scalar = v.nullable(v.union([v.string(), v.number(), v.boolean()]))
const listOrMap = v.union([texts, v.record(v.string(), scalar)], 'must be a list of texts or a map')
const Build = v.union(
  [
    v.string(),
    v.looseObject({
      context: v.optional(v.string()),
      dockerfile: v.optional(v.string()),
      args: v.optional(listOrMap),
      target: v.optional(v.string()),
    }),
  ],
  'must be a text or a map',
)
const Service = v.looseObject({
  image: v.optional(v.string()),
  build: v.optional(Build),
  environment: v.optional(listOrMap),
  working_dir: v.optional(v.string()),
  volumes: v.optional(v.array(v.union([v.string(), v.looseObject({})], 'must be a text or a map'))),
})
const File = v.looseObject({ services: v.optional(v.record(v.string(), v.nullable(Service))) })
type Service = v.InferOutput<typeof Service>

/** Read of a service; what else it says has no effect and is named. */
const TAKEN = ['image', 'build', 'environment', 'working_dir', 'volumes']
const IDLE = [
  'command',
  'entrypoint',
  'init',
  'tty',
  'stdin_open',
  'container_name',
  'hostname',
  'restart',
  'depends_on',
  'links',
]

/**
 * The file as if it said itself what the service that it names says: image or build, variables, mounts and folder. The box is one
 * container, so every other service is left out by name. `root` bounds what may be read.
 */
export function withService(found: Devcontainer, root: string, { scope, left }: Heard): Devcontainer {
  const names = [found.dockerComposeFile ?? []].flat()
  if (names.length === 0) return found
  const files = names.map((name) =>
    readCompose(resolve(dirname(scope.file), expand(name, 'dockerComposeFile', scope)), root, scope),
  )
  const base = dirname(files[0]?.path ?? scope.file)
  const all = [...new Set(files.flatMap(({ services }) => Object.keys(services)))]
  const name = found.service ?? (all.length === 1 ? all[0] : undefined)
  if (name === undefined) throw fault(scope, `write service: the compose file has ${all.join(', ') || 'none'}`)
  const said = files.flatMap(({ services }) => (Object.hasOwn(services, name) ? [services[name] ?? {}] : []))
  if (said.length === 0)
    throw fault(scope, `there is no service ${name} in the compose file, which has ${all.join(', ') || 'none'}`)
  const others = all.filter((one) => one !== name)
  if (others.length > 0) left(`compose services ${others.join(', ')} (a box is one container)`)
  const service = Object.assign({}, ...said) as Service
  for (const key of Object.keys(service)) if (!TAKEN.includes(key) && !IDLE.includes(key)) left(`compose ${name}.${key}`)
  const fill = (text: string, key: string) => filled(text, { key: `compose ${name}.${key}`, scope })
  const build = buildOf(service, { base, fill })
  if (build === undefined && service.image === undefined)
    throw fault(scope, `the service ${name} of the compose file has neither image nor build`)
  const { image: _image, build: _build, dockerFile: _dockerFile, context: _context, ...rest } = found
  return {
    ...rest,
    ...(build === undefined ? { image: fill(service.image ?? '', 'image') } : { build }),
    containerEnv: { ...variables(said, { name, left, scope }), ...found.containerEnv },
    mounts: [...(found.mounts ?? []), ...binds(said, { base, name, root, left, fill })],
    ...(found.workspaceFolder !== undefined || service.working_dir === undefined
      ? {}
      : { workspaceFolder: fill(service.working_dir, 'working_dir') }),
  }
}

type Fill = (text: string, key: string) => string

function readCompose(
  path: string,
  root: string,
  scope: Scope,
): { readonly path: string; readonly services: NonNullable<v.InferOutput<typeof File>['services']> } {
  if (!below(root, path) || realPath(dirname(path)) !== dirname(path))
    throw fault(scope, `dockerComposeFile leads out of the project: ${path}`)
  const file = readProjectFile(path)
  if (file === null) throw fault(scope, `dockerComposeFile: ${path} is not there`)
  let tree: unknown
  try {
    tree = Bun.YAML.parse(file.text)
  } catch (error) {
    throw fault(scope, `dockerComposeFile: ${path}: not valid YAML: ${(error as Error).message}`)
  }
  const result = v.safeParse(File, tree)
  if (!result.success) throw fault(scope, `dockerComposeFile: ${path}: ${faultOf(result.issues[0], 'an object').message}`)
  return { path, services: result.output.services ?? {} }
}

/** Paths are meant from the first compose file; a Dockerfile from its context. */
function buildOf({ build }: Service, { base, fill }: { readonly base: string; readonly fill: Fill }): Devcontainer['build'] {
  if (build === undefined) return undefined
  const { context = '.', dockerfile = 'Dockerfile', args = {}, target } = typeof build === 'string' ? { context: build } : build
  const folder = resolve(base, fill(context, 'build.context'))
  return {
    context: folder,
    dockerfile: resolve(folder, fill(dockerfile, 'build.dockerfile')),
    // One without a value is the caller's variable, which no build is told.
    args: Object.fromEntries(
      pairs(args).flatMap(([key, value]) => (value === null ? [] : [[key, fill(value, `build.args.${key}`)]])),
    ),
    ...(target === undefined ? {} : { target: fill(target, 'build.target') }),
  }
}

/** A later file has the last word on a variable. */
function variables(
  said: readonly Service[],
  { name, left, scope }: { readonly name: string; readonly left: Left; readonly scope: Scope },
): Readonly<Record<string, string>> {
  const all = new Map(said.flatMap(({ environment = {} }) => pairs(environment)))
  return Object.fromEntries(
    [...all].flatMap(([key, value]) => {
      const what = `compose ${name}.environment.${key}`
      if (value === null) {
        left(`${what} (a variable of this machine: name it in containerEnv)`)
        return []
      }
      try {
        return [[key, filled(value, { key: what, scope })]]
      } catch (error) {
        if (!(error instanceof PaudeError)) throw error
        left(`${what} (a variable of this machine is not read here)`)
        return []
      }
    }),
  )
}

/** Folders of this machine that lie outside of the project. That the project is mounted elsewhere means nothing here. */
function binds(
  said: readonly Service[],
  {
    base,
    name,
    root,
    left,
    fill,
  }: { readonly base: string; readonly name: string; readonly root: string; readonly left: Left; readonly fill: Fill },
): NonNullable<Devcontainer['mounts']> {
  const volumes = said.flatMap((service) => service.volumes ?? [])
  return volumes.flatMap((volume, at) => {
    const key = `volumes.${at}`
    if (typeof volume !== 'string') {
      left(`compose ${name}.${key} (write it into mounts)`)
      return []
    }
    let source = ''
    let [target, mode]: (string | undefined)[] = []
    try {
      ;[source = '', target, mode] = fill(volume, key).split(':')
    } catch (error) {
      if (!(error instanceof PaudeError)) throw error
    }
    if (target === undefined || !/^[./]/.test(source)) {
      left(`compose ${name}.${key} (only folders of this machine are taken over)`)
      return []
    }
    const place = resolve(base, source)
    if (below(place, root) || below(root, place)) return []
    return [{ type: 'bind', source: place, target, readonly: (mode ?? '').split(',').includes('ro') }]
  })
}

const pairs = (said: v.InferOutput<typeof listOrMap>): readonly (readonly [string, string | null])[] =>
  Array.isArray(said)
    ? said.map((entry) => {
        const at = entry.indexOf('=')
        return at === -1 ? [entry, null] : [entry.slice(0, at), entry.slice(at + 1)]
      })
    : Object.entries(said).map(([key, value]) => [key, value === null ? null : String(value)])

const VARIABLE = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?+])([^}]*))?\}|([A-Za-z_]\w*))/g

/** With the defaults of its variables. What the caller's environment or a .env says is not read: it may be a secret, and lands in argv. */
function filled(text: string, { key, scope }: { readonly key: string; readonly scope: Scope }): string {
  return text.replace(VARIABLE, (word, braced?: string, operator?: string, value?: string, plain?: string) => {
    if (word === '$$') return '$'
    const name = braced ?? plain ?? ''
    if (Object.hasOwn(scope.caller, name)) return scope.caller[name] ?? ''
    if (operator?.endsWith('-')) return value ?? ''
    if (operator?.endsWith('+')) return ''
    throw fault(
      scope,
      `${key} has ${word} in it, and a variable of this machine is not read here; write a default: \${${name}:-DEFAULT}`,
    )
  })
}

const fault = ({ file }: Scope, message: string): PaudeError =>
  new PaudeError('config', `${shown(file)}: ${shown(message)}`, {
    hint: 'correct it, or go on without it: paude --devcontainer=off',
  })
