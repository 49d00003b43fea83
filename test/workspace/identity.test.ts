import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readGit } from '../../src/workspace/git.ts'
import { readIdentity } from '../../src/workspace/identity.ts'
import { git, makeSandbox, repository } from './sandbox.ts'

let count = 0
const sandboxes = new Set<ReturnType<typeof makeSandbox>>()
afterAll(() => {
  for (const sandbox of sandboxes) sandbox.remove()
})

/** A home and a repository in `work/project`; files by their path below either. */
function machine({ home = {}, env = {} }: { home?: Record<string, string>; env?: Record<string, string> } = {}) {
  const sandbox = makeSandbox()
  sandboxes.add(sandbox)
  for (const [name, text] of Object.entries(home)) sandbox.file(`home/me/${name}`, text)
  const root = repository(sandbox.folder('home/me/work', `project-${++count}`))
  const whole = { GIT_CONFIG_NOSYSTEM: '1', HOME: sandbox.home, ...env }
  const ours = (place = root) =>
    readIdentity(readGit(place, { home: sandbox.home, env: whole }).git, { home: sandbox.home, env: whole }, place)
  const theirs = (place = root) => {
    const ask = (key: string) =>
      Bun.spawnSync(['git', '-C', place, 'config', key], { env: { PATH: process.env['PATH'], ...whole } })
        .stdout.toString()
        .replace(/\n$/, '')
    return { name: ask('user.name'), email: ask('user.email') }
  }
  return { root, sandbox, ours, theirs }
}

const user = (name: string) => `[user]\n\tname = ${name}\n\temail = ${name}@example.org\n`
const named = (name: string) => ({ name, email: name && `${name}@example.org` })

describe('who commits is who git says', () => {
  test('nobody, where nothing is set', () => {
    const { ours, theirs } = machine()
    expect(theirs()).toEqual(named(''))
    expect(ours()).toEqual(named(''))
  })

  test.each([
    ['the global file', { '.gitconfig': user('ada') }, 'ada'],
    ['the file of XDG', { '.config/git/config': user('xdg') }, 'xdg'],
    ['the global one before that of XDG', { '.gitconfig': user('ada'), '.config/git/config': user('xdg') }, 'ada'],
    ['a file it includes', { '.gitconfig': '[include]\n\tpath = own/id\n', 'own/id': user('own') }, 'own'],
    ['a file it includes from home', { '.gitconfig': '[include]\npath = ~/id\n', id: user('own') }, 'own'],
    ['what stands after the include', { '.gitconfig': `[include]\npath = ~/id\n${user('last')}`, id: user('own') }, 'last'],
    ['nothing, where a file includes itself', { '.gitconfig': '[include]\npath = .gitconfig\n' }, ''],
    ['gitdir:~/work/', { '.gitconfig': `${user('a')}[includeIf "gitdir:~/work/"]\npath = id\n`, id: user('work') }, 'work'],
    ['gitdir:~/play/', { '.gitconfig': `${user('a')}[includeIf "gitdir:~/play/"]\npath = id\n`, id: user('play') }, 'a'],
    ['gitdir:./', { '.gitconfig': `${user('a')}[includeIf "gitdir:./work/"]\npath = id\n`, id: user('work') }, 'work'],
    ['gitdir:work/', { '.gitconfig': `${user('a')}[includeIf "gitdir:work/"]\npath = id\n`, id: user('work') }, 'work'],
    ['gitdir:WORK/', { '.gitconfig': `${user('a')}[includeIf "gitdir:WORK/"]\npath = id\n`, id: user('work') }, 'a'],
    ['gitdir/i:WORK/', { '.gitconfig': `${user('a')}[includeIf "gitdir/i:WORK/"]\npath = id\n`, id: user('work') }, 'work'],
    ['gitdir with stars', { '.gitconfig': `[includeIf "gitdir:**/project-*/.git"]\npath = id\n`, id: user('work') }, 'work'],
    ['onbranch:main', { '.gitconfig': `[includeIf "onbranch:main"]\npath = id\n`, id: user('work') }, 'work'],
    ['onbranch:other/', { '.gitconfig': `[includeIf "onbranch:other/"]\npath = id\n`, id: user('work') }, ''],
    ['another condition', { '.gitconfig': `[includeIf "weather:fine"]\npath = id\n`, id: user('work') }, ''],
  ])('%s', (_, home, expected) => {
    const { ours, theirs } = machine({ home })
    if (expected !== '' || !JSON.stringify(home).includes('path = .gitconfig')) expect(theirs()).toEqual(named(expected))
    expect(ours()).toEqual(named(expected))
  })

  test('the repository wins over the global file, and a later line over an earlier one', () => {
    const { root, ours, theirs } = machine({ home: { '.gitconfig': user('ada') } })
    git(root, 'config', 'user.name', 'Grace, "the" Admiral')
    git(root, 'config', '--add', 'user.email', 'old@example.org')
    git(root, 'config', '--add', 'user.email', 'grace@example.org')
    expect(theirs()).toEqual({ name: 'Grace, "the" Admiral', email: 'grace@example.org' })
    expect(ours()).toEqual(theirs())
  })

  test('by the address of a remote', () => {
    const home = {
      '.gitconfig': `${user('a')}[includeIf "hasconfig:remote.*.url:https://work.example/**"]\npath = id\n`,
      id: user('work'),
    }
    const { root, ours, theirs } = machine({ home })
    git(root, 'remote', 'add', 'origin', 'https://work.example/a/b.git')
    expect(theirs()).toEqual(named('work'))
    expect(ours()).toEqual(named('work'))
  })

  test('in a linked worktree, with a configuration of its own', () => {
    const { root, sandbox, ours, theirs } = machine({ home: { '.gitconfig': user('ada') } })
    const tree = join(sandbox.path, 'tree')
    git(root, 'worktree', 'add', '--quiet', tree)
    expect(ours(tree)).toEqual(named('ada'))
    git(root, 'config', 'extensions.worktreeConfig', 'true')
    git(tree, 'config', '--worktree', 'user.name', 'tree')
    expect(theirs(tree)).toEqual({ name: 'tree', email: 'ada@example.org' })
    expect(ours(tree)).toEqual(theirs(tree))
    expect(ours()).toEqual(theirs())
  })

  test('with the links of dotfiles, and of the way to the project', () => {
    const { root, sandbox, ours, theirs } = machine({
      home: { 'dotfiles/git': `[includeIf "gitdir:${'~'}/linked/"]\npath = id\n`, id: user('linked') },
    })
    symlinkSync('dotfiles/git', join(sandbox.home, '.gitconfig'))
    symlinkSync('work', join(sandbox.home, 'linked'))
    writeFileSync(join(sandbox.home, 'dotfiles/git'), `[includeIf "gitdir:${sandbox.home}/linked/"]\npath = ${sandbox.home}/id\n`)
    expect(theirs(root.replace('/work/', '/linked/'))).toBeObject()
    expect(ours()).toEqual(named('linked'))
  })

  test('by the environment', () => {
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'user.name', GIT_CONFIG_VALUE_0: 'env' }
    const { ours, theirs } = machine({ home: { '.gitconfig': user('ada') }, env })
    expect(theirs()).toEqual({ name: 'env', email: 'ada@example.org' })
    expect(ours()).toEqual(theirs())
    const other = machine({ home: { '.gitconfig': user('ada'), other: user('other') }, env: { GIT_CONFIG_GLOBAL: '/dev/null' } })
    expect(other.ours()).toEqual(named(''))
  })

  test('where git itself would refuse the configuration', () => {
    const { root, ours } = machine()
    writeFileSync(join(root, '.git/config'), `[user\nname = broken\n${user('ada')}`)
    expect(ours()).toEqual(named('ada'))
  })
})

describe('a hostile configuration', () => {
  test('makes nothing run', () => {
    const { root, sandbox, ours } = machine({ home: { '.gitconfig': user('ada') } })
    const ran = join(sandbox.path, 'ran')
    const command = chmodSync(sandbox.file('evil.sh', `#!/bin/sh\ntouch ${ran}\n`), 0o755) ?? join(sandbox.path, 'evil.sh')
    const keys = ['fsmonitor', 'sshCommand', 'pager', 'editor', 'askPass', 'gitProxy', 'alternateRefsCommand']
    writeFileSync(
      join(root, '.git/config'),
      `[core]\n${keys.map((key) => `\t${key} = ${command}\n`).join('')}[credential]\n\thelper = !${command}\n`,
    )
    expect(ours()).toEqual(named('ada'))
    expect(existsSync(ran)).toBe(false)
  })

  test('does not get a name past a terminal or a line', () => {
    const { root, ours } = machine()
    writeFileSync(join(root, '.git/config'), `[user]\nname = "  A\u001b[31m\\nB "\nemail = ${'é'.repeat(5000)}\n`)
    expect(ours()).toEqual({ name: 'A[31mB', email: 'é'.repeat(200) })
  })

  test.each([
    ['~/other.ini', ''],
    ['../../other.ini', ''],
    ['../link', ''],
    ['../inside', 'inside'],
    ['~/.gitconfig-work', 'work'],
    ['~/.config/git/work', 'place'],
  ])('has a file of yours read only where git keeps its own: %s', (path, expected) => {
    const { root, sandbox, ours } = machine({
      home: { 'other.ini': user('secret'), '.gitconfig-work': user('work'), '.config/git/work': user('place') },
    })
    writeFileSync(join(root, 'inside'), user('inside'))
    symlinkSync(join(sandbox.home, 'other.ini'), join(root, 'link'))
    writeFileSync(join(root, '.git/config'), `[include]\npath = ${path}\n`)
    expect(ours()).toEqual(named(expected))
  })

  test('of pipes, devices and kernel files is not waited for', () => {
    const { root, sandbox, ours } = machine({ home: { '.gitconfig': user('ada') } })
    Bun.spawnSync(['mkfifo', join(root, 'pipe')])
    const paths = [join(root, 'pipe'), '/dev/zero', '/proc/kmsg', '/proc/self/environ', sandbox.path, '/nonexistent']
    writeFileSync(join(root, '.git/config'), paths.map((path) => `[include]\npath = ${path}\n`).join(''))
    expect(ours()).toEqual(named('ada'))
  })

  test('that includes without end, or compares without end, comes to its end', () => {
    const { root, ours } = machine({ home: { '.gitconfig': user('ada') } })
    const file = join(root, '.git/config')
    writeFileSync(file, '[include]\npath = config\n'.repeat(2000))
    expect(ours()).toEqual(named('ada'))
    const condition = `[includeIf "gitdir:/${'**/a*'.repeat(150)}"]\npath = x\n`
    writeFileSync(file, condition.repeat(1000))
    expect(ours()).toEqual(named('ada'))
  })
})
