import { defineCommand } from 'citty'
import { loadConfig } from '../../config/load.ts'
import type { Settings } from '../../config/settings.ts'
import { type Check, doctorExitCode } from '../../doctor/check.ts'
import { desktopChecks, engineChecks } from '../../doctor/engine-checks.ts'
import { askEngines, type EngineState } from '../../doctor/engines.ts'
import {
  type EngineFacts,
  initIsThere,
  lookAuthorities,
  lookControllers,
  lookCredential,
  lookEngine,
  lookFolders,
  lookRootless,
  resolve,
} from '../../doctor/look.ts'
import { clockChecks, diskChecks, folderChecks, initChecks, limitChecks, rootlessChecks } from '../../doctor/machine-checks.ts'
import {
  authorityChecks,
  credentialChecks,
  imageChecks,
  orphanChecks,
  proxyChecks,
  resolverChecks,
} from '../../doctor/session-checks.ts'
import { imageRef } from '../../image/build.ts'
import { extraCaCertificates } from '../../image/ca.ts'
import type { Context } from '../context.ts'
import { claudeImage, proxyImage } from '../images.ts'
import { findOrphans } from '../orphans.ts'
import { green, printable, red, table, yellow } from '../output.ts'

const args = { json: { type: 'boolean', description: 'Print one JSON document' } } as const

export default (context: Context) =>
  defineCommand({
    meta: {
      name: 'doctor',
      description: 'Check engines, folders, images and network of this machine, with a fix for each problem',
    },
    args,
    async run({ args: { json } }) {
      const checks = await examine(context)
      context.answer(json ? JSON.stringify(checks, null, 2) : table(['CHECK', 'STATE', 'DETAIL', 'FIX'], checks.map(cells)))
      return doctorExitCode(checks)
    },
  })

/** The month this version was made in; a clock before it is wrong. */
const MADE = Date.UTC(2026, 0, 1)

async function examine(context: Context): Promise<readonly Check[]> {
  const { host } = context
  const { settings } = await loadConfig(host, context.flags)
  const credential = lookCredential(host)
  const [engines, orphans, addresses] = await Promise.all([
    askEngines(host),
    findOrphans(context),
    credential.site === '' ? null : resolve(credential.site),
  ])
  const facts = await Promise.all(engines.filter(({ state }) => state === 'ready').map(lookEngine))
  const authorities = lookAuthorities(host, settings.caFile)
  return [
    ...engineChecks(engines),
    ...facts.flatMap(({ platform }) => desktopChecks(platform)),
    ...(ofLinux(host.platform) ? machineChecks(context, engines) : []),
    ...folderChecks(lookFolders(host), host.uid),
    ...diskChecks(Object.fromEntries(facts.map(({ name, free }) => [name, free]))),
    ...clockChecks({ now: Date.now(), made: MADE, engine: facts.find(({ clock }) => clock !== null)?.clock ?? null }),
    ...(authorities.fault === '' ? images(context, settings, facts) : []),
    ...orphanChecks(orphans.length),
    ...credentialChecks(credential),
    ...(credential.site === '' ? [] : resolverChecks(credential.site, addresses)),
    ...proxyChecks(host.env),
    ...authorityChecks(authorities),
  ]
}

const ofLinux = (platform: string): boolean => platform === 'linux'

function machineChecks({ host }: Context, engines: readonly EngineState[]): readonly Check[] {
  const podman = engines.find(({ name }) => name === 'podman')
  const rootless = host.uid !== 0 && podman !== undefined && podman.state !== 'not installed'
  return [
    ...(rootless ? rootlessChecks(lookRootless(host)) : []),
    ...limitChecks({ controllers: lookControllers(host), rootless }),
    ...(podman?.state === 'ready' ? initChecks(initIsThere()) : []),
  ]
}

/** The images a start would use with the settings of now. */
function images({ host }: Context, settings: Settings, facts: readonly EngineFacts[]): readonly Check[] {
  const extraCa = extraCaCertificates(host, settings.caFile)
  const wanted = [claudeImage(host, settings, extraCa), proxyImage(host)].map((spec) => imageRef(spec))
  return facts.flatMap(({ name, images }) => imageChecks(name, wanted, images))
}

const cells = ({ check, state, detail, fix }: Check): readonly string[] => [
  check,
  state === 'ok' ? green(state) : state === 'problem' ? red(state) : yellow(state),
  printable(detail),
  printable(fix),
]
