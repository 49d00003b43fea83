import { afterAll, beforeAll, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  type Api,
  binary,
  describeEach,
  engine,
  environment,
  expectGone,
  leftovers,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  runGit,
  serveApi,
  sessionIds,
  startPaude,
} from './support.ts'

const FREE = '--dangerously-skip-permissions'
const COMMIT = 'git add --all; git commit --quiet --message=work'

describeEach('a clone', (backend) => {
  let api: Api
  beforeAll(() => {
    api = serveApi()
  })
  afterAll(() => api.stop())
  const options = (cwd: string, more: RunOptions = {}): RunOptions => ({
    cwd,
    ...more,
    env: { ...api.env, PAUDE_BACKEND: backend, PAUDE_WORKSPACE: 'clone', ...more.env },
  })
  const run = (cwd: string, ...words: readonly string[]) => paude(words, options(cwd))
  const volumes = async () => (await leftovers(backend)).filter((line) => /^volume .*-workspace$/.test(line))

  test('has what an agent commits until it is brought, and the folder of the user nothing before', async () => {
    const cwd = makeProject()
    put(join(cwd, 'untracked.txt'), 'mine\n')
    const before = readdirSync(cwd)
    const script = `BASH ls; echo made >made.txt; ${COMMIT}; echo left >left.txt; git branch --show-current;;SAY {result}`
    const first = await run(cwd, '--session-name=fix', '-p', script, FREE)
    expect(first.code).toBe(0)
    expect(first.stdout).toBe('README.md\npaude/fix\n')
    expect(first.stderr).toContain('session fix stays: its clone holds unsaved work')
    expect(first.stderr).toContain('  paude/fix: 1 commit\n  not committed: left.txt\n')
    expect(readdirSync(cwd)).toEqual(before)

    const rows = JSON.parse((await run(cwd, 'sessions', '--json')).stdout) as readonly { readonly workspace: string }[]
    expect(rows.find(({ workspace }) => workspace === cwd)).toMatchObject({
      name: 'fix',
      status: 'exited',
      workspaceMode: 'clone',
      planted: [],
    })
    const patch = await run(cwd, 'diff', 'fix')
    expect(patch.code).toBe(0)
    expect(patch.stdout).toMatch(/^diff --git a\/left.txt b\/left.txt\nnew file mode 100644\n[\s\S]*\+\+\+ b\/made.txt\n/)
    expect((await run(cwd, 'diff', 'fix', '--', '--name-only')).stdout).toBe('left.txt\nmade.txt\n')

    const refused = await run(cwd, 'rm', 'fix')
    expect([refused.code, refused.stdout]).toEqual([1, ''])
    expect(refused.stderr).toContain('paude pull fix brings its commits')
    expect((await run(cwd, 'prune', '--force')).code).toBe(1)

    const pulled = await run(cwd, 'pull', 'fix')
    expect([pulled.code, pulled.stdout]).toEqual([0, 'paude/fix  new, 1 commit\n'])
    expect(pulled.stderr).toContain('1 file is not committed in the clone')
    expect(readdirSync(cwd)).toEqual(before)
    runGit(cwd, ['merge', '--quiet', 'paude/fix'])
    expect(readFileSync(join(cwd, 'made.txt'), 'utf8')).toBe('made\n')

    expect((await run(cwd, 'log', 'fix', '--', '--format=%s')).stdout).toBe('work\n')
    put(join(cwd, 'more.txt'), 'more\n')
    runGit(cwd, ['add', 'more.txt'])
    runGit(cwd, ['commit', '--quiet', '--message=more'])
    expect((await run(cwd, 'push', 'fix')).stdout).toBe(`host/main  ${runGit(cwd, ['rev-parse', 'HEAD']).slice(0, 10)}\n`)

    // What was not committed goes on in the same clone.
    const again = await run(cwd, 'start', 'fix')
    expect(again.code).toBe(0)
    await poll('the session runs', async () => (await run(cwd, 'exec', 'fix', '--', 'cat', 'left.txt')).stdout === 'left\n', 60)
    expect((await run(cwd, 'exec', 'fix', '--', 'sh', '-c', `git merge --quiet host/main; cat more.txt; ${COMMIT}`)).stdout).toBe(
      'more\n',
    )
    expect((await run(cwd, 'push', 'fix')).code).toBe(0)
    expect((await run(cwd, 'pull', 'fix')).stdout).toMatch(/^paude\/fix {2}\w{10}\.\.\w{10}, 2 commits\n$/)
    expect((await run(cwd, 'pull', 'fix')).stderr).toContain('nothing new')

    // Your files as they are now; what both sides have already, and what the agent alone has, stays.
    put(join(cwd, 'README.md'), 'saved\n')
    expect(await run(cwd, 'sync', 'fix')).toMatchObject({ code: 0, stdout: 'sent 2 files: README.md, untracked.txt\n' })
    const there = 'cat README.md untracked.txt left.txt; echo theirs >README.md'
    expect((await run(cwd, 'exec', 'fix', '--', 'sh', '-c', there)).stdout).toBe('saved\nmine\nleft\n')
    put(join(cwd, 'README.md'), 'saved again\n')
    const both = await run(cwd, 'sync', 'fix')
    expect([both.code, both.stdout]).toEqual([1, ''])
    expect(both.stderr).toContain('README.md: changed here and by the agent')
    expect((await run(cwd, 'exec', 'fix', '--', 'cat', 'README.md')).stdout).toBe('theirs\n')
    expect((await run(cwd, 'rm', '--force', 'fix')).code).toBe(0)
    expect(await volumes()).toEqual([])
  })

  test('has what is not committed with --dirty, staged or not, and holds no work before the agent makes some', async () => {
    const cwd = makeProject()
    const name = 'a b\n"c'
    for (const path of ['.gitignore', 'gone.txt', 'run.sh', name])
      put(join(cwd, path), path === '.gitignore' ? '*.log\n' : 'one\n')
    runGit(cwd, ['add', '.'])
    runGit(cwd, ['commit', '--quiet', '--message=more'])
    put(join(cwd, 'README.md'), 'staged\n')
    runGit(cwd, ['add', 'README.md'])
    for (const path of ['README.md', name, '.env', 'deep/new.txt', 'ignored.log']) put(join(cwd, path), 'mine\n')
    rmSync(join(cwd, 'gone.txt'))
    chmodSync(join(cwd, 'run.sh'), 0o755)
    symlinkSync('deep/new.txt', join(cwd, 'link'))
    const ran = join(cwd, '../ran')
    runGit(cwd, ['config', 'core.fsmonitor', `touch ${ran}; false`])
    const script = 'git status --porcelain --untracked-files=all; git show :README.md; cat link'
    const first = await run(cwd, 'run', '--dirty', '--', 'sh', '-c', script)
    runGit(cwd, ['config', '--unset', 'core.fsmonitor'])
    expect(first.stderr).toContain('not committed, and may hold secrets: .env\n')
    expect(first.stderr).not.toContain('unsaved work')
    expect(first.stdout.trimStart()).toBe(`${runGit(cwd, ['status', '--porcelain', '--untracked-files=all'])}\nstaged\nmine\n`)
    expect([first.code, existsSync(ran)]).toEqual([0, false])
    // The agent may write any ref.
    const hides = `git add -A; git update-ref refs/paude/began $(git -c user.name=a -c user.email=a@example.org commit-tree -p HEAD -m x $(git write-tree))`
    const again = await run(cwd, 'run', '--dirty', '--session-name=dirty', '--', 'sh', '-c', `echo more >>.env; ${hides}`)
    expect(again.stderr).toContain('session dirty stays: its clone holds unsaved work')
    expect((await run(cwd, 'diff', 'dirty', '--', '--name-only')).stdout).toBe('.env\n')
    runGit(cwd, ['checkout', '--quiet', 'HEAD', '--', 'README.md'])
    const kept = await run(cwd, 'rm', 'dirty')
    expect([kept.code, kept.stderr]).toEqual([1, expect.stringContaining('not committed, and is not so there now: README.md\n')])
    expect((await run(cwd, 'rm', '--discard', 'dirty')).code).toBe(0)
    const refused = await run(cwd, '--workspace=bind', 'run', '--dirty', '--', 'true')
    expect([refused.code, refused.stdout]).toEqual([125, ''])
    expect(refused.stderr).toContain('--dirty needs a clone, but the workspace is bind')
  })

  test('goes with its session where the agent made nothing, and leaves nothing behind', async () => {
    const cwd = makeProject()
    const { code, stdout, stderr } = await run(cwd, 'run', '--', 'sh', '-c', 'git log --oneline | wc -l; git status --porcelain')
    expect([code, stdout.trim(), stderr]).toEqual([0, '1', ''])
    const none = await run(cwd, 'run', '--workspace=none', '--', 'sh', '-c', 'pwd; ls -A; touch made')
    expect([none.code, none.stdout, none.stderr]).toEqual([0, `${cwd}\n`, ''])
    expect(readdirSync(cwd)).not.toContain('made')
    await expectGone(backend)
  })

  test('outlives a paude that was killed, and comes as a bundle where it is removed by force', async () => {
    const cwd = makeProject()
    const seen = new Set(sessionIds())
    const running = startPaude(['run', '--', 'sh', '-c', `echo made >made.txt; ${COMMIT}; echo up; exec sleep 600`], options(cwd))
    await poll('the work is done', () => running.stdout() === 'up\n', 100)
    running.kill('SIGKILL')
    const id = sessionIds().find((one) => !seen.has(one)) ?? ''
    // The next start clears what killed ones have left.
    expect((await run(cwd, 'run', '--', 'true')).code).toBe(0)
    const { stdout, stderr, code } = await run(cwd, 'rm', '--force', id)
    expect([code, stdout]).toEqual([0, `${id}\n`])
    const bundle = /(\S+\.bundle)/.exec(stderr)?.[1] ?? ''
    runGit(cwd, ['fetch', '--quiet', bundle, 'refs/heads/*:refs/heads/kept/*'])
    expect(runGit(cwd, ['show', `kept/paude/${id.slice('paude-'.length)}:made.txt`])).toBe('made')
    await expectGone(backend)
  })

  test('as a worktree is on a branch of its own, and goes with its session unless it holds work', async () => {
    const cwd = makeProject()
    put(join(cwd, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${cwd}/../hooked\n`)
    chmodSync(join(cwd, '.git/hooks/post-checkout'), 0o755)
    const before = runGit(cwd, ['for-each-ref'])
    const tree = (...words: readonly string[]) => paude(words, options(cwd, { env: { PAUDE_WORKSPACE: 'worktree' } }))
    const folder = `${cwd}.worktrees/wt`
    const untouched = () => [
      existsSync(`${cwd}.worktrees`),
      existsSync(join(cwd, '.git/worktrees')),
      runGit(cwd, ['for-each-ref']),
    ]
    const first = await tree('run', '--session-name=wt', '--', 'sh', '-c', 'pwd; git status --short --branch; ls')
    expect([first.code, first.stdout]).toEqual([0, `${folder}\n## paude/wt\nREADME.md\n`])
    expect(untouched()).toEqual([false, false, before])
    expect((await tree('-p', 'SAY hello', FREE)).stdout).toBe('hello\n')
    expect(untouched()).toEqual([false, false, before])
    expect((await tree('run', '--image=localhost/paude/none', '--pull=never', '--', 'true')).code).toBe(125)
    expect(untouched()).toEqual([false, false, before])
    expect((await tree('--dry-run', 'run', '--', 'true')).stderr).toContain('--dry-run cannot show a start in a worktree')

    // Claude locks a working tree of its own, and is gone before it could take that back.
    const own = await paude(['-w', 'own', '-p', 'SAY hello', FREE], options(cwd, { env: { PAUDE_WORKSPACE: 'bind' } }))
    expect([own.code, own.stdout]).toEqual([0, 'hello\n'])
    expect(readdirSync(join(cwd, '.git/worktrees/own'))).not.toContain('locked')

    const script = `BASH echo made >made.txt; ${COMMIT}; echo left >left.txt; git config core.fsmonitor x; pwd;;SAY {result}`
    const second = await tree('--session-name=wt', '-p', script, FREE)
    expect([second.code, second.stdout]).toEqual([0, `${folder}\n`])
    expect(second.stderr).toContain('session wt stays: its worktree holds unsaved work\n  not committed: left.txt\n')
    expect(runGit(cwd, ['show', 'paude/wt:made.txt'])).toBe('made')
    expect(runGit(folder, ['status', '--short'])).toBe('?? left.txt')
    const same = await paude(['run', '--', 'true'], options(cwd, { env: { PAUDE_WORKSPACE: 'worktree=paude/wt' } }))
    expect([same.code, same.stderr]).toEqual([125, expect.stringContaining('branch paude/wt: it is checked out already')])
    const refused = await run(cwd, 'rm', 'wt')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('holds unsaved work\n  not committed: left.txt')])
    const removed = await run(cwd, 'rm', '--force', 'wt')
    expect([removed.code, existsSync(`${cwd}.worktrees`)]).toEqual([0, false])
    expect(removed.stderr).toContain('branch paude/wt stays, with what was committed on it')
    const bundle = /(\S+\.bundle)/.exec(removed.stderr)?.[1] ?? ''
    runGit(cwd, ['fetch', '--quiet', bundle, 'refs/paude/uncommitted-1:refs/heads/kept'])
    expect(runGit(cwd, ['show', 'kept:left.txt'])).toBe('left')
    expect(existsSync(join(cwd, '../hooked'))).toBe(false)
    await expectGone(backend)
  })

  test('sends nothing that git would not take, and nothing that it holds runs here', async () => {
    const cwd = makeProject()
    const ran = join(cwd, 'ran')
    for (const key of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.alternateRefsCommand',
      'uploadpack.packObjectsHook',
      'filter.f.smudge',
    ])
      runGit(cwd, ['config', key, `touch ${ran}; false`])
    put(join(cwd, '.git/info/attributes'), '* filter=f\n')
    put(join(cwd, '.git/hooks/reference-transaction'), `#!/bin/sh\ntouch ${ran}\n`)
    chmodSync(join(cwd, '.git/hooks/reference-transaction'), 0o755)
    const id = (await run(cwd, '--detach', 'SAY hello')).stdout.trim()
    const inBox = async (script: string) => {
      const { code, stderr } = await engine(backend, ['exec', `--workdir=${cwd}`, id, 'sh', '-c', script])
      if (code !== 0) throw new Error(stderr)
    }
    await poll(
      'the box is there',
      () =>
        inBox('git rev-parse HEAD').then(
          () => true,
          () => false,
        ),
      60,
    )

    await inBox(`mkdir -p .vscode; echo '{}' >.vscode/tasks.json; ${COMMIT}`)
    const good = await run(cwd, 'pull', id)
    expect(good.code).toBe(0)
    expect(good.stderr).toContain('this machine acts on it once you merge:\n  .vscode/tasks.json: VS Code runs tasks')

    // Your own git may run what your repository says: that is not the matter here.
    const bin = dirname(binary)
    const env = { ...environment({ ...api.env }), PATH: `${bin}:${process.env['PATH']}` }
    const plain = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false']
    const git = (...words: readonly string[]) => spawnSync('git', ['-C', cwd, ...plain, ...words], { env, encoding: 'utf8' })
    const word = id.slice('paude-'.length)
    const added = await paude(['remote', 'add', id], options(cwd, { env: { PATH: env.PATH } }))
    expect([added.code, added.stdout]).toEqual([0, `${id}\n`])
    expect(added.stderr).toContain(`made ${bin}/git-remote-paude`)
    await inBox(`echo x >.envrc; git branch try; ${COMMIT}`)
    const fetched = git('fetch', id)
    expect([fetched.status, fetched.stderr]).toEqual([0, expect.stringContaining('  .envrc: direnv')])
    expect(git('diff', '--name-only', 'HEAD', `paude/${word}`).stdout).toContain('.envrc\n')
    expect(git('rev-parse', `${id}/paude/${word}`).stdout).toBe(git('rev-parse', `paude/${word}`).stdout)
    expect(git('ls-remote', id).stdout).toMatch(/\trefs\/heads\/try\n/)
    expect(git('push', id, 'HEAD:x').stderr).toContain(`paude push ${id} brings your commit in`)

    const before = runGit(cwd, ['for-each-ref'])
    const objects = readdirSync(join(cwd, '.git/objects/pack'))
    // Trees as no git makes them, and a ref whose name leads out.
    for (const name of ['.git', '.GIT', '..']) {
      await inBox(
        `tree=$(printf '100644 blob %s\\t${name}\\n' "$(git hash-object -w README.md)" | git mktree) || exit; ` +
          'git update-ref refs/heads/evil "$(git commit-tree -p HEAD -m evil "$tree")"',
      )
      const refused = await run(cwd, 'pull', id)
      expect([name, refused.code, refused.stdout]).toEqual([name, 1, ''])
      expect(refused.stderr).toContain("does not pass git's check")
    }
    await inBox(
      'git update-ref -d refs/heads/evil; mkdir -p .git/refs/heads/x; git rev-parse HEAD >".git/refs/heads/x/..lock"; git rev-parse HEAD >".git/refs/heads/a~b"',
    )
    await run(cwd, 'pull', id)
    expect(runGit(cwd, ['for-each-ref'])).toBe(before)
    expect(readdirSync(join(cwd, '.git/objects/pack'))).toEqual(objects)
    expect(existsSync(ran)).toBe(false)
    expect((await run(cwd, 'rm', '--force', '--discard', id)).code).toBe(0)
    expect(git('remote').stdout).toBe('')
  })
})
