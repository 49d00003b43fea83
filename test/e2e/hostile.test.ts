import { expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describeEach, expectGone, makeProject, paude, put, root, runGit } from './support.ts'

/** A folder of programs in front of PATH: the engine's client does something to the project just before one of its verbs. */
function interposed(backend: string, verb: string, deed: string): string {
  const folder = join(root, `shim-${backend}-${Math.random().toString(36).slice(2)}`)
  const real = Bun.which(backend) ?? backend
  chmodSync(put(join(folder, backend), `#!/bin/sh\n[ "$1" != ${verb} ] || { ${deed}; }\nexec ${real} "$@"\n`), 0o755)
  return `${folder}:${process.env['PATH']}`
}

test('a project cannot configure the program that runs in it', async () => {
  const project = makeProject()
  put(join(project, '.env'), 'PAUDE_NETWORK=open\nANTHROPIC_BASE_URL=https://evil.example.test\n')
  put(join(project, 'bunfig.toml'), 'preload = ["./evil.ts"]\n')
  put(join(project, 'evil.ts'), "require('node:fs').writeFileSync('ran', 'yes')\n")
  const { code, stdout } = await paude(['--backend', 'docker', '--print-config'], { cwd: project })
  expect(code).toBe(0)
  expect(stdout).toContain('api.anthropic.com')
  expect(stdout).not.toContain('evil.example.test')
  expect(stdout).toMatch(/^network\.mode\s+restricted\s+# default$/m)
  expect(existsSync(join(project, 'ran'))).toBe(false)
})

test('a project cannot put its own programs before those of the machine', async () => {
  const project = makeProject()
  for (const name of ['git', 'docker', 'podman', 'rm'])
    chmodSync(put(join(project, name), `#!/bin/sh\necho yes >'${project}/ran'\n`), 0o755)
  await paude(['--backend', 'docker', '--dry-run'], { cwd: project, env: { PATH: `.::${process.env['PATH']}` } })
  expect(existsSync(join(project, 'ran'))).toBe(false)
})

test('a pipe that git would wait for does not hold a start up', async () => {
  const project = makeProject()
  Bun.spawnSync(['mkfifo', join(project, 'pipe')])
  runGit(project, ['config', 'include.path', '../pipe'])
  const { code } = await paude(['--backend', 'docker', '--dry-run'], { cwd: project })
  expect(code).toBe(0)
}, 180_000)

describeEach('a hostile project', (backend) => {
  const run = (...command: readonly string[]) => ['--backend', backend, 'run', '--', 'sh', '-c', ...command]

  test('cannot swap a folder for a link between the look and the mount', async () => {
    const project = makeProject()
    const victim = makeProject({ name: 'victim', git: false })
    const work = join(project, 'sub')
    mkdirSync(work)
    Bun.spawnSync(['rm', '-rf', join(project, '.git')])
    const PATH = interposed(backend, 'create', `mv '${work}' '${work}.old'; ln -s '${victim}' '${work}'`)
    const { code, stderr } = await paude(run('echo owned >planted'), { cwd: work, env: { PATH } })
    expect(code).toBe(125)
    expect(stderr).toContain('the project changed while it was mounted')
    expect(existsSync(join(victim, 'planted'))).toBe(false)
    await expectGone(backend)
  })

  test('is refused when a link stands where a guarded folder was looked at', async () => {
    const project = makeProject()
    const victim = makeProject({ name: 'victim', git: false })
    put(join(victim, 'secret'), 'TOP SECRET')
    put(join(project, '.vscode/tasks.json'), '{}')
    const PATH = interposed(backend, 'create', `mv '${project}/.vscode' '${project}/old'; ln -s '${victim}' '${project}/.vscode'`)
    const { code, stdout } = await paude(run('cat .vscode/secret'), { cwd: project, env: { PATH } })
    expect(code).not.toBe(0)
    expect(stdout).not.toContain('TOP SECRET')
  })

  test('cannot move a guarded folder away in its parent', async () => {
    const project = makeProject()
    put(join(project, 'tools/hooks/pre-commit'), '#!/bin/sh\n')
    runGit(project, ['config', 'core.hooksPath', 'tools/hooks'])
    const { stdout } = await paude(run('mv tools old && echo moved; echo x >tools/hooks/pre-commit && echo written'), {
      cwd: project,
    })
    expect(stdout).toBe('')
    expect(readFileSync(join(project, 'tools/hooks/pre-commit'), 'utf8')).toBe('#!/bin/sh\n')
  })

  test('is named for what it newly made that this machine may run', async () => {
    const project = makeProject()
    const { code, stderr } = await paude(run('mkdir .vscode && echo {} >.vscode/tasks.json'), { cwd: project })
    expect(code).toBe(0)
    expect(stderr).toContain(join(project, '.vscode'))
  })

  test('is named for a repository hidden in it that git would enter', async () => {
    const project = makeProject()
    const plant = [
      'mkdir docs && cd docs && git init -q && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && cd ..',
      'git update-index --add --cacheinfo 160000,$(git -C docs rev-parse HEAD),docs',
    ].join(' && ')
    const { code, stderr } = await paude(run(plant), { cwd: project })
    expect(code).toBe(0)
    expect(stderr).toContain(join(project, 'docs/.git'))
  })

  test('that the host itself changed under the sandbox is named', async () => {
    const project = makeProject()
    const PATH = interposed(backend, 'start', `git -C '${project}' config branch.main.remote origin`)
    const { stderr } = await paude(run('true'), { cwd: project, env: { PATH } })
    expect(stderr).toContain(join(project, '.git/config'))
  })

  test('whose folder is a link to a place that is refused is refused', async () => {
    const project = makeProject()
    symlinkSync('/etc', join(project, 'etc'))
    renameSync(join(project, '.git'), join(project, 'git'))
    const { code, stderr } = await paude(run('ls'), { cwd: join(project, 'etc') })
    expect(code).toBe(125)
    expect(stderr).toContain('/etc')
  })
})
