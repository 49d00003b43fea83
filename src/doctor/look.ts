import { lookup } from 'node:dns/promises'
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { claude } from '../agents/claude.ts'
import { PaudeError } from '../errors.ts'
import { findProgram, type Host } from '../host.ts'
import { certificates, extraCaCertificates } from '../image/ca.ts'
import { listImages } from '../image/list.ts'
import type { Query } from '../plan/query.ts'
import { INIT_PROGRAMS } from '../session/look.ts'
import { cacheFolder, stateFolder } from '../session/store.ts'
import { type EngineState, patiently } from './engines.ts'
import type { Folder, Rootless } from './machine-checks.ts'

/** Text of a file, '' when it cannot be had. */
function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function lookRootless(host: Host): Rootless {
  const runtimeDir = host.env['XDG_RUNTIME_DIR'] ?? ''
  return {
    user: host.user,
    uid: host.uid,
    subuid: text('/etc/subuid'),
    subgid: text('/etc/subgid'),
    runtimeDir,
    runtimeDirExists: existsSync(runtimeDir),
    newuidmap: findProgram(host, 'newuidmap') !== null,
  }
}

/** Controllers the caller may hand on; null for control groups of version 1. */
export function lookControllers({ uid }: Host): readonly string[] | null {
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) return null
  const own = `/sys/fs/cgroup/user.slice/user-${uid}.slice/user@${uid}.service/cgroup.controllers`
  return text(uid === 0 ? '/sys/fs/cgroup/cgroup.controllers' : own)
    .trim()
    .split(/\s+/)
}

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

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

export const initIsThere = (): boolean => INIT_PROGRAMS.some((path) => existsSync(path))

/** What only the engine itself can tell. */
export type EngineFacts = {
  readonly name: EngineState['name']
  readonly free: number | null
  readonly clock: number | null
  readonly platform: string
  readonly images: readonly string[]
}

/** Asks a ready engine for its storage, its clock and its images; what it does not say is left out. */
export async function lookEngine({ name }: EngineState): Promise<EngineFacts> {
  const [storage, platform, images] = await Promise.all([
    answer(storageOf(name)),
    name === 'docker' ? answer(platformQuery) : '',
    answer(listImages(name)),
  ])
  return {
    name,
    free: storage === null ? null : freeBytes(storage.root),
    clock: storage?.clock ?? null,
    platform: platform ?? '',
    images: (images ?? []).map(({ reference }) => reference),
  }
}

type Storage = { readonly root: string; readonly clock: number | null }

/** Where images are kept, and what time the engine believes it is (docker only). */
export const storageOf = (name: EngineState['name']): Query<Storage> =>
  name === 'docker'
    ? {
        argv: ['docker', 'info', '--format=[{{json .DockerRootDir}},{{json .SystemTime}}]'],
        parse: (stdout) => {
          const [root = '', time = ''] = JSON.parse(stdout) as readonly string[]
          return { root, clock: Date.parse(time) || null }
        },
      }
    : {
        argv: ['podman', 'info', '--format={{json .Store.GraphRoot}}'],
        parse: (stdout) => ({ root: JSON.parse(stdout) as string, clock: null }),
      }

/** Docker Desktop names itself and its version here. */
export const platformQuery: Query<string> = {
  argv: ['docker', 'version', '--format={{json .Server.Platform}}'],
  parse: (stdout) => (JSON.parse(stdout) as { Name?: string } | null)?.Name ?? '',
}

async function answer<T>(query: Query<T>): Promise<T | null> {
  const outcome = await patiently(query)
  if (outcome === null || outcome.code !== 0) return null
  try {
    return query.parse(outcome.stdout)
  } catch {
    return null
  }
}

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize
  } catch {
    return null
  }
}

export function lookCredential(host: Host): { readonly variable: string; readonly fault: string; readonly site: string } {
  try {
    const credential = claude.credential(host)
    return { variable: credential?.variable ?? '', fault: '', site: claude.needs(host, credential)[0]?.host ?? '' }
  } catch (error) {
    if (error instanceof PaudeError) return { variable: '', fault: error.message, site: '' }
    throw error
  }
}

export function lookAuthorities(host: Host, files: readonly string[]): { readonly count: number; readonly fault: string } {
  try {
    return { count: certificates(extraCaCertificates(host, files)).length, fault: '' }
  } catch (error) {
    if (error instanceof PaudeError) return { count: 0, fault: error.message }
    throw error
  }
}

/** Addresses of a name as this machine's resolver gives them; null when it gives none within 2 s. */
export async function resolve(site: string): Promise<readonly string[] | null> {
  const [host = ''] = site.split(':')
  const answers = lookup(host, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => null,
  )
  return await Promise.race([answers, Bun.sleep(2000).then(() => null)])
}
