import { posix } from 'node:path'
import type { Brought, Imports, ImportWish, OwnFolder, Tree } from '../../imports.ts'
import { findOption } from '../../words.ts'
import { grammar } from '../grammar.ts'
import { parsed, table } from './json.ts'
import { PLACE } from './place.ts'
import { bringPlugins } from './plugins.ts'
import { bringServers, projectServers } from './servers.ts'
import { bringSettings } from './settings.ts'

/** Folders that come in whole. */
const FOLDERS = ['rules', 'skills', 'agents', 'commands', 'output-styles', 'themes']

/** What Claude Code reads of `~/.claude` but for what it writes there itself: credentials, history, conversations and caches. */
export const imports: Imports = {
  variable: 'CLAUDE_CONFIG_DIR',
  folder: '.claude',
  bring,
  ofProject: (read, project, may) => {
    const [{ mcpServers }] = parsed(read(posix.join(project, '.mcp.json')), '.mcp.json')
    return projectServers(table(mcpServers), may)
  },
  // Read where it lies, and never written to.
  environment: { CLAUDE_CODE_PLUGIN_SEED_DIR: `${PLACE}/plugins` },
  // Its own file of servers is one that it writes all the time, so yours come by a file of their own.
  words: (words) =>
    findOption(grammar, words, ['--strict-mcp-config', '--bare']) === '' ? [`--mcp-config=${PLACE}/mcp.json`] : [],
}

function bring(source: OwnFolder, wish: ImportWish): Brought {
  const at = (name: string) => posix.join(source.path, name)
  const [settings, faults] = parsed(source.read(at('settings.json')), 'settings.json')
  const own = bringSettings(settings, { ...wish, source })
  const plugins = bringPlugins(source, settings, wish)
  const state = source.moved ? at('.claude.json') : posix.join(source.home, '.claude.json')
  const [{ mcpServers }, broken] = parsed(source.read(state), '.claude.json')
  const servers = bringServers(table(mcpServers), { ...wish, home: source.home, from: 'user' })
  const files = source.list(source.path).filter((name) => /\.md$/.test(name) || name === 'keybindings.json')
  const trees: readonly Tree[] = [...files, ...FOLDERS, ...own.needs].map((name) => ({ from: at(name), to: name }))
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  return {
    trees: [...new Map(trees.map((tree) => [tree.to, tree])).values(), ...plugins.trees],
    texts: {
      'settings.json': json({ ...own.settings, enabledPlugins: plugins.enabled }),
      'mcp.json': json({ mcpServers: servers.servers }),
      'plugins/known_marketplaces.json': json(plugins.marketplaces),
      'plugins/installed_plugins.json': json({ version: 2, plugins: plugins.installed }),
      ...plugins.texts,
    },
    left: [...faults, ...broken, ...own.left, ...servers.left, ...plugins.left],
    extensions: [...plugins.extensions, ...servers.extensions],
    marketplaces: plugins.sources,
  }
}
