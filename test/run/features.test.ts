import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { PaudeError } from '../../src/errors.ts'
import type { Feature } from '../../src/plan/plan.ts'
import { readArchive } from '../../src/run/features/archive.ts'
import { layFeatures } from '../../src/run/features/lay.ts'
import { archive, type Published, publish } from '../support/registry.ts'

const room = mkdtempSync(join(tmpdir(), 'paude-features-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
let to = ''
beforeEach(() => {
  to = join(mkdtempSync(join(room, 'lay-')), 'context')
})

const SCRIPT = '#!/bin/sh\ntrue\n'
const feature = (about: object = {}, files: Readonly<Record<string, string>> = {}): Published => ({
  files: { './install.sh': SCRIPT, './devcontainer-feature.json': JSON.stringify(about), ...files },
})
const notes: string[] = []
async function lay(
  published: Readonly<Record<string, Published>>,
  wanted: readonly (Pick<Feature, 'name'> & Partial<Feature>)[],
  more: Parameters<typeof publish>[1] = {},
): Promise<string> {
  notes.length = 0
  const registry = publish(published, more)
  try {
    const features = wanted.map(({ name, options = {}, folder = '', digest = '' }) => ({
      name: folder === '' ? `${registry.host}/${name}` : name,
      options,
      folder,
      digest,
    }))
    const means = {
      note: (text: string) => notes.push(text.replaceAll(registry.host, 'HOST')),
      signal: new AbortController().signal,
    }
    await layFeatures({ kind: 'lay-features', title: '', features, base: 'base:1', user: 'vscode', to }, means)
    return readFileSync(join(to, 'Dockerfile'), 'utf8')
  } finally {
    registry.stop()
  }
}
const order = (dockerfile: string): readonly string[] =>
  [...dockerfile.matchAll(/^COPY (\d+)\.sh/gm)].map(
    ([, at = '']) => JSON.parse(readFileSync(join(to, at, 'devcontainer-feature.json'), 'utf8')).id,
  )

describe('features', () => {
  test('are fetched with an anonymous token and laid out with a Dockerfile that installs them', async () => {
    const about = {
      id: 'go',
      options: { version: { type: 'string', default: 'latest' }, 'golangci-lint': { default: true } },
      containerEnv: { PATH: '/usr/local/go/bin:${PATH}', QUOTED: 'a "b" \\' },
    }
    const text = await lay(
      { 'f/go:1': feature(about, { './lib/more.sh': 'echo more\n' }) },
      [{ name: 'f/go:1', options: { version: "1'24" } }],
      { token: 'anonymous' },
    )
    expect(text).toBe(
      [
        'FROM base:1',
        'USER root',
        'ENV PATH="/usr/local/go/bin:${PATH}"',
        'ENV QUOTED="a \\"b\\" \\\\"',
        'COPY 0 /tmp/paude-feature-0/',
        'COPY 0.sh /tmp/paude-feature-0.sh',
        'RUN cd /tmp/paude-feature-0 && ../paude-feature-0.sh && rm -rf /tmp/paude-feature-0 /tmp/paude-feature-0.sh',
        '',
      ].join('\n'),
    )
    expect(readFileSync(join(to, '0/lib/more.sh'), 'utf8')).toBe('echo more\n')
    const script = readFileSync(join(to, '0.sh'), 'utf8')
    expect(script).toContain(`export VERSION='1'\\''24'\nexport GOLANGCI_LINT=true\n`)
    expect(script).toContain('user=vscode\n')
  })

  test('are installed behind what they depend on, which is fetched too, and behind what they are to follow', async () => {
    const published = {
      'f/app:1': feature({ id: 'app', dependsOn: { 'HOST/f/lib:1': { version: '2' } }, installsAfter: ['HOST/f/shell'] }),
      'f/lib:1': feature({ id: 'lib' }),
      'f/shell:1': feature({ id: 'shell', installsAfter: ['HOST/f/lib', 'HOST/f/elsewhere'] }),
    }
    expect(order(await lay(published, [{ name: 'f/app:1' }, { name: 'f/shell:1' }]))).toEqual(['lib', 'shell', 'app'])
    expect(readFileSync(join(to, '2.sh'), 'utf8')).toContain('export VERSION=2\n')
  })

  test('whose wishes go in a circle stay as they are, and whose needs do are refused', async () => {
    const wish = (id: string, after: string) => feature({ id, installsAfter: [`HOST/f/${after}`] })
    const wanted = [{ name: 'f/a:1' }, { name: 'f/b:1' }]
    expect(order(await lay({ 'f/a:1': wish('a', 'b'), 'f/b:1': wish('b', 'a') }, wanted))).toEqual(['a', 'b'])
    rmSync(to, { recursive: true })
    const need = (id: string, other: string) => feature({ id, dependsOn: { [`HOST/f/${other}:1`]: {} } })
    expect(lay({ 'f/a:1': need('a', 'b'), 'f/b:1': need('b', 'a') }, wanted)).rejects.toThrow('depends on itself')
  })

  test.each([
    'HOST/../../../x',
    'HOST/f/a?x=1',
    'user@HOST/f/a',
    '../own',
    './own',
    '/etc',
    'file:///etc/passwd',
    'HOST/f/a\r\nX: y',
  ])('that depend on %j are refused', (other) => {
    const published = { 'f/a:1': feature({ id: 'a', dependsOn: { [other]: {} } }) }
    expect(lay(published, [{ name: 'f/a:1' }])).rejects.toThrow('is not the name of a published feature')
  })

  test('that depend on a name without an end are refused', () => {
    const about = { id: 'a', dependsOn: { [`HOST/${':'.repeat(100_000)}`]: {} } }
    expect(lay({ 'f/a:1': feature(about) }, [{ name: 'f/a:1' }])).rejects.toThrow('depends on a feature with too long a name: ')
  })

  test('from elsewhere lead to nothing that listens on this machine', () => {
    const own = join(to, '../own')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'install.sh'), SCRIPT)
    writeFileSync(join(own, 'devcontainer-feature.json'), '{"id":"own","dependsOn":{"localhost:9/f/x:1":{}}}')
    expect(lay({}, [{ name: './own', folder: own }])).rejects.toThrow('depends on localhost:9/f/x:1, which is on this machine')
  })

  test('that need what no sandbox has are left out by name', async () => {
    const published = {
      'f/engine:1': feature({ id: 'engine', privileged: true }),
      'f/other:1': feature({ id: 'other', mounts: [{ source: '/var/run/docker.sock', target: '/s', type: 'bind' }] }),
      'f/debug:1': feature({ id: 'debug', capAdd: ['SYS_PTRACE'] }),
    }
    const names = Object.keys(published).map((name) => ({ name }))
    expect(order(await lay(published, names))).toEqual(['debug'])
    expect(notes).toEqual([
      'feature HOST/f/engine:1 is left out: it needs privileges that a sandbox does not have',
      'feature HOST/f/other:1 is left out: a sandbox cannot reach the engine',
    ])
  })

  test('of the project are taken from the copy that was approved, and nothing is written through a link in it', async () => {
    const own = join(to, '../own')
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'install.sh'), SCRIPT)
    writeFileSync(join(own, 'devcontainer-feature.json'), '{"id":"own"}')
    symlinkSync(join(room, 'outside'), join(own, '0.sh'))
    expect(order(await lay({}, [{ name: './own', folder: own }]))).toEqual(['own'])
    expect(readdirSync(to).toSorted()).toEqual(['0', '0.sh', 'Dockerfile'])
    rmSync(to, { recursive: true })
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'install.sh'), SCRIPT)
    writeFileSync(join(room, 'secret'), '{"id":"SECRET"}')
    symlinkSync(join(room, 'secret'), join(own, 'devcontainer-feature.json'))
    expect(lay({}, [{ name: './own', folder: own }])).rejects.toThrow('is not a file')
  })
})

describe('a registry', () => {
  const go = { 'f/go:1': feature({ id: 'go' }) }
  const one = [{ name: 'f/go:1' }]

  test.each([
    ['other content than its digest says', { spoilt: true }, 'does not match its digest: '],
    ['a login', { login: true }, 'its registry wants a login'],
    ['more than a feature can be', { padding: 70 * 1024 ** 2 }, 'is larger than 64 MiB'],
    [
      'a redirect to plain HTTP elsewhere',
      { redirect: 'http://example.org/x' },
      'is redirected to an address without HTTPS: http://example.org',
    ],
    ['a redirect to a file', { redirect: 'file:///etc/passwd' }, 'is redirected to an address without HTTPS: '],
    ['redirects without an end', { redirect: '' }, 'is redirected too often'],
    ['a manifest without an archive', { manifest: '{"layers":[]}' }, 'its manifest names no archive'],
    ['a digest that is a path', { manifest: '{"layers":[{"digest":"../../x"}]}' }, 'its manifest names no archive'],
    ['something that is not JSON', { manifest: 'x' }, 'its manifest names no archive'],
  ] as const)('that answers with %s is not believed', async (_what, more, message) => {
    expect(lay(go, one, more)).rejects.toThrow(message)
  })

  test('that answers with another manifest than the lock file names is not believed', () => {
    const digest = `sha256:${'0'.repeat(64)}`
    expect(lay(go, [{ name: 'f/go:1', digest }], { pinned: digest })).rejects.toThrow(`does not match its digest: ${digest}`)
    expect(lay(go, [{ name: 'f/go:1', digest }])).rejects.toThrow('answered 404')
  })

  test('that has no such feature is named with the feature', () => {
    expect(lay(go, [{ name: 'f/rust:1' }])).rejects.toThrow(
      /feature .*\/f\/rust:1 does not exist, or is not public \(http:\/\/.* answered 404\)/,
    )
  })

  test('that is not there is named with what leads to the internet', async () => {
    const registry = publish({})
    registry.stop()
    const wanted = { name: `${registry.host}/f/go:1`, options: {}, folder: '', digest: '' }
    const laid = layFeatures(
      { kind: 'lay-features', title: '', features: [wanted], base: 'b', user: 'root', to },
      { note: () => {}, signal: new AbortController().signal },
    )
    expect(laid).rejects.toMatchObject({
      message: expect.stringContaining('paude cannot reach'),
      hint: expect.stringContaining('HTTPS_PROXY'),
    })
  })

  test('gets its token back from no other host', async () => {
    const seen: (string | null)[] = []
    const elsewhere = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => {
        seen.push(request.headers.get('authorization'))
        return new Response('x')
      },
    })
    await expect(lay(go, one, { token: 'anonymous', redirect: `http://localhost:${elsewhere.port}/x` })).rejects.toThrow('digest')
    elsewhere.stop(true)
    expect(seen).toEqual([null])
  })
})

describe('the archive of a feature', () => {
  const names = async (entries: Parameters<typeof archive>[0]) => [...(await readArchive('f', archive(entries))).keys()]

  test('gives its files, also packed, and with names that are too long for a header', async () => {
    const long = `./${'deep/'.repeat(40)}file`
    const entries = [
      { path: './', type: '5' },
      { path: './install.sh', text: 'x' },
      { path: long, text: 'y' },
    ] as const
    expect(await names(entries)).toEqual(['install.sh', long.slice(2)])
    expect([...(await readArchive('f', gzipSync(archive(entries)))).keys()]).toEqual(['install.sh', long.slice(2)])
  })

  test.each([
    [{ path: '../../.bashrc', text: 'evil' }, 'holds a file outside its own folder: '],
    [{ path: '/etc/profile', text: 'evil' }, 'holds a file outside its own folder: '],
    [{ path: 'a/../../b', text: 'evil' }, 'holds a file outside its own folder: '],
    [{ path: `${'x/'.repeat(80)}../../${'../'.repeat(90)}etc/x`, text: 'evil' }, 'holds a file outside its own folder: '],
    [{ path: 'link', type: '2', link: '/etc' }, 'neither a file nor a folder: link'],
    [{ path: 'link', type: '1', link: '/etc/passwd' }, 'neither a file nor a folder'],
    [{ path: 'device', type: '3' }, 'neither a file nor a folder'],
    [{ path: 'pipe', type: '6' }, 'neither a file nor a folder'],
    [{ path: 'sparse', type: 'S', text: 'x' }, 'neither a file nor a folder'],
  ] as const)('that holds %j is refused whole', async (entry, message) => {
    await expect(names([{ path: 'install.sh', text: 'x' }, entry])).rejects.toThrow(message)
  })

  test.each([[['a', 'a/b']], [['a/b/c', 'a/b']], [['x/a', 'x/a.b', 'x/a/b']]])(
    'that holds a file and a folder of the same name is refused whole: %j',
    async (paths) => {
      await expect(names(paths.map((path) => ({ path, text: 'x' })))).rejects.toThrow(
        'holds a file and a folder of the same name: ',
      )
    },
  )

  test('that holds a name which no file system takes is refused whole', () =>
    expect(names([{ path: 'x'.repeat(256), text: 'x' }])).rejects.toThrow('holds a file whose name is too long'))

  test('that unpacks to too much is refused before it does', () =>
    expect(readArchive('f', gzipSync(Buffer.alloc(300 * 1024 ** 2)))).rejects.toThrow(
      'is a broken archive, or too large when unpacked',
    ))

  test('whatever it holds ends in files below the folder or a sentence', async () => {
    const whole = archive([
      { path: './install.sh', text: 'x' },
      { path: `./${'d/'.repeat(80)}f`, text: 'y' },
    ])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), async (changes) => {
        const bytes = Uint8Array.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        try {
          for (const path of (await readArchive('f', bytes)).keys()) expect(join('/room', path)).toStartWith('/room/')
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError)
        }
      }),
    )
  })
})
