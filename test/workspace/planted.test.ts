import { afterAll, describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { guard } from '../../src/workspace/guard.ts'
import { IN_FOLDERS, listWith, NAMED, readAddition } from '../../src/workspace/listed.ts'
import { compare, renewed, setuidFiles, subtree, takeManifest } from '../../src/workspace/manifest.ts'
import { below } from '../../src/workspace/paths.ts'
import { findWorkspace, guardMount, type Workspace } from '../../src/workspace/workspace.ts'
import { git, makeSandbox, refusal, repository } from './sandbox.ts'

const sandbox = makeSandbox()
afterAll(sandbox.remove, 60_000)
const { path, home } = sandbox
const host = (cwd: string) => ({
  ...sandbox.host(cwd),
  env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: join(home, '.gitconfig') },
})
const find = (cwd: string) => findWorkspace(host(cwd), { force: false })
let count = 0
const project = () => repository(join(path, `project-${++count}`))

function put(file: string, text = 'x'): string {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

/** Whether a box could change a path: nothing is mounted over it or over what holds it. */
const isOpen = ({ protectedPaths, standIns, socketPaths }: Workspace, file: string) =>
  ![...protectedPaths, ...standIns, ...socketPaths].some((one) => below(one, file))

/** A project set up by its user; then what a box does to it, if nothing keeps it from doing so. Returns what is named at the end. */
function attempt(prepare: (root: string) => void, plant: (root: string) => void, cwd = '.') {
  const root = project()
  prepare(root)
  const workspace = find(join(root, cwd))
  const before = takeManifest({ roots: [workspace.root], gits: workspace.gits, named: workspace.named, list: workspace.list }, [
    workspace.walked,
  ])
  plant(root)
  const { findings } = compare(JSON.parse(JSON.stringify(before)))
  return { root, workspace, findings: findings.map((one) => ({ ...one, path: relative(root, one.path) })) }
}

const nothing = () => undefined

/** Set up by the user, then what the box must not write: it is read-only, a private copy, or covered by a stand-in. */
const closed: readonly (readonly [name: string, prepare: (root: string) => void, target: string])[] = [
  ['plant-commondir', nothing, '.git/commondir'],
  ['plant-config-worktree', nothing, '.git/config.worktree'],
  ['plant-hooks-missing', (root) => rmSync(join(root, '.git/hooks'), { recursive: true }), '.git/hooks/post-index-change'],
  ['plant-sub-commondir', submodule, '.git/modules/part/commondir'],
  ['plant-sub-hooks-missing', submodule, '.git/modules/part/hooks/pre-commit'],
  ['plant-sub-config', submodule, '.git/modules/part/config'],
  ['plant-sub-pointer', submodule, 'part/.git'],
  ['link-in-hooks', led('.git/hooks/pre-commit', '../../scripts/pre-commit'), 'scripts/pre-commit'],
  ['link-in-husky', led('.husky/pre-push', '../tools/push.sh'), 'tools/push.sh'],
  ['link-in-vscode', led('.vscode/tasks.json', '../conf/tasks.json'), 'conf/tasks.json'],
  ['link-to-folder', led('.git/hooks/lib', '../../scripts', 'scripts/lib.sh'), 'scripts/lib.sh'],
  ['link-to-link', linkToLink, 'far/real.sh'],
  ['plant-nested-existing-config', nested('vendor/lib'), 'vendor/lib/.git/config'],
  ['plant-nested-existing-hook', nested('vendor/lib'), 'vendor/lib/.git/hooks/pre-commit'],
  ['plant-nested-existing-commondir', nested('vendor/lib'), 'vendor/lib/.git/commondir'],
  ['plant-nested-existing-pointer', worktreeInside, 'trees/a/.git'],
  ['plant-worktree-config', worktreeInside, '.git/worktrees/a/config.worktree'],
  ['plant-worktree-commondir', worktreeInside, '.git/worktrees/a/commondir'],
  ['plant-bare-existing-config', bare, 'store.git/config'],
  ['plant-bare-existing-hook', bare, 'store.git/hooks/post-receive'],
  ['include-nested', (root) => include(root, '[include]\n\tpath = conf/more\n', 'conf/more'), 'conf/more'],
  ['include-hooks-path', (root) => include(root, '[core]\n\thooksPath = .githooks\n', '.githooks/x'), '.githooks/pre-commit'],
  ['include-if-other-branch', (root) => setting(root, 'includeIf.onbranch:nowhere.path', '../extra', 'extra'), 'extra'],
  ['include-of-include', threeDeep, 'c'],
  ['config-worktree-hooks-path', configWorktree, 'tools/hooks/pre-commit'],
  ['global-hooks-path', globally('[core]\n\thooksPath = .githooks\n', '.githooks/x'), '.githooks/pre-commit'],
  ['global-hooks-path-missing', globally('[core]\n\thooksPath = .githooks\n', 'other'), '.githooks/pre-commit'],
  ['global-filter', globally('[filter "f"]\n\tclean = sh ./tools/clean.sh\n', 'tools/clean.sh'), 'tools/clean.sh'],
  ['sub-hooks-path', subHooksPath, 'part/hk/pre-commit'],
  ['sub-include', subInclude, 'part/extra'],
  ['large-config-hooks-path', largeConfig, 'tools/hooks/pre-commit'],
  ['filter-clean', (root) => setting(root, 'filter.f.clean', 'sh tools/clean.sh', 'tools/clean.sh'), 'tools/clean.sh'],
  ['filter-process', (root) => setting(root, 'filter.f.process', './tools/p --x', 'tools/p'), 'tools/p'],
  ['textconv', (root) => setting(root, 'diff.x.textconv', 'python3 conv.py', 'conv.py'), 'conv.py'],
  ['merge-driver', (root) => setting(root, 'merge.x.driver', 'tools/m %O %A', 'tools/m'), 'tools/m'],
  ['ssh-command', (root) => setting(root, 'core.sshCommand', "sh 'tools/ssh'", 'tools/ssh'), 'tools/ssh'],
  ['editor', (root) => setting(root, 'core.editor', 'tools/ed', 'tools/ed'), 'tools/ed'],
  ['fsmonitor', (root) => setting(root, 'core.fsmonitor', '.git/../tools/mon', 'tools/mon'), 'tools/mon'],
  ['alias', (root) => setting(root, 'alias.st', '!sh ./tools/st', 'tools/st'), 'tools/st'],
  ['alias-in-folder', (root) => setting(root, 'alias.st', '!f() { cd tools && sh st; }; f', 'tools/st'), 'tools/st'],
  [
    'alias-make-in-folder',
    (root) => setting(root, 'alias.st', '!make -C tools -f rules.txt', 'tools/rules.txt'),
    'tools/rules.txt',
  ],
  ['alias-module', (root) => setting(root, 'alias.st', '!python3 -m tools.st', 'tools/st.py'), 'tools/st.py'],
  ['alias-package', (root) => setting(root, 'alias.st', '!python3 -m tools', 'tools/__main__.py'), 'tools/__main__.py'],
  ['lfs-transfer', (root) => setting(root, 'lfs.customtransfer.x.path', 'tools/t', 'tools/t'), 'tools/t'],
  ['lfs-extension', (root) => setting(root, 'lfs.extension.x.clean', 'tools/c %f', 'tools/c'), 'tools/c'],
  ['recent-objects', (root) => setting(root, 'gc.recentObjectsHook', './tools/o', 'tools/o'), 'tools/o'],
  ['credential-helper', (root) => setting(root, 'credential.helper', '!./tools/h', 'tools/h'), 'tools/h'],
  ['gpg-program', (root) => setting(root, 'gpg.program', './tools/g', 'tools/g'), 'tools/g'],
  [
    'path-by-toplevel',
    (root) => setting(root, 'diff.external', '"$(git rev-parse --show-toplevel)/tools/d"', 'tools/d'),
    'tools/d',
  ],
  ...[
    ...['.pre-commit-config.yaml', 'lefthook.yml', 'mise.toml', 'a.code-workspace', 'opencode.json', '.exrc', '.nvim.lua'],
    ...['.windsurf/x', '.dir-locals.el', '.vim/x', 'x.sublime-project', '.cursorrules', '.envrc', '.husky/pre-commit'],
  ].map((name) => [`existing-${name}`, (root: string) => void put(join(root, name)), name] as const),
  ['existing-in-subfolder', (root) => void put(join(root, 'packages/a/.vscode/tasks.json')), 'packages/a/.vscode/tasks.json'],
]

describe('a sandbox cannot write', () => {
  test.each(closed)('%s', (name, prepare, target) => {
    const root = project()
    if (name !== 'nothing') prepare(root)
    expect(isOpen(find(root), join(root, target))).toBe(false)
    // What it does need stays open.
    expect(isOpen(find(root), join(root, 'README'))).toBe(true)
    rmSync(join(home, '.gitconfig'), { force: true })
  })

  test('plant-wt-main-commondir: in the main repository of a linked worktree', () => {
    const main = project()
    const tree = `${main}-tree`
    git(main, 'worktree', 'add', '--quiet', tree)
    const workspace = find(tree)
    for (const name of ['commondir', 'hooks/x', 'config.worktree', 'config'])
      expect(isOpen(workspace, join(main, '.git', name))).toBe(false)
    expect(isOpen(workspace, join(main, '.git/index'))).toBe(true)
  })

  test('rename-parent: a folder above a stand-in or a guard is pinned', () => {
    const root = project()
    nested('vendor/lib')(root)
    for (const name of ['vendor', 'vendor/lib', 'vendor/lib/.git', '.git'])
      expect(find(root).pinnedPaths).toContain(join(root, name))
  })

  test('live-mount-rw-git: a repository that is mounted writable, as in the project', () => {
    const root = project()
    const { protectedPaths, standIns } = guardMount(root, host(root))
    expect(protectedPaths).toEqual(['.git/config', '.git/hooks'].map((name) => join(root, name)))
    expect(standIns).toEqual(['.git/commondir', '.git/config.worktree'].map((name) => join(root, name)))
  })

  test('include-missing: a file that is named and not there is told of, and named at the end', () => {
    const prepare = (root: string) => void git(root, 'config', 'include.path', '../extra')
    const { workspace, findings } = attempt(prepare, (root) => void put(join(root, 'extra')))
    expect(workspace.notes.join()).toContain(
      'your git configuration names extra, which does not exist: git on this machine obeys it once the agent creates it',
    )
    expect(findings).toMatchObject([{ path: 'extra', state: 'new', severity: 'severe' }])
  })

  test('link-dangling: what a link in a guarded folder leads to is named once it comes, and told of at the start', () => {
    const { workspace, findings } = attempt(
      (root) => symlinkSync('../../scripts/later', join(root, '.git/hooks/pre-push')),
      (root) => put(join(root, 'scripts/later')),
    )
    expect(findings).toMatchObject([{ path: 'scripts/later', state: 'new', severity: 'severe' }])
    expect(workspace.notes.join()).toContain('scripts/later (by .git/hooks/pre-push)')
  })

  test('link-replaced: a link on the way to a hook that leads elsewhere is named', () => {
    const { findings } = attempt(linkToLink, (root) => {
      put(join(root, 'evil.sh'))
      rmSync(join(root, 'near/hook.sh'))
      symlinkSync('../evil.sh', join(root, 'near/hook.sh'))
    })
    expect(findings).toMatchObject([{ path: 'near/hook.sh', state: 'changed', severity: 'severe' }])
  })

  test('link-within: a link that leads to its own guarded folder or out of the project opens and closes nothing', () => {
    const root = project()
    symlinkSync('pre-commit.sample', join(root, '.git/hooks/pre-commit'))
    symlinkSync('/usr/bin/true', join(root, '.git/hooks/pre-push'))
    symlinkSync('../..', join(root, '.git/hooks/top'))
    const { protectedPaths, notes } = find(root)
    expect(protectedPaths).not.toContain(root)
    expect(notes.join()).not.toContain('links in guarded folders')
  })

  test('config-too-large: what cannot be read is refused with its place', () => {
    const root = project()
    appendFileSync(join(root, '.git/config'), `# ${'x'.repeat(1024 ** 2)}\n[core]\n\thooksPath = evil\n`)
    expect(refusal(() => find(root))).toContain('.git/config is larger than 1 MiB')
  })

  test('live-unix-socket: a socket of this machine, and it is said', () => {
    const root = project()
    mkdirSync(join(root, 'tmp'))
    const listening = Bun.listen({ unix: join(root, 'tmp/app.sock'), socket: { data: () => undefined } })
    const { socketPaths, notes } = find(root)
    listening.stop(true)
    expect(socketPaths).toEqual([join(root, 'tmp/app.sock')])
    expect(notes.join()).toContain('listens there: tmp/app.sock')
  })

  test('git-socket: that of the file watcher of git, also of a repository in the project', () => {
    const root = project()
    repository(join(root, 'sub'))
    const paths = ['.git/fsmonitor--daemon.ipc', 'sub/.git/own.sock'].map((name) => join(root, name))
    const listening = paths.map((unix) => Bun.listen({ unix, socket: { data: () => undefined } }))
    const { socketPaths, pinnedPaths, notes } = find(root)
    for (const one of listening) one.stop(true)
    expect(socketPaths).toEqual(paths)
    expect(pinnedPaths).toContain(join(root, '.git'))
    expect(notes.join()).toContain('.git/fsmonitor--daemon.ipc')
  })
})

/** What a box may do in ordinary work, and what a program of this machine then obeys: named at the end, with its severity. */
const namedAtTheEnd: readonly (readonly [name: string, plant: (root: string) => void, path: string, severity: string])[] = [
  ...['.vscode/tasks.json', '.idea/x.xml', '.claude/settings.json', '.mcp.json', '.codex/config.toml', '.gemini/x'].map(severe),
  ...['.cursor/mcp.json', '.windsurf/x', 'opencode.json', '.zed/tasks.json', '.exrc', '.nvimrc', '.nvim.lua', '.vim/x'].map(
    severe,
  ),
  ...['.dir-locals.el', 'x.sublime-project', 'x.code-workspace', '.envrc', 'mise.toml', '.mise.toml', '.husky/pre-push'].map(
    severe,
  ),
  ...['lefthook.yml', '.pre-commit-config.yaml', '.devcontainer/x', 'paude.toml', '.config/mise.toml'].map(severe),
  ...['.clinerules', '.roo/mcp.json', '.kiro/hooks/x.json', '.amazonq/mcp.json', '.continue/config.yaml', 'crush.json'].map(
    severe,
  ),
  ...['.aider.conf.yml', '.lazy.lua', '.trunk/trunk.yaml', '.Rprofile', '.github/hooks/x.json', '.kilocode/mcp.json'].map(severe),
  ...['.hg/hgrc', 'sub/.hg/hgrc', '.hg/sharedpath', '.jj/repo/config.toml'].map(severe),
  ...['deep/er/.vscode/tasks.json', 'deep/.envrc', 'deep/.claude/settings.json'].map(severe),
  ...['rust-toolchain.toml', 'rust-toolchain', 'eslint.config.mjs', '.eslintrc.cjs', '.env', 'sub/.pdbrc'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'warn'] as const,
  ),
  ...['.cargo/config.toml', '.yarnrc.yml', '.npmrc', '.tool-versions', 'CLAUDE.md', 'sub/AGENTS.md', '.gitattributes'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'warn'] as const,
  ),
  ...['.ghci', '.ocamlinit', '.iex.exs', '.irbrc', '.bsp/x.json', '.pylintrc', '.rubocop.yml', '.prettierrc.mjs'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'warn'] as const,
  ),
  ...['.lintstagedrc.js', 'commitlint.config.ts', 'stylelint.config.cjs', '.goosehints', '.github/instructions/x.md'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'warn'] as const,
  ),
  ...['.git/refs/replace/0123456789012345678901234567890123456789', '.git/info/grafts'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'warn'] as const,
  ),
  [
    'plant-packed-replacement',
    (root) => void put(join(root, '.git/packed-refs'), `${'1'.repeat(40)} refs/replace/${'2'.repeat(40)}\n`),
    '.git/packed-refs',
    'warn',
  ],
  ...['.git/shallow', '.git/info/sparse-checkout'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'shown'] as const,
  ),
  ...['.github/workflows/x.yml', '.gitlab-ci.yml', 'package.json', 'Makefile', 'sub/x.mk', 'build.rs'].map(
    (name) => ['plant', (root: string) => void put(join(root, name)), name, 'shown'] as const,
  ),
  ['plant-nested-plain', nested('sub'), 'sub/.git', 'shown'],
  ['plant-nested-fsmonitor', evil('core.fsmonitor', 'x'), 'sub/.git', 'severe'],
  ['plant-nested-ext', evil('remote.origin.url', 'ext::sh -c x'), 'sub/.git', 'severe'],
  ['plant-nested-option', evil('remote.origin.url', '-uevil'), 'sub/.git', 'severe'],
  ['plant-nested-include', evil('include.path', '/x'), 'sub/.git', 'severe'],
  ['plant-nested-hook', withHook, 'sub/.git', 'severe'],
  ['plant-nested-pointer', (root) => void put(join(root, 'sub/.git'), 'gitdir: ../evil\n'), 'sub/.git', 'severe'],
  ['plant-bare-subfolder', bareEvil, 'store.git', 'severe'],
  ['plant-bare-plain', bare, 'store.git', 'shown'],
  ['plant-in-bare', followed(bare, 'store.git/.envrc'), 'store.git/.envrc', 'severe'],
  ['plant-in-bare-named', followed(bare, 'store.git/.envrc'), 'store.git', 'severe'],
  ['plant-in-bare-objects', followed(bare, 'store.git/objects/x/y'), 'store.git', 'severe'],
  ['plant-names-of-git', (root) => namesOfGit(root, 'a'), 'a/b/.vscode', 'severe'],
  ['plant-names-of-git-root', (root) => namesOfGit(root, '.'), 'b/.vscode', 'severe'],
  ['plant-in-listed', (root) => bare(root, '.claude'), '.claude', 'severe'],
  ['plant-two-headers', withConfig('[core][core] fsmonitor = "evil"\n'), 'sub/.git', 'severe'],
  ['plant-header-behind', withConfig('[user][core]\n\tfsmonitor = evil\n'), 'sub/.git', 'severe'],
  ['plant-comment-goes-on', withConfig('# x \\\n[core]\n\tfsmonitor = evil\n'), 'sub/.git', 'severe'],
  ['plant-comment-ends', withConfig('[user]\n\tname = x # \\\n[core]\n\tfsmonitor = evil\n'), 'sub/.git', 'severe'],
  ['plant-not-understood', withConfig('[core]\n\tfsmonitor: evil\n'), 'sub/.git', 'severe'],
  ['plant-not-exact', withConfig('[user ]\n\tname = x\n'), 'sub/.git', 'severe'],
  ['plant-under-way', followed(nested('sub'), 'sub/.git/rebase-merge/x'), 'sub/.git', 'severe'],
  ['plant-worktree-under-way', followed(worktreeInside, '.git/worktrees/a/rebase-merge/x'), 'trees/a/.git', 'severe'],
  ['plant-no-text', (root) => void mkdirSync(Buffer.from(`${root}/\xff`, 'latin1')), '\ufffd', 'severe'],
  ['plant-case', (root) => void put(join(root, '.Claude/settings.json')), '.Claude', 'severe'],
  ['plant-case-git', (root) => void put(join(root, 'x/.GIT/config')), 'x/.GIT', 'severe'],
  ['plant-invisible', (root) => void put(join(root, '.vs\u200dcode')), '.vs\u200dcode', 'severe'],
  ['plant-short-name', (root) => void put(join(root, 'GIT~1/config')), 'GIT~1', 'severe'],
  ['plant-trailing-dot', (root) => void put(join(root, '.envrc.')), '.envrc.', 'severe'],
  ['plant-rebase', (root) => void put(join(root, '.git/rebase-merge/git-rebase-todo')), '.git/rebase-merge', 'warn'],
  ['plant-rebase-apply', (root) => void put(join(root, '.git/rebase-apply/x')), '.git/rebase-apply', 'warn'],
  ['plant-sequencer', (root) => void put(join(root, '.git/sequencer/todo')), '.git/sequencer', 'warn'],
  ['plant-attributes', (root) => void put(join(root, '.git/info/attributes')), '.git/info/attributes', 'warn'],
  ['plant-alternates', (root) => void put(join(root, '.git/objects/info/alternates')), '.git/objects/info/alternates', 'warn'],
  ['plant-remote', (root) => void put(join(root, '.git/remotes/origin')), '.git/remotes', 'warn'],
  ['link-out', (root) => symlinkSync('/etc', join(root, 'innocent')), 'innocent', 'warn'],
  // git writes its logs and messages through links: a commit of the host would change the file that they lead to.
  ...[
    '.git/logs/HEAD',
    '.git/logs/refs/heads/x',
    '.git/COMMIT_EDITMSG',
    '.git/FETCH_HEAD',
    '.git/index',
    '.git/refs/heads/y',
  ].map(linked),
  ...['.git/logs', '.git/objects/ab', '.git/objects/pack', '.git/rr-cache', '.git/MERGE_MSG'].map(linked),
  [
    'link-in-submodule',
    (root) => replaced(submodule, '.git/modules/part/logs/HEAD')(root),
    '.git/modules/part/logs/HEAD',
    'severe',
  ],
  ['link-in-nested', (root) => replaced(nested('sub'), 'sub/.git/logs/HEAD')(root), 'sub/.git/logs/HEAD', 'severe'],
  ['pipe-in-git', (root) => void Bun.spawnSync(['mkfifo', join(root, '.git/MERGE_MSG')]), '.git/MERGE_MSG', 'severe'],
  ['link-listed', (root) => symlinkSync('/etc', join(root, '.vscode')), '.vscode', 'severe'],
]

/** A link in a guarded folder to what the user has elsewhere in the project. */
function led(link: string, target: string, file = join(dirname(link), target)) {
  return (root: string): void => {
    put(join(root, file))
    mkdirSync(dirname(join(root, link)), { recursive: true })
    symlinkSync(target, join(root, link))
  }
}

function linkToLink(root: string): void {
  put(join(root, 'far/real.sh'))
  mkdirSync(join(root, 'near'))
  symlinkSync('../far/real.sh', join(root, 'near/hook.sh'))
  symlinkSync('../../near/hook.sh', join(root, '.git/hooks/pre-commit'))
}

function linked(name: string) {
  return ['link', replaced(nothing, name), name, 'severe'] as const
}

/** Puts a link to a file of the user in place of a path. */
function replaced(prepare: (root: string) => void, name: string) {
  return (root: string): void => {
    prepare(root)
    rmSync(join(root, name), { recursive: true, force: true })
    mkdirSync(dirname(join(root, name)), { recursive: true })
    symlinkSync(join(home, '.bashrc'), join(root, name))
  }
}

function severe(name: string) {
  return ['plant', (root: string) => void put(join(root, name)), name, 'severe'] as const
}

describe('at the end is named', () => {
  test.each(namedAtTheEnd)('%s %s %s as %s', (_, plant, name, severity) => {
    const { findings } = attempt(nothing, plant)
    const state = name.includes('\ufffd') ? 'changed' : 'new'
    expect(findings.filter(({ path: one }) => one === name)).toMatchObject([{ state, severity }])
  })

  test('change-in-place: a listed file that only changed, whatever time it shows', () => {
    const { findings } = attempt(
      (root) => put(join(root, 'CLAUDE.md'), 'one'),
      (root) => {
        const file = join(root, 'CLAUDE.md')
        git(root, 'hash-object', 'CLAUDE.md')
        Bun.spawnSync(['sh', '-c', 'touch -r CLAUDE.md t && printf two >CLAUDE.md && touch -r t CLAUDE.md'], { cwd: root })
        expect(readFileSync(file, 'utf8')).toBe('two')
      },
    )
    expect(findings).toMatchObject([{ path: 'CLAUDE.md', state: 'changed', severity: 'warn' }])
  })

  test('change-mode: a listed file that became a program', () => {
    const { findings } = attempt(
      (root) => put(join(root, '.npmrc')),
      (root) => chmodSync(join(root, '.npmrc'), 0o755),
    )
    expect(findings).toMatchObject([{ path: '.npmrc', state: 'changed' }])
  })

  test('swap-for-link: a listed file that became a link, with where it leads', () => {
    const { findings } = attempt(
      (root) => put(join(root, 'package.json'), '{}'),
      (root) => {
        rmSync(join(root, 'package.json'))
        symlinkSync('/etc/passwd', join(root, 'package.json'))
      },
    )
    expect(findings).toMatchObject([{ path: 'package.json', state: 'changed', remarks: ['is a link to /etc/passwd'] }])
  })

  test('pointer-to-evil: a .git file of a worktree that leads to a git directory of the sandbox', () => {
    const { findings } = attempt(worktreeInside, (root) => writeFileSync(join(root, 'trees/a/.git'), 'gitdir: ../../evil\n'))
    expect(findings).toMatchObject([{ path: 'trees/a/.git', state: 'changed', severity: 'severe' }])
  })

  test('link-kept: a link in git data that was there is yours, one that leads elsewhere since is not', () => {
    const there = (root: string) => {
      rmSync(join(root, '.git/logs'), { recursive: true, force: true })
      symlinkSync('/elsewhere', join(root, '.git/logs'))
    }
    expect(attempt(there, nothing).findings).toEqual([])
    const { findings } = attempt(there, replaced(nothing, '.git/logs'))
    expect(findings).toMatchObject([{ path: '.git/logs', state: 'changed', severity: 'severe' }])
  })

  test('worktree-with-config: one that the sandbox made and gave a configuration', () => {
    const { findings } = attempt(nothing, (root) => {
      worktreeInside(root)
      put(join(root, '.git/worktrees/a/config.worktree'), '[core]\n')
    })
    expect(findings.map((one) => one.path)).toContain('trees/a/.git')
  })

  test('not a worktree as git makes it, nor what was rewritten with the same content, nor ordinary work', () => {
    const { findings } = attempt(
      (root) => put(join(root, 'CLAUDE.md'), 'one'),
      (root) => {
        worktreeInside(root)
        rmSync(join(root, 'CLAUDE.md'))
        put(join(root, 'CLAUDE.md'), 'one')
        put(join(root, 'src/main.ts'))
        symlinkSync('src', join(root, 'source'))
        git(root, 'add', '.')
        git(root, 'commit', '--quiet', '--message=x')
      },
    )
    expect(findings).toEqual([])
  })
})

/** As somebody for whom permissions count. */
function humbly<T>(root: string, deed: () => T): T {
  if (process.getuid?.() !== 0) return deed()
  Bun.spawnSync(['chown', '-R', '65534', root])
  chmodSync(path, 0o755)
  process.seteuid?.(65534)
  try {
    return deed()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a folder that nobody can look into', () => {
  const look = (root: string) => guard({ root, directory: root, git: null, protect: [], list: IN_FOLDERS }, host(root))
  const taken = (root: string) => {
    const { walked, gits, named } = look(root)
    return takeManifest({ roots: [root], gits, named, list: IN_FOLDERS }, [walked])
  }

  test('is named at the end, and not as something new', () => {
    const root = project()
    put(join(root, 'src/.envrc'))
    const before = taken(root)
    chmodSync(join(root, 'src'), 0o311)
    const { findings } = humbly(root, () => compare(before))
    expect(findings.find((one) => one.path === join(root, 'src'))).toMatchObject({
      state: 'changed',
      severity: 'severe',
      why: 'paude cannot look into it',
    })
  })

  test('that was there at the start is read-only, told of, and not named at the end', () => {
    const root = project()
    mkdirSync(join(root, 'data'), 0o311)
    humbly(root, () => {
      const { protectedPaths, notes } = look(root)
      expect(protectedPaths).toContain(join(root, 'data'))
      expect(notes.join()).toContain('paude cannot look into data')
      const before = taken(root)
      expect(compare(before).findings).toEqual([])
      chmodSync(join(root, 'data'), 0o755)
      expect(compare(before).findings).toEqual([])
    })
  })

  test.each(['hooks', 'modules', 'objects', ''])('is not in a plain repository: %j', (name) => {
    const root = project()
    const before = taken(root)
    nested('sub')(root)
    mkdirSync(join(root, 'sub/.git', name), { recursive: true })
    chmodSync(join(root, 'sub/.git', name), 0o311)
    const { findings } = humbly(root, () => compare(before))
    expect(findings.find((one) => one.path === join(root, 'sub/.git'))).toMatchObject({ severity: 'severe' })
  })

  test('may hold programs that run as their owner', () => {
    const root = project()
    mkdirSync(join(root, 'x'), 0o311)
    expect(humbly(root, () => setuidFiles(root, 0))).toEqual([join(root, 'x')])
    expect(humbly(root, () => setuidFiles(root, Date.now() + 10_000))).toEqual([])
  })
})

test('a repository that was accepted is looked into from then on', () => {
  const root = project()
  const before = takeManifest({ roots: [root], gits: [], named: [], list: IN_FOLDERS }, [])
  nested('sub')(root)
  const kept = renewed(before, [join(root, 'sub/.git')])
  expect(compare(kept).findings.filter((one) => one.path.includes('/sub/'))).toEqual([])
  appendFileSync(join(root, 'sub/.git/config'), '[core]\n\tfsmonitor = evil\n')
  put(join(root, 'sub/.git/hooks/pre-commit'))
  expect(compare(kept).findings.map((one) => [relative(root, one.path), one.state, one.severity])).toEqual([
    ['sub/.git/hooks/pre-commit', 'new', 'severe'],
    ['sub/.git/config', 'changed', 'severe'],
  ])
})

test('links within the project take no place of those that lead out of it', () => {
  const root = project()
  symlinkSync('README', join(root, 'inner'))
  symlinkSync('/etc', join(root, 'outer'))
  const { walked } = guard({ root, directory: root, git: null, protect: [], list: IN_FOLDERS }, host(root))
  expect(walked.links).toEqual([join(root, 'outer')])
})

test('of several entries that mean a path the severest counts', () => {
  const list = listWith(['shown:x.code-workspace', 'shown:mine'].map((text) => readAddition(text, false)))
  const severityOf = (name: string) => {
    const root = project()
    put(join(root, name))
    return guard({ root, directory: root, git: null, protect: [], list }, host(root)).walked.listed.at(-1)?.listed.severity
  }
  const names = ['x.code-workspace', '.vscode/mine', 'mine', '.claude/package.json']
  expect(names.map(severityOf)).toEqual(['severe', 'severe', 'shown', 'severe'])
})

test('a hostile tree is looked through without following, reading or waiting', () => {
  const root = project()
  Bun.spawnSync(['mkfifo', join(root, 'package.json')])
  symlinkSync(root, join(root, 'again'))
  symlinkSync('/proc', join(root, '.idea'))
  put(join(root, 'line\nbreak/.vscode/x'))
  const { walked, gits, named } = guard({ root, directory: root, git: null, protect: [], list: IN_FOLDERS }, host(root))
  const manifest = takeManifest({ roots: [root], gits, named, list: IN_FOLDERS }, [walked])
  expect(manifest.seen[join(root, 'package.json')]).toMatchObject({ kind: 'other', hash: '' })
  expect(manifest.seen[join(root, '.idea')]).toMatchObject({ kind: 'link' })
  expect(Object.keys(manifest.seen).some((one) => one.includes('/again/') || one.startsWith('/proc'))).toBe(false)
})

test('a listed file that another name leads to is kept as it was, and told when it changed through that', () => {
  const { findings } = attempt(
    (root) => {
      put(join(root, '.envrc'), 'one')
      linkSync(join(root, '.envrc'), join(root, 'innocent'))
    },
    (root) => writeFileSync(join(root, 'innocent'), 'two'),
  )
  expect(findings).toMatchObject([{ path: '.envrc', state: 'changed', severity: 'severe' }])
})

test('names are added, yours with any severity, and a project raises one but lowers none', () => {
  const severityOf = (name: string, text: string, isYours: boolean) =>
    listWith([readAddition(text, isYours)]).find((one) => one.path === name)?.severity
  expect(severityOf('.npmrc', 'severe:.npmrc', false)).toBe('severe')
  expect(severityOf('.envrc', 'shown:.envrc', false)).toBe('severe')
  expect(severityOf('.envrc', 'shown:.envrc', true)).toBe('shown')
  expect(severityOf('*.mine', 'warn:*.mine', false)).toBe('warn')
  const root = project()
  put(join(root, 'a/run.mine'))
  const list = listWith([readAddition('severe:*.mine', true)])
  expect(findWorkspace(host(root), { force: false, list }).protectedPaths).toContain(join(root, 'a/run.mine'))
})

function submodule(root: string): void {
  const part = project()
  git(root, 'submodule', '--quiet', 'add', part, 'part')
  rmSync(join(root, '.git/modules/part/hooks'), { recursive: true, force: true })
}

function nested(name: string) {
  return (root: string) => void repository(join(root, name))
}

function evil(key: string, value: string) {
  return (root: string) => {
    nested('sub')(root)
    git(join(root, 'sub'), 'config', key, '--', value)
  }
}

/** What a box does, and a file that it makes then. */
function followed(deed: (root: string) => void, name: string) {
  return (root: string) => {
    deed(root)
    put(join(root, name))
  }
}

function withConfig(text: string) {
  return (root: string) => {
    nested('sub')(root)
    appendFileSync(join(root, 'sub/.git/config'), text)
  }
}

/** A folder that looks like a git directory by its names, with something else in it. */
function namesOfGit(root: string, name: string): void {
  for (const one of ['HEAD', 'objects', 'refs']) mkdirSync(join(root, name, one), { recursive: true })
  put(join(root, name, 'b/.vscode/tasks.json'))
}

function withHook(root: string): void {
  nested('sub')(root)
  put(join(root, 'sub/.git/hooks/pre-commit'))
}

function bareEvil(root: string): void {
  bare(root)
  appendFileSync(join(root, 'store.git/config'), '[core]\n\tpager = x\n')
}

function worktreeInside(root: string): void {
  git(root, 'worktree', 'add', '--quiet', '-b', 'a', join(root, 'trees/a'))
}

function bare(root: string, name = 'store.git'): void {
  renameSync(join(repository(join(root, 'work')), '.git'), join(root, name))
  rmSync(join(root, 'work'), { recursive: true })
  expect(existsSync(join(root, name, 'HEAD'))).toBe(true)
}

function include(root: string, text: string, file: string): void {
  put(join(root, '.gitconfig'), text)
  put(join(root, file))
  git(root, 'config', 'include.path', '../.gitconfig')
}

function threeDeep(root: string): void {
  put(join(root, 'a'), '[include]\n\tpath = b\n')
  put(join(root, 'b'), '[includeIf "gitdir:/nowhere"]\n\tpath = c\n')
  put(join(root, 'c'))
  git(root, 'config', 'include.path', '../a')
}

function setting(root: string, key: string, value: string, file: string): void {
  put(join(root, file))
  git(root, 'config', key, value)
}

function configWorktree(root: string): void {
  put(join(root, 'tools/hooks/x'))
  git(root, 'config', 'extensions.worktreeConfig', 'true')
  git(root, 'config', '--worktree', 'core.hooksPath', 'tools/hooks')
}

function globally(text: string, file: string) {
  return (root: string) => {
    put(join(root, file))
    put(join(home, '.gitconfig'), text)
  }
}

function subHooksPath(root: string): void {
  submodule(root)
  put(join(root, 'part/hk/x'))
  git(join(root, 'part'), 'config', 'core.hooksPath', 'hk')
}

function subInclude(root: string): void {
  submodule(root)
  put(join(root, 'part/extra'))
  git(join(root, 'part'), 'config', 'include.path', '../../../part/extra')
}

function largeConfig(root: string): void {
  put(join(root, 'tools/hooks/x'))
  const branches = Array.from({ length: 1500 }, (_, at) => `[branch "b${at}"]\n\tremote = origin\n\tmerge = refs/heads/b${at}\n`)
  appendFileSync(join(root, '.git/config'), branches.join(''))
  appendFileSync(join(root, '.git/config'), '[core]\n\thooksPath = tools/hooks\n')
}

test('of a guarded folder with very many files a bounded number is looked at', () => {
  const folder = join(path, 'many')
  for (let n = 0; n < 1500; n++) put(join(folder, `${n}`), '')
  expect(subtree(folder, NAMED).length).toBe(1001)
})
