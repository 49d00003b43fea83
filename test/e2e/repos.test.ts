import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Api, describeEach, makeProject, paude, poll, put, type RunOptions, runGit, serveApi } from './support.ts'

setDefaultTimeout(240_000) // ms

describeEach('a further repository', (backend) => {
  let api: Api
  beforeAll(() => {
    api = serveApi()
  })
  afterAll(() => api.stop())
  const options = (cwd: string): RunOptions => ({ cwd, env: { ...api.env, PAUDE_BACKEND: backend } })

  test('is worked in as the project is, and what was left there is named, shown and reverted', async () => {
    const [cwd, lib, docs] = [makeProject(), makeProject({ name: 'lib' }), makeProject({ name: 'docs' })]
    const listener = createServer().listen(join(docs, 'listener'))
    const script = [
      `cd ${lib} && echo made >made.txt && git add --all && git commit --quiet --message=made && git config user.nick ada`,
      'echo evil >.git/hooks/pre-commit; echo evil >.git/commondir; mv .git gone',
      'mkdir -p .vscode sub/.git && echo "{}" >.vscode/tasks.json',
      `touch ${docs}/x; [ -S ${docs}/listener ] || echo hidden; git -C ${docs} log --format=%s; git log --format=%s -1`,
    ].join('; ')
    const words = ['run', `--repo=${lib}`, `--repo=${docs}:ro`, '--', 'sh', '-c', script]
    const { code, stdout, stderr } = await paude(words, options(cwd))
    listener.close()
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^hidden\n.+\nmade\n$/)])
    expect(runGit(lib, ['log', '--format=%s', '-1'])).toBe('made')
    expect(readFileSync(join(lib, '.git/config'), 'utf8')).not.toContain('nick')
    expect(existsSync(join(docs, 'x'))).toBe(false)
    // Nothing of what paude put there is left.
    for (const name of ['hooks/pre-commit', 'commondir', 'config.worktree'])
      expect(existsSync(join(lib, '.git', name))).toBe(false)
    expect(stderr).toContain(join(lib, '.vscode'))
    expect(stderr).toContain('user.nick')
    const review = await paude(['review', '--last'], options(cwd))
    expect(review.stdout).toContain('lib/.vscode')
    const id = /paude review --last (paude-\w+)/.exec(stderr)?.[1] ?? ''
    expect((await paude(['review', '--last', id, lib, '--revert'], options(cwd))).code).toBe(0)
    expect(existsSync(join(lib, '.vscode'))).toBe(false)
    expect(readFileSync(join(lib, 'made.txt'), 'utf8')).toBe('made\n')
  })

  test('is told of while a session runs, there and at the next start with it', async () => {
    const [cwd, other, lib] = [makeProject(), makeProject(), makeProject({ name: 'lib' })]
    const name = `in-lib-${backend}`
    const start = await paude(['--detach', `--session-name=${name}`, `--repo=${lib}`, 'SAY hello'], options(cwd))
    expect(start.code).toBe(0)
    await poll('it runs', async () => (await paude(['exec', name, '--', 'true'], options(cwd))).code === 0, 60)
    put(join(lib, 'paude.toml'), '[network]\nmode = "open"\n')
    const second = await paude(['--detach', `--repo=${lib}`, 'SAY hello'], options(other))
    expect(second.stderr).toContain(`${name} has been running in ${lib}`)
    const rows = JSON.parse((await paude(['sessions', '--json'], options(cwd))).stdout) as readonly {
      readonly id: string
      readonly repos: unknown
      readonly planted: readonly string[]
    }[]
    expect(rows.find(({ id }) => id === start.stdout.trim())).toMatchObject({
      repos: [{ root: lib, readOnly: false }],
      planted: [join(lib, 'paude.toml')],
    })
    expect((await paude(['stop', name], options(cwd))).stderr).toContain(join(lib, 'paude.toml'))
    expect((await paude(['rm', '--force', name, second.stdout.trim()], options(cwd))).code).toBe(0)
  })

  test('is nothing that a project can have by itself, and nothing beside a clone', async () => {
    const [cwd, lib] = [makeProject(), makeProject({ name: 'lib' })]
    const clone = await paude(['run', '--workspace=clone', `--repo=${lib}`, '--', 'true'], options(cwd))
    expect([clone.code, clone.stdout]).toEqual([125, ''])
    expect(clone.stderr).toContain('--repo and --workspace clone cannot be combined')
    put(join(cwd, 'paude.toml'), `[workspace]\nrepos = ["${lib}"]\n`)
    const untrusted = await paude(['run', '--', 'ls', lib], options(cwd))
    expect(untrusted.code).not.toBe(0)
    expect(untrusted.stderr).toContain('workspace.repos')
  })
})
