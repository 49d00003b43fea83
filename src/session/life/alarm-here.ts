import type { Context } from '../../context.ts'
import { capture } from '../../run/process.ts'
import type { Found } from '../record/found.ts'
import { watchProject } from './alarm.ts'

/** Signals by which the user ends what runs in the foreground. */
const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Watches the project from a paude that stays with a session without a screen. Without a terminal nobody could review it, and a paused box
 * would keep its pipeline for ever: there it is told at once, and goes on. Returns how to stop.
 */
export function watchHere(context: Context, found: Found): () => void {
  const { backend, handle, record } = found
  const name = record.name || record.id
  // A paused box hears of nothing else.
  const end = () => void capture(backend.life.signal(handle, 'KILL'))
  const unlisten = () => ENDING.forEach((signal) => void process.off(signal, end))
  const unwatch = watchProject(context, found, {
    canPause: context.host.terminal.stderr,
    raised: ({ does, text }) => {
      if (does !== 'paused') return context.warn(does === 'stopped' ? `stopped ${name}: ${text}` : text)
      context.warn(`paused ${name}: ${text}`)
      context.note(`in another terminal: paude review ${name}; Ctrl-C ends it`)
      unlisten()
      ENDING.forEach((signal) => void process.on(signal, end))
    },
    over: () => {
      unlisten()
      context.note(`${name} goes on`)
    },
    note: context.note,
  })
  return () => {
    unlisten()
    unwatch()
  }
}
