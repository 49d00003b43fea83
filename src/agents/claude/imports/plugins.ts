import { posix } from 'node:path'
import { holdsSecret } from '../../../credentials/looks-secret.ts'
import type { Brought, Extension, ImportWish, OwnFolder, Tree } from '../../imports.ts'
import { isName, parsed, type Table, table } from './json.ts'
import { PLACE } from './place.ts'
import { BY_PATTERN, serverNeeds } from './servers.ts'

type Plugins = {
  readonly trees: readonly Tree[]
  readonly texts: Readonly<Record<string, string>>
  readonly marketplaces: Table
  readonly installed: Table
  readonly enabled: Readonly<Record<string, boolean>>
  readonly left: readonly string[]
  readonly extensions: readonly Extension[]
  readonly sources: Brought['marketplaces']
}

type Plugin = { readonly id: string; readonly entry: Table; readonly path: string; readonly marketplace: Marketplace | null }
type Marketplace = { readonly name: string; readonly known: Table; readonly path: string; readonly file: Table | null }

/** Plugins that are installed and enabled, with what of their marketplaces they are loaded from. */
export function bringPlugins(source: OwnFolder, settings: Table, { may }: ImportWish): Plugins {
  const folder = posix.join(source.path, 'plugins')
  const read = (name: string) => parsed(source.read(posix.join(folder, name)), `plugins/${name}`)
  const [{ plugins = {} }, broken] = read('installed_plugins.json')
  const [known, faults] = read('known_marketplaces.json')
  const enabled = table(settings['enabledPlugins'])
  const found = Object.entries(table(plugins)).flatMap(([id, entries]) => {
    const entry = entryHere(entries, source.project)
    return entry === null ? [] : [{ id, entry, ...placed({ id, entry, known, folder }, source) }]
  })
  const judged = found.map((plugin) => ({ plugin, out: whyOut(plugin, { folder, enabled, may }) }))
  const coming = judged.flatMap(({ plugin, out }) => (out === '' ? [plugin] : []))
  const markets = [
    ...new Map(coming.flatMap(({ marketplace }) => (marketplace === null ? [] : [[marketplace.name, marketplace]]))).values(),
  ]
  return {
    trees: coming.flatMap((plugin) => treesOf(plugin, folder)),
    texts: Object.fromEntries(markets.map(({ name, file }) => [`plugins/marketplaces/${name}/${LIST}`, JSON.stringify(file)])),
    marketplaces: Object.fromEntries(markets.map(({ name, known: one }) => [name, rewritten(name, one)])),
    installed: Object.fromEntries(
      coming.map(({ id, entry, path }) => [
        id,
        [{ ...entry, scope: 'user', installPath: `${PLACE}/plugins/${posix.relative(folder, path)}` }],
      ]),
    ),
    enabled: Object.fromEntries(coming.map(({ id }) => [id, true])),
    left: [
      ...broken,
      ...faults,
      ...judged.filter(({ out }) => out !== '' && out !== DISABLED).map(({ plugin, out }) => `plugin ${plugin.id} (${out})`),
    ],
    extensions: judged.flatMap(({ plugin, out }) => extensionsOf(plugin, { out, folder, source })),
    sources: markets.map((one) => ({ name: one.name, source: rewritten(one.name, one.known)['source'], plugins: namesIn(one) })),
  }
}

const LIST = '.claude-plugin/marketplace.json'
const DISABLED = 'not enabled'
const ROOT = /\$\{CLAUDE_PLUGIN_ROOT\}/g

/** The installation for all projects, or for this one. */
function entryHere(entries: unknown, project: string): Table | null {
  const all = (Array.isArray(entries) ? entries : [entries]).map(table)
  return all.find(({ projectPath }) => projectPath === project) ?? all.find(({ scope = 'user' }) => scope === 'user') ?? null
}

function placed(
  { id, entry, known, folder }: { readonly id: string; readonly entry: Table; readonly known: Table; readonly folder: string },
  source: OwnFolder,
): Pick<Plugin, 'path' | 'marketplace'> {
  const name = id.slice(id.lastIndexOf('@') + 1)
  const path = posix.normalize(String(entry['installPath'] ?? ''))
  if (!isName(name) || !Object.hasOwn(known, name)) return { path, marketplace: null }
  const one = table(known[name])
  const location = posix.join(String(one['installLocation'] ?? posix.join(folder, 'marketplaces', name)), '.')
  return { path, marketplace: { name, known: one, path: location, file: listIn(location, source) } }
}

/** The list of a marketplace; null where there is none, or no JSON. A project can be one, so nothing is copied as it is written. */
function listIn(location: string, source: OwnFolder): Table | null {
  const [list, faults] = parsed(source.read(posix.join(location, LIST), location), location)
  return faults.length > 0 || Object.keys(list).length === 0 ? null : list
}

function whyOut(
  { id, entry, path, marketplace }: Plugin,
  { folder, enabled, may }: Pick<ImportWish, 'may'> & { readonly folder: string; readonly enabled: Table },
): string {
  if (enabled[id] !== true && entry['projectPath'] === undefined) return DISABLED
  if (!may(id)) return BY_PATTERN
  if (!path.startsWith(`${folder}/`)) return 'its folder is not below plugins'
  if (marketplace?.file === null || marketplace === null) return 'its marketplace is missing'
  if (
    holdsSecret(JSON.stringify(marketplace.known) + JSON.stringify(marketplace.file)) ||
    /:\/\/[^/"\s]+@/.test(JSON.stringify(marketplace.known))
  )
    return "its marketplace's address holds a secret"
  return ''
}

/** Its folder, and the one in its marketplace where that has it. */
function treesOf({ id, path, marketplace }: Plugin, folder: string): readonly Tree[] {
  const own = { from: path, to: `plugins/${posix.relative(folder, path)}`, root: path }
  const inMarket = marketplace === null ? null : sourceIn(marketplace, id)
  return marketplace === null || inMarket === null
    ? [own]
    : [
        own,
        {
          from: posix.join(marketplace.path, inMarket),
          to: posix.join('plugins/marketplaces', marketplace.name, inMarket),
          root: marketplace.path,
        },
      ]
}

/** Where a marketplace keeps a plugin itself; null where it comes from elsewhere. */
function sourceIn({ file }: Marketplace, id: string): string | null {
  const { plugins, metadata } = file ?? {}
  const entry = (Array.isArray(plugins) ? plugins : []).map(table).find(({ name }) => name === id.slice(0, id.lastIndexOf('@')))
  const root = table(metadata)['pluginRoot']
  const source = entry?.['source']
  if (typeof source !== 'string') return null
  const inside = posix.join(typeof root === 'string' && !source.startsWith('./') ? root : '', source)
  return inside.startsWith('..') || inside.startsWith('/') ? null : inside
}

/** Where it is in the box. Keys that paude does not know stay. */
function rewritten(name: string, known: Table): Table {
  const place = `${PLACE}/plugins/marketplaces/${name}`
  const source = table(known['source'])
  const local = source['source'] === 'directory' || source['source'] === 'file'
  return {
    ...known,
    ...(local ? { source: { source: 'directory', path: place } } : {}),
    installLocation: place,
    autoUpdate: false,
  }
}

const namesIn = ({ file }: Marketplace): readonly string[] => {
  const { plugins } = file ?? {}
  return (Array.isArray(plugins) ? plugins : []).map((one) => String(table(one)['name']))
}

/** The plugin with what its servers need, and these. They come with it. */
function extensionsOf(
  { id, path }: Plugin,
  { out, folder, source }: { readonly out: string; readonly folder: string; readonly source: OwnFolder },
): readonly Extension[] {
  const [file] = parsed(source.read(posix.join(path, '.mcp.json'), path), '')
  const [{ mcpServers }] = parsed(source.read(posix.join(path, '.claude-plugin/plugin.json'), path), '')
  const root = `${PLACE}/plugins/${posix.relative(folder, path)}`
  const servers = Object.entries({ ...table(file['mcpServers'] ?? file), ...table(mcpServers) }).map(([name, config]) => ({
    kind: 'mcp' as const,
    name: `plugin:${id.slice(0, id.lastIndexOf('@'))}:${name}`,
    from: id,
    ...serverNeeds(table(JSON.parse(JSON.stringify(config).replaceAll(ROOT, root)))),
    out,
  }))
  return [
    {
      kind: 'plugin',
      name: id,
      from: 'user',
      hosts: servers.flatMap(({ hosts }) => hosts),
      programs: [...new Set(servers.flatMap(({ programs }) => programs))],
      command: [],
      url: '',
      out,
    },
    ...servers,
  ]
}
