import type { Child } from './child.ts'
import { type Client, send } from './connection.ts'
import type { Log } from './log.ts'
import { json, type Question, UNHEARD } from './protocol.ts'
import type { Report } from './report.ts'
import type { Screen } from './screen.ts'
import { makeTypist } from './typist.ts'

export type Questions = ReturnType<typeof makeQuestions>

type Asked = {
  readonly child: Child
  readonly log: Log
  readonly report: Report
  readonly screen: Screen
}

/** Milliseconds that an agent has to paint a question, and to paint its screen anew for a new holder, which joins late on a busy machine. */
const REPAINT = 2000
const JOIN = 6000

/** Answers the questions that come in at the holder's socket. */
export function makeQuestions(asked: Asked) {
  const { child, log, report, screen } = asked
  /** Who waits for the start of the agent, and who waits until what was typed is taken up. */
  const starting = new Set<Client>()
  const sending = new Set<Client>()
  const type = makeTypist({
    write: child.write,
    screen,
    state: report.state,
    spoken: report.spoken,
    over: report.isOver,
    // That a text was taken up is told by a change at the cursor. An agent that a new holder has just joined paints its whole screen,
    // and behind a text that would pass for such a change.
    repainted: () => repainted(asked),
  })

  return {
    answer(client: Client, question: Question): void {
      switch (question.ask) {
        case 'screen':
          return void repainted(asked).then(() => reply(client, screen.picture(question)))
        case 'log':
          reply(client, log.answer(question.follow, question.since))
          client.follows = question.follow
          return
        case 'send':
          if (child.isSilent()) return void reply(client, UNHEARD)
          sending.add(client)
          return void type(question)
            .catch(() => '')
            .then((refusal) => tell(sending, refusal, client))
        case 'started':
          starting.add(client)
          return void started(asked, () => starting.has(client)).then((is) => is && tell(starting, '', client))
      }
    },
    forget(client: Client): void {
      starting.delete(client)
      sending.delete(client)
    },
    /** The agent has ended: those who still wait hear of it. What was typed may be what ended it. */
    end(how: string): void {
      tell(starting, how, ...starting)
      tell(sending, '', ...sending)
    },
  }
}

const reply = (client: Client, text: string): void => send(client, json('a', text))

/** Answers those of the clients that still wait. */
function tell(waiting: Set<Client>, text: string, ...clients: readonly Client[]): void {
  for (const client of clients) if (waiting.delete(client)) reply(client, text)
}

/** A new holder has an empty screen until the agent that runs already has painted it, and a question is told of before it is painted. */
async function repainted({ child, report }: Asked): Promise<void> {
  const asked = () => (report.state().activity === 'waiting' ? Date.parse(report.state().since) : 0)
  while (!report.isOver() && !child.isWhole(asked(), child.hasPainted() ? REPAINT : JOIN)) await Bun.sleep(20)
}

/** Milliseconds between two questions to the engine whether the agent runs: soon at first, and not for ever. */
const FIRST = 50
const SELDOM = 2000

/** Waits until the agent has painted, or the engine says that it runs; false when it ends or nobody waits before that. */
async function started({ child, report }: Asked, isAwaited: () => boolean): Promise<boolean> {
  for (let pause = FIRST; isAwaited() && !report.isOver(); pause = Math.min(1.5 * pause, SELDOM)) {
    if (await child.isUp()) return true
    await Bun.sleep(pause)
  }
  return false
}
