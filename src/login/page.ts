import type { TokenLogin } from '../agents/agent.ts'

/** Longer ones are no address of a login page. */
const MOST = 2048

/**
 * The address that a login program printed, or null. What it printed is the box's output, so it is hostile: only a plain https address of
 * the login page is taken, which leads back to a host of the login. The line must have ended, since more of it may come.
 */
export function loginAddress(text: string, { page, hosts }: TokenLogin): string | null {
  for (const [, line = ''] of text.matchAll(/^[ \t]*(https:[!-~]+)[ \t]*[\r\n]/gm)) {
    const url = line.length > MOST ? null : URL.parse(line)
    if (url === null || url.protocol !== 'https:' || url.port !== '' || url.username !== '' || url.password !== '') continue
    if (!page.hosts.includes(url.hostname) || !page.path.test(url.pathname) || url.hash !== '') continue
    // Which of two the login takes would be a guess.
    const [to = '', ...others] = url.searchParams.getAll('redirect_uri')
    const back = others.length > 0 ? null : URL.parse(to)
    if (back?.protocol !== 'https:' || !hosts.includes(`${back.hostname}:${back.port || '443'}`) || back.username !== '') continue
    return url.href
  }
  return null
}

/** The token that it printed, or null. Two different ones are none: which one is real would be a guess. */
export function loginToken(text: string, { token }: TokenLogin): string | null {
  const found = new Set([...text.matchAll(new RegExp(token.source, 'gm'))].map(([, value = '']) => value))
  const [only = null] = found
  return found.size === 1 ? only : null
}

/** Why it did not take the code, or null. */
export const refusedBecause = (text: string, { refused }: TokenLogin): string | null => refused.exec(text)?.[1] ?? null

/** A code as the login page shows it, whole: typed into a terminal of the box, so nothing of it may be a key. */
export const isCode = (text: string, { code }: Pick<TokenLogin, 'code'>): boolean =>
  /^[!-~]{4,2048}$/.test(text) && code.test(text)
