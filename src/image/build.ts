import { dirname, join } from 'node:path'
import { PaudeError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type Argv, exec, folder, type Plan, write } from '../plan/plan.ts'
import { proxyContext } from './embedded.ts'
import type { Install } from './install.ts'

/** Fully qualified: some engines refuse short names without a terminal. */
export const BASE = 'docker.io/library/debian:trixie-slim'

/** All that decides what an image holds, and so its name. */
export type ImageSpec = AgentImage | ProxyImage

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

export type ProxyImage = Common & { readonly image: 'proxy' }

export type ImageBuilding = {
  readonly spec: ImageSpec
  readonly host: Pick<Host, 'self' | 'env'>
  /** Absolute; the build context lies below and is gone afterwards. */
  readonly cache: string
  /** Tells builds that run at the same time apart, as the process id does. */
  readonly id: string
  readonly noCache: boolean
}

/** Builds one image with a program that takes the flags of a builder of Dockerfiles; nothing of the context stays behind. */
export function buildPlan(builder: Argv, { spec, host, cache, id, noCache }: ImageBuilding): Plan {
  const work = join(cache, `build-${contextHash(spec)}-${id}`)
  const context = join(work, 'context')
  return [
    folder(work),
    ...contextSteps(context, contextFiles(spec)),
    ...(spec.image === 'proxy' ? [] : fetchSteps(spec, host, work)),
    exec(buildArgv(builder, { spec, noCache }, context), { title: `building image ${imageRef(spec)}` }),
    exec(['rm', '-rf', '--', work], { tolerant: true }),
  ]
}

/** The name says what is inside: an image that is there under it need not be built again. */
export function imageRef(spec: ImageSpec): string {
  const hash = contextHash(spec)
  // `localhost/` keeps engines from asking a registry on the internet for it.
  return spec.image === 'proxy'
    ? `localhost/paude/proxy:${hash}`
    : `localhost/paude/${spec.install.name}:${spec.agentVersion}-${hash}`
}

/** Asked for again and again during a start, and made of every file of an image. */
const HASHES = new WeakMap<ImageSpec, string>()

/** 12 hexadecimal digits over every file of the context and every build argument. */
export function contextHash(spec: ImageSpec, files?: Readonly<Record<string, string>>): string {
  if (files !== undefined) return hashOver(spec, files)
  const hash = HASHES.get(spec) ?? hashOver(spec, contextFiles(spec))
  HASHES.set(spec, hash)
  return hash
}

function hashOver(spec: ImageSpec, files: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Bun.CryptoHasher('sha256')
    .update(JSON.stringify([kindOf(spec), spec.baseId, spec.arch, buildArgs(spec), sorted]))
    .digest('hex')
    .slice(0, 12)
}

export const contextFiles = (spec: ImageSpec): Readonly<Record<string, string>> => ({
  ...(spec.image === 'proxy'
    ? proxyContext
    : { Dockerfile: spec.image === 'agent' ? spec.install.dockerfile : spec.install.thin }),
  'extra-ca.crt': spec.extraCa,
})

const kindOf = (spec: ImageSpec): string => (spec.image === 'agent' ? spec.install.name : spec.image)

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

/**
 * paude is a complete bun when BUN_BE_BUN is set: the agent comes with the host's client configuration, network and CA, its
 * integrity is checked, and neither configuration nor credentials get near the image, which copies the one binary.
 */
function fetchSteps(spec: AgentImage, { self, env }: ImageBuilding['host'], work: string): Plan {
  const context = join(work, 'context')
  const agent = join(context, 'agent')
  // bun trusts these besides the public ones; a file of the caller's own for this very purpose stays.
  const trusted = spec.extraCa === '' || env['NODE_EXTRA_CA_CERTS'] ? {} : { NODE_EXTRA_CA_CERTS: join(context, 'extra-ca.crt') }
  const argv = [
    'add',
    '--ignore-scripts',
    '--exact',
    '--no-save',
    // The container's platform, not the host's: bun skips packages of another one.
    '--os=linux',
    `--cpu=${spec.arch}`,
    `--libc=${spec.libc}`,
    `${agentPackage(spec)}@${spec.agentVersion}`,
  ]
  return [
    folder(agent),
    write(join(agent, 'package.json'), '{}\n', 0o644),
    exec([self, ...argv], {
      title: `fetching ${spec.install.title} ${spec.agentVersion}`,
      // Its own cache, outside the context: else 380 MB stay in the user's home.
      env: { BUN_BE_BUN: '1', BUN_INSTALL_CACHE_DIR: join(work, 'packages'), ...trusted },
      folder: agent,
    }),
  ]
}

function buildArgv(builder: Argv, { spec, noCache }: Pick<ImageBuilding, 'spec' | 'noCache'>, context: string): Argv {
  return [
    ...builder,
    ...(noCache ? ['--no-cache'] : []),
    `--tag=${imageRef(spec)}`,
    ...Object.entries(buildArgs(spec)).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...Object.entries(labels(spec)).map(([name, value]) => `--label=${name}=${value}`),
    `--file=${join(context, 'Dockerfile')}`,
    context,
  ]
}

function buildArgs(spec: ImageSpec): Readonly<Record<string, string>> {
  if (spec.image === 'proxy') return { BASE: spec.base }
  return { BASE: spec.base, AGENT_PACKAGE: agentPackage(spec), AGENT_VERSION: spec.agentVersion }
}

const labels = (spec: ImageSpec): Readonly<Record<string, string>> => ({
  'paude.image': spec.image === 'proxy' ? 'proxy' : spec.install.name,
  ...(spec.image === 'proxy' ? {} : { 'paude.agent-version': spec.agentVersion }),
  'paude.context-hash': contextHash(spec),
})

function agentPackage({ arch, libc, install }: AgentImage): string {
  const name = install.package(arch, libc)
  if (name !== null) return name
  throw new PaudeError('unsupported', `${install.title} has no release for ${arch}`, { hint: 'it runs on x64 and arm64' })
}
