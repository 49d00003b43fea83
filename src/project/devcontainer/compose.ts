import { dirname, resolve } from 'node:path'
import * as v from 'valibot'
import { faultOf } from '../../config/files/faults.ts'
import { PaudeError } from '../../errors.ts'
import { firstOf, shortened, shown } from '../../text.ts'
import { below, realPath } from '../../workspace/paths.ts'
import { type ProjectFile, readProjectFile } from '../project.ts'
import { expand, type Heard, type Left, type Scope } from './expand.ts'
import type { Devcontainer } from './schema.ts'

/** How many variables, mounts or arguments a service may have: by an alias a small file names as many as it likes. */
const MOST_ENTRIES = 200
const TOO_MANY = `has more than ${MOST_ENTRIES} entries`
const few = v.check<unknown, string>(
  (found) => (Array.isArray(found) ? found : Object.keys(Object(found))).length <= MOST_ENTRIES,
  TOO_MANY,
)

const texts = v.array(v.string())
const scalar = v.nullable(v.union([v.string(), v.number(), v.boolean()]))
const listOrMap = v.pipe(v.unknown(), few, v.union([texts, v.record(v.string(), scalar)], 'must be a list of strings or a map'))
const Build = v.union(
  [
    v.string(),
    v.looseObject({
      context: v.nullish(v.string()),
      dockerfile: v.nullish(v.string()),
      args: v.nullish(listOrMap),
      target: v.nullish(v.string()),
    }),
  ],
  'must be a string or a map',
)
const Service = v.looseObject({
  image: v.nullish(v.string()),
  build: v.nullish(Build),
  environment: v.nullish(listOrMap),
  working_dir: v.nullish(v.string()),
  volumes: v.nullish(v.pipe(v.unknown(), few, v.array(v.union([v.string(), v.looseObject({})], 'must be a string or a map')))),
  extends: v.nullish(
    v.union([v.string(), v.looseObject({ service: v.string(), file: v.nullish(v.string()) })], 'must be a string or a map'),
  ),
})
/** Only the service that is taken is looked into. */
const File = v.looseObject({ services: v.nullish(v.record(v.string(), v.unknown())) })
type Service = v.InferOutput<typeof Service>

/** How many files are read, and how many services may extend one another: nobody has trusted any of them yet. */
const MOST_FILES = 16
const MOST_EXTENDED = 8

/** Read of a service; what else it says has no effect and is named. */
const TAKEN = ['image', 'build', 'environment', 'working_dir', 'volumes', 'extends']
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
 * container, so every other service is left out by name. `root` bounds what may be read; `parts` are the files that were.
 */
export function withService(
  found: Devcontainer,
  root: string,
  { scope, left }: Heard,
): { readonly found: Devcontainer; readonly parts: NonNullable<ProjectFile['parts']> } {
  const names = [found.dockerComposeFile ?? []].flat()
  const paths = [...new Set(names.map((name) => resolve(dirname(scope.file), expand(name, 'dockerComposeFile', scope))))]
  if (paths.length === 0) return { found, parts: [] }
  if (paths.length > MOST_FILES) throw fault(scope, `dockerComposeFile names more than ${MOST_FILES} files`)
  const known = new Map<string, ReadFile>()
  const read = (path: string) => {
    const file = known.get(path) ?? readCompose(path, root, scope)
    known.set(path, file)
    return file
  }
  const files = paths.map(read)
  const all = [...new Set(files.flatMap(({ services }) => Object.keys(services)))]
  const name = found.service ?? (all.length === 1 ? all[0] : undefined)
  if (name === undefined) throw fault(scope, `write service: the compose file has ${firstOf(all) || 'none'}`)
  const said = files.flatMap((file) => (Object.hasOwn(file.services, name) ? extended({ file, name }, { read, scope }) : []))
  if (said.length === 0)
    throw fault(scope, `there is no service ${shortened(name)} in the compose file, which has ${firstOf(all) || 'none'}`)
  const others = all.filter((one) => one !== name)
  if (others.length > 0) left(`compose services ${firstOf(others)} (a sandbox is one container)`)
  const service = Object.assign({}, ...said.map((one) => one.service)) as Service
  for (const key of Object.keys(service)) if (!TAKEN.includes(key) && !IDLE.includes(key)) left(`compose ${name}.${key}`)
  const reader: Reader = { name, base: dirname(files[0]?.path ?? scope.file), scope, left }
  const built = said.findLast((one) => one.service.build != null)
  const build = built === undefined ? undefined : buildOf(built, reader)
  if (build === undefined && service.image == null) left(`compose ${name} (without image and build; paude's own image is used)`)
  const { image: _image, build: _build, dockerFile: _dockerFile, context: _context, ...rest } = found
  const folder = service.working_dir == null ? null : fillOr(service.working_dir, 'working_dir', reader)
  const whole = {
    ...rest,
    ...(build !== undefined ? { build } : service.image == null ? {} : { image: fill(service.image, 'image', reader) }),
    containerEnv: { ...variables(said, reader), ...found.containerEnv },
    mounts: [...(found.mounts ?? []), ...binds(said, root, reader)],
    ...(found.workspaceFolder !== undefined || folder === null ? {} : { workspaceFolder: folder }),
  }
  return { found: whole, parts: [...known.values()].map(({ path, hash }) => ({ file: path, hash })) }
}

type ReadFile = { readonly path: string; readonly hash: string; readonly services: Readonly<Record<string, unknown>> }
/** A service as one file says it; its paths are meant from `base`. */
type Said = { readonly service: Service; readonly base: string }
type Reader = { readonly name: string; readonly base: string; readonly scope: Scope; readonly left: Left }

/** A service behind those that it extends, the farthest first. */
function extended(
  { file, name }: { readonly file: ReadFile; readonly name: string },
  { read, scope, depth = 0 }: { readonly read: (path: string) => ReadFile; readonly scope: Scope; readonly depth?: number },
): readonly Said[] {
  const result = v.safeParse(Service, Object.hasOwn(file.services, name) ? (file.services[name] ?? {}) : undefined)
  if (!result.success)
    throw fault(scope, `dockerComposeFile: ${file.path}: services.${name}: ${faultOf(result.issues[0], 'an object').message}`)
  const service = result.output
  const own = { service, base: dirname(file.path) }
  if (service.extends == null) return [own]
  if (depth >= MOST_EXTENDED) throw fault(scope, `dockerComposeFile: ${file.path}: ${name} extends too many services`)
  const from = typeof service.extends === 'string' ? { service: service.extends } : service.extends
  const other = from.file == null ? file : read(resolve(dirname(file.path), from.file))
  return [...extended({ file: other, name: from.service }, { read, scope, depth: depth + 1 }), own]
}

function readCompose(path: string, root: string, scope: Scope): ReadFile {
  if (!below(root, path) || realPath(dirname(path)) !== dirname(path))
    throw fault(scope, `dockerComposeFile is outside the project: ${path}`)
  const file = readProjectFile(path)
  if (file === null) throw fault(scope, `dockerComposeFile: ${path} does not exist`)
  let tree: unknown
  try {
    tree = Bun.YAML.parse(file.text)
  } catch (error) {
    throw fault(scope, `dockerComposeFile: ${path}: not valid YAML: ${(error as Error).message}`)
  }
  const result = v.safeParse(File, tree)
  if (!result.success) throw fault(scope, `dockerComposeFile: ${path}: ${faultOf(result.issues[0], 'an object').message}`)
  return { path, hash: file.hash, services: result.output.services ?? {} }
}

/** Paths are meant from the file that says so; a Dockerfile from its context. */
function buildOf({ service: { build }, base }: Said, reader: Reader): Devcontainer['build'] {
  const said = typeof build === 'string' ? { context: build } : build
  const folder = resolve(base, fill(said?.context ?? '.', 'build.context', reader))
  const args = pairs(said?.args ?? {}).flatMap(([key, value]) => {
    // One without a value is the caller's variable, which no build is told.
    const filled = value === null ? null : fillOr(value, `build.args.${key}`, reader)
    return filled === null ? [] : [[key, filled] as const]
  })
  return {
    context: folder,
    dockerfile: resolve(folder, fill(said?.dockerfile ?? 'Dockerfile', 'build.dockerfile', reader)),
    args: Object.fromEntries(args),
    ...(said?.target == null ? {} : { target: fill(said.target, 'build.target', reader) }),
  }
}

/** A later file has the last word on a variable. */
function variables(said: readonly Said[], reader: Reader): Readonly<Record<string, string>> {
  const all = new Map(said.flatMap(({ service }) => pairs(service.environment ?? {})))
  if (all.size > MOST_ENTRIES) throw fault(reader.scope, `compose ${reader.name}.environment ${TOO_MANY}`)
  return Object.fromEntries(
    [...all].flatMap(([key, value]) => {
      const filled = value === null ? null : fillOr(value, `environment.${key}`, reader)
      if (value === null)
        reader.left(`compose ${reader.name}.environment.${key} (an environment variable of this machine; set it in containerEnv)`)
      return filled === null ? [] : [[key, filled] as const]
    }),
  )
}

/** Folders of this machine that lie outside of the project. That the project is mounted elsewhere means nothing here. */
function binds(said: readonly Said[], root: string, reader: Reader): NonNullable<Devcontainer['mounts']> {
  const volumes = said.flatMap(({ service, base }) => (service.volumes ?? []).map((volume) => ({ volume, base })))
  if (volumes.length > MOST_ENTRIES) throw fault(reader.scope, `compose ${reader.name}.volumes ${TOO_MANY}`)
  return volumes.flatMap(({ volume, base }, at) => {
    const key = `volumes.${at}`
    const text = typeof volume === 'string' ? fillOr(volume, key, reader) : ''
    if (text === null) return []
    const [source = '', target, mode = ''] = text.split(':')
    if (target === undefined || !/^[./]/.test(source)) {
      reader.left(`compose ${reader.name}.${key} (paude only uses folders of this machine)`)
      return []
    }
    const place = resolve(base, source)
    if (below(place, root) || below(root, place)) return []
    return [{ type: 'bind', source: place, target, readonly: mode.split(',').includes('ro') }]
  })
}

const pairs = (said: v.InferOutput<typeof listOrMap>): readonly (readonly [string, string | null])[] =>
  Array.isArray(said)
    ? said.map((entry) => {
        const at = entry.indexOf('=')
        return at === -1 ? [entry, null] : [entry.slice(0, at), entry.slice(at + 1)]
      })
    : Object.entries(said).map(([key, value]) => [key, value === null ? null : String(value)])

/** A default ends at the next `$`, so that no text takes long. One with a variable in it is not read: it matches without a name. */
const VARIABLE = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?+])([^}$]*))?\}|\{[A-Za-z_]\w*:?[-?+]|([A-Za-z_]\w*))/g

/**
 * With the defaults of its variables; null where one has none. What the caller's environment or a .env says is not read: it may be a
 * secret, and lands in argv.
 */
function filled(text: string, { scope }: Reader): string | null {
  let unread = false
  const whole = text.replace(VARIABLE, (word, braced?: string, operator?: string, value?: string, plain?: string) => {
    if (word === '$$') return '$'
    const name = braced ?? plain ?? ''
    if (Object.hasOwn(scope.caller, name)) return scope.caller[name] ?? ''
    if (operator?.endsWith('-')) return value ?? ''
    unread ||= !operator?.endsWith('+')
    return ''
  })
  return unread ? null : whole
}

/** The same where nothing can do without it. */
function fill(text: string, key: string, reader: Reader): string {
  const whole = filled(text, reader)
  if (whole !== null) return whole
  throw fault(
    reader.scope,
    `compose ${reader.name}.${key} is ${text}: paude reads no environment variable of this machine here, so it needs a default after :-`,
  )
}

/** The same; null where it is left out by name. */
function fillOr(text: string, key: string, reader: Reader): string | null {
  const whole = filled(text, reader)
  if (whole === null) reader.left(`compose ${reader.name}.${key} (paude reads no environment variable of this machine here)`)
  return whole
}

const fault = ({ file }: Scope, message: string): PaudeError =>
  new PaudeError('config', `${shown(file)}: ${shown(message)}`, {
    hint: 'correct it, or start without the file: paude --devcontainer=off',
  })
