import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileKeys, keyOf } from '../../config/keys/all.ts'
import { entryText, settingText, sourceText } from '../../config/keys/entry-text.ts'
import { ownFlags } from '../../config/keys/own-flags.ts'
import type { Config, Origin, Settings } from '../../config/keys/settings.ts'
import { PROVIDER_KEYS } from '../../credentials/providers.ts'
import { type Reference, type SecretSource, sourceOfSecret } from '../../credentials/source.ts'
import type { Host } from '../../host.ts'
import { DOTS } from '../../secret.ts'
import { channelsOf } from '../../sinks/notify/settings.ts'
import { shown } from '../../text.ts'

/** A value as it is shown: lists have a row for each entry, and one that says so when they are empty. */
export type SettingRow = { readonly key: string; readonly value: string; readonly origin: Origin | null }

/** Flags that are about one call and not about the box. */
const OF_THE_CALL: readonly (keyof Settings)[] = ['dryRun', 'printConfig']

/** All settings in the order of the files' keys, then what only flags set. Secrets are named, never shown. */
export function settingRows(config: Config, host: Pick<Host, 'env' | 'home'>): readonly SettingRow[] {
  const fromFiles = Object.values(fileKeys).flatMap((setting) => (setting === 'env' ? ['env', 'references'] : [setting]))
  const fromFlags = ownFlags.map(({ key }) => key).filter((key) => !fromFiles.includes(key) && !OF_THE_CALL.includes(key))
  const settings = [...fromFiles, ...new Set(fromFlags)] as readonly (keyof Settings)[]
  return [...settings.flatMap((setting) => rowsOf(config, setting, host)), ...devcontainerRows(config)]
}

/** What only a devcontainer.json sets has rows where there is one. */
const devcontainerRows = ({ settings, origins }: Config): readonly SettingRow[] => [
  ...(settings.imageBuild === null
    ? []
    : [{ key: keyOf('imageBuild'), value: entryText(settings.imageBuild), origin: origins.imageBuild[0] ?? null }]),
  ...settings.lifecycle.map((step, at) => ({
    key: keyOf('lifecycle'),
    value: entryText(step),
    origin: origins.lifecycle[at] ?? null,
  })),
  ...settings.forwardPorts.map((port, at) => ({
    key: keyOf('forwardPorts'),
    value: String(port),
    origin: origins.forwardPorts[at] ?? null,
  })),
]

function rowsOf({ settings, origins }: Config, setting: keyof Settings, host: Pick<Host, 'env' | 'home'>): readonly SettingRow[] {
  const key = keyOf(setting) || `--${ownFlags.find((flag) => flag.key === setting)?.name ?? setting}`
  const value = settings[setting]
  if (setting === 'references')
    return settings.references.map((reference, at) => ({
      key,
      value: shownReference(reference, host),
      origin: origins.references[at] ?? null,
    }))
  const source = PROVIDER_KEYS.some((one) => one === setting) ? (value as SecretSource) : ''
  if (source !== '') return [{ key, value: shownSource(sourceOfSecret(source), host), origin: origins[setting][0] ?? null }]
  if (setting === 'notify')
    return [{ key, value: channelsOf(settings.notify).join(' ') || '-', origin: origins.notify[0] ?? null }]
  if (!Array.isArray(value)) return [{ key, value: settingText(setting, value) || '-', origin: origins[setting][0] ?? null }]
  if (value.length === 0) return [{ key, value: '-', origin: null }]
  return value.map((entry, at) => ({
    key,
    value: setting === 'env' ? withoutValue(String(entry)) : settingText(setting, entry),
    origin: origins[setting][at] ?? null,
  }))
}

/** Rows as lines in columns. */
export const settingLines = (rows: readonly SettingRow[], { origin }: { readonly origin: boolean }): readonly string[] =>
  rows.map((row) => {
    const cells = `${row.key.padEnd(30)}${shown(row.value)}`
    return origin ? `${cells.padEnd(62)}  # ${shownOrigin(row.origin)}` : cells
  })

/** `flag --memory`, `user /home/ada/.config/paude/config.toml:3`, `default`. */
const shownOrigin = (origin: Origin | null): string =>
  origin === null ? 'default' : shown(`${origin.layer} ${origin.place}`.trim())

/** Whether there is something where the reference points, without reading it. */
const shownReference = ({ name, source }: Reference, host: Pick<Host, 'env' | 'home'>): string =>
  `${name} = ${shownSource(source, host)}`

function shownSource(source: Reference['source'], { env, home }: Pick<Host, 'env' | 'home'>): string {
  if (typeof source !== 'string') return sourceText({ source })
  const [kind, rest] = [source.slice(0, source.indexOf(':')), source.slice(source.indexOf(':') + 1)]
  const there = kind === 'env' ? (env[rest] ?? '') !== '' : existsSync(rest.startsWith('~/') ? join(home, rest.slice(2)) : rest)
  return `${source} (${there ? 'set' : 'unset'})`
}

/** --env entries may hold secrets. */
const withoutValue = (entry: string): string => entry.replace(/^([A-Za-z_][A-Za-z0-9_]*)=.*$/s, `$1=${DOTS}`)
