import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import {
  containersOf,
  describeEach,
  expectNothingLeft,
  killWithRemover,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'

setDefaultTimeout(240_000) // ms

/** Starts and ends of the long test; every fifth of them is killed. */
const MANY = Number(process.env['PAUDE_TEST_MANY'] ?? 40)
/** So many at a time. */
const ABREAST = 4

const folderOf = (id: string): string => join(stateHome, 'paude/sessions', id)

describeEach('the end of a session', (backend) => {
  const options = ({ env, ...more }: RunOptions = {}): RunOptions => ({
    cwd: makeProject(),
    ...more,
    env: { PAUDE_BACKEND: backend, PAUDE_WAIT_REMOVAL: undefined, ...env },
  })
  const start = (words: readonly string[], more?: RunOptions) => startPaude(['--network=restricted', ...words], options(more))
  const run = async (words: readonly string[], more?: RunOptions) => await start(words, more).done

  /** A session whose program goes on, and its id. */
  async function lasting() {
    const before = sessionIds()
    const running = start(['run', '--', 'sh', '-c', 'echo up; exec sleep 600'])
    await poll('the box is up', () => running.stdout() === 'up\n', 100)
    return { running, id: sessionIds().filter((one) => !before.includes(one))[0] ?? '' }
  }

  beforeAll(async () => {
    expect((await paude(['image', 'build'], options())).code).toBe(0)
    expect((await run(['run', '--', 'true'])).code).toBe(0)
  }, 600_000)

  test(
    `leaves nothing after ${MANY} of them, ${ABREAST} at a time, some killed at any moment`,
    async () => {
      const cwd = makeProject()
      const began = Date.now()
      await run(['run', '--', 'true'], { cwd })
      // How long the last one took: as many at a time take longer than one alone, and a busy machine takes its time.
      let span = Date.now() - began
      const wrong: unknown[] = []
      let [next, killed] = [0, 0]
      const worker = async () => {
        while (next < MANY) {
          const at = next++
          const running = start(['run', '--', 'echo', 'done'], { cwd })
          let doomed = at % 5 === 4
          const started = Date.now()
          // Spread evenly over a start and its end, whatever the number.
          const timer = doomed ? setTimeout(() => running.kill('SIGKILL'), span * 1.2 * ((at * 0.6180339887) % 1)) : undefined
          const { code, stdout, stderr } = await running.done
          clearTimeout(timer)
          doomed &&= code === -1
          if (doomed) killed++
          else span = Date.now() - started
          if (!doomed && (code !== 0 || stdout !== 'done\n' || stderr !== '')) wrong.push({ at, code, stdout, stderr })
        }
      }
      await Promise.all(Array.from({ length: ABREAST }, worker))
      console.log(`${backend}: ${MANY} starts in ${Math.round((Date.now() - began) / 1000)} s, ${killed} of them killed`)
      expect(wrong).toEqual([])
      expect(killed).toBeGreaterThan(MANY / 20)
      await expectNothingLeft(backend)
    },
    MANY * 10_000 + 120_000,
  )

  test('takes all of it away by itself when paude is killed', async () => {
    const { running } = await lasting()
    running.kill('SIGKILL')
    await running.done
    await expectNothingLeft(backend)
  })

  test('that was cut short together with its remover is made good by the next start', async () => {
    const { running, id } = await lasting()
    await killWithRemover(running)
    expect(await containersOf(backend, id)).toHaveLength(2)
    expect(existsSync(folderOf(id))).toBe(true)
    expect(await run(['run', '--', 'echo', 'next'])).toEqual({ code: 0, stdout: 'next\n', stderr: '' })
    await expectNothingLeft(backend)
  })

  test('is awaited where that is asked for', async () => {
    for (const [flags, env] of [
      [['--wait-removal'], {}],
      [[], { PAUDE_WAIT_REMOVAL: '1' }],
    ] as const) {
      const before = sessionIds()
      expect(await run([...flags, 'run', '--', 'true'], { env })).toMatchObject({ code: 0 })
      const [id = ''] = sessionIds().filter((one) => !before.includes(one))
      expect(id).not.toBe('')
      expect([await containersOf(backend, id), existsSync(folderOf(id))]).toEqual([[], false])
    }
  })

  test('is not awaited: its name is free at once, and no list shows it', async () => {
    // An engine that removes nothing until it is told to.
    const go = join(root, `go-${backend}`)
    const shim = put(
      join(root, `slow-${backend}`, backend),
      `#!/bin/bash\nif [[ $1 == rm ]]; then until [[ -e ${go} ]]; do read -r -t 0.05 <> <(:); done; fi\nexec ${Bun.which(backend)} "$@"\n`,
    )
    chmodSync(shim, 0o755)
    const slow = { env: { PATH: `${dirname(shim)}${delimiter}${process.env['PATH']}` } }
    const name = `again-${backend}`
    const ids: string[] = []
    for (let turn = 0; turn < 3; turn++) {
      const before = sessionIds()
      expect(await run([`--session-name=${name}`, 'run', '--', 'echo', 'done'], slow)).toEqual({
        code: 0,
        stdout: 'done\n',
        stderr: '',
      })
      ids.push(...sessionIds().filter((one) => !before.includes(one)))
    }
    expect(ids).toHaveLength(3)
    expect(ids.map((id) => existsSync(folderOf(id)))).toEqual([true, true, true])
    for (const id of ids) expect(await containersOf(backend, id)).toContain(`${id}-proxy`)

    const listed = JSON.parse((await paude(['sessions', '--json'], options())).stdout) as readonly { id: string }[]
    expect(listed.filter(({ id }) => ids.includes(id))).toEqual([])
    expect((await paude(['exec', name, '--', 'true'], options())).stderr).toContain('no session has the name or id ')
    put(go, '')
    await expectNothingLeft(backend)
  })
})
