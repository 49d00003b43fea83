#!/usr/bin/env bun
/**
 * Stands in for Apple's `container`, which runs on a Mac alone: takes the calls that the real one takes and refuses all others, keeps its
 * rules, answers in its JSON, and runs a docker container where the real one runs a virtual machine. What only a Mac shows (vsock relays,
 * shared folders, the virtual machine) is not seen with it. FAKE_CONTAINER=down: its service does not run; =leaks: `--network none` has a way out.
 */
import { existsSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Call, readCall, UsageError } from './grammar.ts'

const VERSION = process.env['FAKE_CONTAINER_VERSION'] ?? '1.2.2'
const MARK = 'fake.apple'
/** So that paude on docker takes nothing of it for its own. */
const hidden = (label: string): string => `fake.${label}`
const shown = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels).flatMap(([key, value]) =>
      key.startsWith('fake.') && key !== MARK ? [[key.slice('fake.'.length), value]] : [],
    ),
  )

class Refused extends Error {}

function docker(words: readonly string[], stdin: 'inherit' | 'ignore' = 'ignore') {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['docker', ...words], { stdin, stdout: 'pipe', stderr: 'pipe' })
  return { code: exitCode, stdout: stdout.toString(), bytes: stdout, stderr: stderr.toString() }
}

function must(words: readonly string[]): string {
  const { code, stdout, stderr } = docker(words)
  if (code !== 0) throw new Refused(stderr.trim())
  return stdout
}

/** Hands the streams over; signals and the end are docker's. */
async function become(words: readonly string[]): Promise<number> {
  const child = Bun.spawn(['docker', ...words], { stdio: ['inherit', 'inherit', 'inherit'] })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

type Inspected = {
  readonly Name: string
  readonly Config: { readonly Labels: Readonly<Record<string, string>>; readonly Image: string }
  readonly State: { readonly Status: string; readonly StartedAt: string; readonly Running: boolean }
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string; readonly Source: string }[]
}

function inspected(names: readonly string[]): readonly Inspected[] {
  if (names.length === 0) return []
  const { stdout } = docker(['container', 'inspect', ...names])
  const found = (JSON.parse(stdout || '[]') as Inspected[]).filter(({ Config }) => Config.Labels?.[MARK] !== undefined)
  const missing = names.filter((name) => !found.some(({ Name }) => Name === `/${name}`))
  if (missing.length > 0) throw new Refused(`container not found: ${missing.join(', ')}`)
  return found
}

const one = (name: string): Inspected => inspected([name])[0] ?? refuse(`container not found: ${name}`)

function refuse(message: string): never {
  throw new Refused(message)
}

const all = (): readonly string[] =>
  must(['ps', '--all', '--filter', `label=${MARK}`, '--format', '{{.Names}}'])
    .split('\n')
    .filter(Boolean)

/** Keys sorted, dates without fractions. */
const shape = ({ Name, Config, State }: Inspected) => {
  const labels = shown(Config.Labels)
  const started = !State.StartedAt.startsWith('0001')
  return {
    configuration: { id: Name.slice(1), image: { reference: Config.Image }, labels },
    id: Name.slice(1),
    status: {
      networks: [],
      ...(started ? { startedDate: State.StartedAt.replace(/\.\d+Z$/, 'Z') } : {}),
      state: State.Running ? 'running' : 'stopped',
    },
  }
}

const option = ({ options }: Call, name: string): readonly string[] => options.get(name) ?? []
const has = ({ options }: Call, name: string): boolean => options.has(name)

/** An image that is missing would be fetched from wherever its name leads. */
function requireImage(reference: string): void {
  if (docker(['image', 'inspect', reference]).code !== 0) refuse(`image not found: ${reference}`)
}

function volumeFlag(value: string): readonly string[] {
  const [source = '', target = '', options, ...rest] = value.split(':')
  if (rest.length > 0 || target === '') refuse(`invalid volume format ${value}`)
  if (!source.includes('/')) {
    if (docker(['volume', 'inspect', source]).code !== 0) refuse(`the fake makes no volume by the way: ${source}`)
    return ['--volume', `${source}:${target}:${options === 'ro' ? 'ro,nocopy' : 'nocopy'}`]
  }
  if (!existsSync(source)) refuse(`path '${source}' does not exist`)
  return ['--volume', `${source}:${target}${options === 'ro' ? ':ro' : ''}`]
}

function mountFlag(value: string): readonly string[] {
  const pairs = Object.fromEntries(value.split(',').map((part) => part.split('=') as [string, string]))
  for (const [key, text] of Object.entries(pairs)) {
    if (!['type', 'source', 'destination', 'size', 'mode', 'readonly'].includes(key))
      refuse(`unknown directive ${key} when parsing mount ${value}`)
    if (text === undefined && key !== 'readonly') refuse(`invalid directive format missing value ${key} in ${value}`)
  }
  if (pairs['type'] !== 'tmpfs') refuse(`the fake mounts tmpfs alone this way: ${value}`)
  if (pairs['source'] !== undefined) refuse('cannot specify source for tmpfs mount')
  return ['--tmpfs', `${pairs['destination']}:rw,exec,nosuid,nodev,size=${pairs['size']},mode=${pairs['mode']}`]
}

/** The folder of the host's socket stands where the guest's is: whatever listens there is found on the other side. */
function publishFlags(values: readonly string[]): readonly string[] {
  const folders = new Set<string>()
  for (const value of values) {
    const [host = '', guest = ''] = value.split(':')
    if (host.length > 103) refuse(`socket path too long: ${host}`)
    if (existsSync(host) && lstatSync(host).isSocket()) refuse(`socket already exists: ${host}`)
    if (basename(host) !== basename(guest)) refuse('the fake publishes sockets under their own names')
    mkdirSync(dirname(host), { recursive: true })
    folders.add(`${dirname(host)}:${dirname(guest)}`)
  }
  return [...folders].flatMap((pair) => ['--volume', pair])
}

function containerFlags(call: Call): readonly string[] {
  const [image = ''] = call.words
  requireImage(image)
  const [name = `fake-${process.pid}`] = option(call, '--name')
  if (docker(['container', 'inspect', name]).code === 0) refuse(`container with id ${name} already exists`)
  for (const label of option(call, '--label')) if (label === '' || /=.*=|=$/.test(label)) refuse(`invalid label format ${label}`)
  const networks = option(call, '--network')
  if (networks.length > 0 && networks.join() !== 'none') refuse(`network not found: ${networks.join()}`)
  const memory = option(call, '--memory')[0] ?? '1024M'
  if (Number.parseInt(memory, 10) < 200) refuse('memory must be at least 200 MiB')
  const leaks = process.env['FAKE_CONTAINER'] === 'leaks'
  const same = (flag: string, as = flag) => option(call, flag).flatMap((value) => [as, value])
  const plain = (flag: string) => (has(call, flag) ? [flag] : [])
  return [
    ...[
      '--name',
      name,
      '--label',
      `${MARK}=1`,
      '--pull',
      'never',
      ...(networks.length > 0 && !leaks ? ['--network', 'none'] : []),
    ],
    ...option(call, '--label').flatMap((label) => ['--label', hidden(label)]),
    ...['--cap-add', '--cap-drop', '--user', '--workdir', '--env', '--entrypoint'].flatMap((flag) => same(flag)),
    ...['--memory', memory.toLowerCase(), '--memory-swap', memory.toLowerCase()],
    ...['--read-only', '--interactive', '--tty', '--rm'].flatMap(plain),
    ...option(call, '--mount').flatMap(mountFlag),
    ...option(call, '--volume').flatMap(volumeFlag),
    ...publishFlags(option(call, '--publish-socket')),
  ]
}

/** A volume is a disk: one running machine at a time has it. */
function requireFree(volumes: readonly string[]): void {
  for (const { Name, State, Mounts } of inspected(all()))
    if (State.Running && Mounts.some(({ Type, Name: name }) => Type === 'volume' && volumes.includes(name ?? '')))
      refuse(`the storage device attachment is invalid (a volume is in use by ${Name.slice(1)})`)
}

const namedVolumes = (call: Call): readonly string[] =>
  option(call, '--volume')
    .map((value) => value.split(':')[0] ?? '')
    .filter((source) => !source.includes('/'))

/** docker's own failures have codes that only its programs have there. */
const codeOf = (code: number): number => (code === 125 ? 1 : code)

const verbs: Readonly<Record<string, (call: Call) => number | Promise<number>>> = {
  'system status': () =>
    answer({ apiServerVersion: `container-apiserver version ${VERSION} (build: release, commit: 0000000)`, status: 'running' }),
  'system version': () => answer([{ appName: 'container', buildType: 'release', commit: '0000000', version: VERSION }]),

  run: async (call) => {
    requireFree(namedVolumes(call))
    const flags = containerFlags(call)
    if (has(call, '--detach')) return say(must(['run', '--detach', ...flags, ...call.words]) && (option(call, '--name')[0] ?? ''))
    return codeOf(await become(['run', ...flags, ...call.words]))
  },
  create: (call) => say(must(['create', ...containerFlags(call), ...call.words]) && (option(call, '--name')[0] ?? '')),
  start: async (call) => {
    const [name = ''] = call.words
    const { State, Mounts } = one(name)
    const attach = has(call, '--attach')
    if (State.Running) {
      if (attach) refuse('attach is currently unsupported on already running containers')
      return say(name)
    }
    requireFree(Mounts.flatMap(({ Type, Name }) => (Type === 'volume' && Name !== undefined ? [Name] : [])))
    for (const { Type, Source } of Mounts) if (Type === 'bind' && !existsSync(Source)) refuse(`path '${Source}' does not exist`)
    if (!attach) return say(must(['start', name]).trim())
    const stdin = has(call, '--interactive') ? ['--interactive'] : []
    return await become(['start', '--attach', ...stdin, '--detach-keys=ctrl-^,ctrl-@,ctrl-^,ctrl-@', name])
  },
  exec: async (call) => {
    const [name = '', ...words] = call.words
    if (!one(name).State.Running) refuse(`container ${name} is not running`)
    const flags = ['--interactive', '--tty'].filter((flag) => has(call, flag))
    const values = ['--env', '--workdir', '--user'].flatMap((flag) => option(call, flag).flatMap((value) => [flag, value]))
    return await become(['exec', ...flags, ...values, name, ...words])
  },
  stop: (call) => {
    for (const name of call.words) {
      if (!one(name).State.Running) continue
      must(['stop', '-t', option(call, '--time')[0] ?? '5', name])
    }
    return 0
  },
  kill: (call) => {
    for (const name of call.words) {
      if (!one(name).State.Running) refuse(`container ${name} is not running`)
      must(['kill', `--signal=${option(call, '--signal')[0] ?? 'KILL'}`, name])
    }
    return 0
  },
  delete: (call) => {
    for (const name of call.words) {
      if (one(name).State.Running && !has(call, '--force')) refuse(`container ${name} is running and can not be deleted`)
      must(['rm', '--force', name])
    }
    return 0
  },
  list: (call) => {
    const rows = inspected(all()).filter(({ State }) => has(call, '--all') || State.Running)
    if (has(call, '--quiet')) return rows.length === 0 ? 0 : say(rows.map(({ Name }) => Name.slice(1)).join('\n'))
    if (option(call, '--format')[0] !== 'json') refuse('the fake lists JSON alone')
    return answer(rows.map(shape))
  },
  inspect: (call) => answer(inspected(call.words).map(shape), 2),
  logs: async (call) => {
    const [name = ''] = call.words
    one(name)
    const child = Bun.spawn(['docker', 'logs', ...(has(call, '--follow') ? ['--follow'] : []), name], {
      stdio: ['ignore', 'inherit', 1],
    })
    return await child.exited
  },
  copy: (call) => {
    const [from = '', to = ''] = call.words
    const [name = '', path = '', ...rest] = from.split(':')
    if (path === '' || rest.length > 0 || to.includes(':')) refuse('the fake copies out of a container alone')
    if (!one(name).State.Running) refuse(`container ${name} is not running`)
    const { code, bytes } = docker(['exec', name, '/usr/bin/cat', path])
    if (code !== 0) refuse(`failed to copy ${path}`)
    writeFileSync(to, bytes)
    return 0
  },

  'volume create': (call) => {
    const [name = ''] = call.words
    if (docker(['volume', 'inspect', name]).code === 0) refuse(`volume '${name}' already exists`)
    must([
      'volume',
      'create',
      '--label',
      `${MARK}=1`,
      ...option(call, '--label').flatMap((label) => ['--label', hidden(label)]),
      name,
    ])
    // As a fresh ext4 has it.
    const place = must(['volume', 'inspect', '--format={{.Mountpoint}}', name]).trim()
    if (process.getuid?.() === 0) mkdirSync(`${place}/lost+found`, { mode: 0o700 })
    return say(name)
  },
  'volume inspect': (call) => answer(call.words.map(volumeShape), 2),
  'volume list': () =>
    answer(
      must(['volume', 'ls', '--filter', `label=${MARK}`, '--format={{.Name}}'])
        .split('\n')
        .filter(Boolean)
        .map(volumeShape),
    ),
  'volume delete': (call) => {
    for (const name of call.words) must(['volume', 'rm', name])
    return 0
  },

  'image inspect': (call) => answer(call.words.map(imageShape), 2),
  'image list': (call) => {
    const names = must(['image', 'ls', '--filter', 'label=paude.image', '--format={{.Repository}}:{{.Tag}}'])
      .split('\n')
      .filter(Boolean)
    return has(call, '--quiet') ? say(names.join('\n')) : answer(names.filter((name) => !name.includes('<none>')).map(imageShape))
  },
  'image delete': (call) => say(must(['image', 'rm', ...call.words])),
  'image tag': (call) => say(must(['image', 'tag', ...call.words])),
  'image pull': (call) => say(must(['pull', ...call.words])),
  build: async (call) => {
    const values = ['--build-arg', '--label', '--tag', '--target', '--file'].flatMap((flag) =>
      option(call, flag).flatMap((value) => [flag, value]),
    )
    return codeOf(await become(['build', ...values, ...(has(call, '--no-cache') ? ['--no-cache'] : []), ...call.words]))
  },
}

function volumeShape(name: string) {
  const { code, stdout } = docker(['volume', 'inspect', name])
  const [found] = JSON.parse(stdout || '[]') as { readonly Labels: Readonly<Record<string, string>> | null }[]
  if (code !== 0 || found?.Labels?.[MARK] === undefined) refuse(`volume '${name}' not found`)
  return { configuration: { driver: 'local', format: 'ext4', labels: shown(found.Labels), name }, id: name }
}

function imageShape(reference: string) {
  const { code, stdout } = docker(['image', 'inspect', reference])
  const [image] = JSON.parse(stdout || '[]') as {
    readonly Id: string
    readonly Created: string
    readonly Architecture: string
    readonly Os: string
    readonly Size: number
    readonly Config: Readonly<Record<string, unknown>>
    readonly RootFS: { readonly Layers: readonly string[] }
  }[]
  if (code !== 0 || image === undefined) refuse(`image not found: ${reference}`)
  return {
    configuration: { creationDate: image.Created.replace(/\.\d+Z$/, 'Z'), descriptor: { digest: image.Id }, name: reference },
    id: image.Id.replace('sha256:', ''),
    variants: [
      {
        config: { config: image.Config, rootfs: { diff_ids: image.RootFS.Layers } },
        digest: image.Id,
        platform: { architecture: image.Architecture, os: image.Os },
        size: image.Size,
      },
    ],
  }
}

function say(text: string): number {
  if (text.trim() !== '') process.stdout.write(`${text.trimEnd()}\n`)
  return 0
}

const answer = (value: unknown, indent = 0): number => say(JSON.stringify(value, null, indent))

async function main(words: readonly string[]): Promise<number> {
  try {
    const call = readCall(words, VERSION)
    if (process.env['FAKE_CONTAINER'] === 'down') {
      if (call.command !== 'system status')
        refuse(
          'XPC connection error: Connection invalid. Ensure container system service has been started with `container system start`.',
        )
      answer({ status: 'unregistered' })
      return 1
    }
    const verb = verbs[call.command] ?? refuse(`the fake does not know ${call.command}`)
    return await verb(call)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof Refused)) throw error
    process.stderr.write(`Error: ${error.message}\n`)
    return error instanceof UsageError ? 64 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
