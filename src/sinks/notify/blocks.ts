import { inMiddle } from '../../text.ts'
import type { Change } from './change.ts'
import { type Message, messageOf } from './message.ts'
import type { NotifyEffects } from './notifier.ts'

/** A host that a session was refused, or asks for. */
export type Block = {
  /** HOST:PORT. */
  readonly place: string
  /** Seconds that it waits for an answer; 0 for what was refused. */
  readonly waits: number
  /** What allows it. */
  readonly command: string
}

/** Messages in a minute, and hosts that are remembered: a box may ask for thousands. */
const MOST = 5
const MINUTE = 60_000
const MOST_KNOWN = 2000
/** Columns of a host: a desktop cuts what is longer, and then a box says by the beginning of a name whose it seems to be. */
const WIDEST = 48

/** Tells of each refused host once, of each question, and of many at once in one message. */
export function blockTeller(
  session: Change['session'],
  send: (message: Message) => void,
  { now, after }: Pick<NotifyEffects, 'now' | 'after'>,
): (block: Block) => void {
  const known = new Set<string>()
  let sent: readonly number[] = []
  let more = 0
  const tell = (does: string, text: string) => send(messageOf({ session, state: 'blocked', does, text }, now()))
  const rest = () => {
    tell(`was refused ${more} more ${more === 1 ? 'host' : 'hosts'}`, `Show them: paude network blocked ${session.id}`)
    more = 0
  }
  return ({ place, waits, command }) => {
    if ((waits === 0 && known.has(place)) || known.size >= MOST_KNOWN) return
    known.add(place)
    sent = sent.filter((time) => time > now() - MINUTE)
    if (sent.length >= MOST) {
      if (more++ === 0) after(MINUTE, rest)
      return
    }
    sent = [...sent, now()]
    const name = inMiddle(place, WIDEST)
    const [does, look] = waits > 0 ? ['asks for', 'watch'] : ['was refused', 'blocked']
    const next =
      name === place ? `To allow it: ${command}` : `Its name is long; to look at it: paude network ${look} ${session.id}`
    tell(`${does} ${name}`, waits > 0 ? `It waits ${waits} s for your answer. ${next}` : next)
  }
}
