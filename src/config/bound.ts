import { PaudeError } from '../errors.ts'
import { shown } from '../workspace/paths.ts'
import { entryText } from './entry-text.ts'
import { keyOf } from './keys.ts'
import { isWider, RULES, uncovered } from './rules.ts'
import type { Config, Layer, Origin, Settings, Source } from './settings.ts'

/**
 * Holds a configuration against what is managed: that is the most that anybody may have. What nobody asked for is lowered to it;
 * what somebody asked for is refused, so that nothing runs otherwise than was said.
 */
export function bound(config: Config, { values, places }: Source): Config {
  const limits = whole(values)
  return (Object.keys(limits) as (keyof Settings)[]).reduce<Config>(
    (before, setting) => boundOne(before, { setting, limits, place: places[setting] ?? places.networkAllow ?? '' }),
    { ...config, managed: limits },
  )
}

/** Hosts and groups are one list: naming only one of them leaves no door in the other. */
const whole = (values: Layer): Layer =>
  values.networkAllow === undefined && values.networkGroups === undefined
    ? values
    : { ...values, networkAllow: values.networkAllow ?? [], networkGroups: values.networkGroups ?? [] }

function boundOne(
  config: Config,
  { setting, limits, place }: { readonly setting: keyof Settings; readonly limits: Layer; readonly place: string },
): Config {
  const [value, limit] = [config.settings[setting], limits[setting]]
  const origins = config.origins[setting]
  const managed: Origin = { layer: 'managed', place }
  const having = (next: unknown, from: readonly Origin[]): Config => ({
    ...config,
    settings: { ...config.settings, [setting]: next },
    origins: { ...config.origins, [setting]: from },
  })
  if (!Array.isArray(value) || !Array.isArray(limit)) {
    if (!isWider(setting, String(value), String(limit))) return config
    if (origins.every(({ layer }) => layer === 'default')) return having(limit, [managed])
    throw beyond(setting, { value: String(value), origin: origins[0], place, limit: String(limit) })
  }
  if (RULES[setting] === 'closes') return having([...value, ...limit], [...origins, ...limit.map(() => managed)])
  const [first] = uncovered<unknown>(setting, value, limits)
  if (first === undefined) return config
  const at = value.indexOf(first)
  throw beyond(setting, {
    value: entryText(value[at]),
    origin: origins[at],
    place,
    limit: limit.map(entryText).join(', ') || 'nothing',
  })
}

function beyond(
  setting: keyof Settings,
  {
    value,
    origin,
    place,
    limit,
  }: { readonly value: string; readonly origin: Origin | undefined; readonly place: string; readonly limit: string },
): PaudeError {
  const said = origin === undefined || origin.layer === 'default' ? '' : ` (${origin.layer} ${origin.place})`
  return new PaudeError(
    'refused',
    shown(`${keyOf(setting)} = ${value}${said} is more than ${place} lets anybody have: ${limit}`),
    {
      hint: 'leave it out, or ask who manages this machine',
    },
  )
}
