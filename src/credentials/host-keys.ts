import { row, text, texts, type Valibot } from '../key.ts'
import { bindingsOf, type HostCredential, hostFault } from './host-credential.ts'
import { isKind, kindNames } from './kinds.ts'
import { OTHER_SOURCES, secretSource } from './schema.ts'
import type { FileSource } from './source.ts'

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/

/** The keys of one credential. */
const parts = (v: Valibot) => ({
  kind: v.optional(v.picklist(kindNames)),
  host: v.optional(text(v)),
  paths: v.optional(texts(v)),
  methods: v.optional(texts(v)),
  header: v.optional(text(v)),
  basic: v.optional(text(v)),
  query: v.optional(text(v)),
  value: v.union([v.picklist(['gh']), secretSource(v)], SOURCE),
  placeholder: v.optional(text(v)),
  variable: v.optional(v.union([text(v), texts(v)], 'must be the name of a variable, or a list of them')),
  agents: v.optional(texts(v)),
  repos: v.optional(texts(v)),
  access: v.optional(v.picklist(['read', 'write'])),
  when: v.optional(v.picklist(['always', 'wanted'])),
})

/** What is wrong with a text is told without the text: it may be the secret itself. */
const SOURCE = `must say where the secret is, not hold it: "env:NAME", "file:/path", ${OTHER_SOURCES}, or "gh" for GitHub`

type Written = {
  readonly [K in 'kind' | 'host' | 'header' | 'basic' | 'query' | 'placeholder' | 'name']?: string | undefined
} & {
  readonly [K in 'paths' | 'methods' | 'agents' | 'repos']?: readonly string[] | undefined
} & {
  readonly value: FileSource
  readonly variable?: string | readonly string[] | undefined
  readonly access?: 'read' | 'write' | undefined
  readonly when?: 'always' | 'wanted' | undefined
}

/** `[[credentials]]`, or `[credentials]` with a credential by its name, of which the value alone may be written. */
const schema = (v: Valibot) =>
  v.pipe(
    v.union(
      [
        v.array(v.strictObject({ name: v.optional(v.pipe(v.string(), v.regex(NAME, MUST_BE_NAME))), ...parts(v) })),
        v.record(
          v.pipe(v.string(), v.regex(NAME, MUST_BE_NAME)),
          v.union([v.union([v.picklist(['gh']), secretSource(v)], SOURCE), v.strictObject(parts(v))], SOURCE),
        ),
      ],
      'must be a table of credentials by name, or [[credentials]] for each',
    ),
    v.transform((found) => listed(found as readonly Written[] | Readonly<Record<string, FileSource | Written>>)),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      for (const one of dataset.value) {
        const fault = hostFault(one) ?? lengthFault(one)
        if (fault !== null) addIssue({ message: `${one.credential}: ${fault}` })
      }
      const names = dataset.value.map(({ credential }) => credential)
      const twice = names.find((name, at) => names.indexOf(name) !== at)
      if (twice !== undefined) addIssue({ message: `${twice} is there twice; give each a name` })
    }),
  )

const MUST_BE_NAME = 'must be a name of lower-case letters, digits and -'

const listed = (found: readonly Written[] | Readonly<Record<string, FileSource | Written>>): readonly HostCredential[] =>
  Array.isArray(found)
    ? found.map((one: Written) => whole(one.name ?? one.kind ?? nameOf(one.host ?? ''), one))
    : Object.entries(found as Readonly<Record<string, FileSource | Written>>).map(([name, one]) =>
        whole(name, typeof one === 'string' || 'command' in one || 'keychain' in one ? { value: one } : one),
      )

/** A host as a name. */
const nameOf = (host: string): string => host.toLowerCase().replace(/[^a-z0-9]+/g, '-')

function whole(credential: string, written: Written): HostCredential {
  const { value, variable = [], ...rest } = written
  // A table's key that is a kind means that.
  const kind = rest.kind ?? (isKind(credential) ? credential : '')
  const host = rest.host?.toLowerCase() ?? ''
  return {
    credential,
    kind: isKind(kind) ? kind : '',
    host,
    paths: rest.paths ?? [],
    methods: rest.methods ?? [],
    header: rest.header ?? '',
    basic: rest.basic ?? '',
    query: rest.query ?? '',
    value:
      value === 'gh'
        ? { command: ['gh', 'auth', 'token', '--hostname', host === '' ? 'github.com' : host] }
        : (value as HostCredential['value']),
    isFromGh: value === 'gh',
    placeholder: rest.placeholder ?? '',
    variables: [variable].flat(),
    agents: rest.agents ?? [],
    repos: rest.repos ?? [],
    access: rest.access ?? 'write',
    when: rest.when ?? 'always',
  }
}

/** A line of squid's ends at 2048 signs. */
const lengthFault = (credential: HostCredential): string | null =>
  bindingsOf(credential).injections.some(({ api }) => api.length > 1500)
    ? 'its paths or repos are too many for one credential; divide them among several'
    : null

const NOT_A_PROJECTS = 'write it into your own config.toml; a project says which it wants with wants_credentials = ["github"]'

/** Credentials for hosts of the user's choice: the proxy adds them, and the sandbox sees placeholders. */
export const hostKeys = {
  credentials: row({
    key: 'credentials',
    meaning: `Credentials for other hosts, by name: where each is, and what it is for. Known kinds: ${kindNames.join(', ')}`,
    parts: {
      kind: 'Known service; a table named like one is of that kind',
      host: 'Host, with a port where that is not 443',
      paths: 'Paths that it is for, like /api/** or /v1/items/*; all of them where none is named',
      methods: 'HTTP methods that it is for; GET and HEAD where none is named',
      header: 'Its header: NAME, or NAME: WORD with a word before the value',
      basic: 'Name of a basic login; the value is its password',
      query: 'Its parameter of the query, where the request has the placeholder there',
      value: `Where it is: env:NAME, file:PATH, ${OTHER_SOURCES}, or gh for the login of GitHub CLI`,
      placeholder: 'What the sandbox sees in its place',
      variable: 'Variables of the sandbox that have the placeholder',
      agents: 'Agents whose sessions have it; all of them where none is named',
      repos: 'Repositories that it is for, like owner/name; all of them where none is named',
      access: 'read or write (default)',
      when: 'always (default), or wanted: only where wants_credentials names it',
    },
    initial: [] as readonly HostCredential[],
    schema,
    rule: 'own',
    notIn: { project: NOT_A_PROJECTS, managed: 'write it into the config.toml of each user' },
  }),
  wantsCredentials: row({
    key: 'wants_credentials',
    meaning: 'Names of credentials that the project wants: they never come from its file, but from your config.toml',
    initial: [] as readonly string[],
    schema: (v) => v.array(v.pipe(v.string(), v.regex(NAME, MUST_BE_NAME))),
    rule: 'adds',
  }),
  credentialsAllow: row({
    key: 'credentials_allow',
    meaning: 'Kinds and hosts, like github or *.example.org, that credentials can be for; in the managed file, for everyone',
    initial: [] as readonly string[],
    schema: (v) =>
      v.array(
        v.pipe(
          v.string(),
          v.regex(/^(\*\.)?[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/, 'must be a kind, or a host like "api.example.org"'),
        ),
      ),
    rule: 'own',
    notIn: { project: 'write it into your own config.toml, since it bounds your credentials' },
  }),
}
