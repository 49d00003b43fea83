import type { Change, Presence, State } from './change.ts'
import { decide } from './decide.ts'
import { type Message, messageOf, terminalBytes } from './message.ts'
import { type Channel, channelsOf, type NotifySettings, type Webhook } from './settings.ts'

/** Everything a notifier does to the world. Each way of sending says why it failed, or null. */
export type NotifyEffects = {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Calls back after so many milliseconds; what it returns takes that back. */
  readonly after: (milliseconds: number, call: () => void) => () => void
  readonly desktop: (message: Message) => Promise<string | null>
  /** Bytes for every terminal that is attached. */
  readonly terminal: (bytes: string) => Promise<string | null>
  readonly command: (argv: readonly string[], message: Message) => Promise<string | null>
  /** Tries, tries again, and keeps for later what cannot be sent now. */
  readonly webhook: (webhook: Webhook, message: Message) => Promise<string | null>
  /** One line for whoever reads the log of the session's holder. */
  readonly note: (text: string) => void
}

export type Notifier = {
  /** A session came into a state; the same state again is no news. */
  readonly changed: (change: Change) => void
  /** Somebody attached, typed or left: asked for at the moment of a decision. */
  readonly present: (session: string, presence: Presence) => void
  /** Waits for what is being sent and gives up what is only planned. */
  readonly close: () => Promise<void>
}

type Watched = {
  state: State | null
  presence: Presence
  sent: Partial<Record<State, number>>
  /** A message that waits for its moment. */
  planned: { readonly state: State; readonly cancel: () => void } | null
}

/** Turns changes of sessions into messages, not too many and not to somebody who sees it anyway. */
export function notifier(settings: NotifySettings, effects: NotifyEffects): Notifier {
  const sessions = new Map<string, Watched>()
  const running = new Set<Promise<void>>()
  const watched = (id: string): Watched => {
    const known = sessions.get(id) ?? { state: null, presence: { attached: false, lastInput: 0 }, sent: {}, planned: null }
    sessions.set(id, known)
    return known
  }

  function consider(change: Change): void {
    const session = watched(change.session.id)
    session.planned?.cancel()
    session.planned = null
    const now = effects.now()
    const { state } = change
    const decision = decide(settings, { state, lastSent: session.sent[state] ?? 0, presence: session.presence, now })
    switch (decision.kind) {
      case 'drop':
        return
      case 'later':
        session.planned = { state, cancel: effects.after(decision.at - now, () => consider(change)) }
        return
      case 'send': {
        session.sent[state] = now
        const sending = sendNoted(settings, messageOf(change, now), effects)
        running.add(sending)
        void sending.finally(() => running.delete(sending))
      }
    }
  }

  return {
    changed(change) {
      const session = watched(change.session.id)
      if (session.state === change.state) return
      session.state = change.state
      if (!outlives(session.planned?.state, change.state)) consider(change)
    },
    present(id, presence) {
      watched(id).presence = presence
    },
    async close() {
      for (const { planned } of sessions.values()) planned?.cancel()
      await Promise.all(running)
      sessions.clear()
    },
  }
}

/** An answer or an error stays news while the agent idles or ends; a question that nobody can answer any more does not. */
const outlives = (planned: State | undefined, state: State): boolean =>
  (planned === 'done' || planned === 'error') && (state === 'idle' || state === 'exited')

/** The same, and what failed is noted. */
export async function sendNoted(settings: NotifySettings, message: Message, effects: NotifyEffects): Promise<void> {
  for (const { channel, fault } of await sendAll(settings, message, effects))
    if (fault !== null) effects.note(`the notification by ${channel} failed: ${fault}`)
}

export type SendOutcome = { readonly channel: Channel; readonly fault: string | null }

/** One message to every channel that is set up, side by side; one that fails does not hinder the others. */
export function sendAll(settings: NotifySettings, message: Message, effects: NotifyEffects): Promise<readonly SendOutcome[]> {
  const send = (channel: Channel): Promise<string | null> => {
    switch (channel) {
      case 'desktop':
        return effects.desktop(message)
      case 'terminal':
        return effects.terminal(settings.terminal.map((way) => terminalBytes(message, way)).join(''))
      case 'command':
        return effects.command(settings.command, message)
      case 'webhook':
        return settings.webhook === null ? Promise.resolve(null) : effects.webhook(settings.webhook, message)
    }
  }
  return Promise.all(
    channelsOf(settings).map(async (channel) => ({
      channel,
      fault: await send(channel).catch((error: unknown) => (error instanceof Error ? error.message : String(error))),
    })),
  )
}
