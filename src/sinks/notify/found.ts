import type { Change } from './change.ts'
import { messageOf } from './message.ts'
import { type NotifyEffects, sendNoted } from './notifier.ts'
import type { NotifySettings } from './settings.ts'

/** Something appeared in the project of a session that this machine may run; `text` says what, `next` is the command that comes next. */
type FoundThere = {
  readonly does: 'paused' | 'stopped' | 'told'
  readonly text: string
  readonly next: string
}

/**
 * Tells of it, also somebody who looks at the session: what they see stands still. A box that is only told of may go on with it for ever,
 * so there is one message in `every` seconds.
 */
export function foundTeller(
  session: Change['session'],
  settings: NotifySettings,
  effects: NotifyEffects,
): (found: FoundThere) => void {
  let sent = 0
  return ({ does, text, next }) => {
    const now = effects.now()
    if (!settings.on.includes('finding') || (does === 'told' && now - sent < settings.every * 1000)) return
    sent = now
    const what = does === 'told' ? {} : { does: `was ${does}` }
    void sendNoted(settings, messageOf({ session, state: 'finding', ...what, text: `${text}. Next: ${next}` }, now), effects)
  }
}
