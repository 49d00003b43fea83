import { PaudeError } from '../../errors.ts'
import { atPorts, readPorts, USUAL_PORTS } from '../../network/pattern.ts'
import { shown } from '../../text.ts'
import { keyOf } from '../keys/all.ts'
import { entryText, settingText } from '../keys/entry-text.ts'
import { isWider, ruleOf, uncovered } from '../keys/rules.ts'
import type { Config, Layer, Origin, Settings, Source } from '../keys/settings.ts'

/**
 * Holds a configuration against what is managed: that is the most that anybody may have. What nobody asked for is lowered to it;
 * what somebody asked for is refused, so that nothing runs otherwise than was said.
 */
export function bound(config: Config, { values, places }: Source): Config {
  const limits = whole(values)
  // Ports first: a host without one means them.
  const settings = (Object.keys(limits) as (keyof Settings)[]).toSorted(
    (one, other) => Number(other === 'networkPorts') - Number(one === 'networkPorts'),
  )
  return settings.reduce<Config>(
    (before, setting) => boundOne(before, { setting, limits, place: places[setting] ?? placeOfWhole(setting, places) }),
    { ...config, managed: limits },
  )
}

/** What belongs together: naming a part leaves no door in the others. */
const whole = (values: Layer): Layer => wholeHosts(wholeWay(values))

/** Where a part stands that binds one that is not named. */
const placeOfWhole = (setting: keyof Settings, { upstreamProxy, networkAllow, networkGroups }: Source['places']): string =>
  (setting === 'upstreamExcept' || setting === 'upstreamCredentials' ? upstreamProxy : (networkAllow ?? networkGroups)) ?? ''

/** Of a proxy that everything goes through nobody is excepted, and nobody says who he is to it, but as it is said beside it. */
const wholeWay = (values: Layer): Layer =>
  values.upstreamProxy === undefined ? values : { upstreamExcept: [], upstreamCredentials: '', ...values }

/** Hosts and groups are one list, and without the wall they limit nothing. */
function wholeHosts(values: Layer): Layer {
  const { network = 'restricted', networkAllow, networkGroups } = values
  if (networkAllow === undefined && networkGroups === undefined) return values
  return {
    ...values,
    network: isWider('network', network, 'restricted') ? 'restricted' : network,
    networkAllow: networkAllow ?? [],
    networkGroups: networkGroups ?? [],
  }
}

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
  if (setting === 'networkPorts' && origins.length === 0) {
    const ports = lowered(limits)
    const kept = ports.length === USUAL_PORTS.length && ports.every((port) => USUAL_PORTS.includes(Number(port)))
    return kept ? config : having(ports, Array(ports.length).fill(managed))
  }
  // An empty list means everything.
  if (setting === 'pluginsAllow' && origins.length === 0 && limits.pluginsAllow !== undefined)
    return having(
      limits.pluginsAllow,
      limits.pluginsAllow.map(() => managed),
    )
  if (!Array.isArray(value) || !Array.isArray(limit)) {
    if (!isWider(setting, String(value), String(limit))) return config
    if (origins.every(({ layer }) => layer === 'default')) return having(limit, [managed])
    throw beyond(setting, { value: String(value), origin: origins[0], place, limit: String(limit) || 'nothing' })
  }
  if (ruleOf(setting) === 'closes') return having([...value, ...limit], [...origins, ...limit.map(() => managed)])
  const asked: readonly (readonly unknown[])[] = value.map((entry) =>
    setting === 'networkAllow' ? meant(entry, config.settings, limits) : [entry],
  )
  const [first] = uncovered<unknown>(setting, asked.flat(), limits)
  if (first === undefined) return config
  const at = asked.findIndex((one) => one.includes(first))
  const hosts = setting === 'networkAllow' || setting === 'networkGroups'
  const most: readonly unknown[] = hosts ? [...(limits.networkAllow ?? []), ...(limits.networkGroups ?? [])] : limit
  throw beyond(setting, {
    value: settingText(setting, first),
    origin: origins[at],
    place,
    limit: most.map(entryText).join(', ') || 'nothing',
  })
}

/** The usual ports as far as they are managed; where none of them is, those that are. */
function lowered({ networkPorts = [] }: Layer): readonly string[] {
  const left = networkPorts.filter((port) => USUAL_PORTS.includes(Number(port)))
  return left.length > 0 ? left : networkPorts
}

/** A host, with its ports where it would have others by the managed file. */
const meant = (entry: unknown, { networkPorts }: Settings, limits: Layer): readonly unknown[] => {
  const ports = readPorts(networkPorts)
  return ports.join() === readPorts(limits.networkPorts ?? []).join() ? [entry] : atPorts(String(entry), ports)
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
  return new PaudeError('refused', shown(`${keyOf(setting)} = ${value}${said} exceeds the limit in ${place}: ${limit}`), {
    hint: 'leave it out, or ask the administrator of this machine',
  })
}
