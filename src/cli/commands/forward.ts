import { defineCommand } from 'citty'
import { PaudeError } from '../../errors.ts'
import { type Failure, type Listening, listenOn, makeRoom } from '../../run/forward.ts'
import { patiently } from '../../run/patience.ts'
import type { Context } from '../context.ts'
import { type Found, findSession, insistOnRunning } from '../find-session.ts'
import { looksLikePort, type PortPair, readPorts } from '../ports.ts'

const args = {
  session: { type: 'positional', description: 'Session (default: the one of this directory)', required: false },
  ports: {
    type: 'positional',
    description: '[LOCAL:]PORT of the box; LOCAL 0 is any free one (default: forwardPorts of its devcontainer.json)',
    required: false,
  },
  json: { type: 'boolean', description: 'One JSON object a line' },
} as const

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'forward',
      description:
        'Bring ports of a box to 127.0.0.1 of this machine, for every program here, until Ctrl-C; not with --network none',
    },
    args,
    async run({ args: given, rawArgs }) {
      const [first, rest] = [given.session, rawArgs]
      const isPort = first !== undefined && looksLikePort(first)
      const asked = readPorts(isPort ? [first, ...rest] : rest)
      const found = await findSession(context, isPort ? undefined : first, 'running')
      const { id } = found.handle
      await insistOnRunning(context, found)
      if (!found.handle.walled)
        throw new PaudeError('unsupported', `session ${id} has no network at all, so nothing leads to its ports`, {
          hint: `paude exec ${id} -- COMMAND reaches them from inside; a start without --network none has them`,
        })
      const pairs = asked.length > 0 ? asked : (found.record.forwardPorts ?? []).map((port) => ({ local: port, port }))
      if (pairs.length === 0) throw new PaudeError('usage', 'paude forward needs a port', { hint: `paude forward ${id} 3000` })
      await patiently(0, (signal) => forward(context, { found, pairs, json: given.json === true, signal }))
      return 0
    },
  })

type Forwarding = {
  readonly found: Found
  readonly pairs: readonly PortPair[]
  readonly json: boolean
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Says where each port is once all of them are there, and lasts until the signal; fails when the session has ended. */
async function forward(context: Context, { found, pairs, json, signal }: Forwarding): Promise<void> {
  const { backend, handle } = found
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const room = makeRoom()
  const open: Listening[] = []
  try {
    for (const { local, port } of pairs) {
      // One note for many connections, until one gets through.
      let said = ''
      const say = (text: string) => {
        if (text !== '' && text !== said) context.warn(text)
        said = text
      }
      const argv = backend.forward(handle, port)
      const failed = (failure: Failure) => void explain(context, { found, port, failure }).then((text) => say(text), reject)
      const wish = { port: local, argv, room, failed, connected: () => say('') }
      open.push(await listenOn(wish).catch((error: unknown) => Promise.reject(taken(error, { local, port }, handle.id))))
    }
    for (const [at, { port }] of pairs.entries()) {
      const local = open[at]?.port ?? 0
      const url = `http://127.0.0.1:${local}`
      context.answer(json ? JSON.stringify({ id: handle.id, port, local, url }) : `${url} → ${port}`)
    }
    signal.addEventListener('abort', () => resolve())
    if (!signal.aborted) await promise
  } finally {
    for (const { close } of open) close()
  }
}

/** Why a connection came to nothing, in a line; throws when the session has ended. */
async function explain(
  context: Context,
  { found, port, failure }: { readonly found: Found; readonly port: number; readonly failure: Failure },
): Promise<string> {
  const { backend, handle } = found
  if (failure.code === NOBODY) return `nothing listens on port ${port} of ${handle.id}`
  await insistOnRunning(context, found)
  if (failure.code === 126 || failure.code === 127)
    return `a connection to port ${port} failed: the gate of ${handle.id} is of an older paude; a new session has what it takes`
  const { message } = backend.explain({ argv: backend.forward(handle, port), ...failure })
  return `a connection to port ${port} failed: ${message}`
}

/** What squid/forward ends with when nobody takes the connection. */
const NOBODY = 3

function taken(error: unknown, { local, port }: PortPair, id: string): unknown {
  const { code } = error as { code?: string }
  const hint = `paude forward ${id} 0:${port} takes any that is free`
  if (code === 'EADDRINUSE') return new PaudeError('refused', `port ${local} of this machine is taken`, { hint, cause: error })
  if (code === 'EACCES')
    return new PaudeError('refused', `you may not listen on port ${local} of this machine`, { hint, cause: error })
  return error
}
