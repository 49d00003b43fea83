import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Argv, exec, folder, type Plan, write } from '../plan/plan.ts'
import { type Download, downloadSteps } from './download.ts'
import { proxyContext } from './embedded.ts'
import type { Install, Release } from './install.ts'
import { mise, type Tools, toolsContext, toolsText } from './tools.ts'

/** Fully qualified: some engines refuse short names without a terminal. */
export const BASE = 'docker.io/library/debian:trixie-slim'

/** All that decides what an image holds, and so its name. */
export type ImageSpec = AgentImage | ToolsImage | ProxyImage

type Common = {
  readonly base: string
  /** The base's own id when it was asked for, so that a moved tag gives a new image; else ''. */
  readonly baseId: string
  /** As node names it: x64 or arm64. */
  readonly arch: string
  /** PEM certificates to trust besides the distribution's; '' for none. */
  readonly extraCa: string
}

/** `custom` only adds the agent to the base, which is the user's image. */
export type AgentImage = Common & {
  readonly image: 'agent' | 'custom'
  readonly install: Install
  readonly agentVersion: string
  /** What the base is built on; Alpine is musl. */
  readonly libc: 'glibc' | 'musl'
}

/** Debian packages and tools on top of an image that has the agent: those without any share all below it. */
export type ToolsImage = Common & { readonly image: 'tools'; readonly wanted: Tools }

export type ProxyImage = Common & { readonly image: 'proxy' }

export type ImageBuilding = {
  readonly spec: ImageSpec
  readonly host: Pick<Host, 'self' | 'env' | 'platform'>
  /** Absolute; the build context lies below and is gone afterwards, what was fetched stays. */
  readonly cache: string
  /** Tells builds that run at the same time apart, as the process id does. */
  readonly id: string
  readonly noCache: boolean
}

/**
 * Builds one image with a program that takes the flags of a builder of Dockerfiles; nothing of the context stays behind. `prune` removes the
 * stages that an engine keeps beside its image, by their label; null where it keeps none.
 */
export function buildPlan(
  builder: Argv,
  { spec, host, cache, id, noCache }: ImageBuilding,
  prune: ((label: string) => Argv) | null = null,
): Plan {
  const work = join(cache, `build-${contextHash(spec)}-${id}`)
  const context = join(work, 'context')
  const download = downloadOf(spec)
  const extraCa = spec.extraCa === '' ? '' : join(context, 'extra-ca.crt')
  return [
    folder(work),
    ...contextSteps(context, contextFiles(spec)),
    ...(download === null ? [] : downloadSteps({ download, host, arch: spec.arch, extraCa, cache, work, to: context })),
    ...buildSteps(builder, { spec, noCache, id, prune }, context),
    exec(['rm', '-rf', '--', work], { tolerant: true }),
  ]
}

/** The programs that the build copies into the image. */
export function downloadOf(spec: ImageSpec): Download | null {
  switch (spec.image) {
    case 'proxy':
      return null
    case 'tools':
      return spec.wanted.tools.length > 0 ? mise(spec.arch) : null
    case 'agent':
    case 'custom': {
      const { install, agentVersion, libc } = spec
      if (install.release === null) return null
      const { suffix = '', package: name, program, also, tree } = agentRelease(spec, install.release)
      return {
        title: install.title,
        package: name,
        version: `${agentVersion}${suffix}`,
        program,
        libc,
        ...(also === undefined ? {} : { also }),
        ...(tree === undefined ? {} : { tree }),
      }
    }
  }
}

/** What a person is told while it is built, and so what paude adds to an image of theirs. */
function titleOf(spec: ImageSpec): string {
  switch (spec.image) {
    case 'proxy':
      return 'building the image of the proxy'
    case 'tools':
      return `installing ${toolsText(spec.wanted)}, with the network of the engine`
    case 'agent':
      return `building the image with ${nameAndVersion(spec)}`
    case 'custom':
      return `adding ${nameAndVersion(spec)} to ${spec.base}`
  }
}

const nameAndVersion = ({ install, agentVersion }: AgentImage): string => [install.title, agentVersion].filter(Boolean).join(' ')

/** The name says what is inside: an image that is there under it need not be built again. */
export function imageRef(spec: ImageSpec): string {
  const hash = contextHash(spec)
  return `${OURS}${nameOf(spec)}:${'install' in spec && spec.agentVersion !== '' ? `${spec.agentVersion}-${hash}` : hash}`
}

// `localhost/` keeps engines from asking a registry on the internet for it.
export const OURS = 'localhost/paude/'

/** What is built on an image that is not paude's own has a name of its own: whatever a project chooses, it never bears the name of what all use. */
function nameOf(spec: ImageSpec): string {
  const name = 'install' in spec ? spec.install.name : spec.image
  return spec.image === 'custom' || !(spec.base === BASE || OWN_AGENT.test(spec.base)) ? customName(name) : name
}

export const customName = (name: string): string => `${name}-custom`

/** Neither one of a project's recipe nor what was built on a foreign one. */
const OWN_AGENT = new RegExp(`^${OURS}[a-z]+:\\d+\\.\\d+\\.\\d+-[0-9a-f]{32}$`)

/** Asked for again and again during a start, and made of every file of an image. */
const HASHES = new WeakMap<ImageSpec, string>()

/** 32 hexadecimal digits over every file of the context and every build argument. */
export function contextHash(spec: ImageSpec, files?: Readonly<Record<string, string>>): string {
  if (files !== undefined) return hashOver(spec, files)
  const hash = HASHES.get(spec) ?? hashOver(spec, contextFiles(spec))
  HASHES.set(spec, hash)
  return hash
}

function hashOver(spec: ImageSpec, files: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Bun.CryptoHasher('sha256')
    .update(JSON.stringify([nameOf(spec), spec.baseId, spec.arch, buildArgs(spec), downloadOf(spec), sorted]))
    .digest('hex')
    .slice(0, 32)
}

export function contextFiles(spec: ImageSpec): Readonly<Record<string, string>> {
  switch (spec.image) {
    case 'proxy':
      return { ...proxyContext, 'extra-ca.crt': spec.extraCa }
    // The image below has them already.
    case 'tools':
      return { ...toolsContext(spec.wanted), ...(spec.wanted.tools.length > 0 ? { 'extra-ca.crt': spec.extraCa } : {}) }
    case 'agent':
      return { ...spec.install.files, Dockerfile: spec.install.dockerfile, 'extra-ca.crt': spec.extraCa }
    case 'custom':
      return { ...spec.install.files, Dockerfile: spec.install.thin, 'extra-ca.crt': spec.extraCa }
  }
}

function contextSteps(context: string, files: Readonly<Record<string, string>>): Plan {
  const folders = new Set(Object.keys(files).map((path) => dirname(join(context, path))))
  return [
    ...[...folders].toSorted().map((path) => folder(path)),
    // The image keeps the modes: the agent's user must read what root wrote.
    ...Object.entries(files).map(([path, content]) =>
      write(join(context, path), content, content.startsWith('#!') ? 0o755 : 0o644),
    ),
  ]
}

type Built = Pick<ImageBuilding, 'spec' | 'noCache' | 'id'> & { readonly prune: ((label: string) => Argv) | null }

function buildSteps(builder: Argv, { spec, noCache, id, prune: pruning }: Built, context: string): Plan {
  // Of this build alone: one that runs at the same time needs its own.
  const stage = `${contextHash(spec)}-${id}`
  const title = titleOf(spec)
  if (spec.image !== 'proxy' || pruning === null)
    return [exec(buildArgv(builder, { spec, noCache, further: [] }, context), { title })]
  const prune = pruning(`paude.stage=${stage}`)
  return [
    exec(buildArgv(builder, { spec, noCache, further: [`--build-arg=STAGE=${stage}`] }, context), { title, undo: prune }),
    exec(prune, { tolerant: true }),
  ]
}

function buildArgv(
  builder: Argv,
  { spec, noCache, further }: Pick<ImageBuilding, 'spec' | 'noCache'> & { readonly further: readonly string[] },
  context: string,
): Argv {
  return [
    ...builder,
    ...(noCache ? ['--no-cache'] : []),
    `--tag=${imageRef(spec)}`,
    ...Object.entries(buildArgs(spec)).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...further,
    ...Object.entries(labels(spec)).map(([name, value]) => `--label=${name}=${value}`),
    `--file=${join(context, 'Dockerfile')}`,
    context,
  ]
}

function buildArgs(spec: ImageSpec): Readonly<Record<string, string>> {
  return { BASE: spec.base, ...('install' in spec && spec.agentVersion !== '' ? { AGENT_VERSION: spec.agentVersion } : {}) }
}

const labels = (spec: ImageSpec): Readonly<Record<string, string>> => ({
  'paude.image': 'install' in spec ? spec.install.name : spec.image,
  ...('install' in spec && spec.agentVersion !== '' ? { 'paude.agent-version': spec.agentVersion } : {}),
  'paude.context-hash': contextHash(spec),
})

function agentRelease({ arch, libc, install }: AgentImage, releaseOf: NonNullable<Install['release']>): Release {
  const release = releaseOf(arch, libc)
  if (release !== null) return release
  if (libc === 'musl' && releaseOf(arch, 'glibc') !== null)
    throw new PaudeError('unsupported', `${install.title} has no release for Alpine and other systems with musl`, {
      hint: 'build your image on Debian, Ubuntu or another system with glibc',
    })
  throw new PaudeError('unsupported', `${install.title} has no release for ${arch}`, { hint: 'use an x64 or arm64 machine' })
}
