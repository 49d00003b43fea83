import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Opening } from '../../src/agents/agent.ts'
import { claude } from '../../src/agents/claude/claude.ts'
import { startCommand } from '../../src/agents/command.ts'
import hook from '../../src/agents/conversation.sh' with { type: 'text' }

const top = mkdtempSync(join(tmpdir(), 'paude-box-'))
afterAll(() => rmSync(top, { recursive: true }))
const [ONE, TWO] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
const opening: Opening = { conversation: ONE, continues: true }

let count = 0
/** A box's folders, and its scripts as they would run there. */
function makeBox({ home = '' } = {}) {
  const room = join(top, String(++count))
  const [run, out] = [join(room, 'run'), join(room, 'out')]
  for (const folder of [run, out]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(out, 'conversation'), '')
  const place = (text: string) => text.replaceAll('/tmp/.claude', run).replaceAll('/paude/out', out)
  const HOME = home || join(room, 'home')
  mkdirSync(HOME, { recursive: true })
  return {
    run,
    HOME,
    out,
    note: (text: string) => writeFileSync(join(out, 'conversation'), text),
    noted: () => readFileSync(join(out, 'conversation'), 'utf8'),
    said(conversation: string) {
      mkdirSync(join(HOME, '.claude/projects/-a'), { recursive: true })
      writeFileSync(join(HOME, `.claude/projects/-a/${conversation}.jsonl`), '{}\n')
    },
    /** What would be started. */
    words(words: readonly string[], opening: Opening): readonly string[] {
      const fail = 'fail() { printf "failed: %s" "$1"; exit 125; }\n'
      const script = `set -u\n${fail}${place(startCommand(claude, words, opening))}for word; do printf '%s\\n' "$word"; done`
      const { stdout, stderr } = Bun.spawnSync(['sh', '-c', script], { env: { HOME, PATH: process.env['PATH'] } })
      expect(stderr.toString()).toBe('')
      return stdout.toString().trim().split('\n')
    },
    /** Calls the hook as an agent with this process number would. */
    call(agent: number, event: string, through: readonly string[] = []) {
      writeFileSync(join(run, 'agent'), `${agent}\n`)
      const file = join(room, 'hook.sh')
      writeFileSync(file, place(hook))
      const { stderr } = Bun.spawnSync([...through, 'sh', file, join(run, 'agent')], { stdin: Buffer.from(event) })
      expect(stderr.toString()).toBe('')
    },
  }
}

describe('a start of Claude', () => {
  test('gives a new conversation its id, and goes on with it once something was said', () => {
    const box = makeBox()
    expect(box.words(['--model', 'opus', 'fix it'], opening)).toEqual([
      'claude',
      '--session-id',
      ONE,
      '--model',
      'opus',
      'fix it',
    ])
    box.said(ONE)
    expect(box.words(['--model', 'opus', 'fix it'], opening)).toEqual(['claude', '--resume', ONE, '--model', 'opus'])
  })

  test('goes on with the one that was noted last', () => {
    const box = makeBox()
    box.said(ONE)
    box.said(TWO)
    box.note(`${TWO}\n`)
    expect(box.words([], opening)).toEqual(['claude', '--resume', TWO])
  })

  test('says what the user typed the first time, also when that names a conversation', () => {
    const box = makeBox()
    box.said(ONE)
    expect(box.words(['--resume', ONE, 'and now?'], opening)).toEqual(['claude', '--resume', ONE, 'and now?'])
    expect(box.words(['--continue'], { ...opening, conversation: '' })).toEqual(['claude', '--continue'])
    box.note(`${ONE}\n`)
    expect(box.words(['--continue', '--model', 'x'], { ...opening, conversation: '' })).toEqual([
      'claude',
      '--resume',
      ONE,
      '--model',
      'x',
    ])
    expect(box.words(['--resume', ONE, 'and now?'], opening)).toEqual(['claude', '--resume', ONE])
  })

  test.each(['', 'no id', '*', '$(touch broken)', `${ONE}; id`, `../${ONE}`])(
    'takes nothing for a conversation that has no transcript: %j',
    (text) => {
      const box = makeBox()
      box.said(TWO)
      box.note(text)
      expect(box.words(['hi'], opening)).toEqual(['claude', '--session-id', ONE, 'hi'])
      expect(existsSync('broken')).toBe(false)
    },
  )

  test('keeps the words of a one-shot answer, whatever was noted', () => {
    const box = makeBox()
    box.said(ONE)
    box.note(`${ONE}\n`)
    expect(box.words(['-p', 'hi'], { conversation: '', continues: false })).toEqual(['claude', '-p', 'hi'])
  })

  test('refuses to copy a conversation in which nothing was said', () => {
    const box = makeBox()
    const copy = { ...opening, conversation: TWO, origin: { conversation: ONE, session: 'paude-bcd234' } }
    const words = ['--resume', ONE, '--fork-session', '--session-id', TWO]
    expect(box.words(words, copy)).toEqual(['failed: session paude-bcd234 has no conversation yet'])
    box.said(ONE)
    expect(box.words(words, copy)).toEqual(['claude', ...words])
    box.said(TWO)
    box.note(`${TWO}\n`)
    rmSync(join(box.HOME, `.claude/projects/-a/${ONE}.jsonl`))
    expect(box.words(words, copy)).toEqual(['claude', '--resume', TWO])
  })

  test('gives each sandbox folders of its own for what is kept by process number', () => {
    const one = makeBox()
    mkdirSync(join(one.HOME, '.claude/sessions'), { recursive: true })
    writeFileSync(join(one.HOME, '.claude/sessions/7.json'), 'of a box that is gone')
    symlinkSync('/nowhere', join(one.HOME, '.claude/jobs'))
    one.words([], opening)
    writeFileSync(join(one.HOME, '.claude/sessions/7.json'), 'one')
    expect(readFileSync(join(one.run, 'sessions/7.json'), 'utf8')).toBe('one')
    for (const name of ['sessions', 'jobs', 'daemon']) {
      expect(lstatSync(join(one.HOME, '.claude', name)).isSymbolicLink()).toBe(true)
      writeFileSync(join(one.HOME, '.claude', name, 'x'), name)
      expect(readFileSync(join(one.run, name, 'x'), 'utf8')).toBe(name)
    }
    one.words([], opening)
    expect(readFileSync(join(one.HOME, '.claude/sessions/7.json'), 'utf8')).toBe('one')
    expect(existsSync(join(one.run, 'sessions/sessions'))).toBe(false)
  })
})

describe('the hook', () => {
  const event = (id: string) =>
    `{"session_id":"${id}","transcript_path":"/x","hook_event_name":"SessionStart","source":"startup"}`

  test('notes the conversation of the agent, again and again', () => {
    const box = makeBox()
    box.call(process.pid, event(ONE))
    expect(box.noted()).toBe(`${ONE}\n`)
    box.call(process.pid, event(TWO))
    expect(box.noted()).toBe(`${TWO}\n`)
    box.call(process.pid, event(ONE), ['sh', '-c', '"$@"; :', 'sh'])
    expect(box.noted()).toBe(`${ONE}\n`)
  })

  test('does not listen to another Claude that runs in the sandbox', () => {
    const box = makeBox()
    box.call(process.pid, event(ONE))
    box.call(process.pid, event(TWO), ['timeout', '10'])
    box.call(1, event(TWO))
    box.call(999_999_999, event(TWO))
    expect(box.noted()).toBe(`${ONE}\n`)
  })

  test.each(['', '{}', 'x', event(''), event('$(id)'), event(`${TWO}0`), `{"a":"\\"session_id\\":\\"${TWO}\\""}`])(
    'notes no id that is none: %j',
    (text) => {
      const box = makeBox()
      box.call(process.pid, event(ONE))
      box.call(process.pid, text)
      expect(box.noted()).toBe(`${ONE}\n`)
    },
  )
})
