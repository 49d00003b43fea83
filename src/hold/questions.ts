import type { Child } from './child.ts'
import { type Client, send } from './connection.ts'
import type { Log } from './log.ts'
import { json, type Question } from './protocol.ts'
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

/** Milliseconds that a running agent has to paint its screen anew for a new holder. */
const REPAINT = 2000

/** Answers the questions that come in at the holder's socket. */
export function makeQuestions({ child, log, report, screen }: Asked) {
  /** Who waits for the start of the agent, and who waits until what was typed is taken up. */
  const starting = new Set<Client>()
  const sending = new Set<Client>()
  const reply = (client: Client, text: string) => send(client, json('a', text))

  const type = makeTypist({
    write: child.write,
    screen,
    state: report.state,
    spoken: report.spoken,
    over: report.isOver,
    // That a text was taken up is told by a change at the cursor. An agent that a new holder has just joined paints its whole screen,
    // and behind a text that would pass for such a change. So typing waits longer for the first paint than whoever asks for a picture.
    repainted: () => repainted(child.hasPainted() ? REPAINT : 3 * REPAINT),
  })

  /** A new holder has an empty screen until the agent that runs already has painted it, and a question is told of before it is painted. */
  async function repainted(patience = REPAINT): Promise<void> {
    const asked = () => (report.state().activity === 'waiting' ? Date.parse(report.state().since) : 0)
    while (!report.isOver() && !child.isWhole(asked(), patience)) await Bun.sleep(20)
  }

  /** Whoever waits for the start is told once the agent has painted, or once the engine says that it runs. */
  async function tellStarted(): Promise<void> {
    while (starting.size > 0 && !report.isOver()) {
      if (await child.isUp()) return started('')
      await Bun.sleep(50)
    }
  }

  function started(how: string): void {
    for (const client of starting) reply(client, how)
    starting.clear()
  }

  return {
    answer(client: Client, question: Question): void {
      switch (question.ask) {
        case 'screen':
          void repainted().then(() => reply(client, screen.picture(question)))
          return
        case 'log':
          reply(client, log.answer(question.follow))
          client.follows = question.follow
          return
        case 'send':
          sending.add(client)
          void type(question)
            .catch(() => '')
            .then((refusal) => {
              if (sending.delete(client)) reply(client, refusal)
            })
          return
        case 'started':
          starting.add(client)
          void tellStarted()
      }
    },
    forget(client: Client): void {
      starting.delete(client)
      sending.delete(client)
    },
    /** The agent has ended: those who still wait hear of it. What was typed may be what ended it. */
    end(how: string): void {
      started(how)
      for (const client of sending) reply(client, '')
      sending.clear()
    },
  }
}
