import type { Argv } from '../plan/plan.ts'
import { within } from './patience.ts'
import { LAST_WORDS, type Outcome, type Piped, pipe, readSaid } from './process.ts'

/** A program that says something first, and more once it is asked: one call of an engine where there would be two. */
export type Dialogue = {
  /** What it said, up to and with its last line; all of it where it ended before that. */
  readonly said: string
  /** How it ends; its stdout is not kept. */
  readonly outcome: Promise<Outcome>
  /** Asks, and runs what it prints then into another program. Returns that one's end: it may come first. */
  readonly pour: (asked: string, to: Argv) => Promise<Outcome>
  /** Ends its stdin, and itself where it does not end by that. */
  readonly dismiss: () => Promise<void>
}

/** Starts it and listens to its first part: `last` is the line that ends it, `most` the bytes that are read of it. `signal` ends it at any time. */
export async function openDialogue(
  argv: Argv,
  { last, most, signal }: { readonly last: string; readonly most: number; readonly signal: AbortSignal },
): Promise<Dialogue> {
  const program = pipe(argv)
  const stderr = readSaid(program.stderr)
  const outcome = program.exited.then(async (code) => ({
    code,
    stdout: '',
    stderr: (await within(LAST_WORDS, stderr)) ?? '',
  }))
  const reader = readerOf(program)
  signal.addEventListener('abort', program.kill)
  if (signal.aborted) program.kill()
  const { said, rest } = await readPart(reader, { last, most })
  // What says more than is read of it would wait for ever.
  if (rest.length > 0 && !said.endsWith(`${last}\n`)) program.kill()
  return {
    said,
    outcome,
    pour: (asked, to) => pour(program, { reader, rest, asked, to }),
    dismiss: async () => {
      program.end()
      await leave(program)
    },
  }
}

const readerOf = ({ stdout }: Piped) => stdout.getReader()
type Reader = ReturnType<typeof readerOf>

/** Bytes up to and with a line, and those that came with them. */
async function readPart(reader: Reader, { last, most }: { readonly last: string; readonly most: number }) {
  let bytes = Buffer.from('\n')
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    const from = Math.max(0, bytes.length - last.length - 1)
    bytes = Buffer.concat([bytes, next.value])
    const at = bytes.indexOf(`\n${last}\n`, from)
    if (at !== -1) return part(bytes, at + last.length + 2)
    if (bytes.length > most) return part(bytes, most)
  }
  return part(bytes, bytes.length)
}

const part = (bytes: Buffer, end: number) => ({ said: bytes.subarray(1, end).toString(), rest: bytes.subarray(end) })

type Pouring = { readonly reader: Reader; readonly rest: Uint8Array; readonly asked: string; readonly to: Argv }

async function pour(program: Piped, { reader, rest, asked, to }: Pouring): Promise<Outcome> {
  const sink = pipe(to)
  const said = Promise.all([sink.stdout, sink.stderr].map(readSaid))
  void move(program, { reader, rest, asked, sink })
  const code = await sink.exited
  // One that was read to its end may still be ending; nobody reads what another one says.
  if (code === 0) void leave(program)
  else program.kill()
  const [stdout = '', stderr = ''] = await said
  return { code, stdout, stderr }
}

/** Whichever end breaks off, the other one hears of it by its stream, and the end of `sink` is what counts. */
async function move(
  program: Piped,
  { reader, rest, asked, sink }: Omit<Pouring, 'to'> & { readonly sink: Piped },
): Promise<void> {
  try {
    await program.write(new TextEncoder().encode(asked))
    program.end()
    if (rest.length > 0) await sink.write(rest)
    for (let next = await reader.read(); !next.done; next = await reader.read()) await sink.write(next.value)
  } catch {}
  sink.end()
}

async function leave({ exited, kill }: Piped): Promise<void> {
  if ((await within(LAST_WORDS, exited)) === null) kill()
}
