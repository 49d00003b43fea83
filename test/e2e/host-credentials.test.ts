import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { selfSigned } from './certificate.ts'
import { containersOf, describeEach, engine, gatewayOf, makeProject, paude, poll, put, root, runGit } from './support.ts'

setDefaultTimeout(180_000) // ms: tests run side by side

type Asked = { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }

/** The values: nothing but a server that is meant ever sees one. */
const secretOf = (name: string) => `${name}-real-${crypto.randomUUID()}`
const values = {
  forge: secretOf('ghp'),
  reader: secretOf('glpat'),
  tracker: secretOf('trk'),
  registry: secretOf('npm'),
  images: secretOf('img'),
  renewed: secretOf('new'),
  maps: secretOf('maps'),
}
/** Everything by which one could be known, also behind a name in a basic login. */
const needles = Object.values(values).flatMap((value) => [
  value,
  ...['x-access-token', 'oauth2', 'robot'].map((user) => Buffer.from(`${user}:${value}`).toString('base64').slice(-40)),
])
const hasValue = (text: string): boolean => needles.some((needle) => text.includes(needle))

/** A server that keeps what it was asked, and answers by a script. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  tls?: { key: string; cert: string },
  place = { host: '0.0.0.0', port: 0 },
) {
  const asked: Asked[] = []
  const heard = (request: IncomingMessage, response: ServerResponse) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    answer(request, response)
  }
  const server = tls === undefined ? createPlain(heard) : createServer(tls, heard)
  server.on('upgrade', (request, socket) => {
    asked.push({ method: 'UPGRADE', url: request.url ?? '', headers: request.headers })
    socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  })
  await new Promise<void>((done, fail) => server.once('error', fail).listen(place.port, place.host, done))
  const { port } = server.address() as AddressInfo
  return { asked, port, place: `${HOST_NAME}:${port}`, stop: () => server.closeAllConnections() ?? server.close() }
}

const json = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

/** A forge: git's own server behind a login, and as much of an API as a pull request needs. */
function forge(repositories: string, isRight: (authorization: string) => boolean) {
  return (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? ''
    const authorization = request.headers.authorization ?? ''
    if (!isRight(authorization)) {
      request.resume()
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="forge"' }).end('who are you?\n')
    }
    if (url.startsWith('/api/')) {
      let body = ''
      request.on('data', (piece) => {
        body += piece
      })
      request.on('end', () =>
        url === '/api/graphql'
          ? json(response, 200, { data: GRAPHQL })
          : json(response, request.method === 'POST' ? 201 : 200, { number: 7, url, title: body }),
      )
      return
    }
    const [path = '', query = ''] = url.split('?')
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env['PATH'],
        GIT_PROJECT_ROOT: repositories,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'ada',
        REMOTE_ADDR: '127.0.0.1',
        REQUEST_METHOD: request.method,
        PATH_INFO: path,
        QUERY_STRING: query,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      },
    })
    request.pipe(child.stdin)
    const pieces: Buffer[] = []
    child.stdout.on('data', (piece: Buffer) => void pieces.push(piece))
    child.on('close', () => {
      const all = Buffer.concat(pieces)
      const end = all.indexOf('\r\n\r\n')
      const head = all.subarray(0, end).toString('latin1').split('\r\n')
      const status = Number(/^Status: (\d+)/.exec(head.find((line) => line.startsWith('Status:')) ?? '')?.[1] ?? 200)
      const headers = head.filter((line) => !line.startsWith('Status:')).map((line) => line.split(': ') as [string, string])
      response.writeHead(status, Object.fromEntries(headers))
      response.end(all.subarray(end + 4))
    })
  }
}

const REPOSITORY = {
  ...{ id: 'R1', name: 'box', owner: { login: 'ada', id: 'U1' }, description: '', parent: null, viewerPermission: 'ADMIN' },
  ...{ hasIssuesEnabled: true, hasWikiEnabled: true, isPrivate: false, defaultBranchRef: { name: 'main' } },
  ...{ mergeCommitAllowed: true, rebaseMergeAllowed: true, squashMergeAllowed: true },
  ...{ pullRequests: { nodes: [], totalCount: 0 }, pullRequestTemplates: [], issueTemplates: [] },
}

/** One answer for whatever GitHub CLI asks on its way to a pull request. */
const GRAPHQL = {
  viewer: { login: 'ada', id: 'U1' },
  repository: REPOSITORY,
  createPullRequest: { pullRequest: { id: 'P1', number: 7, url: `https://${HOST_NAME}/ada/box/pull/7` } },
  ...{ PullRequest: { fields: [] }, Issue: { fields: [] }, Repository: { fields: [] } },
  ...{ StatusCheckRollupContextConnection: { fields: [] }, WorkflowRun: { fields: [] } },
}

/** GitHub CLI itself, which looks for a server at the usual port only. */
const gh = process.env['PAUDE_TEST_GH'] ?? Bun.which('gh')

const basic = (user: string, value: string) => `Basic ${Buffer.from(`${user}:${value}`).toString('base64')}`

describeEach('credentials for other hosts', (backend) => {
  const cwd = makeProject()
  const repositories = join(root, `repositories-${backend}`)
  const bare = join(repositories, 'ada/box.git')
  const printed = join(root, `printed-${backend}`)
  const env = {
    XDG_CONFIG_HOME: join(root, `creds-${backend}`),
    PAUDE_BACKEND: backend,
    TRACKER: values.tracker,
    MAPS: values.maps,
    SSH_AUTH_SOCK: join(root, 'agent.sock'),
  }
  const servers: Record<
    'forge' | 'reader' | 'tracker' | 'registry' | 'images' | 'maps' | 'plain',
    Awaited<ReturnType<typeof serve>>
  > = Object.create(null)
  let id = ''
  let starting: readonly string[] = []
  let pair = { key: '', cert: '', file: '' }

  const inBox = async (script: string) => {
    const { stdout, stderr } = await paude(['exec', id, '--', 'bash', '-c', script], { cwd, env })
    return `${stdout}${stderr}`.trim()
  }
  const status = (url: string, words = '') => inBox(`curl -s -m 20 -o /dev/null -w '%{http_code}' ${words} '${url}'`)
  const at = (name: keyof typeof servers, path: string) => `https://${servers[name].place}${path}`

  beforeAll(async () => {
    pair = selfSigned()
    execFileSync('git', ['init', '--quiet', '--bare', bare])
    execFileSync('git', ['-C', bare, 'config', 'http.receivepack', 'true'])
    const ok = (_: IncomingMessage, response: ServerResponse) => void response.end('fine\n')
    servers.forge = await serve(
      forge(repositories, (said) => said === basic('x-access-token', values.forge) || said === `Bearer ${values.forge}`),
      pair,
    )
    servers.reader = await serve(
      forge(repositories, (said) => said === basic('oauth2', values.reader) || said === `Bearer ${values.reader}`),
      pair,
    )
    servers.tracker = await serve((request, response) => {
      if (request.url === '/api/elsewhere') response.writeHead(302, { location: String(request.headers['x-to']) }).end()
      else ok(request, response.setHeader('set-cookie', 'session=of-the-credential'))
    }, pair)
    servers.registry = await serve(ok, pair)
    servers.images = await serve(ok, pair)
    servers.maps = await serve((request, response) => {
      const url = request.url ?? ''
      // As many servers answer what they do not have: with its path.
      if (url.startsWith('/api/missing')) response.writeHead(404).end(`no ${url.split('?')[0]}`)
      else if (url.startsWith('/api/moved')) response.writeHead(301, { location: `${url}/`, link: `<${url}>; rel="self"` }).end()
      else ok(request, response)
    }, pair)
    servers.plain = await serve(ok)
    const token = put(join(root, `token-${backend}`), `${values.registry}\n`)
    execFileSync('chmod', ['600', token])
    put(printed, values.images)
    put(
      join(env.XDG_CONFIG_HOME, 'paude/config.toml'),
      `
[network]
allow = ["${servers.plain.place}", "${servers.registry.place}"]

[credentials]
npm = { value = "file:${token}", host = "${servers.registry.place}", paths = ["/own/**"] }
docker-registry = { value = { command = ["cat", "${printed}"], every = 10 }, basic = "robot", host = "${servers.images.place}" }

[credentials.github]
host = "${servers.forge.place}"
value = "env:FORGE"
repos = ["ada/box"]

[credentials.gitlab]
host = "${servers.reader.place}"
value = "env:READER"
access = "read"

[credentials.tracker]
host = "${servers.tracker.place}"
paths = ["/api/**"]
methods = ["GET", "POST"]
header = "X-Token"
value = "env:TRACKER"
variable = "TRACKER_TOKEN"

[credentials.maps]
host = "${servers.maps.place}"
paths = ["/api/**"]
query = "key"
value = "env:MAPS"
variable = "MAPS_KEY"
`,
    )
    const image = /localhost\/paude\/claude:[\w.-]+/.exec((await paude(['--print-config'], { cwd, env })).stdout)?.[0] ?? ''
    starting = ['--ca-file', pair.file, '--image', image, '--detach']
    runGit(cwd, ['remote', 'add', 'origin', `git@${HOST_NAME}:ada/box.git`])
    const begun = await paude(starting, { cwd, env: { ...env, FORGE: values.forge, READER: values.reader } })
    expect({ code: begun.code, stderr: begun.code === 0 ? '' : begun.stderr }).toEqual({ code: 0, stderr: '' })
    id = begun.stdout.trim()
    expect(begun.stderr).toContain('git uses https instead of ssh for ')
    await poll('the wall stands', async () => (await status('http://paude.internal/')) === '200')
  }, 600_000)

  afterAll(async () => {
    if (id !== '') await paude(['rm', '--force', '--volumes', id], { cwd, env })
    for (const server of Object.values(servers)) server.stop()
  }, 180_000)

  /** Nothing that a server got since has a value, but what `meant` lets pass. */
  const expectNoValue = (from: Record<string, number>, meant: (asked: Asked) => boolean = () => false) => {
    for (const [name, { asked }] of Object.entries(servers))
      for (const one of asked.slice(from[name] ?? 0))
        if (!meant(one))
          expect({ name, ...one, leaks: hasValue(JSON.stringify(one.headers) + one.url) }).toMatchObject({ leaks: false })
  }
  const now = () => Object.fromEntries(Object.entries(servers).map(([name, { asked }]) => [name, asked.length]))

  test('a remote that is written for ssh is pushed to and fetched from over https, as who the user is', async () => {
    const said = await inBox(
      'git commit -q --allow-empty -m "from the sandbox" && git push -q origin HEAD:refs/heads/work && git fetch -q origin && git ls-remote origin',
    )
    expect(said).toContain('refs/heads/work')
    expect(await inBox('echo "agent: $SSH_AUTH_SOCK."')).toBe('agent: .')
    expect(execFileSync('git', ['-C', bare, 'log', '-1', '--format=%s', 'work'], { encoding: 'utf8' }).trim()).toBe(
      'from the sandbox',
    )
    const pushes = servers.forge.asked.filter(({ url }) => url === '/ada/box.git/git-receive-pack')
    expect(pushes.length).toBeGreaterThan(0)
    for (const { headers } of pushes) expect(headers.authorization).toBe(basic('x-access-token', values.forge))
  })

  test('a pull request is made with the placeholder alone', async () => {
    const said = await inBox(
      `curl -s -X POST -H "Authorization: token $GH_ENTERPRISE_TOKEN" -d '{"title":"a change"}' https://$GH_HOST/api/v3/repos/ada/box/pulls`,
    )
    expect(JSON.parse(said)).toEqual({ number: 7, url: '/api/v3/repos/ada/box/pulls', title: '{"title":"a change"}' })
    expect(servers.forge.asked.at(-1)?.headers.authorization).toBe(`Bearer ${values.forge}`)
  })

  test('each of the others gets its own, in its own form', async () => {
    expect(await status(at('tracker', '/api/items?sort=a/b&q=%2B1'))).toBe('200')
    expect(servers.tracker.asked.at(-1)?.headers['x-token']).toBe(values.tracker)
    expect(await status(at('tracker', '/api/items'), '-X POST -H "X-Token: $TRACKER_TOKEN" -d x=1')).toBe('200')
    expect(servers.tracker.asked.at(-1)?.headers['x-token']).toBe(values.tracker)
    expect(await status(at('registry', '/own/thing'))).toBe('200')
    expect(servers.registry.asked.at(-1)?.headers.authorization).toBe(`Bearer ${values.registry}`)
    expect(await status(at('images', '/v2/ada/box/manifests/latest'))).toBe('200')
    expect(servers.images.asked.at(-1)?.headers.authorization).toBe(basic('robot', values.images))
  })

  test.skipIf(gh === null || process.getuid?.() !== 0)(
    'gh makes a pull request of what git has pushed, in one command',
    async () => {
      const usual = await serve(
        forge(repositories, (said) => said === basic('x-access-token', values.forge) || said === `Bearer ${values.forge}`),
        pair,
        { host: await gatewayOf(backend), port: 443 },
      )
      try {
        const folder = makeProject()
        const config = join(root, `gh-${backend}`)
        cpSync(gh ?? '', join(folder, 'gh'))
        runGit(folder, ['remote', 'add', 'origin', `git@${HOST_NAME}:ada/box.git`])
        put(join(config, 'paude/config.toml'), `[credentials]\ngithub = { value = "env:FORGE", host = "${HOST_NAME}:443" }\n`)
        const script =
          'git commit -q --allow-empty -m more && git push -q origin HEAD:refs/heads/main HEAD:refs/heads/by-gh && git fetch -q && ./gh pr create --title "a change" --body why --base main --head by-gh'
        const words = [
          ...starting.filter((word) => word !== '--detach'),
          '--network=restricted',
          'run',
          '--',
          'bash',
          '-c',
          script,
        ]
        const { code, stdout, stderr } = await paude(words, {
          cwd: folder,
          env: { ...env, XDG_CONFIG_HOME: config, FORGE: values.forge },
        })
        expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toEqual({
          code: 0,
          stdout: `https://${HOST_NAME}/ada/box/pull/7\n`,
          stderr: '',
        })
        const asked = usual.asked.filter(({ url }) => url === '/api/graphql')
        expect(asked.length).toBeGreaterThan(1)
        for (const { headers } of asked) expect(headers.authorization).toBe(`Bearer ${values.forge}`)
      } finally {
        usual.stop()
      }
    },
  )

  test('what may only read fetches, and does not push', async () => {
    const remote = at('reader', '/ada/box.git')
    expect(await inBox(`git ls-remote ${remote}`)).toContain('refs/heads/work')
    const before = now()
    expect(await inBox(`git push ${remote} HEAD:refs/heads/never`)).toContain('403')
    expect(await status(at('reader', '/api/v4/projects'), '-X POST -d x=1')).toBe('403')
    expect(await status(at('reader', '/api/v4/projects'))).toBe('200')
    expect(execFileSync('git', ['-C', bare, 'branch', '--list', 'never'], { encoding: 'utf8' })).toBe('')
    expectNoValue(before, ({ method, url }) => method === 'GET' && url === '/api/v4/projects')
  })

  test('other requests to a host that the list allows go without, with what the sandbox wrote', async () => {
    const before = now()
    expect(await status(at('registry', '/foreign/thing'), '-H "Authorization: Bearer of-the-sandbox"')).toBe('200')
    expect(servers.registry.asked.at(-1)?.headers.authorization).toBe('Bearer of-the-sandbox')
    expectNoValue(before)
  })

  // Each of them goes to a server that would be given the value for another request.
  test.each([
    ['another path', '/other', '', '403'],
    ['a path above', '/api/../other', '--path-as-is', '403'],
    ['an encoded path above', '/api/%2e%2e/other', '--path-as-is', '403'],
    ['a path above that is encoded twice', '/api/%252e%252e/other', '--path-as-is', '403'],
    ['an encoded slash', '/api/x%2f..%2f..%2fother', '--path-as-is', '403'],
    ['a question mark for a part of the path', '/api%3f/../other', '--path-as-is', '403'],
    ['an empty part', '//api/items', '--path-as-is', '403'],
    ['a part with parameters', '/api/..;/other', '--path-as-is', '403'],
    ['a backslash', '/api/..\\\\other', '--path-as-is', '(403|400)'],
    ['other letters', '/API/items', '', '403'],
    ['another method', '/api/items', '-X DELETE', '403'],
    ['a method nobody knows', '/api/items', '-X FROBNICATE', '(403|400|405|501)'],
    ['TRACE, which echoes', '/api/items', '-X TRACE', '(403|405|501)'],
    ['an override of the method', '/other', '-H "X-HTTP-Method-Override: GET"', '403'],
    ['a path above with a space', '/api/..%20/other', '--path-as-is', '403'],
    ['a path above in invalid UTF-8', '/api/%c0%ae%c0%ae/other', '--path-as-is', '403'],
    ['a login in the query', '/api/items?a=b&access_token=own', '', '403'],
    ['an encoded login in the query', '/api/items?priv%61te_token=own', '-g', '403'],
  ] as const)('no value for %s', async (_, path, words, code) => {
    const before = now()
    expect(await status(at('tracker', path), words)).toMatch(new RegExp(`^${code}$`))
    expectNoValue(before)
  })

  test('no token of its own, and no key for somebody else, comes from the API of a forge', async () => {
    const before = now()
    for (const path of ['keys', 'k%65ys', 'hooks', 'collaborators/mallory', 'transfer', 'actions/runners/registration-token'])
      expect({ path, code: await status(at('forge', `/api/v3/repos/ada/box/${path}`), '-X POST -d x=1') }).toEqual({
        path,
        code: '403',
      })
    expect(await status(at('reader', '/api/v4/personal_access_tokens/self'))).toBe('403')
    expect(await status(at('reader', '/api/v4/projects/ada%2Fbox/access_tokens'))).toBe('403')
    expectNoValue(before)
    expect(await status(at('forge', '/api/v3/repos/ada/box/releases'), '-X POST -d x=1')).toBe('201')
    expect(await status(at('reader', '/api/v4/projects/ada%2Fbox/merge_requests'))).toBe('200')
  })

  test('a server sees one login and one method, and its session stays outside', async () => {
    const sent = [
      ...[
        'X-HTTP-Method-Override: DELETE',
        'X-HTTP-Method: DELETE',
        'X-Method-Override: DELETE',
        'X_HTTP_Method_Override: DELETE',
      ],
      ...['X-Original-URL: /admin', 'X-Rewrite-URL: /admin', 'X-Forwarded-Host: evil.example.org'],
      ...['X-Auth-Token: own', 'X_Token: own', 'Cookie: own=1'],
    ]
    const said = await inBox(
      `curl -s -m 20 -D - -X POST -d x=1 -H "X-Other: stays" ${sent.map((one) => `-H '${one}'`).join(' ')} ${at('tracker', '/api/items')}`,
    )
    expect(said).toContain('fine')
    expect(said.toLowerCase()).not.toContain('set-cookie')
    const { headers = {}, method } = servers.tracker.asked.at(-1) ?? {}
    expect({ method, token: headers['x-token'], other: headers['x-other'] }).toEqual({
      method: 'POST',
      token: values.tracker,
      other: 'stays',
    })
    const seen = Object.keys(headers)
    expect(sent.map((one) => one.split(':')[0]?.toLowerCase() ?? '').filter((name) => seen.includes(name))).toEqual([])
  })

  test('one for the query takes the place of its placeholder there, and the answer does not tell the address', async () => {
    const get = (query: string, words = '') => inBox(`curl -s -m 20 ${words} "https://${servers.maps.place}${query}"`)
    expect(await get('/api/x?a=1&key=$MAPS_KEY&b=2', '-H "X-Api-Key: own" -H "Cookie: own=1"')).toBe('fine')
    const { url, headers = {} } = servers.maps.asked.at(-1) ?? {}
    expect(url).toBe(`/api/x?a=1&key=${values.maps}&b=2`)
    expect(Object.keys(headers)).not.toContain('x-api-key')
    expect(Object.keys(headers)).not.toContain('cookie')
    expect((await get('/api/moved?key=$MAPS_KEY', '-D -')).toLowerCase()).not.toMatch(/location|link|real/)
    const before = now()
    for (const [query, words] of [
      ['/api/x', ''],
      ['/api/x?key=own', ''],
      ['/api/x?key=own&key=$MAPS_KEY', ''],
      ['/other?key=$MAPS_KEY', ''],
      ['/api/x?key=$MAPS_KEY', '-X POST -d a=1'],
      ['/api/x', '-H "X-Api-Key: $MAPS_KEY"'],
    ] as const)
      expect({ query, words, said: await get(query, words) }).toMatchObject({ said: expect.stringContaining('paude blocked') })
    expect(now()).toEqual(before)
  })

  test('one for the query goes into no other part of an address, neither to the server nor to the log', async () => {
    const before = now()
    const place = servers.maps.place
    /** The beginnings of the answers, in one call of the engine. */
    const begun = async (requests: readonly string[], signs: number) =>
      (await inBox(requests.map((request) => `echo "$(${request} | head -c ${signs})"`).join('; '))).split('\n')
    const paths = [
      '/api/missing&key=$MAPS_KEY',
      '/api/missing&key=$MAPS_KEY?a=1',
      '/api/missing%3Fa=1&key=$MAPS_KEY',
      '/api/missing/$MAPS_KEY?key=$MAPS_KEY',
      '/api/missing?a=?key=$MAPS_KEY',
      '/api/missing?cb=https://evil.example.org/?key=$MAPS_KEY',
      '/api/missing?cb=https://evil.example.org/?a=1&key=$MAPS_KEY',
      '/api/missing?cb=https%3A%2F%2Fevil.example.org%2F%3Fa=1%26key=$MAPS_KEY',
      '/api/missing?a=1%26key=$MAPS_KEY',
      '/api/missing?key%3D$MAPS_KEY',
      '/api/missing?k%65y=$MAPS_KEY',
      '/api/missing?key=$(echo $MAPS_KEY | sed s/p/%70/)',
      '/api/missing?a=1;key=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY;a=1',
      '/api/missing?KEY=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY&key=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY&b=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY&b=$(echo $MAPS_KEY | sed s/p/%70/)',
    ]
    const got = await begun(
      paths.map((path) => `curl -sg -m 20 --path-as-is "https://${place}${path}"`),
      13,
    )
    expect(paths.map((path, at) => `${path} ${got[at]}`)).toEqual(paths.map((path) => `${path} paude blocked`))
    // curl leaves out a fragment, and sends no space, so they are sent by hand; as is the absolute form.
    const byHand = (target: string) =>
      ['1.1', '1.0'].map(
        (version) =>
          `printf '%s\\r\\n' "GET ${target} HTTP/${version}" 'Host: ${place}' 'Connection: close' '' | timeout 20 openssl s_client -quiet -CAfile $SSL_CERT_FILE -proxy 127.0.0.1:3128 -servername ${HOST_NAME} -connect ${place} 2>/dev/null`,
      )
    const targets = [
      '/api/missing#?key=$MAPS_KEY',
      '/api/missing?a=1#&key=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY&a#b',
      '/api/missing ?key=$MAPS_KEY',
      '/api/missing?key=$MAPS_KEY&a b=1',
      '/api/missing&key=$MAPS_KEY',
      `https://${place}/api/missing&key=$MAPS_KEY`,
    ].flatMap(byHand)
    for (const line of await begun(targets, 12)) expect(line).toMatch(/^HTTP\/1\.1 40[03]$/)
    expect(now()).toEqual(before)
    // The same ways with what is meant by it; and what is encoded stays so.
    const meant = `https://${place}/api/missing?q=why%3F%26&key=$MAPS_KEY`
    expect(await begun(byHand(meant), 12)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 404'])
    expect(await inBox(`curl -s -m 20 "${meant}"`)).toBe('no /api/missing')
    expect(servers.maps.asked.slice(before['maps'] ?? 0).map(({ url }) => url)).toEqual(
      Array(3).fill(`/api/missing?q=why%3F%26&key=${values.maps}`),
    )
    const { stdout, stderr } = await engine(backend, ['logs', `${id}-proxy`])
    expect(stdout + stderr).toContain('/api/missing')
    expect(hasValue(stdout + stderr)).toBe(false)
  })

  test('no WebSocket is opened with a value in an open session either', async () => {
    const upgrade = '-H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Key: eA==" -H "Sec-WebSocket-Version: 13"'
    const script = `curl -s -m 20 ${at('tracker', '/api/open')}; curl -s -m 20 -o /dev/null ${upgrade} ${at('tracker', '/api/socket')}; true`
    const words = [...starting.filter((word) => word !== '--detach'), '--network=open', 'run', '--', 'bash', '-c', script]
    const { code, stdout } = await paude(words, {
      cwd: makeProject(),
      env: { ...env, FORGE: values.forge, READER: values.reader },
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'fine\n' })
    expect(servers.tracker.asked.find(({ url }) => url === '/api/open')?.headers['x-token']).toBe(values.tracker)
    expect(servers.tracker.asked.filter(({ method }) => method === 'UPGRADE')).toEqual([])
  })

  test('no value for a request that names another host than its tunnel', async () => {
    const before = now()
    const tunnel = (request: string, name = servers.tracker.place) =>
      inBox(
        `printf '${request}' | timeout 5 openssl s_client -quiet -CAfile $SSL_CERT_FILE -proxy 127.0.0.1:3128 -servername ${HOST_NAME} -connect ${name} 2>/dev/null | head -1`,
      )
    // That the way is one at all.
    expect(
      await tunnel(`GET /api/tunnel HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nConnection: close\\r\\n\\r\\n`),
    ).toContain('200')
    expect(servers.tracker.asked.at(-1)?.headers['x-token']).toBe(values.tracker)
    const { forge: other, plain } = servers
    for (const request of [
      `GET https://${other.place}/api/v3/repos/ada/box HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nConnection: close\\r\\n\\r\\n`,
      `GET http://${plain.place}/api/x HTTP/1.1\\r\\nHost: ${plain.place}\\r\\nConnection: close\\r\\n\\r\\n`,
      `GET https://${plain.place}/api/x HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nConnection: close\\r\\n\\r\\n`,
      // Two lengths, and a request within the body of another one.
      `POST /other HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /hidden HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n`,
      `POST /api/x HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nContent-Length: 4\\r\\nContent-Length: 40\\r\\n\\r\\nGET /hidden HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n`,
      `GET /other HTTP/1.1\\r\\nHost: ${servers.tracker.place}\\r\\nX: a\\n\\nGET /hidden HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n`,
    ])
      await tunnel(request)
    expectNoValue(before, ({ url }) => url === '/api/tunnel')
    expect(servers.tracker.asked.filter(({ url }) => url.startsWith('/hidden'))).toEqual([])
    for (const server of [other, plain])
      expect(hasValue(JSON.stringify(server.asked.slice(before['plain'] ?? 0).filter(({ url }) => url === '/api/x')))).toBe(false)
  })

  test('HTTP/1.0 and HTTP/2 are no way around, and a WebSocket is none', async () => {
    expect(await status(at('tracker', '/api/items'), '--http1.0')).toBe('200')
    expect(await status(at('tracker', '/api/items'), '--http2')).toBe('200')
    const before = now()
    expect(await status(at('tracker', '/other'), '--http1.0')).toBe('403')
    expect(await status(at('tracker', '/other'), '--http2')).toBe('403')
    const upgrade = '-H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Key: eA==" -H "Sec-WebSocket-Version: 13"'
    expect(await status(at('tracker', '/other'), upgrade)).toBe('403')
    expectNoValue(before)
    await status(at('tracker', '/api/socket'), upgrade)
    expect(servers.tracker.asked.filter(({ method }) => method === 'UPGRADE')).toEqual([])
  })

  test('a redirect takes nothing along', async () => {
    const before = now()
    const to = `http://${servers.plain.place}/taken`
    expect(await inBox(`curl -s -L -m 20 -H 'X-To: ${to}' ${at('tracker', '/api/elsewhere')}`)).toBe('fine')
    expect(servers.tracker.asked.at(-1)?.headers['x-token']).toBe(values.tracker)
    expectNoValue(before, ({ url }) => url === '/api/elsewhere')
    expect(servers.plain.asked.at(-1)?.url).toBe('/taken')
  })

  test('a placeholder on its way to somebody else is blocked, logged and told', async () => {
    const before = now()
    const plain = `http://${servers.plain.place}/`
    expect(await status(plain)).toBe('200')
    for (const words of [
      '-H "Authorization: token $GH_ENTERPRISE_TOKEN"',
      '-u "ada:$GH_ENTERPRISE_TOKEN"',
      '-u "adalace:$GH_ENTERPRISE_TOKEN"',
      '-H "Cookie: a=$TRACKER_TOKEN"',
      '-H "X-Token: $NPM_TOKEN"',
      '-G --data-urlencode "key=$TRACKER_TOKEN"',
    ])
      expect({ words, status: await status(plain, words) }).toEqual({ words, status: '403' })
    // The agent reads why.
    expect(await inBox(`curl -s -m 20 -H "X-Token: $TRACKER_TOKEN" ${plain}`)).toContain(
      'carries the placeholder of a credential',
    )
    // The right host, and the placeholder of another credential.
    expect(await status(at('tracker', '/api/items'), '-H "X-Token: $GH_ENTERPRISE_TOKEN"')).toBe('403')
    expect(servers.plain.asked.length).toBe((before['plain'] ?? 0) + 1)
    const { stdout, stderr } = await paude(['credentials', id], { cwd, env })
    expect(stderr).toContain(
      `the sandbox sent the placeholder of a credential to ${servers.plain.place}, where it does not belong`,
    )
    expect(stdout + stderr).not.toContain('real')
    expect((await paude(['network', 'blocked', id], { cwd, env })).stdout).toContain('placeholder of a credential')
  })

  test('the host of a credential says what it lets through, without a value', async () => {
    const told = JSON.parse((await paude(['credentials', id, '--json'], { cwd, env })).stdout) as {
      credentials: { name: string; kind: string; source: string; uses: number; last: string | null }[]
    }
    const names = told.credentials.map(({ name }) => name)
    expect(names.filter((name) => name !== 'ANTHROPIC_API_KEY')).toEqual([
      'npm',
      'docker-registry',
      'github',
      'gitlab',
      'tracker',
      'maps',
    ])
    for (const { name, uses, last } of told.credentials)
      expect({ name, used: uses > 0 && last !== null }).toEqual({ name, used: true })
    expect(told.credentials.find(({ name }) => name === 'github')).toMatchObject({ kind: 'github', source: 'env:FORGE' })
    const why = await paude(['network', 'why', at('tracker', '/other'), id], { cwd, env })
    expect(why.stdout + why.stderr).toContain('path not allowed')
  })

  test('what a program prints anew reaches the proxy of a running session, and the others stay', async () => {
    put(printed, values.renewed)
    await poll('the renewed one arrives', async () => {
      await status(at('images', '/v2/'))
      return servers.images.asked.at(-1)?.headers.authorization === basic('robot', values.renewed)
    })
    await status(at('forge', '/api/v3/repos/ada/box'))
    expect(servers.forge.asked.at(-1)?.headers.authorization).toBe(`Bearer ${values.forge}`)
    await status(at('maps', '/api/x?key=paude-placeholder-of-maps-which-stays-outside'))
    expect(servers.maps.asked.at(-1)?.url).toBe(`/api/x?key=${values.maps}`)
    expect((await paude(['credentials', id], { cwd, env })).stdout).toContain('every 10 s')
  })

  test('no value is in the sandbox, nor anywhere that the engine and the machine tell of it', async () => {
    const look =
      '(env; cat /proc/*/environ /proc/*/cmdline; find / -xdev -type f -size -2000k -not -path "/proc/*" -not -path "/sys/*" -not -path "/usr/*" -not -path /tmp/all -exec cat {} +; find "$HOME" /paude /tmp /run -type f -not -path /tmp/all -size -2000k -exec cat {} +) 2>/dev/null | tr "\\0" "\\n" > /tmp/all; '
    // Halves, or the search itself would be found.
    const count = needles
      .map((needle) => `echo "$(grep -a -c -F -e "${needle.slice(0, 12)}""${needle.slice(12)}" /tmp/all)"`)
      .join('; ')
    const found = (await inBox(`${look}${count}; grep -a -c -F paude-placeholder-of /tmp/all`)).split('\n')
    expect(found.slice(0, -1)).toEqual(needles.map(() => '0'))
    expect(Number(found.at(-1))).toBeGreaterThan(0)
    const names = await containersOf(backend, id)
    expect([...names].toSorted()).toEqual([id, `${id}-proxy`])
    for (const words of [['inspect', ...names], ...names.map((name) => ['logs', name]), ['ps', '--all', '--no-trunc']]) {
      const { stdout, stderr } = await engine(backend, words)
      expect({ words, leaks: hasValue(stdout + stderr) }).toEqual({ words, leaks: false })
    }
    const argv = readdirSync('/proc').flatMap((name) => {
      try {
        return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, 'latin1')] : []
      } catch {
        return []
      }
    })
    expect(hasValue(argv.join('\n'))).toBe(false)
    for (const folder of [join(root, 'state'), cwd])
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue
        const path = join(entry.parentPath, entry.name)
        expect({ path, leaks: hasValue(readFileSync(path, 'latin1')) }).toEqual({ path, leaks: false })
      }
    for (const words of [
      ['--dry-run=full'],
      ['--print-config'],
      ['config', 'show'],
      ['config', 'get', 'credentials', '--json'],
      ['credentials'],
    ]) {
      const { code, stdout, stderr } = await paude(words, { cwd, env: { ...env, FORGE: values.forge, READER: values.reader } })
      expect({ words, code, leaks: hasValue(stdout + stderr) }).toEqual({ words, code: 0, leaks: false })
    }
  })

  test('a session that was stopped asks for the values again', async () => {
    expect((await paude(['stop', id], { cwd, env })).code).toBe(0)
    const lacking = await paude(['start', id], { cwd, env })
    expect(lacking.code).not.toBe(0)
    expect(lacking.stderr).toContain('FORGE for credentials.github, which is not set')
    const again = secretOf('ghp')
    const { code, stderr } = await paude(['start', id], { cwd, env: { ...env, FORGE: again, READER: values.reader } })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    await poll('the wall stands', async () => (await status('http://paude.internal/')) === '200')
    await status(at('forge', '/api/v3/repos/ada/box'))
    expect(servers.forge.asked.at(-1)?.headers.authorization).toBe(`Bearer ${again}`)
  })
})
