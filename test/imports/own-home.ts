import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import { type Imported, lookOwn, type Rules } from '../../src/imports/look.ts'

export const ANY: Rules = { importKeep: [], pluginsAllow: [], pluginsDeny: [] }

/** A variable as Claude's files refer to it. */
export const ref = (name: string): string => ['${', name, '}'].join('')

/** A home with a set-up of Claude Code. */
export function ownHome() {
  const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-own-')))
  const home = join(room, 'home')
  const put = (path: string, content: unknown, mode = 0o600) => {
    const file = join(home, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content), { mode })
    return file
  }
  const link = (path: string, to: string) => {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    symlinkSync(to, join(home, path))
  }
  mkdirSync(join(home, '.claude'), { recursive: true })
  const host = { home, env: { XDG_STATE_HOME: join(room, 'state') } }
  const look = (rules: Partial<Rules> = {}): Imported => {
    if (claude.imports === null) throw new Error('Claude has no imports')
    return lookOwn(host, claude.imports, { rules: { ...ANY, ...rules }, project: '/work' })
  }
  const text = (name: string, rules: Partial<Rules> = {}) => JSON.parse(look(rules).gather.texts[name] ?? 'null')
  return { room, home, host, put, link, look, text, remove: () => rmSync(room, { recursive: true, force: true }) }
}

/** An installed and enabled plugin of a marketplace. */
export function putPlugin({ home, put }: Pick<ReturnType<typeof ownHome>, 'home' | 'put'>, servers: unknown = {}): void {
  const below = '.claude/plugins'
  const version = `${below}/cache/team/fmt/1.0.0`
  put(`${version}/.claude-plugin/plugin.json`, { name: 'fmt', version: '1.0.0' })
  put(`${version}/commands/tidy.md`, '---\ndescription: tidy up\n---\ntidy\n')
  put(`${version}/.mcp.json`, { mcpServers: servers })
  put(`${below}/marketplaces/team/.claude-plugin/marketplace.json`, {
    name: 'team',
    owner: { name: 'x' },
    plugins: [
      { name: 'fmt', source: './plugins/fmt' },
      { name: 'other', source: './plugins/other' },
    ],
  })
  put(`${below}/marketplaces/team/plugins/fmt/.claude-plugin/plugin.json`, { name: 'fmt', version: '1.0.0' })
  put(`${below}/marketplaces/team/plugins/other/big.md`, 'not installed')
  put(`${below}/known_marketplaces.json`, {
    team: {
      source: { source: 'github', repo: 'acme/team' },
      installLocation: `${home}/${below}/marketplaces/team`,
      lastUpdated: '2026-01-01T00:00:00.000Z',
      unknown: 1,
    },
  })
  put(`${below}/installed_plugins.json`, {
    version: 2,
    plugins: { 'fmt@team': [{ scope: 'user', installPath: `${home}/${version}`, version: '1.0.0' }] },
  })
}
