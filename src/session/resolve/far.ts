import type { Backend, Far } from '../../backends/backend.ts'
import { type Asked, pickBackend } from '../../backends/pick.ts'
import { type FarSession, titleOf } from '../../box/remote.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'
import { openWay } from '../../run/shared-connection.ts'

/**
 * What a start has to know of the machine that its engine is on; null for an engine of this one, which nobody asks. What it calls from then on
 * shares one connection where that can be.
 */
export async function lookFar(
  context: Context,
  { backend, shares }: { readonly backend: Backend; readonly shares: boolean },
): Promise<Far | null> {
  const { far, way } = backend.health
  if (far === null) return null
  const led = shares ? (way?.(context.host) ?? null) : null
  const opened = led === null ? null : openWay(led, backend.program)
  try {
    const found = await ask(far, context.effects(backend))
    await opened?.take(found.engine)
    return found
  } catch (error) {
    opened?.close()
    throw error
  }
}

/** Has the calls of a process that stays with a session on another machine share one connection, where its engine is known. */
export async function shareWith(
  { host }: Context,
  { backend, remote }: { readonly backend: Backend; readonly remote: FarSession | undefined },
): Promise<void> {
  const way = remote?.engine === undefined ? null : (backend.health.way?.(host) ?? null)
  if (way !== null) await openWay(way, backend.program).take(remote?.engine ?? '')
}

/** Where nobody said how the project comes in: another machine gets a clone, since it sees none of the folders here. */
export const farConfig = (config: Config, isFar: boolean): Config =>
  isFar && config.origins.workspaceMode.every(({ layer }) => layer === 'default')
    ? { ...config, settings: { ...config.settings, workspaceMode: 'clone' } }
    : config

/** What a configuration says of the backend to take, and whether a project says it. */
export const askedOf = ({ settings: { backend, remotes }, origins }: Pick<Config, 'settings' | 'origins'>): Asked => ({
  backend,
  remotes,
  byProject: origins.backend.some(({ layer }) => layer === 'project'),
})

/** The backend of a verb that works on engines of this machine alone. */
export async function pickHere(context: Context, config: Config, verb: string): Promise<Backend> {
  const backend = await pickBackend(context.host, askedOf(config))
  const { name, remote } = backend
  if (remote === null) return backend
  throw new PaudeError('unsupported', `paude ${verb} does not work on ${titleOf(name, remote)}, which is on another machine`, {
    hint: `run it there, or on this machine: paude --backend auto ${verb}`,
  })
}
