import * as v from 'valibot'
import { faultOf } from '../config/files/faults.ts'
import type { Layer, Source } from '../config/keys/settings.ts'
import { PaudeError } from '../errors.ts'
import { shown } from '../text.ts'

/** Names of the older tool for sets of hosts, and ours. */
const GROUPS: Readonly<Record<string, string>> = {
  claude: '@anthropic',
  openai: '@openai',
  vertexai: '@vertex',
  gemini: '@google-ai',
  python: '@pypi',
  pypi: '@pypi',
  nodejs: '@npm',
  golang: '@go',
  rust: '@crates',
  github: '@github',
}

const MENDING = 'correct it, or start without the file: paude --ignore-project-config'

const texts = v.array(v.string())
const Older = v.looseObject({
  base: v.optional(v.string()),
  create: v.optional(
    v.looseObject({
      'allowed-domains': v.optional(v.union([v.string(), texts], 'must be a string or a list of strings')),
      agent: v.optional(v.string()),
    }),
  ),
})

/** Reads a `paude.json` of the older tool of this name: what has a key here is mapped, the rest is named. */
export function parseOlder(
  file: string,
  text: string,
): { readonly sources: readonly Source[]; readonly unknown: readonly string[] } {
  const { base, create = {}, ...rest } = checked(file, text)
  const { 'allowed-domains': domains = [], agent, ...further } = create
  const hosts = [domains].flat().map(hostsOf)
  const names = [...new Set(hosts.flatMap((found) => (found === null || found === 'all' ? [] : found)))]
  const [groups, single] = [names.filter((name) => name.startsWith('@')), names.filter((name) => !name.startsWith('@'))]
  const values: Layer = {
    ...(base ? { imageBase: base } : {}),
    ...(hosts.includes('all') ? { network: 'open' as const } : {}),
    ...(single.length > 0 ? { networkAllow: single } : {}),
    ...(groups.length > 0 ? { networkGroups: groups } : {}),
  }
  const unknown = [
    ...Object.keys(rest),
    ...Object.keys(further).map((key) => `create.${key}`),
    ...(agent === undefined || agent === 'claude' ? [] : [`create.agent = ${agent}`]),
    ...[domains].flat().flatMap((domain, at) => (hosts[at] === null ? [`create.allowed-domains: ${domain}`] : [])),
  ]
  const places = Object.fromEntries(Object.keys(values).map((key) => [key, file]))
  return { sources: [{ layer: 'project', values, places }], unknown }
}

/** What an entry means here; null when nothing does. A leading dot is the name and everything below it. */
function hostsOf(domain: string): readonly string[] | 'all' | null {
  if (domain === 'all') return 'all'
  if (Object.hasOwn(GROUPS, domain)) return [GROUPS[domain] ?? '']
  if (!domain.includes('.') || domain.startsWith('~')) return null
  return domain.startsWith('.') ? [domain.slice(1), `*${domain}`] : [domain]
}

function checked(file: string, text: string): v.InferOutput<typeof Older> {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch (cause) {
    throw new PaudeError('config', shown(`${file}: not valid JSON: ${(cause as Error).message}`), { hint: MENDING, cause })
  }
  const result = v.safeParse(Older, found)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new PaudeError('config', shown(`${file}: ${faultOf(issue, 'an object').message}`), {
    hint: MENDING,
  })
}
