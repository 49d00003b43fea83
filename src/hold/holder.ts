import { chmodSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentState, Said } from '../agents/activity.ts'
import { isAlive, processMark } from '../host.ts'
import type { Argv } from '../plan/plan.ts'
import { openPty, type Pty } from '../run/pty.ts'
import { fromOwnFile, nextState, stateOf } from './activity.ts'
import { type Client, makeClients } from './clients.ts'
import { makeJournal } from './journal.ts'
import { type HoldState, holderFile, leaveSocketPath } from './place.ts'
import { frame, json, makeReader, parse, type Question } from './protocol.ts'
import { makeScreen, type Size } from './screen.ts'
import { makeTypist } from './typist.ts'

export type HoldOptions = {
  /** Folder of the session on the host. */
  readonly folder: string
  /** Where to listen; asked once the session is ours to hold. */
  readonly socket: () => string
  /** The engine's client: how it starts the made agent, if that is asked for, and how it attaches to a running one. */
  readonly start: Argv | null
  readonly attach: Argv
  /** What the engine says of the agent; null when it says nothing, as while it is down. */
  readonly look: () => Promise<{ readonly status: string; readonly exitCode: number } | 'gone' | null>
  readonly size: Size
  /** Lines. */
  readonly scrollback: number
  readonly name: string
  /** Whether terminals of people get the title that the agent gives itself (default: true). */
  readonly titles?: boolean
  /** Called once clients can come. */
  readonly ready: () => void
  /** What hooks told since the last call: asked when the terminal stands still, and believed as long as the agent says nothing there itself. */
  readonly told?: () => readonly Said[]
  /** What an agent that runs already has told every terminal it draws on; '' when nothing is known. */
  readonly modes?: string
  /** The agent's own file about itself, '' without one: asked and believed as `told` is, after it. */
  readonly ownFile?: () => Promise<string>
  /** Looks whether the provider answers the agent, as long as that works: what is wrong, '' once all is well. Returns how to stop. */
  readonly provider?: (tell: (fault: string) => void) => () => void
  /** Whoever wants to know of every change. */
  readonly watch?: (hands: Hands) => Watch
}

export type Hands = {
  /** Bytes for every terminal that is attached, between two of the agent's. Whether there is any. */
  readonly show: (bytes: string) => boolean
}

export type Watch = {
  /** `code` is null until the agent has ended. `answer` is what hooks last told of, '' without hooks. */
  readonly changed: (state: AgentState, code: number | null, answer: string) => void
  /** Whether somebody is attached, and milliseconds since 1970 at the last key; 0 when there was none. */
  readonly present: (presence: { readonly attached: boolean; readonly lastInput: number }) => void
  /** Waits for what is still being done. */
  readonly close: () => Promise<void>
}

/** Milliseconds between two looks at an engine that does not answer, and how often. */
const RETRY = 500
const RETRIES = 120
/** Milliseconds after which an agent is made to paint itself: half of that again when nothing came. */
const NUDGE = 150
const LONGEST_NUDGE = 3000
/** Milliseconds that a running agent has to paint its screen anew for a new holder. */
const REPAINT = 2000
/** Milliseconds after which, when nothing was painted meanwhile, memory is given back. */
const QUIET = 2000
/** Milliseconds without output after which a screen stands still, and after which it is looked at in any case. */
const STILL = 400
const AT_LEAST = 5000

/** Keeps the terminal of one agent until that ends. Returns false when another holder does already. */
export async function hold(options: HoldOptions): Promise<boolean> {
  const { folder, look } = options
  const mark = processMark(process.pid)
  if (!takeOver(folder, mark)) return false
  const socket = options.socket()
  rmSync(socket, { force: true })

  let pty: Pty | null = null
  let state: AgentState = { activity: 'starting', kind: '', message: '', since: new Date().toISOString() }
  let published = ''
  let painted = false
  let over = false
  const asking = new Set<Client>()
  /** Who waits until what was typed is taken up. */
  const sending = new Set<Client>()
  const screen = makeScreen({
    size: options.size,
    scrollback: options.scrollback,
    name: options.name,
    ...(options.titles === undefined ? {} : { titles: options.titles }),
    reply: (text) => pty?.write(text),
  })
  if (options.start === null && options.modes !== undefined) screen.write(options.modes)
  const clients = makeClients(screen, (size) => pty?.resize(size))

  let ended: number | null = null
  let lastInput = 0
  let spoken = false
  let lastAnswer = ''
  let calm: Timer | null = null
  let fault = ''
  let stopLooking: (() => void) | null = null
  const looking = () => [...clients.all].filter(({ looks }) => looks !== 'none')
  const watch = options.watch?.({
    show: (bytes) => {
      const some = looking()
      for (const client of some) clients.send(client, frame('o', bytes))
      return some.length > 0
    },
  })
  const lookForProvider = () => {
    const works = ended === null && state.activity === 'working'
    if (state.activity === 'done') fault = ''
    if (works && stopLooking === null)
      stopLooking =
        options.provider?.((told) => {
          const isNew = told !== fault
          fault = told
          publish()
          if (isNew && told !== '') watch?.changed({ ...state, activity: 'error', message: told }, null, '')
        }) ?? null
    if (works || stopLooking === null) return
    stopLooking()
    stopLooking = null
  }
  const publish = () => {
    lookForProvider()
    const attached = looking().length
    const holder = ended === null ? mark : ''
    const next: HoldState = { v: 1, holder, ...state, attached, title: screen.title(), code: ended, fault }
    const text = JSON.stringify(next)
    if (text === published) return
    published = text
    writeWhole(join(folder, 'state.json'), `${text}\n`)
    watch?.present({ attached: attached > 0, lastInput })
    // An answer is told of once the hook that knows it has ended.
    if (state.activity !== 'done' || calm === null || ended !== null) watch?.changed(state, ended, lastAnswer)
  }

  /** The terminal stands still: what hooks told meanwhile is whole by now. */
  const hear = () => {
    calm = null
    tellAhead()
    const said = options.told?.() ?? []
    for (const each of said) {
      if (each.activity === 'done') lastAnswer = each.message
      if (!spoken) state = stateOf(state, each, new Date().toISOString())
    }
    publish()
    if (ended === null) watch?.changed(state, null, lastAnswer)
    if (!spoken && pty !== null) void readOwnFile()
  }

  let reading = false
  const readOwnFile = async () => {
    if (reading) return
    reading = true
    const said = fromOwnFile(state, (await options.ownFile?.().catch(() => '')) ?? '')
    reading = false
    if (said === null || spoken || ended !== null) return
    state = stateOf(state, said, new Date().toISOString())
    publish()
  }

  const journal = makeJournal()
  let still: Timer | null = null
  let stood = Date.now()
  const lookAtScreen = () => {
    if (still !== null) clearTimeout(still)
    still = null
    stood = Date.now()
    if (screen.alternate()) clients.log(journal.stood(screen.picture({ format: 'text', scrollback: 0 }).split('\n')))
  }
  /** What those who follow were told before it left the screen. */
  let ahead: readonly string[] = []
  const tellAhead = () => {
    if (screen.alternate()) return
    const settled = screen.settled()
    clients.log(without(settled, ahead))
    ahead = settled
  }
  const story = () =>
    screen.alternate() ? journal.text() : [journal.text(), screen.picture({ format: 'text', scrollback: 0 })].join('\n').trim()

  let quiet: Timer | null = null
  /** Painting leaves some 20 MB behind, which would stay until the next time that much is needed. */
  const tidyLater = () => {
    if (quiet !== null) return quiet.refresh()
    quiet = setTimeout(() => {
      quiet = null
      Bun.gc(true)
    }, QUIET)
    return quiet.unref()
  }

  /** An emulator that failed once shows a picture that is no more. Whoever comes next starts a holder with a new one. */
  const written = (chunk: string) => {
    try {
      return screen.write(chunk)
    } catch {
      process.kill(process.pid, 'SIGKILL')
      throw new Error('unreachable')
    }
  }

  const decoder = new TextDecoder()
  let lastPainted = 0
  /** When a running agent was joined, which was not started here; 0 when it was. */
  let rejoined = options.start === null ? Date.now() : 0
  const onData = (bytes: Uint8Array) => {
    painted = true
    lastPainted = Date.now()
    tidyLater()
    const chunk = decoder.decode(bytes, { stream: true })
    // Before the agent leaves the alternate screen, what stands on it is taken down.
    if (chunk.includes('1049l') || Date.now() - stood > AT_LEAST) lookAtScreen()
    const before = screen.scrolled()
    const { clients: text, statuses } = written(chunk)
    clients.broadcast(text)
    if (screen.scrolled() > before) {
      const gone = journal.scrolled(screen.history(before))
      clients.log(without(gone, ahead))
      ahead = without(ahead, gone)
    }
    if (screen.alternate()) {
      if (still === null) still = setTimeout(lookAtScreen, STILL)
      else still.refresh()
    }
    for (const body of statuses) {
      const before = state
      state = nextState(state, body, new Date().toISOString())
      spoken ||= state !== before
      if (state.activity === 'working') lastAnswer = ''
    }
    if (calm === null) calm = setTimeout(hear, STILL)
    else calm.refresh()
    publish()
  }

  const server = Bun.listen<Client>({
    unix: socket,
    socket: {
      open(peer) {
        peer.data = {
          socket: peer,
          read: makeReader(),
          queue: [],
          queued: 0,
          size: null,
          readOnly: false,
          looks: 'none',
          lagging: false,
          seen: '',
          follows: false,
          leftOut: 0,
        }
        clients.all.add(peer.data)
      },
      data({ data: client }, chunk) {
        try {
          for (const { kind, body } of client.read(chunk)) serve(client, kind, body)
        } catch {
          client.socket.end()
        }
      },
      drain: ({ data: client }) => clients.drain(client),
      close: ({ data: client }) => {
        clients.all.delete(client)
        asking.delete(client)
        sending.delete(client)
        publish()
      },
      error: () => undefined,
    },
  })
  chmodSync(socket, 0o600)

  function serve(client: Client, kind: string, body: Uint8Array): void {
    switch (kind) {
      case 'h': {
        const { columns, rows, readOnly } = parse(body)
        clients.enter(client, sizeOf(columns, rows), readOnly === true)
        tidyLater()
        publish()
        return
      }
      case 'r': {
        const { columns, rows } = parse(body)
        if (client.looks !== 'none') clients.resize(client, sizeOf(columns, rows))
        return
      }
      case 'i':
        if (client.readOnly || client.looks === 'none') return
        clients.lead(client)
        lastInput = Date.now()
        watch?.present({ attached: true, lastInput })
        pty?.write(body)
        return
      case 'q':
        answer(client, parse(body) as unknown as Question)
    }
  }

  function answer(client: Client, question: Question): void {
    switch (question.ask) {
      case 'screen':
        void repainted().then(() =>
          clients.send(client, json('a', screen.picture({ format: question.format, scrollback: question.scrollback }))),
        )
        return
      case 'log':
        // Whoever follows is told what stands on the screen when it leaves it.
        if (screen.alternate()) lookAtScreen()
        clients.send(client, json('a', question.follow ? [journal.text(), ...ahead].join('\n') : story()))
        client.follows = question.follow
        return
      case 'send':
        sending.add(client)
        void typist(question)
          .catch(() => '')
          .then((refusal) => {
            if (sending.delete(client)) clients.send(client, json('a', refusal))
          })
        return
      case 'started':
        asking.add(client)
        void tellStarted()
    }
  }

  /** A new holder has an empty screen until the agent that runs already has painted it, and a question is told of before it is painted. */
  async function repainted(patience = REPAINT): Promise<void> {
    const begun = () => Math.max(rejoined, state.activity === 'waiting' ? Date.parse(state.since) : 0)
    const whole = () => over || Date.now() - begun() >= patience || (painted && Date.now() - lastPainted >= STILL)
    while (!whole()) await Bun.sleep(20)
  }

  const typist = makeTypist({
    write: (text) => pty?.write(text),
    screen,
    state: () => state,
    spoken: () => spoken,
    over: () => over,
    // That a text was taken up is told by a change at the cursor. An agent that a new holder has just joined paints its whole screen,
    // and behind a text that would pass for such a change. So typing waits longer for the first paint than whoever asks for a picture.
    repainted: () => repainted(painted ? REPAINT : 3 * REPAINT),
  })

  /** Whoever waits for the start is told once the agent has painted, or once the engine says that it runs. */
  async function tellStarted(): Promise<void> {
    while (asking.size > 0 && !over) {
      const seen = painted ? null : await look().catch(() => null)
      if (painted || (seen !== null && seen !== 'gone' && seen.status === 'running')) return tell('')
      await Bun.sleep(50)
    }
  }
  function tell(what: string): void {
    for (const client of asking) clients.send(client, json('a', what))
    asking.clear()
  }

  publish()
  options.ready()

  let code = 0
  let failed = false
  let how = options.start
  for (let tries = 0; ; ) {
    const begun = Date.now()
    painted = false
    pty = openPty(how ?? options.attach, { size: screen.size(), onData })
    if (how === null) {
      rejoined = begun
      nudge(pty)
    }
    const status = await pty.exited
    pty = null
    const seen = await look().catch(() => null)
    if (seen === 'gone') {
      // Removed while it ran: the engine kills the agent for that and keeps no code.
      code = 137
      break
    }
    if (seen !== null && seen.status !== 'running' && seen.status !== 'paused') {
      code = seen.exitCode
      failed = seen.status === 'created'
      if (failed) code = status
      break
    }
    // The agent lives on without us, or the engine says nothing: its client was killed, or the engine starts again.
    tries = Date.now() - begun > 10_000 ? 0 : tries + 1
    if (tries > RETRIES) break
    how = null
    await Bun.sleep(seen === null ? RETRY : Math.min(RETRY, 50 * tries))
  }

  /** An agent paints when its size changes. On a busy machine the engine's client joins late, so this goes on until something is painted. */
  function nudge(to: Pty): void {
    const shake = () => {
      const { columns, rows } = screen.size()
      to.resize({ columns, rows: rows - 1 })
      setTimeout(() => to.resize(screen.size()), 60)
    }
    const again = (wait: number) => {
      if (painted || pty !== to) return
      shake()
      setTimeout(() => again(Math.min(2 * wait, LONGEST_NUDGE)), wait)
    }
    setTimeout(shake, NUDGE)
    setTimeout(() => again(NUDGE * 4), NUDGE * 4)
  }

  lookAtScreen()
  const text = story()
  writeWhole(join(folder, 'screen.txt'), `${text}\n`)
  if (calm !== null) clearTimeout(calm)
  hear()
  ended = code
  publish()
  over = true
  const rest = screen.alternate() ? '' : without(screen.picture({ format: 'text', scrollback: 0 }).split('\n'), ahead).join('\n')
  const end = { code, failed, text: failed ? text.slice(-4000) : '', rest, cut: screen.cut() }
  tell(failed ? JSON.stringify(end) : '')
  // What was typed may be what ended it.
  for (const client of sending) clients.send(client, json('a', ''))
  sending.clear()
  clients.end(end)
  for (let waited = 0; clients.all.size > 0 && waited < 2000; waited += 20) await Bun.sleep(20)
  server.stop(true)
  rmSync(socket, { force: true })
  leaveSocketPath(folder, socket)
  await watch?.close()
  return true
}
/** The lines of a list that are not in the other, which takes away as many as it has. */
function without(list: readonly string[], other: readonly string[]): readonly string[] {
  if (other.length === 0) return list
  const left = new Map<string, number>()
  for (const line of other) left.set(line, (left.get(line) ?? 0) + 1)
  return list.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/** Sizes come from a terminal that may say anything. */
const sizeOf = (columns: unknown, rows: unknown): Size => ({ columns: bounded(columns, 80), rows: bounded(rows, 24) })
const bounded = (value: unknown, otherwise: number): number =>
  typeof value === 'number' && Number.isInteger(value) && value > 1 ? Math.min(value, 1000) : otherwise

/** One holder a session: the file names the living one. */
function takeOver(folder: string, mark: string): boolean {
  const path = holderFile(folder)
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, mark, { mode: 0o600 })
  try {
    for (let tries = 0; tries < 5; tries++) {
      try {
        linkSync(draft, path)
        return true
      } catch {
        if (isAlive(readFileSync(path, 'utf8'))) return false
        rmSync(path, { force: true })
      }
    }
    return false
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Nothing is written once the session's folder is gone. */
function writeWhole(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch {}
}
