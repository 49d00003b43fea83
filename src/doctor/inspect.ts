import { X509Certificate } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { agentCredentials, agentNeeds } from '../agents/models.ts'
import { agentOf } from '../agents/registry.ts'
import type { Backend, EngineInfo, Machine } from '../backends/backend.ts'
import type { Check } from '../backends/check.ts'
import type { BackendSettings } from '../backends/keys.ts'
import type { Config } from '../config/keys/settings.ts'
import { PaudeError } from '../errors.ts'
import { type Host, isWritable } from '../host.ts'
import { type CaFile, certificates, extraCaCertificates } from '../image/ca.ts'
import type { ListedImage, Stage } from '../image/listed.ts'
import { HOST_NAME } from '../network/names.ts'
import type { Query } from '../plan/query.ts'
import { within } from '../run/patience.ts'
import { folderState } from '../session/record/folder-state.ts'
import { credentialSource } from '../session/resolve/credential-source.ts'
import { withProvider } from '../session/resolve/provider.ts'
import { cacheFolder, stateFolder } from '../state.ts'
import { tried } from './engines.ts'
import type { Authorities, LookedCredential, LostHome } from './looked.ts'
import type { Folder } from './machine-checks.ts'

/** Text of a file, '' when it cannot be had. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** What the checks of a backend may look at. */
export const lookMachine = (host: Host): Pick<Machine, 'host' | 'text' | 'there'> => ({ host, text, there: existsSync })

export const lookFolders = (host: Host): Readonly<Record<string, Folder>> => ({
  'state folder': folder(stateFolder(host)),
  'cache folder': folder(cacheFolder(host)),
})

function folder(path: string): Folder {
  const exists = existsSync(path)
  const place = exists ? path : nearest(path)
  const { mode, uid } = statSync(place)
  return { path, exists, writable: isWritable(place), mode: mode & 0o7777, owner: uid }
}

const nearest = (path: string): string => (existsSync(path) || path === '/' ? path : nearest(dirname(path)))

const DAY = 86_400_000

/** When this program was there at the latest, in ms since 1970: a clock before that is wrong. A day is left to the clock it was made by. */
export function madeAt({ self }: Pick<Host, 'self'>): number {
  try {
    return statSync(self).mtimeMs - DAY
  } catch {
    return 0
  }
}

/** What only the engine itself can tell. */
export type EngineFacts = {
  readonly backend: Backend
  /** Bytes free where it keeps images; null when that is not on this machine. */
  readonly free: number | null
  readonly checks: readonly Check[]
  /** null when it did not tell them, or has none at all. */
  readonly images: readonly ListedImage[] | null
  readonly stages: readonly Stage[]
  /** HOME and overlay volumes whose project's folder was deleted. */
  readonly lostHomes: readonly LostHome[]
  /** null when it did not say. */
  readonly info: EngineInfo | null
}

/** Asks an engine for its storage, its clock, its images and its volumes; what it does not say is left out. */
export async function lookEngine(host: Host, backend: Backend, settings: BackendSettings): Promise<EngineFacts> {
  const { health, images: own, inventory } = backend
  const [info, checks, images, stages, volumes] = await Promise.all([
    health.info === null ? null : answer(health.info),
    Promise.all(health.checks(settings).map(answer<readonly Check[]>)),
    own === null ? null : answer(own.list),
    own === null ? [] : answer(own.stages),
    // What is on a cluster is not of this machine.
    Promise.all(inventory.volumes(() => []).map((query) => answer(query))).then((all) => all.flatMap((one) => one ?? [])),
  ])
  return {
    backend,
    free: info === null ? null : freeBytes(info.root),
    checks: checks.flatMap((found) => found ?? []),
    images,
    stages: stages ?? [],
    lostHomes: volumes
      .filter(({ role, workspace }) => ['home', 'overlay'].includes(role) && folderState(host, workspace) === 'deleted')
      .map(({ reference, workspace }) => ({ volume: reference, workspace })),
    info,
  }
}

async function answer<T>(query: Query<T>): Promise<T | null> {
  const outcome = await tried(query)
  if (outcome === null || outcome.code !== 0) return null
  try {
    return query.parse(outcome.stdout)
  } catch {
    return null
  }
}

/** Free bytes where builds are prepared. */
export const freeForBuilds = (host: Host): number | null => freeBytes(nearest(cacheFolder(host)))

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return null
  }
}

/** What a start would find. A program that prints the credential may ask for a finger, and is run at a start alone. */
export async function lookCredential(host: Host, config: Config): Promise<LookedCredential> {
  try {
    const provided = await withProvider(host, config, 'check')
    const agent = agentOf(config.settings)
    const credentials = agentCredentials(agent, provided)
    const { source, name, fault } = credentialSource(host, config, Date.now())
    return {
      variable: credentials.length === 0 ? '' : name,
      inside: source === 'inside',
      fault,
      site: agentNeeds(agent, provided, credentials)[0]?.host ?? '',
    }
  } catch (error) {
    if (error instanceof PaudeError) return { variable: '', inside: false, fault: error.message, site: '' }
    throw error
  }
}

export function lookAuthorities(host: Host, files: readonly CaFile[], now: number): Authorities {
  try {
    const blocks = certificates(extraCaCertificates(host, files))
    return { count: blocks.length, expired: blocks.flatMap((block) => expiredName(block, now)), fault: '' }
  } catch (error) {
    if (error instanceof PaudeError) return { count: 0, expired: [], fault: error.message }
    throw error
  }
}

function expiredName(block: string, now: number): readonly string[] {
  try {
    const { validTo, subject } = new X509Certificate(block)
    return Date.parse(validTo) < now ? [/^CN=(.*)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ')] : []
  } catch {
    return ['an unreadable one']
  }
}

/** SELinux refuses and does not only complain. */
export const selinuxEnforces = (): boolean => text('/sys/fs/selinux/enforce').trim() === '1'

/** Addresses of a name as this machine's resolver gives them; null when it gives none within 2 s. */
export async function resolve(site: string): Promise<readonly string[] | null> {
  const [host = ''] = site.split(':')
  // The box's name for this machine is nobody's else.
  if (host === HOST_NAME) return null
  const answers = lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => null,
  )
  return await within(2000, answers)
}
