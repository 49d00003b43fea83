import type { Bound, Injection } from './allow.ts'
import { literalPattern } from './pattern.ts'
import { lines } from './squid-names.ts'

/** Some servers leave out signs around a name in a query: Ruby's take `[key]` for `key`. */
const inQuery = (names: string): string => `[?&;][^A-Za-z0-9_&;=]*(${names})[^A-Za-z0-9_&;=]*=`

/** Names of logins in a query, as patterns: one of the box's own would count beside the credential. */
const LOGIN_NAMES: readonly string[] = ['access_token', 'private_token', 'job_token', 'oauth_token', 'api[_-]?key']

export const LOGINS = inQuery(LOGIN_NAMES.join('|'))

/** The same where it is no word of the API, as it is for the keys of issues and caches. */
export const KEYS = inQuery('key')

/** A credential whose place is a parameter of the query. */
export type Parameter = Bound & { readonly query: string }

/** Of an injection into the query; null for one into a header. */
export const parameterOf = ({ bound }: Pick<Injection, 'bound'>): Parameter | null =>
  bound?.query === undefined ? null : { ...bound, query: bound.query }

/** Their headers; a credential in a query has none. */
export const headersOf = (injections: readonly Injection[]): readonly string[] =>
  injections.flatMap(({ header }) => (header === '' ? [] : [header]))

/**
 * Pattern of decoded paths whose query asks for the credential: by the placeholder, as the whole of the parameter that is the credential's.
 * Decoded, a sign of a name or of the path looks like one that parts them: squid/query.awk reads the address as it was written.
 */
export const asksFor = ({ query, placeholder }: Parameter): string =>
  `^[^?]*\\?(.*&)?${literalPattern(`${query}=${placeholder}`)}(&.*)?$`

/**
 * Patterns of what may not stand in such a query, in letters of either case: other logins, and the parameter once more, since the server
 * chooses which of the two counts.
 */
export function besides({ query }: Parameter): readonly string[] {
  const isOwn = (name: string) => new RegExp(`^(${name})$`, 'i').test(query)
  const own = inQuery(LOGIN_NAMES.find(isOwn) ?? literalPattern(query))
  return [inQuery(LOGIN_NAMES.filter((name) => !isOwn(name)).join('|')), `${own}.*${own}`]
}

/** Acls of one: `inject_got` holds once squid decided that a request gets it. From then on its address has the value. */
export const parameterAcls = (parameter: Parameter, end: string): readonly string[] => [
  `acl inject_asked${end} urlpath_regex ${asksFor(parameter)}`,
  `acl inject_besides${end} urlpath_regex -i ${besides(parameter).join(' ')}`,
  `acl inject_got${end} note -m paude_used ${end === '' ? '1' : end}`,
]

/** Headers of an answer by which servers tell the address of the request, and with it the value. */
const ECHOES = ['Location', 'Content-Location', 'Refresh', 'Link']

/**
 * What puts the values into addresses, for the requests of these acls: a program of the image, started with the first of them. Where it
 * puts none, also because it has too much to do, the placeholder stays, and the request is refused by `canaryLeft`.
 */
export const rewriter = (names: readonly string[]): readonly string[] =>
  names.length === 0
    ? []
    : [
        lines(
          'url_rewrite_program /usr/bin/mawk -W interactive -f /usr/lib/paude/query.awk',
          // One request at a time: numbered answers are written to the log, with the value, where squid 6 reads one in two pieces.
          'url_rewrite_children 1 startup=0 idle=1 concurrency=0 queue-size=4096 on-persistent-overload=ERR',
          'url_rewrite_extras "%{paude_used}note"',
          ...names.map((name) => `url_rewrite_access allow ${name}`),
          'url_rewrite_access deny all',
          ...names.flatMap((name) => ECHOES.map((header) => `reply_header_access ${header} deny ${name}`)),
        ),
      ]
