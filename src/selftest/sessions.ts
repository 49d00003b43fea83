import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Agent } from '../agents/agent.ts'
import { agents } from '../agents/registry.ts'
import type { Backend } from '../backends/backend.ts'
import { onEveryEngine } from '../backends/keys.ts'
import type { Handle } from '../box/handle.ts'
import type { SessionSpec } from '../box/spec.ts'
import type { Config, Settings } from '../config/keys/settings.ts'
import { withCredential } from '../credentials/credential.ts'
import { API_KEY, usualProvider } from '../credentials/providers.ts'
import type { Host } from '../host.ts'
import type { Plan } from '../plan/plan.ts'
import { layRepository } from '../run/lay-repository.ts'
import type { Images as ChosenImages } from '../session/life/images.ts'
import { startPlan } from '../session/life/plans.ts'
import { handleOf } from '../session/record/record.ts'
import { resolveSession } from '../session/resolve/resolve.ts'
import { lookAround } from '../session/resolve/surroundings.ts'

const SECONDS = '900'

/** A real agent in all but its program: credential, HOME volume and seed are Claude's, the program sleeps. */
const sleeper: Agent = {
  ...agents.claude,
  name: 'selftest',
  program: 'sleep',
  // A verb draws no screen.
  grammar: { ...agents.claude.grammar, verbs: [SECONDS] },
  conversation: null,
  prelude: '',
}

export type Images = Pick<ChosenImages, 'agent' | 'proxy' | 'init' | 'first' | 'rescue'>

export type Made = { readonly spec: SessionSpec; readonly handle: Handle; readonly plan: Plan; readonly host: Host }

export type Wish = {
  readonly host: Host
  readonly config: Config
  readonly backend: Backend
  readonly images: Images
  readonly version: string
  readonly folder: string
  readonly allow: readonly string[]
  /** The made-up credential and where its provider is. */
  readonly credential: string
  readonly provider: string
}

/** Processes a box of the self-test may have: few, so that the fork bomb is quick. */
export const PIDS = 200

/** A session as every start makes it, from the user's configuration without what would only blur the picture. */
export async function makeSession(wish: Wish): Promise<Made> {
  const { backend, images, version, folder } = wish
  const host: Host = {
    ...wish.host,
    cwd: folder,
    terminal: { stdin: false, stdout: false, stderr: false },
    env: withCredential(wish.host.env, usualProvider, {
      variable: API_KEY.variable,
      value: wish.credential,
      url: wish.provider,
    }),
  }
  // What a managed file lets nobody have are hosts of the world; the test's own are made up.
  const config: Config = { ...wish.config, settings: tested(wish.config.settings, wish), managed: {} }
  const around = await lookAround(host, config, { backend, imports: null, makesWorktree: false, makesConfig: true })
  const { spec, record } = resolveSession({
    host,
    config,
    backend,
    agent: sleeper,
    around,
    run: { kind: 'agent', words: [SECONDS] },
    images,
    version,
    made: null,
    bound: [],
    now: new Date(),
  })
  const plan = startPlan(backend, spec, { attached: false, ...(images.rescue === undefined ? {} : { rescue: images.rescue }) })
  return { spec, handle: handleOf(record, spec.folder), plan, host }
}

const tested = (settings: Settings, { allow, backend: { can } }: Pick<Wish, 'allow' | 'backend'>): Settings => ({
  ...settings,
  detach: true,
  workspaceMode: can.transports.includes('bind') ? 'bind' : 'none',
  worktreeBranch: '',
  dirty: 'false',
  agentConfig: 'shadow',
  sessionName: '',
  // Nobody is there to answer, so what asks must hold like what does not.
  network: settings.network === 'ask' ? 'ask' : 'restricted',
  networkAllow: allow,
  networkDeny: [],
  networkGroups: [],
  networkPorts: [],
  mount: [],
  repos: [],
  protect: [],
  overlay: [],
  guard: [],
  env: [],
  references: [],
  ...onEveryEngine([]),
  pids: can.limits.includes('pids') ? String(PIDS) : 'none',
  timeout: '',
  force: false,
})

/** A project like any other, with what the host would act on; `outside` is a file beside it. */
export function makeProject(): {
  readonly root: string
  readonly folder: string
  readonly neighbour: string
  readonly outside: string
} {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'paude-selftest-')))
  const [folder, neighbour] = ['project', 'neighbour'].map((name) => join(root, name)) as [string, string]
  for (const project of [folder, neighbour]) {
    layRepository(project)
    for (const path of ['.git/hooks', '.claude']) mkdirSync(join(project, path))
    writeFileSync(join(project, '.claude/settings.json'), '{}\n')
  }
  const outside = join(root, 'outside')
  writeFileSync(outside, 'not for the sandbox\n')
  return { root, folder, neighbour, outside }
}
