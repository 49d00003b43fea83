import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment, poll, root } from './support.ts'

/** A real terminal with a shell in it, as a user sees it. */
export type Terminal = {
  /** Types a line into the shell or the agent and presses Enter once the line is to be seen. */
  readonly enter: (line: string) => Promise<void>
  /** Pastes a text, as a terminal does where the program asked to be told of pastes. */
  readonly paste: (text: string) => Promise<void>
  /** Presses keys by tmux's names: `C-p`, `Escape`, `Enter`. */
  readonly press: (...keys: readonly string[]) => Promise<void>
  /** The lines of the screen now, without trailing spaces. */
  readonly screen: () => Promise<string>
  /** Waits until the screen shows it and returns that screen; fails with the last one. */
  readonly see: (wanted: RegExp | string | ((screen: string) => boolean), seconds?: number) => Promise<string>
  /** Runs a command line in the shell to its end: its exit code, and the screen after it. */
  readonly run: (line: string, seconds?: number) => Promise<{ readonly code: number; readonly screen: string }>
  /** Waits for the command line that was entered with `start` to end. */
  readonly ended: (seconds?: number) => Promise<number>
  /** Presses Ctrl-P Ctrl-Q until the command line that was entered with `start` has ended: its exit code. */
  readonly detach: () => Promise<number>
  /** Presses Ctrl-C until Claude, which wants two within a second, is gone and the shell is there again. */
  readonly interruptToEnd: () => Promise<void>
  /** Types a command line whose end `ended` waits for. */
  readonly start: (line: string) => Promise<void>
  readonly resize: (columns: number, rows: number) => Promise<void>
  /** Every byte that was written to the terminal. */
  readonly bytes: () => string
  /** One of tmux's own facts about the terminal, such as `alternate_on` or `mouse_any_flag`. */
  readonly fact: (name: string) => Promise<string>
  /** Closes the window: what runs in it gets SIGHUP. */
  readonly close: () => Promise<void>
}

export type Window = {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly columns?: number
  readonly rows?: number
}

/** A tmux server of this process alone. */
export function makeTerminals(): { readonly open: (window: Window) => Promise<Terminal>; readonly stop: () => Promise<void> } {
  const socket = `paude-test-${process.pid}-${Math.random().toString(36).slice(2, 6)}`
  let folder = ''
  const tmux = (...words: readonly string[]) => run(['tmux', '-L', socket, '-f', '/dev/null', ...words])
  let count = 0
  const shells: number[] = []

  async function open({ cwd, env, columns = 100, rows = 30 }: Window): Promise<Terminal> {
    if (folder === '') folder = mkdtempSync(join(root, 'terminal-'))
    const name = `w${++count}`
    const raw = join(folder, name)
    const target = `${name}:0.0`
    const shell = environment({
      ...env,
      TERM: 'xterm-256color',
      PS1: 'shell> ',
      PROMPT_COMMAND: '',
      HISTFILE: '/dev/null',
      LANG: 'C.UTF-8',
    })
    const words = Object.entries(shell).map(([key, value]) => `${key}=${value}`)
    const make = () =>
      tmux(
        ...['start-server', ';', 'set-option', '-g', 'status', 'off', ';', 'set-option', '-g', 'escape-time', '0', ';'],
        ...['set-option', '-g', 'focus-events', 'on', ';'],
        ...['new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), '-c', cwd],
        ...['env', '-i', ...words, 'bash', '--noprofile', '--norc'],
      )
    // A server that has just lost its last window is leaving; the next one comes up.
    await make().catch((error: Error) => (error.message.includes('server exited') ? make() : Promise.reject(error)))
    await tmux('pipe-pane', '-t', target, `cat >> ${raw}`)
    const screen = async () => (await tmux('capture-pane', '-p', '-t', target)).replace(/[ \t]+$/gm, '').trimEnd()
    let commands = 0

    async function see(wanted: RegExp | string | ((screen: string) => boolean), seconds = 60): Promise<string> {
      let last = ''
      const fits = (text: string) =>
        typeof wanted === 'string' ? text.includes(wanted) : wanted instanceof RegExp ? wanted.test(text) : wanted(text)
      try {
        return await poll(
          'the screen',
          async () => {
            last = await screen()
            return fits(last) && last
          },
          seconds,
        )
      } catch {
        throw new Error(`never saw ${wanted} within ${seconds} s; the last screen:\n${last}\n${'─'.repeat(60)}`)
      }
    }
    const type = (text: string) => tmux('send-keys', '-t', target, '-l', '--', text)
    async function start(line: string) {
      commands++
      await type(` ${line}; echo "[$?|${commands}]"`)
      await tmux('send-keys', '-t', target, 'Enter')
    }
    const mark = () => new RegExp(`^(.*)\\[(\\d+)\\|${commands}\\]$`, 'm')
    // The shell's prompt comes a moment after the mark.
    const isOver = (text: string) => mark().test(text) && text.endsWith('shell>')
    const ended = async (seconds = 60) => Number(mark().exec(await see(isOver, seconds))?.[2])
    // One key a call, as fingers do: a burst is taken for a paste.
    const press = async (...keys: readonly string[]) => {
      for (const key of keys) await tmux('send-keys', '-t', target, key)
    }
    const seen = (wanted: RegExp | typeof isOver, seconds: number) => see(wanted, seconds).catch(() => null)
    await see('shell>')
    shells.push(Number(await tmux('display-message', '-p', '-t', target, '#{pane_pid}')))
    return {
      screen,
      see,
      start,
      ended,
      async enter(line) {
        const squeezed = (text: string) => text.replace(/\s+/g, '')
        const tail = squeezed(line).slice(-12)
        const count = (text: string) => squeezed(text).split(tail).length
        const before = count(await screen())
        await type(line)
        // An Enter that comes in one read with the text is taken for a part of a paste.
        await see((text) => count(text) > before)
        await tmux('send-keys', '-t', target, 'Enter')
      },
      async paste(text) {
        await tmux('set-buffer', '-b', name, '--', text)
        await tmux('paste-buffer', '-p', '-d', '-b', name, '-t', target)
      },
      press,
      async detach() {
        for (let tries = 0; tries < 4; tries++) {
          await press('C-p', 'C-q')
          if ((await seen(isOver, 20)) !== null) return ended()
        }
        throw new Error(`Ctrl-P Ctrl-Q did not detach:\n${await screen()}`)
      },
      async interruptToEnd() {
        // On a busy machine the second one comes too late at times, and is then a first one; one that ends a turn is none at all.
        for (let tries = 0; tries < 8; tries++) {
          await press('C-c')
          const hint = await seen(/Press Ctrl-C again to exit|shell>$/, 10)
          if (hint?.endsWith('shell>') === true) return
          if (hint === null) continue
          await press('C-c')
          if ((await seen(/shell>$/, 15)) !== null) return
        }
        throw new Error(`Claude did not end at two Ctrl-C:\n${await screen()}`)
      },
      async run(line, seconds) {
        await start(line)
        return { code: await ended(seconds), screen: await screen() }
      },
      resize: async (width, height) => void (await tmux('resize-window', '-t', name, '-x', String(width), '-y', String(height))),
      bytes: () => {
        try {
          return readFileSync(raw, 'utf8')
        } catch {
          return ''
        }
      },
      fact: async (fact) => (await tmux('display-message', '-p', '-t', target, `#{${fact}}`)).trim(),
      close: async () => void (await tmux('kill-session', '-t', name)),
    }
  }

  return {
    open,
    async stop() {
      await run(['tmux', '-L', socket, 'kill-server']).catch(() => undefined)
      await poll('the shells to end', () => !shells.some((pid) => existsSync(`/proc/${pid}`)), 60)
      if (folder !== '') rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function run(argv: readonly string[]): Promise<string> {
  const child = Bun.spawn([...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (code !== 0) throw new Error(`${argv.slice(0, 8).join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}
