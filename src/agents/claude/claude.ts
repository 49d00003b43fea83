import { readBaseUrl } from '../../credentials/base-url.ts'
import type { Credential } from '../../credentials/credential.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { commandLine, quote } from '../../plan/shell.ts'
import { secret } from '../../secret.ts'
import type { Agent, Opening } from '../agent.ts'
import noteConversation from './conversation.sh' with { type: 'text' }
import { toEvent } from './event.ts'
import privateHome from './home.sh' with { type: 'text' }
import hook from './hook.sh' with { type: 'text' }
import printOwnFile from './own-file.sh' with { type: 'text' }
import {
  asksSomething,
  choosesConversation,
  chosenConversation,
  continuable,
  forkWords,
  isVerb,
  lasting,
  namesConversation,
  opensScreen,
  pathsIn,
} from './words.ts'

/** Claude Code. Facts about it: what it asks at a first start, what it contacts, how it resumes. */
export const claude: Agent = {
  name: 'claude',
  program: 'claude',
  paths: pathsIn,
  interactive: opensScreen,
  chosen: chosenConversation,
  namesConversation,
  fork: forkWords,
  asksModels,
  credential,
  needs,
  environment,
  command,
  modes: '\x1b[?2004h',
  ownFile: ['sh', '/paude/seed/own-file.sh'],
  hook: toEvent,
  seed,
}

/** Shapes that Claude accepts at a glance; the API key's last 20 characters are approved in the seed below. */
const PLACEHOLDERS = {
  ANTHROPIC_API_KEY: 'sk-ant-api03-paude-placeholder-the-real-key-stays-outside-the-box',
  CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-paude-placeholder-the-real-token-stays-outside-the-box',
  ANTHROPIC_AUTH_TOKEN: 'paude-placeholder-the-real-token-stays-outside-the-box',
} as const

/** Variables that send Claude to another provider; credentials of its own never come into the box by name. */
const OTHER_WAYS = /^(ANTHROPIC_UNIX_SOCKET|CLAUDE_CODE_USE_\w+)$/

function asksModels(words: readonly string[], variables: readonly string[]): boolean {
  return asksSomething(words) && !variables.some((name) => OTHER_WAYS.test(name))
}

const DEFAULT_BASE = 'https://api.anthropic.com'

function credential(host: Host): Credential | null {
  // Claude's own order of precedence.
  for (const variable of ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY', 'CLAUDE_CODE_OAUTH_TOKEN'] as const) {
    const value = host.env[variable]?.trim()
    if (!value) continue
    if (!/^[\x21-\x7e]+$/.test(value) || /["'\\]/.test(value))
      throw new PaudeError('usage', `${variable} holds characters that no credential has`, {
        hint: `export ${variable} again, without quotes or line breaks inside`,
      })
    const { hostname, port, protocol, pathname } = baseUrl(host)
    const scheme = protocol === 'https:' ? 'https' : 'http'
    return {
      variable,
      value: secret(value),
      placeholder: PLACEHOLDERS[variable],
      addressVariable: 'ANTHROPIC_BASE_URL',
      injection: {
        host: hostname.toLowerCase(),
        port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
        scheme,
        header: variable === 'ANTHROPIC_API_KEY' ? 'X-Api-Key' : 'Authorization',
        prefix: pathname.replace(/\/+$/, ''),
      },
    }
  }
  return null
}

const baseUrl = (host: Host): URL => readBaseUrl(host.env['ANTHROPIC_BASE_URL'] || DEFAULT_BASE, 'ANTHROPIC_BASE_URL')

function needs(host: Host, credential: Credential | null): readonly { readonly host: string; readonly why: string }[] {
  const { hostname, port, protocol } = baseUrl(host)
  const provider = { host: `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`, why: "Claude's model provider" }
  // Without a credential of the caller the user logs in inside the box, which talks to the login service.
  return credential !== null ? [provider] : [provider, { host: 'platform.claude.com:443', why: 'login inside the box' }]
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
    ...(isVerb(words) ? {} : { CLAUDE_CODE_DISABLE_AGENT_VIEW: '1' }),
    // Nothing but the model is contacted, so that nothing but the model need be allowed.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_RESUME_HINT_COMMAND: 'paude',
  }
}

function command(words: readonly string[], { conversation, continues, origin }: Opening): string {
  const named = conversation !== '' && !choosesConversation(words)
  const first = commandLine(['claude', ...(named ? ['--session-id', conversation] : []), ...words])
  const again = ['claude --resume "$conversation"', commandLine(lasting(words))].join(' ').trimEnd()
  return [
    privateHome,
    `set -- ${first}\n`,
    ...(origin === undefined ? [] : [insistOn(origin)]),
    ...(continues && continuable(words)
      ? [
          // What the hook noted comes first: another one may have been chosen since, on the screen too.
          `conversation=${named ? quote(conversation) : ''}\n`,
          'if [ -s /paude/out/conversation ]; then read -r conversation </paude/out/conversation; fi\n',
          // Claude refuses a used --session-id and an unknown --resume; the transcript tells which it is.
          `for file in "$HOME"/.claude/projects/*/"\${conversation:-none}".jsonl; do\n  if [ -e "$file" ]; then set -- ${again}; fi\ndone\n`,
        ]
      : []),
  ].join('')
}

/** The transcript that is copied lies in the HOME volume, which only a box sees. */
const insistOn = ({ conversation, session }: NonNullable<Opening['origin']>): string =>
  [
    `for file in "$HOME"/.claude/projects/*/${quote(conversation)}.jsonl; do`,
    `  [ -e "$file" ] || [ -s /paude/out/conversation ] || fail ${quote(`session ${session} has no conversation yet: nothing was said in it`)}`,
    'done',
    '',
  ].join('\n')

function seed({ directory, restricted, screen }: Parameters<Agent['seed']>[0]): Readonly<Record<string, string>> {
  return {
    // Answers what Claude asks only because the machine is new to it.
    'claude.json': `${JSON.stringify(
      {
        hasCompletedOnboarding: true,
        hasSeenAutoDefaultNotice: true,
        hasSeenAutoDefaultNudge: true,
        customApiKeyResponses: { approved: [PLACEHOLDERS.ANTHROPIC_API_KEY.slice(-20)], rejected: [] },
        projects: { [directory]: { hasTrustDialogAccepted: true } },
      },
      null,
      2,
    )}\n`,
    // Asking for a permission mode is the user's word already; the warning concerns machines without a box.
    'managed-settings.json': `${JSON.stringify({ skipDangerousModePermissionPrompt: true, hooks: hooks(screen) }, null, 2)}\n`,
    'conversation.sh': noteConversation,
    'hook.sh': hook,
    'own-file.sh': printOwnFile,
    'CLAUDE.md': restricted ? WALLED : OPEN,
  }
}

/** What is recorded. Not SessionStart: its hooks show up in `--output-format stream-json`; the entry script records the start. */
const RECORDED = [
  'UserPromptSubmit',
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PermissionRequest',
  'PermissionDenied',
  'Notification',
  'Stop',
  'StopFailure',
  'SubagentStart',
  'SubagentStop',
  'SessionEnd',
] as const

// No `args`: a release that does not know them would have a shell read the event as a script. `timeout` in seconds.
const RECORD = { type: 'command', command: 'exec /bin/sh /paude/seed/hook.sh', timeout: 2 } as const
const NOTE = { type: 'command', command: 'exec /bin/sh /paude/seed/conversation.sh', timeout: 5 } as const

/**
 * Managed hooks run in every mode, and no project or user takes them out. They record what happens and note the conversation: on a screen
 * whenever one begins, also by /clear and /resume. Hooks of that event show up in `--output-format stream-json`, so without a screen
 * it is the prompt's.
 */
function hooks(screen: boolean): Readonly<Record<string, unknown>> {
  const begins = screen ? 'SessionStart' : 'UserPromptSubmit'
  const events = screen ? [begins, ...RECORDED] : RECORDED
  return Object.fromEntries(
    events.map((event) => [
      event,
      [{ hooks: [...(event === begins ? [NOTE] : []), ...(event === 'SessionStart' ? [] : [RECORD])] }],
    ]),
  )
}

const WALLED = `This session runs in a container of paude. Its only way to the network is a proxy with an allowlist, already set in the
environment. A 403 on CONNECT, or "tunnel failed, response 403", means that the host is not on the allowlist: do not retry by yourself.
\`curl http://paude.internal/\` prints the list. Tell the user which host is needed; only they can allow it, with
\`paude network allow HOST\`, which holds at once: try again when they say so. API keys in the environment are placeholders.
`
const OPEN = `This session runs in a container of paude with an open network. API keys in the environment are placeholders.
`
