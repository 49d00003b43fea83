import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readSecret } from '../../credentials/reference.ts'
import type { Host } from '../../host.ts'
import { post } from '../../run/post.ts'
import { capture } from '../../run/process.ts'
import { openSpool, type Spool } from '../spool.ts'
import { deliver } from '../webhook.ts'
import { desktopArgv, isMessage, type Message, plain } from './message.ts'
import type { NotifyEffects } from './notifier.ts'
import type { Webhook } from './settings.ts'

export type Surroundings = {
  readonly host: Host
  /** The state folder of paude. */
  readonly state: string
  readonly terminal: NotifyEffects['terminal']
  readonly note: NotifyEffects['note']
  /** Whether a message that cannot be sent now is sent later. */
  readonly keeps: boolean
}

/** Milliseconds. */
const DESKTOP_TIMEOUT = 5_000
const COMMAND_TIMEOUT = 10_000
/** Until what is kept is tried again. */
const AGAIN = 60_000

/** The real world of a notifier. */
export function notifyEffects({ host, state, terminal, note, keeps }: Surroundings): NotifyEffects {
  // One for each address: what was meant for one is never sent to another.
  const spool = ({ url }: Webhook) =>
    keeps
      ? openSpool(
          join(state, 'notify', new Bun.CryptoHasher('sha256').update(url).digest('hex').slice(0, 16)),
          Date.now,
          isMessage,
        )
      : null
  const after: NotifyEffects['after'] = (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds)
    // Nothing stays alive for a message that may never be due.
    timer.unref()
    return () => clearTimeout(timer)
  }
  return {
    now: Date.now,
    after,
    note,
    terminal,
    desktop: async (message) => {
      const argv = desktopArgv(message, host.platform)
      return argv === null ? `paude cannot show it on ${host.platform}` : run(argv, '', DESKTOP_TIMEOUT)
    },
    command: (argv, message) => run(argv, `${JSON.stringify(message)}\n`, COMMAND_TIMEOUT),
    webhook: (webhook, message) =>
      send(webhook, message, { host, spool: spool(webhook), again: (call) => void after(AGAIN, call) }),
  }
}

/** null when the program ended with 0. It runs at the root, so that no project's files are around it. */
async function run(argv: readonly string[], stdin: string, timeout: number): Promise<string | null> {
  const [program = '', ...words] = argv
  const signal = AbortSignal.timeout(timeout)
  const { code, stderr } = await capture([program, ...words], { stdin, folder: '/', signal })
  if (signal.aborted) return `${program} took longer than ${timeout / 1000} s`
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return code === 0 ? null : plain(`${program} ended with ${code}${last && `: ${last}`}`, 200)
}

type Post = { readonly host: Host; readonly spool: Spool<Message> | null; readonly again: (call: () => void) => void }

async function send(webhook: Webhook, message: Message, { host, spool, again }: Post): Promise<string | null> {
  const means = { post, sleep, token: readSecret(webhook.token, host, 'notify.webhook.token').reveal() }
  const delivery = await deliver(webhook, message, means)
  switch (delivery.kind) {
    case 'sent':
      await flush()
      return null
    case 'refused':
      return delivery.why
    case 'unreachable':
      if (spool === null) return delivery.why
      spool.keep(message)
      again(() => void flush())
      return `${delivery.why}; paude keeps it and sends it later`
  }

  /** Sends what is kept, oldest first, until one fails again. */
  async function flush(): Promise<void> {
    for (let taken = spool?.take() ?? null; taken !== null; taken = spool?.take() ?? null) {
      const { kind } = await deliver(webhook, taken.message, means)
      if (kind !== 'unreachable') taken.done()
      else {
        taken.putBack()
        return again(() => void flush())
      }
    }
  }
}
