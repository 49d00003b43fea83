import { expect, test } from 'bun:test'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { engineNames } from '../../scripts/engines.mjs'
import {
  type BackendName,
  containersOf,
  describeEach,
  killWithRemover,
  leftovers,
  makeProject,
  paude,
  poll,
  put,
  type Running,
  root,
  serveApi,
  sessionIds,
  startPaude,
  stateHome,
} from './support.ts'

const folderOf = (id: string): string => join(stateHome, 'paude/sessions', id)

/**
 * Clients of the engines that know these sessions alone: what others have on this machine is not this file's to remove. paude asks every
 * engine that it finds, so those that are not tested here have one too.
 */
function only(ids: readonly string[]): Record<string, string> {
  const folder = join(root, ids.join())
  for (const name of engineNames) {
    const client = Bun.which(name)
    if (client === null) continue
    const filters = ids.map((id) => `--filter=name=${id}`).join(' ')
    const script = `#!/bin/sh\ncase " $* " in *" --filter=label=paude."*) set -- "$@" ${filters} ;; esac\nexec '${client}' "$@"\n`
    chmodSync(put(join(folder, name), script), 0o755)
  }
  return { PATH: `${folder}:${process.env['PATH']}` }
}

/** Waits until a foreground session says that its command is running. */
async function begun(running: Running, before: readonly string[]): Promise<string> {
  await poll('the command runs', () => running.stdout().includes('begun'), 120)
  return sessionIds().filter((id) => !before.includes(id))[0] ?? ''
}

describeEach('a session whose paude was killed together with its remover', (backend) => {
  const command = (...words: readonly string[]) => ['--backend', backend, ...words]
  const run = command('--network', 'restricted', 'run', '--', 'sh', '-c', 'echo begun; exec sleep 600')

  test('is named by doctor and ended by rm --orphans, while one whose paude lives is left alone', async () => {
    const [cwd, other] = [makeProject(), makeProject()]
    const earlier = sessionIds()
    const killed = startPaude(run, { cwd })
    const dead = await begun(killed, earlier)
    const living = startPaude(run, { cwd: other })
    const alive = await begun(living, [...earlier, dead])
    const env = only([dead, alive])
    expect((await paude(['doctor'], { cwd, env })).stdout).not.toContain('was killed')

    await killWithRemover(killed)
    await poll('it is known', async () => (await paude(['doctor'], { cwd, env })).stdout.includes(dead))
    const { stdout } = await paude(['doctor'], { cwd, env })
    expect(stdout).toContain(`the paude process of ${dead} was killed`)
    expect(stdout).toContain(`paude logs ${dead}`)
    expect(stdout).not.toContain(alive)
    const script = (await paude(['rm', '--orphans', '--dry-run'], { cwd, env })).stdout
    expect(script).toContain(`${dead}-proxy`)
    expect(script).not.toContain(alive)
    expect(await containersOf(backend, dead)).toHaveLength(2)

    const removed = await paude(['rm', '--orphans'], { cwd, env })
    expect({ code: removed.code, stderr: removed.stderr }).toEqual({
      code: 0,
      stderr: `paude: removed ${dead}, whose paude process was killed\n`,
    })
    expect((await leftovers(backend)).filter((part) => part.includes(dead) && !part.startsWith('process'))).toEqual([])
    expect(await containersOf(backend, alive)).toHaveLength(2)
    expect(existsSync(folderOf(alive))).toBe(true)
    living.kill('SIGTERM')
    await living.done
  }, 240_000)

  test('is one of those also when it was an agent without a screen, and its HOME stays', async () => {
    const api = serveApi()
    const cwd = makeProject()
    const earlier = sessionIds()
    try {
      const running = startPaude(command('-p', 'BASH sleep 600', '--dangerously-skip-permissions'), { cwd, env: api.env })
      const id = await poll(
        'its box runs',
        async () => {
          const [fresh] = sessionIds().filter((one) => !earlier.includes(one))
          return fresh !== undefined && (await isRunning(backend, fresh)) && fresh
        },
        120,
      )
      await killWithRemover(running)
      const env = only([id])
      await poll('it is known', async () => (await paude(['doctor'], { cwd, env })).stdout.includes(id))
      const { code, stderr } = await paude(['rm', '--orphans'], { cwd, env })
      expect({ code, stderr, left: await containersOf(backend, id) }).toMatchObject({ code: 0, left: [] })
      expect((await paude(['rm', '--volumes'], { cwd })).code).toBe(0)
    } finally {
      await api.stop()
    }
  }, 240_000)
})

async function isRunning(backend: BackendName, id: string): Promise<boolean> {
  const { stdout } = await paude(['sessions', '--json'])
  const rows = JSON.parse(stdout || '[]') as readonly { id: string; backend: string; status: string }[]
  return rows.some((row) => row.id === id && row.backend === backend && row.status === 'running')
}
