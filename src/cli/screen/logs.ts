import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from '../../context.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { patiently } from '../../run/patience.ts'
import { capture, lines } from '../../run/process.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/new-executables.ts'
import type { Found } from '../../session/record/found.ts'
import { session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { drain, drainToEnd, openPrinted, type Sink } from './out-copy.ts'
import { plainText, readable } from './readable.ts'

export default verb({
  description: 'Show what a session printed',
  front: READS,
  examples: [
    ['paude logs fix-login', 'what it printed so far'],
    ['paude logs --follow', 'and what it prints from now on'],
  ],
  args: {
    session,
    follow: { type: 'boolean', description: 'Go on as more is printed' },
  },
  async run(context, given) {
    const found = await findSession(context, given.session)
    const follow = given.follow === true
    const code = await (found.handle.terminal ? screenLog(context, found, follow) : streamLog(context, found, follow))
    warnOnce(context, found)
    return code
  },
})

/** A screen's log is what has left it at the top, and what stands on it. */
async function screenLog(context: Context, found: Found, follow: boolean): Promise<number> {
  const last = join(found.handle.folder, 'screen.txt')
  // After the end the holder's last words stand in a file.
  if (!isHeld(readHoldState(found.handle.folder)) && existsSync(last)) {
    context.answer(readable(readFileSync(last, 'utf8')))
    return 0
  }
  const { askHolder, followHolder } = await import('../../session/life/holder.ts')
  if (follow) return followHolder(context, found, (line) => context.answer(readable(line)))
  context.answer(readable(await askHolder(context, found, { ask: 'log', follow: false })))
  return 0
}

/** What was printed without a screen: in the background it lies in files, else the engine has it. */
async function streamLog(context: Context, found: Found, follow: boolean): Promise<number> {
  const { backend, handle } = found
  const all = openPrinted(handle.folder)
  if (all !== null) {
    const { sink, rest } = textSink(context)
    try {
      if (follow) await drainToEnd(context, found, { all, sink })
      else await patiently(0, (signal) => drain(all, { sink, signal }))
    } finally {
      rest()
      for (const { file } of all) file.close()
    }
    return 0
  }
  if (follow) {
    for await (const line of lines(backend.life.logs(handle, { follow: true }))) {
      context.answer(plainText(line))
    }
    return 0
  }
  const argv = backend.life.logs(handle, { follow: false })
  const outcome = await capture(argv)
  if (outcome.code !== 0) throw context.effects(backend).explain({ argv, outcome })
  context.answer(plainText(outcome.stdout + outcome.stderr))
  return 0
}

/** Characters of a line that has no end. */
const LONGEST = 64 * 1024

/** Prints bytes as readable lines; `rest` prints what had no end yet. */
function textSink(context: Context): { readonly sink: Sink; readonly rest: () => void } {
  const streams = { 1: { decoder: new TextDecoder(), line: '' }, 2: { decoder: new TextDecoder(), line: '' } }
  return {
    sink: (descriptor, bytes) => {
      const stream = streams[descriptor]
      const text = stream.line + stream.decoder.decode(bytes, { stream: true })
      const end = text.lastIndexOf('\n') + 1
      if (end > 0) context.answer(plainText(text.slice(0, end)))
      stream.line = text.slice(end)
      if (stream.line.length <= LONGEST) return true
      context.answer(plainText(stream.line))
      stream.line = ''
      return true
    },
    rest: () => {
      for (const { line } of Object.values(streams)) if (line !== '') context.answer(plainText(line))
    },
  }
}
