import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { patiently } from '../../run/patience.ts'
import { attach } from '../../run/process.ts'
import { type OutFile, openOut } from '../../session/out.ts'
import type { Context } from '../context.ts'
import { type Found, findSession } from '../find-session.ts'
import { exited } from '../goals.ts'
import { writeAll } from '../output.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  follow: { type: 'boolean', description: 'While it still runs: go on to its end' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'output',
      description: "Print what a session in the background printed, on stdout and stderr as it did; exit code is the agent's",
    },
    args,
    async run({ args: given }) {
      const session = await findSession(context, given.session)
      const { backend, handle, record } = session
      if (record.terminal)
        throw new PaudeError('unsupported', `session ${handle.id} has a screen, not an answer`, {
          hint: `paude logs ${handle.id}`,
        })
      const state = await ask(backend.state(handle), context.effects(backend))
      if (state.status !== 'exited' && !given.follow)
        throw new PaudeError('refused', `session ${handle.id} has not ended yet`, {
          hint: `paude output --follow ${handle.id}, or paude wait ${handle.id} first`,
        })
      const out = openOut(handle.folder, 'stdout')
      // Started in the foreground, and left behind: only the engine has it.
      if (out === null) {
        await attach(backend.logs(handle, { follow: given.follow === true }), { stdin: false, terminal: false }).exited
        return (await ask(backend.state(handle), context.effects(backend))).exitCode
      }
      const err = openOut(handle.folder, 'stderr')
      try {
        return await copyToEnd(context, session, [[1, out], ...(err === null ? [] : [[2, err] as const])])
      } finally {
        out.close()
        err?.close()
      }
    },
  })

type Copy = readonly [descriptor: 1 | 2, file: OutFile]

/** Copies both files until the agent has ended and nothing is left. A reader that went away ends it, as it would end the agent. */
async function copyToEnd(context: Context, session: Found, copies: readonly Copy[]): Promise<number> {
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
      for (const copy of copies) if (!drain(copy)) return 141
      if (ended !== null) return ended
      await Promise.race([end, Bun.sleep(100)])
    }
  })
}

/** False when the reader is gone. */
function drain([descriptor, file]: Copy): boolean {
  for (let bytes = file.read(); bytes.length > 0; bytes = file.read()) if (!writeAll(descriptor, bytes)) return false
  return true
}
