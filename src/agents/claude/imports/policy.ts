import { mayHoldSecret } from '../../../credentials/looks-secret.ts'
import type { Extension, ExtensionPolicy } from '../../imports.ts'
import { matchesPattern, patternName } from '../../imports.ts'

/**
 * `plugins.allow` and `plugins.deny` as Claude's own policy. Where a pattern stands for more than what is known, all that is not known is
 * out: servers go by their whole command or address, since the box could give any of them an allowed name.
 */
export function policySettings({ allow, deny, extensions, marketplaces }: ExtensionPolicy): Readonly<Record<string, unknown>> {
  const isServer = (pattern: string) => /^(mcp:|\*)/.test(pattern)
  const closes = (of: (pattern: string) => boolean) => allow.length > 0 || deny.some((one) => one.includes('*') && of(one))
  const servers = extensions.filter(({ kind }) => kind === 'mcp')
  const plugins = marketplaces.flatMap(({ name, plugins }) => plugins.map((plugin) => `${plugin}@${name}`))
  const named = deny.filter((one) => !one.includes('*'))
  const out = [
    ...plugins.filter((id) => !may({ allow, deny }, id)),
    ...extensions.filter((one) => one.kind === 'plugin' && one.out !== '').map(({ name }) => name),
    ...named.filter((one) => !isServer(one)),
  ]
  const denied = new Set([
    ...servers.filter((one) => deny.some((pattern) => matchesPattern(pattern, patternName(one)))).map(({ name }) => name),
    ...named.filter(isServer).map((one) => one.slice('mcp:'.length)),
  ])
  // The box can rename a server of the project. The policy lies in the box, so it repeats no secret.
  const known = servers
    .filter(({ name, command, url }) => denied.has(name) && !mayHoldSecret([url, ...command].join('\n')))
    .flatMap(identified)
  return {
    ...(out.length > 0 ? { enabledPlugins: Object.fromEntries(out.map((id) => [id, false])) } : {}),
    ...(closes((one) => !one.startsWith('mcp:')) ? { strictKnownMarketplaces: marketplaces.map(({ source }) => source) } : {}),
    ...(denied.size > 0 ? { deniedMcpServers: [...[...denied].map((serverName) => ({ serverName })), ...known] } : {}),
    ...(closes(isServer)
      ? { allowedMcpServers: servers.flatMap((one) => (one.out === '' && !denied.has(one.name) ? identified(one) : [])) }
      : {}),
  }
}

const may = ({ allow, deny }: Pick<ExtensionPolicy, 'allow' | 'deny'>, name: string): boolean =>
  (allow.length === 0 || allow.some((one) => matchesPattern(one, name))) && !deny.some((one) => matchesPattern(one, name))

/** A server by its whole command or address. */
const identified = ({ command, url }: Extension): readonly unknown[] =>
  url !== '' ? [{ serverUrl: url }] : command.length > 0 ? [{ serverCommand: command }] : []
