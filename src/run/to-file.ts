import { open, rename, rm } from 'node:fs/promises'
import type { Argv } from '../plan/plan.ts'
import { pipe } from './process.ts'

/** Characters at the beginning of a file that say what it is. */
const HEAD = 32

/**
 * Writes what a program prints into a file of yours alone, which has its name only once all of it is there. Returns false, and leaves no
 * file, where the program fails, prints more than `most` bytes, or begins with none of some texts.
 */
export async function printInto(
  path: string,
  argv: Argv,
  { most, begins, signal }: { readonly most: number; readonly begins: readonly string[]; readonly signal?: AbortSignal },
): Promise<boolean> {
  const draft = `${path}.${process.pid}`
  const file = await open(draft, 'wx', 0o600)
  let bytes = 0
  let head = ''
  const program = pipe(argv)
  signal?.addEventListener('abort', program.kill)
  try {
    program.end()
    // A warning must not end it, as one into a closed pipe does.
    void program.stderr.pipeTo(new WritableStream()).catch(() => undefined)
    for await (const chunk of program.stdout) {
      bytes += chunk.length
      if (bytes > most) break
      if (head.length < HEAD) head += Buffer.from(chunk.subarray(0, HEAD)).toString('latin1')
      await file.write(chunk)
    }
    if (bytes > most) program.kill()
    if (bytes > most || (await program.exited) !== 0 || !begins.some((text) => head.startsWith(text))) return false
    await file.sync()
    await rename(draft, path)
    return true
  } finally {
    signal?.removeEventListener('abort', program.kill)
    await file.close()
    await rm(draft, { force: true })
  }
}
