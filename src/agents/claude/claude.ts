import { API_KEY, providers } from '../../credentials/providers.ts'
import type { Host } from '../../host.ts'
import type { Agent, Conversation } from '../agent.ts'
import noteConversation from '../conversation.sh' with { type: 'text' }
import hook from '../hook.sh' with { type: 'text' }
import { toEvent } from '../hook-event.ts'
import { titles } from '../names.ts'
import { toldOfBox } from '../told.ts'
import { findOption, isVerb, optionValue } from '../words.ts'
import { grammar } from './grammar.ts'
import home from './home.sh' with { type: 'text' }
import { hooks, hooksHere } from './hooks.ts'
import imported from './imports/imported.sh' with { type: 'text' }
import { imports } from './imports/imports.ts'
import { policySettings } from './imports/policy.ts'
import printOwnFile from './own-file.sh' with { type: 'text' }
import { readOwnFile } from './own-file.ts'
import { services } from './services.ts'

/** Claude's ids: a UUID. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const conversation: Conversation = {
  // A new one before the one it is made from.
  chosen: (words) => {
    const given = optionValue(grammar, words, ['--session-id'])
    const copies = findOption(grammar, words, ['--fork-session']) !== ''
    const id = given !== '' || copies ? given : optionValue(grammar, words, ['-r', '--resume'])
    return ID.test(id) ? id.toLowerCase() : ''
  },
  begin: (id) => ['--session-id', id],
  again: (id) => ['--resume', id],
  fork: (origin, id, words) => [
    '--resume',
    origin,
    '--fork-session',
    ...(conversation.chosen(words) === '' ? ['--session-id', id] : []),
    ...words,
  ],
  proof: '.claude/projects/*/{id}.jsonl',
  files: ['.claude/projects/{folder}/{id}.jsonl', '.claude/projects/{folder}/{id}', '.claude/file-history/{id}'],
  // Of a longer one Claude keeps 200 characters and a hash of its own.
  folder: (directory) => (directory.length > 200 ? null : directory.replace(/[^A-Za-z0-9]/g, '-')),
}

/** Claude Code. Facts about it: what it asks at a first start, what it contacts, how it resumes. */
export const claude: Agent = {
  name: 'claude',
  title: titles.claude,
  program: 'claude',
  before: [],
  grammar,
  screen: true,
  providers: [providers.anthropic],
  services,
  hosts: [],
  login: '/login',
  tokenLogin: {
    argv: ['env', 'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1', 'DISABLE_AUTOUPDATER=1', 'claude', 'setup-token'],
    hosts: ['platform.claude.com:443'],
    page: { hosts: ['claude.com', 'claude.ai', 'platform.claude.com'], path: /^\/([a-z]+\/)?oauth\/authorize$/ },
    code: /^[\w.~%=&+/-]+#[\w.~%=&+/-]+$/,
    refused: /OAuth error: ([^\r\n]+)[\r\n]+[\s\S]*retry/,
    token: /^ *(sk-ant-oat01-[\w-]{20,500}) *$/m,
    key: 'oauthToken',
  },
  ownCredential: {
    files: ['.claude/settings.json', '.claude/settings.local.json'],
    option: '--settings',
    signs: /"(apiKeyHelper|ANTHROPIC_(API_KEY|AUTH_TOKEN|BASE_URL)|CLAUDE_CODE_(OAUTH_TOKEN|USE_\w+))"\s*:/,
  },
  otherWays: /^(ANTHROPIC_UNIX_SOCKET|CLAUDE_CODE_USE_\w+)$/,
  environment,
  conversation,
  resume: [],
  prelude: `${home}${imported}`,
  imports,
  // Claude 2.1.329 takes a `commondir` of any content for a git directory that belongs to another folder, and stops.
  makesWorktree: (words) => words.some((word) => /^(-w|--worktree(=.*)?)$/.test(word)),
  signals: {
    modes: '\x1b[?2004h',
    titleSigns: {},
    silent: false,
    asks: ['permission_prompt'],
    ownFile: { argv: ['sh', '/paude/seed/own-file.sh'], read: readOwnFile },
    hook: toEvent,
  },
  system: {
    '/etc/claude-code/managed-settings.json': 'managed-settings.json',
    '/etc/claude-code/CLAUDE.md': 'CLAUDE.md',
  },
  home: { '.claude.json': 'claude.json' },
  seed,
  hooksHere,
}

/** Claude's own settings that change how it answers; none of them is a credential. */
const PASSED = [
  'ANTHROPIC_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_BETAS',
  'ANTHROPIC_BASE_URL',
  'CLAUDE_CODE_SUBAGENT_MODEL',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'CLAUDE_CODE_EFFORT_LEVEL',
  'MAX_THINKING_TOKENS',
  'MAX_MCP_OUTPUT_TOKENS',
  'BASH_DEFAULT_TIMEOUT_MS',
  'BASH_MAX_TIMEOUT_MS',
  'BASH_MAX_OUTPUT_LENGTH',
  'API_TIMEOUT_MS',
  'DISABLE_PROMPT_CACHING',
  'DISABLE_COST_WARNINGS',
  'NO_COLOR',
  'FORCE_COLOR',
] as const

function environment(host: Host, words: readonly string[]): Readonly<Record<string, string>> {
  const passed = PASSED.flatMap((name) => (host.env[name] ? [[name, host.env[name]] as const] : []))
  return {
    ...Object.fromEntries(passed),
    // The box is the sandbox: no trust question, and root may choose any permission mode.
    CLAUDE_CODE_SANDBOXED: '1',
    IS_SANDBOX: '1',
    // Its own background daemon would end with the box and take the session along. Its verbs answer for themselves.
    ...(isVerb(grammar, words) ? {} : { CLAUDE_CODE_DISABLE_AGENT_VIEW: '1' }),
    // Nothing but the model is contacted, so that nothing but the model need be allowed.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_RESUME_HINT_COMMAND: 'paude',
  }
}

function seed({
  directory,
  restricted,
  screen,
  shadowed,
  policy,
}: Parameters<Agent['seed']>[0]): Readonly<Record<string, string>> {
  return {
    // Answers what Claude asks only because the machine is new to it; it knows an approved key by its end.
    'claude.json': `${JSON.stringify(
      {
        hasCompletedOnboarding: true,
        hasSeenAutoDefaultNotice: true,
        hasSeenAutoDefaultNudge: true,
        customApiKeyResponses: { approved: [API_KEY.placeholder.slice(-20)], rejected: [] },
        projects: { [directory]: { hasTrustDialogAccepted: true } },
      },
      null,
      2,
    )}\n`,
    // Asking for a permission mode is the user's word already; the warning concerns machines without a box.
    'managed-settings.json': `${JSON.stringify({ skipDangerousModePermissionPrompt: true, hooks: hooks(screen), ...(policy && policySettings(policy)) }, null, 2)}\n`,
    'conversation.sh': noteConversation,
    'hook.sh': hook,
    'own-file.sh': printOwnFile,
    'CLAUDE.md': `${toldOfBox(restricted)}${shadowed ? SHADOWED : ''}`,
  }
}

const SHADOWED = `What you change in .claude, .mcp.json and the CLAUDE.md of this project stays in this session: tell the user that
\`paude sync-config\` brings it into the project. These single files can be written, but not removed or renamed.
`
