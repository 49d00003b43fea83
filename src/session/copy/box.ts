import { posix } from 'node:path'
import { need } from '../../backends/backend.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { isHeld, readHoldState } from '../../hold/place.ts'
import type { Argv } from '../../plan/plan.ts'
import { ask } from '../../run/ask.ts'
import { type Piped, pipe } from '../../run/process.ts'
import { type Received, receive } from '../../run/tar/receive.ts'
import { printableOutput, shown } from '../../text.ts'
import type { Found } from '../record/found.ts'
import unpack from './in.sh' with { type: 'text' }
import print from './out.sh' with { type: 'text' }

/** Whether programs of a box can be asked: else the engine reaches into it. A living holder knows without a question. */
export async function runs(context: Context, { backend, handle }: Found): Promise<boolean> {
  if (isHeld(readHoldState(handle.folder))) return true
  const { status } = await ask(backend.life.state(handle), context.effects(backend))
  return status === 'running'
}

type Out = { readonly path: string; readonly spool: number; readonly running: boolean }

/** Takes a file or folder out of a box into a spool. The box decides each byte of the stream. */
export async function takeOut({ backend, handle, record }: Found, { path, spool, running }: Out): Promise<Received> {
  const name = `${record.name || record.id}:${path}`
  const from = path.replace(/\/$/, '')
  const argv = running
    ? inBox({ backend, handle }, [print, from])
    : (backend.files.outAtRest ?? notAtRest(record.id))(handle, from)
  const program = pipe(argv)
  program.end()
  const said = lastWords(program)
  try {
    const fault = (what: string) =>
      new PaudeError('refused', `${shown(name)} ${shown(what)}`, { hint: 'look at it in the sandbox first: paude shell' })
    const { code, words, received } = await endOf(program, said, receive(program.stdout, { spool, rooted: true, fault }))
    if (code === 66 && running) throw new PaudeError('not-found', `nothing is at ${shown(name)}`, { hint: 'paude exec -- ls' })
    if (code === 67 && running) throw noTar(record.id)
    // What changed while tar read it makes tar end with 1, and all else is there.
    const complains = code === 1 && running && received.items.length > 0
    if (received.items.length === 0 || (code !== 0 && !complains)) throw failed(name, words)
    return complains ? { ...received, leftOut: [...received.leftOut, { path: '', why: words }] } : received
  } finally {
    program.kill()
  }
}

/** What came of a program of which a stream was read. A broken stream is the word of a program that failed. */
async function endOf(program: Piped, said: Promise<string>, reading: Promise<Received>) {
  const received = await reading.catch(async (error: unknown) => {
    if (!(error instanceof PaudeError) || !error.message.includes('broken archive')) throw error
    if ((await program.exited) === 0) throw error
    return { items: [], leftOut: [] }
  })
  return { received, code: await program.exited, words: await said }
}

type In = {
  readonly path: string
  /** What it is called where `path` is a folder; '' for what belongs into that folder itself. */
  readonly name: string
  readonly force: boolean
  /** The stream, once it is known what the whole is called there. */
  readonly stream: (name: string) => Iterable<Uint8Array>
}

/** Unpacks a stream in a box that runs. Returns where. */
export async function putIn({ backend, handle, record }: Found, { path, name, force, stream }: In): Promise<string> {
  const to = path === '/' ? path : path.replace(/\/$/, '')
  const program = pipe(inBox({ backend, handle }, [unpack, path, name, force ? '1' : '']))
  const said = lastWords(program)
  try {
    const where = await firstLine(program.stdout)
    if (where !== 'at' && where !== 'into') throw await refusal({ where, program, said, to, record })
    const entry = name === '' ? '' : where === 'into' ? name : posix.basename(to)
    try {
      for (const piece of stream(entry)) await program.write(piece)
    } catch (error) {
      // What the box has to say about a pipe that it closed is told below.
      if (error instanceof PaudeError) throw error
    }
    program.end()
    const code = await program.exited
    if (code !== 0) throw failed(`${record.name || record.id}:${to}`, await said)
    return where === 'into' ? posix.join(to, name) : to
  } finally {
    program.kill()
  }
}

const inBox = (
  { backend, handle }: Pick<Found, 'backend' | 'handle'>,
  [script, ...words]: readonly [string, ...string[]],
): Argv =>
  need(backend, 'inside').exec(handle, ['sh', '-c', script, 'sh', ...words], {
    part: 'agent',
    terminal: false,
    stdin: true,
    folder: '/',
  })

/** Characters that are kept of what a program of the box complains about. */
const MOST_WORDS = 2000
const MOST_SHOWN = 300

async function lastWords({ stderr }: Piped): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stderr) text = (text + decoder.decode(chunk, { stream: true })).slice(-MOST_WORDS)
  // A line alone: what a box says must not pass for more lines of paude.
  return (printableOutput(text).trim().split('\n').at(-1) ?? '').slice(0, MOST_SHOWN)
}

/** The first line of a stream, of 100 characters at most. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (!text.includes('\n') && text.length < 100) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  reader.releaseLock()
  return text.split('\n')[0] ?? ''
}

type Refused = {
  readonly where: string
  readonly program: Piped
  readonly said: Promise<string>
  readonly to: string
  readonly record: Found['record']
}

async function refusal({ where, program, said, to, record }: Refused): Promise<PaudeError> {
  program.end()
  await program.exited
  const name = `${record.name || record.id}:${to}`
  switch (where) {
    case 'exists':
      return exists(name)
    case 'missing':
      return new PaudeError('not-found', `there is no folder for ${shown(name)}`, {
        hint: `paude exec ${record.id} -- mkdir -p FOLDER`,
      })
    case 'closed':
      return new PaudeError('refused', `the agent cannot write at ${shown(name)}`, {
        hint: 'choose a place in the project, its HOME (~) or /tmp',
      })
    case 'no-tar':
      return noTar(record.id)
    default:
      return failed(name, await said)
  }
}

const exists = (name: string): PaudeError =>
  new PaudeError('refused', `${shown(name)} exists already`, { hint: '--force replaces files and fills folders up' })

const noTar = (id: string): PaudeError =>
  new PaudeError('not-found', `the image of session ${id} has no tar`, {
    hint: `add tar to the image, or paude stop ${id}: of a session that does not run the engine copies`,
  })

const failed = (name: string, words: string): PaudeError =>
  new PaudeError('command-failed', `copying ${shown(name)} failed${words === '' ? '' : `: ${words}`}`, {
    hint: 'paude sessions shows what runs',
  })

/** Nothing reaches into a session that does not run. */
export function notAtRest(id: string): never {
  throw new PaudeError('unsupported', `session ${id} does not run`, { hint: `paude start ${id}` })
}
