import { afterAll, expect, test } from 'bun:test'
import { existsSync, lstatSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  binary,
  describeEach,
  environment,
  killWithRemover,
  makeProject,
  paude,
  poll,
  put,
  runGit,
  startPaude,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

/** What a box tries, by the class of the attempt: each line is run by itself, and says `open NAME` when it succeeded. */
const script = (attempts: Readonly<Record<string, string>>): string =>
  Object.entries(attempts)
    .map(([name, deed]) => `( ${deed} ) >/dev/null 2>&1 && echo "open ${name}"`)
    .concat('true')
    .join('\n')

const EVIL = '[core]\\n\\tfsmonitor = "touch PWNED; false"\\n'

/** A project with all that a user may have: a nested repository, a submodule, a worktree, included configuration, filters, hooks. */
function rich(): string {
  const [part, project] = [makeProject({ name: 'part' }), makeProject({ name: 'rich' })]
  const git = (...words: readonly string[]) => runGit(project, ['-c', 'protocol.file.allow=always', ...words])
  git('submodule', '--quiet', 'add', part, 'part')
  runGit(project, ['init', '--quiet', 'vendor/lib'])
  runGit(join(project, 'vendor/lib'), ['commit', '--allow-empty', '--quiet', '--message=n'])
  runGit(project, ['init', '--quiet', '--bare', 'store.git'])
  put(join(project, '.gitconfig'), '[include]\n\tpath = conf/more\n[core]\n\thooksPath = .githooks\n')
  for (const name of ['conf/more', '.githooks/x', 'tools/clean.sh', 'packages/a/.vscode/tasks.json', 'lefthook.yml'])
    put(join(project, name), '')
  git('config', 'include.path', '../.gitconfig')
  git('config', 'filter.f.clean', 'sh tools/clean.sh')
  for (const place of ['.git/hooks', '.git/modules/part/hooks', 'vendor/lib/.git/hooks', 'store.git/hooks'])
    rmSync(join(project, place), { recursive: true, force: true })
  git('add', '--no-warn-embedded-repo', '.')
  git('commit', '--quiet', '--message=all')
  return project
}

const CLOSED = {
  'plant-commondir': 'echo ../evil >.git/commondir',
  'plant-commondir-rename': 'echo ../evil >x && mv -f x .git/commondir',
  'plant-commondir-unlink': 'rm -f .git/commondir',
  'plant-config-worktree': `printf '${EVIL}' >.git/config.worktree`,
  'plant-hooks-missing': 'echo x >.git/hooks/post-index-change',
  'plant-hooks-replaced': 'rmdir .git/hooks || mv .git/hooks .git/old',
  'plant-git-moved': 'mv .git .old',
  'plant-sub-commondir': 'echo ../evil >.git/modules/part/commondir',
  'plant-sub-hooks': 'mkdir -p .git/modules/part/hooks && echo x >.git/modules/part/hooks/pre-commit',
  'plant-sub-config-worktree': 'echo x >.git/modules/part/config.worktree',
  'plant-sub-pointer': 'echo "gitdir: /evil" >part/.git',
  'plant-nested-hook': 'mkdir -p vendor/lib/.git/hooks && echo x >vendor/lib/.git/hooks/pre-commit',
  'plant-nested-commondir': 'echo x >vendor/lib/.git/commondir',
  'plant-nested-moved': 'mv vendor/lib vendor/old || mv vendor old',
  'plant-bare-hook': 'mkdir -p store.git/hooks && echo x >store.git/hooks/post-receive',
  'plant-bare-commondir': 'echo x >store.git/commondir',
  'include-nested': `printf '${EVIL}' >conf/more`,
  'include-first': `printf '${EVIL}' >.gitconfig`,
  'include-moved': 'mv conf conf.old',
  'include-hooks-path': 'echo x >.githooks/pre-commit',
  'filter-clean': 'echo x >tools/clean.sh',
  'existing-lefthook': 'echo x >lefthook.yml',
  'existing-in-subfolder': 'echo x >packages/a/.vscode/tasks.json',
} as const

/** What the box may do: the host's copies are as they were. */
const HARMLESS = {
  'config-copy': 'git config core.fsmonitor "touch PWNED"',
  'config-copy-in-place': `printf '${EVIL}' >>.git/config`,
  'nested-config-copy': `printf '${EVIL}' >>vendor/lib/.git/config`,
  'sub-config-copy': `printf '${EVIL}' >>.git/modules/part/config`,
  'bare-config-copy': `printf '${EVIL}' >>store.git/config`,
  'ordinary-work': 'echo y >new && git add new && git commit -qm new && git worktree add -q ../w 2>/dev/null; git log -1',
} as const

const NAMED = {
  'plant-nested-untracked': 'git init -q sub && git -C sub config core.fsmonitor x',
  'plant-bare-subfolder': 'git init -q --bare b && git -C b config core.sshCommand x',
  'plant-rebase': 'mkdir .git/rebase-merge && echo "exec touch PWNED" >.git/rebase-merge/git-rebase-todo',
  'plant-deep-editor': 'mkdir -p a/b/.vscode && echo {} >a/b/.vscode/tasks.json',
  'plant-workspace-file': 'echo {} >x.code-workspace',
  'plant-mise': 'echo x >mise.toml',
  'plant-case': 'mkdir .Claude',
  'link-out': 'ln -s /etc out',
} as const

describeEach('what a sandbox plants', (backend) => {
  test('is closed, harmless or named, and nothing of it runs here', async () => {
    const project = rich()
    const clean = runGit(project, ['status', '--porcelain'])
    const config = readFileSync(join(project, '.git/config'), 'utf8')
    // What git in the box ran of its own copies.
    const tidy = 'find . -name PWNED -delete; rm -f x'
    const { code, stdout, stderr } = await paude(
      ['--backend', backend, 'run', '--', 'sh', '-c', `${script({ ...CLOSED, ...HARMLESS, ...NAMED })}\n${tidy}`],
      { cwd: project },
    )
    expect(code).toBe(0)
    const open = stdout.split('\n').flatMap((line) => (line.startsWith('open ') ? [line.slice(5)] : []))
    expect(open.filter((name) => name in CLOSED)).toEqual([])
    expect(Object.keys(NAMED).filter((name) => !open.includes(name))).toEqual([])
    for (const name of ['sub/.git', 'b', 'a/b/.vscode', 'x.code-workspace', 'mise.toml', '.Claude', 'out', '.git/rebase-merge'])
      expect(stderr).toContain(join(project, name))
    expect(readFileSync(join(project, '.git/config'), 'utf8')).toBe(config)
    for (const place of ['.git', '.git/modules/part', 'vendor/lib/.git', 'store.git'])
      for (const name of ['hooks', 'commondir', 'config.worktree']) expect(existsSync(join(project, place, name))).toBe(false)
    // A session that is reviewed leaves the project as it was, but for the ordinary work.
    const id = /paude review --last (\S+)/.exec(stderr)?.[1] ?? ''
    const reviewed = await paude(['review', '--last', id, '--json'], { cwd: project })
    expect(reviewed.code).toBe(1)
    const reverted = await paude(['review', '--last', id, '.', '--revert'], { cwd: project })
    expect(reverted).toMatchObject({ code: 0 })
    expect(runGit(project, ['status', '--porcelain'])).toBe(clean)
    Bun.spawnSync(['git', '-C', project, 'commit', '--allow-empty', '--quiet', '--message=x'], { env: environment() })
    for (const place of ['.', 'vendor/lib', 'part'])
      Bun.spawnSync(['git', '-C', join(project, place), 'status'], { env: environment() })
    expect(
      [project, join(project, 'vendor/lib'), join(project, 'part')].filter((place) => existsSync(join(place, 'PWNED'))),
    ).toEqual([])
  }, 180_000)

  test('is kept out while a session runs, sockets hidden, a second repository too, and all of it goes at the end, also after kill -9', async () => {
    const project = makeProject()
    const other = makeProject({ name: 'other' })
    const listening = Bun.listen({ unix: join(project, 'app.sock'), socket: { data: () => undefined } })
    const ways = ['.git/commondir', '.git/config.worktree', '.git/hooks']
    for (const place of [project, other]) rmSync(join(place, '.git/hooks'), { recursive: true, force: true })
    const deeds = script({
      socket: 'perl -MIO::Socket::UNIX -e \'IO::Socket::UNIX->new(Peer=>"app.sock") or exit 1\'',
      'socket-gone': 'rm app.sock',
      'rw-commondir': 'echo ../evil >/opt/other/.git/commondir',
      'rw-hook': 'echo x >/opt/other/.git/hooks/pre-commit',
      'rw-config': `printf '${EVIL}' >>/opt/other/.git/config`,
      'rw-work': 'echo x >/opt/other/.envrc',
    })
    const ended = await paude(['--backend', backend, '--mount', `${other}:/opt/other:rw`, 'run', '--', 'sh', '-c', deeds], {
      cwd: project,
    })
    expect(ended.stdout).toBe('open rw-work\n')
    expect(ended.stderr).toContain('listens there: app.sock')
    expect(ended.stderr).toContain(join(other, '.envrc'))
    expect(lstatSync(join(project, 'app.sock')).isSocket()).toBe(true)
    for (const place of [project, other]) expect(ways.filter((name) => existsSync(join(place, name)))).toEqual([])
    const running = startPaude(['--backend', backend, 'run', '--', 'sh', '-c', 'touch ready; sleep 600'], { cwd: project })
    await poll('the box runs', () => existsSync(join(project, 'ready')))
    expect(ways.filter((name) => existsSync(join(project, name)))).toEqual(ways)
    expect(runGit(project, ['status', '--porcelain'])).not.toContain('.git')
    runGit(project, ['commit', '--allow-empty', '--quiet', '--message=meanwhile'])
    await killWithRemover(running)
    // Any next start takes it away.
    await paude(['--backend', backend, 'run', '--', 'true'])
    await poll('all is taken away', () => ways.every((name) => !existsSync(join(project, name))))
    listening.stop(true)
  }, 180_000)

  const terminals = makeTerminals()
  afterAll(terminals.stop)

  test('is asked about on a terminal when the command has ended, with what is in it', async () => {
    const project = makeProject()
    // A command that ends at once may else be paused first, on a machine that is slow.
    const HOME = join(project, '../home')
    put(join(HOME, '.config/paude/config.toml'), 'workspace.watch = "tell"\n')
    const terminal = await terminals.open({ cwd: project, env: { HOME } })
    await terminal.start(`${binary} --backend ${backend} run -- sh -c 'echo evil >.envrc; echo words >CLAUDE.md'`)
    await terminal.see('1 of 2: [k]eep, [r]evert, [q]uarantine, or Enter for later:')
    expect(await terminal.screen()).toContain('.envrc (new, severe): direnv runs it at cd')
    await terminal.press('r', 'Enter')
    await terminal.see('2 of 2:')
    await terminal.press('k', 'Enter')
    expect(await terminal.ended()).toBe(0)
    expect([existsSync(join(project, '.envrc')), existsSync(join(project, 'CLAUDE.md'))]).toEqual([false, true])
  }, 180_000)
})
