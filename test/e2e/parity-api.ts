import { serveApi } from './support.ts'

/** What the model was asked. */
export type Asked = { readonly path: string; readonly beta: string; readonly body: unknown }

/** The scripted messages API behind a listener that keeps what it was asked. */
export function recordingApi(hostname: string) {
  const api = serveApi({ hostname: '127.0.0.1' })
  const asked: Asked[] = []
  const server = Bun.serve({
    hostname: '0.0.0.0',
    port: 0,
    maxRequestBodySize: 64 * 1024 * 1024,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const text = await request.text()
      const { host: _, ...headers } = request.headers.toJSON()
      asked.push({ path: pathname + search, beta: headers['anthropic-beta'] ?? '', body: text === '' ? null : JSON.parse(text) })
      return fetch(`http://127.0.0.1:${api.port}${pathname}${search}`, {
        method: request.method,
        headers,
        ...(text === '' ? {} : { body: text }),
        signal: request.signal,
      })
    },
    error: () => new Response('the listener failed', { status: 500 }),
  })
  return {
    asked,
    key: api.key,
    env: { ANTHROPIC_API_KEY: api.key, ANTHROPIC_BASE_URL: `http://${hostname}:${server.port}` },
    stop: async () => {
      await server.stop(true)
      await api.stop()
    },
  }
}
