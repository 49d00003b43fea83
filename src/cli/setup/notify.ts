import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { notifyEffects } from '../../sinks/notify/effects.ts'
import { messageOf } from '../../sinks/notify/message.ts'
import { sendAll } from '../../sinks/notify/notifier.ts'
import { channelsOf } from '../../sinks/notify/settings.ts'
import { requirePrivate, stateFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { json } from '../args.ts'
import { ACTS, alsoTaking, taking } from '../front-flags.ts'
import { green, red, writeAll } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { topic, verb } from '../verb.ts'

const test = verb({
  description: 'Send a test message by every way in config.toml, and show which worked',
  front: alsoTaking(ACTS, taking('profile')),
  args: { json },
  examples: [['paude notify test', 'try every way']],
  async run(context, given) {
    const { host } = context
    const config = await loadConfig(host, context.flags)
    const { notify } = config.settings
    if (channelsOf(notify).length === 0)
      throw new PaudeError('config', 'no notifications are set up', {
        hint: `write [notify] with desktop, terminal, command or webhook into ${config.file}`,
      })
    requirePrivate(host)
    const effects = notifyEffects({
      host,
      state: stateFolder(host),
      terminal: ownTerminal(context),
      note: context.note,
      keeps: false,
    })
    const session = { id: 'test', name: '', workspace: host.cwd }
    const message = messageOf({ session, state: 'test', text: 'If you can read this, it works' }, Date.now())
    const outcomes = await sendAll(notify, message, effects)
    if (given.json) context.answer(JSON.stringify(outcomes, null, 2))
    else
      context.answer(
        table(
          ['CHANNEL', 'RESULT'],
          outcomes.map(({ channel, fault }) => [channel, fault === null ? green('sent') : red(printable(fault))]),
          fit(host),
        ),
      )
    return outcomes.some(({ fault }) => fault !== null) ? 1 : 0
  },
})

export default topic({
  description: 'Test the notifications of sessions',
  examples: [['paude notify test', 'a test message by every way in config.toml']],
  verbs: { test },
})

/** The terminal of this very command: stderr, since stdout is the answer. */
const ownTerminal =
  ({ host }: Context) =>
  async (bytes: string): Promise<string | null> => {
    if (!host.terminal.stderr) return 'no terminal is attached here'
    writeAll(2, bytes)
    return null
  }
