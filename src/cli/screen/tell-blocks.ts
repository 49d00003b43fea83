import type { Context } from '../../context.ts'
import type { Host } from '../../host.ts'
import { watchBlocks } from '../../session/life/block-watch.ts'
import type { Found } from '../../session/record/found.ts'
import { beThere } from '../../session/wall/there.ts'
import { blockTeller } from '../../sinks/notify/blocks.ts'
import { notifyEffects } from '../../sinks/notify/effects.ts'
import type { Message } from '../../sinks/notify/message.ts'
import { type NotifyEffects, sendNoted } from '../../sinks/notify/notifier.ts'
import type { NotifySettings } from '../../sinks/notify/settings.ts'
import { stateFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { writeAll } from '../streams/output.ts'

type Telling = {
  readonly host: Host
  readonly found: Found
  readonly settings: NotifySettings
  readonly effects: NotifyEffects
}

/** Tells the user of each host that a session is refused or asks for. Whoever is told can answer, so somebody is there. Returns how to stop. */
export function tellBlocks({ host, found, settings, effects }: Telling): () => void {
  const { id, name, workspace } = found.record
  const send = (message: Message) => void sendNoted(settings, message, effects)
  const leave = beThere(found)
  const unwatch = watchBlocks({ host, found }, blockTeller({ id, name, workspace }, send, effects))
  return () => {
    leave()
    unwatch()
  }
}

/** The same from a paude that stays with a session without a screen: its terminal is stderr, since stdout is the agent's answer. */
export const tellBlocksHere = ({ host, warn }: Context, settings: NotifySettings, found: Found): (() => void) =>
  tellBlocks({
    host,
    found,
    settings,
    effects: notifyEffects({
      host,
      state: stateFolder(host),
      terminal: async (bytes) => {
        if (!host.terminal.stderr) return 'no terminal is attached'
        writeAll(2, bytes)
        return null
      },
      note: (text) => warn(printable(text)),
      keeps: true,
    }),
  })
