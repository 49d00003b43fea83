import { open, rename, rm } from 'node:fs/promises'
import type { Argv } from '../plan/plan.ts'
import { pipe } from './process.ts'

/**
 * Writes what a program prints into a file of yours alone, which has its name only once all of it is there. Returns false, and leaves no
 * file, where the program fails or prints more than `most` bytes.
 */
export async function printInto(path: string, argv: Argv, most: number): Promise<boolean> {
  const draft = `${path}.${process.pid}`
  const file = await open(draft, 'wx', 0o600)
  let bytes = 0
  try {
    const program = pipe(argv)
    program.end()
    void program.stderr.cancel()
    for await (const chunk of program.stdout) {
      bytes += chunk.length
      if (bytes > most) break
      await file.write(chunk)
    }
    if (bytes > most || (await program.exited) !== 0) return false
    await file.sync()
    await rename(draft, path)
    return true
  } finally {
    await file.close()
    await rm(draft, { force: true })
  }
}
