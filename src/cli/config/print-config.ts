import type { Backend } from '../../backends/backend.ts'
import { mountsOf, type SessionSpec, shadowedOf } from '../../box/spec.ts'
import type { Config } from '../../config/keys/settings.ts'
import type { Host } from '../../host.ts'
import { BASE_URL } from '../../network/names.ts'
import { schemeOf } from '../../network/pattern.ts'
import { ofProviders } from '../../network/reach.ts'
import { settingLines, settingRows } from './setting-rows.ts'

/** The effective settings with their origins, and what the session may reach and why. Secrets are named, never shown. */
export function printConfig(
  config: Config,
  { spec, backend, host }: { spec: SessionSpec; backend: Backend; host: Host },
): string {
  const rows = settingRows(config, host).map((row) => (row.key === 'backend' ? { ...row, value: backend.name } : row))
  return [
    `# settings (file: ${config.file || 'none'})`,
    ...settingLines(rows, { origin: true }),
    '',
    '# sandbox',
    `id            ${spec.id} (a new one at each start)`,
    `image         ${spec.image}`,
    `workspace     ${spec.workspace}${spec.transport.kind === 'volume' ? ` (${spec.transport.fill === null ? 'empty' : 'a clone'}, volume ${spec.transport.volume.name})` : ''}`,
    `directory     ${spec.directory}`,
    `home          ${spec.user.home} ${spec.homeVolume === '' ? '(gone with the sandbox)' : `(volume ${spec.homeVolume})`}`,
    ...spec.overlays.map(({ path, volume }) => `overlay       ${path} (volume ${volume})`),
    ...shadowedOf(spec.transport).map((path) => `shadow        ${path} (changes stay in the session)`),
    ...mountsOf(spec).map(
      ({ source, target, readOnly }) =>
        `mount         ${source}${source === target ? '' : ` at ${target}`} ${readOnly ? 'read-only' : 'writable'}`,
    ),
    '',
    ...networkLines(spec),
  ].join('\n')
}

const WAYS = {
  bump: 'the sandbox sees a placeholder',
  'base-url': `the sandbox sees a placeholder and ${BASE_URL}`,
} as const

const HEADS = {
  record: '# network: record, every public host is allowed; also',
  ask: '# network: ask, any other host waits for your key in paude network watch; allowed are',
  restricted: '# network: restricted to',
} as const

/** What the session may reach, one line each, with the reason. */
function networkLines({ network }: SessionSpec): readonly string[] {
  switch (network.mode) {
    case 'none':
      return ['# network: none']
    case 'open':
      return ['# network: open, every host is allowed']
    case 'record':
    case 'ask':
    case 'restricted':
      return [
        HEADS[network.mode],
        ...network.policy.allow.map(
          ({ host, ports, privateRange, plain, why }) =>
            `allow         ${schemeOf({ plain })}${host}:${ports.join(',')}${privateRange === '' ? '' : `@${privateRange}`}  # ${why}`,
        ),
        ...network.policy.deny.map(
          ({ host, ports, why }) => `deny          ${host}${ports.length === 0 ? '' : `:${ports.join(',')}`}  # ${why}`,
        ),
        ...(ofProviders(network.policy.injections).length === 0 ? ['# no credential: log in inside the sandbox'] : []),
        ...network.policy.injections.map(
          ({ header, host, port, way }) => `inject        ${header} on the way to ${host}:${port}; ${WAYS[way]}`,
        ),
      ]
  }
}
