import { join } from 'node:path'
import type { Agent, HooksHere, Opening } from '../../agents/agent.ts'
import { startCommand } from '../../agents/command.ts'
import { choosesConversation } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { ownerText } from '../../box/owner.ts'
import type { Network, SessionSpec } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import { eventsFile } from '../../events/place.ts'
import type { Host } from '../../host.ts'
import { quote } from '../../plan/shell.ts'
import { secret } from '../../secret.ts'
import { findWorkspace } from '../../workspace/workspace.ts'
import { checkedName, newSessionId } from '../record/id.ts'
import { recordText, type SessionRecord } from '../record/record.ts'
import { sessionFolder } from '../record/store.ts'
import { policyRecord, startPolicy } from './policy.ts'
import { refuseWeaker } from './resolve.ts'

/** A start of an agent on this machine itself. What a box would have is not there, and nobody asked for it. */
export type HostWish = {
  readonly host: Host
  readonly config: Config
  readonly backend: Backend
  readonly agent: Agent
  /** The agent's program of this machine. */
  readonly program: string
  readonly words: readonly string[]
  /** The conversation that is copied. */
  readonly origin: Opening['origin']
  /** Variables that it gets besides yours. */
  readonly mark: string
  readonly version: string
  readonly now: Date
}

/** A session without a box, or a refusal of what it cannot keep. */
export function resolveOnHost(wish: HostWish): { readonly spec: SessionSpec; readonly record: SessionRecord } {
  const { host, config, backend } = wish
  const { settings } = config
  const id = newSessionId()
  const folder = sessionFolder(host, id)
  const network = networkOf(config, id)
  const { root, directory } = findWorkspace(host, { force: settings.force })
  const conversation = conversationOf(wish)
  const hooks = hooksOf(wish, folder)
  const record: SessionRecord = {
    v: 3,
    id,
    name: settings.sessionName === '' ? '' : checkedName(settings.sessionName),
    backend: backend.name,
    agent: wish.agent.name,
    version: wish.version,
    created: wish.now.toISOString(),
    starter: host.process,
    workspace: root,
    directory,
    network: network.mode,
    ...policyRecord(network),
    terminal: true,
    conversation,
    homeVolume: '',
    link: 'none',
    init: '',
    mounts: [],
    copies: [],
    shadows: [],
    standIns: [],
    overlays: [],
    watch: {},
    onFinding: 'warn',
    alarm: 'off',
    writesConfig: false,
    index: null,
    repos: [],
    security: BARE,
    credentials: [],
    ...(hooks === null ? {} : { reports: true }),
  }
  const spec = specOf(wish, { record, network, folder, conversation, hooks })
  refuseWeaker(backend, spec, config)
  return { spec, record }
}

/** There is no proxy, so nothing is let through or kept out. */
function networkOf(config: Config, session: string): Network {
  const { network: mode } = config.settings
  if (mode === 'none') return { mode }
  return { mode, policy: startPolicy(config, { session, needed: [], injections: [] }), policyFiles: {}, credential: null }
}

/** They read the clock of Linux. */
const hooksOf = ({ host, agent, words }: HostWish, folder: string): Hooks =>
  host.platform === 'linux'
    ? (agent.hooksHere?.({ folder: join(folder, 'seed'), events: eventsFile(folder), words }) ?? null)
    : null

type Hooks = ReturnType<HooksHere>

const BARE = { readOnlyRoot: false, noNewPrivileges: false, seccomp: 'off' } as const

/** No hook tells it later. */
function conversationOf({ agent: { conversation, grammar }, words }: HostWish): string {
  const chosen = conversation?.chosen(words) ?? ''
  return chosen === '' && conversation?.begin && !choosesConversation(grammar, words) ? crypto.randomUUID() : chosen
}

function specOf(
  { host, config: { settings }, backend, agent, program, words, origin, mark }: HostWish,
  {
    record,
    network,
    folder,
    conversation,
    hooks,
  }: {
    readonly record: SessionRecord
    readonly network: Network
    readonly folder: string
    readonly conversation: string
    readonly hooks: Hooks
  },
): SessionSpec {
  const { id, name, version, created, workspace, directory, security } = record
  const noted = quote(`${folder}/out/conversation`)
  return {
    ...{ id, name, agent: agent.name, version, created, workspace, directory, security, network, folder },
    image: '',
    proxyImage: '',
    init: '',
    user: { ...backend.user(host), home: host.home },
    rootIs: null,
    transport: { kind: 'host' },
    mounts: [],
    standIns: [],
    overlays: [],
    hidden: [],
    workspaces: false,
    homeVolume: '',
    environment: {},
    secretEnvironment: {},
    limits: { cpus: 0, memory: 0, pids: 0 },
    own: backend.own(settings, host),
    once: false,
    terminal: true,
    stdin: true,
    grace: 10,
    seed: {
      'command.sh': [
        `cd -- ${quote(directory)} || exit 125\n`,
        `export ${mark}=1\n`,
        // What a box needs before it may not happen here: it rearranges HOME.
        startCommand({ ...agent, program, prelude: '', before: [...agent.before, ...(hooks?.words ?? [])] }, words, {
          conversation,
          continues: true,
          origin,
          out: `${folder}/out`,
        }),
        // A later start goes on with it, and does not ask its prompt again.
        ...(conversation === '' ? [] : [`[ -s ${noted} ] || echo ${quote(conversation)} >${noted}\n`]),
      ].join(''),
      ...hooks?.files,
    },
    system: {},
    imported: null,
    out: ['conversation', 'events'],
    owner: settings.detach ? '' : ownerText(host),
    // Nothing is guarded, so nothing is compared.
    kept: secret(''),
    record: recordText(record),
  }
}
