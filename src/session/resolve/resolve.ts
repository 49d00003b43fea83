import { agentCredentials } from '../../agents/models.ts'
import { opensScreen } from '../../agents/words.ts'
import type { Backend } from '../../backends/backend.ts'
import { refusals } from '../../box/refusals.ts'
import { titleOf } from '../../box/remote.ts'
import type { SessionSpec } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { checkedName, homeVolume, newSessionId } from '../record/id.ts'
import type { SessionRecord } from '../record/record.ts'
import { projectTransport } from './bind.ts'
import { furtherStandIns } from './further.ts'
import { resolveNetwork } from './network.ts'
import { overlayStandIns } from './overlays.ts'
import { mountStandIns, requireTogether, standInsOf, withGuards } from './own-mounts.ts'
import { sessionRecord } from './session-record.ts'
import { sessionSpec } from './session-spec.ts'
import { shadowStandIns } from './shadows.ts'
import { type Streams, streamsOf } from './streams.ts'
import { workspacesOf } from './surroundings.ts'
import { refuseUnrenewable } from './unrenewable.ts'
import { volumeTransport } from './volume.ts'
import type { Decided, Wish } from './wish.ts'

/** Wishes, machine and capabilities become a complete session, or a refusal. */
export function resolveSession(wish: Wish): { readonly spec: SessionSpec; readonly record: SessionRecord } {
  const decided = decide(wish)
  const record = sessionRecord(wish, decided)
  const spec = sessionSpec(wish, decided, record)
  refuseWeaker(wish.backend, spec, wish.config)
  refuseUnrenewable(wish.backend, record)
  return { spec, record }
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
