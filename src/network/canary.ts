import type { Injection } from './allow.ts'
import { literalPattern } from './pattern.ts'
import { headersOf } from './query.ts'

/** Headers of a request that are searched for placeholders. Squid sees no body, and nothing in a tunnel that it does not open. */
const SEARCHED = ['Authorization', 'X-Api-Key', 'Cookie', 'Private-Token', 'Job-Token', 'X-Auth-Token', 'Api-Key', 'Referer']

/** What every provider's placeholder has one of in it: some keys have no dashes. */
export const OF_PROVIDERS: readonly string[] = ['paude-placeholder-the-real-', 'paude.placeholder.the.real.']

/** A placeholder, and the names of the acls of the requests that it belongs into. */
type Canary = { readonly text: string; readonly homes: readonly string[]; readonly isParameter: boolean }

/** A placeholder each: that of several injections is one. */
function canaries(injections: readonly Injection[]): readonly Canary[] {
  const byText = Map.groupBy(
    injections.flatMap(({ bound }, at) =>
      (bound === undefined ? OF_PROVIDERS : [bound.placeholder]).map((text) => ({ text, bound, at })),
    ),
    ({ text }) => text,
  )
  return [...byText.entries()].map(([text, members]) => ({
    text,
    // A provider's host lets nothing else through anyway.
    homes: members.map(({ bound, at }) => `${bound === undefined ? 'inject_site' : 'inject_ok'}${at === 0 ? '' : at + 1}`),
    isParameter: members.some(({ bound }) => bound?.query !== undefined),
  }))
}

/** The acls `canary1`, `canary2`, …: a request that bears a placeholder, also as a part of a basic login. */
export function canaryAcls(injections: readonly Injection[]): readonly string[] {
  const headers = [...new Set([...SEARCHED, ...headersOf(injections)])]
  return canaries(injections).flatMap(({ text }, at) => {
    const pattern = [text, ...encoded(text)].map(literalPattern).join('|')
    const names = headers.map((_, n) => `canary${at + 1}_${n + 1}`)
    return [
      ...headers.map((header, n) => `acl ${names[n]} req_header ${header} ${pattern}`),
      `acl canary${at + 1}_url url_regex ${literalPattern(text)}`,
      `acl canary${at + 1} any-of ${[...names, `canary${at + 1}_url`].join(' ')}`,
    ]
  })
}

/** A placeholder on its way to somebody else is refused. */
export const canaryAccess = (injections: readonly Injection[]): readonly string[] => [
  'acl astray src all',
  'deny_info ERR_PAUDE_ASTRAY astray',
  ...canaries(injections).map(({ homes }, at) =>
    ['http_access deny', `canary${at + 1}`, ...homes.map((name) => `!${name}`), 'astray'].join(' '),
  ),
]

/** A placeholder of a parameter that is still in the address after the values were put into it is refused: it stands in another place. */
export const canaryLeft = (injections: readonly Injection[]): readonly string[] => [
  ...canaries(injections).flatMap(({ isParameter }, at) =>
    isParameter ? [`adapted_http_access deny canary${at + 1}_url astray`] : [],
  ),
  'adapted_http_access allow all',
]

/**
 * What base64 makes of a text wherever it stands in another one: only the signs that its neighbours have no part in. RFC 4648: three
 * bytes are four signs.
 */
export const encoded = (text: string): readonly string[] =>
  [0, 1, 2].map((offset) => {
    const whole = Buffer.from(' '.repeat(offset) + text)
      .toString('base64')
      .replace(/=+$/, '')
    const bits = (offset + text.length) * 8
    return whole.slice(Math.ceil((offset * 8) / 6), Math.floor(bits / 6))
  })
