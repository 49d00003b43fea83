import { isAbsolute, join } from 'node:path'
import type { Host } from '../host.ts'
import { shown } from '../text.ts'
import { below, inside, look, overlap, realFuture, realPath } from './paths.ts'

/** What judging a place needs to know of the machine. */
export type Surroundings = Pick<Host, 'home' | 'env'>

/** Why a place is not given to an agent. Final: not even with --force. */
export type Objection = { readonly reason: string; readonly final: boolean }

/** Windows into the kernel, never a project. */
const KERNEL = ['/proc', '/sys', '/dev']

/** The machine's own, with all they hold. */
const SYSTEM = [
  ...['/etc', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/boot', '/run', '/var', '/root', '/nix', '/snap'],
  ...['/System', '/Library', '/Applications', '/private', '/cores'],
]

/** Not a project themselves, though one may lie below. Wins over SYSTEM. */
const SHARED = [
  ...['/tmp', '/home', '/opt', '/srv', '/mnt', '/mnt/c', '/media', '/Users', '/Volumes'],
  ...['/var/tmp', '/var/home', '/var/www', '/run/media', '/private/tmp', '/private/var/tmp', '/private/var/folders'],
]

/** Never an extra mount, nor anything that holds one of them. */
const UNMOUNTABLE = [
  ...['/etc', '/boot', '/run', '/var/run', '/private/etc', '/private/var/run', '/root'],
  ...['/var/lib/docker', '/var/lib/containers', '/var/lib/containerd', '/var/lib/kubelet'],
]

/** Credential stores, relative to HOME. */
const CREDENTIALS = [
  ...['.ssh', '.gnupg', '.gpg', '.password-store', '.netrc', '_netrc', '.authinfo', '.authinfo.gpg', '.pgpass', '.my.cnf'],
  ...['.aws', '.azure', '.gcloud', '.config/gcloud', '.kube', '.oci', '.terraform.d/credentials.tfrc.json', '.vault-token'],
  ...['.docker', '.config/containers/auth.json', '.git-credentials', '.config/git/credentials', '.config/gh', '.config/hub'],
  ...['.npmrc', '.pypirc', '.cargo/credentials', '.cargo/credentials.toml', '.gem/credentials', '.m2/settings.xml'],
  ...['.config/op', '.local/share/keyrings', 'Library/Keychains', '.mozilla', '.config/google-chrome', '.config/chromium'],
  ...['.claude/.credentials.json', '.claude.json', '.codex/auth.json', '.gemini/oauth_creds.json'],
]

/** Folders in which engines keep their sockets and their storage, relative to HOME. */
const ENGINES = ['.colima', '.lima', '.orbstack', '.rd', '.local/share/containers', '.local/share/docker']

/** Stores known by their name alone, for homes other than HOME: sudo, another user, a backup. */
const TELLING_NAMES = ['.ssh', '.gnupg', '.aws', '.kube', '.password-store']

/** Whether the place is too much, or the wrong thing, to be the project. The path is real. */
export function objectToWorkspace(path: string, host: Surroundings): Objection | null {
  if (path === '/') return { reason: 'it is the whole machine', final: true }
  if (KERNEL.some((place) => inside(place, path))) return { reason: `${shown(path)} belongs to the kernel`, final: true }
  const own = ownFolders(host).find((place) => inside(realFuture(place), path))
  if (own) return { reason: `${shown(path)} is in ${shown(own)}, which belongs to paude`, final: true }
  const reason = tooMuch(path, host) ?? systemPlace(path, host) ?? secretPlace(path, host)
  return reason === null ? null : { reason, final: false }
}

/** Why a place may not be an extra mount, or null. The path is real. */
export function objectToMount(path: string, host: Surroundings): string | null {
  if (path === '/') return '/ is the whole machine'
  const name = path.split('/').find((part) => TELLING_NAMES.includes(part))
  if (name) return `${shown(path)} is in ${name}, which holds credentials`
  return tooMuch(path, host) ?? unmountable(path, host) ?? secretPlace(path, host)
}

/** Where paude keeps its own state, configuration and cache: an agent that writes there decides over its successors. */
export function ownFolders({ home, env }: Surroundings): readonly string[] {
  const folder = (value: string | undefined, standard: string) =>
    value && isAbsolute(value) ? [join(value, 'paude')] : home ? [join(home, standard, 'paude')] : []
  return [
    ...folder(env['XDG_STATE_HOME'], '.local/state'),
    ...folder(env['XDG_CONFIG_HOME'], '.config'),
    ...folder(env['XDG_CACHE_HOME'], '.cache'),
  ]
}

function tooMuch(path: string, { home }: Surroundings): string | null {
  const real = home && (realPath(home) ?? home)
  if (!real || !inside(path, real)) return null
  return inside(real, path) ? `${shown(path)} is your home directory` : `${shown(path)} holds your home directory`
}

function systemPlace(path: string, host: Surroundings): string | null {
  if (SHARED.includes(path)) return `${shown(path)} is shared by all programs of this machine`
  const place = SYSTEM.find((system) => inside(system, path))
  return place && !sheltered(path, place, host) ? `${shown(path)} belongs to the system` : null
}

function unmountable(path: string, host: Surroundings): string | null {
  const place = [...KERNEL, ...UNMOUNTABLE].find((closed) => overlap(closed, path))
  if (!place || (!KERNEL.includes(place) && sheltered(path, place, host))) return null
  return inside(place, path) ? `${shown(path)} belongs to the system` : `${shown(path)} holds ${place}`
}

/** Homes and scratch places below a system folder: /var/home, /run/media, a service user's /var/lib/NAME, root's /root. */
function sheltered(path: string, place: string, { home }: Surroundings): boolean {
  const real = home && (realPath(home) ?? home)
  const shelters = real && (real === '/root' || !SYSTEM.includes(real)) ? [...SHARED, real] : SHARED
  return shelters.some((shelter) => below(place, shelter) && shelter !== path && below(shelter, path))
}

/** Credential stores, engine sockets and paude's own folders: neither in the place nor around it. */
function secretPlace(path: string, host: Surroundings): string | null {
  const { home, env } = host
  const homely = (names: readonly string[]) => (home ? names.map((name) => join(home, name)) : [])
  return (
    meets(path, homely(CREDENTIALS), 'which holds credentials') ??
    meets(path, [...homely(ENGINES), ...socketsOf(env)], 'where an engine or a key agent listens') ??
    meets(path, ownFolders(host), 'which belongs to paude', 'even before it exists')
  )
}

/** A store closes what lies in it and what holds it; unless told, only once it exists. */
function meets(path: string, places: readonly string[], what: string, early?: 'even before it exists'): string | null {
  for (const place of places) {
    if (!early && !look(place)) continue
    const real = realFuture(place)
    if (inside(real, path) || below(place, path)) return `${shown(path)} is in ${shown(place)}, ${what}`
    if (inside(path, real) || below(path, place)) return `${shown(path)} holds ${shown(place)}, ${what}`
  }
  return null
}

function socketsOf(env: Surroundings['env']): readonly string[] {
  const addresses = [env['DOCKER_HOST'], env['CONTAINER_HOST'], env['SSH_AUTH_SOCK']]
  return addresses.map((address) => (address ?? '').replace(/^unix:\/\//, '')).filter((path) => isAbsolute(path) && path !== '/')
}
