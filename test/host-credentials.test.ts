import { expect, test } from 'bun:test'
import { astrayOf, shownCredentials } from '../src/cli/login/credentials.ts'
import { parseConfig } from '../src/config/files/parse.ts'
import type { Config } from '../src/config/keys/settings.ts'
import { mergeSources } from '../src/config/layers/merge.ts'
import { bindingsOf, type HostCredential, headerValue } from '../src/credentials/host-credential.ts'
import { kindNames, pathPattern } from '../src/credentials/kinds.ts'
import { providers } from '../src/credentials/providers.ts'
import { canaryAcls, encoded, OF_PROVIDERS } from '../src/network/canary.ts'
import { decide } from '../src/network/decide.ts'
import { isInjectedPath } from '../src/network/inject.ts'
import { parseLog } from '../src/network/log.ts'
import { parseAllow } from '../src/network/pattern.ts'
import { squidConf } from '../src/network/squid-conf.ts'
import { DIRECT } from '../src/network/ways.ts'
import { credentialNotes, hostCredentials, wantedCredentials } from '../src/session/resolve/host-credentials.ts'
import { refuseCredentialInside } from '../src/session/resolve/provider.ts'

const USER = { layer: 'user', file: 'config.toml' } as const

function configOf(text: string, { managed = '', project = '' } = {}): Config {
  const read = (layer: 'user' | 'project' | 'managed', file: string, written: string) =>
    written === '' ? [] : parseConfig({ layer, file, text: written }).sources
  return mergeSources({
    file: 'config.toml',
    sources: [...read('user', 'config.toml', text), ...read('project', 'paude.toml', project)],
    managed: read('managed', 'managed.toml', managed),
  })
}

const credentialsOf = (text: string): readonly HostCredential[] => configOf(text).settings.credentials

function oneOf(text: string): HostCredential {
  const [one] = credentialsOf(text)
  if (one === undefined) throw new Error(`no credential in ${text}`)
  return one
}

const machine = (env: Record<string, string> = {}) => ({
  env,
  home: '/home/ada',
  uid: 1000,
  platform: 'linux' as const,
  managedFile: '/etc/paude/managed.toml',
})
const start = { agent: 'claude', purpose: 'start' } as const

/** Whether a request to a host gets the credential, as squid reads it: the path is decoded before it is looked at. */
function gets(credential: HostCredential, method: string, url: string): boolean {
  const [, host = '', path = ''] = /^([^/]+)(\/.*)$/.exec(url) ?? []
  const decoded = path.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return bindingsOf(credential).injections.some(
    (one) => one.host === host && one.bound?.methods.includes(method) === true && isInjectedPath(one, decoded),
  )
}

test('a kind by its name, a table of its own and a list of tables mean the same', () => {
  const short = credentialsOf('[credentials]\ngithub = "env:T"\n')
  expect(short).toEqual(credentialsOf('[credentials.github]\nvalue = "env:T"\n'))
  expect(short).toEqual(credentialsOf('[[credentials]]\nkind = "github"\nvalue = "env:T"\n'))
  expect(credentialsOf('[[credentials]]\nname = "mine"\nkind = "github"\nvalue = "env:T"\n')).toMatchObject([
    { credential: 'mine', kind: 'github' },
  ])
})

test('"gh" asks GitHub CLI for the login of that very host', () => {
  expect(oneOf('[credentials]\ngithub = "gh"\n').value).toEqual({
    command: ['gh', 'auth', 'token', '--hostname', 'github.com'],
  })
  expect(oneOf('[credentials.github]\nvalue = "gh"\nhost = "git.example.org"\n').value).toEqual({
    command: ['gh', 'auth', 'token', '--hostname', 'git.example.org'],
  })
})

test.each([
  ['github = "ghp_abcdefghijklmnopqrstuvwxyz"', 'not hold it'],
  ['github = { value = "ghp_abc" }', 'not hold it'],
  ['gitlab = "gh"', '"gh" is for GitHub alone'],
  ['npm = "env:T"', 'host is missing'],
  ['docker-registry = { value = "env:T", host = "r.example.org" }', 'basic is missing'],
  ['github = { value = "env:T", header = "X" }', 'has its own header'],
  ['github = { value = "env:T", methods = ["DELETE"] }', 'has its own methods'],
  ['github = { value = "env:T", paths = ["/x"] }', 'narrowed by repos'],
  ['github = { value = "env:T", repos = ["ada"] }', 'like "owner/name"'],
  ['github = { value = "env:T", repos = ["ada/.."] }', 'like "owner/name"'],
  ['github = { value = "env:T", access = "all" }', 'access'],
  ['github = { value = "env:T", token = "x" }', 'token'],
  ['t = { value = "env:T" }', 'host is missing'],
  ['t = { value = "env:T", host = "a.example.org" }', 'one of header'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", basic = "u" }', 'one of header'],
  ['t = { value = "env:T", host = "localhost", header = "X" }', 'full host name'],
  ['t = { value = "env:T", host = "10.0.0.1", header = "X" }', 'full host name'],
  ['t = { value = "env:T", host = "*.example.org", header = "X" }', 'full host name'],
  ['t = { value = "env:T", host = "https://a.example.org", header = "X" }', 'full host name'],
  ['t = { value = "env:T", host = "a.example.org:70000", header = "X" }', 'the port of host must be 1 to 65535'],
  ['t = { value = "env:T", host = "host.paude.internal:70000", header = "X" }', 'the port of host must be 1 to 65535'],
  ['t = { value = "env:T", host = "paude.internal", header = "X" }', 'host of the world'],
  ['t = { value = "env:T", host = "canary.paude.internal:443", header = "X" }', 'host of the world'],
  ['t = { value = "env:T", host = "host.paude.internal", header = "X" }', 'must name a port'],
  ['t = { value = "env:T", host = "a.example.org", header = "Host" }', 'connection itself'],
  ['t = { value = "env:T", host = "a.example.org", header = "X\\nY" }', 'header must be'],
  ['t = { value = "env:T", host = "a.example.org", header = "X: a b" }', 'header must be'],
  ['t = { value = "env:T", host = "a.example.org", basic = "a:b" }', 'without a colon'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", methods = ["CONNECT"] }', 'methods must be'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", paths = ["api"] }', 'must begin with /'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", paths = ["/a/../b"] }', 'must begin with /'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", paths = ["/a b"] }', 'must begin with /'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", placeholder = "short" }', '16 to 200'],
  ['t = { value = "env:T", host = "a.example.org", header = "X", variable = "A-B" }', 'environment variable'],
])('%s is refused in a file', (text, why) => {
  let message = ''
  try {
    parseConfig({ ...USER, text: `[credentials]\n${text}\n` })
  } catch (error) {
    message = (error as Error).message
  }
  expect(message).toContain(why)
  expect(message).not.toContain('ghp_a')
})

test('a project names what it wants, and neither where a value is nor what is allowed', () => {
  const project = { layer: 'project', file: 'paude.toml' } as const
  expect(() => parseConfig({ ...project, text: '[credentials]\ngithub = "env:T"\n' })).toThrow('not allowed in this file')
  expect(() => parseConfig({ ...project, text: 'credentials_allow = ["github"]\n' })).toThrow('not allowed in this file')
  const config = configOf('[credentials]\ngithub = { value = "env:T", when = "wanted" }\n', {
    project: 'wants_credentials = ["github", "npm"]\n',
  })
  expect(wantedCredentials(config, 'claude')).toHaveLength(1)
  expect(wantedCredentials(configOf('[credentials]\ngithub = { value = "env:T", when = "wanted" }\n'), 'claude')).toEqual([])
  expect(credentialNotes({ env: { T: 'x' } }, config, 'claude')[0]).toContain('the project wants a credential npm')
})

test.each([
  ['GET', 'github.com/ada/box.git/info/refs?service=git-upload-pack', true, true],
  ['POST', 'github.com/ada/box.git/git-upload-pack', true, true],
  ['GET', 'github.com/ada/box/info/refs?service=git-receive-pack', true, false],
  ['POST', 'github.com/ada/box/git-receive-pack', true, false],
  ['POST', 'github.com/ada/box.git/info/lfs/objects/batch', true, false],
  ['GET', 'github.com/ada/box/info/refs', false, false],
  ['GET', 'github.com/ada/box/settings', false, false],
  ['GET', 'github.com/ada/other.git/info/refs?service=git-upload-pack', false, false],
  ['GET', 'github.com/ada/box.git/../other.git/info/refs?service=git-upload-pack', false, false],
  ['GET', 'github.com/ada/box.git%2f..%2fother.git/info/refs?service=git-upload-pack', false, false],
  ['GET', 'api.github.com/repos/ada/box', true, true],
  ['GET', 'api.github.com/repos/ada/box/compare/main...work?page=2', true, true],
  ['POST', 'api.github.com/repos/ada/box/pulls', true, false],
  ['DELETE', 'api.github.com/repos/ada/box', false, false],
  ['GET', 'api.github.com/repos/ada/boxes', false, false],
  ['GET', 'api.github.com/repos/ada/other', false, false],
  ['GET', 'api.github.com/repos/ada/box/../other', false, false],
  ['GET', 'api.github.com/repos/ada/box%3f/../../../user', false, false],
  ['GET', 'api.github.com//repos/ada/box', false, false],
  ['POST', 'api.github.com/graphql', false, false],
  ['GET', 'api.github.com/user', false, false],
  ['POST', 'uploads.github.com/repos/ada/box/releases/1/assets?name=a.zip', true, false],
  ['GET', 'evil.github.com/repos/ada/box', false, false],
] as const)('one repository at GitHub: %s %s', (method, url, write, read) => {
  const only = (access: string) => oneOf(`[credentials.github]\nvalue = "env:T"\nrepos = ["ada/box"]\naccess = "${access}"\n`)
  expect({ write: gets(only('write'), method, url), read: gets(only('read'), method, url) }).toEqual({ write, read })
})

test('without repos all of the API is open, and what only reads asks no GraphQL', () => {
  const [write, read] = ['write', 'read'].map((access) => oneOf(`[credentials.github]\nvalue = "env:T"\naccess = "${access}"\n`))
  if (write === undefined || read === undefined) throw new Error('no credential')
  expect([gets(write, 'POST', 'api.github.com/graphql'), gets(read, 'POST', 'api.github.com/graphql')]).toEqual([true, false])
  expect([gets(write, 'GET', 'api.github.com/user'), gets(read, 'GET', 'api.github.com/user')]).toEqual([true, true])
  const server = oneOf('[credentials.github]\nvalue = "env:T"\nhost = "git.example.org:8443"\n')
  expect(gets(server, 'POST', 'git.example.org/api/graphql')).toBe(true)
  expect(gets(server, 'GET', 'git.example.org/api/v3/user')).toBe(true)
  expect(gets(server, 'GET', 'git.example.org/login')).toBe(false)
  expect(bindingsOf(server).injections.every(({ port }) => port === 8443)).toBe(true)
  const usual = bindingsOf(oneOf('[credentials.github]\nvalue = "env:T"\nhost = "git.example.org:443"\n'))
  expect(usual.environment).toMatchObject({ GH_HOST: 'git.example.org' })
  expect(usual.remotes).toContainEqual(['git@git.example.org:', 'https://git.example.org/'])
})

test('one project at GitLab, however its name is encoded', () => {
  const one = oneOf('[credentials.gitlab]\nvalue = "env:T"\nrepos = ["team/sub/box"]\n')
  expect(gets(one, 'GET', 'gitlab.com/api/v4/projects/team%2Fsub%2Fbox/issues')).toBe(true)
  expect(gets(one, 'POST', 'gitlab.com/team/sub/box.git/git-receive-pack')).toBe(true)
  expect(gets(one, 'GET', 'gitlab.com/api/v4/projects/team%2Fsub%2Fother')).toBe(false)
  expect(gets(one, 'POST', 'gitlab.com/api/graphql')).toBe(false)
})

test.each([
  ['POST', 'api.github.com/repos/ada/box/keys'],
  ['POST', 'api.github.com/repos/ada/box/KEYS'],
  ['POST', 'api.github.com/repos/ada/box/k%65ys'],
  ['PUT', 'api.github.com/repos/ada/box/collaborators/mallory'],
  ['POST', 'api.github.com/repos/ada/box/transfer'],
  ['POST', 'api.github.com/repos/ada/box/hooks'],
  ['PATCH', 'api.github.com/repos/ada/box/hooks/1?x=y'],
  ['POST', 'api.github.com/repos/ada/box/actions/runners/registration-token'],
  ['POST', 'api.github.com/repositories/1/keys'],
  ['POST', 'api.github.com/orgs/ada/actions/runners/registration-token'],
  ['POST', 'api.github.com/orgs/ada/invitations'],
  ['PUT', 'api.github.com/orgs/ada/teams/all/memberships/mallory'],
  ['POST', 'api.github.com/user/keys'],
  ['POST', 'api.github.com/app/installations/1/access_tokens'],
  ['GET', 'api.github.com/copilot_internal/v2/token'],
  ['POST', 'git.example.org/api/v3/repos/ada/box/keys'],
  ['POST', 'gitlab.com/api/v4/personal_access_tokens/self/rotate'],
  ['POST', 'gitlab.com/api/v4/personal_access_tokens/self/rotate.json'],
  ['POST', 'gitlab.com/api/v4/personal_access_tokens/12/rotate'],
  ['POST', 'gitlab.com/api/v4/personal_access_tokens/%2012/rotate'],
  ['POST', 'gitlab.com/api/v4/user/personal_access_tokens'],
  ['POST', 'gitlab.com/api/v4/user/personal_access_tokens/'],
  ['POST', 'gitlab.com/api/v4/user/personal_access_tokens.json'],
  ['POST', 'gitlab.com/api/v4/users/1/impersonation_tokens'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/access_tokens'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/access_tokens/self/rotate'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/deploy_tokens?x=y'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/deploy_keys/1/enable'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/triggers'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/members'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/runners/reset_registration_token'],
  ['POST', 'gitlab.com/api/v4/projects/1/cluster_agents/2/tokens'],
  ['POST', 'gitlab.com/api/v4/groups/team/access_tokens'],
  ['POST', 'gitlab.com/api/v4/user/runners'],
  ['POST', 'r.example.org/-/npm/v1/tokens'],
])('nothing is added where the answer is a token or somebody else gets rights: %s %s', (method, url) => {
  const texts = [
    '[credentials.github]\nvalue = "env:T"\n',
    '[credentials.github]\nvalue = "env:T"\nrepos = ["ada/box"]\n',
    '[credentials.github]\nvalue = "env:T"\nhost = "git.example.org"\n',
    '[credentials.gitlab]\nvalue = "env:T"\n',
    '[credentials.gitlab]\nvalue = "env:T"\nrepos = ["ada/box"]\n',
    '[credentials.npm]\nvalue = "env:T"\nhost = "r.example.org"\n',
  ]
  for (const text of texts) expect({ text, gets: gets(oneOf(text), method, url) }).toEqual({ text, gets: false })
})

test.each([
  ['POST', 'api.github.com/repos/ada/hooks/pulls'],
  ['POST', 'api.github.com/repos/ada/keys/releases'],
  ['PATCH', 'api.github.com/repos/ada/transfer'],
  ['PUT', 'api.github.com/repos/ada/box/contents/src/hooks/use.ts'],
  ['GET', 'api.github.com/repos/ada/box/git/ref/heads/keys'],
  ['GET', 'api.github.com/repos/ada/box/actions/runs'],
  ['GET', 'api.github.com/repos/ada/box/actions/caches?key=linux'],
  ['POST', 'api.github.com/repos/ada/box/pulls/7/requested_reviewers'],
  ['POST', 'api.github.com/graphql'],
  ['GET', 'api.github.com/user'],
  ['GET', 'github.com/ada/hooks/info/refs?service=git-upload-pack'],
  ['POST', 'github.com/ada/keys.git/git-receive-pack'],
  ['POST', 'uploads.github.com/repos/ada/keys/releases/1/assets?name=tokens'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/merge_requests'],
  ['PUT', 'gitlab.com/api/v4/projects/ada%2Fbox/merge_requests/7/merge'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fbox/releases'],
  ['POST', 'gitlab.com/api/v4/projects/ada%2Fhooks/issues'],
  ['GET', 'gitlab.com/api/v4/projects/ada%2Fbox/repository/files/src%2Fhooks%2Fuse.ts/raw?ref=main'],
  ['GET', 'gitlab.com/api/v4/projects/ada%2Fbox/members/all'],
  ['POST', 'gitlab.com/ada/tokens.git/git-receive-pack'],
  ['PUT', 'r.example.org/@ada%2fbox'],
  ['GET', 'r.example.org/tokens'],
])('ordinary work goes on beside it: %s %s', (method, url) => {
  const all = ['github', 'gitlab', 'npm'].map((kind) =>
    oneOf(`[credentials.${kind}]\nvalue = "env:T"\n${kind === 'npm' ? 'host = "r.example.org"\n' : ''}`),
  )
  expect(all.some((one) => gets(one, method, url))).toBe(true)
})

test.each([
  ['?private_token=x', false],
  ['?a=b&access_token=x', false],
  ['?a=b;oauth_token=x', false],
  ['?job%5Ftoken=x', false],
  ['?%61ccess_token=x', false],
  ['?[private_token]=x', false],
  ['?Access_Token=x', false],
  ['?api_key=x', false],
  ['?page_token=x', true],
  ['?key=BOX-1', true],
  ['?q=access_token', true],
])('a login of the sandbox in the query of a credential with a host of its own: %s %p', (query, goes) => {
  const one = oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "X-Token"\n')
  expect(gets(one, 'GET', `a.example.org/api${query}`)).toBe(goes)
})

test('where the key is one of Google, so is that in a query', () => {
  const one = oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "x-goog-api-key"\n')
  expect([gets(one, 'GET', 'a.example.org/v1?key=AIza'), gets(one, 'GET', 'a.example.org/v1?keys=2')]).toEqual([false, true])
})

const inQuery = (query: string) =>
  oneOf(`[credentials.maps]\nvalue = "env:T"\nhost = "a.example.org"\nquery = "${query}"\npaths = ["/api/**"]\n`)
const PLACEHOLDER = 'paude-placeholder-of-maps-which-stays-outside'

test.each([
  ['key', `/api/x?key=${PLACEHOLDER}`, true],
  ['key', `/api/x?a=1&key=${PLACEHOLDER}&b=2`, true],
  ['api_key', `/api/x?api_key=${PLACEHOLDER}`, true],
  ['key', '/api/x', false],
  ['key', '/api/x?key=own', false],
  ['key', `/api/x?key=${PLACEHOLDER}x`, false],
  ['key', `/api/x?monkey=${PLACEHOLDER}`, false],
  ['key', `/other?key=${PLACEHOLDER}`, false],
  ['key', `/api/x?key=${PLACEHOLDER}&key=own`, false],
  ['key', `/api/x?KEY=own&key=${PLACEHOLDER}`, false],
  ['key', `/api/x?k%65y=own&key=${PLACEHOLDER}`, false],
  ['key', `/api/x?[key]=own&key=${PLACEHOLDER}`, false],
  ['key', `/api/x?access_token=own&key=${PLACEHOLDER}`, false],
  ['api_key', `/api/x?api_key=${PLACEHOLDER}&apikey=own`, false],
  ['key', `/api/x?q=why?&key=${PLACEHOLDER}`, true],
  ['key', `/api/x&key=${PLACEHOLDER}`, false],
  ['key', `/api/x&key=${PLACEHOLDER}?a=1`, false],
  ['key', `/api/x&key=${PLACEHOLDER}&b?a=1`, false],
  ['key', `/api/x?a=?key=${PLACEHOLDER}`, false],
  ['key', `/api/x?cb=https://b.example.org/?key=${PLACEHOLDER}`, false],
  ['key', `/api/x?a=1;key=${PLACEHOLDER}`, false],
  ['key', `/api/x?key=${PLACEHOLDER};b=1`, false],
  ['key', `/api/x?key=${PLACEHOLDER}#b`, false],
  ['key', `/api/x?KEY=${PLACEHOLDER}`, false],
  ['key', `/api/x?key=${PLACEHOLDER}&key=${PLACEHOLDER}`, false],
])('one for the parameter %s of the query goes where its placeholder stands there, alone: %s %p', (query, path, goes) => {
  expect(gets(inQuery(query), 'GET', `a.example.org${path}`)).toBe(goes)
})

test('what gets one in its query is known by a note, since its address is another one from then on', () => {
  const { injections } = bindingsOf(inQuery('key'))
  const [header] = bindingsOf(oneOf('[credentials.t]\nvalue = "env:T"\nhost = "b.example.org"\nheader = "X-Token"\n')).injections
  if (header === undefined) throw new Error('no injection')
  const policy = { session: 's', mode: 'restricted', allow: [], deny: [], ports: [80, 443], ways: DIRECT } as const
  const conf = squidConf({ ...policy, injections: [header, ...injections] })
  expect(conf).toContain('acl inject_got2 note -m paude_used 2\n')
  expect(conf).toContain('acl inject_place any-of inject inject_got2\n')
  expect(conf).toContain('url_rewrite_access allow inject_got2\nurl_rewrite_access deny all\n')
  expect(conf).toContain('adapted_http_access deny canary2_url astray\nadapted_http_access allow all\n')
  for (const header of ['Location', 'Content-Location', 'Refresh', 'Link', 'Set-Cookie'])
    expect(conf).toContain(`reply_header_access ${header} deny inject_got2\n`)
  expect(squidConf({ ...policy, injections: [header] })).not.toMatch(/url_rewrite|adapted/)
})

test.each([
  ['header = "X-Token"\nquery = "key"', 'write one of header'],
  ['query = "a b"', 'query must be the name of a parameter'],
  ['kind = "npm"\nquery = "key"', 'has its own header'],
])('%s is refused', (words, why) => {
  const text = `[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\n${words}\n`
  expect(() => credentialsOf(text)).toThrow(why)
})

test.each([
  ['/api/..%20/other', false],
  ['/api/%20../other', false],
  ['/api/..%09/other', false],
  ['/api/.%20./other', false],
  ['/api/..%c2%a0/other', false],
  ['/api/%c0%ae%c0%ae/other', false],
  ['/api/x%c0%af..%c0%afother', false],
  ['/api/%ef%bc%8e%ef%bc%8e/other', false],
  ['/api/a%20b/..name/.hidden/a...b', true],
])('a path that some servers take for another one: %s %p', (path, goes) => {
  const one = oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "X-Token"\npaths = ["/api/**"]\n')
  expect(gets(one, 'GET', `a.example.org${path}`)).toBe(goes)
})

test('names in other scripts are paths like others where no paths are chosen', () => {
  const one = oneOf('[credentials]\ngithub = "env:T"\n')
  expect(gets(one, 'GET', 'api.github.com/repos/ada/box/contents/%E6%97%A5%E6%9C%AC/%C3%A4.md')).toBe(true)
})

test.each(['restricted', 'open', 'record', 'ask'] as const)(
  'what a server may take for another request or another login goes nowhere with a credential: %s',
  (mode) => {
    const { injections } = bindingsOf(
      oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "X-Own-Token"\npaths = ["/api/**"]\n'),
    )
    const policy = { session: 's', mode, allow: [], deny: [], ports: [80, 443], ways: DIRECT, injections }
    const conf = squidConf(policy).split('\n')
    expect(conf).toContain('acl inject_place any-of inject')
    for (const header of [
      ...['X-Own-Token', 'X_Own_Token', 'X-Own_Token', 'X_Own-Token', 'X-Auth-Token', 'X_Auth_Token', 'Authorization', 'Cookie'],
      ...['X-HTTP-Method-Override', 'X_HTTP_Method_Override', 'X-HTTP-Method', 'X-Method-Override'],
      ...['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Host', 'X_Forwarded_Host'],
    ])
      expect(conf).toContain(`request_header_access ${header} deny inject_place`)
    expect(conf).toContain('reply_header_access Set-Cookie deny inject')
    const rule = conf.find((one) => one.startsWith('acl inject all-of '))?.split(' ') ?? []
    expect(rule).toEqual(expect.arrayContaining(['!inject_login', '!inject_odd', '!inject_never']))
    expect(rule).not.toContain('!inject_key')
    expect(conf.find((one) => one.startsWith('acl inject_login '))).toMatch(/^acl inject_login urlpath_regex -i \[\?&;\]/)
    expect(conf.find((one) => one.startsWith('acl inject_never '))).toStartWith('acl inject_never urlpath_regex -i ')
    for (const word of ['websocket', 'WebSocket']) {
      const said = conf.filter((one) => one.startsWith(`http_upgrade_request_protocols ${word} `))
      expect(said[0]).toBe(`http_upgrade_request_protocols ${word} deny inject_site`)
    }
  },
)

test.each(['npm', 'pypi', 'cargo', 'docker-registry', 'huggingface'] as const)('%s: what only reads writes nothing', (kind) => {
  const text = (access: string) =>
    `[credentials.${kind}]\nvalue = "env:T"\nhost = "r.example.org"\naccess = "${access}"\n${kind === 'docker-registry' ? 'basic = "robot"\n' : ''}`
  const [write, read] = [oneOf(text('write')), oneOf(text('read'))]
  const url = 'r.example.org/v2/thing'
  expect(gets(read, 'GET', url) && gets(write, 'GET', url) && gets(write, 'PUT', url)).toBe(true)
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    expect({ method, gets: gets(read, method, url) }).toEqual({ method, gets: false })
  expect(gets(write, 'DELETE', url)).toBe(false)
})

test('every kind has one placeholder, and its programs are told of that alone', () => {
  for (const kind of kindNames) {
    const host = 'host = "r.example.org"\n'
    const one = oneOf(`[credentials.${kind}]\nvalue = "env:T"\n${host}${kind === 'docker-registry' ? 'basic = "robot"\n' : ''}`)
    const { injections, environment } = bindingsOf(one)
    const placeholders = new Set(injections.map(({ bound }) => bound?.placeholder))
    expect(placeholders.size).toBe(1)
    const [placeholder = ''] = placeholders
    expect(placeholder).toContain(`paude-placeholder-of-${kind}`)
    const told = Object.values(environment).filter((value) => value !== '__token__' && value !== 'r.example.org')
    expect(told.every((value) => value === placeholder)).toBe(true)
  }
})

test('a path of a file means what it says', () => {
  const matches = (path: string, asked: string) => new RegExp(`^${pathPattern(path)}$`).test(asked)
  expect([matches('/api/**', '/api'), matches('/api/**', '/api/a/b'), matches('/api/**', '/apis')]).toEqual([true, true, false])
  expect([matches('/a/*/c', '/a/b/c'), matches('/a/*/c', '/a/b/b/c')]).toEqual([true, false])
  expect([matches('/a.b', '/a.b'), matches('/a.b', '/axb'), matches('/a(b)+', '/a(b)+')]).toEqual([true, false, true])
})

test('the values of a start are read once each, and one that is not set is left out and told', async () => {
  const text = `
[credentials]
github = "env:T"
npm = { value = "env:MISSING", host = "r.example.org" }
[credentials.login]
host = "a.example.org"
basic = "ada"
value = { command = ["printf", "p:w"] }
`
  const config = configOf(text)
  const read = await hostCredentials(machine({ T: 'real' }), config, start)
  expect(read.map(({ credential }) => credential.credential)).toEqual(['github', 'login'])
  expect(read[0]?.values.map((value) => value.reveal())).toEqual([
    Buffer.from('x-access-token:real').toString('base64'),
    'real',
    'real',
  ])
  expect(read[1]?.values.map((value) => value.reveal())).toEqual([Buffer.from('ada:p:w').toString('base64')])
  expect(JSON.stringify(read)).not.toContain('real')
  expect(credentialNotes({ env: { T: 'x' } }, config, 'claude')).toEqual([
    'credentials.npm: MISSING is not set, so the session goes without',
    'git uses https instead of ssh for github.com',
  ])
})

test('who only looks runs no program and reads no file', async () => {
  const config = configOf('[credentials]\ngithub = { command = ["/nonexistent"] }\ngitlab = "file:/nonexistent"\n')
  const read = await hostCredentials(machine(), config, { ...start, purpose: 'look' })
  expect(read.flatMap(({ values }) => values.map((value) => value.reveal())).filter((value) => value.length > 30)).toEqual([])
  await expect(hostCredentials(machine(), config, start)).rejects.toThrow('credentials.git')
})

test.each(['two words', 'line\nbreak', 'quote"', 'back\\slash', 'ümlaut', 'hash#'])(
  'a value like %j goes into no header',
  (value) => {
    expect(() => headerValue(value, '', 'credentials.x')).toThrow('credentials.x')
  },
)

test('only the agents that are named have it, and a command none of these', () => {
  const config = configOf('[credentials]\ngithub = { value = "env:T", agents = ["codex"] }\ngitlab = "env:T"\n')
  const names = (agent: string) => wantedCredentials(config, agent).map(({ credential }) => credential)
  expect([names('claude'), names('codex'), names('')]).toEqual([['gitlab'], ['github', 'gitlab'], ['gitlab']])
  const wrong = configOf('[credentials]\ngithub = { value = "env:T", agents = ["clod"] }\n')
  expect(hostCredentials(machine(), wrong, start)).rejects.toThrow('there is no agent "clod"')
})

test.each([
  ['github = "env:T"', '["github"]', true],
  ['github = "env:T"', '["github.com", "*.github.com"]', true],
  ['github = "env:T"', '["github.com"]', false],
  ['github = "env:T"', '[]', false],
  ['github = { value = "env:T", host = "git.example.org" }', '["github"]', false],
  ['github = { value = "env:T", host = "git.example.org" }', '["*.example.org"]', true],
  ['github = { value = "env:T", host = "git.example.org:8443" }', '["*.example.org"]', false],
  ['npm = { value = "env:T", host = "r.example.org" }', '["npm"]', false],
  ['npm = { value = "env:T", host = "r.example.org" }', '["r.example.org"]', true],
])('%s where credentials_allow is %s', async (text, allow, fits) => {
  const managed = configOf(`[credentials]\n${text}\n`, { managed: `credentials_allow = ${allow}\n` })
  const own = configOf(`credentials_allow = ${allow}\n[credentials]\n${text}\n`)
  for (const config of allow === '[]' ? [managed] : [managed, own]) {
    const read = hostCredentials(machine({ T: 'x' }), config, start).then(
      () => '',
      (error: Error) => error.message,
    )
    expect(await read).toContain(fits ? '' : 'does not allow this credential')
    expect((await read) === '').toBe(fits)
  }
})

test('at a base URL there is the provider alone', () => {
  const config = configOf('[network]\ninject = "base-url"\n[credentials]\ngithub = "env:T"\n')
  expect(hostCredentials(machine({ T: 'x' }), config, start)).rejects.toThrow('inject = "base-url" is for the provider alone')
})

test.each([
  ['env = ["T"]', 'github = "env:T"', 'env.T'],
  ['env = { OTHER = "env:T" }', 'github = "env:T"', 'env.OTHER'],
  ['env = { OTHER = "file:/home/ada/../ada/token" }', 'github = "file:~/token"', 'env.OTHER'],
  ['env = { OTHER = { command = ["pass", "show", "t"] } }', 'github = { command = ["pass", "show", "t"] }', 'env.OTHER'],
  ['env = { OTHER = { keychain = "forge/ada" } }', 'github = { keychain = "forge/ada" }', 'env.OTHER'],
  ['env = { OTHER = { keychain = "forge/eve" } }', 'github = { keychain = "forge/ada" }', ''],
  ['env = { OTHER = "env:U" }', 'github = "env:T"', ''],
])('%s does not bring in what %s keeps outside', (env, credential, name) => {
  const { settings } = configOf(`${env}\n[credentials]\n${credential}\n`)
  const refuse = () => refuseCredentialInside({ settings }, machine())
  if (name === '') expect(refuse).not.toThrow()
  else expect(refuse).toThrow(`${name} names the credential of credentials.github, which stays outside the sandbox`)
})

test.each(['restricted', 'open', 'record', 'ask'] as const)(
  'what would get a credential is let through nowhere else: %s',
  (mode) => {
    const { injections } = bindingsOf(oneOf('[credentials.github]\nvalue = "env:T"\n'))
    const policy = { session: 's', mode, allow: [], deny: [], ports: [80, 443], ways: DIRECT, injections }
    const access = squidConf(policy)
      .split('\n')
      .filter((line) => line.startsWith('http_access '))
    const at = (line: string) => access.indexOf(line)
    for (const end of ['', '2', '3']) {
      expect(at(`http_access allow inject_ok${end}`)).toBeGreaterThan(0)
      expect(at(`http_access deny inject${end}`)).toBeGreaterThan(at(`http_access allow inject_ok${end}`))
    }
    const widest = access.findIndex((line) => /^http_access allow (open_ok|web_ok|inject_rest)/.test(line))
    expect(widest).toBeGreaterThan(at('http_access deny inject3'))
    // A placeholder is refused everywhere else before anything is let through there.
    const refusal = at('http_access deny canary1 !inject_ok !inject_ok2 !inject_ok3 astray')
    expect(refusal).toBeGreaterThan(0)
    expect(refusal).toBeLessThan(at('http_access allow inject_ok'))
  },
)

test('other requests to the host of a credential follow the allowlist', () => {
  const { injections } = bindingsOf(
    oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "X"\npaths = ["/api/**"]\n'),
  )
  const policy = (...allow: readonly string[]) => ({
    ...({ session: 's', mode: 'restricted', deny: [], ports: [80, 443], ways: DIRECT, injections } as const),
    allow: allow.map((entry) => parseAllow(entry, 'me')),
  })
  const verdict = (path: string, ...allow: readonly string[]) =>
    decide(policy(...allow), { scheme: 'https', host: 'a.example.org', port: 443, path }, null).decision
  expect([verdict('/api/x'), verdict('/other'), verdict('/api/../other')]).toEqual(['allowed', 'blocked', 'blocked'])
  expect([verdict('/api/x', '*.example.org'), verdict('/other', '*.example.org')]).toEqual(['allowed', 'allowed'])
  expect(squidConf(policy())).toContain('acl inject_rest any-of nothing')
  expect(squidConf(policy('*.example.org'))).toContain('acl inject_rest all-of enc p_https inject_name inject_port any_dst')
})

test('a placeholder is known behind a name of any length in a basic login', () => {
  const placeholder = 'ghp_paude-placeholder-of-github-which-stays-outside'
  for (let length = 0; length < 9; length++) {
    const login = Buffer.from(`${'u'.repeat(length)}:${placeholder}`).toString('base64')
    const more = Buffer.from(`${'u'.repeat(length)}:${placeholder}:more`).toString('base64')
    for (const text of [login, more]) expect(encoded(placeholder).filter((one) => text.includes(one))).toHaveLength(1)
  }
  expect(encoded(placeholder).every((one) => !Buffer.from('x-access-token:another-token').toString('base64').includes(one))).toBe(
    true,
  )
})

test('the placeholder of every provider is known', () => {
  const all = Object.values(providers).flatMap(({ secrets }) => secrets.map(({ placeholder }) => placeholder))
  expect(all.length).toBeGreaterThan(4)
  expect(all.filter((placeholder) => !OF_PROVIDERS.some((text) => placeholder.includes(text)))).toEqual([])
})

test('the header of a credential is searched as well as those that usually carry one', () => {
  const { injections } = bindingsOf(oneOf('[credentials.t]\nvalue = "env:T"\nhost = "a.example.org"\nheader = "X-Own"\n'))
  const acls = canaryAcls(injections).join('\n')
  for (const header of ['X-Own', 'Authorization', 'Cookie']) expect(acls).toContain(` req_header ${header} `)
})

const line = (fields: Record<string, unknown>) =>
  JSON.stringify({
    v: 1,
    sid: 's',
    rev: 'r',
    t: 1,
    c: 1,
    m: 'GET',
    u: '-',
    h: 'a.example.org',
    p: '443',
    st: 200,
    r: 'TCP_MISS',
    err: '-',
    ...fields,
  })

test('the log says which credential was used, when, and where a placeholder went astray', () => {
  const one = bindingsOf(oneOf('[credentials.github]\nvalue = "env:T"\n'))
  const record = {
    injections: one.injections.map((injection) => ({ ...injection })),
    credentials: one.users.map((user) => ({ variable: '', source: 'env:T', bound: { name: 'github', kind: 'github', user } })),
    read: '2026-01-01T00:00:00.000Z',
  }
  const requests = parseLog(
    [
      line({ t: 10, h: 'api.github.com', bump: 'bump', cr: '2' }),
      line({ t: 20, h: 'github.com', bump: 'bump', cr: '1', st: 401 }),
      line({ t: 30, h: 'api.github.com', bump: 'bump', cr: '2', st: 403, err: 'ERR_PAUDE_ASTRAY' }),
      line({ t: 40, h: 'plain.example.org', p: '80', st: 403, err: 'ERR_PAUDE_ASTRAY' }),
    ].join('\n'),
  )
  expect(shownCredentials(record, requests)).toMatchObject([
    { name: 'github', source: 'env:T', uses: 2, last: '1970-01-01T00:00:20.000Z', refused: 401, read: record.read },
  ])
  expect(astrayOf(requests).map(({ host, port, times }) => `${host}:${port} ${times}`)).toEqual([
    'plain.example.org:80 1',
    'api.github.com:443 1',
  ])
})
