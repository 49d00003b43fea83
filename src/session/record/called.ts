import type { Host } from '../../host.ts'
import { printable } from '../../text.ts'
import type { SessionRecord } from './record.ts'

/** What an answer on stdout calls a session: its name, if it has one, where a person reads it; its id in a pipe, for scripts. */
export const calledOn = (
  { terminal }: { readonly terminal: Pick<Host['terminal'], 'stdout'> },
  { id, name }: Pick<SessionRecord, 'id' | 'name'>,
): string => (terminal.stdout && name !== '' ? printable(name) : id)
