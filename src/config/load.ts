import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../host.ts'
import { CLAUDE_VERSION } from '../image/agent-version.ts'
import { SILENT } from '../notify/settings.ts'
import { type Layer, readVariables } from './read-flags.ts'
import type { Config, Origin, Settings } from './settings.ts'

const DEFAULTS: Settings = {
  backend: 'auto',
  detach: false,
  sessionName: '',
  image: '',
  imageBase: '',
  agentVersion: CLAUDE_VERSION,
  pull: 'missing',
  network: 'restricted',
  networkAllow: [],
  networkDeny: [],
  networkGroups: [],
  networkWays: { upstreamProxy: '', upstreamCredentials: '', upstreamExcept: [], dns: [], bandwidth: '' },
  inject: 'bump',
  cpus: '',
  memory: '',
  pids: '4096',
  timeout: '',
  mount: [],
  env: [],
  caFile: [],
  detachKeys: 'ctrl-p,ctrl-q',
  scrollback: '2000',
  notify: SILENT,
  force: false,
  dryRun: false,
  printConfig: false,
}

/** Defaults, then the user's file, then the environment, then flags. Scalars: the last that speaks wins; lists add up. */
export async function loadConfig(host: Host, flags: Layer): Promise<Config> {
  const file = configFile(host)
  return merge(file, [
    ['config file', await readFile(file)],
    ['environment', readVariables(host.env)],
    ['flag', flags],
  ])
}

/** Path of the user's configuration file, whether it exists or not; '' without a home. */
export function configFile({ env, home }: Host): string {
  const base = env['XDG_CONFIG_HOME']?.startsWith('/') ? env['XDG_CONFIG_HOME'] : home && join(home, '.config')
  return base ? join(base, 'paude', 'config.toml') : ''
}

function merge(file: string, layers: readonly (readonly [Origin, Layer])[]): Config {
  const settings: Record<string, unknown> = { ...DEFAULTS }
  const origins: Record<string, Origin> = Object.fromEntries(Object.keys(DEFAULTS).map((key) => [key, 'default']))
  const members: Record<string, readonly Origin[]> = {}
  for (const [origin, layer] of layers)
    for (const [key, value] of Object.entries(layer)) {
      settings[key] = Array.isArray(value) ? [...(settings[key] as readonly string[]), ...value] : value
      origins[key] = origin
      if (Array.isArray(value)) members[key] = [...(members[key] ?? []), ...value.map(() => origin)]
    }
  return { settings: settings as Settings, origins: origins as Config['origins'], members, file }
}

/** Loaded when there is a file to read: TOML and schema cost 4 ms of every start. */
const parser = () => import('./parse.ts')

async function readFile(file: string): Promise<Layer> {
  if (file === '') return {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT' || (error as { code?: string }).code === 'ENOTDIR') return {}
    return (await parser()).parseConfigFile(file, null)
  }
  return (await parser()).parseConfigFile(file, text)
}
