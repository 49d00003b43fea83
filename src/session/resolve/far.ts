import type { Backend, Far } from '../../backends/backend.ts'
import { type Asked, pickBackend } from '../../backends/pick.ts'
import { titleOf } from '../../box/remote.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import { ask } from '../../run/ask.ts'

/** What a start has to know of the machine that its engine is on; null for an engine of this one, which nobody asks. */
export const lookFar = async (context: Context, backend: Backend): Promise<Far | null> =>
  backend.health.far === null ? null : await ask(backend.health.far, context.effects(backend))

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
