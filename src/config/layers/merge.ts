import { installOf } from '../../agents/installs.ts'
import type { Config, Layer, LayerName, Origin, Settings, Source } from '../keys/settings.ts'
import { allRows } from '../sections/rows.ts'
import { bound } from './bound.ts'

export const DEFAULTS = Object.fromEntries(allRows.map(([setting, { initial }]) => [setting, initial])) as unknown as Settings

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
      origins[key] = [...(origins[key] ?? []), ...Array<Origin>(value.length).fill(origin)]
    }
  const merged = { settings: settings as Settings, origins: origins as Config['origins'], file, managed: {} }
  return withRelease(managed.reduce(bound, merged))
}

/** Where nobody says a release of the agent, it is the one that paude is tested with: which agent it is, files say. */
const withRelease = (config: Config): Config => ({
  ...config,
  settings: {
    ...config.settings,
    agentVersion: config.settings.agentVersion || (installOf(config.settings)?.version ?? ''),
  },
})

export const onlySaid = (layer: LayerName, values: Layer, places: Source['places']): Source => ({ layer, values, places })
