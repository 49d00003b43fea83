import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import hook from '../../src/agents/hook.sh' with { type: 'text' }
import { toEvent } from '../../src/agents/hook-event.ts'
import type { SessionEvent } from '../../src/events/event.ts'
import { EVENTS_LIMIT } from '../../src/events/place.ts'
import { eventReader, LONGEST } from '../../src/events/read.ts'

const EVENTS_IN_BOX = '/paude/out/events'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-hook-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const record = join(room, 'events')
/** The very hook, at a file of this test; `blocks` is the limit in blocks of 512 bytes. */
const script = (blocks = EVENTS_LIMIT / 512) =>
  hook.replaceAll(EVENTS_IN_BOX, record).replace('ulimit -f 32768', `ulimit -f ${blocks}`)
beforeEach(() => writeFileSync(record, ''))

const shells = ['dash', 'bash', 'busybox'].flatMap((name) => {
  const program = Bun.which(name)
  if (program === null) return []
  const folder = mkdtempSync(join(room, 'sh-'))
  symlinkSync(program, join(folder, 'sh')) // bash and busybox go by the name they are called by
  return [{ name, sh: join(folder, 'sh') }]
})

type Options = { readonly sh: string; readonly path?: string; readonly blocks?: number }

async function fire(payload: unknown, { sh, path = '/usr/bin:/bin', blocks }: Options) {
  const text = typeof payload === 'string' ? payload : `${JSON.stringify(payload)}\n`
  const child = Bun.spawn([sh, '-c', script(blocks)], {
    // A pipe, as the agent gives it: Bun passes a buffer as a file, in which busybox's tail goes back to what dd has read.
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: path, LANG: 'C.UTF-8' },
  })
  child.stdin.write(text)
  // A hook may end before it has read everything.
  await Promise.resolve(child.stdin.end()).catch(() => undefined)
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { stdout, stderr, code }
}

const NOTHING = { stdout: '', stderr: '', code: 0 }
const events = (): readonly SessionEvent[] => eventReader('paude-bcd234', 0, toEvent).read(readFileSync(record, 'latin1'))
let calls = 0
const bash = (command: string, more: object = {}) => ({
  session_id: 'c1',
  hook_event_name: 'PreToolUse',
  tool_name: 'Bash',
  tool_input: { command },
  tool_use_id: `toolu_${++calls}`,
  ...more,
})

describe.each(shells)('the hook under $name', ({ sh }) => {
  test('records a call, and says nothing', async () => {
    expect(await fire(bash('echo "é" \\n \u0007'), { sh })).toEqual(NOTHING)
    expect(events()).toMatchObject([{ kind: 'tool', tool: 'Bash', command: 'echo "é" \\n \u0007' }])
  })

  test('keeps beginning and end of a long call, in one record below 4 KiB', async () => {
    const content = 'long "text" é\\'.repeat(200_000)
    const payload = {
      session_id: 'c1',
      hook_event_name: 'PostToolUse',
      tool_name: 'Write',
      tool_input: { file_path: '/work/a.txt', content },
      tool_response: { content },
      tool_use_id: 'toolu_2',
      duration_ms: 12,
    }
    expect(await fire(payload, { sh })).toEqual(NOTHING)
    expect(readFileSync(record).length).toBeLessThan(LONGEST)
    expect(events()).toMatchObject([{ kind: 'tool-result', ok: true, file: '/work/a.txt', id: 'toolu_2', milliseconds: 12 }])
  })

  test('reads calls of every length between without a gap or a doubt', async () => {
    for (const length of [2880, 2890, 2900, 3850, 3880, 3890, 3900, 3950]) await fire(bash('é'.repeat(length / 2)), { sh })
    expect(events()).toHaveLength(8)
    expect(events().every((event) => event.kind === 'tool' && /^é+…?$/.test(event.command ?? ''))).toBe(true)
  })

  test('loses and mixes nothing when many run at once', async () => {
    const many = Array.from({ length: 40 }, (_, index) => bash(`${index} ${'x'.repeat(index * 150)}`))
    await Promise.all(many.map((payload) => fire(payload, { sh })))
    const seen = events().flatMap((event) => (event.kind === 'tool' ? [Number(event.command?.split(' ')[0])] : []))
    expect(seen.toSorted((a, b) => a - b)).toEqual(many.map((_, index) => index))
  })

  test('stops at the limit, and still says nothing', async () => {
    for (let count = 0; count < 12; count++) expect(await fire(bash('x'.repeat(1000)), { sh, blocks: 8 })).toEqual(NOTHING)
    expect(readFileSync(record).length).toBe(8 * 512)
    expect(events()).toHaveLength(4)
  })

  test('says nothing when there is no record to write to', async () => {
    rmSync(record)
    symlinkSync('/proc/version', record)
    expect(await fire(bash('x'), { sh })).toEqual(NOTHING)
    rmSync(record)
  })

  test('works where there is no program but the shell', async () => {
    expect(await fire(bash('echo hi'), { sh, path: '/nonexistent' })).toEqual(NOTHING)
    await fire(bash('x'.repeat(9000)), { sh, path: '/nonexistent' })
    const end = Date.now() + 30_000
    while (events().length < 2 && Date.now() < end) await Bun.sleep(10)
    expect(events()).toMatchObject([{ command: 'echo hi' }, { command: expect.stringMatching(/^x{2000}…$/) }])
  })
})

test('there is a shell to try the hook with', () => expect(shells.length).toBeGreaterThan(0))

test('the hook stops where the host stops reading', () => {
  expect(hook).toContain(`ulimit -f ${EVENTS_LIMIT / 512}\n`)
  expect(hook).toContain(`>>${EVENTS_IN_BOX}`)
})

test('every event is recorded, but the start on no stream, since its hooks show in the output of Claude', () => {
  const installed = (screen: boolean) => {
    const seed = claude.seed({ directory: '/work', restricted: true, screen, address: '', shadowed: true })
    expect(seed['hook.sh']).toBe(hook)
    return JSON.parse(seed['managed-settings.json'] ?? '') as { hooks: Record<string, { hooks: { command: string }[] }[]> }
  }
  const programs = (screen: boolean, event: string) =>
    installed(screen).hooks[event]?.flatMap(({ hooks }) =>
      hooks.map(({ command }) => command.split(' ')[2]?.split('/').at(-1)),
    ) ?? []
  expect(programs(false, 'SessionStart')).toEqual([])
  expect(programs(true, 'SessionStart')).toEqual(['conversation.sh'])
  expect(programs(false, 'UserPromptSubmit')).toEqual(['conversation.sh', 'hook.sh'])
  expect(programs(true, 'UserPromptSubmit')).toEqual(['hook.sh'])
  for (const screen of [false, true]) expect(programs(screen, 'PreToolUse')).toEqual(['hook.sh'])
})
