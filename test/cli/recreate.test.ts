import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backends } from '../../src/backends/registry.ts'
import type { Handle } from '../../src/box/handle.ts'
import { changesBetween } from '../../src/session/life/box-changes.ts'
import { requireRecreatable } from '../../src/session/life/recreate.ts'
import type { SessionRecord } from '../../src/session/record/record.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

setDefaultTimeout(60_000) // ms: holders of agents that these engines only pretend to end are waited for

const KEY = { ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-test' }
const CONVERSATION = '4a1d9e3c-0b57-4c0f-9b1e-2f3a4b5c6d7e'

let machine: Machine
beforeEach(() => {
  machine = makeMachine(['docker'])
  machine.set('say', 'list', '')
})
afterEach(() => machine.dispose())

const recordOf = (id: string): SessionRecord => JSON.parse(readFileSync(join(machine.folderOf(id), 'session.json'), 'utf8'))
const recreate = (...words: string[]) => machine.paude(words, { env: KEY })
/** What the engine was told to make and to remove, in order. */
const orders = (from: number) =>
  machine
    .calls()
    .slice(from)
    .filter(([program, verb]) => program === 'docker' && /^(rm|create|run|start|stop|volume)$/.test(verb ?? ''))
    .map((words) =>
      words
        .filter((word) => !word.startsWith('-'))
        .slice(1, words[1] === 'volume' ? 3 : 2)
        .join(' '),
    )

async function stopped(...words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await machine.paude(['--detach', ...words], { env: KEY })
  expect(stderr).toBe('')
  const id = stdout.trim()
  writeFileSync(join(machine.folderOf(id), 'out/conversation'), `${CONVERSATION}\n`)
  writeFileSync(join(machine.folderOf(id), 'out/events'), '1.0 start 1\t\n')
  machine.ended('killed')
  return id
}

describe('recreate', () => {
  test('makes another box of the same session, which goes on with its conversation and its options', async () => {
    const id = await stopped('--session-name', 'blue', '--memory', '3g', '--model', 'opus', 'a prompt')
    const before = recordOf(id)
    const from = machine.calls().length
    const { code, stdout, stderr } = await recreate('--memory', '4g', '--network-allow', 'a.example', 'recreate', 'blue')
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${id}\n` })
    expect(stderr).toBe('paude: may reach a.example:80, a.example:443\npaude: limits.memory 4g, before 3g\n')
    const after = recordOf(id)
    expect(after).toMatchObject({
      ...{ id, name: 'blue', homeVolume: before.homeVolume, workspace: machine.project },
      ...{ conversation: CONVERSATION, words: ['--model', 'opus'], limits: { memory: 4 * 1024 ** 3 } },
    })
    const seed = readFileSync(join(machine.folderOf(id), 'seed/command.sh'), 'utf8')
    expect(seed).toContain(`claude --session-id ${CONVERSATION} --model opus\n`)
    expect(seed).not.toContain('a prompt')
    expect(readFileSync(join(machine.folderOf(id), 'out/conversation'), 'utf8')).toBe(`${CONVERSATION}\n`)
    expect(readFileSync(join(machine.folderOf(id), 'out/events'), 'utf8')).toBe('1.0 start 1\t\n')
    const made = orders(from)
    expect(made.indexOf('rm')).toBeLessThan(made.indexOf('create'))
    expect(made.filter((one) => one === 'volume rm')).toEqual([])
    expect(made.at(-1)).toBe('start')
  })

  test('one that runs is refused, and stopped first with --force', async () => {
    const id = await stopped()
    machine.unset('say', 'state')
    const from = machine.calls().length
    expect(await recreate('recreate', id)).toMatchObject({
      code: 125,
      stdout: '',
      stderr: `paude: session ${id} is running\n  → paude stop ${id}, or paude recreate --force ${id}\n`,
    })
    expect(orders(from)).toEqual([])
    expect(await recreate('recreate', '--force', id)).toMatchObject({ code: 0 })
    expect(orders(from).indexOf('stop')).toBeLessThan(orders(from).indexOf('rm'))
  })

  test('the volume of a clone is neither made, filled nor removed', async () => {
    const id = await stopped('--workspace', 'none')
    // As a clone whose repository is gone since.
    const clone = { base: 'a'.repeat(40), branch: 'paude/blue' }
    const directory = machine.project
    machine.write(join(machine.folderOf(id), 'session.json'), JSON.stringify({ ...recordOf(id), clone, directory }))
    const { volume } = recordOf(id)
    const from = machine.calls().length
    expect(await recreate('recreate', id)).toMatchObject({ code: 0, stdout: `${id}\n` })
    expect(recordOf(id)).toMatchObject({ clone, volume: { name: volume?.name }, directory })
    const words = machine.calls().slice(from)
    expect(words.filter(([, verb, what, name]) => verb === 'volume' && what !== 'inspect' && name !== '').flat()).not.toContain(
      volume?.name,
    )
    expect(words.flat().some((word) => word.startsWith(`--mount=type=volume,src=${volume?.name},dst=${machine.project}`))).toBe(
      true,
    )
  })

  test('a failure keeps the session, and says how to try again', async () => {
    const id = await stopped()
    machine.set('fail', 'create', 'no space left on device')
    const { code, stderr } = await recreate('recreate', id)
    expect(code).toBe(125)
    expect(stderr).toContain(
      `session ${id} has no sandbox now; its conversation and HOME are kept: to try again: paude recreate ${id}`,
    )
    expect(readFileSync(join(machine.folderOf(id), 'out/conversation'), 'utf8')).toBe(`${CONVERSATION}\n`)
    machine.unset('fail', 'create')
    machine.set('fail', 'container-inspect', `Error: No such object: ${id}-agent`)
    expect(await recreate('recreate', id)).toMatchObject({ code: 0, stdout: `${id}\n` })
  })

  test('a change of the agents’ configuration in the sandbox stays where it was, and is not lost', async () => {
    machine.write(join(machine.project, '.claude/settings.json'), '{}\n')
    const id = await stopped()
    const { shadows } = recordOf(id)
    const at = shadows.findIndex((path) => path.endsWith('.claude'))
    const inside = join(machine.folderOf(id), 'shadows', String(at), 'settings.json')
    writeFileSync(inside, '{"a":1}\n')
    expect(await recreate('recreate', id)).toMatchObject({ code: 0 })
    expect(readFileSync(inside, 'utf8')).toBe('{"a":1}\n')
    machine.ended('killed')
    const from = machine.calls().length
    const { code, stderr } = await recreate('--agent-config', 'read-only', 'recreate', id)
    expect(code).toBe(125)
    expect(stderr).toContain(`paude sync-config ${id} brings it here`)
    expect(orders(from)).toEqual([])
    expect(readFileSync(inside, 'utf8')).toBe('{"a":1}\n')
  })

  test('--dry-run shows the plan, and does nothing', async () => {
    const id = await stopped()
    const [from, before] = [machine.calls().length, recordOf(id)]
    const { code, stdout } = await recreate('--dry-run', 'recreate', id)
    expect(code).toBe(0)
    expect(stdout).toContain('docker rm')
    // A script that fails leaves what the session has.
    const folder = machine.folderOf(id)
    const removed = [...stdout.matchAll(/^later '(.*)'$/gm)].map(([, line]) => line)
    for (const path of [folder, join(folder, 'out'), join(folder, 'uploads')]) expect(removed).not.toContain(`rm -rf -- ${path}`)
    expect(stdout).not.toContain(KEY.ANTHROPIC_API_KEY)
    const byVariable = await machine.paude(['recreate', id], { env: { ...KEY, PAUDE_DRY_RUN: '1' } })
    expect(byVariable.stdout).toContain('docker rm')
    expect(orders(from)).toEqual([])
    expect(recordOf(id)).toEqual(before)
    expect(existsSync(join(machine.folderOf(id), 'policy'))).toBe(true)
  })

  test('what has no conversation on a screen is refused, with what to do instead', async () => {
    const job = (await machine.paude(['--detach', '-p', 'x'], { env: KEY })).stdout.trim()
    machine.ended('finished')
    expect((await recreate('recreate', job)).stderr).toContain(`paude fork ${job} copies its conversation`)
  })
})

test.each([
  ['kubernetes', 'paude cannot recreate a session on kubernetes'],
  ['zellij', 'has no sandbox, since it runs on zellij'],
] as const)('on %s it is refused', (name, said) => {
  const folder = mkdtempSync(join(tmpdir(), 'paude-recreate-'))
  writeFileSync(join(folder, 'session.json'), '{}')
  const record = { id: 'paude-bcd234', agent: 'claude', terminal: true } as SessionRecord
  expect(() => requireRecreatable({ backend: backends[name], handle: { folder } as Handle, record })).toThrow(said)
  rmSync(folder, { recursive: true })
})

test('what a new box has otherwise is told, a line each', () => {
  const policy = {
    deny: [],
    injections: [],
    ports: [443],
    changes: [],
    ways: { upstream: null, dns: [], ip: 'any', bandwidth: 0 },
  }
  const entry = (host: string) => ({ host, ports: [443], privateRange: '', why: '' })
  const base = {
    ...{ version: '1', image: 'one', network: 'restricted', workspace: '/p', credentials: [], shadows: [], ...policy },
    ...{ onFinding: 'revert', alarm: 'pause', writesConfig: false },
    ...{
      limits: { cpus: 0, memory: 0, pids: 4096 },
      security: { readOnlyRoot: true, noNewPrivileges: true, seccomp: 'default' },
    },
  }
  const before = {
    ...base,
    allow: [entry('a.example')],
    mounts: [
      { source: '/p', target: '/p' },
      { source: '/x', target: '/y' },
    ],
  }
  const after = {
    ...{ ...base, version: '2', image: 'two', allow: [entry('b.example')], mounts: [{ source: '/p', target: '/p' }] },
    ...{ limits: { cpus: 2, memory: 1.5 * 1024 ** 3, pids: 0 }, security: { ...base.security, seccomp: 'off' } },
    ...{ onFinding: 'warn', alarm: 'off', writesConfig: true },
  }
  expect(changesBetween(before as unknown as SessionRecord, after as unknown as SessionRecord)).toEqual([
    'made by paude 2, before by 1',
    'image two, before one',
    'may reach b.example:443',
    'may no longer reach a.example:443',
    'no longer has the mount /x:/y',
    'limits.cpus 2, before none',
    'limits.memory 1.5g, before none',
    'limits.pids none, before 4096',
    'workspace.on_finding warn, before revert',
    'workspace.watch off, before pause',
    'workspace.agent_config write-through, before guarded',
    'hardening read_only_root = true, no_new_privileges = true, seccomp = off, before read_only_root = true, no_new_privileges = true, seccomp = default',
  ])
  expect(changesBetween(before as unknown as SessionRecord, before as unknown as SessionRecord)).toEqual([])
  const mounted = (readOnly?: boolean) =>
    ({
      ...before,
      mounts: [{ source: '/x', target: '/x', ...(readOnly === undefined ? {} : { readOnly }) }],
    }) as unknown as SessionRecord
  expect(changesBetween(mounted(true), mounted(false))).toEqual(['has the mount /x', 'no longer has the mount /x:ro'])
  // What an older paude wrote does not say.
  expect(changesBetween(mounted(), mounted(true))).toEqual([])
})
