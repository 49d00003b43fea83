import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Argv } from '../../plan/plan.ts'
import { type Piped, pipe } from '../../run/process.ts'
import type { Found } from '../record/found.ts'

/** Seconds for which somebody is there who said so, and milliseconds until that is said again. */
const LASTS = 6
const AGAIN = 2000

/**
 * Tells the proxy of a session in ask mode that somebody is there to answer, until what this returns is called. By seconds and not by
 * a file that is removed: a watch that is killed must not leave requests waiting for nobody.
 */
export function beThere({ backend, handle, record }: Found): () => void {
  if (record.network !== 'ask') return () => undefined
  const program = backend.wall?.there ?? null
  const { say, end } = program === null ? byFile(handle.folder) : byProgram(program(handle))
  say()
  const timer = setInterval(say, AGAIN)
  timer.unref()
  return () => {
    clearInterval(timer)
    end()
  }
}

type Teller = { readonly say: () => void; readonly end: () => void }

function byFile(folder: string): Teller {
  const file = join(folder, 'policy', 'there')
  const draft = `${file}.${process.pid}`
  const say = () => {
    try {
      writeFileSync(draft, `${Math.ceil(Date.now() / 1000) + LASTS}\n`)
      chmodSync(draft, 0o644) // the proxy is another user, whatever the umask is
      renameSync(draft, file)
    } catch {
      // The session is gone.
    }
  }
  return { say, end: () => undefined }
}

/** One program for all of it: each call of a backend's client costs more than the stream. A stream that was cut is opened again. */
function byProgram(argv: Argv): Teller {
  let program: Piped | null = null
  const open = (): Piped => {
    const opened = pipe(argv)
    for (const stream of [opened.stdout, opened.stderr]) void drain(stream)
    void opened.exited.then(() => {
      if (program === opened) program = null
    })
    return opened
  }
  return {
    say: () => {
      program ??= open()
      void program.write(new TextEncoder().encode(`${LASTS}\n`)).catch(() => undefined)
    },
    end: () => {
      program?.end()
      program?.kill()
    },
  }
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}
