import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describeEach, environment, makeProject, paude, put, root, runGit, serveApi, stateHome } from './support.ts'

/** What a box writes so that git on the host runs a command: by an index whose folder must be fetched, among other ways. */
const evilConfig = (project: string, file: string) => {
  const keys = ['sshCommand', 'fsmonitor', 'alternateRefsCommand', 'pager', 'editor', 'askPass', 'gitProxy']
  const core = keys.map((key) => `\t${key} = "env >${project}/ran-${key}; false"`).join('\n')
  return `cat >${file} <<'END'
[core]
\trepositoryformatversion = 0
\tbare = false
\tsparseCheckout = true
\tsparseCheckoutCone = true
${core}
[index]
\tsparse = true
[remote "origin"]
\turl = ssh://x/y
\tpromisor = true
END
`
}

/** An index with a closed folder whose tree is in no store. */
const evilIndex = (gitDirectory: string) => `
rm -rf /tmp/r; git init -q /tmp/r; (cd /tmp/r; git config user.name a; git config user.email a@b
mkdir d; echo 1 >d/f; echo $$ >t; git add .; git commit -qm x
git sparse-checkout init --cone --sparse-index; git sparse-checkout set) 2>/dev/null
cp /tmp/r/.git/index '${gitDirectory}/index'
`

/** A whole repository beside the real one, with its own configuration, and a word that it is the common one. */
const evilCommon = (project: string, gitDirectory: string) => `
mkdir evil; cp -r '${gitDirectory}/refs' '${gitDirectory}/HEAD' '${gitDirectory}/objects' evil/
${evilConfig(project, 'evil/config')}
mkdir -p evil/objects/info; echo ${project}/evil/objects >evil/objects/info/alternates
echo '${project}/evil' >'${gitDirectory}/commondir'
`

/** A project as its user made it, and what the box does to it; where git runs then, something called ran-… appears. */
type Variant = readonly [
  name: string,
  make: () => { readonly project: string; readonly gitDirectory: string; readonly plant: string },
]

const variants: readonly Variant[] = [
  [
    'commondir',
    () => {
      const project = makeProject()
      return { project, gitDirectory: '.git', plant: evilCommon(project, '.git') }
    },
  ],
  [
    'config.worktree, where the repository has one for each worktree',
    () => {
      const project = makeProject()
      runGit(project, ['config', 'extensions.worktreeConfig', 'true'])
      return { project, gitDirectory: '.git', plant: evilConfig(project, '.git/config.worktree') }
    },
  ],
  [
    'a missing file that include.path names',
    () => {
      const project = makeProject()
      runGit(project, ['config', 'include.path', '../extra'])
      return { project, gitDirectory: '.git', plant: evilConfig(project, 'extra') }
    },
  ],
  [
    'a missing file that includeIf names',
    () => {
      const project = makeProject()
      runGit(project, ['config', 'includeIf.onbranch:**.path', '../extra'])
      return { project, gitDirectory: '.git', plant: evilConfig(project, 'extra') }
    },
  ],
  [
    'a file that an included file names',
    () => {
      const project = makeProject()
      put(join(project, '.gitconfig'), '[include]\n\tpath = conf/more\n')
      runGit(project, ['config', 'include.path', '../.gitconfig'])
      return { project, gitDirectory: '.git', plant: `mkdir conf\n${evilConfig(project, 'conf/more')}` }
    },
  ],
  [
    'a repository that the box made',
    () => {
      const project = makeProject({ git: false })
      return {
        project,
        gitDirectory: '.git',
        plant: `git init -q .; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x\n${evilConfig(project, '.git/config')}`,
      }
    },
  ],
  [
    'the git directory behind a .git file',
    () => {
      const project = makeProject()
      runGit(project, ['init', '--quiet', `--separate-git-dir=${join(project, '.bare')}`])
      return { project, gitDirectory: '.bare', plant: evilCommon(project, '.bare') }
    },
  ],
  [
    'config.worktree of a linked worktree',
    () => {
      const main = makeProject()
      const project = `${main}-tree`
      runGit(main, ['worktree', 'add', '--quiet', project])
      runGit(main, ['config', 'extensions.worktreeConfig', 'true'])
      const gitDirectory = runGit(project, ['rev-parse', '--absolute-git-dir'])
      return { project, gitDirectory, plant: evilConfig(project, `${gitDirectory}/config.worktree`) }
    },
  ],
  [
    'commondir of a submodule',
    () => {
      const [part, whole] = [makeProject({ name: 'part' }), makeProject({ name: 'whole' })]
      runGit(whole, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', part, 'part'])
      const project = join(whole, 'part')
      const gitDirectory = runGit(project, ['rev-parse', '--absolute-git-dir'])
      return { project, gitDirectory, plant: evilCommon(project, gitDirectory) }
    },
  ],
]

/** What stands in there keeps the box from setting the trap at all, so it is set here to see that it is one. */
const CLOSED = /^(commondir|config\.worktree|the git directory)/

const ran = (project: string) => readdirSync(project).filter((name) => name.startsWith('ran-'))

describeEach('git on the host', (backend) => {
  const KEY = 'sk-ant-api03-not-for-the-box'
  const run = (project: string, script: string) =>
    paude(['--backend', backend, 'run', '--', 'sh', '-c', script], {
      cwd: project,
      env: { ANTHROPIC_API_KEY: KEY, GIT_DISCOVERY_ACROSS_FILESYSTEM: '1' },
    })

  test.each(variants)(
    'runs nothing of the box by %s',
    async (name, make) => {
      const { project, gitDirectory, plant } = make()
      expect((await run(project, plant + evilIndex(gitDirectory))).code).toBe(0)
      expect(ran(project)).toEqual([])
      // Once more from the start, with an index that changes again.
      // A git directory that is not believed any more is not in the box.
      expect((await run(project, `${evilIndex(gitDirectory)}true`)).code).toBe(0)
      expect(ran(project)).toEqual([])
      const git = () => Bun.spawnSync(['git', '-C', project, 'ls-files', '--stage'], { env: environment(), timeout: 10_000 })
      if (CLOSED.test(name)) {
        git()
        expect(ran(project)).toEqual([])
        const deed = (plant + evilIndex(gitDirectory)).replaceAll('/tmp/r', `${project}-r`)
        Bun.spawnSync(['sh', '-c', deed], { cwd: project, env: environment() })
      }
      // Only if the trap is a real one does the silence mean something.
      git()
      expect(ran(project)).not.toEqual([])
    },
    120_000,
  )

  describe('in the background', () => {
    const api = serveApi()
    afterAll(api.stop)
    const call = (project: string, words: readonly string[]) => paude(words, { cwd: project, env: api.env })
    const detach = (project: string, script: string) =>
      call(project, ['--backend', backend, '--detach', '-p', script, '--dangerously-skip-permissions'])

    test('what a session planted is named once by wait, output and logs, marked by sessions, and named by rm', async () => {
      const project = makeProject()
      const script = 'BASH mkdir .vscode && echo {} >.vscode/tasks.json && sleep 3;;SAY over'
      const started = await detach(project, script)
      const id = started.stdout.trim()
      const named = `new or changed in the project since the session began, and this machine may run it: ${project}/.vscode`
      const waited = await call(project, ['wait', id, '--timeout', '120'])
      expect(waited).toMatchObject({ code: 0, stdout: `${id} exited 0\n` })
      expect(waited.stderr).toContain(named)
      expect(waited.stderr).toContain('.vscode appeared in the project: VS Code runs tasks')
      for (const verb of ['output', 'logs', 'wait']) expect((await call(project, [verb, id])).stderr).not.toContain(named)
      // As in a script that asks for the answer alone.
      rmSync(join(stateHome, 'paude/sessions', id, 'named.json'))
      expect(await call(project, ['output', id])).toMatchObject({
        code: 0,
        stdout: 'over\n',
        stderr: expect.stringContaining(named),
      })
      rmSync(join(stateHome, 'paude/sessions', id, 'named.json'))
      expect((await call(project, ['logs', id])).stderr).toContain(named)
      // Something that came later is named with the rest.
      put(join(project, '.envrc'), 'true\n')
      expect((await call(project, ['output', id])).stderr).toContain(`${project}/.envrc`)
      const table = await call(project, ['sessions'])
      expect(table.stdout).toMatch(new RegExp(`^${id} .* ${project} \\(!\\)$`, 'm'))
      expect(table.stderr).toContain('(!) marks sessions')
      const rows = JSON.parse((await call(project, ['sessions', '--json'])).stdout) as { id: string; planted: string[] }[]
      expect(rows.find((row) => row.id === id)?.planted.toSorted()).toEqual([`${project}/.envrc`, `${project}/.vscode`])
      expect((await call(project, ['rm', '--volumes', id])).stderr).toContain(named.slice(0, 60))
    }, 240_000)

    test('a session that planted nothing is neither named nor marked', async () => {
      const project = makeProject()
      const id = (await detach(project, 'BASH echo x >new && git add new;;SAY over')).stdout.trim()
      expect(await call(project, ['wait', id, '--timeout', '120'])).toMatchObject({ code: 0, stderr: '' })
      expect(await call(project, ['output', id])).toEqual({ code: 0, stdout: 'over\n', stderr: '' })
      const rows = JSON.parse((await call(project, ['sessions', '--json'])).stdout) as { id: string; planted: string[] }[]
      expect(rows.find((row) => row.id === id)?.planted).toEqual([])
      await call(project, ['rm', '--volumes', id])
    }, 240_000)
  })

  test('tells that an index cannot be looked at, and does not wait for it', async () => {
    const project = makeProject()
    const { code, stderr } = await run(project, 'rm .git/index; mkfifo .git/index')
    expect(code).toBe(0)
    expect(stderr).toContain(`cannot read the index ${join(project, '.git/index')}: it is not a plain file`)
    expect(stderr).toContain(`find ${project} -mindepth 2 -name .git`)
    rmSync(join(project, '.git/index'))
    const other = await run(project, 'printf DIRC >.git/index')
    expect(other.stderr).toContain('cannot read the index ')
    expect(other.stderr).toContain('it is cut short')
  }, 180_000)

  test('names a hidden repository though the sandbox turned the time of the index back', async () => {
    const project = makeProject()
    // The only entry, README.md, becomes a repository in place: size, inode and time stay as they were.
    const plant = [
      'touch -r .git/index /tmp/time && rm README.md && git init -q README.md',
      "printf '\\340\\000' | dd of=.git/index bs=1 seek=38 conv=notrunc 2>/dev/null",
      'touch -r /tmp/time .git/index',
    ].join(' && ')
    const { code, stderr } = await run(project, plant)
    expect(code).toBe(0)
    expect(stderr).toContain(join(project, 'README.md/.git'))
  }, 180_000)

  test('names a folder that a sparse index keeps closed and that is there', async () => {
    const project = makeProject()
    put(join(project, 'docs/a'), 'a')
    put(join(project, 'src/b'), 'b')
    runGit(project, ['add', '.'])
    runGit(project, ['commit', '--quiet', '--message=more'])
    const { stderr } = await run(
      project,
      'git init -q /tmp/r && cp -r .git/objects /tmp/r/.git/ && cp .git/index /tmp/r/.git/ && git -C /tmp/r update-ref HEAD $(git rev-parse HEAD) && ' +
        'cd /tmp/r && git sparse-checkout init --cone --sparse-index && git sparse-checkout set src && cd - && ' +
        'cp /tmp/r/.git/index .git/index && git init -q docs/hidden',
    )
    expect(stderr).toContain(join(project, 'docs'))
  }, 180_000)

  test('is not started by paude at all', async () => {
    const project = makeProject()
    const folder = join(root, `no-git-${backend}`)
    chmodSync(put(join(folder, 'git'), `#!/bin/sh\ntouch ${folder}/ran\n`), 0o755)
    const { code } = await paude(
      ['--backend', backend, 'run', '--', 'sh', '-c', 'git commit -q --allow-empty -m x; git add -A; mkdir .vscode'],
      {
        cwd: project,
        env: { PATH: `${folder}:${process.env['PATH']}` },
      },
    )
    expect(code).toBe(0)
    expect(existsSync(join(folder, 'ran'))).toBe(false)
  }, 180_000)

  test('keeps its configuration while git in the sandbox writes a copy, which is told at the end', async () => {
    const project = makeProject()
    runGit(project, ['remote', 'add', 'origin', '/nowhere'])
    runGit(project, ['branch', 'old'])
    runGit(project, ['update-ref', 'refs/remotes/origin/y', 'HEAD'])
    const before = readFileSync(join(project, '.git/config'), 'utf8')
    const trap = `env >${project}/ran-fsmonitor; false`
    const script = [
      'set -e; git branch -q -D old; git config user.nickname ada; git checkout -q -b fix --track origin/y',
      `git config core.fsmonitor '${trap}'; git config core.sshCommand '${trap}'`,
      'git config user.nickname; git rev-parse --abbrev-ref @{upstream}',
      // By a shell that sets PATH anew, as a login does, git is refused as the kernel does it, and the file stays whole.
      'PATH=/usr/bin:/bin; ! git config other.key value 2>/dev/null; git config user.nickname',
    ].join('\n')
    const { code, stdout, stderr } = await run(project, script)
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ada\norigin/y\nada\n' })
    expect(readFileSync(join(project, '.git/config'), 'utf8')).toBe(before)
    expect(runGit(project, ['branch', '--format=%(refname:short)'])).toBe('fix\nmain')
    runGit(project, ['status'])
    expect(ran(project)).toEqual([])
    expect(stderr).toContain(
      'changed .git/config in the sandbox only: core.fsmonitor, core.sshcommand, user.nickname, branch.fix.',
    )
    expect(stderr).toContain('\ngit branch --set-upstream-to=origin/y fix\n')
    expect(stderr).not.toContain(trap)
    expect(stderr).not.toContain('new or changed')
  }, 180_000)

  test('of this user signs the commits of the sandbox', async () => {
    const project = makeProject()
    runGit(project, ['config', 'user.email', 'project@example.test'])
    const { stdout } = await run(project, 'git commit -q --allow-empty -m x && git log -1 --format="%an %ae"')
    expect(stdout.trim()).toBe('Ada Test project@example.test')
  }, 180_000)
})
