import { serveMessagesApi } from '../../src/demo/messages-api.ts'

export type VertexApi = {
  readonly port: number
  readonly requests: readonly { readonly path: string; readonly authorization: string; readonly status: number }[]
  readonly stop: () => Promise<void>
}

/** FAKE of Vertex AI's publisher models of Anthropic: the scripted Messages API behind their addresses, for one token. */
export function serveVertexApi({ token }: { readonly token: string }): VertexApi {
  const key = crypto.randomUUID()
  const models = serveMessagesApi({ hostname: '127.0.0.1', key })
  const requests: { path: string; authorization: string; status: number }[] = []
  const server = Bun.serve({
    hostname: '0.0.0.0',
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname
      const authorization = request.headers.get('authorization') ?? ''
      const response = await answer(request, path, authorization === `Bearer ${token}`)
      requests.push({ path, authorization, status: response.status })
      return response
    },
  })

  async function answer(request: Request, path: string, known: boolean): Promise<Response> {
    const [, model = '', how = ''] = /\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/.exec(path) ?? []
    if (!known) return Response.json({ error: { code: 401, status: 'UNAUTHENTICATED' } }, { status: 401 })
    if (model === '') return Response.json({ error: { code: 404, status: 'NOT_FOUND' } }, { status: 404 })
    if (model === 'count-tokens') return Response.json({ input_tokens: 5 })
    const body = { ...((await request.json()) as object), model, stream: how === 'streamRawPredict' }
    return fetch(`http://127.0.0.1:${models.port}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(body),
    })
  }

  return {
    port: server.port ?? 0,
    requests,
    stop: async () => {
      await server.stop(true)
      await models.stop()
    },
  }
}
