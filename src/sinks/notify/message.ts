import type { Change, Occasion } from './change.ts'

/** What is sent: to a program or a webhook as JSON, to a desktop or a terminal as `title` and `body`. Bounded and of printable characters alone. */
export type Message = {
  readonly v: 1
  /** ISO time. */
  readonly time: string
  readonly kind: Occasion | 'test'
  readonly session: string
  readonly name: string
  readonly workspace: string
  readonly title: string
  readonly body: string
}

/** Whether something that was kept as JSON is one. */
export const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'v' in value && value.v === 1

const SENTENCES: Readonly<Record<Occasion | 'test', string>> = {
  working: 'works',
  waiting: 'needs you',
  idle: 'is idle',
  done: 'is done',
  error: 'failed',
  exited: 'has ended',
  blocked: 'was refused a host',
  finding: 'made what this machine may run',
  test: 'test message',
}

// A title holds the longest name of a session, and the longest host behind it.
const MOST = { title: 128, body: 300, workspace: 500 } as const

/** `does` is what the session does, after its name. */
export function messageOf(
  {
    session,
    state,
    text,
    does = SENTENCES[state],
  }: Omit<Change, 'state'> & { readonly state: Message['kind']; readonly does?: string },
  now: number,
): Message {
  const name = plain(session.name, 60)
  return {
    v: 1,
    time: new Date(now).toISOString(),
    kind: state,
    session: plain(session.id, 40),
    name,
    workspace: plain(session.workspace, MOST.workspace),
    title: plain(`paude: ${name || session.id} ${does}`, MOST.title),
    body: plain(text, MOST.body),
  }
}

/** Words of others on one line: nothing that moves a cursor, turns the direction of writing or stays unseen. */
export function plain(text: string, most: number): string {
  // Cut first: a text may be of any length, and what is looked at below should not be.
  const line = text
    .slice(0, most * 4)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/[\p{Cf}\p{Co}\p{Cn}]/gu, '')
    .trim()
  const letters = [...line]
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : line
}

const ESCAPE = '\u001b'
const BELL = '\u0007'

/** The bytes that make a terminal say it. `;` separates fields there. */
export function terminalBytes({ title, body }: Message, way: 'osc9' | 'osc777' | 'bell'): string {
  const [head, tail] = [title, body].map((text) => text.replaceAll(';', ','))
  switch (way) {
    case 'osc9':
      return `${ESCAPE}]9;${[head, tail].filter((part) => part !== '').join(': ')}${BELL}`
    case 'osc777':
      return `${ESCAPE}]777;notify;${head};${tail}${BELL}`
    case 'bell':
      return BELL
  }
}

/** Words of the program that shows it on the desktop; null where none is known. What the agent said is never part of a script. */
export function desktopArgv({ title, body }: Message, platform: NodeJS.Platform): readonly [string, ...string[]] | null {
  switch (platform) {
    case 'linux':
      // The body, and it alone, is read as markup.
      return ['notify-send', '--app-name=paude', '--', title, escaped(body)]
    case 'darwin':
      return [
        'osascript',
        ...['-e', 'on run argv', '-e', 'display notification (item 2 of argv) with title (item 1 of argv)', '-e', 'end run'],
        title,
        body,
      ]
    default:
      return null
  }
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
