import { readLayers } from '../config/load.ts'
import { asSaid } from '../config/said.ts'
import type { Config } from '../config/settings.ts'
import type { Host } from '../host.ts'
import { certificatesOf, insistOnReferences } from '../session/look.ts'
import { proxySecret, startPolicy } from '../session/policy.ts'
import { insistOutside, withProvider } from '../session/provider.ts'
import { ownMounts } from '../session/resolve.ts'
import { shown } from '../workspace/paths.ts'
import type { Context } from './context.ts'
import { table } from './output.ts'
import { readProject, whole } from './project-config.ts'
import { settle, trustCommand } from './start-config.ts'

/** Reads every file that concerns a start here, and tells what is wrong with it or whether it waits for trust. */
export async function checkFiles(context: Context): Promise<number> {
  const { host, answer } = context
  const layers = await readLayers(host, context.flags)
  const project = await readProject(context, context.flags)
  const { config, open } = settle(context, project)
  await insistOnStart(host, open.length === 0 ? config : whole(project))
  const rows = [
    ['user', shown(layers.file), layers.user.sources.length > 0 ? 'in order' : 'not there'],
    ...project.judged.map(({ file, items }) => [
      'project',
      shown(file.file),
      items.length === 0
        ? 'in order'
        : open.some((one) => one.file === file)
          ? `opens the box, and is not trusted: ${trustCommand(config)}`
          : 'opens the box, and is trusted',
    ]),
    ['managed', host.managedFile, layers.managed.sources.length > 0 ? 'in order' : 'not there'],
  ]
  answer(table(['LAYER', 'FILE', 'STATE'], rows))
  return 0
}

/** What each file says may be right, and a start refuse it all the same: together with the rest, or on this machine. */
async function insistOnStart(host: Host, config: Config): Promise<void> {
  const { settings, origins } = config
  if (settings.network !== 'none') {
    const { ways } = startPolicy(config, { session: '', needed: [], injection: null })
    asSaid('network.upstream_credentials', origins.upstreamCredentials[0], () => proxySecret(host, { credential: null, ways }))
  }
  ownMounts(host, config)
  certificatesOf(host, config)
  insistOutside(settings, host)
  await insistOnReferences(host, config)
  await withProvider(host, config, 'check')
}
