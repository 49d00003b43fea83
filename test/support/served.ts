import { fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Call } from './server.ts'

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string }
type Server = { readonly call: (call: Call) => Promise<Outcome>; readonly lives: () => boolean }

const idle: Server[] = []

/** What paude does with a call, in a process that has answered others before. */
export async function served(call: Call): Promise<Outcome> {
  const server = idle.pop() ?? startServer()
  const outcome = await server.call(call)
  if (server.lives()) idle.push(server)
  return outcome
}

function startServer(): Server {
  const [stdout, stderr] = [openStream(), openStream()]
  let answer: (code: number) => void = () => undefined
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'server.ts')], {
    env: { PATH: process.env['PATH'] ?? '', PAUDE_TEST_PROGRAM: process.env['PAUDE_TEST_PROGRAM'] ?? '' },
    stdin: 'ignore',
    stdout: stdout.write,
    stderr: stderr.write,
    ipc: (code: number) => answer(code),
  })
  child.unref()
  return {
    lives: () => child.exitCode === null && child.signalCode === null,
    call: async (call) => {
      const code = await new Promise<number>((resolve) => {
        answer = resolve
        void child.exited.then(resolve)
        child.send(call)
      })
      return { code, stdout: stdout.take(), stderr: stderr.take() }
    },
  }
}

/** A file without a name, and what was written to it since the last time. */
function openStream(): { readonly write: number; readonly take: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'paude-served-'))
  const write = openSync(join(folder, 'stream'), 'a+')
  rmSync(folder, { recursive: true })
  let taken = 0
  return {
    write,
    take: () => {
      const bytes = Buffer.alloc(fstatSync(write).size - taken)
      readSync(write, bytes, 0, bytes.length, taken)
      taken += bytes.length
      return bytes.toString()
    },
  }
}
