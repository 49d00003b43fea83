import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appendFileSync, cpSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gitEnvironment } from '../../src/workspace/git.ts'
import { setting, settings } from '../../src/workspace/git-config.ts'
import { findWorkspace, safeDirectories } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, refusal, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove)
const { path, home } = sandbox
const find = (cwd: string) => findWorkspace(sandbox.host(cwd), { force: false })

const main = join(path, 'main')
const linked = join(path, 'linked, "work" tree')
beforeAll(() => {
  repository(main)
  git(main, 'worktree', 'add', '--quiet', '-b', 'linked', linked)
})

describe('an ordinary repository', () => {
  test('lies in the project', () => {
    expect(find(main).git).toEqual({ commonDirectory: null, gitDirectory: join(main, '.git'), repository: join(main, '.git') })
  })

  test('also with its git directory beside it in the project', () => {
    const root = sandbox.folder('apart')
    git(root, 'init', '--quiet', `--separate-git-dir=${join(root, '.bare')}`)
    const found = find(root)
    expect(found.git).toEqual({ commonDirectory: null, gitDirectory: join(root, '.bare'), repository: join(root, '.bare') })
    expect(found.protectedPaths).toEqual([join(root, '.bare/config'), join(root, '.bare/hooks'), join(root, '.git')])
    expect(found.pinnedPaths).toEqual([join(root, '.bare')])
  })

  test('bare, its own project', () => {
    const root = sandbox.folder('bare.git')
    git(root, 'init', '--quiet', '--bare')
    const found = find(root)
    expect(found.git).toEqual({ commonDirectory: null, gitDirectory: root, repository: root })
    expect(found.protectedPaths).toEqual([join(root, 'config'), join(root, 'hooks')])
    expect(found.pinnedPaths).toEqual([])
  })

  test('borrowed objects are told of', () => {
    const root = join(path, 'borrower')
    git(path, 'clone', '--quiet', '--shared', main, root)
    expect(find(root).notes).toEqual([
      `git objects in ${main}/.git/objects are missing in the sandbox; mount that folder to use them`,
    ])
  })
})

describe('a linked worktree', () => {
  test('brings its common directory, hooks and configuration read-only', () => {
    const common = join(main, '.git')
    const found = find(linked)
    expect(found).toMatchObject({ root: linked, git: { commonDirectory: common, repository: common }, notes: [] })
    expect(found.git?.gitDirectory).toStartWith(join(common, 'worktrees/'))
    const gitDirectory = found.git?.gitDirectory ?? ''
    for (const name of ['config', 'hooks']) expect(found.protectedPaths).toContain(join(common, name))
    for (const name of ['commondir', 'gitdir']) expect(found.protectedPaths).toContain(join(gitDirectory, name))
    expect(found.protectedPaths).toContain(join(linked, '.git'))
    expect(found.pinnedPaths).toEqual([join(common, 'worktrees'), gitDirectory])
    expect(safeDirectories(found)).toEqual([linked, `${linked}/*`, common, gitDirectory])
  })

  test('with relative pointers', () => {
    const root = repository(join(path, 'relative/main'))
    const tree = join(path, 'relative/tree')
    git(root, 'worktree', 'add', '--quiet', tree)
    writeFileSync(join(tree, '.git'), 'gitdir: ../main/.git/worktrees/tree\n')
    writeFileSync(join(root, '.git/worktrees/tree/gitdir'), '../../../../tree/.git\n')
    expect(git(tree, 'rev-parse', '--show-toplevel').trim()).toBe(tree)
    expect(find(tree).git?.commonDirectory).toBe(join(root, '.git'))
  })

  test('of a bare repository, and inside of it', () => {
    const bare = sandbox.folder('hub.git')
    git(path, 'clone', '--quiet', '--bare', main, bare)
    git(bare, 'worktree', 'add', '--quiet', join(bare, 'topic'))
    const found = find(join(bare, 'topic'))
    expect(found).toMatchObject({ root: join(bare, 'topic'), git: { commonDirectory: bare }, notes: [] })
    expect(found.protectedPaths).toContain(join(bare, 'hooks'))
    expect(found.protectedPaths).toContain(join(bare, 'topic/.git'))
  })

  test('from its main working tree, the other ends are protected too', () => {
    const root = repository(join(path, 'nest'))
    git(root, 'worktree', 'add', '--quiet', join(root, '.trees/a'))
    const { protectedPaths, pinnedPaths, git: layout } = find(root)
    expect(layout?.commonDirectory).toBeNull()
    for (const name of ['.git/worktrees/a/commondir', '.git/worktrees/a/gitdir', '.trees/a/.git'])
      expect(protectedPaths).toContain(join(root, name))
    expect(pinnedPaths).toEqual(
      ['.git', '.git/worktrees', '.git/worktrees/a', '.trees', '.trees/a'].map((path) => join(root, path)),
    )
  })

  test('that was moved is not believed', () => {
    const root = repository(join(path, 'mover'))
    git(root, 'worktree', 'add', '--quiet', join(path, 'before'))
    renameSync(join(path, 'before'), join(path, 'after'))
    expect(find(join(path, 'after'))).toMatchObject({ git: null })
  })
})

describe('a forged .git', () => {
  /** A victim with a worktree of its own, and a hostile project that wants in. */
  const victim = join(path, 'victim')
  beforeAll(() => {
    repository(victim)
    git(victim, 'worktree', 'add', '--quiet', join(path, 'victim-tree'))
  })
  let count = 0
  const hostile = (name: string, pointer: string) => {
    const root = sandbox.folder('hostile', name)
    sandbox.file(`hostile/${name}/.git`, pointer)
    return root
  }
  const excluded = (root: string) => {
    const found = find(root)
    expect(found).toMatchObject({ root, git: null, pinnedPaths: [] })
    expect(found.protectedPaths.every((one) => one.startsWith(`${root}/`))).toBe(true)
    return found.notes.join('\n')
  }

  test.each([
    ['a repository', () => `gitdir: ${victim}/.git\n`, 'does not point back'],
    ["somebody else's worktree", () => `gitdir: ${victim}/.git/worktrees/victim-tree\n`, 'does not point back'],
    ['HOME', () => `gitdir: ${home}\n`, 'does not point back'],
    ['nothing', () => 'gitdir: /nonexistent\n', 'points to nothing'],
    ['a word', () => 'hello\n', 'points to nothing'],
    ['an empty file', () => '', 'points to nothing'],
    ['a very long file', () => `gitdir: ${victim}/.git${'\n'.repeat(70_000)}`, 'points to nothing'],
    ['a device', () => 'gitdir: /dev/zero\n', 'does not point back'],
  ])('that points to %s', (name, pointer, note) => {
    expect(excluded(hostile(name, pointer()))).toContain(note)
  })

  test('that is a link out of the project', () => {
    const root = sandbox.folder('hostile/link')
    symlinkSync(join(victim, '.git'), join(root, '.git'))
    expect(excluded(root)).toContain('it is a symbolic link out of the project')
  })

  test('that is a pipe', () => {
    const root = sandbox.folder('hostile/pipe')
    Bun.spawnSync(['mkfifo', join(root, '.git')])
    expect(excluded(root)).toContain('points to nothing')
  })

  test('that reaches the victim through a folder of links', () => {
    const root = sandbox.folder('hostile/links')
    symlinkSync(join(victim, '.git'), join(root, 'bare'))
    sandbox.file('hostile/links/.git', 'gitdir: bare\n')
    expect(excluded(root)).toContain('does not point back')
  })

  test('with a git directory of its own whose commondir is the victim', () => {
    const root = sandbox.folder('hostile/commondir')
    cpSync(join(main, '.git/worktrees'), join(root, 'w'), { recursive: true })
    const [name] = [...new Bun.Glob('*/HEAD').scanSync(join(root, 'w'))].map((one) => one.split('/')[0])
    const own = join(root, 'w', name ?? '')
    writeFileSync(join(own, 'commondir'), `${victim}/.git\n`)
    writeFileSync(join(own, 'gitdir'), `${root}/.git\n`)
    writeFileSync(join(root, '.git'), `gitdir: ${own}\n`)
    expect(excluded(root)).toContain('do not belong together')
  })

  test.each([
    ['commondir', `${main}/.git\n`],
    ['commondir', '/nonexistent\n'],
    ['gitdir', `${main}/.git\n`],
    ['gitdir', '/nonexistent/.git\n'],
  ])('a real worktree whose %s was turned to %j', (name, content) => {
    const root = join(path, `turned-${++count}`)
    git(victim, 'worktree', 'add', '--quiet', root)
    expect(find(root).git?.commonDirectory).toBe(join(victim, '.git'))
    const file = join(victim, '.git/worktrees', `turned-${count}`, name)
    const before = readFileSync(file)
    writeFileSync(file, content)
    expect(excluded(root)).toContain('does not point back')
    writeFileSync(file, before)
  })

  test('a common directory among credentials, however genuine it looks', () => {
    const store = repository(join(home, '.ssh'))
    const root = join(path, 'ssh-tree')
    git(store, 'worktree', 'add', '--quiet', root)
    expect(excluded(root)).toContain('which holds credentials')
  })

  test('a common directory that is HOME', () => {
    const other = makeSandbox()
    git(path, 'clone', '--quiet', '--bare', main, other.home)
    const root = join(other.path, 'tree')
    git(other.home, 'worktree', 'add', '--quiet', '-b', 'tree', root)
    const found = findWorkspace(other.host(root), { force: false })
    expect(found.git).toBeNull()
    expect(found.notes).toEqual([`.git ignored: ${other.home} is your home directory`])
    other.remove()
  })

  test('a newline in the path', () => {
    const root = sandbox.folder('hostile/newline')
    const strange = repository(sandbox.folder('hostile', 'strange\nplace'))
    sandbox.file('hostile/newline/.git', `gitdir: ${strange}/.git\n`)
    expect(excluded(root)).toContain('control characters in')
  })
})

describe('a submodule', () => {
  const root = join(path, 'super')
  beforeAll(() => {
    repository(root)
    git(root, 'submodule', '--quiet', 'add', main, 'libs/part')
    git(root, 'commit', '--quiet', '--message=part')
  })

  test('as the project brings its own git directory and no more', () => {
    const found = find(join(root, 'libs/part'))
    const own = join(root, '.git/modules/libs/part')
    expect(found).toMatchObject({
      root: join(root, 'libs/part'),
      git: { commonDirectory: own, gitDirectory: own, repository: own },
      notes: [],
    })
    expect(found.protectedPaths).toEqual([join(own, 'config'), join(own, 'hooks'), join(root, 'libs/part/.git')])
  })

  test('in the project: its hooks, its configuration and its pointer are protected', () => {
    const { protectedPaths, pinnedPaths } = find(root)
    for (const name of ['.git/modules/libs/part/hooks', '.git/modules/libs/part/config', 'libs/part/.git'])
      expect(protectedPaths).toContain(join(root, name))
    expect(pinnedPaths).toEqual(
      ['.git', '.git/modules', '.git/modules/libs', '.git/modules/libs/part', 'libs', 'libs/part'].map((name) =>
        join(root, name),
      ),
    )
  })

  test('with a core.worktree that leads elsewhere is not believed', () => {
    const other = join(path, 'super-forged')
    cpSync(root, other, { recursive: true })
    git(join(other, '.git/modules/libs/part'), 'config', '--file=config', 'core.worktree', main)
    expect(find(join(other, 'libs/part'))).toMatchObject({ git: null })
  })

  test('with a commondir is not believed', () => {
    const other = join(path, 'super-common')
    cpSync(root, other, { recursive: true })
    writeFileSync(join(other, '.git/modules/libs/part/commondir'), `${other}/.git\n`)
    expect(find(join(other, 'libs/part'))).toMatchObject({ git: null })
  })

  test.each([
    ['a name with a newline', (modules: string) => mkdirSync(join(modules, 'new\nline'))],
    ['very many', (modules: string) => [...Array(300).keys()].forEach((n) => void mkdirSync(join(modules, `m${n}`)))],
  ])('%s: the whole folder is read-only', (name, spoil) => {
    const other = join(path, `super ${name}`)
    cpSync(root, other, { recursive: true })
    spoil(join(other, '.git/modules'))
    expect(find(other).protectedPaths).toContain(join(other, '.git/modules'))
  })
})

describe('who commits', () => {
  test('reaches git in the sandbox through its environment', () => {
    const env = gitEnvironment({ name: 'Ada', email: 'ada@example.org' }, ['/a, b', '/c'])
    expect(env).toEqual({
      GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
      GIT_CONFIG_COUNT: '5',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '/a, b',
      GIT_CONFIG_KEY_1: 'safe.directory',
      GIT_CONFIG_VALUE_1: '/c',
      GIT_CONFIG_KEY_2: 'gc.worktreePruneExpire',
      GIT_CONFIG_VALUE_2: 'never',
      GIT_CONFIG_KEY_3: 'user.name',
      GIT_CONFIG_VALUE_3: 'Ada',
      GIT_CONFIG_KEY_4: 'user.email',
      GIT_CONFIG_VALUE_4: 'ada@example.org',
    })
    const asked = Bun.spawnSync(['git', 'config', '--get-all', 'safe.directory'], {
      cwd: path,
      env: { PATH: process.env['PATH'], HOME: home, ...env },
    })
    expect(asked.stdout.toString()).toBe('/a, b\n/c\n')
  })

  test('stays unset when git does not know', () => {
    expect(gitEnvironment({ name: '', email: '' }, [])).toEqual({
      GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'gc.worktreePruneExpire',
      GIT_CONFIG_VALUE_0: 'never',
    })
  })
})

describe('the config file', () => {
  test.each([
    ['[core]\n\tworktree = ../x\n', 'core.worktree', '../x'],
    ['[CORE] WorkTree=a # comment\n', 'core.worktree', 'a'],
    ['[core]\nworktree = "a # b"  ; c\n', 'core.worktree', 'a # b'],
    ['[core]\nworktree = "a \\"b\\" \\\\"\n', 'core.worktree', 'a "b" \\'],
    ['[core]\nworktree = a\\\n b\n', 'core.worktree', 'a b'],
    ['[core]\r\nworktree = a\r\n', 'core.worktree', 'a'],
    ['[core]\nbare\n', 'core.bare', 'true'],
    ['[core]\nworktree = a\n[core]\nworktree = b\n', 'core.worktree', 'b'],
    ['[includeIf "gitdir:~/x \\"y\\""]\npath = z\n', 'includeif.gitdir:~/x "y".path', 'z'],
    ['worktree = a\n', 'core.worktree', null],
    ['[core "sub"]\nworktree = a\n', 'core.worktree', null],
    ['[user][core] worktree = a\n', 'core.worktree', 'a'],
    ['[user] [core]worktree = a\n', 'core.worktree', 'a'],
    ['# a \\\n[core]\nworktree = a\n', 'core.worktree', 'a'],
    ['[core]\nbare = true ; \\\nworktree = a\n', 'core.worktree', 'a'],
    ['\ufeff[core]\nworktree = a\n', 'core.worktree', 'a'],
  ])('%j', (text, key, value) => {
    expect(setting(settings(text), key)).toBe(value)
  })

  test('reads as git does', () => {
    const file = sandbox.file(
      'config-sample',
      '[a "B c"]\n\tX = 1 2  3 ; no\n[d]\n e = "q" r "s;t" # u\n f\n g = \\t\\\\h\\\n  i\n',
    )
    appendFileSync(file, '[j]k=l\n')
    const theirs = git(path, 'config', `--file=${file}`, '--null', '--list').split('\0').filter(Boolean)
    expect(settings(readFileSync(file, 'utf8')).map(({ key, value }) => `${key}\n${value}`)).toEqual(
      theirs.map((one) => (one.includes('\n') ? one : `${one}\ntrue`)),
    )
  })
})

test('a refusal is a PaudeError', () => {
  expect(refusal(() => find('/'))).toStartWith('refused: ')
})
