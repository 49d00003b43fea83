import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync } from 'node:fs'
import { HOST_NAME } from '../../src/network/names.ts'
import { type BedrockApi, serveBedrockApi } from '../support/bedrock-api.ts'
import { serveVertexApi } from '../support/vertex-api.ts'
import { selfSigned } from './certificate.ts'
import { type Api, describeEach, makeProject, paude, put, root, serveApi } from './support.ts'

setDefaultTimeout(300_000) // ms: the proxy's image is made anew

const FREE = '--dangerously-skip-permissions'

/** Words of sh that print how often a box shows this key, and what it has of these variables. */
function look(key: string, variables: readonly string[]): string {
  // Two halves: the whole would be found in the prompt itself.
  const needle = `"${key.slice(0, 20)}""${key.slice(20, 30)}"`
  return `(env; cat /proc/*/environ /proc/*/cmdline; find "$HOME" /etc /paude /tmp /run -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all; echo found $(command grep -a -c -F -e ${needle} /tmp/all) of $(wc -l < /tmp/all); for name in ${variables.join(' ')}; do printenv $name || echo none; done`
}

describeEach('services', (backend) => {
  const key = `bedrock-api-key-${crypto.randomUUID()}`
  let pair: ReturnType<typeof selfSigned>
  let bedrock: BedrockApi
  let foundry: Api
  beforeAll(() => {
    pair = selfSigned()
    bedrock = serveBedrockApi({ key, tls: pair })
    foundry = serveApi({ key: `foundry-api-key-${crypto.randomUUID()}` })
  })
  afterAll(() => Promise.all([bedrock.stop(), foundry.stop()]))

  test('Claude asks Amazon Bedrock, the key goes to its models alone and is not in the sandbox', async () => {
    const address = `https://${HOST_NAME}:${bedrock.port}`
    const env = {
      PAUDE_BACKEND: backend,
      PAUDE_LOGIN_INSIDE: undefined,
      CLAUDE_CODE_USE_BEDROCK: '1',
      AWS_BEARER_TOKEN_BEDROCK: key,
      AWS_REGION: 'eu-west-1',
      AWS_SECRET_ACCESS_KEY: 'another-secret',
      ANTHROPIC_BEDROCK_BASE_URL: address,
    }
    const cwd = makeProject()
    const ask = `ask() { curl -s --path-as-is -o /dev/null -w "%{http_code}\\n" -X "$1" -H "Authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK" "${address}$2"; }`
    put(
      `${cwd}/look`,
      `${look(key, ['CLAUDE_CODE_USE_BEDROCK', 'AWS_REGION', 'AWS_BEARER_TOKEN_BEDROCK', 'AWS_SECRET_ACCESS_KEY'])}
${ask}
ask GET /inference-profiles; ask POST /inference-profiles; ask GET /guardrails; ask POST /model/a/invoke/../../../agents; ask POST /model/x%2F..%2F..%2Fagents/invoke`,
    )
    // The image of the agent as it is: only the proxy's is made anew.
    const image = /localhost\/paude\/claude:[\w.-]+/.exec((await paude(['--print-config'], { env, cwd })).stdout)?.[0] ?? ''
    const trusting = ['--ca-file', pair.file, '--image', image]
    // Nothing that Claude itself asks for is blocked.
    expect(await paude([...trusting, '-p', 'SAY by Bedrock'], { env, cwd })).toEqual({
      code: 0,
      stdout: 'by Bedrock\n',
      stderr: '',
    })
    const { code, stdout, stderr } = await paude([...trusting, '-p', 'BASH bash look;;SAY {result}', FREE], { env, cwd })
    expect(code, stderr).toBe(0)
    const [found, ...rest] = stdout.split('\n')
    expect(found).toMatch(/^found 0 of [1-9]\d{2,}$/)
    expect(rest.slice(0, 9)).toEqual([
      ...['1', 'eu-west-1', 'paude-placeholder-the-real-key-stays-outside-the-box', 'none'],
      ...['200', '403', '403', '403', '403'],
    ])
    const streamed = bedrock.requests.filter(({ path }) => path.endsWith('/invoke-with-response-stream'))
    expect(streamed.length).toBeGreaterThan(1)
    expect(new Set(bedrock.requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${key}`]))
    expect(bedrock.requests.filter(({ path }) => !/^\/(model\/[^/]+\/invoke|inference-profiles)/.test(path))).toEqual([])
  })

  test('Claude asks Azure Foundry with the key of a file, also after a stop', async () => {
    const folder = `${root}/config-${backend}-foundry`
    chmodSync(put(`${folder}/key`, `${foundry.key}\n`), 0o600)
    put(
      `${folder}/paude/config.toml`,
      `[provider]\nservice = "foundry"\nbase_url = "http://${HOST_NAME}:${foundry.port}/anthropic"\napi_key = "file:${folder}/key"\n`,
    )
    const env = { PAUDE_BACKEND: backend, PAUDE_LOGIN_INSIDE: undefined, XDG_CONFIG_HOME: folder }
    const cwd = makeProject()
    const variables = ['CLAUDE_CODE_USE_FOUNDRY', 'ANTHROPIC_FOUNDRY_BASE_URL', 'ANTHROPIC_FOUNDRY_API_KEY']
    put(`${cwd}/look`, look(foundry.key, variables))
    const { stdout: id } = await paude(['--detach', '-p', 'BASH bash look;;SAY {result}', FREE], { env, cwd })
    try {
      for (const again of [false, true]) {
        const before = foundry.requests.length
        if (again) expect((await paude(['start', id.trim()], { env, cwd })).code).toBe(0)
        expect((await paude(['wait', id.trim(), '--timeout', '120'], { env, cwd })).code).toBe(0)
        const [found, ...rest] = (await paude(['output', id.trim()], { env, cwd })).stdout.trim().split('\n')
        expect(found).toMatch(/^found 0 of [1-9]\d{2,}$/)
        const placeholder = 'paude-placeholder-the-real-key-stays-outside-the-box'
        expect(rest.slice(0, 3)).toEqual(['1', `http://${HOST_NAME}:${foundry.port}/anthropic`, placeholder])
        const seen = foundry.requests.slice(before).filter(({ path }) => path.startsWith('/anthropic/v1/messages'))
        expect(seen.length).toBeGreaterThan(0)
        for (const { status, headers } of seen) expect([status, headers['x-api-key']]).toEqual([200, foundry.key])
      }
    } finally {
      await paude(['rm', '--force', id.trim()], { env, cwd })
    }
  })

  test('Claude asks Google Vertex AI with the token that a program prints, which is not in the sandbox', async () => {
    const token = `ya29.${crypto.randomUUID()}`
    const vertex = serveVertexApi({ token })
    try {
      const folder = `${root}/config-${backend}-vertex`
      put(`${folder}/token`, token)
      put(
        `${folder}/paude/config.toml`,
        `[provider]\nservice = "vertex"\nregion = "europe-west1"\nresource = "my-project"\nbase_url = "http://${HOST_NAME}:${vertex.port}/v1"\nauth_token = { command = ["cat", "${folder}/token"], every = 240 }\n`,
      )
      const env = { PAUDE_BACKEND: backend, PAUDE_LOGIN_INSIDE: undefined, XDG_CONFIG_HOME: folder }
      const cwd = makeProject()
      put(`${cwd}/look`, look(token, ['ANTHROPIC_VERTEX_PROJECT_ID', 'CLOUD_ML_REGION', 'CLOUDSDK_AUTH_ACCESS_TOKEN']))
      const { code, stdout, stderr } = await paude(['-p', 'BASH bash look;;SAY {result}', FREE], { env, cwd })
      expect(code, stderr).toBe(0)
      const [found, ...rest] = stdout.split('\n')
      expect(found).toMatch(/^found 0 of [1-9]\d{2,}$/)
      expect(rest.slice(0, 3)).toEqual([
        ...['my-project', 'europe-west1', 'paude-placeholder-the-real-token-stays-outside-the-box'],
      ])
      expect(vertex.requests.length).toBeGreaterThan(1)
      for (const { path, status } of vertex.requests)
        expect([status, path.split('/models/')[0]]).toEqual([
          200,
          '/v1/projects/my-project/locations/europe-west1/publishers/anthropic',
        ])
    } finally {
      await vertex.stop()
    }
  })
})
