import type { Agent } from '../../agents/agent.ts'
import type { Backend } from '../../backends/backend.ts'
import { isolates, pickBackend } from '../../backends/pick.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { hostCredentials } from '../resolve/host-credentials.ts'
import { refuseCredentialInside, withProvider } from '../resolve/provider.ts'
import { type Again, resolveSession, type Wish } from '../resolve/resolve.ts'
import { lookAround, type Surroundings } from '../resolve/surroundings.ts'
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
export async function prepareSession(context: Context, { config, agent, run, made = null, again }: Wanted): Promise<Prepared> {
  const { settings } = config
  const backend = await pickBackend(context.host, settings.backend)
  if (!isolates(backend)) throw noSandbox(backend)
  refuseCredentialInside(config, context.host)
  const around = await lookAround(context.host, config, {
    backend,
    imports: run.kind === 'agent' ? agent.imports : null,
    makesWorktree: run.kind === 'agent' && agent.makesWorktree(run.words),
    makesConfig: run.kind === 'agent',
  })
  const images = await chooseImages(context, { settings, extraCa: around.extraCa, backend, kind: run.kind })
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
