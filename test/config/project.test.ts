import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { entryText } from '../../src/config/keys/entry-text.ts'
import { PaudeError } from '../../src/errors.ts'
import { extraCaCertificates } from '../../src/image/ca.ts'
import { parseOlder } from '../../src/project/older.ts'
import { outerPlaces, parseProjectFile, readProjectFiles } from '../../src/project/project.ts'
import { projectFolders, writableFolders } from '../../src/workspace/workspace.ts'
import { anyWord } from '../support/words.ts'
import { git, repository } from '../workspace/sandbox.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-project-')))
const file = join(room, 'paude.toml')
beforeEach(() => {
  rmSync(room, { recursive: true, force: true })
  mkdirSync(room)
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

describe('a file of the project that may be something else than it looks like is refused', () => {
  const cases: readonly (readonly [words: string, make: () => void])[] = [
    [
      'is a link',
      () => {
        writeFileSync(join(room, 'other'), '')
        symlinkSync(join(room, 'other'), file)
      },
    ],
    ['is a link', () => symlinkSync('/nonexistent', file)],
    ['is not a file', () => mkdirSync(file)],
    ['is not a file', () => void Bun.spawnSync(['mkfifo', file])],
    ['is larger than 64 KiB', () => writeFileSync(file, '#'.repeat(64 * 1024 + 1))],
    ['is not UTF-8', () => writeFileSync(file, Buffer.from([0x61, 0xff, 0xfe]))],
    [
      'is writable for every user of this machine',
      () => {
        writeFileSync(file, '')
        chmodSync(file, 0o666)
      },
    ],
  ]
  test.each(cases)('%s', (words, make) => {
    make()
    expect(() => readProjectFiles([room])).toThrow(`${file} ${words}, so paude does not read it`)
  })

  test('and one that is what it seems is read', () => {
    writeFileSync(file, '#'.repeat(64 * 1024), { mode: 0o644 })
    linkSync(file, join(room, 'second-name'))
    expect(readProjectFiles([room]).map(({ text }) => text.length)).toEqual([64 * 1024])
    expect(readProjectFiles([join(file, 'below')])).toEqual([])
  })
})

describe('paths of a project', () => {
  const read = async (text: string, name = 'paude.toml') =>
    (
      await parseProjectFile(
        { file: join('/p/sub', name), text, hash: '' },
        { writable: ['/p'], home: '/home/ada', profile: '', note: () => undefined },
      )
    ).sources[0]?.values

  test('are meant from where the file lies', async () => {
    expect(
      await read('mounts = ["/abs", "~/x"]\nimage.ca_files = ["ca.pem", "/etc/ca.pem"]\nworkspace.protect = ["ci"]'),
    ).toMatchObject({
      mount: ['/abs', '~/x'],
      caFile: [{ path: '/p/sub/ca.pem' }, { path: '/etc/ca.pem' }],
      // What was approved by its content is read-only as well.
      protect: ['/p/sub/ci', '/p/sub/ca.pem', '/etc/ca.pem'],
    })
  })

  test.each([
    'mounts = ["../secrets"]',
    'mounts = ["/data/../etc:/etc2"]',
    'image.ca_files = ["../ca.pem"]',
    'env = { A = "file:/home/../etc/shadow" }',
    'network.upstream_credentials = "file:/home/../etc/shadow"',
  ])('that lead upwards are refused: %s', async (text) => {
    await expect(read(text)).rejects.toThrow(/^\/p\/sub\/paude\.toml:1 has a path with \.\.: /)
  })

  test('that lead upwards in the sandbox are refused too', async () => {
    await expect(read('mounts = ["/data:/x/../../etc"]')).rejects.toThrow('/p/sub/paude.toml:1: mounts: cannot mount at')
  })
})

describe('certificates of a project', () => {
  const read = async (text = 'image.ca_files = ["ca.pem"]') =>
    (
      await parseProjectFile(
        { file, text, hash: '' },
        { writable: [room], home: '/home/ada', profile: '', note: () => undefined },
      )
    ).sources[0]?.values.caFile
  const ca = join(room, 'ca.pem')
  const cases: readonly (readonly [words: string, make: () => void])[] = [
    ['is a link', () => symlinkSync('/dev/zero', ca)],
    ['is not a file', () => void Bun.spawnSync(['mkfifo', ca])],
    ['is larger than 1024 KiB', () => writeFileSync(ca, Buffer.alloc(1024 * 1024 + 1))],
  ]
  test.each(cases)('are refused where the file %s', async (words, make) => {
    make()
    await expect(read()).rejects.toThrow(`${file}:1 names ${ca}, which ${words}, so paude does not read it`)
  })

  test('are what was read when they were judged, whatever stands there later', async () => {
    const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`
    writeFileSync(ca, pem('GOOD'))
    const judged = await read()
    writeFileSync(ca, pem('EVIL'))
    expect(extraCaCertificates({ platform: 'linux' }, judged)).toBe(pem('GOOD'))
  })

  test('take together no more than all certificates may', async () => {
    writeFileSync(ca, Buffer.alloc(700 * 1024))
    await expect(read('image.ca_files = ["ca.pem", "ca.pem"]')).rejects.toThrow('is larger than')
  })

  test('that are not there are an error of those who need them', async () => {
    const absent = await read()
    expect(() => extraCaCertificates({ platform: 'linux' }, absent)).toThrow(`the certificate file ${ca} cannot be read`)
  })
})

describe('what the agent could exchange behind the back of an approval', () => {
  const around = () => ({ writable: [room], home: '/home/ada', profile: '', note: () => undefined })
  const read = (text: string) => parseProjectFile({ file, text, hash: '' }, around())
  const here = process.cwd()
  beforeEach(() => process.chdir(room))
  afterEach(() => process.chdir(here))

  test.each([
    'mounts = ["data"]',
    'mounts = ["sub/data:/data:rw"]',
    `mounts = ["${room}/data"]`,
    `env = { A = "file:${room}/secret" }`,
    `network.upstream_credentials = "file:${room}/secret"`,
    'network.upstream_credentials = "file:/proc/self/cwd/secret"',
    'profiles.a.env = { A = { command = ["cat"] } }',
    'env = { A = { command = ["/bin/cat", "x"] } }',
    'env = { A = { keychain = "forge/ada" } }',
  ])('is refused: %s', async (text) => {
    await expect(read(text)).rejects.toThrow(
      /paude\.toml:1(: (a program|the keychain) is not allowed in this file| names .* is in the project)/,
    )
  })

  test('is refused through a link that leads back as well', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'paude-outside-'))
    symlinkSync(room, join(outside, 'back'))
    await expect(read(`mounts = ["${outside}/back/data"]`)).rejects.toThrow('is in the project')
    await expect(read('mounts = ["a:b:c:d"]')).rejects.toThrow(`${file}:1: mounts: not a mount`)
    rmSync(outside, { recursive: true })
  })
})

test('git data beside a worktree is the agent’s as well', async () => {
  const [main, tree] = [join(room, 'main'), join(room, 'tree')]
  repository(main)
  git(main, 'worktree', 'add', '--quiet', tree)
  const writable = writableFolders(tree, { home: '/home/ada', env: {} })
  const read = (text: string) =>
    parseProjectFile(
      { file: join(tree, 'paude.toml'), text, hash: '' },
      { writable, home: '/home/ada', profile: '', note: () => undefined },
    )
  for (const text of [`mounts = ["${main}/.git/objects"]`, `env = { A = "file:${main}/.git/secret" }`])
    await expect(read(text)).rejects.toThrow('which is in the project or its git data, where the agent can change it')
  await expect(read(`mounts = ["${main}"]`)).resolves.toMatchObject({ sources: [{ values: { mount: [main] } }] })
})

test('whatever path a file names is absolute and outside of the project, or refused with the name of the file', async () => {
  const part = fc.oneof(
    anyWord,
    fc.constantFrom('..', '.', '/', '//', '~', '~/', ':', '\\', '\\:', '/p', '/p/x', '../', 'rw', '/etc/../p', '\u0000'),
  )
  const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
  const key = fc.constantFrom(
    'mounts = [%]',
    'image.ca_files = [%]',
    'workspace.protect = [%]',
    'env = { A = % }',
    'network.upstream_credentials = %',
  )
  await fc.assert(
    fc.asyncProperty(key, path, async (form, word) => {
      const text = form.replace('%', () => JSON.stringify(/^env|credentials/.test(form) ? `file:${word}` : word))
      try {
        const { sources } = await parseProjectFile(
          { file: '/p/sub/paude.toml', text, hash: '' },
          { writable: ['/p'], home: '/home/ada', profile: '', note: () => undefined },
        )
        const [source] = sources
        const { caFile = [], protect = [] } = source?.values ?? {}
        const outer = source === undefined ? [] : outerPlaces(source, '/home/ada')
        const paths = [...caFile.map(entryText), ...protect, ...outer]
        for (const found of paths) expect(found).toStartWith('/')
        for (const found of paths) expect(found.split('/')).not.toContain('..')
        for (const found of outer) expect(found === '/p' || found.startsWith('/p/')).toBe(false)
      } catch (error) {
        if (!(error instanceof PaudeError)) throw error
        expect(error.message).toStartWith('/p/sub/paude.toml')
      }
    }),
    { numRuns: 2000 },
  )
})

describe('the folders whose files count', () => {
  const host = (cwd: string) => ({ cwd, home: '/home/nobody', uid: process.getuid?.() ?? 0, env: {} })

  test('are those from the top of the repository down to here, and no other', () => {
    mkdirSync(join(room, 'repo/.git/objects'), { recursive: true })
    mkdirSync(join(room, 'repo/.git/refs'))
    writeFileSync(join(room, 'repo/.git/HEAD'), 'ref: refs/heads/main\n')
    mkdirSync(join(room, 'repo/a/b'), { recursive: true })
    for (const folder of ['.', 'repo', 'repo/a/b']) writeFileSync(join(room, folder, 'paude.toml'), '')
    writeFileSync(join(room, 'repo/paude.json'), '{}')
    const folders = projectFolders(host(join(room, 'repo/a/b')))
    expect(folders).toEqual(['repo', 'repo/a', 'repo/a/b'].map((name) => join(room, name)))
    expect(readProjectFiles(folders).map((one) => one.file.slice(room.length))).toEqual([
      '/repo/paude.json',
      '/repo/paude.toml',
      '/repo/a/b/paude.toml',
    ])
  })

  test('without a repository is the current one alone', () => {
    mkdirSync(join(room, 'a'))
    expect(projectFolders(host(join(room, 'a')))).toEqual([join(room, 'a')])
    expect(projectFolders(host(''))).toEqual([])
  })
})

describe('paude.json of the older tool', () => {
  test('is read where its keys mean something here, and the rest is named', () => {
    const text = JSON.stringify({
      base: 'debian:13',
      setup: 'make',
      create: {
        'allowed-domains': ['github', '.example.org', 'a.org', '~evil.*', 'default'],
        agent: 'codex',
        'otel-endpoint': 'x',
      },
    })
    expect(parseOlder('/p/paude.json', text)).toEqual({
      sources: [
        {
          layer: 'project',
          values: {
            imageBase: 'debian:13',
            networkAllow: ['example.org', '*.example.org', 'a.org'],
            networkGroups: ['@github'],
          },
          places: { imageBase: '/p/paude.json', networkAllow: '/p/paude.json', networkGroups: '/p/paude.json' },
        },
      ],
      unknown: [
        'setup',
        'create.otel-endpoint',
        'create.agent = codex',
        'create.allowed-domains: ~evil.*',
        'create.allowed-domains: default',
      ],
    })
  })

  test('says "all" by opening the network, which is never a list', () => {
    expect(parseOlder('/p/paude.json', '{"create":{"allowed-domains":"all"}}').sources[0]?.values).toEqual({ network: 'open' })
    expect(parseOlder('/p/paude.json', '{"create":{"allowed-domains":[]}}').sources[0]?.values).toEqual({})
  })

  test('is read, or refused with its name, whatever it holds', () => {
    for (const text of ['', 'null', '7', '{"base":7}', '{"create":7}', '{"create":{"allowed-domains":{}}}'])
      expect(() => parseOlder('/p/paude.json', text)).toThrow('/p/paude.json')
    fc.assert(
      fc.property(fc.oneof(anyWord, fc.json()), (text) => {
        try {
          parseOlder('/p/paude.json', text)
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError)
          expect((error as PaudeError).message).toContain('/p/paude.json')
          expect((error as PaudeError).message).not.toMatch(/\p{Cc}/u)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
