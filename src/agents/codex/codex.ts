import { plainKey, providers } from '../../credentials/providers.ts'
import type { Host } from '../../host.ts'
import type { Agent, Conversation } from '../agent.ts'
import noteConversation from '../conversation.sh' with { type: 'text' }
import hook from '../hook.sh' with { type: 'text' }
import { toEvent } from '../hook-event.ts'
import { titles } from '../names.ts'
import { toldOfBox } from '../told.ts'
import { sortWords } from '../words.ts'
import { configText, KEY } from './config.ts'
import { grammar } from './grammar.ts'
import home from './home.sh' with { type: 'text' }
import { services } from './services.ts'

/** Codex's ids: a UUID. It makes them itself. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const conversation: Conversation = {
  chosen: (words) => {
    const [verb, id = ''] = sortWords(grammar, words).rest
    return verb === 'resume' && ID.test(id) ? id.toLowerCase() : ''
  },
  begin: null,
  again: (id) => ['resume', id],
  // `exec` copies by a verb of its own.
  fork: (origin, _, words) => {
    const at = words.findIndex((word) => word === 'exec' || word === 'e')
    return at === -1 || sortWords(grammar, words).rest[0] !== words[at]
      ? ['fork', origin, ...words]
      : [...words.slice(0, at), 'exec', 'fork', origin, ...words.slice(at + 1)]
  },
  proof: '.codex/sessions/*/*/*/*-{id}.jsonl',
  // The name of its file has the moment of its beginning, and a database names it too.
  files: [],
  folder: () => null,
}

/** Codex CLI. Facts about it: what it asks at a first start, what it contacts, how it resumes. */
export const codex: Agent = {
  name: 'codex',
  title: titles.codex,
  program: 'codex',
  before: [],
  grammar,
  screen: true,
  providers: [providers.openai],
  services,
  hosts: [],
  login: '',
  tokenLogin: null,
  ownCredential: null,
  // Its words and its own files choose another provider, never a variable.
  otherWays: /(?!)/,
  environment,
  conversation,
  resume: [],
  prelude: home,
  imports: null,
  makesWorktree: (words) => sortWords(grammar, words).options.some(([option]) => option === '--worktree'),
  signals: {
    // Bracketed paste, focus, and arrow keys for the wheel.
    modes: '\x1b[?2004h\x1b[?1004h\x1b[?1007h',
    titleSigns: {},
    silent: false,
    asks: [],
    ownFile: null,
    hook: toEvent,
  },
  system: { '/etc/codex/config.toml': 'config.toml', '/etc/codex/hooks.json': 'hooks.json' },
  home: {},
  seed: ({ directory, restricted, shadowed, address }) => ({
    'config.toml': configText({ address, directory, told: `${toldOfBox(restricted)}${shadowed ? SHADOWED : ''}` }),
    'hooks.json': `${JSON.stringify({ hooks }, null, 2)}\n`,
    'conversation.sh': noteConversation,
    'hook.sh': hook,
  }),
}

const PASSED = ['OPENAI_BASE_URL', 'RUST_LOG', 'NO_COLOR', 'FORCE_COLOR'] as const

function environment(host: Host): Readonly<Record<string, string>> {
  const passed = PASSED.flatMap((name) => (host.env[name] ? [[name, host.env[name]] as const] : []))
  // It sends nothing without a value, also where the address needs no credential.
  return { ...Object.fromEntries(passed), [KEY]: plainKey(providers.openai).placeholder }
}

/** What is recorded: the system's hooks run without a question, and no project or user takes them out. */
const RECORDED = ['UserPromptSubmit', 'PreToolUse', 'PostToolUse', 'PermissionRequest', 'Stop', 'SessionEnd'] as const

const RECORD = { type: 'command', command: 'exec /bin/sh /paude/seed/hook.sh', timeout: 2 } as const
const NOTE = { type: 'command', command: 'exec /bin/sh /paude/seed/conversation.sh /tmp/.codex/agent', timeout: 5 } as const

/** A conversation begins with its first prompt. */
const hooks = {
  SessionStart: [{ hooks: [NOTE] }],
  ...Object.fromEntries(RECORDED.map((event) => [event, [{ hooks: [RECORD] }]])),
}

const SHADOWED = `What you change in .codex and the AGENTS.md of this project stays in this session: tell the user that \`paude sync-config\` brings it
into the project.
`
