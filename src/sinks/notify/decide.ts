import type { Presence, State } from './change.ts'
import type { NotifySettings } from './settings.ts'

/** What is known when it is decided: all times in milliseconds since 1970. */
export type Facts = {
  readonly state: State
  /** When the last message of this kind about this session was sent; 0 for never. */
  readonly lastSent: number
  readonly presence: Presence
  readonly now: number
}

/** Send it, forget it, or look again at a moment when the session may still be in this state and nobody has noticed. */
export type Decision = { readonly kind: 'send' } | { readonly kind: 'drop' } | { readonly kind: 'later'; readonly at: number }

export function decide({ on, every, active }: NotifySettings, { state, lastSent, presence, now }: Facts): Decision {
  if (!on.includes(state)) return { kind: 'drop' }
  const rested = lastSent === 0 ? 0 : lastSent + every * 1000
  // Somebody attached who has not typed for a while may have left the room.
  const alone = presence.attached && presence.lastInput > 0 ? presence.lastInput + active * 1000 : 0
  const at = Math.max(rested, alone)
  return at > now ? { kind: 'later', at } : { kind: 'send' }
}
