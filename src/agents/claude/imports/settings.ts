import { isSecretName, mayHoldSecret } from '../../../credentials/looks-secret.ts'
import { providers } from '../../../credentials/providers.ts'
import { type ImportWish, keepable, type OwnFolder } from '../../imports.ts'
import { serviceVariables } from '../services.ts'
import { isName, type Table, table } from './json.ts'

/** Settings whose value is a program of this machine that gives a credential: no box has one. */
const HELPERS = [
  'apiKeyHelper',
  'awsAuthRefresh',
  'awsCredentialExport',
  'gcpAuthRefresh',
  'otelHeadersHelper',
  'proxyAuthHelper',
  'policyHelper',
]

/** What paude sets itself: the box is the sandbox, the login is outside, and marketplaces come with the plugins. */
const OURS = ['sandbox', 'forceLoginMethod', 'forceLoginOrgUUID', 'enabledPlugins', 'extraKnownMarketplaces', '$schema']

/** Variables that choose another provider or a login. */
const PROVIDER = new Set([
  ...providers.anthropic.secrets.map(({ variable }): string => variable),
  providers.anthropic.address.variable,
  ...serviceVariables,
])
const OTHER_WAY = /^(ANTHROPIC_UNIX_SOCKET|CLAUDE_CODE_USE_\w+|CLAUDE_CONFIG_DIR|HOME|PATH|\w+_PROXY|NODE_EXTRA_CA_CERTS)$/i

type Wish = ImportWish & { readonly source: OwnFolder }
type Kept = {
  readonly settings: Table
  readonly left: readonly string[]
  /** Names in the folder that programs of kept settings lie in. */
  readonly needs: readonly string[]
}

/** Your settings without what makes sense on this machine alone. */
export function bringSettings(found: Table, wish: Wish): Kept {
  const settings: Record<string, unknown> = {}
  const left: string[] = []
  const kept: unknown[] = []
  for (const [name, value] of Object.entries(found)) {
    if (OURS.includes(name)) continue
    const isKept = (keepable as readonly string[]).includes(name) && wish.keep.includes(name)
    if (!isKept && name !== 'hooks' && ((keepable as readonly string[]).includes(name) || HELPERS.includes(name))) {
      left.push(`${name} (a program of this machine)`)
      continue
    }
    const [rest, out] = narrowed(name, value, wish.keep)
    const [clean, secrets] = cleaned(rest, name)
    left.push(...out, ...secrets)
    if (isKept) kept.push(clean ?? null)
    const isEmptied = name === 'hooks' && Object.keys(table(clean)).length === 0
    if (clean !== undefined && !isEmptied) settings[name] = clean
  }
  return { settings: moved(settings, wish.source), left: [...new Set(left)], needs: neededBy(kept, wish.source) }
}

/** A setting without what this machine alone has. */
function narrowed(name: string, value: unknown, keep: Wish['keep']): readonly [unknown, readonly string[]] {
  if (name === 'hooks' && !keep.includes(name)) return withoutHostPaths(table(value))
  if (name === 'env') return withoutSecrets(table(value))
  return name === 'permissions' ? withoutFolders(table(value)) : [value, []]
}

/** Keys without which an object means another program. */
const PROGRAM = ['command', 'args', 'url', 'prompt']

/** A value without what may hold a secret, and the places of that. Undefined where nothing of it can stay. */
function cleaned(value: unknown, place: string): readonly [unknown, readonly string[]] {
  const lost = [undefined, [`${place} (may hold a secret)`]] as const
  if (typeof value === 'string') return mayHoldSecret(value) ? lost : [value, []]
  if (typeof value !== 'object' || value === null) return [value, []]
  const isList = Array.isArray(value)
  const all = Object.entries(value).map(([key, inner]) => {
    const at = isList || mayHoldSecret(key) ? place : `${place}.${key}`
    const isSecret =
      !isList && (mayHoldSecret(key) || (isSecretName(key) && !/^(boolean|number)$/.test(typeof inner) && inner !== ''))
    const [rest, out] = isSecret ? ([undefined, [`${at} (may hold a secret)`]] as const) : cleaned(inner, at)
    return { key, rest, out }
  })
  const left = all.flatMap(({ out }) => out)
  const rest = all.filter((one) => one.rest !== undefined)
  if (isList) return [rest.map((one) => one.rest), left]
  if (all.some(({ key, out }) => PROGRAM.includes(key) && out.length > 0)) return [undefined, left]
  return [Object.fromEntries(rest.map((one) => [one.key, one.rest])), left]
}

/** A path that begins at the root or at HOME. Programs of every system are none of this machine's alone. */
const HOST_PATH = /(^|[\s"'`=;&|(<>])(~|\$\{?HOME\b|\/(?!bin\/|usr\/bin\/|dev\/))/

/** Hooks that name no path of this machine. */
function withoutHostPaths(hooks: Table): readonly [Table, readonly string[]] {
  const left: string[] = []
  const rest: Record<string, unknown> = {}
  for (const [event, groups] of Object.entries(hooks)) {
    const good = (Array.isArray(groups) ? groups : []).flatMap((group) => {
      const inside = table(group)['hooks']
      const all = Array.isArray(inside) ? inside : []
      const mine = all.filter((hook) => comesIn(table(hook)))
      return mine.length === 0 ? [] : [{ ...table(group), hooks: mine }]
    })
    const count = (list: readonly unknown[]) => list.flatMap((group) => table(group)['hooks']).length
    if (!Array.isArray(groups) || count(good) < count(groups)) left.push(`hooks.${event} (a path of this machine)`)
    if (good.length > 0) rest[event] = good
  }
  return [rest, left]
}

function comesIn({ type, command, args, url }: Table): boolean {
  const words = [command, ...(Array.isArray(args) ? args : [])].map(String).join(' ')
  if (type === 'command') return typeof command === 'string' && !HOST_PATH.test(words)
  return url === undefined && type !== 'http'
}

function withoutSecrets(env: Table): readonly [Table, readonly string[]] {
  const why = (name: string, value: unknown): string =>
    PROVIDER.has(name) || OTHER_WAY.test(name)
      ? 'paude sets it'
      : isSecretName(name) || /_HEADERS$/i.test(name) || mayHoldSecret(String(value))
        ? 'may hold a secret'
        : ''
  const out = Object.entries(env).flatMap(([name, value]) => (why(name, value) === '' ? [] : [[name, why(name, value)] as const]))
  const names = new Set<string>(out.map(([name]) => name))
  return [
    Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name))),
    out.map(([name, why]) => `env.${name} (${why})`),
  ]
}

/** Further folders are mounts here. */
function withoutFolders({ additionalDirectories, ...rest }: Table): readonly [Table, readonly string[]] {
  return [rest, additionalDirectories === undefined ? [] : ['permissions.additionalDirectories (use --mount)']]
}

/** In the box the folder is at its usual place. */
function moved(settings: Table, { path, home }: OwnFolder): Table {
  const usual = `${home}/.claude`
  return path === usual ? settings : (JSON.parse(JSON.stringify(settings).replaceAll(`${path}/`, `${usual}/`)) as Table)
}

/** What Claude itself writes into its folder, and what nobody else is shown. */
const PRIVATE =
  /^(\..*|projects|history\.jsonl|todos|tasks|teams|sessions|session-env|shell-snapshots|statsig|telemetry|ide|jobs|daemon.*|backups|file-history|debug|paste-cache|plans|cache|local|plugins|settings.*\.json)$/

function neededBy(kept: readonly unknown[], { path, home }: OwnFolder): readonly string[] {
  const text = JSON.stringify(kept)
  const roots = ['~/.claude/', '$HOME/.claude/', `\${HOME}/.claude/`, `${home}/.claude/`, `${path}/`]
  const names = roots.flatMap((root) =>
    text
      .split(root)
      .slice(1)
      .map((rest) => /^[\w.-]*/.exec(rest)?.[0] ?? ''),
  )
  return [...new Set(names)].filter((name) => isName(name) && !PRIVATE.test(name))
}
