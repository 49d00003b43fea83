import type { Context } from '../../context.ts'
import { colourful, writeAll } from './output.ts'

/** The sentence that a long output comes down to: in a box where a person reads it, else as any note. */
export async function noteBoxed({ host, note }: Pick<Context, 'host' | 'note'>, title: string, text: string): Promise<void> {
  const room = host.terminal.stderr ? process.stderr.columns : 0
  // A line that the terminal wraps would break the box. consola costs some 10 ms, so it is loaded where it draws.
  if (Bun.stringWidth(text) + FRAME > room) return note(text)
  const { box } = await import('consola/utils')
  const drawn = box(text, { title, style: { padding: 1, marginTop: 0, marginLeft: 0, marginBottom: 0 } })
  writeAll(2, `${colourful(host, 'stderr') ? drawn : Bun.stripANSI(drawn)}\n`)
}

/** Columns that the box takes beside its text. */
const FRAME = 6
