import type { Context } from '../../context.ts'
import { colouredText } from '../../hold/filter.ts'
import type { Host } from '../../host.ts'
import { patiently, within } from '../../run/patience.ts'
import { exited } from '../../session/life/wait.ts'
import type { Found } from '../../session/record/found.ts'
import { type OutFile, openOut } from '../../session/record/out.ts'
import { writeAll } from '../streams/output.ts'

/** What a session in the background printed, on one of its streams. */
export type Printed = { readonly descriptor: 1 | 2; readonly file: OutFile }

/** Opens what a session printed; null when only the engine has it, as after a start in the foreground. */
export function openPrinted(folder: string): readonly Printed[] | null {
  const [out, err] = [openOut(folder, 'stdout'), openOut(folder, 'stderr')]
  if (out === null) {
    err?.close()
    return null
  }
  return [{ descriptor: 1, file: out }, ...(err === null ? [] : [{ descriptor: 2, file: err } as const])]
}

/** The same of a session that is gone: what it did not print is not kept. */
export const openKept = (folder: string): readonly Printed[] =>
  (
    [
      [1, 'stdout'],
      [2, 'stderr'],
    ] as const
  ).flatMap(([descriptor, name]) => {
    const file = openOut(folder, name)
    return file === null ? [] : [{ descriptor, file }]
  })

/** Takes bytes on; false when nobody wants more. */
export type Sink = (descriptor: 1 | 2, bytes: Uint8Array) => boolean

/** Hands on what is there. False when nobody wants more. A box can make a file of any length, so signals are heard meanwhile. */
export async function drain(
  all: readonly Printed[],
  { sink, signal }: { readonly sink: Sink; readonly signal: AbortSignal },
): Promise<boolean> {
  for (const { descriptor, file } of all) {
    let pieces = 0
    for (let bytes = file.read(); bytes.length > 0; bytes = file.read()) {
      if (!sink(descriptor, bytes)) return false
      if (++pieces % 16 !== 0) continue
      await Bun.sleep(0)
      signal.throwIfAborted()
    }
  }
  return true
}

/** Bytes as they are for a file or a pipe; a terminal gets text and colours: what a box printed is not to ask it, change its modes or write the clipboard. */
export function safeSink({ terminal }: Host): Sink {
  const filters = { 1: terminal.stdout ? colouredText() : null, 2: terminal.stderr ? colouredText() : null }
  return (descriptor, bytes) => {
    const filter = filters[descriptor]
    return writeAll(descriptor, filter === null ? bytes : filter(bytes))
  }
}

/** Hands on all until the agent has ended and nothing is left; returns its exit code. A reader that went away ends it, as it would end the agent. */
export async function drainToEnd(
  context: Context,
  session: Found,
  { all, sink }: { readonly all: readonly Printed[]; readonly sink: Sink },
): Promise<number> {
  return await patiently(0, async (signal) => {
    let code: number | null = null
    const end = exited(context, session, signal).then(({ exitCode }) => {
      code = exitCode ?? 0
    })
    let failure: unknown = null
    end.catch((error: unknown) => {
      failure = error
    })
    while (true) {
      signal.throwIfAborted()
      if (failure !== null) throw failure
      const ended: number | null = code
      if (!(await drain(all, { sink, signal }))) return 141
      if (ended !== null) return ended
      await within(100, end)
    }
  })
}
