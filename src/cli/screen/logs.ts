import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readOwner } from '../../box/owner.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import { linesSince, TIMES_FILE } from '../../hold/times.ts'
import { patiently } from '../../run/patience.ts'
import { lines } from '../../run/process.ts'
import { question } from '../../run/question.ts'
import { findSession } from '../../session/life/find.ts'
import { warnOnce } from '../../session/life/new-executables.ts'
import type { Found } from '../../session/record/found.ts'
import { findPast, type Past, pastText } from '../../session/record/past.ts'
import { follow, lastOne, readSince, readTail, recent, session } from '../args.ts'
import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { drain, drainToEnd, openPrinted, type Printed, type Sink } from './out-copy.ts'
import { plainText, readable } from './readable.ts'

export default verb({
  description: 'Show the output of a session',
  front: READS,
  examples: [
    ['paude logs fix-login', 'its output so far'],
    ['paude logs --follow', 'and new output as it comes'],
    ['paude logs --tail 50', 'the last 50 lines; with --since 10m, those of the last ten minutes'],
  ],
  args: {
    session,
    follow: { ...follow, description: 'Show new output as it comes' },
    ...recent,
    last: lastOne,
  },
  async run(context, given) {
    const [tail, since] = [readTail(given.tail), readSince(given.since)]
    if (tail !== undefined && given.follow)
      throw new PaudeError('usage', '--tail and --follow cannot be combined', { hint: 'leave one of them out' })
    if (given.last && given.follow)
      throw new PaudeError('usage', '--last and --follow cannot be combined', { hint: 'leave one of them out' })
    const shown = tail === undefined ? null : lastLines(tail)
    const to = shown === null ? context : { ...context, answer: shown.add }
    if (given.last) {
      await pastLog(to, findPast(context.host, given.session), since)
      if (shown !== null && shown.text() !== '') context.answer(shown.text())
      return 0
    }
    const found = await findSession(context, given.session, undefined, 'paude logs')
    const wish = { follow: given.follow === true, since }
    const code = await (found.handle.terminal ? screenLog(to, found, wish) : streamLog(to, found, wish))
    if (shown !== null && shown.text() !== '') context.answer(shown.text())
    warnOnce(context, found)
    return code
  },
})

/** Keeps so many of the last lines of what is answered, and no more of it in memory than that. */
function lastLines(count: number): { readonly add: (text: string) => void; readonly text: () => string } {
  let kept: readonly string[] = []
  return {
    add: (text) => {
      kept = count === 0 ? [] : [...kept, ...text.replace(/\n$/, '').split('\n')].slice(-count)
    },
    text: () => kept.join('\n'),
  }
}

/** `since` is an ISO time, '' for the beginning. */
type Wish = { readonly follow: boolean; readonly since: string }

/** A screen's log is what has left it at the top, and what stands on it. */
async function screenLog(context: Context, found: Found, { follow, since }: Wish): Promise<number> {
  const { handle } = found
  // After the end the holder's last words stand in a file.
  if (!isHeld(readHoldState(handle.folder)) && existsSync(join(handle.folder, 'screen.txt'))) {
    context.answer(readable(lastScreen(handle, since)))
    return 0
  }
  const { askHolder, followHolder } = await import('../../session/life/holder.ts')
  const from = since === '' ? 0 : Date.parse(since)
  if (follow) return followHolder(context, found, { since: from, print: (line) => context.answer(readable(line)) })
  context.answer(readable(await askHolder(context, found, { ask: 'log', follow: false, since: from })))
  return 0
}

/** What stands in the files of a holder that has ended. */
function lastScreen({ id, folder }: { readonly id: string; readonly folder: string }, since: string): string {
  const text = pastText(folder, 'screen.txt')
  const shown = since === '' ? text : linesSince(text, pastText(folder, TIMES_FILE), Date.parse(since))
  if (shown === null) throw withoutTimes(id)
  return shown
}

const withoutTimes = (id: string): PaudeError =>
  new PaudeError('unsupported', `the output of session ${id} has no times`, {
    hint: `paude logs --tail 50 ${id}, or paude events --since 10m ${id}`,
  })

/** What is kept of a session that is gone. */
async function pastLog(context: Context, { record, folder }: Past, since: string): Promise<void> {
  if (pastText(folder, 'screen.txt') !== '') return context.answer(readable(lastScreen({ id: record.id, folder }, since)))
  const all = openPrinted(folder)
  if (all !== null && since !== '') throw withoutTimes(record.id)
  if (all !== null) await printAll(context, all)
  else context.note(`paude has no output of ${record.id}: it went to your terminal or your pipe`)
}

async function printAll(
  context: Context,
  all: readonly Printed[],
  take = (sink: Sink): Promise<unknown> => patiently(0, (signal) => drain(all, { sink, signal })),
): Promise<void> {
  const { sink, rest } = textSink(context)
  try {
    await take(sink)
  } finally {
    rest()
    for (const { file } of all) file.close()
  }
}

/** What was printed without a screen: in the background it lies in files, else the engine has it. */
async function streamLog(context: Context, found: Found, { follow, since }: Wish): Promise<number> {
  const { backend, handle } = found
  const all = openPrinted(handle.folder)
  if (all !== null && since !== '') throw withoutTimes(handle.id)
  if (all !== null) {
    await printAll(context, all, follow ? (sink) => drainToEnd(context, found, { all, sink }) : undefined)
    return 0
  }
  requireKept(found)
  if (follow) {
    for await (const line of lines(backend.life.logs(handle, { follow: true, since }))) {
      context.answer(plainText(line))
    }
    return 0
  }
  const argv = backend.life.logs(handle, { follow: false, since })
  const outcome = await question(argv)
  if (outcome.code !== 0) throw context.effects(backend).explain({ argv, outcome })
  context.answer(plainText(outcome.stdout + outcome.stderr))
  return 0
}

/** A session in the foreground prints to the streams of its paude, and some backends keep nothing of that. */
function requireKept({ backend, handle }: Found): void {
  if (backend.terminal?.keeps !== false || readOwner(handle.folder) === null) return
  throw new PaudeError('unsupported', `${backend.name} keeps no output of a session in the foreground`, {
    hint: 'see it where that paude runs; the next time, write it into a file: paude run -- COMMAND >FILE',
  })
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
