import type { AgentState } from '../events/activity.ts'
import { answerKeys, showsOptions } from './answer.ts'
import type { Question } from './protocol.ts'
import type { Screen } from './screen.ts'

/** Milliseconds between a text, its Enter and the next text, at least. */
const APART = 100
/** Milliseconds that an agent has to show what was typed; one that hides its cursor never does. */
const SHOWN = 3000
/** Milliseconds after which a question takes its answer. */
const SETTLED = 1200
/** Milliseconds that an agent has to paint a question: a hook tells of it before, on a busy machine long before. */
const ASKED = 6000
/** Milliseconds that an agent has to say that it works on what was typed. What it answers by itself, as `/help`, it says nothing of. */
const TAKEN = 2000

/** Milliseconds that an agent has to show anything at all: what is typed before may be thrown away when it takes over its terminal. */
const FIRST = 10_000

/** Milliseconds that an agent has until it knows pastes; what comes before that it takes for keys. */
const PASTES = 10_000

/** Looks in turn, 20 ms apart, that find the same where the text itself is not to be seen: long ones are shown as a note of their length. */
const STEADY = 15
/** Characters of a text's end that are looked for. */
const TAIL = 4

export type Means = {
  readonly write: (text: string) => void
  readonly screen: Pick<Screen, 'picture' | 'bracketedPaste' | 'atCursor'>
  readonly state: () => AgentState
  /** Whether the agent says on its terminal what it does. */
  readonly spoken: () => boolean
  readonly over: () => boolean
  /** Waits until the screen shows what is to be known. */
  readonly repainted: () => Promise<void>
}

type Sent = Extract<Question, { ask: 'send' }>

/**
 * Types what is sent from outside, one after the other: the Enter of one must not come behind the text of the next. Each call ends when
 * the agent has taken it up, with '', or with the question that such a text would answer with whatever is chosen on the screen.
 */
export function makeTypist(means: Means): (sent: Sent) => Promise<string> {
  let last: Promise<unknown> = Promise.resolve()
  const begun = Date.now()
  return (sent) => {
    const done = last
      .then(() => until(means, () => showsAnything(means), begun + FIRST - Date.now()))
      .then(() => taken(means, sent))
    last = done.catch(() => undefined)
    return done
  }
}

const showsAnything = ({ screen, spoken }: Means): boolean =>
  spoken() || screen.picture({ format: 'text', scrollback: 0 }).trim() !== ''

async function taken(means: Means, sent: Sent): Promise<string> {
  const { screen, state, spoken, repainted } = means
  const lines = () => screen.picture({ format: 'text', scrollback: 0 }).split('\n')
  const isAnswer = sent.text !== '' && sent.enter
  await repainted()
  // A new question may take no key in its first 0.7 s or so, which is meant for people who were typing something else.
  if (state().activity === 'waiting') {
    let shown = Date.parse(state().since)
    const isShown = () => state().activity !== 'waiting' || showsOptions(lines())
    if (isAnswer && !isShown()) {
      await until(means, isShown, shown + ASKED - Date.now())
      if (isShown()) shown = Date.now()
    }
    await Bun.sleep(Math.max(0, shown + SETTLED - Date.now()))
  }
  const before = state()
  if (before.activity === 'waiting' && isAnswer) {
    const keys = answerKeys(sent.text, lines())
    if (keys === null) return before.message || before.kind
    for (const key of keys) await pressed(means, key)
  } else await type(means, sent)
  // Whoever waits for its answer next must not find the one before.
  if (sent.enter && spoken() && before.activity !== 'working') await until(means, () => hasBegun(before, state()), TAKEN)
  return ''
}

/** Whether an agent has begun with what was typed: it says something else than before, or the same anew. */
const hasBegun = (before: AgentState, { activity, since }: AgentState): boolean =>
  activity === before.activity ? since !== before.since : activity !== 'idle'

async function until({ over }: Means, met: () => boolean, limit: number): Promise<void> {
  for (let waited = 0; waited < limit && !over() && !met(); waited += 20) await Bun.sleep(20)
}

async function pressed({ write }: Means, key: string): Promise<void> {
  write(key)
  await Bun.sleep(APART)
}

/** A busy agent reads late, and then all at once: a text and its Enter, or that Enter and the next text, would be one paste. */
async function shown(means: Means, text: string, met: (line: string) => boolean): Promise<void> {
  const { screen } = means
  const before = screen.atCursor()
  await pressed(means, text)
  // Something else may be painted meanwhile, which leads the cursor away and back.
  let line = before
  let same = 0
  const isSteady = () => {
    const now = screen.atCursor()
    same = now === line ? same + 1 : 0
    line = now
    return now !== before && same >= (met(now) ? 1 : STEADY)
  }
  await until(means, isSteady, SHOWN - APART)
}

/** Types a text as a paste where the agent knows pastes: its line breaks are then no answers. */
async function type(means: Means, { text, keys, enter, pasted: waits }: Sent): Promise<void> {
  if (waits === true) await until(means, means.screen.bracketedPaste, PASTES)
  const clean = text.replace(UNTYPED, '')
  const tail = clean.trimEnd().slice(-TAIL)
  const holdsTail = (line: string) => tail !== '' && line.includes(tail)
  const pasted = means.screen.bracketedPaste() ? `\x1b[200~${clean}\x1b[201~` : clean.replaceAll('\n', '\r')
  if (clean !== '') await shown(means, pasted, holdsTail)
  if (keys !== '') means.write(keys)
  if (enter) await (clean === '' ? pressed(means, '\r') : shown(means, '\r', (line) => !holdsTail(line)))
}

const UNTYPED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
