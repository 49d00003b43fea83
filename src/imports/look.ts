import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Brought, type Extension, type ExtensionPolicy, type Imports, mayCome, type OwnFolder } from '../agents/imports.ts'
import type { Settings } from '../config/keys/settings.ts'
import type { Host } from '../host.ts'
import type { Gather } from '../plan/plan.ts'
import { stateFolder } from '../state.ts'
import { readSmall } from '../workspace/paths.ts'
import { boundsOf } from './trace.ts'
import { ownPath, walk } from './walk.ts'

export type Rules = Pick<Settings, 'importKeep' | 'pluginsAllow' | 'pluginsDeny'>

type Place = { readonly rules: Rules; readonly project: string }

/** What would come in, and the step that brings the copy up to date. */
export type Imported = Omit<Brought, 'trees' | 'texts'> & { readonly gather: Gather }

/** Bytes of a file that says what comes in: Claude Code keeps all projects in one. */
const MOST = 32 * 1024 ** 2

/** The folder of your set-up, as this machine has it. */
export function ownFolder(host: Pick<Host, 'home' | 'env'>, { variable, folder }: Imports, project: string): OwnFolder {
  const named = host.env[variable]
  const usual = join(host.home, folder)
  const path = named?.startsWith('/') ? join(named).replace(/(.)\/$/, '$1') : usual
  const bounds = boundsOf(host, path, usual)
  return {
    home: host.home,
    path,
    moved: named?.startsWith('/') === true,
    project,
    read: (file, root) => readSmall('fault' in bounds ? '' : (ownPath(file, bounds, root) ?? ''), MOST),
    list: namesIn,
  }
}

/** Looks at all of it; nothing is copied yet. The copy of the same files has the same name. */
export function lookOwn(host: Pick<Host, 'home' | 'env'>, imports: Imports, { rules, project }: Place): Imported {
  const source = ownFolder(host, imports, project)
  const may = mayCome(rules.pluginsAllow, rules.pluginsDeny)
  const { trees, texts, left, ...rest } = imports.bring(source, { keep: rules.importKeep, may })
  const bounds = boundsOf(host, source.path, join(host.home, imports.folder))
  const { files, left: apart } = 'fault' in bounds ? unread(source.path, bounds.fault) : walk(trees, bounds)
  const name = hashed([files.map(({ path, mark, executable }) => [path, mark, executable]), texts])
  // Boxes that may see other plugins do not see each other's copies.
  const store = join(stateFolder(host), 'imports', hashed([source.path, rules.importKeep, rules.pluginsAllow, rules.pluginsDeny]))
  return {
    left: [...left, ...apart],
    ...rest,
    gather: { kind: 'gather', store, name, files, texts, users: join(stateFolder(host), 'sessions') },
  }
}

const unread = (path: string, fault: string) => ({ files: [], left: namesIn(path).length > 0 ? [`${path} (${fault})`] : [] })

/** What plugins and servers a session may have; undefined where nobody restricts them. */
export function lookPolicy(
  { imports, imported }: { readonly imports: Imports; readonly imported: Imported | null },
  { rules, project }: Place,
): ExtensionPolicy | undefined {
  const { pluginsAllow: allow, pluginsDeny: deny } = rules
  if (allow.length + deny.length === 0) return undefined
  const own = imported?.extensions ?? []
  const ofProject = projectExtensions(imports, { rules, project }, own)
  return { allow, deny, extensions: [...own, ...ofProject], marketplaces: imported?.marketplaces ?? [] }
}

/** The project's own servers. A stranger wrote the file: no link is followed, and a name that is allowed means your server of that name. */
export function projectExtensions(imports: Imports, { rules, project }: Place, own: readonly Extension[]): readonly Extension[] {
  const { pluginsAllow: allow, pluginsDeny: deny } = rules
  const found = imports.ofProject((path) => readSmall(path), project, mayCome(allow, deny))
  if (allow.length === 0 || allow.some((one) => /^(mcp:)?\*+$/.test(one))) return found
  const isYours = (one: Extension) => own.some((other) => other.from === 'user' && isSameServer(one, other))
  return found.map((one) =>
    one.out === '' && !isYours(one) ? { ...one, out: 'plugins.allow means your own server of this name' } : one,
  )
}

const isSameServer = (one: Extension, other: Extension): boolean =>
  one.kind === other.kind &&
  one.name === other.name &&
  one.url === other.url &&
  one.command.join('\0') === other.command.join('\0')

/** Whether there is anything to bring. */
export const isThere = (host: Pick<Host, 'home' | 'env'>, imports: Imports): boolean => {
  const { path } = ownFolder(host, imports, '')
  return namesIn(path).some((name) => /\.md$|^settings\.json$|^(rules|skills|agents|commands|output-styles|plugins)$/.test(name))
}

const hashed = (value: unknown): string => new Bun.CryptoHasher('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).sort()
  } catch {
    return []
  }
}
