import { installOf } from '../../agents/installs.ts'
import { agentOf } from '../../agents/registry.ts'
import type { Backend, Images } from '../../backends/backend.ts'
import type { BackendName } from '../../backends/names.ts'
import { pickBackend, usable } from '../../backends/pick.ts'
import { allBackends } from '../../backends/registry.ts'
import { lacking } from '../../backends/unanswered.ts'
import { titleOf } from '../../box/remote.ts'
import type { Security } from '../../box/spec.ts'
import type { Config, Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { wayToUse } from '../../doctor/engine-checks.ts'
import { askEngines, type EngineState, tried } from '../../doctor/engines.ts'
import { lookCredential } from '../../doctor/inspect.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { ListedImage } from '../../image/listed.ts'
import { readTools, toolsText } from '../../image/tools.ts'
import { groupEntry } from '../../network/groups.ts'
import { listSessions, type Row } from '../../session/life/find.ts'
import { imagesHere } from '../../session/life/start-images.ts'
import { readRecords } from '../../session/record/store.ts'
import { askedOf } from '../../session/resolve/far.ts'
import { readSecurity } from '../../session/resolve/security.ts'
import { cacheFolder, stateFolder } from '../../state.ts'
import { below } from '../../workspace/paths.ts'
import { type ConfigHere, configHere } from '../config/config-here.ts'
import { withActivity } from '../sessions/activity.ts'
import { type DiskSize, sizeOf } from './disk-size.ts'
import { type FileState, fileStates } from './status-files.ts'

/** How things stand: what `paude status --json` prints. */
export type Status = {
  readonly version: string
  /** The agent of a start here, and its release; of an image of the user's own, which image. */
  readonly agent: string
  /** `name` is '' when no engine can be used; then `fix` says what to do. */
  readonly backend: { readonly name: string; readonly why: string; readonly fix: string }
  readonly engines: readonly (EngineState & { readonly fix: string })[]
  /** Where the agent's models are, and what the credential comes from; '' for none. */
  readonly provider: { readonly site: string; readonly credential: string; readonly inside: boolean; readonly fault: string }
  readonly network: Settings['network']
  /** Hosts and groups that a start here may reach besides the provider. */
  readonly allowed: readonly string[]
  /** Whether an agent here works in your folder or in a clone. */
  readonly workspaceMode: Settings['workspaceMode']
  /** What becomes of changes to the agents' configuration in the project. */
  readonly agentConfig: Settings['agentConfig']
  /** Folders of the project in whose place it has volumes. */
  readonly overlay: Settings['overlay']
  /** Further repositories that it gets. */
  readonly repos: Settings['repos']
  /** What a start does where no engine can be used. */
  readonly fallback: Settings['fallback']
  /** What of the hardening a start here has. */
  readonly security: Security
  /** Why files could not be read, and so do not count here; '' when they could. */
  readonly fault: string
  readonly fix: string
  readonly files: readonly FileState[]
  readonly images: readonly ImageState[]
  /** `security` is what of the hardening each has; null where nobody can tell. */
  readonly sessions: readonly (Pick<Row, 'id' | 'name' | 'status' | 'backend' | 'workspace'> & {
    readonly here: boolean
    /** What its agent does; null where nobody can tell. */
    readonly activity: string | null
    /** Why its agent gets no answer from its provider; '' while nothing is known to be wrong. */
    readonly fault: string
    /** What appeared in the project while it ran that this machine may run; '' for nothing. */
    readonly alarm: string
    readonly security: Security | null
  })[]
  /** What paude keeps on this machine besides images and volumes: of these an engine would have to walk through every file. */
  readonly disk: readonly (DiskSize & { readonly folder: string })[]
}

/** An image that a start here would use (`built` unless it is yet to be), or one that it would not. */
export type ImageState = Pick<ListedImage, 'reference' | 'size' | 'created'> & {
  readonly backend: BackendName
  readonly built: boolean
  readonly wanted: boolean
}

/** Looks at everything side by side: three calls an engine, two without `all`, and none of one that is known not to run. */
export async function lookStatus(context: Context, all: boolean): Promise<Status> {
  const { host, version } = context
  const reading = configHere(context)
  const [here, asked, { sessions, failures }, own] = await Promise.all([
    reading,
    reading.then(({ config }) => askEngines(host, config.settings, 'briefly')),
    listSessions(context),
    all ? ownImages(host) : [],
  ])
  const { settings } = here.config
  const credential = await lookCredential(host, here.config)
  const engines = asked.map((engine) => ({ ...engine, fix: wayToUse(engine) }))
  const ready = engines.filter(({ state }) => state === 'ready').map(({ name }) => name)
  const images = await imageStates(
    host,
    here,
    own.filter(({ backend }) => ready.includes(backend.name)),
  )
  const kept = new Map(readRecords(host).map(({ id, security }) => [id, security]))
  const silent = own
    .filter(({ images }) => images === null)
    .map(({ backend }) => backend.name)
    .filter((name) => ready.includes(name))
  for (const name of silent) context.warn(`${name} did not list its images, so they are not shown`)
  // One of another machine is asked because a session is there.
  const isToTell = (title: string) => title.includes('@') || ready.some((name) => name === title)
  for (const { backend } of failures.filter((one) => isToTell(one.backend) && one.error.code !== 'backend-silent'))
    context.warn(`${backend} did not list its sessions, so they are not shown`)
  for (const { error } of failures.filter(({ error }) => error.code === 'backend-silent'))
    context.warn(lacking(error, 'paude cannot show its sessions'))
  const agent = agentOf(settings)
  const title = installOf(settings)?.title ?? agent.title
  const tools = readTools(settings)
  // Whoever logs in inside the box reaches the login service from there.
  const logins = credential.inside ? agent.providers.slice(0, 1).flatMap(({ login }) => login) : []
  const topped = tools === null ? '' : `, with ${toolsText(tools)}`
  return {
    version,
    agent:
      settings.image === ''
        ? `${[title, settings.agentVersion].filter(Boolean).join(' ')}${topped}`
        : `${title} in ${settings.image}${topped}`,
    backend: await chosenBackend(host, here.config),
    engines,
    provider: { site: credential.site, credential: credential.variable, inside: credential.inside, fault: credential.fault },
    network: settings.network,
    allowed: [...logins.map(({ host: place }) => place), ...settings.networkGroups.map(groupEntry), ...settings.networkAllow],
    workspaceMode: settings.workspaceMode,
    agentConfig: settings.agentConfig,
    repos: settings.repos,
    overlay: settings.workspaceMode === 'bind' ? settings.overlay : [],
    fallback: settings.fallback,
    security: readSecurity(settings),
    fault: here.fault?.message ?? '',
    fix: here.fault === null ? '' : here.fault.hint || 'paude config check',
    files: fileStates(host, here),
    images,
    sessions: sessions
      .map((row) => withActivity(host, row))
      .map(({ id, name, status, backend, workspace, activity, fault, alarm }) => ({
        id,
        name,
        status,
        backend,
        workspace,
        activity,
        fault,
        alarm,
        here: workspace !== '' && below(workspace, host.cwd),
        security: kept.get(id) ?? null,
      })),
    disk: (all ? [stateFolder(host), cacheFolder(host)] : []).map((folder) => ({ folder, ...sizeOf(folder) })),
  }
}

/** `images` is null when the engine did not tell them. */
type Own = { readonly backend: Backend; readonly images: readonly ListedImage[] | null }

/** Asked of every engine at once that may answer. */
const ownImages = (host: Host): Promise<readonly Own[]> =>
  Promise.all(allBackends.flatMap((backend) => (backend.images === null ? [] : [listed(host, backend, backend.images)])))

async function listed(host: Host, backend: Backend, { list }: Images): Promise<Own> {
  const outcome = (await usable(host, backend)) === 'yes' ? await tried(list) : null
  return { backend, images: outcome?.code === 0 ? list.parse(outcome.stdout) : null }
}

async function imageStates(
  host: Host,
  { config: { settings } }: ConfigHere,
  own: readonly Own[],
): Promise<readonly ImageState[]> {
  const extraCa = extraCaCertificates(host, settings.caFile)
  const rows = own.map(async ({ backend, images }): Promise<readonly ImageState[]> => {
    if (images === null) return []
    const place = { settings, extraCa, backend }
    const { start, kept } = await imagesHere(host, place)
    const wanted = start.map(({ reference }) => reference)
    const unlisted = start.filter(({ reference }) => images.every((image) => image.reference !== reference))
    const rows = images.filter(({ reference }) => wanted.includes(reference) || !kept.includes(reference))
    return [
      ...unlisted.map(({ reference, there }) => ({
        backend: backend.name,
        reference,
        size: 0,
        created: '',
        built: there,
        wanted: true,
      })),
      ...rows.map(({ reference, size, created }) => ({
        backend: backend.name,
        reference,
        size,
        created,
        built: true,
        wanted: wanted.includes(reference),
      })),
    ]
  })
  return (await Promise.all(rows)).flat()
}

/** The engine a start here takes, and who said so. */
async function chosenBackend(host: Host, config: Config): Promise<Status['backend']> {
  const asked = askedOf(config)
  const [origin] = config.origins.backend
  try {
    const { name, remote } = await pickBackend(host, asked)
    const said = origin === undefined || origin.layer === 'default' ? '' : ` (${origin.place || origin.layer})`
    return {
      name: titleOf(name, remote),
      why: asked.backend === 'auto' ? `the first usable one${said}` : `chosen by ${origin?.place || origin?.layer}`,
      fix: '',
    }
  } catch (error) {
    if (error instanceof PaudeError) return { name: '', why: error.message, fix: error.hint }
    throw error
  }
}
