import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { NO_LINK } from './held-folder.ts'
import type { Outcome } from './process.ts'

/** Pipes of a folder in which a part of a session listens by itself; it makes them. */
export const ASK = 'ask'
export const ANSWER = 'answer'

/** Bytes that a pipe takes at once, whoever else writes. */
const MOST = 4096
/** Milliseconds between two looks for the answer, and for which it is waited for: the part itself gives up earlier. */
const LOOK = 3
const PATIENCE = 10_000

/**
 * Tells a part what its program would hear on stdin, without the engine, which takes 80 to 200 ms for a program in a container. Returns what that
 * program would have come to; null where nobody listens or answers, so that the engine has to be asked. The folder is the part's: whatever it
 * puts there in place of a pipe is not opened.
 */
export async function call(folder: string, text: string): Promise<Outcome | null> {
  const id = crypto.randomUUID().replaceAll('-', '')
  const line = Buffer.from(`${id} ${text.trimEnd().replaceAll('\n', ',')}\n`)
  const answers = openPipe(join(folder, ANSWER), constants.O_RDONLY)
  const asks = answers === null || line.length > MOST ? null : openPipe(join(folder, ASK), constants.O_WRONLY)
  try {
    if (answers === null || asks === null) return null
    // What somebody left who did not wait.
    readOn(answers)
    if (writeSync(asks, line) !== line.length) return null
    let heard = ''
    for (const end = performance.now() + PATIENCE; performance.now() < end; await Bun.sleep(LOOK)) {
      const more = readOn(answers)
      if (more === null) return null
      heard += more
      const found = heard
        .split('\n')
        .slice(0, -1)
        .find((one) => one.startsWith(`${id} `))
      if (found !== undefined) return outcomeOf(found.slice(id.length + 1))
    }
    return null
  } catch {
    return null
  } finally {
    for (const file of [answers, asks]) if (file !== null) closeSync(file)
  }
}

/** `ok`, or `no` with what the program said. */
const outcomeOf = (answer: string): Outcome =>
  answer === 'ok' ? { code: 0, stdout: '', stderr: '' } : { code: 1, stdout: '', stderr: `${answer.replace(/^no /, '')}\n` }

/** Nobody listens where it cannot be opened at once. */
function openPipe(path: string, mode: number): number | null {
  try {
    const file = openSync(path, mode | constants.O_NONBLOCK | NO_LINK)
    if (fstatSync(file).isFIFO()) return file
    closeSync(file)
  } catch {
    // As where it is not there.
  }
  return null
}

/** What can be read without waiting; null when the other end is gone. */
function readOn(file: number): string | null {
  const bytes = Buffer.alloc(64 * 1024)
  try {
    const length = readSync(file, bytes)
    return length === 0 ? null : bytes.toString('latin1', 0, length)
  } catch (error) {
    if ((error as { code?: string }).code === 'EAGAIN') return ''
    throw error
  }
}
