import { readLines } from '../../box/limits.ts'
import type { Settings } from '../../config/keys/settings.ts'
import { loadConfig } from '../../config/layers/load.ts'
import { webhookVariables } from '../../config/secret-variables.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { follow, question } from '../../hold/client.ts'
import { detachBytes } from '../../hold/keys.ts'
import { ensureHolder, type View } from '../../hold/launch.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { type Question, UNHEARD } from '../../hold/protocol.ts'
import type { Host } from '../../host.ts'
import { printable } from '../../text.ts'
import type { Found } from '../record/found.ts'
import { handleOf } from '../record/record.ts'
import { readRecord, sessionFolder } from '../record/store.ts'
import { requireRunning } from './find.ts'

/** Refuses when the session does not run. A living holder knows that it does: no engine need be asked. */
export async function requireHolder(context: Context, found: Found): Promise<void> {
  if (!isHeld(readHoldState(found.handle.folder))) await requireRunning(context, found)
}

/** How this user wants terminals shown and kept. */
export async function terminalSettings({ host, flags }: Pick<Context, 'host' | 'flags'>): Promise<Omit<View, 'readOnly'>> {
  const { settings } = await loadConfig(host, flags)
  const { dropped } = settings.dropFiles ? await import('../copy/upload.ts') : { dropped: null }
  return {
    ...(dropped === null ? {} : { drop: dropIn(host, dropped) }),
    detachKeys: detachBytes(settings.detachKeys, '--detach-keys'),
    ...holderSettings(settings),
  }
}

const dropIn =
  (host: Host, dropped: typeof import('../copy/upload.ts').dropped): NonNullable<View['drop']> =>
  (id, text) => {
    const record = readRecord(host, id)
    return record === null ? null : dropped(host, { record, handle: handleOf(record, sessionFolder(host, id)) }, text)
  }

/** What a holder is told as well when nobody looks at it. */
const holderSettings = (settings: Settings): Pick<View, 'scrollback' | 'keep'> => ({
  scrollback: readLines(settings.scrollback, '--scrollback'),
  keep: webhookVariables(settings),
})

/** Where the holder of a running session listens; one is started when there is none. */
export async function holderOf({ host, flags }: Context, { handle }: Found): Promise<string> {
  const { settings } = await loadConfig(host, flags)
  return await ensureHolder(host, handle, holderSettings(settings))
}

/** Asks the holder of a running session, which is started when there is none. */
export async function askHolder(context: Context, found: Found, what: Question): Promise<string> {
  if (!found.handle.terminal)
    throw new PaudeError('usage', `session ${found.handle.id} has no screen`, { hint: `paude logs ${found.handle.id}` })
  await requireHolder(context, found)
  const path = await holderOf(context, found)
  const answer = await question(path, what)
  if (answer === null || answer === UNHEARD) {
    await requireRunning(context, found)
    throw new PaudeError('command-failed', `the terminal of session ${found.handle.id} does not answer`, { hint: 'try again' })
  }
  return answer
}

/** Types into a running session. A text that a question on its screen would not understand is refused: its Enter would take what is chosen there. */
export async function typeInto(
  context: Context,
  found: Found,
  what: Omit<Extract<Question, { ask: 'send' }>, 'ask'>,
): Promise<void> {
  const question = await askHolder(context, found, { ask: 'send', ...what })
  if (question === '') return
  const { id } = found.handle
  throw new PaudeError('refused', `session ${id} asks: ${printable(question)}`, {
    hint: `see the options: paude screen ${id}; answer with yes, no, a number or --key`,
  })
}

/** Prints what a screen has shown, then each line as it leaves the screen, until the agent ends. */
export async function followHolder(
  context: Context,
  found: Found,
  { since, print }: { readonly since: number; readonly print: (line: string) => void },
): Promise<number> {
  await requireHolder(context, found)
  const path = await holderOf(context, found)
  await follow(path, since, print)
  return 0
}
