import { join } from 'node:path'
import type { Agent, Opening } from '../../agents/agent.ts'
import { recipeOf } from '../../agents/chosen.ts'
import { startCommand } from '../../agents/command.ts'
import { addressesOf, agentCredentials, agentNeeds, furtherNeeds } from '../../agents/models.ts'
import type { Recipe } from '../../agents/recipe.ts'
import { asksSomething, lastingWords, opensScreen } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { farOf, placeOf } from '../../box/handle.ts'
import { ownerText } from '../../box/owner.ts'
import { refusals } from '../../box/refusals.ts'
import { titleOf } from '../../box/remote.ts'
import { SECCOMP_FILE, SECCOMP_PROFILE } from '../../box/seccomp.ts'
import { copiedOf, mountsOf, type Network, PACKS, type SessionSpec, shadowedOf } from '../../box/spec.ts'
import { saidCredential } from '../../config/keys/provider.ts'
import { uncovered } from '../../config/keys/rules.ts'
import type { Config, Layer, Settings } from '../../config/keys/settings.ts'
import { secretVariables } from '../../config/secret-variables.ts'
import { type Credential, needsOf } from '../../credentials/credential.ts'
import type { SecretSource } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { Injection } from '../../network/allow.ts'
import { stagesOf } from '../../network/changes.ts'
import { atBaseUrl } from '../../network/inject.ts'
import { BASE_URL, HOST_NAME } from '../../network/names.ts'
import { parseAllow } from '../../network/pattern.ts'
import { stageFiles, standingFiles } from '../../network/squid-conf.ts'
import { commandLine } from '../../plan/shell.ts'
import { secret } from '../../secret.ts'
import { indexMark, type WatchedIndex, watch } from '../../workspace/fingerprints.ts'
import { gitEnvironment, hashSize } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { type Manifest, takeManifest } from '../../workspace/manifest.ts'
import { safeDirectories, type Workspace } from '../../workspace/workspace.ts'
import { cloneFill } from '../clone/fill.ts'
import { branchOf } from '../clone/names.ts'
import { snapshotFolder } from '../clone/uncommitted.ts'
import { checkedName, homeVolume, newSessionId } from '../record/id.ts'
import { recordText, type SessionRecord } from '../record/record.ts'
import { sessionFolder } from '../record/store.ts'
import type { Made } from '../worktree/make.ts'
import { projectTransport } from './bind.ts'
import entry from './entry.sh' with { type: 'text' }
import { furtherStandIns, writable } from './further.ts'
import type { HostBound } from './host-credentials.ts'
import { lifecycleScript } from './lifecycle.ts'
import { lowered } from './lowered.ts'
import { mountCheck } from './mount-check.ts'
import { overlayStandIns } from './overlays.ts'
import { mountStandIns, requireTogether, standInsOf, withGuards } from './own-mounts.ts'
import { policyRecord, proxySecret, startPolicy } from './policy.ts'
import { shadowStandIns } from './shadows.ts'
import { type Streams, streamsOf } from './streams.ts'
import type { Surroundings } from './surroundings.ts'
import { refuseUnrenewable } from './unrenewable.ts'
import { readVariables } from './variables.ts'

/** Everything a start is decided from. */
export type Wish = {
  readonly host: Host
  readonly config: Config
  readonly backend: Backend
  readonly agent: Agent
  readonly around: Surroundings
  /** What is to run: words of the agent, or a whole command. */
  readonly run:
    | {
        readonly kind: 'agent'
        readonly words: readonly string[]
        /** Those of them that you typed; the others are of the configuration. */
        readonly typed?: readonly string[]
        readonly origin?: Opening['origin']
      }
    | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** Credentials for hosts of the user's choice. */
  readonly bound: readonly HostBound[]
  readonly images: { readonly agent: string; readonly proxy: string; readonly init: string }
  readonly version: string
  /** The moment of the start. */
  readonly now: Date
  /** The working tree that was made for it; null where it works in what was there. */
  readonly made: Made | null
  /** What a session keeps whose box is made anew. */
  readonly again?: Again | undefined
}

/** What is of a session and not of its box: its conversation is the one that it is in. */
export type Again = Pick<SessionRecord, 'id' | 'name' | 'conversation' | 'directory' | 'homeVolume'> &
  Partial<Pick<SessionRecord, 'volume' | 'clone'>>

/** Wishes, machine and capabilities become a complete session, or a refusal. */
export function resolveSession(wish: Wish): { readonly spec: SessionSpec; readonly record: SessionRecord } {
  const decided = decide(wish)
  const record = sessionRecord(wish, decided)
  const spec = sessionSpec(wish, decided, record)
  refuseWeaker(wish.backend, spec, wish.config)
  refuseUnrenewable(wish.backend, record)
  return { spec, record }
}

/** What both the record and the box are made of. */
type Decided = {
  readonly id: string
  readonly name: string
  readonly credentials: readonly Credential[]
  readonly network: Network
  readonly streams: Streams
  readonly transport: SessionSpec['transport']
  readonly mounts: SessionSpec['mounts']
  readonly standIns: SessionSpec['standIns']
  readonly overlays: SessionSpec['overlays']
  readonly homeVolume: string
  readonly conversation: string
}

function decide(wish: Wish): Decided {
  const { host, config, agent, around, run } = wish
  const { settings } = config
  const { again } = wish
  const id = again?.id ?? wish.made?.id ?? newSessionId()
  const name = again?.name ?? (settings.sessionName === '' ? '' : checkedName(settings.sessionName))
  const credentials = run.kind === 'agent' ? agentCredentials(agent, host) : []
  const network = resolveNetwork(wish, id, credentials)
  const streams =
    run.kind === 'command'
      ? streamsOf(host)
      : agentStreams(host, { interactive: agent.screen && opensScreen(agent.grammar, run.words), detach: settings.detach })
  for (const workspace of workspacesOf(around))
    requireTogether(
      around.mounts.map(({ mount }) => mount),
      config,
      workspace,
    )
  const transport = volumeTransport(wish, { id, name }) ?? projectTransport(around)
  return {
    id,
    name,
    credentials,
    network,
    streams,
    transport,
    standIns: [
      ...(transport.kind === 'bind' ? standInsOf(around.workspace, (path) => path) : []),
      ...around.repos.flatMap(furtherStandIns),
      ...(transport.kind === 'bind' ? shadowStandIns(around.workspace) : []),
      ...around.mounts.flatMap(mountStandIns),
      ...overlayStandIns(around.overlays),
    ],
    overlays: around.overlays.map(({ path, volume }) => ({ path, volume })),
    mounts: around.mounts.flatMap(withGuards),
    homeVolume:
      again?.homeVolume ??
      (run.kind === 'agent'
        ? homeVolume(wish.made?.worktree.project ?? around.workspace.root, agent.name, around.homeOwner)
        : ''),
    conversation: again?.conversation || conversationOf(wish, streams),
  }
}

/** Only a conversation on a screen is continued; a one-shot answer keeps the words exactly as typed. */
function conversationOf({ agent, run }: Wish, { terminal }: Streams): string {
  if (run.kind === 'command') return ''
  const chosen = agent.conversation?.chosen(run.words) ?? ''
  return chosen === '' && terminal && agent.conversation?.begin ? crypto.randomUUID() : chosen
}

function sessionRecord(
  { host, config, backend, agent, around, run, images, version, now, made, bound, again }: Wish,
  decided: Decided,
): SessionRecord {
  const { settings } = config
  const { workspace } = around
  const { id, name, credentials, network, streams, conversation, transport } = decided
  const { git, root } = workspace
  // Nothing else is in an empty folder.
  const directory = again?.directory ?? (transport.kind === 'volume' && transport.fill === null ? root : workspace.directory)
  const lasting = run.kind === 'agent' ? lastingWords(agent.grammar, run.typed ?? []) : []
  const { limits, security } = lowered(backend, config)
  const said = saidCredential(settings)
  const secrets = secretVariables(config)
  return {
    v: 3,
    id,
    name,
    backend: backend.name,
    agent: run.kind === 'agent' ? agent.name : 'command',
    version,
    created: now.toISOString(),
    starter: host.process,
    workspace: root,
    directory,
    network: network.mode,
    ...policyRecord(network),
    image: images.agent,
    limits,
    terminal: streams.terminal,
    conversation,
    ...(lasting.length > 0 ? { words: [...lasting] } : {}),
    homeVolume: decided.homeVolume,
    link: network.mode === 'none' ? 'none' : around.own.link,
    ...placeOf(around.own),
    ...farOf(around.own, images.proxy),
    init: images.init,
    mounts: mountsOf(decided).map(({ source, target, readOnly }) => ({ source, target, readOnly })),
    copies: [...copiedOf(decided.transport)],
    shadows: [...shadowedOf(decided.transport)],
    standIns: [...decided.standIns],
    overlays: [...decided.overlays],
    watch: watchOf(around, transport),
    onFinding: settings.onFinding,
    alarm: settings.alarm,
    writesConfig: settings.agentConfig === 'write-through',
    index: git === null || transport.kind !== 'bind' ? null : watchedIndex(git),
    repos: around.repos.map(({ workspace: one, readOnly }) => ({
      root: one.root,
      readOnly,
      index: one.git === null || readOnly ? null : watchedIndex(one.git),
    })),
    ...(around.imported === null
      ? {}
      : { imported: { keep: [...settings.importKeep], allow: [...settings.pluginsAllow], deny: [...settings.pluginsDeny] } }),
    ...(settings.forwardPorts.length > 0 ? { forwardPorts: [...settings.forwardPorts] } : {}),
    security,
    ...(secrets.length > 0 ? { secrets: [...secrets] } : {}),
    ...volumeRecord(decided, again?.clone ?? cloneRecord(decided, around.clone)),
    ...(made === null ? {} : { worktree: made.worktree }),
    ...recipePart(run.kind === 'agent' ? recipeOf(settings) : null),
    ...(run.kind === 'agent' && agent.service !== undefined ? { service: agent.service } : {}),
    credentials: [
      ...credentials.map(({ variable }) => ({
        variable,
        ...sourceOf(said, variable, agent),
      })),
      ...boundRecords(network.mode === 'none' ? [] : bound),
    ],
  }
}

/** Where the value of a variable is asked for again: what says whose a login is lies beside it. */
function sourceOf(
  said: ReturnType<typeof saidCredential>,
  variable: string,
  { providers: [provider] }: Agent,
): { readonly source?: Exclude<SecretSource, ''> } {
  if (said === null) return {}
  const { source } = said
  if (said.variable === variable) return { source }
  const isAccount = variable === provider?.account?.variable && typeof source !== 'string' && 'codex' in source
  return isAccount ? { source: { ...source, part: 'account' } } : {}
}

/** Of an agent that is data, so that a later start does not ask the files again. */
const recipePart = (recipe: Recipe | null): Pick<SessionRecord, 'recipe'> => (recipe === null ? {} : { recipe })

function sessionSpec(wish: Wish, decided: Decided, record: SessionRecord): SessionSpec {
  const { host, config, backend, around, run, images } = wish
  const { settings } = config
  const { id, name, agent, version, created, workspace, directory, security } = record
  const { network, streams, transport, mounts } = decided
  const user = { ...backend.user(host), home: boxHome(host) }
  return {
    ...{ id, name, agent, version, created, workspace, directory, security },
    image: images.agent,
    proxyImage: images.proxy,
    init: images.init,
    user,
    // Nobody of this machine is in the box of another one.
    rootIs: user.uid === host.uid || backend.remote ? null : host.uid,
    transport,
    mounts,
    standIns: decided.standIns,
    overlays: decided.overlays,
    hidden: transport.kind === 'bind' ? workspacesOf(around).flatMap((one) => one.hiddenPaths) : [],
    workspaces: settings.workspaceLinks.length > 0,
    homeVolume: decided.homeVolume,
    environment: resolveEnvironment(wish, decided, user.home),
    secretEnvironment: { ...around.references, ...readVariables(settings.env, host) },
    network,
    limits: lowered(backend, config).limits,
    own: around.own,
    // Whoever holds a terminal asks the engine how the command ended.
    // And a workspace of its own outlives its box.
    // And one with a limit of memory is asked whether it reached that.
    once:
      run.kind === 'command' &&
      !streams.terminal &&
      transport.kind !== 'volume' &&
      wish.made === null &&
      record.limits?.memory === 0,
    ...streams,
    grace: 10,
    folder: sessionFolder(host, id),
    seed: seedFiles(wish, decided, user),
    system: run.kind === 'agent' ? wish.agent.system : {},
    imported: around.imported?.gather ?? null,
    out: outFiles(wish, streams),
    owner: settings.detach ? '' : ownerText(host),
    kept: secret(JSON.stringify(manifestOf(around, transport))),
    record: recordText(record),
  }
}

function watchedIndex(git: GitLayout): WatchedIndex {
  const path = join(git.gitDirectory, 'index')
  return { path, mark: indexMark(path), hash: hashSize(git) }
}

/** The project and the further repositories. */
const workspacesOf = ({ workspace, repos }: Pick<Surroundings, 'workspace' | 'repos'>): readonly Workspace[] => [
  workspace,
  ...repos.map((one) => one.workspace),
]

/** How the guarded paths look of what the box sees: of a project that it does not see nothing can change. */
const watchOf = ({ workspace, repos, mounts }: Surroundings, { kind }: SessionSpec['transport']): SessionRecord['watch'] =>
  Object.assign(
    {},
    ...[...(kind === 'bind' ? [workspace, ...writable(repos)] : []), ...mounts.flatMap(({ guards }) => guards ?? [])].map((one) =>
      watch(one),
    ),
  )

/** How everything that the box can write looks now. */
function manifestOf({ workspace, repos, mounts }: Surroundings, { kind }: SessionSpec['transport']): Manifest {
  const further = mounts.flatMap(({ mount, guards }) => (guards === null ? [] : [{ root: mount.source, ...guards }]))
  const all = [...(kind === 'bind' ? [workspace, ...writable(repos)] : []), ...further]
  const looked = {
    roots: all.map(({ root }) => root),
    gits: [...new Set(all.flatMap(({ gits }) => gits))],
    named: all.flatMap(({ named }) => named),
    list: workspace.list,
  }
  return takeManifest(
    looked,
    all.map(({ walked }) => walked),
  )
}

function outFiles({ config: { settings }, run }: Wish, { terminal }: Streams): readonly string[] {
  if (run.kind === 'command') return []
  return [...['conversation', 'events'], ...(settings.detach && !terminal ? ['stdout', 'stderr'] : [])]
}

/** A caller's terminal is not the agent's when only one end of it is one: a read there would wait for ever. */
function agentStreams(
  { terminal: caller }: Host,
  { interactive, detach }: { readonly interactive: boolean; readonly detach: boolean },
): Streams {
  const terminal = interactive && (detach || (caller.stdin && caller.stdout))
  return { terminal, stdin: terminal || (!detach && !caller.stdin) }
}

/** Refuses what the backend cannot keep; nothing is weakened silently. */
export function refuseWeaker({ name, remote, can }: Backend, spec: SessionSpec, { managed }: Config): void {
  const [first] = refusals(can, spec)
  if (first === undefined) return
  const isManaged = first.of !== undefined && managed[first.of] !== undefined
  throw new PaudeError(
    'unsupported',
    `${titleOf(name, remote)} ${first.message}${isManaged ? ', which the managed file asks for' : ''}`,
    {
      hint: isManaged ? 'choose another backend, or ask the administrator of this machine' : first.hint,
    },
  )
}

function resolveNetwork(
  { host, config, agent, run, around, bound }: Wish,
  session: string,
  credentials: readonly Credential[],
): Network {
  const { settings, origins, managed } = config
  const typed = (key: 'network' | 'networkAllow' | 'networkGroups' | 'networkPorts') =>
    origins[key].some(({ layer }) => layer === 'flag')
  // A one-shot command needs no network unless it says so.
  if (settings.network === 'none') {
    // A list from the file or the environment is for sessions that have a network; only typed flags can cannot be combined.
    for (const [key, flag] of [
      ['networkAllow', '--network-allow'],
      ['networkGroups', '--network-group'],
      ['networkPorts', '--network-port'],
    ] as const)
      if (typed(key) && typed('network'))
        throw new PaudeError('usage', `--network none and ${flag} cannot be combined`, { hint: 'leave one of them out' })
    return { mode: 'none' }
  }
  const needs = run.kind === 'agent' ? [...agentNeeds(agent, host, credentials), ...furtherNeeds(agent)] : []
  // Its own provider goes without saying; where a variable sends it instead does not.
  const own = new Set(ownProviders({ host, agent, managed }))
  for (const { host: entry } of needs)
    if (managed.networkAllow !== undefined && !own.has(entry) && uncovered('networkAllow', [entry], managed).length > 0)
      throw new PaudeError('refused', `the agent needs ${entry}, which ${host.managedFile} does not allow`, {
        hint: `unset ${addressesOf(agent)} or provider.base_url, or ask the administrator of this machine`,
      })
  const needed = needs.map(({ host: entry, why }) => parseAllow(entry, why))
  const injections = [
    ...credentials.map(({ injection }) => ({ ...injection, way: settings.inject })),
    ...boundInjections({ config, bound }, credentials),
  ]
  if (settings.inject === 'base-url' && credentials.length > 1) throw manyAtBaseUrl(credentials)
  const plain = injections.find(({ scheme, way }) => agent.tunnelsHttp && scheme === 'http' && way === 'bump')
  if (plain !== undefined)
    throw new PaudeError(
      'unsupported',
      `the proxy cannot add the credential of ${agent.title} to http://${plain.host}:${plain.port}: ${agent.title} asks for a tunnel`,
      {
        hint: 'use an address with https, or add --inject base-url',
      },
    )
  const policy = startPolicy(config, { session, needed, injections })
  if (policy.ways.upstream !== null && atBaseUrl(policy) !== null)
    throw new PaudeError('unsupported', 'inject = "base-url" connects to the provider directly, but an upstream proxy is set', {
      hint: 'leave inject out, or add the provider to network.upstream_except',
    })
  const values = bound.flatMap((one) => one.values.map((value) => ({ value })))
  const handed = proxySecret(host, { credentials: [...credentials, ...values], ways: policy.ways })
  return {
    mode: settings.network,
    policy,
    policyFiles: {
      ...stageFiles(stagesOf(policy, [], 0)),
      ...standingFiles(policy),
      ...(around.extraCa === '' ? {} : { 'extra-ca.pem': around.extraCa }),
      ...(handed === null ? {} : { 'await-secret': '' }),
    },
    credential: handed,
  }
}

/** Where they go. At the host of a model's provider nothing else is let through, so nothing else can be added there. */
function boundInjections(
  { config: { managed }, bound }: Pick<Wish, 'config' | 'bound'>,
  credentials: readonly Credential[],
): readonly Injection[] {
  for (const { credential, bindings } of bound)
    for (const { host, port } of bindings.injections) {
      if (credentials.some(({ injection }) => injection.host === host && injection.port === port))
        throw new PaudeError('refused', `credentials.${credential.credential}: ${host} is the agent's own provider`, {
          hint: 'leave it out: the proxy adds the credential of the provider there',
        })
      const entry = `${host}:${port}`
      if (managed.networkAllow !== undefined && uncovered('networkAllow', [entry], managed).length > 0)
        throw new PaudeError(
          'refused',
          `credentials.${credential.credential} is for ${entry}, which the managed file does not allow`,
          {
            hint: 'remove it, or ask the administrator of this machine',
          },
        )
    }
  return bound.flatMap(({ bindings }) => bindings.injections)
}

/** They stand behind those of the providers. */
const boundRecords = (bound: readonly HostBound[]): SessionRecord['credentials'] =>
  bound.flatMap(({ credential: { credential, kind, value }, bindings }) =>
    bindings.users.map((user) => ({ variable: '', source: value, bound: { name: credential, kind, user } })),
  )

function manyAtBaseUrl(credentials: readonly Credential[]): PaudeError {
  const [variable = '', ...others] = new Set(credentials.map((one) => one.variable))
  return others.length === 0
    ? new PaudeError('unsupported', `inject = "base-url" supports one host, but ${variable} is for several`, {
        hint: 'leave inject out',
      })
    : new PaudeError('unsupported', 'inject = "base-url" supports one provider, but several credentials are set', {
        hint: `unset all but one of ${[variable, ...others].join(', ')}, or leave inject out`,
      })
}

/** The providers that go without saying: the agent's own, and the one that is managed. A cloud in its place is the choice of a user. */
export const ownProviders = ({
  host,
  agent: { providers, title, service },
  managed: { baseUrl },
}: Pick<Wish, 'host' | 'agent'> & { readonly managed: Layer }): readonly string[] =>
  // The address of a file is that of the one it prefers.
  [
    ...(service === undefined ? [{}] : []),
    ...providers.slice(0, 1).flatMap(({ address }) => (baseUrl ? [{ [address.variable]: baseUrl }] : [])),
  ].flatMap((env) =>
    providers.flatMap((provider) => needsOf(provider, { ...host, env }, { title, login: true }).map((need) => need.host)),
  )

/** What the box compares besides its mounts. */
const standingsOf = ({ transport, standIns, overlays }: Decided): Parameters<typeof mountCheck>[1] => ({
  copies: copiedOf(transport),
  shadows: shadowedOf(transport),
  standIns,
  overlays,
})

/** A volume of the session, empty or with a clone; null where the project itself is mounted. */
function volumeTransport(
  { backend, config, host, images, around: { clone, own, workspace }, again }: Wish,
  session: { readonly id: string; readonly name: string },
): SessionSpec['transport'] | null {
  if (config.settings.workspaceMode === 'bind' || config.settings.workspaceMode === 'worktree') return null
  const { root, directory } = workspace
  const volume = { name: `${session.id}-workspace`, root, image: images.agent, ...backend.user(host), selinux: own.selinux }
  if (again?.volume !== undefined)
    return { kind: 'volume', volume: { ...volume, name: again.volume.name }, fill: null, kept: true }
  if (clone === null) return { kind: 'volume', volume, fill: null }
  const uncommitted = clone.uncommitted === null ? '' : snapshotFolder(clone.store, session.id)
  // What lies elsewhere cannot be labelled for one box alone.
  const isShared = own.kind === 'oci' && own.link === 'folder' && !own.selinux
  const packs = isShared ? join(sessionFolder(host, session.id), PACKS) : ''
  const fill = cloneFill(clone, { store: clone.store, root, directory, branch: branchOf(session), uncommitted, packs })
  return { kind: 'volume', volume, fill }
}

const volumeRecord = ({ transport }: Decided, clone: SessionRecord['clone'] | null): Pick<SessionRecord, 'clone' | 'volume'> =>
  transport.kind !== 'volume' ? {} : { volume: transport.volume, ...(clone ? { clone } : {}) }

const cloneRecord = ({ id, name }: Decided, clone: Surroundings['clone']): SessionRecord['clone'] | null =>
  clone === null ? null : { base: clone.commit, branch: branchOf({ id, name }) }

function resolveEnvironment(
  { host, config: { settings }, agent, run, around, bound }: Wish,
  { streams: { terminal }, credentials }: Decided,
  home: string,
): Readonly<Record<string, string>> {
  const { identity, imported } = around
  return {
    HOME: home,
    LANG: 'C.UTF-8',
    ...(terminal ? { TERM: host.env['TERM'] || 'xterm-256color', COLORTERM: host.env['COLORTERM'] || 'truecolor' } : {}),
    ...(host.env['TZ'] ? { TZ: host.env['TZ'] } : {}),
    ...gitEnvironment(
      identity,
      workspacesOf(around).flatMap(safeDirectories),
      bound.flatMap(({ bindings }) => bindings.remotes),
    ),
    ...Object.assign({}, ...bound.map(({ bindings }) => bindings.environment)),
    ...(run.kind === 'agent' ? agent.environment(host, run.words) : {}),
    ...(imported === null ? {} : agent.imports?.environment),
    ...Object.fromEntries(credentials.flatMap((one) => [[one.variable, one.placeholder], ...providerAddress(one, settings)])),
  }
}

const providerAddress = ({ told, injection }: Credential, { inject }: Settings): readonly (readonly [string, string])[] =>
  inject === 'base-url' ? [[told.variable, `${BASE_URL}${injection.prefix}${told.below}`]] : []

/** Where the box finds the models of the agent's first provider. */
const addressIn = ({ providers: [provider] }: Agent, environment: Readonly<Record<string, string>>): string =>
  provider === undefined ? '' : (environment[provider.address.variable] ?? provider.address.usual)

function seedFiles(wish: Wish, decided: Decided, user: SessionSpec['user']): Readonly<Record<string, string>> {
  const { host, agent, run, config, around } = wish
  const { workspace, imported, extensions } = around
  const { mode } = decided.network
  const opening: Opening = { conversation: decided.conversation, continues: decided.streams.terminal }
  const command =
    run.kind === 'command'
      ? `set -- ${commandLine(run.argv)}\n`
      : startCommand(agent, run.words, {
          ...opening,
          origin: run.origin,
          more: imported === null ? [] : importWords(agent, run.words),
        })
  // One command in a box is no session: it has the variables alone.
  const { settings } = config
  const lifecycle = [
    ...settings.workspaceLinks,
    ...settings.lifecycle.filter(({ kind }) => kind === 'export' || run.kind === 'agent'),
  ]
  return {
    'entry.sh': entry,
    'command.sh': command,
    [SECCOMP_FILE]: SECCOMP_PROFILE,
    // Elsewhere the engine is a machine of its own, with inodes of its own.
    ...(host.platform === 'linux' ? { 'mounts.sh': mountCheck(mountsOf(decided), standingsOf(decided)) } : {}),
    ...(imported === null ? {} : { imported: `${imported.gather.name}\n` }),
    ...(lifecycle.length > 0 ? { 'lifecycle.sh': lifecycleScript({ ...settings, lifecycle }) } : {}),
    passwd: passwd(user),
    group: group(user),
    'resolv.conf': '',
    hosts: '127.0.0.1 localhost paude\n::1 localhost\n',
    ...(run.kind === 'agent'
      ? {
          'home.list': Object.entries(agent.home)
            .map(([place, name]) => `${name} ${place}\n`)
            .join(''),
          ...agent.seed({
            directory: workspace.root,
            restricted: mode === 'restricted' || mode === 'ask' || mode === 'record',
            screen: opening.continues,
            shadowed: shadowedOf(decided.transport).length > 0,
            address: addressIn(agent, resolveEnvironment(wish, decided, user.home)),
            policy: extensions,
          }),
        }
      : {}),
  }
}

/** Only a question to a model needs them. */
const importWords = ({ imports, grammar }: Agent, words: readonly string[]): readonly string[] =>
  imports !== null && asksSomething(grammar, words) ? imports.words(words) : []

/** Where HOME lies in the box: the host's own path, so that paths kept in it go on meaning the same. */
export const boxHome = ({ home }: Host): string =>
  /^\/[^:\n,]+$/.test(home) && home !== '/' && !BOX_TREES.test(join(home)) ? join(home) : '/home/agent'

/** Where no volume can be: some services have /dev/null for a HOME. */
const BOX_TREES = /^\/(proc|sys|dev|paude)(\/|$)/

/** Tools such as ssh refuse to work for a uid that has no name. */
function passwd({ uid, gid, home }: SessionSpec['user']): string {
  const rows = [
    uid === 0 ? '' : 'root:x:0:0:root:/root:/bin/sh\n',
    `${uid === 0 ? 'root' : 'agent'}:x:${uid}:${gid}:agent:${home}:/bin/bash\n`,
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  ]
  return rows.join('')
}

function group({ gid }: SessionSpec['user']): string {
  return [gid === 0 ? '' : 'root:x:0:\n', `${gid === 0 ? 'root' : 'agent'}:x:${gid}:\n`, 'nogroup:x:65534:\n'].join('')
}

/** Allow entries that need the user's own machine, for the notes of a start. */
export const reachesHost = (record: SessionRecord): boolean => record.allow.some(({ host }) => host === HOST_NAME)
