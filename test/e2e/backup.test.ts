import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Api,
  describeEach,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  runGit,
  serveApi,
  stateHome,
} from './support.ts'

setDefaultTimeout(240_000) // ms

const FREE = '--dangerously-skip-permissions'

describeEach('a backup', (backend) => {
  let api: Api
  beforeAll(() => {
    api = serveApi()
  })
  afterAll(() => api.stop())
  const options = (cwd: string, more: RunOptions = {}): RunOptions => ({
    cwd,
    ...more,
    env: { ...api.env, PAUDE_BACKEND: backend },
  })
  const run = (cwd: string, ...words: readonly string[]) => paude(words, options(cwd))
  const sh = (cwd: string, session: string, script: string) => run(cwd, 'exec', session, '--', 'sh', '-c', script)
  const isUp = (cwd: string, session: string) =>
    poll(`${session} runs`, async () => (await sh(cwd, session, 'true')).code === 0, 90)

  test('of a clone has its commits, what is not committed and the conversation, and goes on elsewhere under a new id', async () => {
    const cwd = makeProject()
    const file = join(root, `clone-${backend}.paude`)
    const name = `kept-${backend}`
    const work =
      'git switch --quiet -c try; echo one >one.txt; git add one.txt; git commit --quiet -m one; echo stashed >s.txt; git add s.txt; git stash --quiet; echo two >>README.md; echo new >"new file"'
    const first = await run(
      cwd,
      '--workspace=clone',
      `--session-name=${name}`,
      '--network-deny=never.example.org',
      '-p',
      `BASH ${work}; for one in ~/.claude/projects/*/*.jsonl; do mkdir -p "\${one%.jsonl}" && echo x >"\${one%.jsonl}/a b" && ln -s /etc/passwd "\${one%.jsonl}/link"; done;;SAY remember this`,
      FREE,
    )
    expect(first.code).toBe(0)

    const backup = await run(cwd, 'backup', name, file)
    expect([backup.code, backup.stdout]).toEqual([0, `${file}\n`])
    expect(backup.stderr).toContain('because of unusual names: 1 of the files')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await run(cwd, 'backup', name, file)).stderr).toContain('exists already')
    // Nothing of it is left in the clone, or in the folder of the session.
    expect((await run(cwd, 'rm', name)).stderr).not.toContain('refs/paude')
    const listed = execFileSync('tar', ['-tf', file]).toString().trim().split('\n')
    expect(listed[0]).toBe('manifest.json')
    expect(listed.some((one) => /^home\/\.claude\/projects\/[\w-]+\/[\w-]+\.jsonl$/.test(one))).toBe(true)
    expect(listed).toContain('workspace.bundle')
    expect(listed.join()).not.toMatch(/credentials|settings|claude\.json/)
    expect((await run(cwd, 'rm', '--discard', '--volumes', name)).code).toBe(0)

    const stream = await paude(['restore', '-'], options(cwd, { stdin: readFileSync(file) }))
    expect([stream.code, stream.stderr]).toEqual([0, expect.not.stringContaining('→')])
    const id = stream.stdout.trim()
    expect(id).toMatch(/^paude-\w{6}$/)
    await isUp(cwd, id)
    const seen = await sh(
      cwd,
      id,
      'git branch --show-current; git log --format=%s -1; git stash list | wc -l; git status --porcelain; cat "new file"; git for-each-ref refs/paude; id -u; stat -c %u README.md .git; cat "$HOME"/.claude/projects/*/*.jsonl | grep -c "remember this"',
    )
    const uid = process.getuid?.() ?? 0
    expect(seen.stdout).toMatch(
      new RegExp(`^try\\none\\n1\\n M README\\.md\\n\\?\\? "new file"\\nnew\\n${uid}\\n${uid}\\n${uid}\\n[1-9]\\d*\\n$`),
    )
    await poll('it goes on', async () => (await run(cwd, 'screen', id)).stdout.includes('remember this'), 90)
    expect((await run(cwd, 'network', 'list', '--json', id)).stdout).toContain('never.example.org')
    expect((await run(cwd, 'pull', id)).code).toBe(0)
    expect(runGit(cwd, ['log', '--format=%s', '-1', `paude-${name}/try`])).toBe('one')
    expect((await run(cwd, 'backup', id, join(root, 'running'))).stderr).toContain('is running')
    expect((await run(cwd, 'rm', '--force', '--discard', id)).code).toBe(0)
    expect(readdirSync(join(stateHome, 'paude')).filter((one) => one.startsWith('restore-'))).toEqual([])
  })

  test('of a session in your folder names that, and what a stranger put into one is refused before anything starts', async () => {
    const cwd = makeProject()
    const id = (await run(cwd, '--detach', '-p', 'SAY hello')).stdout.trim()
    expect((await run(cwd, 'wait', id)).code).toBe(0)
    const made = await paude(['backup', id, '-'], options(cwd))
    expect(made.code).toBe(0)
    expect(made.stderr).toContain(`the files of ${cwd} are not in the backup`)
    const file = put(join(root, `bind-${backend}.paude`), '')
    expect((await run(cwd, 'backup', id, join(root, `whole-${backend}.paude`))).code).toBe(0)
    const folder = join(root, `open-${backend}`)
    execFileSync('sh', ['-c', `mkdir "$1" && cd "$1" && tar -xf "$2"`, 'sh', folder, join(root, `whole-${backend}.paude`)])
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
    const settings = '{"hooks":{}}'
    put(join(folder, 'home/.claude/settings.json'), settings)
    const sha256 = new Bun.CryptoHasher('sha256').update(settings).digest('hex')
    manifest.files.push({ name: 'home/.claude/settings.json', size: settings.length, sha256 })
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
    const names = ['manifest.json', ...manifest.files.map((one: { readonly name: string }) => one.name)]
    execFileSync('tar', ['-cf', file, '-C', folder, ...names])
    const before = readdirSync(join(stateHome, 'paude/sessions'))
    const restored = await run(cwd, 'restore', file)
    expect([restored.code, restored.stdout]).toEqual([125, ''])
    expect(restored.stderr).toContain('settings.json, which belongs to no conversation')
    expect(readdirSync(join(stateHome, 'paude/sessions'))).toEqual(before)
    expect(existsSync(join(cwd, 'home'))).toBe(false)
    expect((await run(cwd, 'rm', '--volumes', id)).code).toBe(0)
  })
})
