import { installed } from '../../backends/pick.ts'
import type { Settings } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { type Check, doctorExitCode } from '../../doctor/check.ts'
import { desktopChecks, engineChecks } from '../../doctor/engine-checks.ts'
import { askEngines, type EngineState } from '../../doctor/engines.ts'
import {
  type EngineFacts,
  freeForBuilds,
  initIsThere,
  lookAuthorities,
  lookCredential,
  lookEngine,
  lookFolders,
  lookResolver,
  lookRootless,
  madeAt,
  resolve,
  selinuxEnforces,
} from '../../doctor/look.ts'
import {
  clockChecks,
  diskChecks,
  folderChecks,
  initChecks,
  limitChecks,
  rootlessChecks,
  selinuxChecks,
} from '../../doctor/machine-checks.ts'
import {
  authorityChecks,
  credentialChecks,
  homeChecks,
  imageChecks,
  orphanChecks,
  projectChecks,
  proxyChecks,
  resolverChecks,
  resolverConfChecks,
  type WaysOut,
} from '../../doctor/session-checks.ts'
import { PaudeError } from '../../errors.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import { DIRECT, readWays } from '../../network/ways.ts'
import { findOrphans } from '../../session/life/orphans.ts'
import { imagesHere, replaceable } from '../../session/life/wanted-images.ts'
import { stateFolder } from '../../state.ts'
import { printable } from '../../text.ts'
import { json } from '../args.ts'
import { configHere } from '../config/config-here.ts'
import { trustCommand } from '../config/start-config.ts'
import { LOOKS } from '../front-flags.ts'
import { dim, green, red, table, yellow } from '../streams/output.ts'
import { verb } from '../verb.ts'

export default verb({
  description: 'Check this machine, with a fix for each problem',
  front: LOOKS,
  examples: [
    ['paude doctor', 'what is wrong here, and how to put it right'],
    ['paude doctor --json', 'the same for scripts'],
  ],
  args: { json },
  async run(context, { json }) {
    const checks = await examine(context)
    context.answer(json ? JSON.stringify(checks, null, 2) : shown(checks))
    return doctorExitCode(checks)
  },
})

async function examine(context: Context): Promise<readonly Check[]> {
  const { host } = context
  const { config, open, fault, broken } = await configHere(context)
  const { settings } = config
  const credential = await lookCredential(host, config)
  const out = waysOut(settings)
  // What an engine tells is asked for before it is known to be ready: one that is not has nothing to say.
  const [engines, looked, orphans, addresses] = await Promise.all([
    askEngines(host),
    Promise.all(installed(host).map(lookEngine)),
    findOrphans(context),
    credential.site === '' ? null : resolve(credential.site),
  ])
  const ready = engines.filter(({ state }) => state === 'ready').map(({ name }) => name)
  const facts = looked.filter(({ name }) => ready.includes(name))
  const authorities = lookAuthorities(host, settings.caFile, Date.now())
  const free = { ...Object.fromEntries(facts.map(({ name, free }) => [name, free])), builds: freeForBuilds(host) }
  return [
    ...engineChecks(engines),
    ...facts.flatMap(({ platform }) => desktopChecks(platform)),
    ...facts.flatMap(({ name, info }) => (info === null ? [] : limitChecks(name, info))),
    ...(ofLinux(host.platform) ? machineChecks(context, engines, facts) : []),
    ...folderChecks(lookFolders(host), host.uid),
    ...diskChecks(free),
    ...clockChecks({
      now: Date.now(),
      made: madeAt(host),
      engine: facts.flatMap(({ info }) => info?.clock ?? [])[0] ?? null,
    }),
    ...(authorities.fault === '' ? await images(context, settings, facts) : []),
    ...facts.flatMap(({ name, lostHomes }) => homeChecks(name, lostHomes)),
    ...orphanChecks({
      parts: orphans.filter(({ kind }) => kind !== 'session').length,
      forsaken: orphans.flatMap(({ kind, reference }) => (kind === 'session' ? [reference] : [])),
    }),
    ...projectChecks({ fault, broken, untrusted: open.map(({ file }) => file.file), trust: trustCommand(config) }),
    ...credentialChecks(credential),
    ...(credential.site === '' ? [] : resolverChecks(credential.site, addresses, out.ways)),
    ...proxyChecks(host.env, out),
    ...authorityChecks(authorities),
  ]
}

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
function machineChecks({ host }: Context, engines: readonly EngineState[], facts: readonly EngineFacts[]): readonly Check[] {
  const podman = engines.find(({ name }) => name === 'podman')
  const rootless =
    (host.uid !== 0 && podman !== undefined && podman.state !== 'not installed') ||
    facts.some(({ name, info }) => name === 'docker' && info?.rootless)
  const strict = facts.flatMap(({ name, info }) => (info === null ? [] : [{ name, selinux: info.selinux }]))
  return [
    ...(rootless ? rootlessChecks(lookRootless(host)) : []),
    ...selinuxChecks(strict, { enforces: selinuxEnforces(), folders: [host.cwd, stateFolder(host)] }),
    ...(podman?.state === 'ready' ? initChecks(initIsThere()) : []),
    ...(facts.some(({ name }) => name === 'docker') ? resolverConfChecks(lookResolver()) : []),
  ]
}

/** The images a start would use with the settings of now. */
async function images({ host }: Context, settings: Settings, facts: readonly EngineFacts[]): Promise<readonly Check[]> {
  const extraCa = extraCaCertificates(host, settings.caFile)
  const rows = facts.map(async ({ name, images, stages }) => {
    if (images === null) return []
    const place = { settings, extraCa, engine: name }
    const { start, kept } = await imagesHere(host, place)
    const wanted = start.flatMap(({ reference, there }) => (there ? [] : [reference]))
    const found = replaceable(images).filter(({ reference }) => wanted.includes(reference) || !kept.includes(reference))
    return imageChecks(name, { wanted, found, stages })
  })
  return (await Promise.all(rows)).flat()
}

/** A fix stands below its check: it may be longer than a line, and it is there to be copied. */
function shown(checks: readonly Check[]): string {
  const [head, ...rows] = table(
    ['CHECK', 'STATE', 'DETAIL'],
    checks.map(({ check, state, detail }) => [
      check,
      state === 'ok' ? green(state) : state === 'problem' ? red(state) : yellow(state),
      printable(detail),
    ]),
  ).split('\n')
  return [
    head,
    ...rows.flatMap((row, index) => {
      const fix = checks[index]?.fix ?? ''
      return fix === '' ? [row] : [row, `  ${dim('→')} ${printable(fix)}`]
    }),
  ].join('\n')
}
