import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { recordingApi } from './parity-api.ts'
import { boxSide, hostSide, type Side } from './parity-side.ts'
import { type BackendName, makeProject, root } from './support.ts'
import type { makeTerminals, Terminal } from './terminal.ts'

type Show = {
  /** A row of docs/differences.md, by its first words, for a difference that is taken out before the screens are compared. */
  readonly row?: string
  readonly words: readonly string[]
  readonly columns?: number
  readonly rows?: number
  /** Returns the screens to compare; what `claude` leaves in the shell is added. */
  readonly play: (window: Terminal) => Promise<readonly string[]>
}

const ready = (window: Terminal) => window.see(/^❯/m, 120)
/** The screen once it stands still: some parts of it come a moment after the others. */
async function still(window: Terminal, wanted: Parameters<Terminal['see']>[0]): Promise<string> {
  let before = await window.see(wanted, 120)
  for (let tries = 0; tries < 20; tries++) {
    await Bun.sleep(250)
    const now = await window.see(wanted)
    if (now === before) break
    before = now
  }
  return before
}
/** With the hint, which comes a moment after the prompt. */
const settled = (window: Terminal) => still(window, /^❯[\s\S]*\(shift\+tab to cycle\)/m)

/** What a user does at the screen. */
export const shows: Readonly<Record<string, Show>> = {
  'two Ctrl-C end it': {
    words: [],
    play: async (window) => {
      const first = await settled(window)
      await window.interruptToEnd()
      return [first]
    },
  },
  '/exit after an answer, in a window that changes': {
    words: ['--permission-mode', 'plan'],
    columns: 90,
    play: async (window) => {
      await ready(window)
      await window.enter('SAY 你好 🎉 é wide')
      await window.see(/^● 你好 🎉 é wide$/m)
      await window.resize(64, 24)
      const narrow = await still(window, painted(64))
      await window.resize(110, 34)
      const wide = await still(window, painted(110))
      await window.enter('/exit')
      return [narrow, wide]
    },
  },
  'a permission that is refused': {
    words: ['--permission-mode', 'manual'],
    play: async (window) => {
      await ready(window)
      await window.enter('BASH touch made;;SAY never')
      const question = await still(window, /do you want to/i)
      await window.press('Escape')
      const refused = await still(window, /interrupted|rejected|declined/i)
      await window.interruptToEnd()
      // Claude says one and after a moment the other.
      return [question.replace(/Running (1 shell command…|a scripted command)/, 'Running'), refused]
    },
  },
  'Ctrl-Z and back': {
    row: 'Ctrl-Z',
    words: [],
    play: async (window) => {
      await settled(window)
      await window.press('C-z')
      const away = await still(window, /Stopped[\s\S]*shell>$/)
      await window.enter('fg')
      const back = await settled(window)
      await window.interruptToEnd()
      await window.see(/^shell> fg[\s\S]*shell>$/m)
      return [away, back]
    },
  },
  'an answer by -p in a terminal': { words: ['-p', "'SAY 你好 fine'"], play: async () => [] },
  'an unknown flag in a terminal': { words: ['--no-such-flag'], play: async () => [] },
}

/** Whether the screen is as wide as this, down to its last line, and the turn over: its hooks run when the answer stands there. */
const painted = (columns: number) => (screen: string) =>
  screen.includes('● 你好') &&
  /^✻ \S+ for \d/m.test(screen) &&
  screen.includes('─'.repeat(columns)) &&
  !screen.includes('─'.repeat(columns + 1)) &&
  /plan mode on .*$/.test(screen)

/** The screens of a show from the host's claude and from paude, both called `claude`, in one and the same place. */
export async function showBoth(show: Show, backend: BackendName, open: ReturnType<typeof makeTerminals>['open']) {
  const cwd = makeProject()
  const host = await perform(show, hostSide(cwd), open)
  const box = await perform(show, boxSide(cwd, backend, ''), open)
  return { host, box }
}

async function perform(
  { words, columns = 100, rows = 30, play }: Show,
  side: Side,
  open: ReturnType<typeof makeTerminals>['open'],
) {
  const bin = join(root, 'bin', crypto.randomUUID())
  mkdirSync(bin, { recursive: true })
  symlinkSync(side.program, join(bin, 'claude'))
  const api = recordingApi(side.machine)
  const variables = { ...side.environment([], api.key), ...api.env, PATH: `${bin}:${process.env['PATH']}` }
  const env = Object.fromEntries(Object.entries(variables).filter((pair): pair is [string, string] => pair[1] !== undefined))
  const window = await open({ cwd: side.cwd, env, columns, rows })
  try {
    await window.start(['claude', ...words].join(' '))
    const screens = await play(window)
    const code = await window.ended(60)
    return { code, screens: [...screens, await window.screen()].map(plain), asked: api.asked.length }
  } finally {
    await window.close()
    await api.stop()
  }
}

/** Without ids, the moving figure beside the name, hints that come and go, and the word and time of a finished turn. */
const plain = (screen: string): readonly string[] =>
  screen
    .replace(/^.{11}(?=Claude Code v|Opus \d|\/)/gm, '')
    .replace(/^✻ .*$/gm, '✻ done')
    .replace(/^● (?=Running)/gm, '  ')
    .replace(/^ +◐ .*$/gm, '')
    .replace(' · ? for shortcuts', '')
    // What paude says before the screen.
    .replace(/^paude: sandbox on .*\n/gm, '')
    // The row Ctrl-Z: what is said of the session meanwhile.
    .replace(/^(Claude Code is suspended\. .*\n.*ctrl\+_\.|paude: the session continues; fg shows it again.*)\n+/gm, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .split('\n')
