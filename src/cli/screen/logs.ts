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
    ['paude logs --tail 20 --follow', 'the last 20 lines, and new output as it comes'],
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
    if (given.last && given.follow)
      throw new PaudeError('usage', '--last and --follow cannot be combined', { hint: 'leave one of them out' })
    const to = { ...context, ...lastLines(context.answer, tail) }
    if (given.last) {
      await pastLog(to, findPast(context.host, given.session), since)
      to.atNow()
      return 0
    }
    const found = await findSession(context, given.session, undefined, 'paude logs')
    const wish = { follow: given.follow === true, since, tail }
    const code = await (found.handle.terminal ? screenLog(to, found, wish) : streamLog(to, found, wish))
    to.atNow()
    warnOnce(context, found)
    return code
  },
})

/** Where a log goes. `atNow` says that the past is over: what comes then is new. */
type To = Context & { readonly atNow: () => void }

/** Keeps so many of the last lines of the past, and no more of it in memory than that; all of it where no number is given. */
function lastLines(answer: Context['answer'], count: number | undefined): Pick<To, 'answer' | 'atNow'> {
  let kept: readonly string[] = []
  let isPast = count !== undefined
  return {
    answer: (text) => {
      if (!isPast) return answer(text)
      kept = count === 0 ? [] : [...kept, ...text.replace(/\n$/, '').split('\n')].slice(-(count ?? 0))
    },
    atNow: () => {
      isPast = false
      if (kept.length > 0) answer(kept.join('\n'))
      kept = []
    },
  }
}

/** `since` is an ISO time, '' for the beginning. */
type Wish = { readonly follow: boolean; readonly since: string; readonly tail: number | undefined }

/** A screen's log is what has left it at the top, and what stands on it. */
async function screenLog(to: To, found: Found, { follow, since }: Wish): Promise<number> {
  const { handle } = found
  // After the end the holder's last words stand in a file.
  if (!isHeld(readHoldState(handle.folder)) && existsSync(join(handle.folder, 'screen.txt'))) {
    to.answer(readable(lastScreen(handle, since)))
    return 0
  }
  const { askHolder, followHolder } = await import('../../session/life/holder.ts')
  const from = since === '' ? 0 : Date.parse(since)
  // The first that a holder hands over is the past.
  const print = (text: string) => {
    to.answer(readable(text))
    to.atNow()
  }
  if (follow) return followHolder(to, found, { since: from, print })
  to.answer(readable(await askHolder(to, found, { ask: 'log', follow: false, since: from })))
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
  goesOn = async (_: Sink): Promise<unknown> => undefined,
): Promise<void> {
  const { sink, rest } = textSink(context)
  try {
    await patiently(0, (signal) => drain(all, { sink, signal }))
    await goesOn(sink)
  } finally {
    rest()
    for (const { file } of all) file.close()
  }
}

/** What was printed without a screen: in the background it lies in files, else the engine has it. */
async function streamLog(to: To, found: Found, { follow, since, tail }: Wish): Promise<number> {
  const { backend, handle } = found
  const all = openPrinted(handle.folder)
  if (all !== null && since !== '') throw withoutTimes(handle.id)
  if (all !== null) {
    await printAll(to, all, async (sink) => {
      if (!follow) return
      to.atNow()
      await drainToEnd(to, found, { all, sink })
    })
    return 0
  }
  requireKept(found)
  if (follow) {
    // The engine leaves out what came before.
    to.atNow()
    for await (const line of lines(backend.life.logs(handle, { follow: true, since, tail }))) {
      to.answer(plainText(line))
    }
    return 0
  }
  const argv = backend.life.logs(handle, { follow: false, since })
  const outcome = await question(argv)
  if (outcome.code !== 0) throw to.effects(backend).explain({ argv, outcome })
  to.answer(plainText(outcome.stdout + outcome.stderr))
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
