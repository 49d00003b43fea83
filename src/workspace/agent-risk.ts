import { basename } from 'node:path'
import { foldedName } from './folded-name.ts'
import { IN_FOLDERS } from './listed.ts'
import { matcher } from './walk.ts'

/** A file of the agents' configuration before and after a change; null for none. */
export type ConfigFile = {
  /** From the project's top. */
  readonly path: string
  readonly before: string | null
  readonly after: string | null
  readonly isExecutable: boolean
}

/** Settings that say how the agent looks. All others are named: new ones appear with every release, and a model reads some as text. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['$schema', 'model', 'theme', 'verbose', 'includeCoAuthoredBy', 'spinnerTipsEnabled'],
  ...['alwaysThinkingEnabled', 'effortLevel', 'prefersReducedMotion'],
])

const WHY: Readonly<Record<string, string>> = {
  hooks: 'runs programs on this machine',
  mcpServers: 'starts programs on this machine, or connects to hosts',
  statusLine: 'runs a program on this machine',
  subagentStatusLine: 'runs a program on this machine',
  fileSuggestion: 'runs a program on this machine',
  apiKeyHelper: 'runs a program on this machine',
  awsAuthRefresh: 'runs a program on this machine',
  awsCredentialExport: 'runs a program on this machine',
  otelHeadersHelper: 'runs a program on this machine',
  permissions: 'changes what the agent may do without asking you',
  env: 'sets variables of the agent and of all that it runs',
  sandbox: "changes the agent's own sandbox",
  enabledPlugins: 'brings plugins, which may run programs',
  extraKnownMarketplaces: 'brings plugins, which may run programs',
  enableAllProjectMcpServers: 'starts servers without asking you',
  enabledMcpjsonServers: 'starts servers without asking you',
}

/** Keys of front matter by which a text runs programs, or gives itself permissions. */
const IN_FRONT = ['hooks', 'mcpServers', 'allowed-tools', 'tools', 'permissionMode', 'shell']

/** What a change makes a program run on this machine, or takes from its agent's guards. Whatever is not known to be harmless is named. */
export function risksOf({ path: said, before, after, isExecutable }: ConfigFile): readonly string[] {
  const path = said.split('/').map(foldedName).join('/')
  const hasKeys = SETTINGS.test(path) || basename(path) === '.mcp.json'
  if (after === null)
    return [
      'agents lose it: what it forbids is allowed, and a hook that runs it no longer stops anything',
      ...(before !== null && SETTINGS.test(path) ? risksOfKeys(before, '{}') : []),
    ]
  return [
    ...(isExecutable ? ['it is a program'] : []),
    ...otherTools(path),
    ...(/(^|\/)\.(codex|gemini)\//.test(path) && !path.endsWith('.md')
      ? ['it may start programs on this machine and change approvals']
      : []),
    ...(hasKeys
      ? risksOfKeys(before ?? '{}', after)
      : path.endsWith('.md')
        ? risksOfText(after)
        : isExecutable
          ? []
          : ['agents obey it, or run it from a hook or a skill']),
  ]
}

/** Where agents keep settings, by a folded name. */
const SETTINGS = /(^|\/)\.(claude|gemini)\/settings[^/]*\.json$/

function risksOfKeys(before: string, after: string): readonly string[] {
  const [then, now] = [keysOf(before), keysOf(after)]
  if (now === null) return ['it is not JSON that paude can read']
  const keys = [...new Set([...Object.keys(then ?? {}), ...Object.keys(now)])]
  const changed = keys
    .filter((key) => !HARMLESS.has(key) && JSON.stringify(inKeys(then ?? {}, key)) !== JSON.stringify(inKeys(now, key)))
    // Those that run programs first: nothing hides behind many others.
    .toSorted((one, other) => Number(Object.hasOwn(WHY, other)) - Number(Object.hasOwn(WHY, one)))
  const more = changed.length > MOST_KEYS ? [`${changed.length - MOST_KEYS} more settings change`] : []
  return [
    ...changed
      .slice(0, MOST_KEYS)
      .map((key) => `${key} ${Object.hasOwn(WHY, key) ? WHY[key] : 'is a setting that agents on this machine obey'}`),
    ...more,
  ]
}

/** Settings of one file that are named. */
const MOST_KEYS = 30

type Keys = Readonly<Record<string, unknown>>

const inKeys = (keys: Keys, key: string): unknown => (Object.hasOwn(keys, key) ? keys[key] : undefined)

function keysOf(text: string): Keys | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Keys) : null
  } catch {
    return null
  }
}

function risksOfText(text: string): readonly string[] {
  // Wherever they stand: there are many ways to write front matter.
  const named = IN_FRONT.filter((key) => new RegExp(`(^|[\\s{,"'])${key}["']?\\s*:`, 'm').test(text))
  return [
    'agents take it for your words',
    ...(named.length > 0 ? [`it sets ${named.join(', ')}, if that is in its front matter`] : []),
    ...(hasOddKeys(text) ? ['its front matter sets keys that paude cannot read'] : []),
    ...(text.includes('!`') || text.includes('```!') ? ['it runs shell commands when it is used'] : []),
  ]
}

/** Whether front matter writes keys in another way than plainly: with escapes, tags, anchors, or over several lines. */
function hasOddKeys(text: string): boolean {
  const trimmed = text.trimStart()
  if (!trimmed.startsWith('---')) return false
  // Only this line ends it for every reader; one that stops earlier reads less.
  const [front = ''] = trimmed.slice(3).split(/\n---\r?(?:\n|$)/)
  return ODD_KEYS.some((odd) => odd.test(front))
}

/** Blanks of one line only: a box chooses how much there is to look through. */
const ODD_KEYS = [
  /(^|[{,])[ \t\-?]*"[^"\\]*(?:\\[\s\S][^"\\]*)+"\s*:/m, // "\x68ooks":
  /(^|[\s{,[])![!<]/m, // !!binary aG9va3M=:
  /(^|[{,])[ \t-]*\?(\s|$)/m, // ? key
  /(^|[{,])[ \t-]*(&\S|\*[^\s*,{}[\]]+\s*:)/m, // &anchor key:, *alias :
  /(^|[\s{,"'])<<["']?\s*:/m, // merge keys
]

/** A folder of an agent's may hold what another tool obeys. */
function otherTools(path: string): readonly string[] {
  const match = matcher(IN_FOLDERS)
  return path.split('/').flatMap((name, at, all) => {
    const hit = match(name, all[at - 1] ?? '')
    return hit === null || /^(Claude Code|Codex|Gemini CLI|agents)$/.test(hit.listed.tool)
      ? []
      : [`${hit.listed.tool} ${hit.listed.why}`]
  })
}
