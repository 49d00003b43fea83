import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { binary, describeEach, engine, makeProject, paude, poll, put, root, startPaude } from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(300_000) // ms

/** A box that does what a file of the project says, and shows that it runs. */
const OBEYS =
  'while :; do date +%s%N >.tick; if [ -e deed ]; then mv deed .deed; sh ./.deed; rm .deed; echo done; fi; sleep 0.2; done'

type Row = {
  readonly id: string
  readonly workspace: string
  readonly status: string
  readonly kind: string
  readonly alarm: string
}

describeEach('a file that appears while a session runs', (backend) => {
  const home = join(root, `home-watch-${backend}`)
  const messages = join(home, 'messages')
  put(
    join(home, '.config/paude/config.toml'),
    `[notify]\non = ["finding"]\ncommand = ["sh", "-c", "cat >>${messages}; echo >>${messages}"]\n`,
  )
  const terminals = makeTerminals()
  afterAll(terminals.stop)
  const env = { HOME: home, PAUDE_BACKEND: backend }
  const project = makeProject()
  const call = (...words: readonly string[]) => paude(words, { cwd: project, env })
  const rows = async () => JSON.parse((await call('sessions', '--json')).stdout) as Row[]
  const row = async (id: string) => (await rows()).find((one) => one.id === id) ?? null
  const statusOf = async (id: string) => (await engine(backend, ['inspect', '--format={{.State.Status}}', id])).stdout.trim()
  const told = () => (existsSync(messages) ? readFileSync(messages, 'utf8').trim().split('\n') : [])
  const runsOn = async () => {
    const tick = () => readFileSync(join(project, '.tick'), 'utf8')
    const before = tick()
    await poll('the box goes on', () => tick() !== before, 60)
  }
  /** Whole at once: the box obeys what it finds. */
  const order = (deed: string) => renameSync(put(join(project, '.order'), deed), join(project, 'deed'))
  const paused = (id: string) => poll('the session is paused', async () => (await statusOf(id)) === 'paused', 60)

  test('pauses the session, is told everywhere, and a review or a start lets it go on', async () => {
    put(join(project, 'obey.sh'), OBEYS)
    const window = await terminals.open({ cwd: project, env })
    await window.start(`${binary} run -- sh obey.sh`)
    await poll('the box runs', () => existsSync(join(project, '.tick')), 60)
    const { id } = await poll('the session', async () => (await rows()).find((one) => one.workspace === project), 60)

    order('mkdir -p sub/.vscode && echo {} >sub/.vscode/tasks.json; echo later >sub/later')
    await paused(id)
    await window.see('paude paused this session: sub/.vscode appeared in the project', 60)
    await window.see(`In another terminal: paude review ${id}`.replace('In', 'Next, in'), 60)
    expect(await poll('it is told', async () => ((await row(id))?.kind === 'review' ? row(id) : null), 60)).toMatchObject({
      status: 'paused',
      alarm: 'sub/.vscode appeared in the project: VS Code runs tasks and obeys settings',
    })
    const table = await call('sessions')
    expect(table.stdout).toContain('waiting: review')
    expect(table.stderr).toContain(`is paused: sub/.vscode appeared in the project`)
    expect((await call('status')).stdout).toContain(`paude review ${id}`)
    expect(await call('wait', id, '--for', 'waiting', '--timeout', '60')).toMatchObject({ code: 0, stdout: `${id} waiting\n` })
    const kinds = await poll('a message', () => (told().length > 0 ? told().map((line) => JSON.parse(line).kind) : null), 60)
    expect(kinds).toEqual(['finding'])

    const kept = await call('review', id)
    expect(kept).toMatchObject({ code: 1, stderr: expect.stringContaining(`paude start ${id} lets it go on`) })
    const reverted = await call('review', id, 'sub/.vscode', '--revert')
    expect(reverted).toMatchObject({ code: 0, stderr: expect.stringContaining(`session ${id} goes on`) })
    expect(existsSync(join(project, 'sub/.vscode'))).toBe(false)
    await runsOn()
    await window.see((screen) => !screen.includes('paude paused this session'), 60)

    // A repository is ordinary work until its configuration names a program.
    order('git init -q lib && git -C lib config user.name x; touch .first; git -C lib config core.fsmonitor x')
    await paused(id)
    expect(existsSync(join(project, '.first'))).toBe(true)
    expect((await row(id))?.alarm).toContain('lib/.git appeared in the project')
    expect(await call('start', id)).toMatchObject({ code: 0, stdout: `${id}\n` })
    await runsOn()

    order('echo evil >.envrc; sleep 600')
    await paused(id)
    const stopped = await call('stop', id)
    expect(stopped).toMatchObject({ code: 0, stderr: expect.stringContaining(join(project, '.envrc')) })
    const asked = await window.see('1 of 2: [k]eep', 60)
    expect(asked).not.toContain('paude paused this session')
    await window.press('Enter')
    await window.see('2 of 2: [k]eep', 60)
    await window.press('Enter')
    expect(await window.ended(60)).toBe(137)
    rmSync(join(project, '.envrc'))
  })

  test('is told at once without a terminal, where nobody could let it go on', async () => {
    const place = makeProject()
    const script = 'echo evil >.envrc; until [ -e go ]; do sleep 0.1; done'
    const running = startPaude(['run', '--', 'sh', '-c', script], { cwd: place, env })
    await poll('it is told', () => running.stderr().includes('.envrc appeared in the project: direnv runs it at cd'), 60)
    put(join(place, 'go'), '')
    expect(await running.done).toMatchObject({ code: 0, stderr: expect.stringContaining('review it before you use it') })
  })
})
