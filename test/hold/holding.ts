import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Left, lookAt } from '../../src/hold/client.ts'
import { type HoldOptions, hold } from '../../src/hold/holder.ts'
import { makeDetachScanner, withoutSuspend } from '../../src/hold/keys.ts'
import type { Argv } from '../../src/plan/plan.ts'

const folders: string[] = []

/** A folder of a test's own. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'paude-hold-'))
  folders.push(folder)
  return folder
}

/** Removes the folders, after all tests of a file. */
export const cleanUp = (): void => folders.splice(0).forEach((folder) => void rmSync(folder, { recursive: true, force: true }))

// The terminal is made raw, as engines' clients want it; a shell that reads lines wants it otherwise.
export const sh = (script: string): Argv => ['sh', '-c', `until stty -a | grep -q -e -icanon; do :; done; stty sane; ${script}`]

/** A holder in this very process; `look` is the engine. */
export function start(script: string, rest: Partial<HoldOptions> = {}) {
  const folder = makeFolder()
  const socket = join(folder, 'holder.sock')
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  const done = hold({
    folder,
    socket: () => socket,
    start: sh(script),
    attach: sh('echo attached again; read x; exit 4'),
    look: async () => ({ status: 'exited', exitCode: 3 }),
    size: { columns: 60, rows: 10 },
    scrollback: 100,
    name: 'paude test',
    ready: resolve,
    ...rest,
  })
  return { folder, socket, ready, done }
}

/** A client that keeps what it was painted. */
export function client(path: string, size = { columns: 60, rows: 10 }, readOnly = false) {
  const seen = {
    text: '',
    type: (_: string) => undefined as unknown,
    leave: () => undefined as unknown,
    resize: (_: typeof size) => undefined as unknown,
  }
  let now = size
  const left: Promise<Left | null> = lookAt({
    path,
    size: () => now,
    readOnly,
    scan: makeDetachScanner('\x10\x11'),
    suspends: withoutSuspend,
    paint: (bytes) => {
      seen.text += new TextDecoder().decode(bytes)
    },
    listen: ({ typed, resized, leave }) => {
      seen.type = (text) => typed(Buffer.from(text))
      seen.leave = leave
      seen.resize = (next) => {
        now = next
        resized()
      }
      return () => undefined
    },
  })
  return { seen, left }
}

/** Waits for what is to come, half a minute at most. */
export async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (await is()) return
    await Bun.sleep(10)
  }
  throw new Error(`never: ${what}`)
}
