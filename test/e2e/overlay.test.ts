import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, describeEach, homeVolumes, makeProject, paude, poll, put, type RunOptions, serveApi } from './support.ts'

setDefaultTimeout(240_000) // ms

describeEach('an overlay', (backend) => {
  let api: Api
  beforeAll(() => {
    api = serveApi()
  })
  afterAll(() => api.stop())
  const options = (cwd: string): RunOptions => ({ cwd, env: { ...api.env, PAUDE_BACKEND: backend } })
  const sh = (cwd: string, script: string, ...words: readonly string[]) =>
    paude(['run', ...words, '--', 'sh', '-c', script], options(cwd))
  const overlays = async () => (await homeVolumes(backend)).filter((name) => name.startsWith('paude-overlay-'))

  test('keeps what is built in the sandbox from this machine, for all sessions of the project, and goes by rm --volumes', async () => {
    const cwd = makeProject()
    put(join(cwd, 'node_modules/tool'), 'of the host\n')
    put(join(cwd, 'paude.toml'), '[workspace]\noverlay = ["node_modules", "web/target"]\n')
    mkdirSync(join(cwd, 'web'))
    // Both are made by their first start: one where the host has a folder, one where it has none.
    const script =
      'ls -A node_modules web/target; echo built >node_modules/tool && echo built >web/target/x && mv web other; ls web'
    const first = await sh(cwd, script)
    expect([first.code, first.stdout]).toEqual([0, 'node_modules:\n\nweb/target:\ntarget\n'])
    expect(first.stderr).toContain('web')
    expect(readFileSync(join(cwd, 'node_modules/tool'), 'utf8')).toBe('of the host\n')
    // What the mount lay on goes with the session.
    expect([readdirSync(join(cwd, 'web')), existsSync(join(cwd, 'other'))]).toEqual([[], false])

    const again = await sh(
      cwd,
      'cat node_modules/tool web/target/x; stat -c %u node_modules; rmdir web/target; ln -sfn /tmp node_modules/out',
    )
    expect([again.code, again.stdout]).toEqual([0, `built\nbuilt\n${process.getuid?.() ?? 0}\n`])
    expect(await overlays()).toHaveLength(2)
    const status = JSON.parse((await paude(['status', '--json'], options(cwd))).stdout) as { readonly overlay: unknown }
    expect(status.overlay).toEqual(['node_modules', 'web/target'].map((name) => join(cwd, name)))
    const removed = await paude(['rm', '--volumes'], options(cwd))
    expect(removed.code).toBe(0)
    expect(await overlays()).toEqual([])
  })

  test('outlives a stop, and what two sessions lie on stays until the last is gone', async () => {
    const cwd = makeProject()
    const start = (name: string) => paude(['--detach', `--session-name=${name}`, '--overlay=target', 'SAY hello'], options(cwd))
    const [one, two] = [await start('one'), await start('two')]
    expect([one.code, two.code]).toEqual([0, 0])
    const inside = (name: string, script: string) => paude(['exec', name, '--', 'sh', '-c', script], options(cwd))
    await poll('it takes a file', async () => (await inside('one', 'echo built >target/x')).code === 0, 60)
    const folder = join(cwd, 'target')
    expect([statSync(folder).uid, readdirSync(folder)]).toEqual([process.getuid?.() ?? 0, []])
    const rows = JSON.parse((await paude(['sessions', '--json'], options(cwd))).stdout) as readonly {
      readonly id: string
      readonly overlays: readonly { readonly path: string }[]
    }[]
    expect(rows.find(({ id }) => id === one.stdout.trim())?.overlays.map(({ path }) => path)).toEqual([folder])
    expect((await paude(['rm', '--force', 'one'], options(cwd))).code).toBe(0)
    expect(existsSync(folder)).toBe(true)
    expect((await inside('two', 'cat target/x')).stdout).toBe('built\n')
    expect((await paude(['stop', 'two'], options(cwd))).code).toBe(0)
    rmSync(folder, { recursive: true })
    expect((await paude(['start', 'two'], options(cwd))).code).toBe(0)
    await poll('it has the file', async () => (await inside('two', 'cat target/x')).stdout === 'built\n', 60)
    // What you put there is yours.
    writeFileSync(join(folder, 'mine'), '')
    const { code, stderr } = await paude(['rm', '--force', '--volumes', 'two'], options(cwd))
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('target')])
    expect(readdirSync(folder)).toEqual(['mine'])
    expect(await overlays()).toEqual([])
  })
})
