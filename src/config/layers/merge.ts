import { CLAUDE_VERSION } from '../../image/agent-version.ts'
import { SILENT } from '../../sinks/notify/settings.ts'
import type { Config, Layer, LayerName, Origin, Settings, Source } from '../keys/settings.ts'
import { bound } from './bound.ts'

export const DEFAULTS: Settings = {
  agent: 'claude',
  backend: 'auto',
  fallback: 'none',
  baseUrl: '',
  apiKey: '',
  authToken: '',
  oauthToken: '',
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
  networkPorts: [],
  upstreamProxy: '',
  upstreamCredentials: '',
  upstreamExcept: [],
  dns: [],
  ip: 'any',
  bandwidth: '',
  inject: 'bump',
  cpus: '',
  memory: '',
  pids: '4096',
  readOnlyRoot: 'true',
  noNewPrivileges: 'true',
  seccomp: 'default',
  timeout: '',
  mount: [],
  protect: [],
  env: [],
  references: [],
  caFile: [],
  dockerFlags: [],
  podmanFlags: [],
  detachKeys: 'ctrl-p,ctrl-q',
  scrollback: '2000',
  notify: SILENT,
  devcontainer: 'off',
  imageBuild: null,
  lifecycle: [],
  forwardPorts: [],
  projectConfig: 'ask',
  profile: '',
  force: false,
  dryRun: false,
  printConfig: false,
}

const DEFAULT: Origin = { layer: 'default', place: '' }

/** Lays sources over the defaults, each over those before it, and holds the result against the managed ones. Scalars: the last that speaks wins; lists add up. */
export function mergeSources({
  file,
  sources,
  managed,
}: {
  readonly file: string
  readonly sources: readonly Source[]
  readonly managed: readonly Source[]
}): Config {
  const settings: Record<string, unknown> = { ...DEFAULTS }
  const origins: Record<string, readonly Origin[]> = Object.fromEntries(
    Object.entries(DEFAULTS).map(([key, value]) => [key, Array.isArray(value) ? [] : [DEFAULT]]),
  )
  for (const { layer, values, places } of sources)
    for (const [key, value] of Object.entries(values)) {
      const origin = { layer, place: places[key as keyof Settings] ?? '' }
      if (!Array.isArray(value)) {
        settings[key] = value
        origins[key] = [origin]
        continue
      }
      settings[key] = [...(settings[key] as readonly unknown[]), ...value]
      origins[key] = [...(origins[key] ?? []), ...value.map(() => origin)]
    }
  const merged = { settings: settings as Settings, origins: origins as Config['origins'], file, managed: {} }
  return managed.reduce(bound, merged)
}

export const onlySaid = (layer: LayerName, values: Layer, places: Source['places']): Source => ({ layer, values, places })
