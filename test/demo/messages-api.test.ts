import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MessagesApi, type MessagesApiOptions, serveMessagesApi } from '../../src/demo/messages-api.ts'

const open: MessagesApi[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.stop()))
})

test.each([
  [{ 'x-api-key': 'right' }, 200],
  [{ authorization: 'Bearer right' }, 200],
  [{ 'x-api-key': 'wrong', authorization: 'Bearer right' }, 200],
  [{}, 401],
  [{ 'x-api-key': '' }, 401],
  [{ 'x-api-key': 'righ' }, 401],
  [{ 'x-api-key': 'rightt' }, 401],
  [{ authorization: 'right' }, 401],
  [{ authorization: 'Basic right' }, 401],
  [{ 'x-api-key': 'Bearer right' }, 401],
] as const)('headers %j get %d', async (headers, status) => {
  const api = serve()
  for (const path of ['/v1/messages', '/v1/messages/count_tokens']) {
    const response = await fetch(api.url + path, { method: 'POST', headers, body: prompt('SAY hi') })
    expect(response.status).toBe(status)
    if (status === 401)
      expect(await response.json()).toEqual({
        type: 'error',
        error: { type: 'authentication_error', message: 'invalid x-api-key' },
      })
  }
  expect((await fetch(`${api.url}/v1/models`, { headers })).status).toBe(status)
})

test.each([
  ['GET', '/'],
  ['HEAD', '/api/hello'],
  ['GET', '/v1/messages'],
  ['POST', '/v1/models'],
  ['POST', '/v1/messages/batches'],
  ['POST', '/xv1/messages/'],
])('%s %s is not found', async (method, path) => {
  const response = await fetch(serve().url + path, { method, headers: KEY })
  expect(response.status).toBe(404)
  if (method !== 'HEAD') expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } })
})

test('answers only the addresses it admits, and tells nobody else whether a key is right', async () => {
  const ask = (admits: (peer: string) => boolean) => {
    const api = serve({ admits })
    return fetch(`${api.url}/v1/models`, { headers: KEY }).then(({ status }) => [status, api.requests.length])
  }
  expect(await ask((peer) => peer === '127.0.0.1')).toEqual([200, 1])
  expect(await ask((peer) => peer !== '127.0.0.1')).toEqual([403, 0])
})

test('takes any prefix before /v1, as gateways have', async () => {
  const api = serve()
  expect(
    (await fetch(`${api.url}/some/prefix/v1/messages?beta=true`, { method: 'POST', headers: KEY, body: prompt('SAY hi') }))
      .status,
  ).toBe(200)
})

test('lists a model and counts tokens', async () => {
  const api = serve()
  expect(await (await fetch(`${api.url}/v1/models`, { headers: KEY })).json()).toMatchObject({
    data: [{ type: 'model' }],
    has_more: false,
  })
  const counted = await fetch(`${api.url}/v1/messages/count_tokens`, { method: 'POST', headers: KEY, body: prompt('SAY hi') })
  expect(await counted.json()).toEqual({ input_tokens: Math.ceil(prompt('SAY hi').length / 4) })
})

test('answers in one JSON message', async () => {
  expect(await ask(serve(), 'SAY hi;;SAY you')).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'some-model',
    stop_reason: 'end_turn',
    content: [
      { type: 'text', text: 'hi' },
      { type: 'text', text: 'you' },
    ],
  })
})

test('streams words and a tool call in the order clients need', async () => {
  const response = await post(serve(), prompt('SAY two words;;BASH echo "ä"', { stream: true }))
  expect(response.headers.get('content-type')).toStartWith('text/event-stream')
  const events = readEvents(await response.text())
  expect(events.map(({ type }) => type)).toEqual([
    'message_start',
    'ping',
    'content_block_start',
    'content_block_delta',
    'content_block_delta',
    'content_block_stop',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ])
  expect(events[0]).toMatchObject({ message: { role: 'assistant', content: [], model: 'some-model' } })
  expect(events[2]).toMatchObject({ index: 0, content_block: { type: 'text', text: '' } })
  expect(events[3]).toMatchObject({ index: 0, delta: { type: 'text_delta', text: 'two ' } })
  expect(events[6]).toMatchObject({ index: 1, content_block: { type: 'tool_use', name: 'Bash', input: {} } })
  expect(JSON.parse(events[7]?.delta?.partial_json ?? '')).toMatchObject({ command: 'echo "ä"' })
  expect(events[9]).toMatchObject({ delta: { stop_reason: 'tool_use' } })
})

test('walks through a script by counting tool results', async () => {
  const api = serve()
  const script = 'WRITE a.txt x;;BASH cat a.txt;;SAY it was {result}, {result}'
  expect(await ask(api, script)).toMatchObject({
    stop_reason: 'tool_use',
    content: [{ name: 'Write', input: { file_path: 'a.txt', content: 'x' } }],
  })
  expect(await ask(api, script, 'written')).toMatchObject({ content: [{ name: 'Bash' }] })
  expect(await ask(api, script, 'written', '$& x')).toMatchObject({ content: [{ text: 'it was $& x, $& x' }] })
  expect(await ask(api, script, 'written', 'x', 'more')).toMatchObject({ content: [{ text: 'The script ends here.' }] })
})

test('a script given in code outweighs the prompt', async () => {
  const api = serve({ script: [{ kind: 'say', text: 'mine' }] })
  expect(await ask(api, 'SAY yours')).toMatchObject({ content: [{ text: 'mine' }] })
})

test('answers errands without tools briefly, as JSON when that is asked for', async () => {
  const api = serve({ script: [{ kind: 'say', text: 'mine' }] })
  const errand = (rest: object) => post(api, prompt('x', { tools: [], ...rest })).then((response) => response.json())
  expect(await errand({})).toMatchObject({ content: [{ text: 'Scripted session' }] })
  expect(await errand({ output_config: { format: { type: 'json_schema' } } })).toMatchObject({
    content: [{ text: '{"title":"Scripted session"}' }],
  })
})

test('echoes no more than the first words of a prompt it does not know', async () => {
  const words = ({ content }: Reply) => content[0]?.text ?? ''
  expect(words(await ask(serve(), 'please fix\nmy code'))).toEndWith(': please fix my code')
  expect(words(await ask(serve(), `${'x'.repeat(1e6)} end`)).length).toBeLessThan(250)
})

test.each([
  [400, 'invalid_request_error'],
  [403, 'permission_error'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [529, 'overloaded_error'],
])('fails with %d when the script says so', async (status, type) => {
  const response = await post(serve(), prompt(`ERR ${status}`, { stream: true }))
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ type: 'error', error: { type } })
})

test.each([
  [400, 'false'],
  [429, null],
  [529, null],
])('tells clients whether %d is worth another try', async (status, retry) => {
  expect((await post(serve(), prompt(`ERR ${status}`))).headers.get('x-should-retry')).toBe(retry)
})

test('waits, with the first event already sent', async () => {
  const waiting = await post(serve(), prompt('SLEEP 60;;SAY late', { stream: true }))
  const { value } = (await waiting.body?.getReader().read()) ?? {}
  expect(new TextDecoder().decode(value)).toContain('event: message_start')
  expect(new TextDecoder().decode(value)).not.toContain('late')
  expect(await (await post(serve(), prompt('SLEEP 0.01;;SAY late', { stream: true }))).text()).toContain('late')
})

test('stop cuts an answer that waits', async () => {
  const api = serve()
  const response = await post(api, prompt('SLEEP 60;;SAY late', { stream: true }))
  const rest = response.text().then(
    (text) => text,
    () => '',
  )
  await api.stop()
  expect(await rest).not.toContain('late')
  await expect(fetch(api.url)).rejects.toThrow()
})

test('records what arrived, refusals included', async () => {
  const api = serve()
  await fetch(`${api.url}/v1/messages?beta=true`, {
    method: 'POST',
    headers: { 'X-Api-Key': 'wrong', Via: 'squid' },
    body: '12345',
  })
  await ask(api, 'SAY hi', 'a result')
  expect(api.requests).toMatchObject([
    {
      method: 'POST',
      path: '/v1/messages?beta=true',
      headers: { 'x-api-key': 'wrong', via: 'squid' },
      bodyBytes: 5,
      status: 401,
      results: [],
    },
    { path: '/v1/messages', headers: KEY, status: 200, results: [{ text: 'a result', isError: false }] },
  ])
})

test('forgets the oldest requests', async () => {
  const api = serve()
  await fetch(`${api.url}/first`)
  for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 50 }, () => fetch(api.url)))
  expect(api.requests.length).toBe(1000)
  expect(api.requests[0]?.path).toBe('/')
})

test.each(['', 'null', '[]', '{', '{"messages":1}', '\u0000', '['.repeat(1e6)])('refuses a hostile body (%#)', async (body) => {
  const api = serve()
  const response = await post(api, body)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } })
  expect(await ask(api, 'SAY alive')).toMatchObject({ content: [{ text: 'alive' }] })
})

test('refuses a body beyond 32 MB, announced or not', async () => {
  const api = serve()
  const part = new Uint8Array(1024 * 1024)
  const announced = await post(api, new Uint8Array(33 * part.length))
  const parts = async function* () {
    for (let count = 0; count < 33; count++) yield part
  }
  const chunked = await post(api, parts())
  expect([announced.status, chunked.status]).toEqual([413, 413])
  expect(await ask(api, 'SAY alive')).toMatchObject({ content: [{ text: 'alive' }] })
})

test.each(['GET / HTTP/1.1\r\nHost: %%%\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', '\u0016\u0003\u0001\r\n\r\n'])(
  'survives a request that is none (%#)',
  async (bytes) => {
    const api = serve()
    expect(await firstLine(api.port, bytes)).toMatch(/^HTTP\/1.1 40[04] /)
    expect(await ask(api, 'SAY alive')).toMatchObject({ content: [{ text: 'alive' }] })
  },
)

test('listens on the given address only', async () => {
  const api = serve({ hostname: '127.0.0.2' })
  expect((await fetch(api.url)).status).toBe(404)
  await expect(fetch(`http://127.0.0.1:${api.port}`)).rejects.toThrow()
  expect(() => serve({ hostname: '' })).toThrow(TypeError)
  expect(() => serve({ key: '' })).toThrow(TypeError)
})

test('says which address cannot be had', () => {
  const { port } = serve()
  expect(() => serve({ port })).toThrow(expect.objectContaining({ code: 'command-failed' }))
})

test.skipIf(!Bun.which('openssl'))('speaks TLS with the certificate it was given', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-test-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const words = [
    '-newkey=rsa:2048',
    '-subj=/CN=localhost',
    '-addext=subjectAltName=DNS:localhost',
    `-keyout=${key}`,
    `-out=${cert}`,
  ]
  const flags = words.flatMap((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
  expect(Bun.spawnSync(['openssl', 'req', '-x509', '-nodes', ...flags]).exitCode).toBe(0)
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  const api = serve({ tls })
  expect(api.url).toStartWith('https://127.0.0.1:')
  const response = await fetch(`https://localhost:${api.port}/v1/models`, { headers: KEY, tls: { ca: tls.cert } })
  expect(response.status).toBe(200)
  await expect(fetch(`https://localhost:${api.port}/v1/models`, { headers: KEY })).rejects.toThrow()
})

test('writes an IPv6 address as a URL does', async () => {
  expect(serve({ hostname: '::1' }).url).toMatch(/^http:\/\/\[::1\]:\d+$/)
})

type Reply = { readonly content: readonly { readonly text?: string }[] }
type Event = { readonly type: string; readonly delta?: { readonly partial_json?: string } }

const KEY = { 'x-api-key': 'right' }

function serve(options: Partial<MessagesApiOptions> = {}): MessagesApi {
  const api = serveMessagesApi({ hostname: '127.0.0.1', key: 'right', ...options })
  open.push(api)
  return api
}

const post = (api: MessagesApi, body: RequestInit['body']): Promise<Response> =>
  fetch(`${api.url}/v1/messages`, { method: 'POST', headers: KEY, body })

async function ask(api: MessagesApi, words: string, ...results: readonly string[]): Promise<Reply> {
  const turns = results.map((content) => ({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content }] }))
  const response = await post(api, prompt(words, { messages: [{ role: 'user', content: words }, ...turns] }))
  return (await response.json()) as Reply
}

const prompt = (words: string, rest: object = {}): string =>
  JSON.stringify({
    model: 'some-model',
    max_tokens: 100,
    tools: [{ name: 'Bash' }],
    messages: [{ role: 'user', content: words }],
    ...rest,
  })

/** Fails when the name of an event and the type in its data differ. */
function readEvents(stream: string): readonly Event[] {
  return stream
    .split('\n\n')
    .filter(Boolean)
    .map((part) => {
      const [, name, data = ''] = /^event: (\S+)\ndata: (.*)$/.exec(part) ?? []
      const event = JSON.parse(data) as Event
      expect(event.type).toBe(name ?? '')
      return event
    })
}

const firstLine = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.once('data', (data) => {
      resolve(data.toString().split('\r\n')[0] ?? '')
      socket.destroy()
    })
    socket.once('error', reject)
  })
