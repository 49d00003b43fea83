/** A login as Codex keeps it. */
export type Rotating = ReturnType<typeof oauthServer>

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** An unsigned token that says when it ends, in seconds since 1970. */
export const jwt = (iat: number, exp: number): string => `${part({ alg: 'none' })}.${part({ iat, exp })}.x${crypto.randomUUID()}`

/**
 * An authorization server whose refresh tokens serve once. As servers do that think of lost answers, it takes the one before the last as
 * long as nobody used the last; a `strict` one does not.
 */
export function oauthServer({ lifetime, strict = false }: { readonly lifetime: number; readonly strict?: boolean }) {
  let [last, before] = [`rt.${crypto.randomUUID()}`, '']
  let [asked, refused] = [0, 0]
  const access = new Set<string>()
  const give = (now: number) => {
    const token = jwt(now, now + lifetime)
    access.add(token)
    return token
  }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      asked++
      const said = (await request.json()) as Record<string, string>
      const isNew = said['refresh_token'] === last
      if (!isNew && (strict || before === '' || said['refresh_token'] !== before)) {
        refused++
        return Response.json({ error: { code: 'refresh_token_reused', message: `of ${said['refresh_token']}` } }, { status: 401 })
      }
      if (isNew) before = last
      last = `rt.${crypto.randomUUID()}`
      return Response.json({ access_token: give(Date.now() / 1000), refresh_token: last, id_token: 'e30.e30.x' })
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}/oauth/token`,
    /** What Codex has after a login at this moment, in seconds since 1970. */
    login: (now: number) => ({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      tokens: { id_token: 'e30.e30.x', access_token: give(now), refresh_token: last, account_id: 'account-of-a-test' },
      last_refresh: new Date(now * 1000).toISOString(),
      of_another_version: { kept: true },
    }),
    /** Whether a refresh token would be taken now. */
    takes: (token: string) => token === last || (!strict && token === before),
    gave: (token: string) => access.has(token),
    asked: () => asked,
    refused: () => refused,
    stop: () => server.stop(true),
  }
}
