import { resolve as resolvePath } from 'node:path'
import { type Check, sameOnce } from '../../backends/check.ts'
import { installed } from '../../backends/pick.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { engineChecks } from '../../doctor/engine-checks.ts'
import { askEngines, isAsked } from '../../doctor/engines.ts'
import {
  type EngineFacts,
  freeForBuilds,
  lookAuthorities,
  lookCredential,
  lookEngine,
  lookFolders,
  lookMachine,
  madeAt,
  resolve,
  selinuxEnforces,
} from '../../doctor/inspect.ts'
import { doctorExitCode } from '../../doctor/looked.ts'
import { clockChecks, diskChecks, folderChecks, limitChecks, selinuxChecks } from '../../doctor/machine-checks.ts'
import {
  authorityChecks,
  credentialChecks,
  homeChecks,
  imageChecks,
  orphanChecks,
  projectChecks,
  proxyChecks,
  resolverChecks,
  sharedFolderChecks,
  type WaysOut,
} from '../../doctor/session-checks.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { DIRECT, readWays } from '../../network/ways.ts'
import { findOrphans } from '../../session/life/orphans.ts'
import { imagesHere, replaceable } from '../../session/life/start-images.ts'
import { stateFolder } from '../../state.ts'
import { sharedFolders } from '../../workspace/overlay.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { json } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { trustCommand } from '../config/start-config.ts'
import { LOOKS } from '../front-flags.ts'
import { fit } from '../streams/table.ts'
import { verb } from '../verb.ts'
import { doctorLines } from './doctor-lines.ts'

export default verb({
  description: 'Check this machine, with a fix for each problem',
  details: 'With --try it also starts a sandbox on the engine that a start takes, which proves its wall, and removes it again.',
  front: { ...LOOKS, acts: '--try' },
  examples: [
    ['paude doctor', 'the problems here, and how to fix them'],
    ['paude doctor --verbose', 'with all checks in full'],
    ['paude doctor --json', 'the same for scripts'],
    ['paude --backend kubernetes doctor --try', 'also start a sandbox there: images, quota and network policies'],
  ],
  args: {
    json,
    verbose: { type: 'boolean', description: 'Show all checks in full' },
    try: { type: 'boolean', description: 'Also start a sandbox, prove its wall and remove it' },
  },
  async run(context, { json, verbose, try: tries }) {
    context.moving.show('checking this machine')
    const looked = await examine(context).finally(context.moving.clear)
    const checks = tries ? [...looked, ...(await tried(context))] : looked
    const { width } = fit(context.host)
    context.answer(json ? JSON.stringify(checks, null, 2) : doctorLines(checks, { width, verbose: verbose === true }).join('\n'))
    return doctorExitCode(checks)
  },
})

async function tried(context: Context): Promise<readonly Check[]> {
  const { config, fault } = await configHere(context)
  if (fault !== null) return []
  const { tryStart } = await import('./try-start.ts')
  return await tryStart(context, config)
}

async function examine(context: Context): Promise<readonly Check[]> {
  const { host } = context
  const { config, open, fault, broken } = await configHere(context)
  const { settings } = config
  const credential = await lookCredential(host, config)
  const out = waysOut(settings)
  // What an engine tells is asked for before it is known to be ready: one that is not has nothing to say.
  const [engines, looked, orphans, addresses] = await Promise.all([
    askEngines(host, settings),
    Promise.all(
      installed(host)
        .filter((backend) => isAsked(backend, settings))
        .map((backend) => lookEngine(host, backend, settings)),
    ),
    findOrphans(context, settings),
    credential.site === '' ? null : resolve(credential.site),
  ])
  const ready = engines.filter(({ state, remote }) => state === 'ready' && remote === undefined).map(({ name }) => name)
  const facts = looked.filter(({ backend }) => ready.includes(backend.name))
  const authorities = lookAuthorities(host, settings.caFile, Date.now())
  const free = { ...Object.fromEntries(facts.map(({ backend, free }) => [backend.name, free])), builds: freeForBuilds(host) }
  return [
    ...engineChecks(
      engines.map((one) => ({
        ...one,
        rootless:
          one.rootless ||
          (one.remote === undefined && facts.some(({ backend, info }) => backend.name === one.name && info?.rootless)),
      })),
      settings.backend,
    ),
    ...facts.flatMap(({ checks }) => checks),
    ...facts.flatMap(({ backend, info }) => (info === null ? [] : limitChecks(backend.name, info))),
    ...(ofLinux(host.platform) ? machineChecks(context, facts) : []),
    ...folderChecks(lookFolders(host), host.uid),
    ...diskChecks(free),
    ...clockChecks({
      now: Date.now(),
      made: madeAt(host),
      engine: facts.flatMap(({ info }) => info?.clock ?? [])[0] ?? null,
    }),
    ...(authorities.fault === '' ? await images(context, settings, facts) : []),
    ...facts.flatMap(({ backend, lostHomes }) => homeChecks(backend, lostHomes)),
    ...orphanChecks({
      parts: orphans.flatMap(({ kind, reference }) => (kind === 'session' ? [] : [reference])),
      forsaken: orphans.flatMap(({ kind, reference }) => (kind === 'session' ? [reference] : [])),
    }),
    ...projectChecks({ fault, broken, untrusted: open.map(({ file }) => file.file), trust: trustCommand(config) }),
    ...sharedFolderChecks(settings.workspaceMode === 'bind' ? sharedHere(host, settings) : []),
    ...credentialChecks(credential),
    ...(credential.site === '' ? [] : resolverChecks(credential.site, addresses, out.ways)),
    ...proxyChecks(host.env, out),
    ...authorityChecks(authorities),
  ]
}

const sharedHere = (host: Host, { overlay }: Settings): readonly string[] =>
  projectFolders(host)
    .slice(0, 1)
    .flatMap((root) =>
      sharedFolders(
        root,
        overlay.map((path) => resolvePath(root, path)),
      ),
    )

/** A fault of these keys would end a start, but not the command that is to find it. */
function waysOut(settings: Settings): WaysOut {
  try {
    return { ways: readWays(settings), fault: null }
  } catch (fault) {
    if (!(fault instanceof PaudeError)) throw fault
    return { ways: DIRECT, fault }
  }
}

const ofLinux = (platform: string): boolean => platform === 'linux'

/** What is only to be seen where the engine's machine is this one. */
function machineChecks({ host }: Context, facts: readonly EngineFacts[]): readonly Check[] {
  const looks = lookMachine(host)
  const own = installed(host).flatMap((backend) => {
    const found = facts.find((one) => one.backend === backend)
    return backend.health.machine({ ...looks, ready: found !== undefined, info: found?.info ?? null })
  })
  const strict = facts.flatMap(({ backend, info }) => (info === null ? [] : [{ name: backend.name, selinux: info.selinux }]))
  return [
    // Two engines may need the same of it.
    ...sameOnce(own),
    ...selinuxChecks(strict, { enforces: selinuxEnforces(), folders: [host.cwd, stateFolder(host)] }),
  ]
}

/** The images a start would use with the settings of now. */
async function images({ host }: Context, settings: Settings, facts: readonly EngineFacts[]): Promise<readonly Check[]> {
  const extraCa = extraCaCertificates(host, settings.caFile)
  const rows = facts.map(async ({ backend, images, stages }) => {
    if (images === null) return []
    const place = { settings, extraCa, backend }
    const { start, kept } = await imagesHere(host, place)
    const wanted = start.flatMap(({ reference, there }) => (there ? [] : [reference]))
    const found = replaceable(images).filter(({ reference }) => wanted.includes(reference) || !kept.includes(reference))
    return imageChecks(backend.name, { wanted, found, stages })
  })
  return (await Promise.all(rows)).flat()
}
