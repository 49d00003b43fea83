import type { Context } from '../../context.ts'
import { SIGNALS } from '../../run/patience.ts'
import { question } from '../../run/question.ts'
import type { Found } from '../record/found.ts'
import { watchProject } from './alarm.ts'
import { tellPaused } from './wait.ts'

/** Lines of what is only told: a box can make as much as it likes. */
const MOST_TOLD = 10

/**
 * Watches the project from a paude that stays with a session without a screen. Without a terminal nobody could review it, and a paused box
 * would keep its pipeline for ever: there it is told at once, and goes on. `owns`: the session ends with this paude. Returns how to stop.
 */
export function watchHere(context: Context, found: Found, { owns }: { readonly owns: boolean }): () => void {
  const { backend, handle, record } = found
  const name = record.name || record.id
  // A paused box hears of nothing else.
  const end = () => void question(backend.life.signal(handle, 'KILL'))
  const unlisten = () => SIGNALS.forEach((signal) => void process.off(signal, end))
  let told = 0
  const tell = (text: string) => {
    if (++told <= MOST_TOLD) context.warn(text)
    if (told === MOST_TOLD) context.note('what appears from now on is named when the session ends')
  }
  const unwatch = watchProject(context, found, {
    canPause: context.host.terminal.stderr,
    raised: ({ does, text }) => {
      if (does === 'told') return tell(text)
      if (does === 'stopped') return context.warn(`stopped ${name}: ${text}`)
      context.warn(`paused ${name}: ${text}`)
      context.note(`in another terminal: paude review ${name}${owns ? '; Ctrl-C ends it' : ''}`)
      unlisten()
      if (owns) SIGNALS.forEach((signal) => void process.on(signal, end))
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

/** The same beside a session in the background. One with a screen has a holder that watches: of that it is told what it did. */
export const watchBeside = (context: Context, found: Found): (() => void) =>
  found.handle.terminal ? tellPaused(found, context.warn) : watchHere(context, found, { owns: false })
