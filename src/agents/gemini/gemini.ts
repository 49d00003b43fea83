import { plainKey, providers } from '../../credentials/providers.ts'
import type { Host } from '../../host.ts'
import { type Agent, type Conversation, ORIGIN_FILE } from '../agent.ts'
import noteConversation from '../conversation.sh' with { type: 'text' }
import hook from '../hook.sh' with { type: 'text' }
import { titles } from '../names.ts'
import { toldOfBox } from '../told.ts'
import { optionValue, sortWords } from '../words.ts'
import { toGeminiEvent } from './event.ts'
import { grammar } from './grammar.ts'
import home from './home.sh' with { type: 'text' }
import { services } from './services.ts'
import { extension, userSettings } from './settings.ts'

/** Gemini's ids as it makes them: a UUID. It takes other words too, which paude does not follow. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const conversation: Conversation = {
  chosen: (words) => {
    const id = optionValue(grammar, words, ['--session-id']) || optionValue(grammar, words, ['-r', '--resume'])
    return ID.test(id) ? id : ''
  },
  begin: (id) => ['--session-id', id],
  again: (id) => ['--resume', id],
  // Gemini makes a copy of a file, with an id of its own that its hook tells.
  fork: (_, __, words) => ['--session-file', ORIGIN_FILE, ...words],
  // There is no such file before the first prompt.
  proof: '.gemini/tmp/*/chats/session-*-{begin}.jsonl',
  // The name of its file has the moment of its beginning, and that of its folder is Gemini's own.
  files: [],
  folder: () => null,
}

/** Gemini CLI. Facts about it: what it asks at a first start, what it contacts, how it resumes. */
export const gemini: Agent = {
  name: 'gemini',
  title: titles.gemini,
  program: 'gemini',
  before: [],
  grammar,
  screen: true,
  providers: [providers.google],
  services,
  hosts: [],
  login: '',
  tokenLogin: null,
  ownCredential: null,
  // The system settings choose the way, before any variable.
  otherWays: /(?!)/,
  tunnelsHttp: true,
  environment,
  conversation,
  resume: [],
  prelude: home,
  imports: null,
  makesWorktree: (words) => sortWords(grammar, words).options.some(([option]) => /^(-w|--worktree(=.*)?)$/.test(option ?? '')),
  signals: {
    // Bracketed paste.
    modes: '\x1b[?2004h',
    titleSigns: {
      '◇': { activity: 'idle', kind: '' },
      '✦': { activity: 'working', kind: '' },
      '✋': { activity: 'waiting', kind: 'permission' },
    },
    silent: false,
    asks: ['ToolPermission'],
    ownFile: null,
    hook: toGeminiEvent,
  },
  system: {},
  home: { '.gemini/settings.json': 'user-settings.json' },
  seed: ({ restricted, shadowed }) => ({
    'user-settings.json': userSettings,
    'gemini-extension.json': extension,
    'GEMINI.md': `${toldOfBox(restricted)}${shadowed ? SHADOWED : ''}`,
    'conversation.sh': noteConversation,
    'hook.sh': hook,
  }),
}

const PASSED = ['GEMINI_MODEL', 'GOOGLE_GEMINI_BASE_URL', 'TERM', 'COLORTERM', 'NO_COLOR', 'FORCE_COLOR'] as const

function environment(host: Host): Readonly<Record<string, string>> {
  // It warns of a terminal of few colours also where it has none.
  const passed = PASSED.flatMap((name) => (host.env[name] ? [[name, host.env[name]] as const] : []))
  return {
    ...Object.fromEntries(passed),
    // It asks for a login without a value, also where the address needs no credential.
    [plainKey(providers.google).variable]: plainKey(providers.google).placeholder,
    // It runs in a sandbox already, so it starts none of its own and tells the model.
    SANDBOX: 'paude',
    // Else a second process of node stands above it, which passes no signal on.
    GEMINI_CLI_NO_RELAUNCH: 'true',
  }
}

const SHADOWED = `What you change in .gemini and the GEMINI.md of this project stays in this session: tell the user that \`paude sync-config\` brings it
into the project.
`
