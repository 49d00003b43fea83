import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backends } from '../../src/backends/registry.ts'
import { readLimits, sizeText } from '../../src/box/limits.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

describe('what the engines say', () => {
  test('a session’s use of CPU and memory, in both kinds of units, and of nobody else', () => {
    const parse = (text: string) => backends.docker.inventory.usage?.([]).parse(text)
    expect(
      parse(
        [
          'paude-bcd234\t150.2%\t1.5MiB / 2GiB\t12',
          'paude-bcd234-proxy\t1.00%\t4MiB / 256MiB\t3',
          'postgres\t1.00%\t4MiB / 256MiB\t3',
          'paude-ghj567\t0.00%\t618.5kB / 67.11MB\t1',
          // What an engine says of one that is just ending.
          'paude-kmn789\t--\t-- / --\t--',
          '',
        ].join('\n'),
      ),
    ).toEqual([
      { session: 'paude-bcd234', cpus: 1.502, memory: 1_572_864, processes: 12 },
      { session: 'paude-ghj567', cpus: 0, memory: 618_500, processes: 1 },
      { session: 'paude-kmn789', cpus: 0, memory: 0, processes: 0 },
    ])
  })

  test.each(['docker', 'podman'] as const)('%s: only a box that ended by it has reached its limit of memory', (name) => {
    const { inventory, life } = backends[name]
    const state = (said: object) =>
      life.state({ id: 'paude-bcd234' } as never).parse(JSON.stringify({ Status: 'exited', ...said }))
    expect(state({ ExitCode: 137, OOMKilled: true })).toEqual({ status: 'exited', exitCode: 137, outOfMemory: true })
    expect(state({ ExitCode: 137, OOMKilled: false })).toEqual({ status: 'exited', exitCode: 137 })
    // One of its programs was ended, and it went on.
    expect(state({ ExitCode: 1, OOMKilled: true })).toEqual({ status: 'exited', exitCode: 1 })
    const query = inventory.outOfMemory?.([{ id: 'paude-bcd234' }, { id: 'paude-ghj567' }])
    expect(query?.argv.slice(-2)).toEqual(['paude-bcd234', 'paude-ghj567'])
    expect(
      query?.parse('/paude-bcd234 {"ExitCode":137,"OOMKilled":true}\npaude-ghj567 {"ExitCode":137,"OOMKilled":false}\n'),
    ).toEqual(['paude-bcd234'])
  })

  test('a cluster says it with the state', () => {
    const agent = (reason: string) => ({
      kind: 'Pod',
      metadata: { name: 'x', labels: {} },
      status: { containerStatuses: [{ name: 'agent', state: { terminated: { exitCode: 137, reason } } }] },
    })
    const box = { id: 'paude-bcd234', cluster: { context: 'c', namespace: 'n' } } as never
    const parse = (reason: string) => backends.kubernetes.life.state(box).parse(JSON.stringify({ items: [agent(reason)] }))
    expect(parse('OOMKilled')).toEqual({ status: 'exited', exitCode: 137, outOfMemory: true })
    expect(parse('Error')).toEqual({ status: 'exited', exitCode: 137 })
  })

  test.each(['64m', '512m', '2g', '1.5g', '3t'])('a size reads as it is written: %s', (text) => {
    expect(sizeText(readLimits({ cpus: '', memory: text, pids: '4096' }).memory)).toBe(text)
  })
})

describe('sessions', () => {
  let machine: Machine
  beforeEach(() => {
    machine = makeMachine(['docker'])
  })
  afterEach(() => machine.dispose())
  const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-test' }
  const row = (id: string, state: string, status: string): string =>
    `${JSON.stringify([state, status, id, '', 'claude', machine.project, '2026-01-02T03:04:05.000Z', 'restricted'])}\n`
  const begun = async (...words: string[]) => (await machine.paude(['--detach', ...words, '-p', 'x'], { env: KEY })).stdout.trim()
  const asked = (verb: string) => machine.calls().filter(([, one]) => one === verb)

  test('--stats shows CPU and memory, with one call and only when asked', async () => {
    machine.set('say', 'list', '')
    const id = await begun('--memory', '2g')
    machine.set('say', 'list', row(id, 'running', 'Up 2 minutes') + row('paude-zzz999', 'running', 'Up 2 days'))
    machine.set('say', 'stats', `${id}\t43.21%\t312MiB / 2GiB\t12\n`)
    expect((await machine.paude(['sessions'])).stdout).not.toContain('MEMORY')
    expect(asked('stats')).toHaveLength(0)
    const { stdout } = await machine.paude(['sessions', '--stats'])
    expect(stdout).toMatch(/CPU +MEMORY/)
    expect(stdout).toMatch(/43 % +312m \/ 2g /)
    expect(asked('stats').map((words) => words.slice(5))).toEqual([[id]])
    const said = (await machine.paude(['sessions', '--stats', '--json'])).stdout
    const rows = (JSON.parse(said) as readonly { id: string; image: string; mounts: object[] }[]).toSorted((a, b) =>
      a.id < b.id ? -1 : 1,
    )
    expect(rows).toMatchObject([
      { id, usage: { cpus: 0.432, memory: 312 * 1024 ** 2, memoryLimit: 2 * 1024 ** 3, processes: 12 } },
      { id: 'paude-zzz999', usage: null },
    ])
    expect(rows[0]).toMatchObject({ limits: { cpus: 0, memory: 2 * 1024 ** 3, pids: 4096 } })
    expect(rows[0]?.image).toContain('paude/claude')
    expect(rows[0]?.mounts).toContainEqual({ source: machine.project, target: machine.project, readOnly: false })
    expect(rows[1]).toMatchObject({ limits: null, image: null, mounts: [] })
    machine.set('fail', 'stats', 'stats is not supported in rootless mode without cgroups v2')
    expect(await machine.paude(['sessions', '--stats'])).toMatchObject({ code: 0, stderr: expect.stringContaining('cgroups v2') })
  })

  test('one that reached its limit of memory is named as such, and no engine is asked where none was killed', async () => {
    machine.set('say', 'list', '')
    const id = await begun('--memory', '2g')
    machine.set('say', 'list', row(id, 'exited', 'Exited (1) 2 days ago'))
    const before = asked('container').length
    await machine.paude(['sessions'])
    expect(asked('container')).toHaveLength(before)
    machine.set('say', 'list', row(id, 'exited', 'Exited (137) 2 days ago'))
    machine.set('say', 'state', `/${id} {"ExitCode":137,"OOMKilled":true}\n`)
    expect((await machine.paude(['sessions'])).stdout).toContain('out of memory')
    expect(JSON.parse((await machine.paude(['sessions', '--json'])).stdout)).toMatchObject([
      { id, outOfMemory: true, exitCode: 137 },
    ])
    // What the user stopped was killed by that.
    writeFileSync(join(machine.folderOf(id), 'wanted'), 'stopped\n')
    expect((await machine.paude(['sessions'])).stdout).not.toContain('out of memory')
  })

  test('the end of a run says so, with the limit', async () => {
    machine.set('code', 'agent', '137')
    const exited = JSON.parse(readFileSync(join(import.meta.dir, '../fixtures/docker/state-killed.out'), 'utf8'))
    machine.set('say', 'state', JSON.stringify({ ...exited, OOMKilled: true }))
    const run = (...words: string[]) => machine.paude([...words, 'run', '--', 'x'], { env: KEY })
    const { code, stderr } = await run('--memory', '512m')
    expect(code).toBe(137)
    expect(stderr).toContain('the session ended because it reached its memory limit (512m)')
    machine.set('say', 'state', JSON.stringify(exited))
    expect((await run('--memory', '512m')).stderr).not.toContain('memory limit')
  })
})
