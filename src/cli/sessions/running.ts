import type { Context } from '../../context.ts'
import type { Found } from '../../session/record/found.ts'

/** Says on a terminal how to see a session that was started in the background: its id alone looks like a command that hangs. */
export function noteRunning(
  { host, note }: Pick<Context, 'host' | 'note'>,
  { handle, record }: Pick<Found, 'handle' | 'record'>,
): void {
  const name = record.name || record.id
  if (host.terminal.stdout) note(`running; to see it: paude ${handle.terminal ? 'attach' : 'output --follow'} ${name}`)
}
