import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { processMark } from '../host.ts'
import { type ChildOptions, makeChild } from './child.ts'
import { claim } from './claim.ts'
import { makeClients } from './clients.ts'
import { listen } from './listen.ts'
import { makeLog } from './log.ts'
import { makeLull } from './lull.ts'
import { leaveSocketPath } from './place.ts'
import { makeQuestions } from './questions.ts'
import { makeReport, type Raised, type ReportOptions } from './report.ts'
import { makeScreen, type Screen, type Size } from './screen.ts'
import { writeWhole } from './state-file.ts'
import { TIMES_FILE, timesText } from './times.ts'
import { makeTitle } from './title.ts'

export type HoldOptions = ChildOptions &
  ReportOptions & {
    /** Where to listen; asked once the session is ours to hold. */
    readonly socket: () => string
    readonly size: Size
    /** Lines. */
    readonly scrollback: number
    readonly name: string
    /** Whether terminals of people get the title that the agent gives itself (default: true). */
    readonly titles?: boolean
    /** Called once clients can come. */
    readonly ready: () => void
    /** Watches what the agent's box makes; returns how to stop. Begins once the agent does. */
    readonly guard?: (hands: { readonly raised: (alarm: Raised) => void; readonly over: () => void }) => () => void
    /** What an agent that runs already has told every terminal it draws on; '' when nothing is known. */
    readonly modes?: string
  }

/** Milliseconds after which, when nothing was painted meanwhile, memory is given back. */
const QUIET = 2000
/** Milliseconds that the agent has to begin before paude looks through its project; what appears in them is found then. */
const EASE = 100
const SILENCE =
  'paude hears nothing of this session: the network is away, or what runs it. It goes on there, and this terminal joins it again.'
/** Milliseconds that clients have to take the end and go. */
const FAREWELL = 2000

/** Keeps the terminal of one agent until that ends. Returns false when another holder does already. */
export async function hold(options: HoldOptions): Promise<boolean> {
  const { folder, start, size, scrollback, name, titles = true, modes = '' } = options
  const mark = processMark(process.pid)
  if (!claim(folder, mark)) return false
  const socket = options.socket()
  rmSync(socket, { force: true })

  const child = makeChild(options)
  const screen = makeScreen({ size, scrollback, name, reply: child.write })
  if (start === null) screen.write(modes)
  const title = titles ? makeTitle(screen.title) : null
  const clients = makeClients(screen, title?.paint ?? (() => ''), child.resize)
  const log = makeLog(screen, clients.log)
  const report = makeReport(options, {
    mark,
    title: screen.title,
    attached: clients.looking,
    show: clients.show,
    isOpen: child.isOpen,
    onStill: log.tellAhead,
    onState: (isWaiting) => {
      const news = title?.news(isWaiting) ?? ''
      if (news !== '') clients.show(news)
    },
  })
  const questions = makeQuestions({ child, log, report, screen })
  // Painting leaves some 20 MB behind, which would stay until the next time that much is needed.
  const { stir: painted } = makeLull(QUIET, () => Bun.gc(true))
  const server = listen(socket, { clients, questions, report, write: child.write, painted })
  report.publish()
  options.ready()
  let unguard: () => void = () => undefined
  // That the engine is silent comes first: until it answers nobody can do anything about a pause.
  const covers = { silence: '', pause: '' }
  const cover = (news: Partial<typeof covers>) => {
    Object.assign(covers, news)
    clients.cover(covers.silence || covers.pause)
  }
  const guarding = setTimeout(() => {
    unguard =
      options.guard?.({
        raised: (alarm) => {
          if (alarm.does === 'paused')
            cover({ pause: `paude paused this session: ${alarm.text}\nNext, in another terminal: ${alarm.next}` })
          report.raised(alarm)
        },
        over: () => {
          cover({ pause: '' })
          report.goesOn()
        },
      }) ?? unguard
  }, EASE)

  const decoder = new TextDecoder()
  const outcome = await child.run(screen.size, {
    onData: (bytes) => {
      painted()
      const chunk = decoder.decode(bytes, { stream: true })
      const statuses = log.through(chunk, () => {
        const { clients: text, statuses } = written(screen, chunk)
        clients.broadcast(text)
        return statuses
      })
      report.heard(statuses)
    },
    onSilence: (isSilent) => cover({ silence: isSilent ? SILENCE : '' }),
  })

  clearTimeout(guarding)
  unguard()
  cover({ silence: '', pause: '' })
  log.look()
  const { texts, times } = log.whole()
  const text = texts.join('\n')
  writeWhole(join(folder, TIMES_FILE), timesText(times))
  writeWhole(join(folder, 'screen.txt'), `${text}\n`)
  // Of an agent that may run on no end is told: whoever looks starts another holder, or hears why that cannot be.
  if (outcome === null) questions.end('')
  else {
    const { code, failed } = outcome
    report.end(code)
    const end = { code, failed, text: failed ? text.slice(-4000) : '', rest: log.rest(), cut: screen.cut() }
    questions.end(failed ? JSON.stringify(end) : '')
    clients.end(end)
  }
  await clients.gone(FAREWELL)
  server.stop()
  rmSync(socket, { force: true })
  leaveSocketPath(folder, socket)
  await report.close()
  return true
}

/** An emulator that failed once shows a picture that is no more. Whoever comes next starts a holder with a new one. */
function written(screen: Screen, chunk: string): ReturnType<Screen['write']> {
  try {
    return screen.write(chunk)
  } catch {
    process.kill(process.pid, 'SIGKILL')
    throw new Error('unreachable')
  }
}
