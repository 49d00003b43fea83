import { join } from 'node:path'
import { asSaid } from '../../config/keys/said.ts'
import type { Config } from '../../config/keys/settings.ts'
import { configFile, readLayers, readUserFile } from '../../config/layers/load.ts'
import { readManagedFile } from '../../config/layers/managed.ts'
import type { Context } from '../../context.ts'
import { exitCode, PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { readProject, whole } from '../../project/judge.ts'
import { readProjectFile } from '../../project/project.ts'
import { hostCredentials } from '../../session/resolve/host-credentials.ts'
import { ownMounts } from '../../session/resolve/own-mounts.ts'
import { proxySecret, startPolicy } from '../../session/resolve/policy.ts'
import { refuseCredentialInside, withProvider } from '../../session/resolve/provider.ts'
import { certificatesOf, requireReferences } from '../../session/resolve/surroundings.ts'
import { shown } from '../../text.ts'
import { projectFolders } from '../../workspace/workspace.ts'
import { dim } from '../streams/output.ts'
import { fit, table } from '../streams/table.ts'
import { settle, trustCommand } from './start-config.ts'

/**
 * Reads every file that concerns a start here, and tells what is wrong with it or whether it waits for trust. `strict`: 1 when one waits,
 * since a start without a terminal would be refused.
 */
export async function checkFiles(context: Context, { strict }: { readonly strict: boolean }): Promise<number> {
  const { host, answer } = context
  const faults = await brokenFiles(host)
  if (faults.length > 0) return tell(context, faults)
  const layers = await readLayers(host, context.flags)
  const project = await readProject(context, context.flags)
  const { config, open } = settle(context, project)
  const refused = await refusedByStart(host, open.length === 0 ? config : whole(project))
  if (refused.length > 0) return tell(context, refused)
  const rows = [
    ['user', shown(layers.file), layers.user.sources.length > 0 ? 'valid' : 'does not exist'],
    ...project.judged.map(({ file, items }) => [
      'project',
      shown(file.file),
      items.length === 0
        ? 'valid'
        : open.some((one) => one.file === file)
          ? `loosens the sandbox and is not trusted: ${trustCommand(config)}`
          : 'loosens the sandbox and is trusted',
    ]),
    ['managed', host.managedFile, layers.managed.sources.length > 0 ? 'valid' : 'does not exist'],
  ]
  answer(table(['LAYER', 'FILE', 'STATE'], rows, fit(host)))
  return strict && open.length > 0 ? 1 : 0
}

/** What is wrong with each file by itself, of all of them. */
async function brokenFiles(host: Host): Promise<readonly PaudeError[]> {
  const { faultsOf } = await import('../../config/files/parse.ts')
  const written = [
    () => readUserFile(configFile(host)),
    () => readManagedFile(host.managedFile),
    ...projectFolders(host).map((folder) => () => {
      const found = readProjectFile(join(folder, 'paude.toml'))
      return found === null ? null : { layer: 'project' as const, ...found }
    }),
  ]
  const faults = written.map((read) =>
    collected(() => {
      const one = read()
      return one === null ? [] : faultsOf(one)
    }),
  )
  return (await Promise.all(faults)).flat()
}

/** What each file says may be right, and a start refuse it all the same: together with the rest, or on this machine. */
async function refusedByStart(host: Host, config: Config): Promise<readonly PaudeError[]> {
  const { settings, origins } = config
  const checks: readonly (() => unknown)[] = [
    () => {
      if (settings.network === 'none') return
      const { ways } = startPolicy(config, { session: '', needed: [], injections: [] })
      asSaid('network.upstream_credentials', origins.upstreamCredentials[0], () => proxySecret(host, { credentials: [], ways }))
    },
    () => ownMounts(host, config),
    () => certificatesOf(host, config),
    () => refuseCredentialInside(config, host),
    () => requireReferences(host, config),
    () => hostCredentials(host, config, { agent: settings.agent, purpose: 'check' }),
    // Whether this start would use it or not.
    () => withProvider(host, { ...config, settings: { ...settings, login: 'outside' } }, 'check'),
  ]
  const faults: PaudeError[] = []
  for (const check of checks)
    faults.push(
      ...(await collected(async () => {
        await check()
        return []
      })),
    )
  // Two checks may come upon the same fault.
  return faults.filter(({ message }, at) => faults.findIndex((one) => one.message === message) === at)
}

async function collected(look: () => readonly PaudeError[] | Promise<readonly PaudeError[]>): Promise<readonly PaudeError[]> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof PaudeError) return [error]
    throw error
  }
}

/** Each fault as an error of its own; the exit code is that of the first. */
function tell({ note }: Context, faults: readonly PaudeError[]): number {
  for (const { message, hint } of faults) note(hint === '' ? message : `${message}\n  ${dim('→')} ${hint}`)
  const [first] = faults
  return first === undefined ? 0 : exitCode(first, 'management')
}
