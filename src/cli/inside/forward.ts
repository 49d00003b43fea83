import { randomUUID } from 'node:crypto'
import { need } from '../../backends/backend.ts'
import { isolates } from '../../backends/pick.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Argv } from '../../plan/plan.ts'
import { type Failure, type Listening, listenOn, makeRoom, startLeash } from '../../run/forward.ts'
import { patiently } from '../../run/patience.ts'
import { findSession, requireRunning } from '../../session/life/find.ts'
import type { Found } from '../../session/record/found.ts'
import { session } from '../args.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { looksLikePort, type PortPair, readPorts } from './ports.ts'

export default verb({
  description: 'Forward ports of a sandbox to this machine',
  details: 'Every program of this machine can use them on 127.0.0.1, until Ctrl-C. Not with --network none.',
  front: ACTS,
  examples: [
    ['paude forward 3000', 'http://127.0.0.1:3000 is port 3000 of the sandbox of this directory, until Ctrl-C'],
    ['paude forward fix-login 8080:3000 0:5432', 'port 3000 as 8080 here, and 5432 as any free port'],
  ],
  args: {
    session,
    ports: {
      type: 'positional',
      many: true,
      description: '[LOCAL:]PORT of the sandbox; LOCAL 0 is any free one (default: forwardPorts of its devcontainer.json)',
    },
    json: { type: 'boolean', description: 'Print one JSON object per line' },
  },
  async run(context, given) {
    const [first, rest] = [given.session, given.ports]
    const isPort = first !== undefined && looksLikePort(first)
    const asked = readPorts(isPort ? [first, ...rest] : rest)
    const found = await findSession(context, isPort ? undefined : first, 'running')
    const { id } = found.handle
    await requireRunning(context, found)
    if (!isolates(found.backend))
      throw new PaudeError('unsupported', `session ${id} runs on this machine, so its ports are here already`, {
        hint: 'connect to 127.0.0.1:PORT',
      })
    if (found.handle.link === 'none')
      throw new PaudeError('unsupported', `session ${id} has no network, so paude cannot forward its ports`, {
        hint: `use them inside: paude exec ${id} -- COMMAND; or start a session without --network none`,
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
  let over = false
  const name = randomUUID()
  const { relay, leash: leashOf } = need(backend, 'ports')
  const leash = await startLeash(leashOf(handle, name))
  if ('failure' in leash) throw await broken(context, { found, argv: leashOf(handle, name), failure: leash.failure })
  try {
    for (const { local, port } of pairs) {
      // One note for many connections, until one gets through.
      let said = ''
      const say = (text: string) => {
        if (text !== '' && text !== said) context.warn(text)
        said = text
      }
      const argv = relay(handle, { port, name })
      const failed = (failure: Failure) => {
        if (failure.code === NOBODY) say(`nothing listens on port ${port} of ${handle.id}`)
        else
          broken(context, { found, argv, failure }).then(
            ({ message }) => say(`a connection to port ${port} failed: ${message}`),
            reject,
          )
      }
      const wish = { port: local, argv, room, failed, connected: () => say('') }
      open.push(await listenOn(wish).catch((error: unknown) => Promise.reject(taken(error, { local, port }, handle.id))))
    }
    for (const [at, { port }] of pairs.entries()) {
      const local = open[at]?.port ?? 0
      const url = `http://127.0.0.1:${local}`
      context.answer(json ? JSON.stringify({ id: handle.id, port, local, url }) : `${url} → ${port}`)
    }
    signal.addEventListener('abort', () => resolve())
    leash.exited
      .then(async () => {
        // The box ends with its session, and the engine calls it running for a moment after its programs have ended.
        for (let turn = 0; turn < TURNS && !over && !signal.aborted; turn++) {
          await requireRunning(context, found)
          await Bun.sleep(TURN)
        }
      })
      .catch(reject)
    if (!signal.aborted) await promise
  } finally {
    over = true
    for (const { close } of open) close()
    leash.end()
    await leash.exited
  }
}

/** How often an engine is asked whether a box runs whose leash has ended, and milliseconds between two times. */
const [TURNS, TURN] = [50, 200]

/** Why a program in the box did not do its work; throws when the session has ended. */
async function broken(
  context: Context,
  { found, argv, failure }: { readonly found: Found; readonly argv: Argv; readonly failure: Failure },
): Promise<PaudeError> {
  const { backend, handle } = found
  await requireRunning(context, found)
  if (failure.code === 126 || failure.code === 127)
    return new PaudeError('unsupported', `session ${handle.id} was started by an older paude, which cannot forward ports`, {
      hint: 'copy its conversation into a new session: paude fork',
    })
  return backend.health.explain({ argv, stdout: '', ...failure })
}

/** What squid/init.c ends with when nobody takes the connection. */
const NOBODY = 3

function taken(error: unknown, { local, port }: PortPair, id: string): unknown {
  const { code } = error as { code?: string }
  const hint = `use any free port: paude forward ${id} 0:${port}`
  if (code === 'EADDRINUSE') return new PaudeError('refused', `port ${local} of this machine is in use`, { hint, cause: error })
  if (code === 'EACCES')
    return new PaudeError('refused', `you may not listen on port ${local} of this machine`, { hint, cause: error })
  return error
}
