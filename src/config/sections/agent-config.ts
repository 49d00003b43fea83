import { keepable } from '../../agents/imports.ts'
import { oneWord, row, type Valibot } from '../../key.ts'

const PATTERN = /^[\w.@:*-]+$/
const patterns = (v: Valibot) =>
  v.array(v.pipe(v.string(), v.regex(PATTERN, 'must be a pattern like "*@team" for plugins or "mcp:docs" for MCP servers')))

/** `[agent_config]` and `[plugins]`: what of your own set-up of the agent comes into a box. */
export const agentConfig = {
  importConfig: oneWord(['off', 'ask', 'on'], {
    key: 'agent_config.import',
    meaning: "Whether the sandbox gets a read-only copy of your agent's set-up (~/.claude): off, on, or ask once on a terminal",
    initial: 'ask',
    rule: { order: ['off', 'ask', 'on'] },
    withoutBox: 'free',
    projectMay: { words: ['off'], why: 'a project can only say off; set it in your own config.toml' },
  }),
  importKeep: row({
    key: 'agent_config.keep',
    meaning: `Settings that run programs, to copy as well: ${keepable.join(', ')}`,
    initial: [] as readonly (typeof keepable)[number][],
    schema: (v) => v.array(v.picklist(keepable)),
    rule: 'adds',
    withoutBox: 'free',
    notIn: { project: 'write it into your own config.toml, since it is about your own files' },
  }),
  pluginsAllow: row({
    key: 'plugins.allow',
    meaning: 'Plugins (NAME@MARKETPLACE) and MCP servers (mcp:NAME) to allow, * for any text; if it is empty, all are allowed',
    initial: [] as readonly string[],
    schema: patterns,
    rule: 'adds',
    withoutBox: 'free',
  }),
  pluginsDeny: row({
    key: 'plugins.deny',
    meaning: 'Plugins (NAME@MARKETPLACE) and MCP servers (mcp:NAME) to deny, * for any text; a denial wins',
    initial: [] as readonly string[],
    schema: patterns,
    rule: 'closes',
    withoutBox: 'closes',
  }),
}
