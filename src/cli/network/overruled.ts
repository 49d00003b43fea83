import type { Origin } from '../../config/keys/settings.ts'
import type { Context } from '../../context.ts'
import { denied } from '../../network/decide.ts'
import type { Deny } from '../../network/entry.ts'
import { parseDenyEntry, parseEntry } from '../../network/groups.ts'
import { readPorts } from '../../network/pattern.ts'
import { shown } from '../../text.ts'
import { configHere } from '../config/config-here.ts'
import { denies } from './scope.ts'

/** Entries that a start here denies all the same, each with a sentence that names the denial and who takes it out. */
export async function overruled(context: Context, entries: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { config } = await configHere({ ...context, note: () => undefined, warn: () => undefined })
  const denials = config.settings.networkDeny.map((entry, at) => ({
    entry,
    rules: rulesOf(entry),
    origin: config.origins.networkDeny[at],
  }))
  const usual = readPorts(config.settings.networkPorts)
  return new Map(
    entries.flatMap((entry) => {
      const wanted = parseEntry(entry, '', usual).flatMap(({ host, ports }) => ports.map((port) => ({ host, port })))
      const found = denials.find(({ rules }) => wanted.some((one) => denied(rules, one) !== null))
      if (found === undefined) return []
      const place = found.origin?.place || (found.origin?.layer ?? '')
      const words = `a start here still denies ${entry}: network.deny has ${shown(found.entry)} (${shown(place)}), and a denial wins`
      return [[entry, `${words}; ${wayOut(context, found.entry, found.origin)}`]]
    }),
  )
}

/** What is wrong with an entry of another file is the start's to say. */
function rulesOf(entry: string): readonly Deny[] {
  try {
    return parseDenyEntry(entry, '')
  } catch {
    return []
  }
}

function wayOut(context: Context, entry: string, origin: Origin | undefined): string {
  const layer = origin?.layer ?? 'default'
  if (layer === 'managed') return 'ask who manages this machine'
  if ((layer === 'user' || layer === 'project') && denies(context, layer, entry))
    return `to remove it: paude network unset ${shown(entry)} --${layer}`
  return 'remove it there'
}
