import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Context } from '../../src/context.ts'
import { goOn, watchProject } from '../../src/session/life/alarm.ts'
import { type Alarm, readAlarm } from '../../src/session/record/alarm.ts'
import type { Found } from '../../src/session/record/found.ts'
import { IN_FOLDERS } from '../../src/workspace/listed.ts'

const stops: (() => void)[] = []
afterEach(() => stops.splice(0).forEach((stop) => void stop()))

type Rule = {
  readonly writesConfig?: boolean
  readonly alarm?: 'pause' | 'tell' | 'off'
  readonly onFinding?: 'ask' | 'warn'
  readonly canPause?: boolean
}
/** How the engine takes it: `pause` and `state` are its answers, null where it cannot; `off` is how it lets a session go on, in sh. */
type Engine = { readonly pause?: 'does' | 'fails' | null; readonly state?: string; readonly off?: string }

/** A session whose project is watched; the engine leaves a file for each thing it was told to do. */
function session(
  { writesConfig = false, alarm = 'pause', onFinding = 'ask', canPause = true }: Rule,
  { pause = 'does', state = 'running', off = '' }: Engine,
) {
  const folder = mkdtempSync(join(tmpdir(), 'paude-alarm-'))
  stops.push(() => rmSync(folder, { recursive: true, force: true }))
  const project = join(folder, 'project')
  mkdirSync(project)
  const kept = { roots: [project], gits: [], named: [], list: IN_FOLDERS, seen: {}, contents: {}, links: {} }
  writeFileSync(join(folder, 'kept.json'), JSON.stringify(kept))
  writeFileSync(join(folder, 'state'), state)
  const does = (name: string, code = 0) => ['sh', '-c', `: >"$1"; exit ${code}`, 'sh', join(folder, name)] as const
  const found = {
    handle: { id: 'paude-aaaaa2', folder },
    record: {
      id: 'paude-aaaaa2',
      name: '',
      workspace: project,
      shadows: [join(project, '.claude')],
      standIns: [],
      writesConfig,
      alarm,
      onFinding,
    },
    backend: {
      life: {
        pause:
          pause === null
            ? null
            : {
                on: () => does('paused', pause === 'does' ? 0 : 1),
                off: () => ['sh', '-c', `cd "$1"; : >went-on; ${off}`, 'sh', folder],
              },
        state: () => ({ argv: ['cat', join(folder, 'state')], parse: (text: string) => ({ status: text.trim(), exitCode: 0 }) }),
        stop: () => [{ kind: 'exec', argv: does('stopped') }],
      },
    },
  } as unknown as Found
  const context = {
    effects: () => ({ explain: () => new Error('engine'), note: () => undefined, moving: { moves: false }, verbose: null }),
    host: { terminal: {}, home: folder, env: {} },
  } as unknown as Context
  const heard: Alarm[] = []
  let over = 0
  stops.push(
    watchProject(context, found, { canPause, raised: (one) => heard.push(one), over: () => over++, note: () => undefined }),
  )
  const did = (name: string) => existsSync(join(folder, name))
  const plant = (name: string) => {
    mkdirSync(dirname(join(project, name)), { recursive: true })
    writeFileSync(join(project, name), 'evil')
  }
  return { folder, found, context, heard, did, plant, isOver: () => over > 0 }
}

async function until(what: string, is: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !is(); await Bun.sleep(10))
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
}

const outcomes: readonly (readonly [name: string, rule: Rule, engine: Engine, does: Alarm['does'], done: readonly string[]])[] = [
  ['pauses the session', {}, {}, 'paused', ['paused']],
  ['only tells, where the user says so', { alarm: 'tell' }, {}, 'told', []],
  ['only tells, where nobody could let it go on', { canPause: false }, {}, 'told', []],
  ['stops the session, where the engine cannot pause it', {}, { pause: null }, 'stopped', ['stopped']],
  ['stops the session, where pausing fails', {}, { pause: 'fails' }, 'stopped', ['paused', 'stopped']],
  ['only tells where pausing fails and the user wants warnings', { onFinding: 'warn' }, { pause: null }, 'told', []],
  ['counts as paused what was paused before', {}, { pause: 'fails', state: 'paused' }, 'paused', ['paused']],
]

test.each(outcomes)('an alarm %s', async (_, rule, engine, does, done) => {
  const { folder, heard, did, plant } = session(rule, engine)
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  expect(heard[0]).toMatchObject({ does, text: '.envrc appeared in the project: direnv runs it at cd' })
  expect(readAlarm(folder)?.does).toBe(does)
  expect(['paused', 'stopped'].filter(did)).toEqual([...done])
})

test('an alarm for a session that has ended meanwhile leaves nothing to say', async () => {
  const { folder, heard, did, plant } = session({}, { pause: 'fails', state: 'exited' })
  plant('.envrc')
  await until('the try', () => did('paused'))
  await until('no note', () => readAlarm(folder) === null)
  expect(heard).toEqual([])
})

test('nothing is watched where the user switched it off', async () => {
  const [off, on] = [session({ alarm: 'off' }, {}), session({}, {})]
  off.plant('.envrc')
  on.plant('.envrc')
  await until('the other alarm', () => on.heard.length > 0)
  expect([off.heard, off.did('paused')]).toEqual([[], false])
})

test('a paused session goes on once, and what appears then is an alarm again', async () => {
  const { folder, found, context, heard, did, plant, isOver } = session({}, { state: 'paused' })
  expect(await goOn(context, found)).toBe(false)
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  expect(await goOn(context, found)).toBe(true)
  expect([did('went-on'), readAlarm(folder)]).toEqual([true, null])
  await until('it is told', isOver)
  plant('.exrc')
  await until('another alarm', () => heard.length > 1)
  expect(readAlarm(folder)?.paths.map((path) => path.split('/').at(-1))).toEqual(['.exrc'])
})

test('a session that went on although that failed is paused no more, and one that did not is', async () => {
  for (const [off, does] of [
    ['echo running >state; exit 1', null],
    ['exit 1', 'paused'],
  ] as const) {
    const { folder, found, context, heard, plant } = session({}, { state: 'paused', off })
    plant('.envrc')
    await until('an alarm', () => heard.length > 0)
    await expect(goOn(context, found)).rejects.toThrow()
    await until('the note', () => (readAlarm(folder)?.does ?? null) === does && existsSync(join(folder, 'went-on')))
  }
})

test('what was noted while a session was about to go on pauses it again', async () => {
  const { folder, found, context, heard, did, plant } = session({}, { state: 'paused', off: 'cp noted.json alarm.json' })
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  writeFileSync(join(folder, 'noted.json'), JSON.stringify({ ...readAlarm(folder), text: 'more appeared' }))
  rmSync(join(folder, 'paused'))
  expect(await goOn(context, found).catch(String)).toContain('is paused again: more appeared')
  expect([did('went-on'), did('paused'), readAlarm(folder)?.does]).toEqual([true, true, 'paused'])
})

test('what appears while a session is paused joins what is told, and pauses it again where it goes on', async () => {
  const { folder, heard, did, plant } = session({}, {})
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  rmSync(join(folder, 'paused'))
  plant('\u001b[31m words .exrc')
  plant('.exrc')
  await until('another alarm', () => heard.length > 1)
  expect([readAlarm(folder)?.paths.length, did('paused')]).toEqual([2, true])
})

test('what appears where the sandbox has a copy of its own is yours, and an empty folder of an agent is paude’s', async () => {
  const { plant, heard, found } = session({}, {})
  const at = (name: string) => join(found.record.workspace, name)
  mkdirSync(at('.claude'))
  plant('.claude/settings.json')
  mkdirSync(at('sub/.claude'), { recursive: true })
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  expect(heard.flatMap(({ paths }) => paths)).toEqual([at('.envrc')])
})

test('a watch that cannot pause leaves a session paused that another has paused', async () => {
  const { folder, found, context, heard, plant } = session({}, {})
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  const hands = { canPause: false, over: () => undefined, note: () => undefined }
  stops.push(watchProject(context, found, { ...hands, raised: () => undefined }))
  plant('.exrc')
  await until('both have noted it', () => readAlarm(folder)?.paths.length === 2)
  expect(readAlarm(folder)?.does).toBe('paused')
})

test('a working tree that Claude makes is no alarm, and other configuration beside it is', async () => {
  const { heard, plant } = session({}, {})
  plant('sub/.claude/worktrees/side/.vscode/tasks.json')
  plant('src/x')
  plant('sub/.claude/settings.json')
  await until('an alarm', () => heard.length > 0)
  // The folder or the file in it, whichever is looked at first.
  expect(heard[0]?.text).toMatch(/^sub\/\.claude(\/settings\.json)? appeared in the project/)
})

test('the configuration of agents is no alarm where they may write it', async () => {
  const { heard, plant } = session({ writesConfig: true }, {})
  for (const name of ['sub/.claude/settings.json', '.mcp.json', 'sub/.codex/x', '.envrc']) plant(name)
  await until('an alarm', () => heard.length > 0)
  expect(heard.map(({ paths }) => paths.length)).toEqual([1])
})

test('what paude puts there for another session is no alarm, as long as it is that', async () => {
  const { folder, heard, plant } = session({}, {})
  const project = join(folder, 'project')
  const other = join(folder, '.local/state/paude/sessions/paude-bbbbb2')
  mkdirSync(other, { recursive: true })
  writeFileSync(join(other, 'stand-ins'), `${join(project, 'sub/.claude')}\n`)
  mkdirSync(join(project, 'sub/.claude'), { recursive: true })
  plant('sub/x/.exrc')
  await until('an alarm', () => heard.length > 0)
  expect(heard[0]?.text).toStartWith('sub/x/.exrc appeared')
  plant('sub/.claude/settings.json')
  await until('another', () => heard.length > 1)
  expect(heard[1]?.text).toStartWith('sub/.claude appeared')
})

test('a name that a sandbox chose stands in an alarm without a blank, in quotes and cut', async () => {
  const { heard, plant } = session({}, {})
  plant(`${'x'.repeat(100)}/   This is harmless: paude start --all   /.envrc`)
  await until('an alarm', () => heard.length > 0)
  expect(heard[0]?.text).toMatch(/^"[^ ]{1,300}" appeared in the project/)
})

test('a later watch of a session says why it is paused, and tells nothing that was let go on', async () => {
  const { found, context, heard, plant } = session({}, { state: 'paused' })
  plant('.envrc')
  await until('an alarm', () => heard.length > 0)
  const later: Alarm[] = []
  const hands = { canPause: true, over: () => undefined, note: () => undefined, raised: (one: Alarm) => void later.push(one) }
  stops.push(watchProject(context, found, hands))
  expect(later.map(({ does, text }) => [does, text.split(' ')[0]])).toEqual([['paused', '.envrc']])
  expect(await goOn(context, found)).toBe(true)
  const last: Alarm[] = []
  stops.push(watchProject(context, found, { ...hands, raised: (one) => void last.push(one) }))
  plant('.exrc')
  await until('another alarm', () => last.length > 0)
  expect(last.flatMap(({ text }) => text.split(' ')[0] ?? '')).toEqual(['.exrc'])
  expect(heard.at(-1)?.text).not.toContain('\u001b')
})
