import type { Settings } from '../../config/keys/settings.ts'
import type { Credential } from '../../credentials/credential.ts'
import { BASE_URL } from '../../network/names.ts'
import { gitEnvironment } from '../../workspace/git.ts'
import { safeDirectories } from '../../workspace/workspace.ts'
import { workspacesOf } from './surroundings.ts'
import type { Decided, Wish } from './wish.ts'

/** Variables of the box without those that are secret; HOME is `home`. */
export function resolveEnvironment(
  { host, config: { settings }, agent, run, around, bound }: Wish,
  { streams: { terminal }, credentials }: Decided,
  home: string,
): Readonly<Record<string, string>> {
  const { identity, imported } = around
  return {
    HOME: home,
    LANG: 'C.UTF-8',
    ...(terminal ? { TERM: host.env['TERM'] || 'xterm-256color', COLORTERM: host.env['COLORTERM'] || 'truecolor' } : {}),
    ...(host.env['TZ'] ? { TZ: host.env['TZ'] } : {}),
    ...gitEnvironment(
      identity,
      workspacesOf(around).flatMap(safeDirectories),
      bound.flatMap(({ bindings }) => bindings.remotes),
    ),
    ...Object.assign({}, ...bound.map(({ bindings }) => bindings.environment)),
    ...(run.kind === 'agent' ? agent.environment(host, run.words) : {}),
    ...(imported === null ? {} : agent.imports?.environment),
    ...Object.fromEntries(credentials.flatMap((one) => [[one.variable, one.placeholder], ...providerAddress(one, settings)])),
  }
}

const providerAddress = ({ told, injection }: Credential, { inject }: Settings): readonly (readonly [string, string])[] =>
  inject === 'base-url' ? [[told.variable, `${BASE_URL}${injection.prefix}${told.below}`]] : []
