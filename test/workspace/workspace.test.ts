import { afterAll, describe, expect, test } from 'bun:test'
import { chownSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findWorkspace } from '../../src/workspace/workspace.ts'
import { makeSandbox, refusal, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const { path, home } = sandbox
const find = (cwd: string, force = false) => findWorkspace(sandbox.host(cwd), { force })

describe('where', () => {
  test('a plain folder is the project', () => {
    const plain = sandbox.folder('plain')
    expect(find(plain)).toMatchObject({
      root: plain,
      directory: plain,
      git: null,
      protectedPaths: [],
      pinnedPaths: [],
      notes: [],
    })
  })

  test('the top level of git is the project, the current directory stays', () => {
    const root = repository(sandbox.folder('repo'))
    const directory = sandbox.folder('repo/packages/a')
    expect(find(directory)).toMatchObject({ root, directory, notes: [] })
    expect(find(root)).toMatchObject({ root, directory: root, notes: [] })
  })

  test('a link to the current directory is judged by where it leads', () => {
    const project = sandbox.folder('home/me/src/linked')
    const link = join(path, 'to-project')
    symlinkSync(project, link)
    expect(find(link).root).toBe(project)
    const trap = join(path, 'to-home')
    symlinkSync(home, trap)
    expect(refusal(() => find(trap))).toBe(`refused: refusing to work in ${home}: ${home} is your home directory`)
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
    '*',
    '$HOME',
  ])('a project may be called %s', (name) => {
    const root = repository(sandbox.folder('names', name))
    expect(find(root)).toMatchObject({ root, notes: [] })
    expect(find(root).protectedPaths).toContain(join(root, '.git/config'))
  })

  test.each(['new\nline', 'tab\there', 'escape\u001b[2J', 'line\u2028separator', 'delete\u007f'])('not one called %j', (name) => {
    const folder = sandbox.folder('names', name, 'below')
    expect(refusal(() => find(folder, true))).toStartWith('refused: control characters in the path of the current directory: ')
    expect(refusal(() => find(folder, true))).not.toContain(name)
  })

  test('a directory that was deleted', () => {
    const gone = sandbox.folder('gone')
    rmSync(gone, { recursive: true })
    for (const cwd of ['', gone]) expect(refusal(() => find(cwd))).toBe('refused: the current directory no longer exists')
  })
})

describe('too much', () => {
  test.each(['/', '/proc', '/proc/self/fd', '/sys', '/dev', '/dev/fd'].filter((place) => exists(place)))(
    '%s, even with --force',
    (place) => {
      // A link of the kernel may lead out of its folder, as /dev/fd does; then that place is judged.
      expect(refusal(() => find(place))).toStartWith('refused: refusing to work in /')
      expect(refusal(() => find(place, true))).toStartWith('refused: refusing to work in /')
    },
  )

  const system = [
    '/etc',
    '/etc/ssl',
    '/usr',
    '/usr/lib',
    '/usr/local',
    '/bin',
    '/sbin',
    '/lib',
    '/lib64',
    '/boot',
    '/run',
    '/var',
    '/var/lib',
    '/var/run',
  ].concat(['/opt', '/tmp', '/var/tmp', '/home', '/mnt', '/media', '/srv', '/root'])
  test.each(system.filter(exists))('%s', (place) => {
    expect(refusal(() => find(place))).toMatch(/^refused: refusing to work in \/\S+: /)
  })

  // A forced start looks through the whole folder, and all of /usr would take a minute on a busy machine.
  test.each(['/etc/ssl', '/boot', '/opt', '/mnt', '/media', '/srv'].filter(exists))('%s, unless forced', (place) => {
    expect(find(place, true).root).toBe(realpathSync(place))
  })

  test('the folder of temporary files itself, but not what is in it', () => {
    expect(refusal(() => find(tmpdir()))).toContain('refusing to work in')
    expect(find(sandbox.folder('fine')).root).toBe(join(path, 'fine'))
  })

  test('HOME and what is above it, unless forced', () => {
    expect(refusal(() => find(home))).toEndWith(' is your home directory')
    for (const place of [join(path, 'home'), path]) expect(refusal(() => find(place))).toEndWith(' holds your home directory')
    expect(find(home, true)).toMatchObject({ root: home, directory: home })
  })

  test('HOME by its linked name', () => {
    const link = join(path, 'home-link')
    symlinkSync(home, link)
    expect(refusal(() => findWorkspace({ ...sandbox.host(home), home: link }, { force: false }))).toContain(
      ' is your home directory',
    )
  })

  test.each(['.ssh', '.aws/deep', '.config/gcloud', '.config', '.local/state', '.docker'])('~/%s, unless forced', (name) => {
    sandbox.folder('home/me/.config/gcloud')
    const folder = sandbox.folder('home/me', name)
    expect(refusal(() => find(folder))).toMatch(/, which (holds credentials|belongs to paude)$/)
    expect(find(folder, true).root).toBe(folder)
  })

  test("paude's own folders, even with --force", () => {
    const folder = sandbox.folder('home/me/.config/paude/deep')
    expect(refusal(() => find(folder, true))).toContain('which belongs to paude')
  })

  test("paude's own folders are empty in a forced HOME, that of the state also before it exists", () => {
    const folder = sandbox.folder('home/me/.config/paude')
    expect(find(home, true).hiddenPaths.toSorted()).toEqual([folder, join(home, '.local/state/paude')])
  })

  test('a home in a system folder shelters its projects, not the system', () => {
    const host = (cwd: string, given: string) => ({ ...sandbox.host(cwd), home: given })
    // No folder of the machine may be written here: existing ones stand in.
    expect(findWorkspace(host('/usr/lib', '/usr/lib/..'), { force: true }).root).toBe(realpathSync('/usr/lib'))
    expect(refusal(() => findWorkspace(host('/usr/lib', '/usr'), { force: false }))).toContain('belongs to the system')
    const nested = ['/usr/share/doc', '/usr/share/zoneinfo'].find(exists)
    if (nested) expect(findWorkspace(host(nested, '/usr/share'), { force: false }).root).toBe(nested)
  })
})

describe('a top level that is too much', () => {
  test('HOME under git: only the current directory, also with --force', () => {
    const other = makeSandbox()
    try {
      repository(other.home)
      const directory = other.folder('home/me/src/project')
      for (const force of [false, true]) {
        const found = findWorkspace(other.host(directory), { force })
        expect(found).toMatchObject({ root: directory, directory, git: null, protectedPaths: [] })
        expect(found.notes).toEqual([
          `mounting only ${directory}, not its git repository ${other.home}: ${other.home} is your home directory`,
        ])
      }
      expect(findWorkspace(other.host(other.home), { force: true }).git?.gitDirectory).toBe(join(other.home, '.git'))
    } finally {
      other.remove()
    }
  })

  test('git data that somebody else put above', () => {
    const root = repository(sandbox.folder('shared'))
    const directory = sandbox.folder('shared/mine')
    const host = sandbox.host(directory)
    // Root may give the folder away; anybody else plays somebody else.
    if (host.uid === 0) chownSync(join(root, '.git'), 4242, 4242)
    const found = findWorkspace({ ...host, uid: host.uid === 0 ? 0 : host.uid + 1 }, { force: false })
    expect(found).toMatchObject({ root: directory, git: null })
    expect(found.notes).toEqual([`mounting only ${directory}, not its git repository ${root}: it belongs to another user`])
    const owner = { ...host, uid: host.uid === 0 ? 4242 : host.uid }
    expect(findWorkspace(owner, { force: false }).root).toBe(root)
    expect(findWorkspace({ ...owner, uid: 1, env: { SUDO_UID: String(owner.uid) } }, { force: false }).root).toBe(root)
  })

  test('an empty .git folder above is none', () => {
    const directory = sandbox.folder('hollow/a')
    mkdirSync(join(path, 'hollow/.git'))
    expect(find(directory).root).toBe(directory)
  })

  test('a forged .git file above is none', () => {
    const directory = sandbox.folder('forged-above/a')
    const other = repository(sandbox.folder('victim-above'))
    sandbox.file('forged-above/.git', `gitdir: ${other}/.git\n`)
    const found = find(directory)
    expect(found).toMatchObject({ root: directory, git: null })
    expect(found.notes).toEqual([`.git ignored: ${other}/.git does not point back to this project`])
  })
})

function exists(place: string): boolean {
  return Bun.spawnSync(['test', '-d', place]).success
}
