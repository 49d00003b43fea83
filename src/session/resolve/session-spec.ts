import { ownerText } from '../../box/owner.ts'
import type { SessionSpec } from '../../box/spec.ts'
import { secret } from '../../secret.ts'
import { type Manifest, takeManifest } from '../../workspace/manifest.ts'
import { recordText, type SessionRecord } from '../record/record.ts'
import { sessionFolder } from '../record/store.ts'
import { boxHome } from './box-home.ts'
import { resolveEnvironment } from './environment.ts'
import { writable } from './further.ts'
import { lowered } from './lowered.ts'
import { seedFiles } from './seed.ts'
import type { Streams } from './streams.ts'
import { type Surroundings, workspacesOf } from './surroundings.ts'
import { readVariables } from './variables.ts'
import type { Decided, Wish } from './wish.ts'

/** What a backend is to run, in full. */
export function sessionSpec(wish: Wish, decided: Decided, record: SessionRecord): SessionSpec {
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
