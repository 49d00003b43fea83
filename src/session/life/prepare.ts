import type { Agent } from '../../agents/agent.ts'
import type { Backend } from '../../backends/backend.ts'
import { isolates, pickBackend } from '../../backends/pick.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { askedOf, farConfig, lookFar } from '../resolve/far.ts'
import { hostCredentials } from '../resolve/host-credentials.ts'
import { refuseCredentialInside, withProvider } from '../resolve/provider.ts'
import { resolveSession } from '../resolve/resolve.ts'
import { lookAround, type Surroundings } from '../resolve/surroundings.ts'
import type { Again, Wish } from '../resolve/wish.ts'
import type { Made } from '../worktree/make.ts'
import { chooseImages, type Images } from './images.ts'

/** A start that is decided: nothing has happened yet. */
export type Prepared = ReturnType<typeof resolveSession> & {
  readonly config: Config
  readonly agent: Agent
  readonly run: Wish['run']
  readonly backend: Backend
  readonly around: Surroundings
  /** The machine with the provider that the agent gets. */
  readonly host: Host
  readonly images: Images
}

type Wanted = Pick<Prepared, 'config' | 'agent' | 'run'> & { readonly made?: Made | null; readonly again?: Again | undefined }

/** Looks at what a start depends on, and decides it. */
export async function prepareSession(
  context: Context,
  { config: said, agent, run, made = null, again }: Wanted,
): Promise<Prepared> {
  const backend = await pickBackend(context.host, askedOf(said))
  if (!isolates(backend)) throw noSandbox(backend)
  const config = farConfig(said, backend.remote !== null)
  const { settings } = config
  const far = await lookFar(context, { backend, shares: !settings.dryRun && !settings.printConfig })
  refuseCredentialInside(config, context.host)
  const around = await lookAround(context.host, config, {
    backend,
    far,
    imports: run.kind === 'agent' ? agent.imports : null,
    makesWorktree: run.kind === 'agent' && agent.makesWorktree(run.words),
    makesConfig: run.kind === 'agent',
  })
  // Images are made where they run.
  const there = far === null ? context : { ...context, host: { ...context.host, arch: far.arch } }
  const images = await chooseImages(there, { settings, extraCa: around.extraCa, backend, kind: run.kind })
  const mode = settings.dryRun || settings.printConfig ? 'look' : 'start'
  const host = run.kind === 'agent' ? await withProvider(context.host, config, mode) : context.host
  const named = run.kind === 'agent' ? agent.name : ''
  const bound = await hostCredentials(context.host, config, { agent: named, purpose: mode })
  const wish = {
    bound,
    host,
    config,
    backend,
    agent,
    around,
    run,
    images,
    version: context.version,
    now: new Date(),
    made,
    again,
  }
  return { ...resolveSession(wish), config, agent, run, backend, around, host, images }
}

/** Commands, shells, demos and copies are for a sandbox. */
export const noSandbox = ({ name }: Pick<Backend, 'name'>): PaudeError =>
  new PaudeError('unsupported', `${name} runs agents only, and has no sandbox for this`, {
    hint: 'choose another backend: paude --backend auto …',
  })
