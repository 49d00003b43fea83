import { join } from 'node:path'
import type { Agent } from '../../agents/agent.ts'
import { recipeOf } from '../../agents/chosen.ts'
import type { Recipe } from '../../agents/recipe.ts'
import { lastingWords } from '../../agents/words.ts'
import { farOf, placeOf } from '../../box/handle.ts'
import { copiedOf, mountsOf, type SessionSpec, shadowedOf } from '../../box/spec.ts'
import { saidCredential } from '../../config/keys/provider.ts'
import { secretVariables } from '../../config/secret-variables.ts'
import type { SecretSource } from '../../credentials/source.ts'
import { indexMark, type WatchedIndex, watch } from '../../workspace/fingerprints.ts'
import { hashSize } from '../../workspace/git.ts'
import type { GitLayout } from '../../workspace/git-layout.ts'
import { branchOf } from '../clone/names.ts'
import type { SessionRecord } from '../record/record.ts'
import { writable } from './further.ts'
import type { HostBound } from './host-credentials.ts'
import { lowered } from './lowered.ts'
import { policyRecord } from './policy.ts'
import type { Surroundings } from './surroundings.ts'
import type { Decided, Wish } from './wish.ts'

/** What paude keeps of a session on this machine. */
export function sessionRecord(
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

function watchedIndex(git: GitLayout): WatchedIndex {
  const path = join(git.gitDirectory, 'index')
  return { path, mark: indexMark(path), hash: hashSize(git) }
}

/** How the guarded paths look of what the box sees: of a project that it does not see nothing can change. */
const watchOf = ({ workspace, repos, mounts }: Surroundings, { kind }: SessionSpec['transport']): SessionRecord['watch'] =>
  Object.assign(
    {},
    ...[...(kind === 'bind' ? [workspace, ...writable(repos)] : []), ...mounts.flatMap(({ guards }) => guards ?? [])].map((one) =>
      watch(one),
    ),
  )

/** They stand behind those of the providers. */
const boundRecords = (bound: readonly HostBound[]): SessionRecord['credentials'] =>
  bound.flatMap(({ credential: { credential, kind, value }, bindings }) =>
    bindings.users.map((user) => ({ variable: '', source: value, bound: { name: credential, kind, user } })),
  )

const volumeRecord = ({ transport }: Decided, clone: SessionRecord['clone'] | null): Pick<SessionRecord, 'clone' | 'volume'> =>
  transport.kind !== 'volume' ? {} : { volume: transport.volume, ...(clone ? { clone } : {}) }

const cloneRecord = ({ id, name }: Decided, clone: Surroundings['clone']): SessionRecord['clone'] | null =>
  clone === null ? null : { base: clone.commit, branch: branchOf({ id, name }) }
