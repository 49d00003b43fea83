import { writeSync } from 'node:fs'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { type Progress, progressLine } from '../../run/progress.ts'
import { jsonLine } from '../../text.ts'

const ESCAPE = '\u001b['
const paint = (code: string) => (text: string) => `${ESCAPE}${code}m${text}${ESCAPE}0m`
export const bold = paint('1')
export const dim = paint('2')
export const red = paint('31')
export const green = paint('32')
export const yellow = paint('33')

/** Whether a stream takes colour: a terminal, and nobody said no (no-color.org). */
export const colourful = ({ env, terminal }: Host, stream: 'stdout' | 'stderr'): boolean =>
  terminal[stream] && !env['NO_COLOR'] && env['TERM'] !== 'dumb'

/** Writes everything before it returns, whatever the stream is; a reader that went away is no error of ours, but false. */
export function writeAll(descriptor: 1 | 2, content: string | Uint8Array): boolean {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  let offset = 0
  while (offset < bytes.length) {
    try {
      offset += writeSync(descriptor, bytes, offset)
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'EAGAIN') Bun.sleepSync(1)
      else if (code === 'EPIPE' || code === 'EBADF' || code === 'EIO') return false
      else
        throw new PaudeError('output', `cannot write to ${descriptor === 1 ? 'stdout' : 'stderr'}: ${code ?? 'unknown error'}`, {
          cause: error,
        })
    }
  }
  return true
}

/** The streams of a run. Text is stripped of colour where it would not be seen as colour. `quiet` leaves warnings and errors. */
export function outputs(
  host: Host,
  quiet: boolean,
): {
  readonly answer: (text: string) => void
  readonly note: (text: string) => void
  readonly warn: (text: string) => void
  readonly prompt: (text: string) => void
  readonly moving: Progress
} {
  const clean = (stream: 'stdout' | 'stderr', text: string) => (colourful(host, stream) ? text : Bun.stripANSI(text))
  // Without a terminal that can be painted on, nothing moves.
  const moves = host.terminal.stderr && host.env['TERM'] !== 'dumb' && !quiet
  const moving = progressLine(moves ? (text) => void writeAll(2, text) : null, {
    columns: () => process.stderr.columns || host.size.columns,
    dim: colourful(host, 'stderr') ? dim : (text) => text,
  })
  const write = (descriptor: 1 | 2, text: string): void => {
    moving.clear()
    writeAll(descriptor, clean(descriptor === 1 ? 'stdout' : 'stderr', text))
  }
  const say = (mark: string) => (text: string) => write(2, `${mark} ${text}\n`)
  return {
    answer: (text) => write(1, text.endsWith('\n') ? text : `${text}\n`),
    note: quiet ? () => undefined : say(dim('paude:')),
    warn: say(yellow('paude: warning:')),
    prompt: (text) => write(2, `${dim('paude:')} ${text}`),
    moving,
  }
}

/** All at once; of no lines nothing at all is written, not even an empty one. */
export function answerLines({ answer }: { readonly answer: (text: string) => void }, lines: readonly string[]): void {
  if (lines.length > 0) answer(`${lines.join('\n')}\n`)
}

/** The same as one line of JSON, for a caller that asked for JSON: `code` is one of errors.ts, `exit` the exit code. */
export const errorLine = ({ code, message, hint }: PaudeError, exit: number): string =>
  `${jsonLine({ error: { code, message: Bun.stripANSI(message), hint: Bun.stripANSI(hint), exit } })}\n`

/** A mistake or misfortune, as the user reads it. */
export const sentence = ({ message, hint }: PaudeError): string =>
  `${red('paude:')} ${message}${hint === '' ? '' : `\n  ${dim('→')} ${hint}`}\n`
