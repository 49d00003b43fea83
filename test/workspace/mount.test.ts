import { afterAll, describe, expect, test } from 'bun:test'
import { linkSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { isAbsolute, join, normalize } from 'node:path'
import fc from 'fast-check'
import { PaudeError } from '../../src/errors.ts'
import { checkMount, checkTogether, mountWord, parseMount } from '../../src/workspace/mount.ts'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, refusal, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const { path, home } = sandbox
const places = { cwd: sandbox.folder('work'), home }
const parse = (text: string) => parseMount(text, places)
const check = (text: string, host = sandbox.host()) => checkMount(parse(text), host)

const data = sandbox.folder('work/data')
const linked = join(path, 'linked')
symlinkSync(data, linked)

describe('the grammar', () => {
  test.each([
    ['data', { source: data, target: data, readOnly: true }],
    ['./data:rw', { source: data, target: data, readOnly: false }],
    ['data:ro', { source: data, target: data, readOnly: true }],
    ['data:/srv/data', { source: data, target: '/srv/data', readOnly: true }],
    ['data:/opt/x:rw', { source: data, target: '/opt/x', readOnly: false }],
    [`${linked}`, { source: linked, target: data, readOnly: true }],
    ['~/notes:/data/notes:ro', { source: join(home, 'notes'), target: '/data/notes', readOnly: true }],
    ['a\\:b:/mnt/c\\:d', { source: join(places.cwd, 'a:b'), target: '/mnt/c:d', readOnly: true }],
    ['a\\\\b\\c:/data/x', { source: join(places.cwd, 'a\\b\\c'), target: '/data/x', readOnly: true }],
    ['-rf:/data/-rf', { source: join(places.cwd, '-rf'), target: '/data/-rf', readOnly: true }],
    ['a, "b"\' é☃:/data/a, "b"\' é☃', { source: join(places.cwd, 'a, "b"\' é☃'), target: '/data/a, "b"\' é☃', readOnly: true }],
    ['x:/home/user/x', { source: join(places.cwd, 'x'), target: '/home/user/x', readOnly: true }],
    ['rw:/data/rw:rw', { source: join(places.cwd, 'rw'), target: '/data/rw', readOnly: false }],
  ])('%s', (text, mount) => {
    expect(parse(text)).toEqual(mount)
  })

  test.each([
    ['', 'usage: not a mount: '],
    [':/data', 'usage: not a mount: :/data'],
    [':rw', 'usage: not a mount: :rw'],
    ['data::rw', 'usage: not a mount: data::rw'],
    ['data:/a:/b', 'usage: not a mount: data:/a:/b'],
    ['data:/a:rw:ro', 'usage: not a mount: data:/a:rw:ro'],
    ['data:b', 'refused: cannot mount at b: not an absolute path'],
    ['data:RW', 'refused: cannot mount at RW: not an absolute path'],
    ['data:/a/../etc', 'refused: cannot mount at /a/../etc: not in its shortest form'],
    ['data:/a//b', 'refused: cannot mount at /a//b: not in its shortest form'],
    ['data:/a/', 'refused: cannot mount at /a/: not in its shortest form'],
    ['data:/a/.', 'refused: cannot mount at /a/.: not in its shortest form'],
    ['da\nta', 'refused: cannot mount da\\u{a}ta: it has control characters'],
    ['data:/a\u001b[2J', 'refused: cannot mount data:/a\\u{1b}[2J: it has control characters'],
    ['da\u2028ta', 'refused: cannot mount da\\u{2028}ta: it has control characters'],
  ])('%j is refused', (text, message) => {
    expect(refusal(() => parse(text))).toBe(message)
  })

  test.each(
    [
      '/',
      '/proc',
      '/proc/sys',
      '/sys/fs',
      '/dev/shm',
      '/run/x',
      '/var/run/x',
      '/tmp',
      '/etc',
      '/etc/ssl',
      '/usr',
      '/usr/local/bin',
    ].concat(['/bin', '/sbin/x', '/lib', '/lib64/x', '/boot', '/paude', '/paude/seed', '/home', '/opt', '/mnt', '/root', '/var']),
  )('the box keeps %s', (target) => {
    expect(refusal(() => parse(`data:${target}`))).toBe(`refused: cannot mount at ${target}: the sandbox needs this path itself`)
  })

  test('~ needs a home', () => {
    expect(refusal(() => parseMount('~/x', { cwd: '/x', home: '' }))).toBe('usage: cannot expand ~/x: HOME is not set')
  })

  test('a relative source needs a current directory', () => {
    expect(refusal(() => parseMount('x', { cwd: '', home }))).toContain('the current directory no longer exists')
  })
})

describe('whatever is typed', () => {
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('/', ':', '\\', '.', '..', '~', 'a', '/etc', '/data', 'rw', 'ro', '\n', ' '), { maxLength: 12 })
      .map((all) => all.join('')),
  )

  test('a target is absolute, normalised and not the machine of the sandbox, or there is none', () => {
    fc.assert(
      fc.property(typed, (text) => {
        try {
          const { source, target } = parse(text)
          expect(isAbsolute(source) && isAbsolute(target)).toBe(true)
          expect(normalize(target)).toBe(target)
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('an escaped path comes back as it was', () => {
    const name = fc.string({
      unit: fc.constantFrom(':', '\\', ',', '"', "'", '-', ' ', '=', '$', 'é', '🦊', 'a', '.'),
      minLength: 1,
    })
    const plain = name.filter((one) => one !== '.' && one !== '..')
    fc.assert(
      fc.property(plain, plain, fc.boolean(), (from, to, readOnly) => {
        const mount = { source: `/nowhere/${from}`, target: `/data/${to}`, readOnly }
        expect(parse(`${mountWord(mount.source)}:${mountWord(mount.target)}:${readOnly ? 'ro' : 'rw'}`)).toEqual(mount)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the source', () => {
  test('is judged and mounted by its real path', () => {
    expect(check(`${linked}:/data/x`)).toEqual({ source: data, target: '/data/x', readOnly: true })
  })

  test.each([
    'with, comma',
    'with:colon',
    'with "quotes" \'both\'',
    '-dash',
    '--flag=x',
    'with space',
    'é 雪 🦊',
    'back\\slash',
    '$HOME',
  ])('may be called %s', (name) => {
    const source = sandbox.folder('work', name)
    expect(check(mountWord(name))).toEqual({ source, target: source, readOnly: true })
  })

  test('must exist, and is named by its whole path where it does not', () => {
    expect(refusal(() => check('missing:/data/x'))).toBe(
      `not-found: cannot mount ${join(places.cwd, 'missing')}: it does not exist`,
    )
  })

  test('may not lead to a name with a newline', () => {
    const evil = sandbox.folder('work', 'new\nline')
    const link = join(path, 'innocent')
    symlinkSync(evil, link)
    expect(refusal(() => check(`${link}:/data/x`))).toContain('new\\u{a}line: it has control characters')
    expect(refusal(() => checkMount({ source: evil, target: '/data/x', readOnly: true }, sandbox.host()))).toContain(
      'control characters',
    )
  })

  const closed: readonly (readonly [string, string])[] = [
    ['/', 'is the whole machine'],
    ['/etc', 'belongs to the system'],
    ['/etc/passwd', 'belongs to the system'],
    ['/proc', 'belongs to the system'],
    ['/proc/self', 'belongs to the system'],
    ['/dev', 'belongs to the system'],
    ['/dev/null', 'belongs to the system'],
    ['/var', home.startsWith('/var/') ? ' holds your home directory' : 'holds /'],
  ]
  test.each(closed)('%s is refused', (source, reason) => {
    expect(refusal(() => check(`${source}:/data/x`))).toContain(reason)
  })

  test.each(['/sys', '/boot', '/run', '/var/run'].filter((place) => Bun.spawnSync(['test', '-e', place]).success))(
    '%s is refused',
    (source) => {
      expect(refusal(() => check(`${source}:/data/x`))).toContain('belongs to the system')
    },
  )

  test('is not HOME, nor around it', () => {
    expect(refusal(() => check('~:/data/x'))).toEndWith(`${home} is your home directory`)
    expect(refusal(() => check(`${join(path, 'home')}:/data/x`))).toEndWith(`${join(path, 'home')} holds your home directory`)
    expect(refusal(() => check(`${path}:/data/x`))).toEndWith(`${path} holds your home directory`)
  })

  test('may be a folder in HOME', () => {
    const source = sandbox.folder('home/me/src/project')
    expect(check('~/src/project:/data/x').source).toBe(source)
  })

  const stores = [
    '.ssh',
    '.gnupg',
    '.aws',
    '.kube',
    '.docker',
    '.config/gcloud',
    '.azure',
    '.config/gh',
    '.password-store',
    '.cargo/credentials.toml',
  ].concat(['.netrc', '.npmrc', '.git-credentials', '.claude/.credentials.json', '.local/share/keyrings'])
  test.each(stores)('~/%s is refused, what is in it and what holds it', (store) => {
    sandbox.folder('home/me', store, 'deep')
    const reason = 'which holds credentials'
    expect(refusal(() => check(`~/${store}:/data/x`))).toContain(reason)
    expect(refusal(() => check(`~/${store}/deep:/data/x`))).toContain(reason)
    if (store.includes('/')) expect(refusal(() => check(`~/${store.split('/')[0]}:/data/x`))).toContain('holds')
  })

  test('a store of another home is refused by its name', () => {
    sandbox.folder('home/other/.ssh')
    expect(refusal(() => check(`${path}/home/other/.ssh:/data/x`))).toContain('is in .ssh')
  })

  test('a second name of a store (hard link) is a store', () => {
    const alias = join(path, 'alias')
    linkSync(sandbox.file('home/me/.pgpass'), alias)
    expect(refusal(() => check(`${alias}:/data/x`))).toContain('.pgpass, which holds credentials')
  })

  test('a link to a store is a store', () => {
    const vault = sandbox.folder('vault/keys')
    const other = sandbox.folder('home/linker')
    symlinkSync(vault, join(other, '.gnupg'))
    const host = { ...sandbox.host(), home: other }
    expect(refusal(() => check(`${vault}:/data/x`, host))).toContain('which holds credentials')
    expect(refusal(() => check(`${path}/vault:/data/x`, host))).toContain('holds')
    const link = join(path, 'harmless')
    symlinkSync(sandbox.folder('home/me/.aws'), link)
    expect(refusal(() => check(`${link}:/data/x`))).toContain('.aws')
  })

  test.each([
    ['.local/state/paude', {}],
    ['.config/paude', {}],
    ['.cache/paude', {}],
    ['elsewhere/paude', { XDG_STATE_HOME: join(home, 'elsewhere') }],
    ['elsewhere/paude', { XDG_CONFIG_HOME: join(home, 'elsewhere') }],
    ['elsewhere/paude', { XDG_CACHE_HOME: join(home, 'elsewhere') }],
  ])("paude's own ~/%s is refused, with %j", (folder, env) => {
    const source = sandbox.folder('home/me', folder, 'sessions')
    const host = { ...sandbox.host(), env }
    expect(refusal(() => check(`${source}:/data/x`, host))).toContain('which belongs to paude')
    expect(refusal(() => check(`${join(home, folder, '..')}:/data/x:rw`, host))).toMatch(/holds/)
  })

  test("what will hold paude's own folder is refused before it is there", () => {
    const fresh = sandbox.folder('home/fresh/.config')
    const host = { ...sandbox.host(), home: join(path, 'home/fresh') }
    expect(refusal(() => check(`${fresh}:/data/x:rw`, host))).toContain('which belongs to paude')
  })

  test('a unix socket is refused, alone and deep in a folder', async () => {
    const folder = sandbox.folder('s/deep/er')
    const socket = join(folder, 'x.sock')
    const server = createServer()
    await new Promise<void>((done) => server.listen(socket, done))
    try {
      expect(refusal(() => check(`${socket}:/data/x`))).toContain('is a unix socket')
      expect(refusal(() => check(`${path}/s:/data/x`))).toContain('x.sock is a unix socket')
      symlinkSync(socket, join(path, 'sock-link'))
      expect(refusal(() => check(`${path}/sock-link:/data/x`))).toContain('is a unix socket')
      const host = { ...sandbox.host(), env: { DOCKER_HOST: `unix://${socket}` } }
      expect(refusal(() => check(`${path}/s:/data/x`, host))).toContain('where an engine or a key agent listens')
    } finally {
      server.close()
    }
  })

  test('a pipe is refused', () => {
    const pipe = join(path, 'pipe')
    expect(Bun.spawnSync(['mkfifo', pipe]).success).toBe(true)
    expect(refusal(() => check(`${pipe}:/data/x`))).toContain('neither a file nor a folder')
  })

  test('a place the sandbox has itself needs a target', () => {
    const [source] = ['/usr/share', '/usr/lib']
    expect(refusal(() => check(`${source}`))).toBe(`refused: cannot mount at ${source}: the sandbox needs this path itself`)
    expect(check(`${source}:/data/share`).target).toBe('/data/share')
  })
})

describe('together with the project', () => {
  const root = repository(join(path, 'together'))
  const workspace = findWorkspace(sandbox.host(root), { force: false })
  const mount = (source: string, target: string, readOnly = true) => ({ source, target, readOnly })

  test.each([
    ['the project', [mount(data, root)], 'would hide the project'],
    ['a folder above it', [mount(data, path)], 'would hide the project'],
    ['the git folder', [mount(data, join(root, '.git'))], ' would hide guarded paths of the project'],
    ['hooks', [mount(data, join(root, '.git/hooks'))], ' would hide guarded paths of the project'],
    ['a hook', [mount(data, join(root, '.git/hooks/pre-commit'))], ' would hide guarded paths of the project'],
    ['a target twice', [mount(data, '/data/x'), mount(linked, '/data/x')], 'another mount already uses /data/x'],
    ['the project, writable elsewhere', [mount(root, '/data/x', false)], 'a writable mount would open guarded paths in '],
    [
      'its git folder, writable elsewhere',
      [mount(join(root, '.git'), '/data/x', false)],
      'a writable mount would open guarded paths in ',
    ],
    [
      'its hooks, writable elsewhere',
      [mount(join(root, '.git/hooks'), '/data/x', false)],
      'a writable mount would open guarded paths in ',
    ],
  ])('%s is refused', (_, mounts, reason) => {
    expect(refusal(() => checkTogether(mounts, workspace))).toContain(reason)
  })

  test('beside and below it is fine', () => {
    git(root, 'status')
    checkTogether([mount(data, '/data/x'), mount(data, join(root, 'vendor'), false), mount(root, '/data/y')], workspace)
  })
})
