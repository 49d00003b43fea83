import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorCode } from '../../src/errors.ts'
import { explainFetch } from '../../src/image/explain-fetch.ts'
import recorded from '../fixtures/fetch-errors.json'
import { type Machine, makeMachine } from '../support/machine.ts'

const PACKAGE = '@anthropic-ai/claude-code-linux-x64@2.1.329'
const explained = (stderr: string) => explainFetch({ argv: ['/usr/bin/paude', 'add', '--exact', PACKAGE], code: 1, stderr })

// Real stderr of `bun add`; a recording without a row here does not compile.
const expected = {
  'self-signed': [
    'registry',
    /certificate .* is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
    /--ca-file FILE, image\.ca_files or NODE_EXTRA/,
  ],
  're-signed': ['registry', /certificate .* is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)$/, /--ca-file FILE/],
  'other-name': ['registry', /for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)$/, /BUN_CONFIG_REGISTRY/],
  'no-tls': ['registry', /no TLS connection/, /HTTPS_PROXY/],
  'no-name': ['registry', /name of the npm registry was not found \(DNSResolveFailed\)$/, /name servers/],
  refused: ['registry', /was not reached \(ConnectionRefused\)$/, /HTTPS_PROXY/],
  '401': ['registry', /127\.0\.0\.1:7704 refuses it \(401\)$/, /login .*npmrc/],
  '403': ['registry', /127\.0\.0\.1:7708 refuses it \(403\)$/, /login .*npmrc/],
  '404': ['registry', /127\.0\.0\.1:7702 does not have it \(404\)$/, /--agent-version/],
  '503': ['registry', /127\.0\.0\.1:7705 answered 503$/, /later/],
  'no-release': ['registry', /has no release 2\.1\.329$/, /--agent-version/],
  'disk-full': ['disk-full', /no space left in the cache folder$/, /XDG_CACHE_HOME/],
} as const satisfies Record<keyof typeof recorded, readonly [ErrorCode, RegExp, RegExp]>

test.each(Object.entries(expected))('a fetch that fails says why and what to do: %s', (name, [code, message, hint]) => {
  const error = explained(recorded[name as keyof typeof recorded])
  expect(error.code).toBe(code)
  expect(error.message).toStartWith(`bun add could not fetch ${PACKAGE}: `)
  expect(error.message).toMatch(message)
  expect(error.hint).toMatch(hint)
})

test('a login in the address of a registry is not repeated', () => {
  const { message } = explained('error: GET https://ada:secret@npm.example/x - 403\n')
  expect(message).toEndWith(': npm.example refuses it (403)')
})

test('an unknown failure of the fetch is told in its own words', () => {
  const { message } = explained('bun add v1.4.5\nerror: SomethingNew happened\n')
  expect(message).toBe(`bun add could not fetch ${PACKAGE}: exit code 1, SomethingNew happened`)
})

describe('a real fetch from a registry whose certificate nobody has signed', () => {
  let machine: Machine
  let registry: ReturnType<typeof Bun.serve>
  let certificate = ''
  beforeAll(() => {
    machine = makeMachine(['docker'])
    certificate = join(machine.room, 'registry.pem')
    const key = join(machine.room, 'registry.key')
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', [...words, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    registry = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: { key: readFileSync(key), cert: readFileSync(certificate) },
      fetch: () => new Response('', { status: 404 }),
    })
  })
  afterAll(async () => {
    await registry.stop(true)
    machine.dispose()
  })

  const build = (...flags: readonly string[]) =>
    machine.paude([...flags, '--backend=docker', 'image', 'build'], {
      env: { BUN_CONFIG_REGISTRY: `https://127.0.0.1:${registry.port}` },
    })

  test('says so, and how to trust it', async () => {
    const { code, stderr } = await build()
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /paude: bun add could not fetch \S+: the certificate of the npm registry is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)\n {2}→ .*--ca-file FILE/,
    )
  })

  test('gets through with --ca-file', async () => {
    const { stderr } = await build(`--ca-file=${certificate}`)
    expect(stderr).toContain(`: 127.0.0.1:${registry.port} does not have it (404)\n`)
  })
})
